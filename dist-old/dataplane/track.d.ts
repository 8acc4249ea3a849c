/**
 * Follows the state of each packet's flow and starts its time-out afresh.
 *
 * TCP (RFC 5382 §5, RFC 7857 §2): SYN_SENT -> SYN_RECEIVED (answer seen) -> ESTABLISHED (client's ACK) -> FIN_* (one end closed) -> CLOSING
 * (both); RST from anywhere -> RESET_*. But a RST or FIN outside of the window changes nothing (`tcp-window.ts`). A connection in whose middle we
 * come is TAKEN_UP until its target answers. A flow that is closing or reset lives on for its time-out, since the last ACK may come again; a fresh
 * SYN of the client opens it anew. Of a reset that was forged its alleged sender knows nothing: when he goes on, the flow is taken up again (much
 * as in RFC 6146 §3.5.2.2, state TRANS).
 *
 * SCTP: `track-sctp.ts`.
 *
 * UDP: UNREPLIED -> REPLIED (first answer) -> ASSURED (the opener again, or answers without end). A query of DNS is ANSWERED, which is the end of
 * it, unless its port is used on and on. ICMP: what was asked last.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Whether so many datagrams of the opener to a DNS port are more than a query or two. */
export declare function isMoreThanQueries(packets: number): boolean;
/** Whether so many answers are a stream, though the opener is silent. */
export declare function isStream(packets: number): boolean;
export declare function track(b: Batch, state: State): void;
