/**
 * Which flow makes room when the table is full. In this order, of each kind the one that has been silent for longest:
 *
 * 1. one that is UNPROVEN, if it has been so for GRACE_SEC: a flood from false addresses meets itself here;
 * 2. one that is CLOSED;
 * 3. one that is UNPROVEN and younger;
 * 4. one of the address that has most flows, if that is the new flow's own, or has a good part of the table.
 *
 * Else the table stays as it is and the new flow is refused: flows that both ends keep up stay. The lists of 1 to 3 are kept in order
 * (`table/ageing.ts`); for 4 a number of rows is looked at, picked at random: who has much of the table is among them. So each is O(1).
 *
 * What the kernel carries (`engine/offload.ts`) looks older than it is: it is asked before such a flow goes.
 */
import type { Batch } from "../mem/batch.js";
import { type NewFlow } from "../table/conntrack.js";
import type { State } from "./state.js";
/** Makes room for a flow of `client`; false: there is none to be made. */
export declare function makeRoom(b: Batch, state: State, client: number): boolean;
/** Ends an UNPROVEN flow that counts for the limit which is in the way of `flow`; false: none found. */
export declare function giveUpOne(b: Batch, state: State, limit: number, flow: NewFlow): boolean;
