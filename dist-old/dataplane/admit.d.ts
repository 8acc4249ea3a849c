/**
 * Decides what happens to a packet that belongs to no flow yet: the slow path, once a flow.
 *
 * - To an address of the host and a published port: DNAT to the target (of several see `choose-target.ts`), once the host's kernel has accepted the packet (`accepted.ts`). To
 *   that kernel an endpoint's packet goes first; where its firewall is bypassed, nobody asks it. The client's address is kept, so that the
 *   server sees it, unless the target could not answer through us: a client on the target's own network would be answered directly, and a
 *   loopback address not at all. Those, and so every program of the host, become the host's address next to the target (hairpin; RFC 4787
 *   REQ-9, and as docker-proxy does). So does a client of the other family than the target's (RFC 7915), and one with an address of its link.
 * - To another address of the host, from an endpoint: to the host, untranslated.
 * - From an endpoint to elsewhere: masquerade behind the address that the host would use on that route; untranslated from a network without
 *   masquerade, but still a flow, so that the answers are steered back to us.
 * - Anything else opens no flow and is dropped. An endpoint is told so by ICMP if there is no route, no port or no room.
 *
 * A TCP flow opens with a SYN, an SCTP flow with an INIT. One exception: a segment in the middle of a connection to a published port with one target,
 * whose client address is kept, is taken up, since its translation needs no memory. Of others the sender is told by a reset that they are over.
 *
 * Then nothing may be in the way: a limit (`limits.ts`), the want of a source port (`source-port.ts`), or a full table (`make-room.ts`).
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function admit(b: Batch, state: State): void;
/** Works out the checksum deltas of `state.newFlow`. */
export declare function setDeltas({ addresses, newFlow: flow }: State): void;
/** The flow that was just made of `state.newFlow` keeps its addresses in their table. */
export declare function holdAddresses({ addresses, newFlow: { src, dst, replySrc, replyDst } }: State): void;
export declare function isAllowed(state: State, src: number): boolean;
