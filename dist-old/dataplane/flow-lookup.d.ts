/**
 * Finds the flow of each packet that is to be routed and that `established` has left; what can have none goes to the host or is dropped.
 *
 * A flow's packets come by the port that the other direction leaves by. One that looks the same but comes by another port is somebody else's:
 * neither of the flow nor the beginning of a new one. Of an ICMP query the opener asks and the other end answers, what it was asked.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function flowLookup(b: Batch, state: State): void;
/** Drops frame `i` if one of its addresses is nobody's: of class E, whose words are IPv6 addresses in our tables, or an IPv4-mapped one. */
export declare function isNobodys(b: Batch, i: number): boolean;
/** Makes frame `i`, which has the flow's tuple, one of the flow, or drops it. */
export declare function join(b: Batch, i: number, { conntrack }: State, ref: number): void;
/** What has no flow cannot be translated; but what an endpoint sends to the host itself needs no translation. */
export declare function refuse(b: Batch, i: number, state: State, reason: number): void;
