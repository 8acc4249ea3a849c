/**
 * Translates ICMP errors about translated flows (RFC 5508 §4, RFC 5382 REQ-9): outer addresses, and the datagram quoted inside.
 *
 * The quoted datagram is one that we sent, so its tuple turned round is a tuple of the flow, of the direction in which the error
 * travels. Outer: its destination becomes the flow's. So does its source where the flow's is translated, if it is the flow's end or a router
 * before it: nothing of the inside is to be seen outside (REQ-5c). A router on the other side keeps its own. Inner: the translation of that direction undone. An error neither opens, refreshes nor ends a flow (REQ-6, REQ-10).
 * The transport checksum inside is corrected where it is present but never checked (REQ-3); but for SCTP's, which depends on what is not quoted.
 */
import { type Batch } from "../mem/batch.js";
import { type Conntrack } from "../table/conntrack.js";
import type { State } from "./state.js";
export declare function icmpError(b: Batch, state: State): void;
/** Gives the quoted datagram the addresses and ports that its sender put on it. */
export declare function restoreInner(b: Batch, inner: number, innerL4: number, present: number, proto: number, conntrack: Conntrack, id: number, dir: number): void;
