import type { NetworkCreate } from "../api/network-types.js";
import type { SandboxConnect } from "../api/sandbox-types.js";
import type { Member } from "../sandbox/member.js";
import type { NetworkCatalog } from "../sandbox/network-catalog.js";
import type { SandboxRecord } from "../sandbox/records.js";
import type { Sandboxes } from "../sandbox/sandboxes.js";
import type { Range } from "./ranges.js";
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
export type WantedNetwork = Pick<NetworkCreate, "name" | "internal" | "mtu" | "options"> & {
    ranges: readonly Range[];
    ipv6: boolean;
};
export declare class Containers {
    private readonly catalog;
    private readonly sandboxes;
    /** By network: settles when what was begun so far is done. The first container makes the network, and may have to take it back. */
    private readonly turns;
    constructor(catalog: NetworkCatalog, sandboxes: Sandboxes);
    /** Throws CniError unless the interface can be made; before others are asked for what it needs. */
    prepare({ containerId, ifname }: Interface, netns: string): Promise<void>;
    /** Makes the network, if it is to be made, and puts the container into it; or throws with nothing left of either. */
    join(wanted: Wanted, network: WantedNetwork, origin: string): Promise<Member>;
    /**
     * Throws what keeps the network from being made as it is wanted. One of that name and origin which nobody is in goes: a runtime that does not say
     * when it removes a network makes it anew.
     */
    checkNetwork(network: WantedNetwork, origin: string): Promise<void>;
    /** Does what is left to do: a runtime calls it several times, and without knowing what there is. */
    leave(what: Interface): Promise<void>;
    /** Takes away what is in the network and not in the list. What 'tsproxy run' started no runtime knows, nor may it end it. */
    keepOnly(network: string, valid: readonly Omit<Interface, "network">[]): Promise<void>;
    ownerOf({ attachment }: Member): SandboxRecord | undefined;
    private find;
    member({ containerId, network, ifname }: Interface): Member | undefined;
    inTurn<T>(network: string, action: () => Promise<T>): Promise<T>;
    private attach;
    /** Whether it was not there before. */
    private makeNetwork;
    private isTaken;
}
