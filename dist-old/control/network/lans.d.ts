import type { Tap } from "../../device/tap.js";
import type { Steering } from "../../steer/steering.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import type { Link } from "../../sys/rtnetlink-entries.js";
import type { Host } from "../host.js";
import { Undo } from "../undo.js";
import type { TapPorts } from "./tap-ports.js";
interface LansSite {
    readonly socket: RouteSocket;
    readonly host: Host;
    readonly steering: Steering;
    readonly taps: TapPorts;
}
/** A network's way onto the LAN. */
export interface Lan {
    readonly tap: Tap;
    readonly device: number;
    /** Of the parent. */
    readonly mac: Uint8Array;
    /** Frames for that MAC are the network's; answers how to end that. Throws TSP_ERR_NETWORK (conflict) for the parent's own. */
    addStation(mac: Uint8Array): () => void;
}
export declare class Lans {
    private readonly site;
    private readonly parents;
    constructor(site: LansSite);
    /** The parent, which must be there. Throws TSP_ERR_NETWORK. */
    parent(name: string): Link;
    /** For the network that `who` names in messages. What it does is undone by `undo`. `onMac` hears when the parent has another MAC. */
    open(name: string, keepAs: string, who: string, undo: Undo, onMac: (mac: Uint8Array) => void): Lan;
}
export {};
