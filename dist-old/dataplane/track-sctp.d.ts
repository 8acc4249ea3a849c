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
import type { State } from "./state.js";
/** Whether packet `i`, of SCTP, may open an association. */
export declare function isOpening(b: Batch, i: number): boolean;
/** Whether a chunk of this type is sent only by who has, or believes to have, an association. */
export declare function isTraffic(type: number): boolean;
export declare function trackSctp(b: Batch, i: number, state: State, id: number, dir: number): void;
/** State after a packet that begins with a chunk of `type`, but INIT, in direction `dir` (0: from the side that opened). */
export declare function nextState(state: number, type: number, dir: number): number;
