import type { FdStore } from "../sys/fd-store.js";
import { type IpAddress } from "../wire/ip-address.js";
import { type MapFds } from "./program.js";
export declare const VALUE_SIZE = 4;
export interface MapOptions {
    flowCapacity: number;
    /** Else IPv6's maps have no room, and take none. */
    ipv6?: boolean;
    /** Else the map `across` has hardly any. */
    offload?: boolean;
    /** Keeps the flows while the process is restarted. */
    store?: FdStore | undefined;
}
/** Descriptors of maps, all new but maybe those of flows; each is added to `fds`, also when a later one fails. */
export declare function createMaps({ flowCapacity, ipv6, offload, store }: MapOptions, fds: number[]): MapFds;
/** `which`: of the workers' rings. What a former process has not read is in it. */
export declare function createRing(which: string, store: FdStore | undefined, fds: number[]): number;
/** What the map `flows` is called in the store, or, with `ipv6`, `flows6`: another layout or size is another map. */
export declare function flowsName(flowCapacity: number, ipv6?: boolean): string;
/** The same of the map `across`. */
export declare function acrossName(flowCapacity: number): string;
/** Keys of the map `ports` or `ports6` for a range of ports, one after another. */
export declare function portKeys(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number): Uint8Array;
/** The same memory. */
export declare function bytes(words: Int32Array): Uint8Array;
