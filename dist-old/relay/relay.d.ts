/**
 * The socket relay: serves a mapping with ordinary sockets where packets cannot be steered (no BPF, a target that is the host itself),
 * or when asked to.
 * The target sees this host as the client, and each port costs a listening socket; everything else is as published.
 */
import { type IpAddress, type IpPrefix } from "../wire/ip-address.js";
import type { Proto } from "../wire/ipv4.js";
import type { RelayStats, RelayTarget } from "./listener.js";
export interface RelayHandle {
    /** First port of the range; the one that was picked when it was left open. */
    readonly hostPort: number;
    stats(): RelayStats;
    /** Cuts every connection; resolves when the ports are free. */
    close(): Promise<void>;
}
/** An address of the host, and where its clients are led. */
export interface RelayHost {
    hostIp: IpAddress;
    /** Interface of a link-local one. */
    hostZone?: string | undefined;
    targetIp: IpAddress;
}
/** What to serve: ports as in `-p`, the same on each address of the host. */
export interface RelaySpec {
    hosts: readonly RelayHost[];
    /** 0: pick a free one. */
    hostPort: number;
    hostPortEnd: number;
    /** One free port of the range is to be picked. */
    pickFromRange: boolean;
    targetPort: number;
    /** Which of several targets a client's new connection or session goes to, by the target's first port; null: none. Default: the host's `targetIp`. */
    choose?: (clientIp: string) => RelayTarget | null;
    /** SCTP is refused: there are no sockets for it. */
    proto: Proto;
    /** Socket that is bound to the one port of the one host already; it becomes the relay's, whatever happens. */
    fd?: number;
}
export interface RelayOptions {
    /** Clients that may connect; absent or empty: all. */
    allowFrom?: readonly IpPrefix[];
}
export declare const Relay: {
    start: typeof start;
};
/** Throws TSP_ERR_RELAY (unavailable) for SCTP, TSP_ERR_PORT_TAKEN (conflict) with the holder's name, TSP_ERR_HOST_ADDRESS or TSP_ERR_PORT_BIND; then nothing is left open. */
declare function start(spec: RelaySpec, options?: RelayOptions): Promise<RelayHandle>;
export {};
