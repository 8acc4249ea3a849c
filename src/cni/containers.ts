/**
 * Containers of runtimes on the daemon's networks, whatever protocol the runtime speaks: a container is a sandbox that was attached, and each of its
 * interfaces an endpoint. A network is made with its first container, and is then one like others: `tsproxy network ls` and `ps` show it, names are
 * answered in it.
 */
import { createHash } from "node:crypto";
import type { NetworkCreate } from "../api/network-types.js";
import type { SandboxConnect } from "../api/sandbox-types.js";
import { TsproxyError } from "../errors.js";
import { type NetworkRecord, shortId } from "../model/records.js";
import { leadsTo, Namespace } from "../sandbox/device-setup.js";
import { rangesText } from "../sandbox/endpoint-addresses.js";
import type { Member } from "../sandbox/member.js";
import type { NetworkCatalog } from "../sandbox/network-catalog.js";
import { checkCreate } from "../sandbox/network-request.js";
import type { SandboxRecord } from "../sandbox/records.js";
import type { LiveSandbox } from "../sandbox/registry.js";
import type { Sandboxes } from "../sandbox/sandboxes.js";
import { formatPrefix, parseIp, parsePrefix } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { CniError, CODES } from "./contract.js";
import type { Range } from "./ranges.js";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** One interface of one container. */
export interface Interface {
  containerId: string;
  network: string;
  ifname: string;
}

export interface Wanted extends Interface {
  /** Path of the namespace. */
  netns: string;
  /** Of the container; "": made of its id. */
  name: string;
  /** With or without lengths, one a family at most. */
  ips: readonly string[];
  mac: string | undefined;
  /** Those that cannot be names are left out: a runtime gives what it has. */
  aliases: readonly string[];
  bandwidth: SandboxConnect["bandwidth"];
  /** As `-p` has them. */
  publish: string[];
  servers: string[];
}

export type WantedNetwork = Pick<NetworkCreate, "name" | "internal" | "mtu" | "options"> & { ranges: readonly Range[]; ipv6: boolean };

export class Containers {
  /** By network: settles when what was begun so far is done. The first container makes the network, and may have to take it back. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly catalog: NetworkCatalog,
    private readonly sandboxes: Sandboxes,
  ) {}

  /** Throws CniError unless the interface can be made; before others are asked for what it needs. */
  async prepare({ containerId, ifname }: Interface, netns: string): Promise<void> {
    const inode = inodeOf(netns);
    const former = this.find(sandboxId(containerId))?.record;
    if (former === undefined) return;
    if (former.netnsInode !== inode) {
      // A runtime may start a container anew, in another namespace, without having taken it out of the old one.
      if (leadsTo(former.netns, former.netnsInode))
        throw new CniError(CODES.conflict, `container ${containerId} is in ${former.netns} already`, "DEL it before");
      await this.sandboxes.remove(former.id, true);
    } else if (former.attachments.some(({ device }) => device === ifname))
      throw new CniError(CODES.conflict, `container ${containerId} has an interface ${ifname} already`, "DEL it before");
  }

  /** Makes the network, if it is to be made, and puts the container into it; or throws with nothing left of either. */
  async join(wanted: Wanted, network: WantedNetwork, origin: string): Promise<Member> {
    const made = await this.makeNetwork(network, origin);
    try {
      await this.attach(wanted);
      return this.member(wanted)!;
    } catch (error) {
      if (made) await this.catalog.remove(network.name).catch(() => {});
      throw error;
    }
  }

  /**
   * Throws what keeps the network from being made as it is wanted. One of that name and origin which nobody is in goes: a runtime that does not say
   * when it removes a network makes it anew.
   */
  async checkNetwork(network: WantedNetwork, origin: string): Promise<void> {
    checkCreate(createOf(network));
    const there = this.catalog.list().find(({ name }) => name === network.name);
    if (there === undefined) return;
    if (there.driver === origin) await this.catalog.remove(network.name);
    else throw new CniError(CODES.conflict, `network with name ${network.name} already exists`, "choose another name, or remove it");
  }

  /** Does what is left to do: a runtime calls it several times, and without knowing what there is. */
  async leave(what: Interface): Promise<void> {
    const [live, member] = [this.find(sandboxId(what.containerId)), this.member(what)];
    if (live === undefined || member === undefined) return;
    const { id, attachments, netns, netnsInode } = live.record;
    // The namespace may have ended before its containers are taken out of their networks.
    if (attachments.length === 1 || !leadsTo(netns, netnsInode)) await this.sandboxes.remove(id, true);
    else await this.sandboxes.disconnect(id, member.attachment.network);
  }

  /** Takes away what is in the network and not in the list. What 'tsproxy run' started no runtime knows, nor may it end it. */
  async keepOnly(network: string, valid: readonly Omit<Interface, "network">[]): Promise<void> {
    const known = new Set(valid.map(({ containerId, ifname }) => `${sandboxId(containerId)} ${ifname}`));
    for (const { record } of this.sandboxes.all().filter((live) => live.record.kind === "attached"))
      for (const { device } of record.attachments)
        if (!known.has(`${record.id} ${device}`)) await this.leave({ containerId: record.id, network, ifname: device });
  }

  ownerOf({ attachment }: Member): SandboxRecord | undefined {
    return this.sandboxes.all().find(({ record }) => record.attachments.includes(attachment))?.record;
  }

  private find(id: string): LiveSandbox | undefined {
    return this.sandboxes.all().find(({ record }) => record.id === id);
  }

  member({ containerId, network, ifname }: Interface): Member | undefined {
    const live = this.find(sandboxId(containerId));
    const wanted = this.catalog.named(network)?.id;
    const members = live === undefined ? [] : this.sandboxes.members(live.record);
    return members.find(({ attachment }) => attachment.network === wanted && attachment.device === ifname);
  }

  inTurn<T>(network: string, action: () => Promise<T>): Promise<T> {
    const done = (this.turns.get(network) ?? Promise.resolve()).then(action);
    const settled = done
      .catch(() => {})
      .then(() => {
        if (this.turns.get(network) === settled) this.turns.delete(network);
      });
    this.turns.set(network, settled);
    return done;
  }

  private async attach({
    containerId,
    netns,
    name,
    network,
    ifname,
    ips,
    mac,
    aliases,
    bandwidth,
    publish,
    servers,
  }: Wanted): Promise<void> {
    const id = sandboxId(containerId);
    const [ip, ip6] = ([4, 6] as const).map((family) => addressOf(ips, family));
    const named = (own: string): string[] => [...new Set(aliases)].filter((word) => NAME.test(word) && word !== own);
    const connect = {
      network,
      device: ifname,
      ...(ip !== undefined && { ip }),
      ...(ip6 !== undefined && { ip6 }),
      ...(mac !== undefined && { mac }),
      ...(bandwidth !== undefined && { bandwidth }),
    };
    if (this.find(id) !== undefined) return this.sandboxes.connect(id, { ...connect, aliases: named("") });
    const own = NAME.test(name) && !this.isTaken(name) ? name : shortId(id);
    await this.sandboxes.create({
      kind: "attached",
      id,
      name: own,
      netns,
      command: [],
      ...connect,
      aliases: named(own),
      publish,
      dns: servers,
    });
  }

  /** Whether it was not there before. */
  private async makeNetwork(network: WantedNetwork, origin: string): Promise<boolean> {
    const there = this.catalog.named(network.name);
    if (there === undefined) await this.catalog.create(createOf(network), origin);
    else checkSame(there, network.ranges);
    return there === undefined;
  }

  private isTaken(name: string): boolean {
    return this.sandboxes.all().some(({ record }) => record.name === name);
  }
}

function createOf({ ranges, ipv6, ...network }: WantedNetwork): NetworkCreate {
  const has = (family: 4 | 6): boolean => ranges.some((range) => range.family === family);
  const named = (what: "subnet" | "gateway" | "part"): string[] => ranges.flatMap((range) => range[what] ?? []);
  const addresses = { subnet: named("subnet"), gateway: named("gateway"), ipRange: named("part") };
  return { ...network, ...addresses, ipv4: has(4) || !has(6), ipv6: has(6) || ipv6 };
}

/** Containers of most runtimes have ids like ours. */
function sandboxId(containerId: string): string {
  return /^[0-9a-f]{64}$/.test(containerId) ? containerId : createHash("sha256").update(containerId).digest("hex");
}

/** Of the namespace that a container is to be in. Throws CniError, TSP_ERR_NETNS. */
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

/** The first of the family, without its length. Throws CniError for one that is none. */
function addressOf(ips: readonly string[], family: 4 | 6): string | undefined {
  return ips
    .map((text) => text.replace(/\/.*/, ""))
    .find((text) => {
      const address = parseIp(text);
      if (address === null) throw new CniError(CODES.invalidConfig, `invalid IP address: ${text}`);
      return address.family === family;
    });
}

/** A configuration that says nothing takes the network as it is. */
function checkSame(record: NetworkRecord, ranges: readonly Range[]): void {
  const there = eachFamily(record.subnets).map(({ prefix }) => formatPrefix(prefix));
  const other = ranges.find(({ subnet }) => !there.includes(formatPrefix(parsePrefix(subnet)!)));
  if (other !== undefined)
    throw new CniError(
      CODES.invalidConfig,
      `network ${record.name} has the range ${rangesText(record)} already, not ${other.subnet}`,
      `'tsproxy network rm ${record.name}' when nothing is in it`,
    );
}
