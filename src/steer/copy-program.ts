/** The part of the offload program (offload-program.ts) that gives the engine a copy of a segment with FIN, before it is carried. */
import { FLOW_UPLINK_AT } from "../wire/flow-entry.js";
import { COPY_MARK, INSIDE_MARK_AT } from "../wire/order.js";
import { CLONE_REDIRECT, ENDING, type Program, SKB_STORE_BYTES } from "./program.js";

/**
 * Of a segment with FIN, which will be carried and is as it came: a copy to the engine, in whose source MAC the mark is. The segment gets another Ethernet header on
 * its way out. `tap`: where on the stack the index of the endpoint's TAP is. r0 to r5 are lost.
 */
export function copyIfEnding(p: Program, name: string, tap: number | undefined): void {
  p.load("u32", "r0", "r10", ENDING).jumpIf("r0", "==", 0, `${name}: not ending`);
  p.store("u32", "r10", ENDING, COPY_MARK).mov("r1", "r6").mov("r2", INSIDE_MARK_AT).stackPointer("r3", ENDING).mov("r4", 4).mov("r5", 0);
  p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed").mov("r1", "r6");
  if (tap === undefined) p.load("u32", "r2", "r9", FLOW_UPLINK_AT);
  else p.load("u32", "r2", "r10", tap);
  // Where the queue is full the segment is lost, as if it had been for the engine; its sender repeats it.
  p.mov("r3", 0).call(CLONE_REDIRECT).jumpIf("r0", "!=", 0, "offload-failed").label(`${name}: not ending`);
}
