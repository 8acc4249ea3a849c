/**
 * The part of the programs that keeps packets of a flow in order when they are to change from one way to another: from the host's stack and the ring
 * buffer, where a flow's first packets go, to the uplink; or from the engine to the kernel itself. While some are on the old way, the next one takes it
 * too. Each has a stamp, by which the engine tells that it has left (`wire/order.ts`, `table/order.ts`).
 *
 * An endpoint's frames have their stamp in the source MAC, once the program has compared that (`keepInside`).
 *
 * Who never leaves a gap is not waited for for ever. Where the queue to the engine is about to be full, what would wait is carried instead, as it would be
 * lost there: by the number of its stamps that have not left (ORDER_FULL), or, of a ring buffer, when it was full. Else when few
 * are on their way after some thousand packets, and at the latest after ORDER_MOST.
 */
import { randomWord } from "../sys/random.js";
import { FLOW_INGRESS_AT, FLOW_OFFLOAD_AT, FLOW_ORDER_AT, FLOW_UPLINK_AT } from "../wire/flow-entry.js";
import {
  INSIDE_BITS,
  INSIDE_MARK,
  INSIDE_MARK_AT,
  INSIDE_PLACE_SHIFT,
  INSIDE_PORTS,
  INSIDE_STAMP_AT,
  INSIDE_STAMP_SIZE,
  insidePlace,
  ORDER_BITS,
  ORDER_BY_UPLINK_BIT,
  ORDER_FEW,
  ORDER_FULL,
  ORDER_GAPLESS,
  ORDER_HANDED_AT,
  ORDER_MOST,
  ORDER_MOST_MASK,
  ORDER_PASSED_AT,
  ORDER_TRUSTED_ONE,
  STAMP_AT,
  STAMP_ENTERED,
  STAMP_ENTERED_AT,
  STAMP_MARK,
  STAMP_MARK_AT,
  STAMP_PLACE_AT,
  STAMP_SIZE,
  TAG_PLACE_BITS,
  TAG_STAMP_BITS,
  TAG_STAMP_MASK,
} from "../wire/order.js";
import { SPREAD_FACTOR } from "../wire/spread.js";
import type { Family } from "./family.js";
import { INDEX, type Program, QUOTED, SKB_STORE_BYTES, SKB_TC_INDEX, UDP, VLAN_PUSH } from "./program.js";

/** Nobody can reckon with whom he shares a place. All programs are made by one process. */
const KEY = randomWord();

/** Stack: STAMP_SIZE bytes, words where words can be written. */
const STAMP = -474;
/** ETH_P_8021AD, as the kernel takes it from a program. */
const SERVICE_TAG = 0xa888;
/** The same of INSIDE_STAMP_SIZE bytes, in the programs of endpoints, which have no other. */
const INSIDE_STAMP = -464;

/** INDEX = place of what goes to the worker by the uplink, or by the ring buffer: a share of its places by the packet's ends. r0 and r1 are lost. */
function placeOf(p: Program, f: Family, worker: number, way: "ring" | "uplink"): void {
  const { l4, src, dst } = f.stack;
  const last = f.addressSize - 4; // the rest of an IPv6 address is the same for most
  // The key goes in first, and through a product: whom one would share a place with does not follow from addresses and ports.
  p.load("u32", "r0", "r10", src + last).alu("xor", "r0", KEY);
  p.alu("mul", "r0", SPREAD_FACTOR | 0)
    .alu("lsh", "r0", 32)
    .alu("rsh", "r0", 32);
  p.mov("r1", "r0").alu("rsh", "r1", 16).alu("xor", "r0", "r1");
  p.load("u32", "r1", "r10", dst + last).alu("xor", "r0", "r1");
  p.load("u32", "r1", "r10", l4)
    .alu("xor", "r0", "r1")
    .alu("mul", "r0", SPREAD_FACTOR | 0)
    .alu("lsh", "r0", 32)
    .alu("rsh", "r0", 64 - ORDER_BITS);
  p.alu("add", "r0", (worker * 2 + (way === "ring" ? 0 : 1)) << ORDER_BITS).store("u32", "r10", INDEX, "r0");
}

/** STAMP = the next stamp of the place in INDEX, whose value is at r0; but for STAMP_ENTERED_AT. r1 is lost. */
function nextStamp(p: Program): void {
  p.load("u32", "r1", "r0", ORDER_HANDED_AT).alu("add", "r1", 1).store("u32", "r0", ORDER_HANDED_AT, "r1");
  p.store("u32", "r10", STAMP + STAMP_AT, "r1").store("u32", "r10", STAMP + STAMP_MARK_AT, STAMP_MARK);
  p.load("u32", "r1", "r10", INDEX).store("u16", "r10", STAMP + STAMP_PLACE_AT, "r1");
}

/** Writes STAMP into the packet, whose Ethernet addresses nobody reads any more. r0 to r5 are lost. */
function writeStamp(p: Program): void {
  p.mov("r1", "r6").mov("r2", 0).stackPointer("r3", STAMP).mov("r4", STAMP_SIZE).mov("r5", 0).call(SKB_STORE_BYTES);
}

/** Whose packets are kept in order, and how. */
export interface InsideOrder {
  workers: number;
  /** Where on the stack the number of the engine's port is by which they come. */
  port: number;
  /** The stamp is a tag, not in the source MAC. */
  tagged?: boolean;
}

/** INDEX = one of a port's places, of the worker in r0, by what is in r1. r0 to r2 are lost. */
export function placeInside(p: Program, { workers, port, tagged = false }: InsideOrder): void {
  if (workers > 1) p.alu("mul", "r0", INSIDE_PORTS).load("u32", "r2", "r10", port).alu("add", "r0", "r2");
  else p.load("u32", "r0", "r10", port);
  p.alu("lsh", "r0", INSIDE_BITS)
    .alu("mul", "r1", SPREAD_FACTOR | 0)
    .alu("lsh", "r1", 32)
    .alu("rsh", "r1", 64 - (tagged ? TAG_PLACE_BITS : INSIDE_BITS));
  p.alu("add", "r0", "r1")
    .alu("add", "r0", insidePlace(workers, 0, 0))
    .store("u32", "r10", INDEX, "r0");
}

/**
 * With the place in INDEX, and in r9 the value of the entry, or 0 if there is none: goes to `engine` with a stamp, or on if all have left. `waiting`: offset in the value of
 * what FLOW_ORDER_AT says. `carried`: of a byte that is 0 while nothing is carried, whatever has left. `trusted`: ORDER_TRUSTED, where the entry asks again for so many
 * frames that are carried. r0 to r5 are lost.
 */
export function waitInside(
  p: Program,
  name: string,
  { waiting, carried, trusted = 0, tagged = false }: { waiting: number; carried?: number; trusted?: number; tagged?: boolean },
  engine: string,
): void {
  const mask = tagged ? TAG_STAMP_MASK : 0xffff;
  const [stamp, waits, left, store] = [`${name} stamp`, `${name} waits`, `${name} left`, `${name} store`];
  const [allPassed, over, most] = [`${name} all passed`, `${name} over`, `${name} most`];
  p.lookup("order", INDEX).jumpIf("r0", "==", 0, engine).jumpIf("r9", "==", 0, stamp);
  if (carried !== undefined) p.load("u8", "r1", "r9", carried).jumpIf("r1", "==", 0, stamp);
  // A place that nothing has been at says nothing: the program before this one, which carried nothing, gave no stamps.
  p.load("u32", "r2", "r9", waiting).load("u32", "r1", "r0", ORDER_HANDED_AT).jumpIf("r1", "==", 0, waits);
  // In this order: else what another CPU hands over meanwhile, and has left at once, would be before it.
  p.load("u16", "r3", "r0", ORDER_PASSED_AT).load("u16", "r1", "r0", ORDER_HANDED_AT);
  p.alu("sub", "r1", "r3").alu("and", "r1", mask).jumpIf("r1", "==", 0, allPassed).jumpIf("r1", ">", ORDER_FULL, over).label(waits);
  // Another CPU may have found just now that all have left: below 0 there would be no end to it.
  p.jumpIf("r2", "==", 0, stamp).alu("sub", "r2", 1).mov("r1", "r2").alu("and", "r1", ORDER_MOST_MASK);
  p.jumpIf("r1", ">", ORDER_GAPLESS, left).jumpIf("r1", "==", 0, most);
  p.load("u16", "r3", "r0", ORDER_PASSED_AT).load("u16", "r1", "r0", ORDER_HANDED_AT);
  p.alu("sub", "r1", "r3").alu("and", "r1", mask).jumpIf("r1", ">", ORDER_FEW, left).label(most).mov("r2", 0);
  p.jump(store).label(left);
  if (trusted > 0) p.alu("or", "r2", trusted);
  p.label(store).store("u32", "r9", waiting, "r2").label(stamp);
  p.load("u32", "r1", "r0", ORDER_HANDED_AT).alu("add", "r1", 1).store("u32", "r0", ORDER_HANDED_AT, "r1");
  if (tagged) pushStamp(p);
  else writeInside(p);
  p.jump(engine).label(allPassed);
  if (trusted === 0) {
    p.label(over).store("u32", "r9", waiting, 0);
    return;
  }
  const [again, done] = [`${name} again`, `${name} done`];
  p.jumpIf("r2", ">", 2 * ORDER_TRUSTED_ONE - 1, again)
    .label(over)
    .store("u32", "r9", waiting, 0)
    .jump(done);
  p.label(again).alu("sub", "r2", ORDER_TRUSTED_ONE).store("u32", "r9", waiting, "r2").label(done);
}

/** Writes the stamp in r1, of the place in INDEX, as the packet's source MAC. r0 to r5 are lost. */
function writeInside(p: Program): void {
  p.store("u16", "r10", INSIDE_STAMP + INSIDE_STAMP_AT - INSIDE_MARK_AT, "r1");
  p.load("u32", "r1", "r10", INDEX)
    .alu("and", "r1", (1 << INSIDE_BITS) - 1)
    .alu("lsh", "r1", INSIDE_PLACE_SHIFT);
  p.alu("or", "r1", INSIDE_MARK).store("u32", "r10", INSIDE_STAMP, "r1");
  p.mov("r1", "r6")
    .mov("r2", INSIDE_MARK_AT)
    .stackPointer("r3", INSIDE_STAMP)
    .mov("r4", INSIDE_STAMP_SIZE)
    .mov("r5", 0)
    .call(SKB_STORE_BYTES);
}

/** The same as a tag, which is no part of the packet's bytes yet. */
function pushStamp(p: Program): void {
  p.load("u32", "r3", "r10", INDEX)
    .alu("and", "r3", (1 << TAG_PLACE_BITS) - 1)
    .alu("lsh", "r3", TAG_STAMP_BITS);
  p.alu("and", "r1", TAG_STAMP_MASK).alu("or", "r3", "r1").mov("r1", "r6").mov("r2", SERVICE_TAG).call(VLAN_PUSH);
}

/**
 * With the value of an endpoint's flow in r9, or 0 if it has none: goes to `engine` with a packet that is not carried yet, with a stamp, if it is a datagram or others
 * wait. r0 to r5 are lost.
 */
export function keepInside(p: Program, f: Family, order: InsideOrder, engine: string): void {
  const { l4, dst } = f.stack;
  p.jumpIf("r9", "==", 0, "not entered").load("u32", "r1", "r9", FLOW_ORDER_AT).jumpIf("r1", "!=", 0, "young").jump("in order");
  p.label("not entered").jumpIf("r8", "!=", UDP, engine).label("young").ifFirstFragment(f, engine);
  // As queue-program.ts.
  if (order.workers > 1) p.spread(f, dst, l4 + 2, order.workers);
  p.load("u32", "r1", "r10", dst + f.addressSize - 4)
    .load("u32", "r2", "r10", l4)
    .alu("xor", "r1", "r2");
  placeInside(p, order);
  // What somebody looks at is not carried now (`engine/withhold.ts`), but may be again.
  waitInside(p, "flow", { waiting: FLOW_ORDER_AT, carried: FLOW_OFFLOAD_AT }, engine);
  p.label("in order");
}

/** For the socket that holds a port: STAMP = the next stamp of what goes to the worker by its ring buffer. r0 to r5 are lost. */
export function stampAccepted(p: Program, f: Family, worker: number, otherwise: string): void {
  placeOf(p, f, worker, "ring");
  p.lookup("order", INDEX).jumpIf("r0", "==", 0, otherwise);
  nextStamp(p);
  // Whether `steer` knows its flow.
  p.load("u32", "r1", "r6", SKB_TC_INDEX).store("u16", "r10", STAMP + STAMP_ENTERED_AT, "r1");
}

/** With the place of a packet in INDEX for which the worker's ring buffer has no room: the next one of its flow does not wait, if the flow is entered. r0 to r5 are lost. */
export function stampLost(p: Program): void {
  p.lookup("order", INDEX)
    .jumpIf("r0", "==", 0, "no place")
    .load("u32", "r1", "r0", ORDER_HANDED_AT)
    .store("u32", "r0", ORDER_PASSED_AT, "r1");
  p.label("no place");
}

/** STAMP as the Ethernet addresses of a frame at `base` + `at`. r1 is lost. */
export function copyStamp(p: Program, base: "r9", at: number): void {
  p.load("u16", "r1", "r10", STAMP).store("u16", base, at, "r1");
  for (const word of [STAMP_MARK_AT, STAMP_AT]) p.load("u32", "r1", "r10", STAMP + word).store("u32", base, at + word, "r1");
  p.load("u16", "r1", "r10", STAMP + STAMP_PLACE_AT).store("u16", base, at + STAMP_PLACE_AT, "r1");
}

/** Stamps a datagram that goes to the worker by its uplink and has no entry, unless it comes in fragments, as `keepOrder` does. r0 to r5 are lost. */
export function stampNew(p: Program, f: Family, worker: number, next: string): void {
  p.jumpIf("r8", "!=", UDP, next).load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, next).ifFirstFragment(f, next);
  placeOf(p, f, worker, "uplink");
  p.lookup("order", INDEX)
    .jumpIf("r0", "==", 0, next)
    .store("u16", "r10", STAMP + STAMP_ENTERED_AT, 0);
  nextStamp(p);
  writeStamp(p);
}

/**
 * With the value of the packet's flow in r9: goes to `next`, the host's stack, or to `engine` with a packet that takes the old way, with r9 as it was.
 * r0 to r5 are lost. `uplinks`: interface indices, one a worker. `offloads`: the entry may say that the packet is carried.
 */
export function keepOrder(p: Program, f: Family, uplinks: readonly number[], offloads: boolean, engine: string, next: string): void {
  p.load("u32", "r1", "r9", FLOW_ORDER_AT).jumpIf("r1", "==", 0, "in order");
  p.load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, "in order");
  if (!offloads) oldWay(p).jumpIf("r2", "==", 0, "in order");
  p.ifFirstFragment(f, "in order"); // the later ones follow it by the uplink
  oldWay(p);
  for (const [worker, uplink] of uplinks.entries()) {
    const isLast = worker === uplinks.length - 1;
    if (!isLast) p.load("u32", "r1", "r9", FLOW_UPLINK_AT).jumpIf("r1", "!=", uplink, `not worker ${worker}`);
    p.jumpIf("r2", "==", 0, `uplink ${worker}`);
    placeOf(p, f, worker, "ring");
    p.jump("placed").label(`uplink ${worker}`);
    placeOf(p, f, worker, "uplink");
    if (!isLast) p.jump("placed").label(`not worker ${worker}`);
  }
  p.label("placed").lookup("order", INDEX).jumpIf("r0", "==", 0, "in order");
  oldWay(p).load("u32", "r3", "r0", ORDER_PASSED_AT).load("u32", "r1", "r0", ORDER_HANDED_AT);
  p.jumpIf("r1", "==", "r3", "none waits").jumpIf("r2", "!=", 0, "waits");
  p.alu("sub", "r1", "r3").alu("lsh", "r1", 32).alu("rsh", "r1", 32).jumpIf("r1", ">", ORDER_FULL, "carried").jump("waits");
  // What the engine has not entered to be carried keeps its stamps.
  p.label("none waits").jumpIf("r2", "!=", 0, "all passed").label("carried");
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "!=", 0, "all passed").label("waits");
  // Another CPU may have found just now that all have left: below 0 there would be no end to it.
  p.load("u32", "r1", "r9", FLOW_ORDER_AT)
    .mov("r3", "r1")
    .alu("lsh", "r3", 64 - ORDER_BY_UPLINK_BIT)
    .alu("rsh", "r3", 64 - ORDER_BY_UPLINK_BIT)
    .jumpIf("r3", "==", 0, "all passed")
    .jumpIf("r3", ">", ORDER_GAPLESS, "wait");
  p.load("u32", "r3", "r0", ORDER_PASSED_AT).load("u32", "r4", "r0", ORDER_HANDED_AT);
  p.alu("sub", "r4", "r3")
    .alu("lsh", "r4", 32)
    .alu("rsh", "r4", 32)
    .jumpIf("r4", "<", ORDER_FEW + 1, "all passed");
  p.label("wait").alu("sub", "r1", 1).store("u32", "r9", FLOW_ORDER_AT, "r1");
  p.jumpIf("r2", "==", 0, "by the uplink").mov("r1", STAMP_ENTERED).store("u32", "r6", SKB_TC_INDEX, "r1").jump(next);
  p.label("by the uplink").store("u16", "r10", STAMP + STAMP_ENTERED_AT, STAMP_ENTERED);
  nextStamp(p);
  writeStamp(p);
  p.jump(engine);
  p.label("all passed").store("u32", "r9", FLOW_ORDER_AT, 0).label("in order");
}

/**
 * With the value of the packet's flow in r9: r2 = 0 if the old way of its packets is the uplink, carried or not; else they come by the stack and the ring buffer, and have an
 * interface index in their entry. r1 is lost.
 */
function oldWay(p: Program): Program {
  p.load("u32", "r1", "r9", FLOW_ORDER_AT).alu("rsh", "r1", ORDER_BY_UPLINK_BIT).alu("sub", "r1", 1);
  return p.load("u32", "r2", "r9", FLOW_INGRESS_AT).alu("and", "r2", "r1");
}

/** In the value of an entry on the stack: what it is about waits, if it is a datagram. */
export function startOrder(p: Program, value: number, next: string): void {
  p.jumpIf("r8", "!=", UDP, next)
    .store("u32", "r10", value + FLOW_ORDER_AT, ORDER_MOST)
    .label(next);
}
