/**
 * Follows the state of each packet's flow and starts its time-out afresh.
 *
 * TCP (RFC 5382 §5, RFC 7857 §2): SYN_SENT -> SYN_RECEIVED (answer seen) -> ESTABLISHED (client's ACK) -> FIN_* (one end closed) -> CLOSING
 * (both) ; RST from anywhere -> RESET, but a RST or FIN that is not in the window changes nothing (`tcp-window.ts`). A flow that is closing or reset lives on for its time-out, since the reset may be forged and
 * the last ACK may come again; a fresh SYN of the client opens it anew. UDP and ICMP: unreplied until the first answer.
 */
import { type Batch, NO_FLOW, ROUTE } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import * as icmp from "../wire/icmp.js";
import { PROTO_ICMP, PROTO_TCP } from "../wire/ipv4.js";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import type { State } from "./state.js";
import { isOutside, note } from "./tcp-window.js";

const TURNING = TCP_SYN | TCP_FIN | TCP_RST;

export function track(b: Batch, state: State): void {
  const { conntrack, now } = state;
  const { bytes, halves } = b.memory;
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || b.egress[i] !== ROUTE || b.proto[i] === 0) continue; // of a datagram in fragments the first one counts
    const id = ref >> 1;
    const dir = ref & 1;
    const old = conntrack.state(id);
    const isTcp = b.proto[i] === PROTO_TCP;
    const flags = isTcp ? tcpFlags(bytes, b.l4[i]!) : 0;
    if (isTcp) {
      const known = isNew(conntrack, id) ? ct.SYN_SENT : old; // of one that was taken up in its middle nothing is known either
      if ((flags & (TCP_RST | TCP_FIN)) !== 0 && isOutside(conntrack, id, dir, known, halves, b.l4[i]!)) continue; // forged
      if ((flags & TCP_RST) === 0) note(conntrack, id, dir, known, flags, halves, b.l4[i]!);
    }
    conntrack.touch(id, dir, now);
    if (b.proto[i] === PROTO_ICMP) {
      const query = ct.ECHO + icmp.query(bytes, b.l4[i]!); // the opener may ask something else under one identifier
      if (old !== query) conntrack.setState(id, query, now);
      continue;
    }
    if (!isTcp) {
      if (old === ct.UNREPLIED && dir === 1) conntrack.setState(id, ct.ASSURED, now);
      continue;
    }
    if (old === ct.ESTABLISHED && (flags & TURNING) === 0) continue;
    const next = tcpNext(old, flags, dir);
    // A closing flow goes to the end of its list with every packet: that list is ordered by deadline.
    if (next !== old || old === ct.CLOSING || old === ct.RESET) conntrack.setState(id, next, now);
  }
}

/** Whether no packet has come so far. */
function isNew(conntrack: ct.Conntrack, id: number): boolean {
  return conntrack.packets(id, 0) + conntrack.packets(id, 1) === 0;
}

/** State after a segment with `flags` in direction `dir` (0: from the side that opened). */
export function tcpNext(state: number, flags: number, dir: number): number {
  if ((flags & TCP_RST) !== 0) return ct.RESET;
  const isAnswer = dir === 1 && (flags & TCP_SYN) !== 0;
  switch (state) {
    case ct.SYN_SENT:
      return dir === 1 && (flags & TCP_SYN) !== 0 ? ct.SYN_RECEIVED : state;
    case ct.SYN_RECEIVED:
      if ((flags & TCP_FIN) !== 0) return dir === 0 ? ct.FIN_ORIGINAL : ct.FIN_REPLY;
      return dir === 0 && (flags & (TCP_SYN | TCP_ACK)) === TCP_ACK ? ct.ESTABLISHED : state;
    case ct.ESTABLISHED:
      if ((flags & TCP_FIN) === 0) return state;
      return dir === 0 ? ct.FIN_ORIGINAL : ct.FIN_REPLY;
    case ct.FIN_ORIGINAL:
      if (isAnswer) return ct.SYN_RECEIVED; // the target has taken a new connection for it
      return (flags & TCP_FIN) !== 0 && dir === 1 ? ct.CLOSING : state;
    case ct.FIN_REPLY:
      if (isAnswer) return ct.SYN_RECEIVED;
      return (flags & TCP_FIN) !== 0 && dir === 0 ? ct.CLOSING : state;
    default: // CLOSING, RESET
      return dir === 0 && (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN ? ct.SYN_SENT : state;
  }
}
