import { TsproxyError } from "../errors.js";
import { type IpAddress } from "../wire/ip-address.js";
import type { Proto } from "../wire/ipv4.js";
/** "nginx (pid 123)", or null when it cannot be known. `address`: 0.0.0.0 and :: stand for all of their family. */
export declare function portOwner(proto: Proto, address: IpAddress, port: number): string | null;
/** TSP_ERR_PORT_TAKEN for one port, for those who say it in other words. */
export declare class PortTakenError extends TsproxyError {
    readonly proto: Proto;
    readonly address: IpAddress;
    readonly port: number;
    /** "nginx (pid 123)", or null when it cannot be known. */
    readonly owner: string | null;
    constructor(proto: Proto, address: IpAddress, port: number, 
    /** "nginx (pid 123)", or null when it cannot be known. */
    owner: string | null, cause?: unknown, hint?: string);
}
/** The error for a bind that failed with errno `code` ("EADDRINUSE"): says who is in the way. `zone`: interface of a link-local address. */
export declare function bindError(proto: Proto, address: IpAddress, port: number, code: string, cause?: unknown, zone?: string): TsproxyError;
