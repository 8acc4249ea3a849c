/**
 * As `icmp-error.ts`, of IPv6 (RFC 4443 §2.4; RFC 6146 §3.5.3 says the same of NAT64): translates ICMPv6 errors about translated flows, outer addresses and
 * the packet quoted inside. The checksum covers both, and is corrected by the difference.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** DROP_NONE when the error was translated, else the reason why not (and nothing was changed). */
export declare function translateError6(b: Batch, i: number, state: State): number;
/**
 * Gives the packet at `inner`, which is of the flow of `ref`, the addresses and ports that its sender put on it; its layer 4 is at `quoted`, of which
 * `present` bytes are there. SCTP's checksum stays: it depends on what is not quoted.
 */
export declare function restoreQuoted6(b: Batch, state: State, ref: number, inner: number, quoted: number, present: number, proto: number): void;
