/**
 * Puts frames that go to another node into VXLAN datagrams (RFC 7348 §4.1, §5). The headers are written before the frame, into the headroom; the frame
 * stays where it is. One that stands for several segments stays whole where the tunnels' device takes that, its checksum partial still; else the
 * engine makes the segments (`engine/segments-out.ts`), and each gets its headers here.
 *
 * The source port comes of a hash of the flow inside, so that the underlay may spread flows but not the packets of one (§5). Datagrams may be fragmented
 * on their way, though we never do it (§4.3): DF is not set, as in Linux.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function encapsulate(b: Batch, state: State): void;
/** Whether frame `i` stands for segments that have to be made before it goes into datagrams. */
export declare function needsSegments(b: Batch, i: number, { tunnel }: State): boolean;
/** Makes frame `i` a datagram of `network` to `node`. What `parse` has said of the frame must still be true. */
export declare function wrap(b: Batch, i: number, state: State, network: number, node: number): void;
