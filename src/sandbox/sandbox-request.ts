/** From what `run` and `attach` were given to a record, or to the error that Docker has for it. What is on the host is not looked at here. */
import { randomBytes } from "node:crypto";
import type { SandboxConnect, SandboxCreate } from "../api/sandbox-types.js";
import type { TsproxyError } from "../errors.js";
import { shortId } from "../model/records.js";
import { parseMac } from "../wire/ethernet.js";
import { isUnspecified, parseIp, sameIp, unmapped } from "../wire/ip-address.js";
import { balanceOf, checkNames } from "./named-ports.js";
import { makeName } from "./names.js";
import { BRIDGE, HOST, NONE } from "./network-catalog.js";
import { checkName } from "./network-request.js";
import { parseExpose, parsePublish } from "./publish-spec.js";
import type { SandboxRecord } from "./records.js";
import { sandboxError } from "./sandbox-errors.js";

type Port = SandboxRecord["ports"][number];

const CONTAINER = "container:";
/** It names a folder too. */
const ID = /^[0-9a-f]{64}$/;
/** RFC 1123 §2.1, and what sethostname(2) takes. */
const HOSTNAME = /^(?=.{1,63}$)[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** What may stand in a line of /etc/hosts or resolv.conf, where a blank begins the next word and a line end the next line. */
const WORD = /^[^\s\p{Cc}]+$/u;

/** What it is to join: a network by some word, or nothing, as it has the namespace of another (`container`), the host's, or none. */
export interface Plan {
  record: Omit<SandboxRecord, "pid" | "startTime" | "netns" | "netnsInode">;
  network: string | undefined;
  /** Word for the sandbox whose namespace it has. */
  container: string | undefined;
  warnings: string[];
}

/**
 * Throws TSP_ERR_SANDBOX, TSP_ERR_PORT_SPEC (invalid). `taken`: names of others. `spansNodes`: its network does, so that ports may lead to names that it
 * has not itself.
 */
export function planSandbox(create: SandboxCreate, taken: (name: string) => boolean, spansNodes = false): Plan {
  const { kind, network, command } = create;
  const id = create.id ?? randomBytes(32).toString("hex");
  if (!ID.test(id)) throw invalid(`invalid sandbox id '${id.slice(0, 40)}': it is not 64 hexadecimal digits`);
  const name = create.name ?? makeName(taken);
  checkName("sandbox", name);
  const container = network.startsWith(CONTAINER) ? network.slice(CONTAINER.length) : undefined;
  const joins = container === undefined && network !== HOST && network !== NONE;
  if (create.hostname !== undefined && !HOSTNAME.test(create.hostname)) throw invalid(`invalid hostname format: ${create.hostname}`);
  if (container !== undefined) refuseWithContainer(create);
  if (network === HOST && create.links?.length)
    throw invalid("conflicting options: host type networking can't be used with links. This would result in undefined behavior");
  if (!joins) refuseUnlessJoined(create);
  checkAttachment(create, joins && network === BRIDGE);
  const hostname = create.hostname ?? (network === HOST ? "" : shortId(id));
  const ports = balanced((create.publish ?? []).map(parsePublish), create);
  if (!spansNodes) checkNames(ports, [name, hostname, shortId(id), ...(create.aliases ?? [])]);
  const exposed = (create.expose ?? []).map(parseExpose);
  for (const server of create.dns ?? [])
    if (parseIp(server) === null)
      throw invalid(`invalid argument "${server}" for "--dns" flag: IP address is not correctly formatted: ${server}`);
  for (const [option, words] of [
    ["--dns-search", create.dnsSearch],
    ["--dns-option", create.dnsOptions],
  ] as const)
    for (const word of words ?? [])
      if (!WORD.test(word)) throw invalid(`invalid argument ${JSON.stringify(word)} for "${option}" flag: it is not one word`);
  for (const entry of create.extraHosts ?? []) checkExtraHost(entry);
  const discarded = (network === HOST || network === NONE) && ports.length > 0;
  return {
    record: {
      id,
      name,
      hostname,
      kind,
      command,
      created: new Date().toISOString(),
      mode: joins ? "" : network,
      attachments: [],
      ports: joins ? ports : [],
      ...(exposed.length > 0 && { exposed }),
      links: [],
      dns: create.dns ?? [],
      dnsSearch: create.dnsSearch ?? [],
      dnsOptions: create.dnsOptions ?? [],
      extraHosts: create.extraHosts ?? [],
      pending: true,
      autoRemove: create.autoRemove ?? false,
      detached: create.detached ?? false,
    },
    network: joins ? network : undefined,
    container,
    warnings: discarded ? [`Published ports are discarded when using ${network} network mode`] : [],
  };
}

/** With what is said of ports that lead to a name. Throws TSP_ERR_OPTION, TSP_ERR_SANDBOX (invalid). */
function balanced(ports: Port[], { affinity, healthCheck }: SandboxCreate): Port[] {
  const said = { ...(affinity !== undefined && { affinity }), ...(healthCheck !== undefined && { healthCheck }) };
  balanceOf(said);
  const [option] = Object.keys(said);
  if (option !== undefined && ports.every(({ name }) => name === undefined))
    throw invalid(`--${option === "affinity" ? option : "health-check"}: no published port leads to a name, like -p 80:web:8080`);
  return ports.map((port) => (port.name === undefined ? port : { ...port, ...said }));
}

/** Of an endpoint; `onBridge`: on the default network. Throws TSP_ERR_SANDBOX (invalid). */
export function checkAttachment({ ip, ip6, mac, aliases = [], device }: Omit<SandboxConnect, "network">, onBridge: boolean): void {
  if (ip === "dhcp")
    throw sandboxError(
      "invalid",
      "invalid IPv4 address: dhcp",
      "name the address that the LAN's DHCP server has for this MAC (--mac-address), and run a client in the sandbox to renew the lease",
    );
  if (ip !== undefined && familyOf(ip) !== 4) throw invalid(`invalid IPv4 address: ${ip}`);
  if (ip6 !== undefined && familyOf(ip6) !== 6) throw invalid(`invalid IPv6 address: ${ip6}`);
  if (mac !== undefined && parseMac(mac) === null) throw invalid(`${mac} is not a valid mac address`);
  if (device !== undefined && !/^[^\s/:]{1,15}$/.test(device)) throw invalid(`'${device}' is no name for a device`);
  for (const alias of aliases) checkName("sandbox", alias);
  if (!onBridge) return;
  refuseAddress(ip ?? ip6);
  if (aliases.length > 0) throw invalid("network-scoped aliases are only supported for user-defined networks");
}

/** `NAME[:ALIAS]` */
export function parseLink(text: string): { name: string; alias: string } {
  const [name = "", alias = name, ...rest] = text.split(":");
  if (!WORD.test(name) || !WORD.test(alias) || rest.length > 0) throw invalid(`bad format for links: ${text}`);
  return { name, alias };
}

function refuseWithContainer({ publish, expose, hostname, links, dns, extraHosts }: SandboxCreate): void {
  if (expose?.length) throw invalid("conflicting options: port exposing and the container type network mode");
  if (publish?.length) throw invalid("conflicting options: port publishing and the container type network mode");
  if (hostname !== undefined) throw invalid("conflicting options: hostname and the network mode");
  if (links?.length)
    throw invalid("conflicting options: container type network can't be used with links. This would result in undefined behavior");
  if (dns?.length) throw invalid("conflicting options: dns and the network mode");
  if (extraHosts?.length) throw invalid("conflicting options: custom host-to-IP mapping and the network mode");
}

/** Undefined: none that could be an endpoint's. An IPv4 address in the form of IPv6 is not one of IPv6. */
function familyOf(text: string): 4 | 6 | undefined {
  const address = parseIp(text);
  return address === null || isUnspecified(address) || !sameIp(unmapped(address), address) ? undefined : address.family;
}

function refuseAddress(text: string | undefined): void {
  if (text !== undefined) throw invalid("user specified IP address is supported on user defined networks only");
}

function refuseUnlessJoined({ network, ip, ip6, mac, aliases, bandwidth }: SandboxCreate): void {
  refuseAddress(ip ?? ip6);
  if (aliases?.length) throw invalid("network-scoped aliases are only supported for user-defined networks");
  if (bandwidth !== undefined) throw invalid(`conflicting options: bandwidth and the network mode (${network})`);
  if (mac !== undefined) throw invalid(`conflicting options: mac-address and the network mode (${network})`);
}

/** `NAME:ADDRESS`, the address an IPv6 one as well, in brackets or not. */
export function checkExtraHost(text: string): { name: string; address: string } {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(colon, 0));
  const address = text.slice(colon + 1).replace(/^\[(.*)\]$/, "$1");
  if (!WORD.test(name)) throw invalid(`bad format for add-host: ${JSON.stringify(text)}`);
  if (address !== "host-gateway" && parseIp(address) === null) throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  return { name, address };
}

function invalid(message: string): TsproxyError {
  return sandboxError("invalid", message, "see 'tsproxy run --help'");
}
