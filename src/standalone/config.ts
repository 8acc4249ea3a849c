/**
 * From the command line's words to a configuration that makes sense in itself. Pure: nothing is looked up on the
 * host, so whether a namespace exists or a port is taken is found out later. Every refusal is a TSP_ERR_OPTION
 * (invalid) or, for a malformed `-p`, a TSP_ERR_PORT_SPEC, and names the option and the word in it.
 */
import os from "node:os";
import { type BalanceOptions, DEFAULT_BALANCE, parseAffinity, parseHealthCheck } from "../control/balance-options.js";
import type { Firewall, OffloadMode } from "../control/controller.js";
import { parseClients } from "../control/flow-filter.js";
import { DEFAULT_LIMITS, type LimitOptions, type PerHolder } from "../control/limits.js";
import { hostAddressesMeet, type PortSpec } from "../control/mapping.js";
import type { NetworkSpec } from "../control/network/kinds.js";
import type { EndpointSpec } from "../control/network/namespaces.js";
import { parsePortSpec } from "../control/port-spec.js";
import { parseTimeouts } from "../control/timeouts.js";
import { formatIp, type IpPrefix, prefixContains, sameIp } from "../wire/ip-address.js";
import { eachFamily, ofFamily } from "../wire/per-family.js";
import { parseEndpoints, parseNetwork } from "./network-config.js";
import { invalid, parseInteger } from "./options.js";

/** The options of the main command as they were typed. */
export interface RunOptions {
  publish?: string[] | undefined;
  network?: string | undefined;
  endpoint?: string[] | undefined;
  allowFrom?: string[] | undefined;
  masqueradePorts?: string | undefined;
  mtu?: string | undefined;
  promiscuous?: boolean | undefined;
  attach?: string | undefined;
  workers?: string | undefined;
  conntrackMax?: string | undefined;
  timeout?: string[] | undefined;
  readyFd?: string | undefined;
  /** True: given without a word. */
  offload?: string | boolean | undefined;
  pastBridge?: string | undefined;
  firewall?: string | undefined;
  maxFlows?: string[] | undefined;
  maxNewFlows?: string[] | undefined;
  affinity?: string | undefined;
  healthCheck?: string | undefined;
  relay?: boolean | undefined;
  probe?: boolean | undefined;
  json?: boolean | undefined;
}

export interface RunConfig {
  publish: PortSpec[];
  network: NetworkSpec | undefined;
  endpoints: EndpointSpec[];
  /** Clients that may use published ports; empty: all. */
  allowFrom: IpPrefix[];
  workers: number;
  /** Source ports for what leaves; by default below the kernel's ephemeral ports. */
  masqueradePorts: { first: number; last: number };
  conntrackMax: number;
  /** Seconds by state of conntrack. */
  timeouts: Int32Array;
  offload: OffloadMode;
  /** Containers of kernel bridges get packets past these, where nobody could tell. */
  pastBridge: boolean;
  firewall: Firewall;
  limits: LimitOptions;
  /** How new connections are spread where a port has several targets. */
  balance: BalanceOptions;
  readyFd: number | undefined;
  relay: boolean;
  /** Targets are tried by a whole connection at the start. */
  probe: boolean;
  json: boolean;
}

/** With two entries of a flow in the map `flows`, and some to spare, just below 2^19: there the kernel doubles the map's hash table. */
export const DEFAULT_CONNTRACK_MAX = 250_000;
/** Below net.ipv4.ip_local_port_range's default, 32768 60999 (Documentation/networking/ip-sysctl.rst), where there is more room than above. */
const DEFAULT_MASQUERADE = { first: 10_240, last: 32_767 };
const MAX_CONNTRACK = 1 << 20;
/** More a second than any machine opens. */
const MAX_NEW_FLOWS = 10_000_000;
const MAX_FD = 1 << 20;

export function parseConfig(raw: RunOptions, cores: number = os.availableParallelism()): RunConfig {
  const publish = (raw.publish ?? []).map(parsePortSpec);
  const network = raw.network === undefined ? undefined : parseNetwork(raw.network, raw);
  if (network === undefined) {
    if (raw.mtu !== undefined) throw invalid(`--mtu ${raw.mtu}: there is no network to set it for`, "add --network CIDR");
    if (raw.promiscuous) throw invalid("--promiscuous: there is no network whose endpoints could be", "add --network CIDR");
    if (raw.attach !== undefined) throw invalid(`--attach ${raw.attach}: there is no network to attach to`, "add --network CIDR");
    if (raw.endpoint?.[0] !== undefined)
      throw invalid(`--endpoint ${raw.endpoint[0]}: there is no network to put it in`, "add --network CIDR");
    if (publish.length === 0) throw invalid("nothing to do", "publish a port, like -p 8999:172.17.0.4:8080, or give a --network");
  }
  const endpoints = network === undefined ? [] : parseEndpoints(raw.endpoint ?? [], network);
  refuseCollisions(publish, raw.publish ?? []);
  if (network !== undefined) refuseMissingEndpoints(publish, network, endpoints);
  const balance = parseBalance(raw);
  if (!publish.some(({ several }) => several !== undefined)) {
    const [option, value] = raw.affinity !== undefined ? ["--affinity", raw.affinity] : ["--health-check", raw.healthCheck];
    if (value !== undefined)
      throw invalid(`${option} ${value}: no port has several targets`, "give some, like -p 80:172.18.0.2,172.18.0.3:8080");
  }
  const dataplane = parseDataplane(raw, cores);
  if (raw.relay && dataplane.offload === "always")
    throw invalid("--offload: the kernel cannot carry what --relay does", "leave one of both out");
  return {
    publish,
    network,
    endpoints,
    ...dataplane,
    balance,
    readyFd: raw.readyFd === undefined ? undefined : parseInteger("--ready-fd", raw.readyFd, 1, MAX_FD),
    relay: raw.relay ?? false,
    probe: raw.probe ?? false,
    json: raw.json ?? false,
  };
}

/** What concerns the dataplane as such, whatever it then serves. */
export function parseDataplane(
  raw: RunOptions,
  cores: number = os.availableParallelism(),
): Pick<
  RunConfig,
  "allowFrom" | "workers" | "masqueradePorts" | "conntrackMax" | "timeouts" | "offload" | "pastBridge" | "firewall" | "limits"
> {
  return {
    allowFrom: (raw.allowFrom ?? []).map(parseAllowFrom),
    workers: raw.workers === undefined ? 1 : parseInteger("--workers", raw.workers, 1, cores),
    masqueradePorts: raw.masqueradePorts === undefined ? { ...DEFAULT_MASQUERADE } : parseMasqueradePorts(raw.masqueradePorts),
    conntrackMax:
      raw.conntrackMax === undefined ? DEFAULT_CONNTRACK_MAX : parseInteger("--conntrack-max", raw.conntrackMax, 1, MAX_CONNTRACK),
    timeouts: parseTimeouts(raw.timeout ?? []),
    offload: raw.offload === undefined ? "auto" : parseOffload(raw.offload),
    pastBridge: parsePastBridge(raw.pastBridge ?? "auto"),
    firewall: raw.firewall === undefined ? "honour" : parseFirewall(raw.firewall),
    limits: {
      flows: parseLimits("--max-flows", raw.maxFlows ?? [], DEFAULT_LIMITS.flows, MAX_CONNTRACK),
      newFlowsPerSec: parseLimits("--max-new-flows", raw.maxNewFlows ?? [], DEFAULT_LIMITS.newFlowsPerSec, MAX_NEW_FLOWS),
    },
  };
}

/** Without a word it insists, as before there were words. */
function parseOffload(word: string | boolean): OffloadMode {
  if (typeof word === "boolean") return word ? "always" : "never";
  if (word !== "auto" && word !== "always" && word !== "never")
    throw invalid(`--offload '${word}': not a word for when the kernel carries flows`, "use auto, always or never");
  return word;
}

function parseFirewall(text: string): Firewall {
  if (text !== "honour" && text !== "bypass") throw invalid(`--firewall '${text}': not a way to treat it`, "use honour or bypass");
  return text;
}

function parsePastBridge(text: string): boolean {
  if (text !== "auto" && text !== "never") throw invalid(`--past-bridge '${text}': not a time to do that`, "use auto or never");
  return text === "auto";
}

/** `WHO=N` words, each of which sets one of `defaults`. */
function parseLimits(option: string, texts: string[], defaults: PerHolder, max: number): PerHolder {
  const limits = { ...defaults };
  const given = new Set<string>();
  for (const text of texts) {
    const [, who = "", number = ""] = /^([^=]*)=(.*)$/.exec(text) ?? [];
    if (!isHolder(who)) throw invalid(`${option} '${text}': not a limit`, "write client=N, endpoint=N or port=N");
    if (given.has(who)) throw invalid(`${option} '${text}': there is one for '${who}' already`, "leave one of both out");
    given.add(who);
    limits[who] = parseInteger(`${option}: ${who}`, number, 1, max);
  }
  return limits;
}

function isHolder(word: string): word is keyof PerHolder {
  return word === "client" || word === "endpoint" || word === "port";
}

function parseMasqueradePorts(text: string): { first: number; last: number } {
  const match = /^(\d+)-(\d+)$/.exec(text);
  const first = Number(match?.[1] ?? 0);
  const last = Number(match?.[2] ?? 0);
  if (first < 1 || last > 65_535 || first > last)
    throw invalid(`--masquerade-ports '${text}': not a range of ports`, "use FIRST-LAST within 1 to 65535, like 10240-32767");
  return { first, last };
}

function parseAllowFrom(text: string): IpPrefix {
  const prefix = parseClients(text);
  if (typeof prefix !== "string") return prefix;
  throw invalid(`--allow-from '${text}': not an address or a network`, prefix);
}

/** Two mappings for one host port. Those that pick a free port avoid the others by themselves. */
function refuseCollisions(publish: PortSpec[], texts: string[]): void {
  for (const [i, a] of publish.entries()) {
    if (a.hostPort === 0 || a.pickFromRange) continue;
    for (let j = 0; j < i; j++) {
      const b = publish[j] as PortSpec;
      if (b.hostPort === 0 || b.pickFromRange || a.proto !== b.proto) continue;
      if (!hostAddressesMeet(a, b)) continue;
      const first = Math.max(a.hostPort, b.hostPort);
      if (first > Math.min(a.hostPortEnd, b.hostPortEnd)) continue;
      throw invalid(
        `-p ${texts[i]}: host port ${first}/${a.proto} is published already by -p ${texts[j]}`,
        "use another host port, or different host addresses for both",
      );
    }
  }
}

export function parseBalance({ affinity, healthCheck }: Pick<RunOptions, "affinity" | "healthCheck">): BalanceOptions {
  return {
    affinitySec: affinity === undefined ? DEFAULT_BALANCE.affinitySec : parseAffinity(affinity),
    check: healthCheck === undefined ? DEFAULT_BALANCE.check : parseHealthCheck(healthCheck),
  };
}

/** Nothing but our own endpoints can be in our network, so a target there without one would never answer. */
function refuseMissingEndpoints(publish: PortSpec[], network: NetworkSpec, endpoints: EndpointSpec[]): void {
  for (const target of publish.flatMap(({ targets, several }) => several?.map(({ ip }) => ip) ?? eachFamily(targets))) {
    const subnet = ofFamily(network.subnets, target.family);
    if (subnet === undefined || !prefixContains(subnet.prefix, target) || sameIp(target, subnet.gateway)) continue;
    if (endpoints.some(({ addresses }) => eachFamily(addresses).some((address) => sameIp(address, target)))) continue;
    throw invalid(`-p: no endpoint has the target address ${formatIp(target)}`, `add --endpoint NETNS=${formatIp(target)}`);
  }
}
