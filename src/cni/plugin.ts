/**
 * CNI on the daemon's networks: a container is a sandbox that was attached, and each ADD one of its endpoints. The network is made with the first
 * container, and is then one like others: `tsproxy network ls` and `ps` show it, names are answered in it.
 */
import { createHash } from "node:crypto";
import { TsproxyError } from "../errors.js";
import type { LiveNetwork } from "../model/live.js";
import { shortId } from "../model/records.js";
import { leadsTo, Namespace } from "../sandbox/device-setup.js";
import { addressesOf, rangesText } from "../sandbox/endpoint-addresses.js";
import { gatewaysIn } from "../sandbox/gateways.js";
import type { Member } from "../sandbox/member.js";
import type { NetworkCatalog } from "../sandbox/network-catalog.js";
import type { LiveSandbox } from "../sandbox/registry.js";
import type { Sandboxes } from "../sandbox/sandboxes.js";
import { formatPrefix, parseIp, parsePrefix } from "../wire/ip-address.js";
import { eachFamily, ofFamily } from "../wire/per-family.js";
import { type Config, parseConfig } from "./config.js";
import { CniError, CODES, checkVersion, type Environment, parseEnvironment } from "./contract.js";
import { type Lease, lease, passOn, release } from "./ipam.js";
import { checkResult, resultOf } from "./result.js";

export const ORIGIN = "cni";
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export class Cni {
  /** Of ADD, by network: settles when those so far are done. The first makes the network, and may have to take it back. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly catalog: NetworkCatalog,
    private readonly sandboxes: Sandboxes,
  ) {}

  /** The result, if the command has one. Throws CniError, and what the model throws. */
  async call(variables: Readonly<Record<string, string>>, text: string): Promise<object | undefined> {
    const environment = parseEnvironment(variables);
    const config = parseConfig(text);
    checkVersion(environment.command, config.cniVersion);
    switch (environment.command) {
      case "ADD":
        return this.inTurn(config.name, () => this.add(environment, config));
      case "DEL":
        await this.delete(environment, config);
        return undefined;
      case "CHECK":
        await this.check(environment, config);
        return undefined;
      case "GC":
        await this.collect(environment, config);
        return undefined;
      default: // STATUS: we answer, so all is well with us
        if (config.ipam !== undefined) await passOn("STATUS", config.ipam, config.text, environment);
        return undefined;
    }
  }

  private async add(environment: Environment, config: Config): Promise<object> {
    const { containerId, ifname, netns } = environment;
    const id = sandboxId(containerId);
    const inode = inodeOf(netns);
    await this.forgetFormer(id, inode, containerId);
    if (this.find(id)?.record.attachments.some(({ device }) => device === ifname))
      throw new CniError(CODES.conflict, `container ${containerId} has an interface ${ifname} already`, "DEL it before");
    const leases = config.ipam === undefined ? [] : await lease(config.ipam, config.text, environment);
    let made = false;
    try {
      made = await this.makeNetwork(config, leases);
      await this.join(id, environment, config, leases);
      return resultOf(config, environment, this.member(id, config.name, ifname)!);
    } catch (error) {
      if (made) await this.catalog.remove(config.name).catch(() => {});
      if (config.ipam !== undefined) await release(config.ipam, config.text, environment).catch(() => {});
      throw error;
    }
  }

  private async join(id: string, { netns, ifname, args }: Environment, config: Config, leases: readonly Lease[]): Promise<void> {
    const asked = leases.length > 0 ? leases.map(({ address }) => address) : [...config.ips, ...(args.get("IP")?.split(",") ?? [])];
    const ip = (family: 4 | 6): string | undefined =>
      asked.map((text) => text.replace(/\/.*/, "")).find((text) => parseIp(text)?.family === family);
    const wrong = asked.find((text) => parseIp(text.replace(/\/.*/, "")) === null);
    if (wrong !== undefined) throw new CniError(CODES.invalidConfig, `invalid IP address: ${wrong}`);
    const [ip4, ip6, mac, pod] = [ip(4), ip(6), config.mac ?? args.get("MAC"), args.get("K8S_POD_NAME") ?? ""];
    const connect = {
      network: config.name,
      device: ifname,
      ...(ip4 !== undefined && { ip: ip4 }),
      ...(ip6 !== undefined && { ip6 }),
      ...(mac !== undefined && { mac }),
      ...(config.bandwidth !== undefined && { bandwidth: config.bandwidth }),
    };
    if (this.find(id) !== undefined) return this.sandboxes.connect(id, { ...connect, aliases: aliases(config, pod, "") });
    const name = NAME.test(pod) && !this.isTaken(pod) ? pod : shortId(id);
    await this.sandboxes.create({
      kind: "attached",
      id,
      name,
      netns,
      command: [],
      ...connect,
      aliases: aliases(config, pod, name),
      publish: config.publish,
      dns: config.servers,
    });
  }

  /** A runtime may start a container anew, in another namespace, without having taken it out of the old one. */
  private async forgetFormer(id: string, inode: number, containerId: string): Promise<void> {
    const record = this.find(id)?.record;
    if (record === undefined || record.netnsInode === inode) return;
    if (leadsTo(record.netns, record.netnsInode))
      throw new CniError(CODES.conflict, `container ${containerId} is in ${record.netns} already`, "DEL it before");
    await this.sandboxes.remove(id, true);
  }

  /** Does what is left to do: a runtime calls it several times, and without knowing what there is. */
  private async delete(environment: Environment, config: Config): Promise<void> {
    const id = sandboxId(environment.containerId);
    const member = this.member(id, config.name, environment.ifname);
    if (member !== undefined) await this.take(id, member);
    if (config.ipam !== undefined) await release(config.ipam, config.text, environment);
  }

  private async check(environment: Environment, config: Config): Promise<void> {
    const { containerId, ifname, netns } = environment;
    const live = this.find(sandboxId(containerId));
    const member = live === undefined ? undefined : this.member(live.record.id, config.name, ifname);
    if (live === undefined || member === undefined)
      throw new CniError(CODES.unknownContainer, `container ${containerId} has no ${ifname} in network ${config.name}`);
    checkResult(config, environment, member);
    const namespace = Namespace.open(netns, live.record.netnsInode);
    try {
      for (const { family, address } of addressesOf(member.endpoint.record, member.network.record)) {
        if (member.endpoint.gone || !namespace.hasAddress(ifname, address))
          throw new CniError(CODES.conflict, `${ifname} in ${netns} has not the address ${address}`);
        const isGateway = ofFamily(gatewaysIn(live.record), family) === member.attachment.endpoint;
        if (isGateway && !namespace.hasDefaultRoute(family))
          throw new CniError(CODES.conflict, `there is no default route of IPv${family} in ${netns}`);
      }
    } finally {
      namespace.close();
    }
    if (config.ipam !== undefined) await passOn("CHECK", config.ipam, config.text, environment);
  }

  /** Takes away what is not in the list. */
  private async collect(environment: Environment, config: Config): Promise<void> {
    const { name, attachments, ipam, text } = config;
    if (attachments === undefined) throw new CniError(CODES.invalidConfig, "missing cni.dev/valid-attachments");
    const valid = new Set(attachments.map(({ containerId, ifname }) => `${sandboxId(containerId)} ${ifname}`));
    for (const { record } of [...this.sandboxes.all()])
      for (const { device } of record.attachments) {
        const member = this.member(record.id, name, device);
        if (member !== undefined && !valid.has(`${record.id} ${device}`)) await this.take(record.id, member);
      }
    if (ipam !== undefined) await passOn("GC", ipam, text, environment);
  }

  private async take(id: string, { attachment }: Member): Promise<void> {
    const live = this.find(id);
    if (live === undefined) return;
    const { attachments, netns, netnsInode } = live.record;
    // The namespace may have ended before its containers are taken out of their networks.
    if (attachments.length === 1 || !leadsTo(netns, netnsInode)) await this.sandboxes.remove(id, true);
    else await this.sandboxes.disconnect(id, attachment.network);
  }

  /** Whether it was not there before. */
  private async makeNetwork(config: Config, leases: readonly Lease[]): Promise<boolean> {
    const { name, internal, mtu } = config;
    const ranges = leases.length > 0 ? leases.map((each) => ({ ...each, part: undefined })) : config.ranges;
    const there = this.catalog.byName(name);
    if (there !== undefined) {
      checkSame(there, ranges);
      return false;
    }
    const has = (family: 4 | 6): boolean => ranges.some((range) => range.family === family);
    const named = (what: "subnet" | "gateway" | "part"): string[] => ranges.flatMap((range) => range[what] ?? []);
    await this.catalog.create(
      {
        name,
        internal,
        subnet: named("subnet"),
        gateway: named("gateway"),
        ipRange: named("part"),
        ipv4: has(4) || !has(6),
        ipv6: has(6) || config.ipv6,
        ...(mtu !== undefined && { mtu }),
      },
      ORIGIN,
    );
    return true;
  }

  private member(id: string, network: string, ifname: string): Member | undefined {
    const live = this.find(id);
    const wanted = this.catalog.byName(network)?.record.id;
    const members = live === undefined ? [] : this.sandboxes.members(live.record);
    return members.find(({ attachment }) => attachment.network === wanted && attachment.device === ifname);
  }

  private find(id: string): LiveSandbox | undefined {
    return this.sandboxes.all().find(({ record }) => record.id === id);
  }

  private isTaken(name: string): boolean {
    return this.sandboxes.all().some(({ record }) => record.name === name);
  }

  private inTurn<T>(network: string, action: () => Promise<T>): Promise<T> {
    const done = (this.turns.get(network) ?? Promise.resolve()).then(action);
    const settled = done
      .catch(() => {})
      .then(() => {
        if (this.turns.get(network) === settled) this.turns.delete(network);
      });
    this.turns.set(network, settled);
    return done;
  }
}

/** Of the namespace that a container is to be in. Throws CniError. */
function inodeOf(netns: string): number {
  try {
    const namespace = Namespace.open(netns);
    const { inode } = namespace;
    namespace.close();
    return inode;
  } catch (error) {
    if (error instanceof TsproxyError && error.code === "TSP_ERR_SANDBOX")
      throw new CniError(CODES.invalidNetns, "plugin's netns and netns from CNI_NETNS should not be the same");
    throw error;
  }
}

/** A configuration that says nothing takes the network as it is. */
function checkSame({ record }: LiveNetwork, ranges: readonly { subnet: string }[]): void {
  const there = eachFamily(record.subnets).map(({ prefix }) => formatPrefix(prefix));
  const other = ranges.find(({ subnet }) => !there.includes(formatPrefix(parsePrefix(subnet)!)));
  if (other !== undefined)
    throw new CniError(
      CODES.invalidConfig,
      `network ${record.name} has the range ${rangesText(record)} already, not ${other.subnet}`,
      `'tsproxy network rm ${record.name}' when nothing is in it`,
    );
}

/** Containers of most runtimes have ids like ours. */
function sandboxId(containerId: string): string {
  return /^[0-9a-f]{64}$/.test(containerId) ? containerId : createHash("sha256").update(containerId).digest("hex");
}

function aliases({ aliases: given }: Config, pod: string, name: string): string[] {
  return [...given, pod].filter((word) => NAME.test(word) && word !== name);
}
