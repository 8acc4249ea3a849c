/** The part of the offload program (offload-program.ts) that gives the engine a copy of a segment with FIN, before it is carried. */
import { FLOW_ACKED_AT, FLOW_UPLINK_AT } from "../wire/flow-entry.js";
import { COPY_ACKED_AT, COPY_MARK, COPY_SIZE, INSIDE_MARK_AT } from "../wire/order.js";
import type { Family } from "./family.js";
import { CLONE_REDIRECT, ENDING, type Program, SKB_STORE_BYTES, TCP } from "./program.js";

/**
 * Of a segment with FIN, which will be carried and is as it came, with what it is to become on the stack: a copy to the engine, in whose source MAC the mark is. The
 * segment gets another Ethernet header on its way out. `tap`: where on the stack the index of the endpoint's TAP is.
 * `f`: the family that it is to have. r0 to r5 are lost.
 */
export function copyIfEnding(p: Program, f: Family, name: string, tap: number | undefined): void {
  const { l4, src, value: key } = f.stack;
  const ports = key + 2 * f.addressSize;
  p.load("u32", "r0", "r10", ENDING).jumpIf("r0", "==", 0, `${name}: not ending`);
  p.store("u32", "r10", ENDING, COPY_MARK).store("u16", "r10", ENDING + COPY_ACKED_AT - INSIDE_MARK_AT, 0);
  // The entry of what answers it.
  for (let i = 0; i < 2 * f.addressSize; i += 4) p.copy("u32", key + i, src + i);
  p.copy("u32", ports, l4)
    .store("u32", "r10", ports + 4, TCP)
    .lookup(f.maps.flows, key)
    .jumpIf("r0", "==", 0, `${name}: answers not entered`);
  p.load("u16", "r1", "r0", FLOW_ACKED_AT)
    .store("u16", "r10", ENDING + COPY_ACKED_AT - INSIDE_MARK_AT, "r1")
    .label(`${name}: answers not entered`);
  p.mov("r1", "r6").mov("r2", INSIDE_MARK_AT).stackPointer("r3", ENDING).mov("r4", COPY_SIZE).mov("r5", 0);
  p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed").mov("r1", "r6");
  if (tap === undefined) p.load("u32", "r2", "r9", FLOW_UPLINK_AT);
  else p.load("u32", "r2", "r10", tap);
  // Where the queue is full the segment is lost, as if it had been for the engine; its sender repeats it.
  p.mov("r3", 0).call(CLONE_REDIRECT).jumpIf("r0", "!=", 0, "offload-failed").label(`${name}: not ending`);
}
