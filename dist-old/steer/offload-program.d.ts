import { type Family } from "./family.js";
import { type Program } from "./program.js";
/** With the packet's headers in `ip` and `l4`, r7 = offset of layer 4, r8 = protocol, r9 = value of its flow; goes to `engine` with r9 as it was. */
export declare function forwardOffloaded(p: Program, f: Family, engine: string, ipsec: boolean): void;
