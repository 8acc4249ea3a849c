import type { Steering } from "../steer/steering.js";
import type { FdStore } from "../sys/fd-store.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { type IpAddress } from "../wire/ip-address.js";
import { type BalanceOptions } from "./balance-options.js";
import { Balancer, type TargetEvent } from "./balancer.js";
import type { Host } from "./host.js";
import { type Mapping, type OneSpec, type PortSpec } from "./mapping.js";
import type { Reach } from "./network/network.js";
import type { NetworkRegistry } from "./network/registry.js";
import type { Workers } from "./workers.js";
/** A published port or range. */
export interface Publication {
    /** As asked for, with the port that was picked: one for each address of the host that was asked for. */
    readonly mappings: readonly Mapping[];
    /** Its targets, where there may be several. */
    readonly balancer?: Balancer | undefined;
    /** Takes it back; its flows end. */
    close(): Promise<void>;
}
export declare class Publisher {
    private readonly socket;
    private readonly host;
    private readonly workers;
    private readonly steering;
    private readonly networks;
    private readonly store?;
    private nextRule;
    private readonly open;
    /** By number, of targets that the host's kernel reaches. */
    private readonly rules;
    private readonly checks;
    private readonly listeners;
    private readonly endWatch;
    constructor(socket: RouteSocket, host: Host, workers: Workers, steering: Steering, networks: NetworkRegistry, store?: FdStore | undefined);
    /** Whether packets can do it; the relay (`relay/relay.ts`) can do what they cannot. */
    serves(spec: PortSpec): boolean;
    /** How to reach a target of what is to be published, or a TSP_ERR_TARGET that says why it cannot be. */
    reach(spec: PortSpec | OneSpec, target: IpAddress): Reach;
    /** `listener` hears when a target of several goes up or down. Answers how to end that. */
    onTarget(listener: (event: TargetEvent) => void): () => void;
    /**
     * Holds the ports and publishes; `heldBy` is a socket of somebody who holds the one port already. On failure nothing is held. `options` are about
     * several targets.
     */
    publish(spec: PortSpec, heldBy?: number, options?: BalanceOptions): Publication;
    /** Of what may have several targets. */
    get balanced(): readonly Publication[];
    /** All that is published now. */
    mappings(): Mapping[];
    close(): Promise<void>;
    /** Publishes anew what the host's change has changed. A target that cannot be reached now keeps its rule: its way may come back as it was. */
    private revise;
    private balance;
    /** Of a port that is published here already the error says to whom, and not that this process has it. */
    private nameOwn;
    /** The sockets that a former process held these ports with, which hold them still. */
    private takeFormer;
    private keep;
    private canCarry;
    /** Every address gets the same port, also where one is to be picked. */
    private takeEach;
    /** Nobody named these: a range for whose second family there are no descriptors is served on the first, as long as somebody is told. */
    private takeOthers;
    private takePorts;
    /** Interface index that a link-local address of the host belongs to; 0 for others. */
    private zoneOf;
    private noIpv6;
}
