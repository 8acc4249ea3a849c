import { type MapFds } from "./program.js";
export interface GuardMapFds extends MapFds {
    asked: number;
    asked6: number;
}
/** `ipv6`: the kernel has it. */
export declare function askProgram(maps: GuardMapFds, { ipv6 }?: {
    ipv6?: boolean | undefined;
}): Uint8Array;
/** `internal`: of a network out of which nothing is routed, so nothing answers from elsewhere either. `ipv6`: the kernel has it. */
export declare function answerProgram(uplinks: readonly number[], maps: GuardMapFds, internal: boolean, { ipv6 }?: {
    ipv6?: boolean | undefined;
}): Uint8Array;
