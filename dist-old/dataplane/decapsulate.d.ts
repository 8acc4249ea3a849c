/**
 * Frames of other nodes, out of the VXLAN datagrams that bring them (RFC 7348 §4.1): from here on each is a frame of its network's port of kind
 * REMOTE, with `node` saying who sent it. Nothing is copied: a frame begins later, and its virtio-net header is written over what was before it.
 *
 * Most come by the tunnels' device, where `steer` sends what nodes send that it knows. What it does not know goes up the host's stack, and, accepted
 * by the host's firewall, comes as what is for a published port does: then the node is entered, by its address and the interface that it came by, whatever
 * the source port. So a node's packets pass the firewall until it has let one through, as a client's do. Such a frame is 2 bytes off, and is moved.
 *
 * Runs behind `established`, which takes no notice of tunnels, and before `parse`, which looks at the frame as at any other.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Answers whether there was any. */
export declare function decapsulate(b: Batch, state: State): boolean;
