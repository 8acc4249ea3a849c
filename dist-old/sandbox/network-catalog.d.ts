import type { NetworkCreate, NetworkCreated } from "../api/network-types.js";
import type { NetworkView } from "../api/types.js";
import type { LiveNetwork } from "../model/live.js";
import type { NetworkModel } from "../model/network-model.js";
import { type Obstacle, type Pool } from "../model/pools.js";
import { type NetworkRecord } from "../model/records.js";
import { type IpAddress, type IpPrefix } from "../wire/ip-address.js";
import type { Overlays } from "./overlays.js";
export declare const BRIDGE = "bridge";
export declare const HOST = "host";
export declare const NONE = "none";
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
export declare class NetworkCatalog {
    private readonly model;
    private readonly host;
    private readonly resolvers;
    private readonly ipv6Pools;
    /** Networks of the cluster; undefined: there is none. */
    readonly overlays?: Overlays | undefined;
    /** Networks whose range somebody else has too, so that it is said once. */
    private readonly shadowed;
    constructor(model: NetworkModel, host: HostRanges, resolvers?: () => Obstacle, ipv6Pools?: readonly Pool[], 
    /** Networks of the cluster; undefined: there is none. */
    overlays?: Overlays | undefined);
    /** All, the predefined ones first. */
    list(): NetworkView[];
    /** `origin`: the front end that it is for. */
    create(create: NetworkCreate, origin?: string): Promise<NetworkCreated>;
    /** Throws TSP_ERR_NETWORK: not-found, or conflict for the start of several ids. */
    find(word: string): FoundNetwork;
    /** The network that is to be joined; `bridge` is made now if nobody used it before. Throws for `host` and `none`, which nothing joins. */
    use(word: string): Promise<LiveNetwork>;
    /** Answers its name. */
    remove(word: string): Promise<string>;
    /** Removes those that people made and nothing is in; answers their names. */
    prune(): Promise<string[]>;
    /** Says when a range of ours appears on the host too; answers how to end that. */
    watch(): () => void;
    private make;
    /** What is passed over is added to `warnings`. `kept`: is not to be taken. */
    private choose;
    /** What `bridge` will get, if it is not made yet: its first pool is known to everybody, so others do not take it. */
    private bridgePool;
    /** With the addresses that the host has on the LAN, which no endpoint is to get. */
    private hostsReserved;
    /** By another network of ours. */
    private taken;
    /** `shared`: the host is to be in that range too. */
    private refuseOverlap;
    /** Those of this host, then those of the cluster that nobody here is in. */
    private known;
    byName(name: string): LiveNetwork | undefined;
    private byId;
    private membersOf;
}
export declare function predefinedId(name: string): string;
