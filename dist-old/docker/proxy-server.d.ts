import type { MappingView } from "../api/types.js";
import type { Controller, ControllerOptions } from "../control/controller.js";
import type { PassedToDocker } from "./passed-sockets.js";
export interface ProxyServerOptions extends Pick<ControllerOptions, "allowFrom"> {
    group?: string | undefined;
    passed?: PassedToDocker | undefined;
}
export declare class ProxyServer {
    private readonly controller;
    private readonly options;
    /** By protocol, host address and port. */
    private readonly leases;
    /** Of each port the request that is being served, or waits to be: one after the other, so that each ends what the one before it has begun. */
    private readonly turns;
    private readonly sockets;
    private readonly server;
    private constructor();
    /** Listens in the run folder, for root and the group. Throws TSP_ERR_DAEMON (conflict) when another daemon does so already. */
    static start(controller: Controller, options: ProxyServerOptions): Promise<ProxyServer>;
    /** The ports that are relayed; those in the dataplane are the publisher's. */
    mappings(): MappingView[];
    /** Takes every port back. The launchers wait for another daemon. */
    close(): Promise<void>;
    private serve;
    private inTurn;
    private lease;
    /** False when packets cannot do it. */
    private throughDataplane;
    /** Undefined for SCTP, which sockets cannot relay: its port is held, so that the container starts. */
    private throughRelay;
}
