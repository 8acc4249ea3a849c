import { type Family } from "./family.js";
import { type Program } from "./program.js";
/** With what `forwardOffloaded` has, whose checks the packet has passed; goes on at its `offload` or `offload-failed`, or at `engine`. */
export declare function forwardAcross(p: Program, f: Family, engine: string, ipsec: boolean): void;
