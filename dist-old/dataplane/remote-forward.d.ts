/**
 * Bridging between this node and the others of an overlay network, of which the store says who is behind which: nothing is learned, and nobody unknown
 * is looked for by flooding. What came from a node never goes to one (split horizon). The gateway is this node's own in every network, so neither it
 * nor the host is reached from another node, or reaches one.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Decides about frame `i` of an overlay network, whose destination, of raw MAC `hi` and `lo`, is behind no port of this node. */
export declare function toRemote(b: Batch, i: number, state: State, network: number, hi: number, lo: number): void;
/** Whether the frame, or each of the segments that it stands for, has an IP packet of `mtu` bytes or less. */
export declare function fits(b: Batch, i: number, mtu: number): boolean;
