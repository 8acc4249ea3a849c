/**
 * Tells a RST or FIN that its alleged sender may have sent from one that somebody has forged who does not see the connection.
 *
 * The end that gets it takes it only inside of its receive window (RFC 9293 §3.10.7.4, RFC 5961 §3), which begins where the last acknowledgment
 * that it has sent says. So that is kept of each direction, with every segment: the upper half of the number, since a row has no room for
 * more and steps of 64 KiB do. How long the window is, is not kept: 32 MiB are the longest that a Linux of today offers by itself
 * (tcp_rmem), so one forged segment of 128 is taken for genuine. For those `track.ts` has a second look: who has not sent a RST goes on.
 *
 * What is outside changes neither state nor time-out. It is passed on all the same: the receiver knows better (RFC 7857 §2.2).
 *
 * Of what the kernel carries we do not see the segments, but it notes what the last one of each direction acknowledged (`wire/flow-entry.ts`). With the copy of
 * a FIN comes what the other end has; for other segments its entry is read. If nothing has been carried yet there is no note, or one of an earlier connection with
 * these ports. So what we have seen ourselves will do as well.
 *
 * Not known, so not asked: before both ends have acknowledged something, and what others have carried until lately, who have left no note (`forgetAcked`).
 */
import type { Batch } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import { ACKED_FIRST } from "../wire/flow-entry.js";
import { PROTO_TCP } from "../wire/ipv4.js";
import { TCP_ACK, TCP_SYN, tcpAcknowledgmentUpper, tcpSequenceUpper } from "../wire/l4.js";
import { rawHalf } from "../wire/raw.js";
import type { State } from "./state.js";

/** Steps of 64 KiB. One more before it: sums of halves are cut off. */
const WINDOW = 512;
const HALF = 0xffff;
/** That a packet takes at most, with segmentation offload (GSO_MAX_SIZE of linux/netdevice.h). */
const MOST_STEPS = 8;

/** Notes what the segment at `off` of direction `dir` acknowledges; of a connection that is opening, too, where its own bytes begin. */
export function note(conntrack: ct.Conntrack, id: number, dir: number, flags: number, halves: Uint16Array, off: number): void {
  if ((flags & TCP_ACK) !== 0) conntrack.setAcked(id, dir, tcpAcknowledgmentUpper(halves, off) || ACKED_FIRST);
  if (begins(conntrack, id, dir, flags)) conntrack.setAcked(id, dir ^ 1, tcpSequenceUpper(halves, off) || ACKED_FIRST);
}

/**
 * Whether the own bytes of a segment's sender begin with it, as far as is known. A target may take a half-closed connection's SYN for a new one. Of a connection that
 * somebody is said to have reset, what the other end has acknowledged before stays known: he goes on from there.
 */
function begins(conntrack: ct.Conntrack, id: number, dir: number, flags: number): boolean {
  const state = conntrack.state(id);
  if ((flags & TCP_SYN) === 0) {
    if (state === ct.RESET_ORIGINAL || state === ct.RESET_REPLY) return conntrack.acked(id, dir ^ 1) === 0;
    return !isKnown(state) && state !== ct.SYN_RECEIVED;
  }
  if (dir === 1) return state !== ct.ESTABLISHED;
  return !isKnown(state) && state !== ct.SYN_RECEIVED; // the target's answer has said where, and will again if it takes this one
}

/** Others have carried flow `id`: what direction `dir` has acknowledged is not known. */
export function forgetAcked(conntrack: ct.Conntrack, id: number, dir: number): void {
  if (conntrack.protocol(id) === PROTO_TCP && conntrack.state(id) !== ct.CLOSING) conntrack.setAcked(id, dir, 0);
}

/** Whether frame `i`, a segment with RST or FIN of direction `dir`, is outside of what its receiver takes. */
export function isOutside(b: Batch, i: number, state: State, id: number, dir: number): boolean {
  const { conntrack } = state;
  const { halves } = b.memory;
  const off = b.l4[i]!;
  if ((conntrack.egress(id, 0) & ct.EGRESS_OFFLOAD) !== 0) return isOutsideOfCarried(b, i, state, id, dir);
  return isKnown(conntrack.state(id)) && isFar(tcpSequenceUpper(halves, off), conntrack.acked(id, dir ^ 1));
}

/** The same of an offloaded flow. That its opener has acknowledged the answer, the kernel alone may have seen. */
function isOutsideOfCarried(b: Batch, i: number, state: State, id: number, dir: number): boolean {
  const { conntrack } = state;
  const { halves } = b.memory;
  const off = b.l4[i]!;
  if (!isKnown(conntrack.state(id)) && conntrack.state(id) !== ct.SYN_RECEIVED) return false;
  const number = tcpSequenceUpper(halves, off);
  const seen = conntrack.acked(id, dir ^ 1);
  if (seen !== 0 && !isFar(number, seen)) return false;
  const carried = b.isCopy[i] === 1 ? b.acked[i]! : state.carriedAck(id, dir ^ 1);
  return carried === 0 ? seen !== 0 : isFar(number, carried);
}

/** Whether a number is neither at `last` nor in the window behind it; upper halves, raw. 0: that is not known. */
function isFar(number: number, last: number, window = WINDOW): boolean {
  return last !== 0 && ((rawHalf(number) - rawHalf(last) + 1) & HALF) > window;
}

/**
 * Whether a segment with `flags` at `off`, of the opener of flow `id`, which is SYN_RECEIVED or RESET_ORIGINAL, acknowledges what its target has answered, or a number
 * behind what the opener has acknowledged before. Who sends with a false source address knows neither, so it proves that the opener is there.
 */
export function isProof(state: State, id: number, flags: number, halves: Uint16Array, off: number): boolean {
  return (flags & TCP_ACK) !== 0 && isReached(state, id, tcpAcknowledgmentUpper(halves, off) || ACKED_FIRST);
}

/**
 * Whether a segment at `off`, of the target of flow `id`, which is TAKEN_UP, goes on where its opener has acknowledged. A target answers an acknowledgment of
 * anything at all while it waits for the end of a handshake, so its answer alone says nothing of the opener. To be asked before `note`.
 */
export function isGoingOn(conntrack: ct.Conntrack, id: number, halves: Uint16Array, off: number): boolean {
  const acked = conntrack.acked(id, 0);
  return acked !== 0 && !isFar(tcpSequenceUpper(halves, off), acked);
}

/** Whether the target of flow `id` may have come to a number, upper half and raw, since its answer, or what its opener has acknowledged. 0: it is not known which. */
export function isReached(state: State, id: number, number: number): boolean {
  const { conntrack } = state;
  const begun = conntrack.acked(id, 0);
  if (number === 0 || !isFar(number, begun)) return true;
  if ((conntrack.egress(id, 0) & ct.EGRESS_OFFLOAD) === 0) return false;
  return !isFar(number, begun, WINDOW + state.carriedPackets(id, 1) * MOST_STEPS);
}

/** Whether both ends have acknowledged what the other sent. */
function isKnown(state: number): boolean {
  return state === ct.ESTABLISHED || state === ct.FIN_ORIGINAL || state === ct.FIN_REPLY;
}
