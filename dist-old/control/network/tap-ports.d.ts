import { type Tap } from "../../device/tap.js";
import type { Steering } from "../../steer/steering.js";
import type { FdStore } from "../../sys/fd-store.js";
import type { Bandwidth } from "../../table/bandwidth.js";
import type { IpAddress } from "../../wire/ip-address.js";
import type { PortInfo, PortNumbers } from "../port-numbers.js";
import type { Undo } from "../undo.js";
import type { Workers } from "../workers.js";
declare const KINDS: {
    readonly host: 2;
    readonly endpoint: 3;
    readonly lan: 7;
};
export interface TapPort extends Omit<PortInfo, "port"> {
    kind: keyof typeof KINDS;
    /** Of the station behind the port; of a LAN's the parent device's. */
    mac: Uint8Array;
    /** At most one of each family. */
    addresses: readonly IpAddress[];
    /** Number of its network. */
    network: number;
    /** The host's: interface index. */
    device?: number;
    bandwidth?: Bandwidth | undefined;
}
export interface OpenDevice {
    name: string;
    nsFd?: number;
    existing?: {
        multiQueue: boolean;
    } | undefined;
    keepAs?: string | undefined;
    /** For tunnels. */
    tunnels?: boolean;
}
export declare class TapPorts {
    private readonly workers;
    private readonly numbers;
    private readonly steering;
    private readonly store?;
    /** `steering`: whose program spreads new flows over a device's queues, and who is to know endpoints' addresses. */
    constructor(workers: Workers, numbers: PortNumbers, steering: Pick<Steering, "queueFd" | "setInside">, store?: FdStore | undefined);
    /** Whether a former process left the device of that name. */
    isKept(name: string): boolean;
    /**
     * Opens a device in namespace `nsFd` (-1: the host's). Throws as `openTap`. `keepAs`: name under which it is kept while the process is
     * restarted, which no other device has.
     */
    open(device: OpenDevice, undo: Undo): Tap;
    /** With a queue for each worker, or not at all. */
    private takeKept;
    /** Frames flow from now on. `onGone`: the device ended by itself, with its namespace. */
    attach(tap: Tap, { mac, addresses, network, device, bandwidth, ...info }: TapPort, undo: Undo, onGone?: () => void): void;
}
export {};
