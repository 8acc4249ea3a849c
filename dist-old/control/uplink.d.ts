import { type Tap } from "../device/tap.js";
import type { FdStore } from "../sys/fd-store.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import type { Undo } from "./undo.js";
export interface Uplink {
    fd: number;
    name: string;
    ifindex: number;
    mac: Uint8Array;
    /** Whether it carries IPv6: the kernel has it, and lets us set what is needed. */
    ipv6: boolean;
}
/** All uplinks that a former process with as many workers left, or new ones. What came for them meanwhile waits in them. */
export declare function openUplinks(count: number, socket: RouteSocket, undo: Undo, store?: FdStore): {
    uplinks: Uplink[];
    areFormer: boolean;
};
/** Makes of a new device, or one of a former process, one that the engine can send by. */
export declare function setUpUplink({ name }: Tap, socket: RouteSocket, isNew: boolean): Omit<Uplink, "fd">;
export declare function addUplinkAddress(socket: RouteSocket, ifindex: number): void;
