/** What the relay and its listeners, one a port (`tcp.ts`, `udp.ts`), know of each other. */
import { type IpAddress } from "../wire/ip-address.js";
/** TCP connections, or UDP sessions (one per client address and port). */
export interface RelayStats {
    active: number;
    total: number;
    /** Turned away: not in allowFrom, or too many. */
    refused: number;
    /** The target could not be reached. */
    failed: number;
    /** From clients, and to clients. */
    bytesIn: number;
    bytesOut: number;
}
export interface RelayTarget {
    readonly ip: IpAddress;
    readonly port: number;
}
/** What a listener needs to know. An IPv6 address takes IPv6 alone. */
export interface ListenerOptions {
    hostIp: IpAddress;
    /** Interface of a link-local `hostIp`. */
    hostZone?: string | undefined;
    hostPort: number;
    /** Where a new connection or session of that client goes; null: nowhere. */
    targetFor(clientIp: string): RelayTarget | null;
    /** Instead of binding `hostIp` and `hostPort`. */
    fd?: number | undefined;
    /** Shared by the listeners of a mapping. */
    stats: RelayStats;
    allows(clientIp: string): boolean;
}
export interface Listener {
    readonly port: number;
    close(): Promise<void>;
}
/** As sockets name it: `fe80::1%eth0`. */
export declare function hostName({ hostIp, hostZone }: ListenerOptions): string;
