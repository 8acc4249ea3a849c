/**
 * Networks as people know them: by name, with Docker's predefined ones (`bridge`, `host`, `none`), its pools and its words for errors. `bridge` is
 * there from the start and made when it is first used, so that a daemon that only serves Docker takes no range from the host.
 */

import { createHash, randomBytes } from "node:crypto";
import type { NetworkCreate, NetworkCreated } from "../api/network-types.js";
import type { NetworkView } from "../api/types.js";
import type { Subnet } from "../control/network/subnet.js";
import { GLOBAL_DRIVER } from "../docker/global-scope.js";
import { IPVLAN, MACVLAN } from "../docker/lan-options.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { firstAddress } from "../model/addresses.js";
import type { LiveNetwork } from "../model/live.js";
import type { NetworkModel } from "../model/network-model.js";
import { choosePool, IPV4_POOLS, type Obstacle, type Pool, resolverObstacle, uniqueLocalPools } from "../model/pools.js";
import { DEFAULT_OPTIONS, type LanPlace, type NetworkRecord, networkWord, shortId } from "../model/records.js";
import type { NetworkRequest } from "../model/requests.js";
import { FOREIGN_DRIVER, networkView, networkViews } from "../model/views.js";
import { formatIp, formatPrefix, type IpAddress, type IpPrefix, prefixContains, prefixesOverlap } from "../wire/ip-address.js";
import { eachFamily, mapFamilies, ofFamily, type PerFamily } from "../wire/per-family.js";
import { checkCreate, networkError } from "./network-request.js";
import { OVERLAY } from "./overlay-name.js";
import type { Overlays } from "./overlays.js";

export const BRIDGE = "bridge";
export const HOST = "host";
export const NONE = "none";
const PREDEFINED: readonly string[] = [BRIDGE, HOST, NONE];
/** Driver of networks that people make. */
const DRIVER = "bridge";
const BRIDGE_DEVICE = "tsproxy0";
const OTHER = "name another network";

/** What the host has in a range, in words; `except`: a device that does not count (`control/host.ts`). */
export interface HostRanges {
  overlap(network: IpPrefix, except?: string): string | null;
  onChange(listener: () => void): () => void;
  /** Addresses of a device that others can reach; null: there is no such device. */
  addressesOn(device: string): IpAddress[] | null;
}

/** A network by whatever word a user gave. */
export interface FoundNetwork {
  id: string;
  /** Of Docker's networks, whose names dockerd knows, the start of the id. */
  name: string;
  predefined: boolean;
  /** Undefined: `host`, `none`, or `bridge` before it is used. */
  record: NetworkRecord | undefined;
  /** Undefined too while nobody here is in it, of a cluster's. */
  live: LiveNetwork | undefined;
}

export class NetworkCatalog {
  /** Networks whose range somebody else has too, so that it is said once. */
  private readonly shadowed = new Set<string>();

  constructor(
    private readonly model: NetworkModel,
    private readonly host: HostRanges,
    private readonly resolvers: () => Obstacle = () => resolverObstacle(),
    private readonly ipv6Pools: readonly Pool[] = uniqueLocalPools(),
    /** Networks of the cluster; undefined: there is none. */
    readonly overlays?: Overlays,
  ) {}

  /** All, the predefined ones first. */
  list(): NetworkView[] {
    const here = networkViews(this.model);
    const elsewhere = this.overlays?.networks().filter(({ id }) => this.byId(id) === undefined) ?? [];
    const endpoints = ({ id }: { id: string }): number => this.overlays?.elsewhere(id).filter(({ names }) => names.length > 0).length ?? 0;
    const made = [
      ...here.map((view) => ({ ...view, endpoints: view.endpoints + endpoints(view) })),
      ...elsewhere.map((record) => networkView(record, endpoints(record))),
    ];
    const bridge = made.find(({ id }) => id === predefinedId(BRIDGE)) ?? predefinedView(BRIDGE);
    return [bridge, predefinedView(HOST), predefinedView(NONE), ...made.filter((view) => view !== bridge)];
  }

  /** `origin`: the front end that it is for; default: people, who named a driver. `id`: of one that has chosen it. */
  async create(create: NetworkCreate, origin?: string, id = randomBytes(32).toString("hex")): Promise<NetworkCreated> {
    if (PREDEFINED.includes(create.name))
      throw networkError("invalid", `operation is not permitted on predefined ${create.name} network`, "choose another name");
    const { subnets: wanted, typed, vni, encrypted, ...asked } = checkCreate(create);
    if (this.known().some(({ record }) => record.name === create.name))
      throw networkError("conflict", `network with name ${create.name} already exists`, "choose another name, or remove it");
    const about = {
      origin: origin ?? create.driver ?? DRIVER,
      created: new Date().toISOString(),
      labels: create.labels ?? {},
      options: typed,
    };
    if (create.driver === OVERLAY) {
      if (this.overlays === undefined)
        throw networkError("unavailable", "the daemon has no store, so it is in no cluster", "start it with --store etcd://HOST:2379");
      await this.overlays.create({ ...asked, name: create.name, id, subnets: wanted, vni, encrypted, about });
      return { id, warnings: [] };
    }
    const { lan } = asked;
    for (const { prefix } of eachFamily(wanted)) if (prefix !== undefined) this.refuseOverlap(prefix, lan !== undefined);
    const warnings: string[] = [];
    const subnets = mapFamilies(wanted, (named, family): Subnet => {
      const chosen = named.prefix ?? this.choose(family, warnings, family === 4 ? this.bridgePool() : undefined);
      return { prefix: chosen, gateway: named.gateway ?? firstAddress(chosen, ofFamily(asked.ranges ?? {}, family)) };
    });
    const reserved = lan === undefined ? asked.reserved : this.hostsReserved(lan, subnets, asked.reserved);
    await this.make({ ...asked, ...(reserved !== undefined && { reserved }), id, subnets, about });
    return { id, warnings };
  }

  /** Throws TSP_ERR_NETWORK: not-found, or conflict for the start of several ids. */
  find(word: string): FoundNetwork {
    const predefined = PREDEFINED.find((name) => name === word || predefinedId(name) === word);
    if (predefined !== undefined) {
      const id = predefinedId(predefined);
      const live = this.byId(id);
      return { id, name: predefined, predefined: true, record: live?.record, live };
    }
    const known = this.known();
    const starting = word === "" ? [] : known.filter(({ record }) => record.id.startsWith(word));
    const found = known.find(({ record }) => record.name === word) ?? starting.find(({ record }) => record.id === word) ?? starting[0];
    if (found === undefined) throw networkError("not-found", `network ${word || "''"} not found`, "see 'tsproxy network ls'");
    if (found === starting[0] && starting.length > 1)
      throw networkError(
        "conflict",
        `network ${word} is ambiguous (${starting.length} matches found based on ID prefix)`,
        "give more of it",
      );
    const { id, name = shortId(id) } = found.record;
    return { id, name, predefined: id === predefinedId(BRIDGE), ...found };
  }

  /** The network that is to be joined; `bridge` is made now if nobody used it before. Throws for `host` and `none`, which nothing joins. */
  async use(word: string): Promise<LiveNetwork> {
    const { live, name, record } = this.find(word);
    if (live !== undefined) return live;
    if (record !== undefined) return this.overlays!.use(record);
    if (name === HOST)
      throw networkError("conflict", "container cannot be disconnected from host network or connected to host network", OTHER);
    if (name === NONE)
      throw networkError(
        "conflict",
        "container cannot be connected to multiple networks with one of the networks in private (none) mode",
        OTHER,
      );
    const warnings: string[] = [];
    const prefix = this.choose(4, warnings);
    for (const warning of warnings) log.warn(`network bridge: ${warning}`);
    const about = { origin: DRIVER, created: new Date().toISOString(), labels: {}, options: {} };
    const options = { ...DEFAULT_OPTIONS, hostDevice: BRIDGE_DEVICE };
    const subnets = { ipv4: { prefix, gateway: firstAddress(prefix, undefined) } };
    await this.make({ id: predefinedId(BRIDGE), name: BRIDGE, subnets, options, about });
    return this.byId(predefinedId(BRIDGE))!;
  }

  /** Answers its name. */
  async remove(word: string): Promise<string> {
    const { record, name, predefined } = this.find(word);
    if (predefined || record === undefined)
      throw networkError("invalid", `${name} is a pre-defined network and cannot be removed`, "it takes nothing while nobody uses it");
    if (isDockers(record)) throw networkError("conflict", `network ${name} is one of Docker's`, "remove it by 'docker network rm'");
    const members = this.membersOf(record.id).map(({ name: member, endpoint }) => `name:"${member}" id:"${shortId(endpoint)}"`);
    if (members.length > 0)
      throw networkError(
        "conflict",
        `error while removing network: network ${name} has active endpoints (${members.join(", ")})`,
        "stop them, or disconnect them: 'tsproxy network disconnect'",
      );
    if (record.overlay !== undefined && this.overlays !== undefined) await this.overlays.remove(record.id);
    else await this.model.deleteNetwork(record.id);
    return name;
  }

  /** Removes those that people made and nothing is in; answers their names. */
  async prune(): Promise<string[]> {
    const unused = this.model.networks.filter(
      ({ record }) =>
        [DRIVER, MACVLAN, IPVLAN].includes(driverOf(record)) && record.name !== BRIDGE && this.membersOf(record.id).length === 0,
    );
    const deleted: string[] = [];
    for (const { record } of unused) deleted.push(await this.remove(record.id));
    return deleted;
  }

  /** Says when a range of ours appears on the host too; answers how to end that. */
  watch(): () => void {
    return this.host.onChange(() => {
      for (const { record, inDataplane } of this.model.networks) {
        if (record.lan !== undefined) continue; // it shares the range with the host
        const prefixes = eachFamily(record.subnets).map(({ prefix }) => prefix);
        const other = inDataplane === undefined ? null : firstOf(prefixes, (each) => this.host.overlap(each, inDataplane.hostDevice));
        const said = this.shadowed.has(record.id);
        if (other === null) this.shadowed.delete(record.id);
        else if (!said) {
          this.shadowed.add(record.id);
          log.warn(
            `network ${networkWord(record)} (${prefixes.map(formatPrefix).join(", ")}): the host has ${other} now, so one of both is not reached`,
          );
        }
      }
    });
  }

  private async make(request: NetworkRequest): Promise<void> {
    const { hostDevice } = request.options;
    try {
      await this.model.createNetwork(request);
    } catch (error) {
      if (error instanceof TsproxyError && error.code === "TSP_ERR_DEVICE" && hostDevice !== undefined)
        throw error.reworded(error.message, "choose another name by -o com.docker.network.bridge.name, or remove that device");
      throw error;
    }
  }

  /** What is passed over is added to `warnings`. `kept`: is not to be taken. */
  private choose(family: 4 | 6, warnings: string[], kept?: IpPrefix): IpPrefix {
    const resolver = this.resolvers();
    const keeping = (pool: IpPrefix): string | null => (kept !== undefined && prefixesOverlap(kept, pool) ? "network bridge" : null);
    const obstacle: Obstacle = (pool) => this.taken(pool) ?? this.host.overlap(pool) ?? resolver(pool) ?? keeping(pool);
    const { subnet, skipped } = choosePool(obstacle, family === 4 ? IPV4_POOLS : this.ipv6Pools);
    if (subnet === undefined)
      throw networkError("unavailable", "all predefined address pools have been fully subnetted", "name a range by --subnet");
    // A pool that another network of ours has is no news.
    const news = skipped.filter((line) => !line.includes(": network "));
    warnings.push(...news.map((line) => `passed over ${line}`));
    return subnet;
  }

  /** What `bridge` will get, if it is not made yet: its first pool is known to everybody, so others do not take it. */
  private bridgePool(): IpPrefix | undefined {
    return this.byId(predefinedId(BRIDGE)) === undefined ? this.choose(4, []) : undefined;
  }

  /** With the addresses that the host has on the LAN, which no endpoint is to get. */
  private hostsReserved({ parent }: LanPlace, subnets: PerFamily<Subnet>, named: NetworkRequest["reserved"]): NetworkRequest["reserved"] {
    const all = new Map(named ?? []);
    for (const address of this.host.addressesOn(parent) ?? []) {
      const prefix = ofFamily(subnets, address.family)?.prefix;
      if (prefix !== undefined && prefixContains(prefix, address)) all.set(`${parent} ${formatIp(address)}`, address);
    }
    return all.size === 0 ? undefined : all;
  }

  /** By another network of ours. */
  private taken(pool: IpPrefix): string | null {
    const other = this.model.networks.find(({ record }) =>
      eachFamily(record.subnets).some(({ prefix }) => prefixesOverlap(prefix, pool)),
    )?.record;
    return other === undefined ? null : `network ${networkWord(other)}`;
  }

  /** `shared`: the host is to be in that range too. */
  private refuseOverlap(subnet: IpPrefix, shared: boolean): void {
    const other = this.taken(subnet) ?? (shared ? null : this.host.overlap(subnet));
    if (other !== null)
      throw networkError(
        "conflict",
        `invalid pool request: Pool overlaps with other one on this address space (${formatPrefix(subnet)}: ${other})`,
        "use another --subnet",
      );
  }

  /** Those of this host, then those of the cluster that nobody here is in. */
  private known(): { record: NetworkRecord; live: LiveNetwork | undefined }[] {
    const here = this.model.networks.map((live) => ({ record: live.record, live }));
    const ids = new Set(here.map(({ record }) => record.id));
    const others = this.overlays?.networks().filter(({ id }) => !ids.has(id)) ?? [];
    return [...here, ...others.map((record) => ({ record, live: undefined }))];
  }

  /** Whether the word is that of a network of several nodes. */
  spansNodes(word: string): boolean {
    return this.known().some(({ record: { id, name, overlay } }) => overlay !== undefined && (name === word || id.startsWith(word)));
  }

  /**
   * Id of the sandbox that has the name on another node, in the network of that word; undefined: there is none. Throws TSP_ERR_NETWORK (conflict) where
   * the network keeps its endpoints apart.
   */
  ownerElsewhere(word: string, name: string): string | undefined {
    if (!this.spansNodes(word)) return undefined;
    const { id, record } = this.find(word);
    const found = this.overlays?.elsewhere(id).find(({ names }) => names.includes(name));
    if (found !== undefined && record?.options.icc === false)
      throw networkError(
        "conflict",
        `${name} is on node ${found.node}: in a network with enable_icc=false links reach this node's endpoints alone`,
        "start both on one node, or use a network without that option",
      );
    return found?.owner;
  }

  /** Of this host, or of the cluster though nobody here is in it. */
  named(name: string): NetworkRecord | undefined {
    return this.known().find(({ record }) => record.name === name)?.record;
  }

  private byId(id: string): LiveNetwork | undefined {
    return this.model.networks.find(({ record }) => record.id === id);
  }

  private membersOf(id: string): { name: string; endpoint: string }[] {
    return this.model.endpoints
      .filter(({ record, gone }) => record.network === id && !gone)
      .map(({ record }) => ({ name: record.use?.names[0] ?? shortId(record.id), endpoint: record.id }));
  }
}

export function predefinedId(name: string): string {
  return createHash("sha256").update(`tsproxy network ${name}`).digest("hex");
}

/** Whether dockerd has made it, and gives out its addresses. */
export function isDockers(record: NetworkRecord): boolean {
  return [FOREIGN_DRIVER, GLOBAL_DRIVER].includes(driverOf(record));
}

function driverOf({ about }: NetworkRecord): string {
  return about?.origin ?? FOREIGN_DRIVER;
}

/** The first answer that there is. */
function firstOf<T>(items: readonly T[], look: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = look(item);
    if (found !== null) return found;
  }
  return null;
}

/** Of a network that takes nothing from the host. */
function predefinedView(name: string): NetworkView {
  return {
    id: predefinedId(name),
    name,
    driver: name === NONE ? "null" : name,
    created: "",
    labels: {},
    subnet: "",
    gateway: "",
    device: "",
    mtu: 0,
    internal: false,
    icc: true,
    masquerade: true,
    promiscuous: false,
    attach: "auto",
    endpoints: 0,
  };
}
