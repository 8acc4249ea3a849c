/**
 * Turns a packet of one family into one of the other (RFC 7915 §4.1, §5.1): its IP header and what the virtio-net header says about it. Ports and the
 * checksums of TCP and UDP are `rewrite.ts`'s as ever: of a flow the delta of its addresses is the delta of the pseudo headers, since their other
 * fields have the same sum in both families.
 *
 * What follows the IP header stays where it is; the new header is written right before it, over the old one, and the frame starts so much earlier or
 * later: 20 bytes, or what options, extension headers and the fragment header make of it. That is what the headroom of packet memory is for. A
 * segmentation-offload frame stays whole; each of its segments will be 20 bytes longer or shorter.
 *
 * IPv4 options and IPv6 extension headers are left out, which is what the RFC says.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Up to this length a translated IPv4 packet may be fragmented on its way: who sent it as IPv6 did not think of a shorter link (§5.1). */
export declare const MAY_FRAGMENT = 1260;
/** Translates the headers of frame `i` for packets from `src` to `dst`, words of the other family. DROP_NONE, or why not; then nothing is changed. */
export declare function translate(b: Batch, i: number, state: State, src: number, dst: number): number;
/** Lets frame `i` start such that its IP header is at `ip`; the virtio-net header goes with it, told where layer 4, at `l4`, is now. */
export declare function moveTo(b: Batch, i: number, ip: number, l4: number): void;
/** Says of frame `i` that it is of family `kind` now; `tcpGso`: what TCP's segmentation is called there. */
export declare function setType(b: Batch, i: number, kind: number, tcpGso: number): void;
