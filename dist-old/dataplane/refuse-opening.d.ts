/**
 * Refuses what would open a flow to a published port of which no target takes one, as a host does that nobody listens on: a TCP client gets a
 * reset (RFC 9293 §3.10.7.1), an SCTP client an ABORT (RFC 9260 §8.4), a sender of datagrams ICMP "port unreachable" (RFC 1122 §4.1.3.1). So a client
 * knows at once, and need not wait to find out. No more than so many a second, as in `tcp-reset.ts`.
 */
import type { Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Turns frame `i` into the refusal; false, and nothing is changed, where there is to be none. */
export declare function refuseOpening(b: Batch, i: number, state: State): boolean;
