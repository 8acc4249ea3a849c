/**
 * The programs between a LAN device, a TAP of the engine's, and its parent, the host's device on the LAN. They decide nothing: the map `stations` says which
 * MAC is whose. Key: MAC, then two zero bytes. Value: u32 interface index of the LAN device, or of the parent for its own MAC.
 *
 * - `lan_in` (ingress of the parent): what is for a station of ours goes to the LAN device; what is for a group goes there too, and on to the host.
 * - `lan_host` (its egress): the same with what the host itself sends.
 * - `lan_out` (ingress of the LAN device, what the engine writes): what is for the host goes up the parent's stack, as if it had come in there; what is for a
 *   group goes up and out; the rest goes out.
 *
 * What has a VLAN tag is another LAN's.
 */
import { type MapFds } from "./packet-program.js";
export interface LanMapFds extends MapFds {
    stations: number;
}
/** `lan` and `parent`: interface indices. */
export declare function lanInProgram(maps: LanMapFds, lan: number): Uint8Array;
export declare function lanHostProgram(maps: LanMapFds, lan: number): Uint8Array;
export declare function lanOutProgram(maps: LanMapFds, parent: number): Uint8Array;
