import { type LinkLayer, type MapFds } from "./program.js";
/** `ipv6`: the kernel has it. */
export declare function homeProgram(link: LinkLayer, uplinks: readonly number[], maps: MapFds, { ipv6 }?: {
    ipv6?: boolean | undefined;
}): Uint8Array;
