/**
 * Puts segments of one TCP connection that another node has sent one after the other into one frame, which an endpoint takes with one write, and its stack
 * in one go, as from a card with large receive offload that keeps what is needed to cut it again (GRO in Linux, net/ipv4/tcp_offload.c, whose rules
 * these are).
 * The kernel does this for what it brings; datagrams of tunnels it puts together for its own tunnel devices alone, so they come to us one by one
 * from a network card, and from a node that has to make its segments itself.
 *
 * A segment joins the frame before it if it goes on where that ends, has the same headers but for lengths, checksums and IPv4's identification, and has
 * a payload no longer than the first one's. The last one is that which is shorter, or pushes. Since the frame gets a partial checksum, which nobody will
 * doubt, the checksum of every segment in it has been verified here.
 * Only neighbors in the batch are looked at, so nothing overtakes anything.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function coalesce(b: Batch, state: State): void;
