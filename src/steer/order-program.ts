/**
 * The part of `steer` that keeps packets of a flow in order when they are to change from one way to another: from the host's stack and the ring buffer,
 * where a flow's first packets go, to the uplink; or from the engine to the kernel itself. While some are on the old way, the next one takes it
 * too, with a stamp by which the engine tells that it has left (`wire/order.ts`, `table/order.ts`).
 *
 * Who never leaves a gap is not waited for for ever: after MOST packets he has filled the queues to the engine, which loses some.
 */
import { FLOW_INGRESS_AT, FLOW_ORDER_AT } from "../wire/flow-entry.js";
import { ORDER_COUNT_AT, ORDER_HANDED_AT, ORDER_PASSED_AT, STAMP_AT, STAMP_MARK, STAMP_MARK_AT, STAMP_SIZE } from "../wire/order.js";
import type { Family } from "./family.js";
import { FOR_HOME, INDEX, type LinkLayer, type Program, QUOTED, SKB_STORE_BYTES, SKB_TC_INDEX, SUM } from "./program.js";

/** More than the queue of an uplink and a ring buffer take together. */
const MOST = 8192;
/** Stack: STAMP_SIZE bytes. */
const STAMP = SUM - 8;

/**
 * With the value of the packet's flow in r9: goes to `next`, the host's stack, or to `engine` with a packet that takes the old way, with r9 as it was.
 * r0 to r5 are lost.
 */
export function keepOrder(p: Program, f: Family, link: LinkLayer, engine: string, next: string): void {
  p.load("u32", "r1", "r9", FLOW_ORDER_AT).jumpIf("r1", "==", 0, "in order");
  p.load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, "in order");
  p.ifFirstFragment(f, "in order").load("u32", "r1", "r9", FLOW_ORDER_AT); // the later ones follow it by the uplink
  p.store("u32", "r10", INDEX, "r1").lookup("order", INDEX).jumpIf("r0", "==", 0, "in order");
  p.load("u16", "r1", "r0", ORDER_HANDED_AT).load("u16", "r2", "r0", ORDER_COUNT_AT).jumpIf("r2", "==", 0, "hand over");
  p.load("u32", "r3", "r0", ORDER_PASSED_AT).jumpIf("r1", "==", "r3", "all passed").jumpIf("r2", ">", MOST, "all passed");
  p.label("hand over");
  p.alu("add", "r2", 1).store("u16", "r0", ORDER_COUNT_AT, "r2");
  // Not 0, which is none, and not what `home` knows its packets by.
  for (const [n, not] of [0, FOR_HOME].entries()) {
    if (n === 0) p.alu("add", "r1", 1).alu("and", "r1", 0xffff);
    p.jumpIf("r1", "!=", not, `stamp ${n}`).alu("add", "r1", 1).label(`stamp ${n}`);
  }
  p.store("u16", "r0", ORDER_HANDED_AT, "r1");
  // A client's come by the stack, others by the uplink.
  p.load("u32", "r0", "r9", FLOW_INGRESS_AT).jumpIf("r0", "==", 0, "stamp");
  p.store("u32", "r6", SKB_TC_INDEX, "r1").jump(next).label("stamp");
  if (link !== "ip") {
    p.store("u32", "r10", STAMP, STAMP_MARK).store("u16", "r10", STAMP + STAMP_AT - STAMP_MARK_AT, "r1");
    p.mov("r1", "r6").mov("r2", STAMP_MARK_AT).stackPointer("r3", STAMP).mov("r4", STAMP_SIZE).mov("r5", 0).call(SKB_STORE_BYTES);
  }
  p.jump(engine);
  p.label("all passed").store("u32", "r9", FLOW_ORDER_AT, 0).label("in order");
}
