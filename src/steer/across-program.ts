/**
 * The part of the offload program (offload-program.ts) for flows whose two ends are of different families: the kernel changes the packet's header for
 * one of the other family (bpf_skb_change_proto), as `dataplane/translate.ts` does (RFC 7915 §4.1, §5.1). Segments stay together: since Linux 5.14 each
 * keeps its payload, before that the kernel makes it 20 bytes longer or shorter. What it cannot change goes to the engine as it came.
 *
 * The new header is made on the stack where the other family's programs have theirs, so the same code asks for its way.
 */
import { FLOW_HOPS_AT, FLOW6_ADDRESS_AT } from "../wire/flow-entry.js";
import { copyIfEnding } from "./copy-program.js";
import { type Family, V4, V6 } from "./family.js";
import {
  CSUM_DIFF,
  ENDING,
  ETHERNET_SIZE,
  IP_TOTAL_LENGTH,
  IP6_PAYLOAD_LENGTH,
  PLAIN_FIRST_BYTE,
  type Program,
  PSEUDO_HEADER,
  RECOMPUTE_CSUM,
  SKB_GSO_SIZE,
  SKB_STORE_BYTES,
  TCP,
  UDP_CHECKSUM,
} from "./program.js";

/** enum bpf_func_id. */
const GET_PRANDOM_U32 = 7,
  SKB_CHANGE_PROTO = 31;
/** The least that IP and UDP headers take: less is a lie. */
const MIN_TOTAL = 28;
/** As in `dataplane/translate.ts`. */
const MAY_FRAGMENT = 1260;
/** As a little-endian load sees it. */
const DONT_FRAGMENT = 0x0040;
// biome-ignore format: a table
const IP_TOS = 1, IP_ID = 4, IP_FRAGMENT = 6, IP_PROTOCOL = 9, IP_CHECKSUM = 10, IP6_NEXT_HEADER = 6;

/** With what `forwardOffloaded` has, whose checks the packet has passed; goes on at its `offload` or `offload-failed`, or at `engine`. `tap`: as for `copyIfEnding`. */
export function forwardAcross(p: Program, f: Family, engine: string, ipsec: boolean, tap: number | undefined): void {
  const other = f.version === 4 ? V6 : V4;
  const to = other.stack;
  const grown = other.ipSize - f.ipSize;
  if (f.version === 4) readTuple6(p, f, engine);
  else
    for (let i = 0; i < 12; i += 4) p.load("u32", "r1", "r9", FLOW6_ADDRESS_AT + i).store("u32", "r10", i < 8 ? to.src + i : to.l4, "r1");
  if (f.version === 4) makeHeader6(p, f, engine);
  else makeHeader4(p, f);

  p.findWay(other, "across", engine, ipsec, grown);
  copyIfEnding(p, other, "across", tap);
  p.mov("r1", "r6").mov("r2", other.ethertype).mov("r3", 0).call(SKB_CHANGE_PROTO).jumpIf("r0", "==", 0, "changed");
  // With a copy sent, the engine will not send it; its sender repeats it.
  p.load("u32", "r0", "r10", ENDING).jumpIf("r0", "==", 0, engine).jump("offload-failed").label("changed");
  p.alu("add", "r7", grown);
  p.stackPointer("r1", f.stack.src)
    .mov("r2", 2 * f.addressSize)
    .stackPointer("r3", to.src)
    .mov("r4", 2 * other.addressSize)
    .mov("r5", 0);
  p.call(CSUM_DIFF).mov("r3", 0).mov("r4", "r0").alu("lsh", "r4", 32).alu("rsh", "r4", 32);
  p.replaceSum(PSEUDO_HEADER, "across addresses").jumpIf("r0", "!=", 0, "offload-failed");
  p.load("u32", "r3", "r10", f.stack.l4).load("u32", "r4", "r10", to.l4);
  p.replaceSum(4, "across ports").jumpIf("r0", "!=", 0, "offload-failed");
  // A whole-packet checksum of the device's is to count the new header; of layer 4, ports and checksum change by the same.
  p.mov("r1", "r6").mov("r2", ETHERNET_SIZE).stackPointer("r3", to.ip).mov("r4", other.ipSize).mov("r5", RECOMPUTE_CSUM);
  p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed");
  p.mov("r1", "r6").mov("r2", "r7").stackPointer("r3", to.l4).mov("r4", 4).mov("r5", 0);
  p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed").jump("offload");
}

/** What an IPv4 packet becomes is in the map `across`. A datagram without a checksum needs one as IPv6, which is the engine's to make. */
function readTuple6(p: Program, f: Family, engine: string): void {
  const { flow, l4 } = f.stack;
  p.jumpIf("r8", "==", TCP, "has a sum")
    .load("u16", "r0", "r10", l4 + UDP_CHECKSUM)
    .jumpIf("r0", "==", 0, engine)
    .label("has a sum");
  p.lookup("across", flow).jumpIf("r0", "==", 0, engine);
  for (let i = 0; i < 32; i += 4) p.load("u32", "r1", "r0", i).store("u32", "r10", V6.stack.src + i, "r1");
  p.load("u32", "r1", "r0", 32).store("u32", "r10", V6.stack.l4, "r1");
}

/** Loads the length at `at` into r0. */
function loadLength(p: Program, at: number): void {
  p.load("u8", "r0", "r10", at)
    .alu("lsh", "r0", 8)
    .load("u8", "r1", "r10", at + 1)
    .alu("add", "r0", "r1");
}

/** Stores r0 as the length at `at`; r1 is lost. */
function storeLength(p: Program, at: number): void {
  p.mov("r1", "r0")
    .alu("rsh", "r1", 8)
    .store("u8", "r10", at, "r1")
    .store("u8", "r10", at + 1, "r0");
}

function countDown(p: Program, from: number, to: number): void {
  p.load("u8", "r1", "r9", FLOW_HOPS_AT).load("u8", "r0", "r10", from).alu("sub", "r0", "r1").store("u8", "r10", to, "r0");
}

function makeHeader6(p: Program, f: Family, engine: string): void {
  const from = f.stack.ip;
  const { ip } = V6.stack;
  p.load("u8", "r0", "r10", from + IP_TOS)
    .mov("r1", "r0")
    .alu("rsh", "r1", 4)
    .alu("or", "r1", 0x60)
    .store("u8", "r10", ip, "r1");
  p.alu("lsh", "r0", 4)
    .store("u8", "r10", ip + 1, "r0")
    .store("u16", "r10", ip + 2, 0);
  loadLength(p, from + IP_TOTAL_LENGTH);
  p.jumpIf("r0", "<", MIN_TOTAL, engine).alu("add", "r0", -V4.ipSize);
  storeLength(p, ip + IP6_PAYLOAD_LENGTH);
  p.store("u8", "r10", ip + IP6_NEXT_HEADER, "r8");
  countDown(p, from + V4.ttlAt, ip + V6.ttlAt);
}

function makeHeader4(p: Program, f: Family): void {
  const from = f.stack.ip;
  const { ip } = V4.stack;
  p.store("u8", "r10", ip, PLAIN_FIRST_BYTE);
  p.load("u8", "r0", "r10", from)
    .alu("lsh", "r0", 4)
    .load("u8", "r1", "r10", from + 1)
    .alu("rsh", "r1", 4)
    .alu("or", "r0", "r1");
  p.store("u8", "r10", ip + IP_TOS, "r0");
  loadLength(p, from + IP6_PAYLOAD_LENGTH);
  p.alu("add", "r0", V4.ipSize);
  storeLength(p, ip + IP_TOTAL_LENGTH);
  p.store("u16", "r10", ip + IP_ID, 0)
    .store("u16", "r10", ip + IP_FRAGMENT, DONT_FRAGMENT)
    .jumpIf("r0", ">", MAY_FRAGMENT, "whole as IPv4");
  p.load("u32", "r1", "r6", SKB_GSO_SIZE).jumpIf("r1", "!=", 0, "whole as IPv4").call(GET_PRANDOM_U32);
  p.store("u16", "r10", ip + IP_ID, "r0")
    .store("u16", "r10", ip + IP_FRAGMENT, 0)
    .label("whole as IPv4");
  countDown(p, from + V6.ttlAt, ip + V4.ttlAt);
  p.store("u8", "r10", ip + IP_PROTOCOL, "r8")
    .store("u16", "r10", ip + IP_CHECKSUM, 0)
    .mov("r0", 0);
  for (let i = 0; i < V4.ipSize; i += 4) p.load("u32", "r1", "r10", ip + i).alu("add", "r0", "r1");
  p.mov("r1", "r0").alu("rsh", "r1", 32).alu("lsh", "r0", 32).alu("rsh", "r0", 32).alu("add", "r0", "r1");
  for (let i = 0; i < 3; i++) p.mov("r1", "r0").alu("rsh", "r1", 16).alu("and", "r0", 0xffff).alu("add", "r0", "r1");
  p.alu("xor", "r0", 0xffff).store("u16", "r10", ip + IP_CHECKSUM, "r0");
}
