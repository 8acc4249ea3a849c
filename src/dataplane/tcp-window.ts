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
 * Not known, so not asked: before both ends have acknowledged something, and what the kernel carries (`engine/offload.ts`), or has carried until lately,
 * whose segments we do not see.
 */
import * as ct from "../table/conntrack.js";
import { TCP_ACK, tcpAcknowledgmentUpper, tcpSequenceUpper } from "../wire/l4.js";
import { rawHalf } from "../wire/raw.js";

/** Steps of 64 KiB. One more before it: sums of halves are cut off. */
const WINDOW = 512;
const HALF = 0xffff;

/** Notes what the segment at `off` of direction `dir` acknowledges; of a connection that is opening, too, where its own bytes begin. */
export function note(conntrack: ct.Conntrack, id: number, dir: number, flags: number, halves: Uint16Array, off: number): void {
  if ((flags & TCP_ACK) !== 0) conntrack.setAcked(id, dir, tcpAcknowledgmentUpper(halves, off));
  if (!isKnown(conntrack.state(id))) conntrack.setAcked(id, dir ^ 1, tcpSequenceUpper(halves, off));
}

/** Whether the segment at `off` of direction `dir` is outside of what its receiver takes. */
export function isOutside(conntrack: ct.Conntrack, id: number, dir: number, halves: Uint16Array, off: number): boolean {
  if (!isKnown(conntrack.state(id)) || (conntrack.egress(id, 0) & ct.EGRESS_OFFLOAD) !== 0 || conntrack.isWithheld(id)) return false;
  const ahead = rawHalf(tcpSequenceUpper(halves, off)) - rawHalf(conntrack.acked(id, dir ^ 1));
  return ((ahead + 1) & HALF) > WINDOW;
}

/** Whether both ends have acknowledged what the other sent. */
function isKnown(state: number): boolean {
  return state === ct.ESTABLISHED || state === ct.FIN_ORIGINAL || state === ct.FIN_REPLY;
}
