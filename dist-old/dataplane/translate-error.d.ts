/**
 * Turns an ICMP error about a flow whose ends are of different families into the other family's, with the packet quoted inside (RFC 7915 §4.2, §4.3,
 * §5.2, §5.3). As in `translate.ts` what is behind the IP headers stays in place: here behind those of the quoted packet. Before it two IP headers and an ICMP
 * header are written anew.
 *
 * The error comes from the address that the flow has there: a router of one family has none of the other (RFC 6791 would give it one of a pool).
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/**
 * Translates the error of frame `i` about the flow of `ref`, which is of the other family in the direction that it goes. The quoted packet's IP header is at
 * `inner`, its layer 4 at `quoted`, of which `present` bytes are there. DROP_NONE, or why not; then nothing is changed.
 */
export declare function translateError(b: Batch, i: number, state: State, ref: number, inner: number, quoted: number, present: number): number;
