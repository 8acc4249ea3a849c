/**
 * Keeps up the steering's map `flows` where the way out does not (`l2-out.ts`): that enters what is sent to the uplink with the frame itself,
 * to targets with each, to clients with the first answer, so that no system call is needed for most flows.
 *
 * What is left are packets of clients that come by the host's kernel though their flow is known: since nothing has been answered yet, since
 * the map has forgotten it, or since they come by another device. They are entered here, before the batch is sent. A SYN is not: it
 * comes that way always.
 * So are flows of IPv6, and across the families, that the kernel is to carry, whose target's address does not fit into the Ethernet header (`l2-out.ts`).
 * The same where the firewall is bypassed and the kernel is to carry the flow, but has forgotten it.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function record(b: Batch, state: State): void;
/** Enters what leads the client's packets here, which come in at `device`; of an offloaded flow both directions. */
export declare function enterClient(state: State, id: number, device: number, offloaded: boolean): void;
/** What the kernel is to do with answers to what is sent in direction `dir`: OFFLOAD_*. */
export declare function carriedAs({ conntrack }: State, id: number, dir: number): number;
/** Enters what is sent in direction `dir`: answers to it come to us, from `device` alone unless 0, or have their end `offload` translated. */
export declare function enter(state: State, id: number, dir: number, device: number, offload: number): void;
