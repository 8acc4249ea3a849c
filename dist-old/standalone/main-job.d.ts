/**
 * One run of the main job: from a configuration to published ports, and back to a host as it was. A failure half-way and an orderly end
 * take the same way back.
 */
import type { InfoView, MappingView, StatsView } from "../api/types.js";
import { type TargetEvent } from "../control/balancer.js";
import type { RunConfig } from "./config.js";
/** The network of `--network`, as it is announced. */
export interface OwnNetwork {
    /** `10.44.0.0/24` */
    subnet: string;
    gateway: string;
    /** The host's device in it. */
    device: string;
    mtu: number;
}
export declare class MainJob {
    private readonly onTarget;
    readonly mappings: MappingView[];
    network: OwnNetwork | undefined;
    readonly endpoints: {
        netns: string;
        address: string;
    }[];
    /** What it answers at /v1/info; undefined: its API cannot be served. */
    info: InfoView | undefined;
    private readonly undo;
    private readonly relays;
    private readonly checks;
    private readonly relayedTargets;
    private controller;
    private stopped;
    private constructor();
    /**
     * Starts everything, or throws with everything undone. `onDeath`: the dataplane died by itself later; `onTarget`: one of several targets goes up or
     * down.
     */
    static start(config: RunConfig, onDeath: (error: Error) => void, onTarget?: (event: TargetEvent) => void): Promise<MainJob>;
    stop(): Promise<void>;
    /** Ports are published without it too, so another user, who may have no folder for it, is only warned. */
    private startApi;
    private startDataplane;
    private startRelay;
    private relay;
    /** The relay is told nothing: it asks with each connection. */
    private relayBalancer;
    /** Packets and bytes received so far: for a live display, without asking the workers. */
    totals(): {
        packets: number;
        bytes: number;
    };
    /** Flows; of the relay its connections and sessions. */
    summary(): Promise<StatsView["flows"]>;
    private relayed;
}
