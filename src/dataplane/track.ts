/**
 * Follows the state of each packet's flow and starts its time-out afresh.
 *
 * TCP (RFC 5382 §5, RFC 7857 §2): SYN_SENT -> SYN_RECEIVED (answer seen) -> ESTABLISHED (client's ACK of it) -> FIN_* (one end closed) -> CLOSING
 * (both); RST from anywhere -> RESET_*. But a RST or FIN outside of the window changes nothing (`tcp-window.ts`). A connection in whose middle we
 * come is TAKEN_UP until its target goes on where the client has acknowledged; who acknowledges something else is to prove itself after it. A flow
 * that is closing or reset lives on for its time-out, since the last ACK may come again; a fresh SYN of the client opens it anew. Of a reset that
 * was forged its alleged sender knows nothing: when he goes on, the flow is taken up again (much as in RFC 6146 §3.5.2.2, state TRANS).
 *
 * SCTP: `track-sctp.ts`.
 *
 * UDP: UNREPLIED -> REPLIED (first answer) -> ASSURED (the opener again, or answers without end). A query of DNS is ANSWERED, which is the end of
 * it, unless its port is used on and on. ICMP: what was asked last.
 */
import { type Batch, NO_FLOW, ROUTE } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import { PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import { queryState } from "./packet.js";
import type { State } from "./state.js";
import { isGoingOn, isOutside, isProof, note } from "./tcp-window.js";
import { rememberEnd } from "./time-wait.js";
import { trackSctp } from "./track-sctp.js";
import { turn } from "./turn.js";

const TURNING = TCP_SYN | TCP_FIN | TCP_RST;

/** Datagrams of the opener to a DNS port after which it is more than a query or two (A, AAAA, and each once again). */
const QUERIES = 4;
/** Answers to one datagram after which they are a stream. */
const STREAM = 3;

/** Whether so many datagrams of the opener to a DNS port are more than a query or two. */
export function isMoreThanQueries(packets: number): boolean {
  return packets > QUERIES;
}

/** Whether so many answers are a stream, though the opener is silent. */
export function isStream(packets: number): boolean {
  return packets >= STREAM;
}

export function track(b: Batch, state: State): void {
  const { conntrack, now } = state;
  const { bytes, halves } = b.memory;
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || b.egress[i] !== ROUTE || b.proto[i] === 0) continue; // of a datagram in fragments the first one counts
    const id = ref >> 1;
    const dir = ref & 1;
    if (b.proto[i] === PROTO_SCTP) {
      trackSctp(b, i, state, id, dir);
      continue;
    }
    const isTcp = b.proto[i] === PROTO_TCP;
    const flags = isTcp ? tcpFlags(bytes, b.l4[i]!) : 0;
    if ((flags & TCP_SYN) !== 0) catchUp(state, id);
    const old = conntrack.state(id);
    let goesOn = false;
    if (isTcp) {
      if ((flags & (TCP_RST | TCP_FIN)) !== 0 && isOutside(b, i, state, id, dir)) continue; // forged
      if (dir === 0 && isAsked(old, flags) && !isProof(state, id, flags, halves, b.l4[i]!)) continue; // of somebody who does not get the answers
      goesOn = old === ct.TAKEN_UP && dir === 1 && isGoingOn(conntrack, id, halves, b.l4[i]!);
      if ((flags & TCP_RST) === 0 && (old !== ct.CLOSING || opensAnew(flags, dir))) note(conntrack, id, dir, flags, halves, b.l4[i]!);
    }
    conntrack.touch(id, dir, now);
    let next = old;
    if (b.proto[i] === PROTO_UDP) {
      next = udpNext(old, dir, conntrack.packets(id, dir));
    } else if (!isTcp) {
      next = queryState(b, i); // the opener may ask something else under one identifier
    } else {
      if (old === ct.ESTABLISHED && (flags & TURNING) === 0) continue;
      next = tcpNext(old, flags, dir, goesOn);
      if ((flags & TCP_RST) !== 0 && (conntrack.egress(id, 0) & ct.EGRESS_OFFLOAD) !== 0) state.unsee(id);
      if (next === ct.CLOSING && old !== next) rememberEnd(conntrack, id, dir, bytes, halves, b.l4[i]!);
    }
    if (next !== old) turn(state, id, next, now);
  }
}

/**
 * Of a carried connection the kernel alone may have seen that its handshake is over. Who forges a SYN would else have the engine believe that it begins anew, and elsewhere,
 * and then a RST with the same false number.
 */
function catchUp(state: State, id: number): void {
  const { conntrack } = state;
  if (conntrack.state(id) === ct.SYN_RECEIVED && (conntrack.egress(id, 0) & ct.EGRESS_OFFLOAD) !== 0) state.settle(id);
}

/** Whether the opener of a flow in state `old` is to prove with a segment that he gets the answers. He need not with a RST, nor with a SYN, which is the first one again. */
function isAsked(old: number, flags: number): boolean {
  if (old !== ct.SYN_RECEIVED && old !== ct.RESET_ORIGINAL) return false;
  return (flags & TCP_RST) === 0 && (flags & (TCP_SYN | TCP_ACK | TCP_FIN)) !== TCP_SYN;
}

/** Whether a segment with `flags` opens a connection that is over anew. */
function opensAnew(flags: number, dir: number): boolean {
  return dir === 0 && (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
}

/** State after the `packets`-th datagram of direction `dir` (0: from the side that opened). */
function udpNext(state: number, dir: number, packets: number): number {
  switch (state) {
    case ct.UNREPLIED:
      return dir === 1 ? ct.REPLIED : state;
    case ct.REPLIED:
      return dir === 0 || isStream(packets) ? ct.ASSURED : state;
    case ct.QUERY:
      return dir === 1 ? ct.ANSWERED : state;
    case ct.ANSWERED:
      return dir === 1 ? state : isMoreThanQueries(packets) ? ct.ASSURED : ct.QUERY;
    default:
      return state;
  }
}

/** State after a segment with `flags` in direction `dir` (0: from the side that opened). `goesOn`: where the opener of a flow that is TAKEN_UP has acknowledged. */
function tcpNext(state: number, flags: number, dir: number, goesOn: boolean): number {
  if ((flags & TCP_RST) !== 0) return dir === 0 ? ct.RESET_ORIGINAL : ct.RESET_REPLY;
  const isFirst = (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
  const isAnswer = dir === 1 && (flags & TCP_SYN) !== 0;
  switch (state) {
    case ct.SYN_SENT:
      return isAnswer ? ct.SYN_RECEIVED : state;
    case ct.SYN_RECEIVED:
      if ((flags & TCP_FIN) !== 0) return dir === 0 ? ct.FIN_ORIGINAL : ct.FIN_REPLY;
      return dir === 0 && (flags & (TCP_SYN | TCP_ACK)) === TCP_ACK ? ct.ESTABLISHED : state;
    case ct.TAKEN_UP:
      if (dir === 0) return isFirst ? ct.SYN_SENT : state;
      if (isAnswer || !goesOn) return ct.SYN_RECEIVED; // its opener is to prove itself
      return (flags & TCP_FIN) !== 0 ? ct.FIN_REPLY : ct.ESTABLISHED;
    case ct.ESTABLISHED:
      if ((flags & TCP_FIN) === 0) return state;
      return dir === 0 ? ct.FIN_ORIGINAL : ct.FIN_REPLY;
    case ct.FIN_ORIGINAL:
      if (isAnswer) return ct.SYN_RECEIVED; // the target has taken a new connection for it
      return (flags & TCP_FIN) !== 0 && dir === 1 ? ct.CLOSING : state;
    case ct.FIN_REPLY:
      if (isAnswer) return ct.SYN_RECEIVED;
      return (flags & TCP_FIN) !== 0 && dir === 0 ? ct.CLOSING : state;
    case ct.CLOSING:
      return opensAnew(flags, dir) ? ct.SYN_SENT : state;
    default: // RESET_*
      if (opensAnew(flags, dir)) return ct.SYN_SENT;
      if ((flags & TCP_SYN) !== 0 || dir !== (state === ct.RESET_ORIGINAL ? 0 : 1)) return state;
      return dir === 0 ? ct.TAKEN_UP : ct.SYN_RECEIVED; // a target resets what it does not know, too: the opener is to prove itself
  }
}
