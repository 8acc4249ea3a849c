/**
 * Follows the state of an SCTP flow (RFC 9260 §4), as a NAT may that sees both directions and has no clock but its time-outs.
 *
 * COOKIE_WAIT (INIT seen) -> COOKIE_ECHOED (INIT ACK: both tags are known) -> ASSOCIATED (COOKIE ACK: the opener is where it says) -> SHUTDOWN
 * (one end closes) -> ENDED (SHUTDOWN COMPLETE, or ABORT from anywhere). An association in whose middle we come is SCTP_TAKEN_UP until the other end
 * answers. An INIT of the opener opens an ended flow anew.
 *
 * Each end has chosen the tag that packets to it must have (§8.5). One with another tag was not sent by who saw the association begin: it
 * changes neither state nor time-out, and goes on, as with TCP (`tcp-window.ts`): the receiver knows better. Half of a tag is kept, so one forged
 * packet of 65,536 passes for genuine; an association that was ended so goes on with its next data.
 *
 * An INIT in the middle of an association is a restart (§5.2.2) or forged, and changes nothing. If it was genuine, a COOKIE ACK with a new tag
 * follows: then both tags are learned anew.
 */
import type { Batch } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import * as sctp from "../wire/sctp.js";
import { ipAt, totalLength } from "./packet.js";
import type { State } from "./state.js";
import { turn } from "./turn.js";

/** Whether packet `i`, of SCTP, may open an association. */
export function isOpening(b: Batch, i: number): boolean {
  const { bytes, words } = b.memory;
  return sctp.isOpening(bytes, words, b.l4[i]!, totalLength(b, i) - (b.l4[i]! - ipAt(b, i)));
}

/** Whether a chunk of this type is sent only by who has, or believes to have, an association. */
export function isTraffic(type: number): boolean {
  return type === sctp.DATA || type === sctp.SACK || type === sctp.HEARTBEAT || type === sctp.HEARTBEAT_ACK || type === sctp.I_DATA;
}

export function trackSctp(b: Batch, i: number, state: State, id: number, dir: number): void {
  const { conntrack, now } = state;
  const { bytes, halves } = b.memory;
  const off = b.l4[i]!;
  const type = sctp.chunkType(bytes, off);
  const old = conntrack.state(id);
  let next = old;
  if (type === sctp.INIT) {
    next = afterInit(b, i, old, dir);
    if (next === REFUSED_INIT) return;
    conntrack.setAcked(id, dir ^ 1, sctp.initiateTagUpper(halves, off));
  } else {
    if (!hasTag(conntrack, id, dir, old, bytes, halves, off, type)) {
      if (type !== sctp.COOKIE_ACK || dir === 0 || (old !== ct.ASSOCIATED && old !== ct.SHUTDOWN)) return;
      next = ct.SCTP_TAKEN_UP; // both ends agree on a restart
    } else {
      next = nextState(old, type, dir);
    }
    if (type === sctp.INIT_ACK && next === ct.COOKIE_ECHOED) conntrack.setAcked(id, dir ^ 1, sctp.initiateTagUpper(halves, off));
    if (next === ct.SCTP_TAKEN_UP || old === ct.SCTP_TAKEN_UP) conntrack.setAcked(id, dir, sctp.tagUpper(halves, off));
  }
  conntrack.touch(id, dir, now);
  if (next !== old) turn(state, id, next, now);
}

/** Answer of `afterInit` for an INIT that changes nothing, and so does not keep the flow alive. */
const REFUSED_INIT = -1;

function afterInit(b: Batch, i: number, old: number, dir: number): number {
  if (!isOpening(b, i)) return REFUSED_INIT;
  if (dir === 0) return old === ct.ASSOCIATED || old === ct.SHUTDOWN ? REFUSED_INIT : ct.COOKIE_WAIT;
  return old === ct.COOKIE_WAIT ? ct.COOKIE_ECHOED : REFUSED_INIT; // both open (§5.2.1)
}

/** Whether the packet of direction `dir` has the tag that its receiver asks for. */
function hasTag(
  conntrack: ct.Conntrack,
  id: number,
  dir: number,
  state: number,
  bytes: Uint8Array,
  halves: Uint16Array,
  off: number,
  type: number,
): boolean {
  const reflected = (type === sctp.ABORT || type === sctp.SHUTDOWN_COMPLETE) && sctp.isReflected(bytes, off);
  const end = reflected ? dir ^ 1 : dir;
  if (!isKnown(state, end)) return state === ct.SCTP_TAKEN_UP;
  return sctp.tagUpper(halves, off) === conntrack.acked(id, end);
}

/** Whether the tag of packets of direction `end` is known: after an INIT the one of its answers, then both. */
function isKnown(state: number, end: number): boolean {
  if (state === ct.SCTP_TAKEN_UP) return false;
  return state !== ct.COOKIE_WAIT || end === 1;
}

/** State after a packet that begins with a chunk of `type`, but INIT, in direction `dir` (0: from the side that opened). */
export function nextState(state: number, type: number, dir: number): number {
  if (type === sctp.ABORT || type === sctp.SHUTDOWN_COMPLETE) return ct.ENDED;
  switch (state) {
    case ct.COOKIE_WAIT:
      return type === sctp.INIT_ACK && dir === 1 ? ct.COOKIE_ECHOED : state;
    case ct.COOKIE_ECHOED:
      return type === sctp.COOKIE_ACK ? ct.ASSOCIATED : state;
    case ct.SCTP_TAKEN_UP:
      return dir === 1 ? ct.ASSOCIATED : state;
    case ct.ASSOCIATED:
      return type === sctp.SHUTDOWN || type === sctp.SHUTDOWN_ACK ? ct.SHUTDOWN : state;
    case ct.SHUTDOWN:
      return state;
    default: // ENDED: an ABORT that was forged its alleged sender knows nothing of
      return isTraffic(type) ? ct.SCTP_TAKEN_UP : state;
  }
}
