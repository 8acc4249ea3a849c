/**
 * How the programs that carry rewrite a packet: one end of it on the stack, before its way out is known, and then in the packet; with the checksums of IP
 * and of layer 4. Both ends: offload-program.ts; another family: across-program.ts.
 */
import { FLOW_OFFLOAD_AT, FLOW_PORT_AT, OFFLOAD_DESTINATION } from "../wire/flow-entry.js";
import type { Family } from "./family.js";
import { CSUM_DIFF, ETHERNET_SIZE, type Program, PSEUDO_HEADER, RECOMPUTE_CSUM, SKB_STORE_BYTES } from "./program.js";

export const IP_CHECKSUM = 10,
  PORTS_SIZE = 4;

/** r0 = its 16-bit one's complement sum, complemented; r1 is lost. */
export function foldSum(p: Program): void {
  for (let i = 0; i < 3; i++) p.mov("r1", "r0").alu("rsh", "r1", 16).alu("and", "r0", 0xffff).alu("add", "r0", "r1");
  p.alu("xor", "r0", 0xffff);
}

export function rewriteOnStack4(p: Program, f: Family): void {
  const { ip, l4, src, dst, flowSrc, flowDst } = f.stack;
  p.load("u32", "r2", "r9", f.flowAddressAt).load("u16", "r3", "r9", FLOW_PORT_AT);
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", OFFLOAD_DESTINATION, "destination");
  p.store("u32", "r10", src, "r2").store("u16", "r10", l4, "r3").load("u32", "r1", "r10", flowDst).jump("rewritten");
  p.label("destination")
    .store("u32", "r10", dst, "r2")
    .store("u16", "r10", l4 + 2, "r3")
    .load("u32", "r1", "r10", flowSrc);
  p.label("rewritten");
  // RFC 1624, equation 3, with r1 the old address, r2 the new one; TTL is the low byte of its 16 bits, so one less adds 0xfffe.
  p.alu("xor", "r1", -1).alu("lsh", "r1", 32).alu("rsh", "r1", 32);
  p.load("u16", "r0", "r10", ip + IP_CHECKSUM)
    .alu("xor", "r0", 0xffff)
    .alu("add", "r0", "r1")
    .alu("add", "r0", "r2")
    .alu("add", "r0", 0xfffe);
  foldSum(p);
  p.store("u16", "r10", ip + IP_CHECKSUM, "r0");
  countDown(p, f);
}

export function rewriteOnStack6(p: Program, f: Family): void {
  const { l4, src, dst } = f.stack;
  const end = (address: number, port: number): void => {
    for (let i = 0; i < 16; i += 4) p.load("u32", "r0", "r9", f.flowAddressAt + i).store("u32", "r10", address + i, "r0");
    p.load("u16", "r0", "r9", FLOW_PORT_AT).store("u16", "r10", port, "r0");
  };
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", OFFLOAD_DESTINATION, "destination");
  end(src, l4);
  p.jump("rewritten").label("destination");
  end(dst, l4 + 2);
  p.label("rewritten");
  countDown(p, f);
}

function countDown(p: Program, f: Family): void {
  p.load("u8", "r0", "r10", f.stack.ip + f.ttlAt)
    .alu("add", "r0", -1)
    .store("u8", "r10", f.stack.ip + f.ttlAt, "r0");
}

/** Where one end's address and port are: on the stack the new ones, in the flow's key the old ones, and the port in layer 4. */
interface End {
  address: number;
  port: number;
  portAt: number;
  oldAddress: number;
  oldPort: number;
}

/** Writes the headers into the packet; goes on at `offload`, or at `offload-failed`. */
export function rewriteEnd(p: Program, f: Family, name: string, end: End): void {
  const store = (at: () => Program, from: number, size: number, flags = 0): Program => {
    p.mov("r1", "r6");
    at().stackPointer("r3", from).mov("r4", size).mov("r5", flags);
    return p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed");
  };
  /** Adds the change from `old` to `fresh`, raw bytes on the stack. */
  const checksum = (size: "u16" | "u32", old: number, fresh: number, flags: number, done: string): void => {
    p.load(size, "r3", "r10", old).load(size, "r4", "r10", fresh);
    p.replaceSum(flags, done).jumpIf("r0", "!=", 0, "offload-failed");
  };
  if (f.version === 4) {
    checksum("u32", end.oldAddress, end.address, PSEUDO_HEADER | 4, `${name}-address`);
  } else {
    p.stackPointer("r1", end.oldAddress).mov("r2", 16).stackPointer("r3", end.address).mov("r4", 16).mov("r5", 0).call(CSUM_DIFF);
    p.mov("r3", 0).mov("r4", "r0").alu("lsh", "r4", 32).alu("rsh", "r4", 32);
    p.replaceSum(PSEUDO_HEADER, `${name}-address`).jumpIf("r0", "!=", 0, "offload-failed");
  }
  // A whole-packet checksum of the device's: IPv4's TTL, checksum and addresses keep their sum, and l4_csum_replace reckons with that. IPv6 has no
  // checksum in its header, so the change of the rest is to be counted too.
  const { ip } = f.stack;
  if (f.version === 4) storeToPorts4(p, f);
  else store(() => p.mov("r2", ETHERNET_SIZE + f.ttlAt), ip + f.ttlAt, f.ipSize - f.ttlAt, RECOMPUTE_CSUM);
  p.load("u16", "r3", "r10", end.oldPort).load("u16", "r4", "r10", end.port).jumpIf("r3", "==", "r4", "offload");
  checksum("u16", end.oldPort, end.port, 2, `${name}-port`);
  if (f.version === 6) store(() => p.mov("r2", "r7").alu("add", "r2", end.portAt), end.port, 2);
  p.jump("offload");
}

/** Writes TTL, checksum, addresses and ports of an IPv4 packet without options: they lie on the stack as in the packet. Goes on, or at `offload-failed`. */
export function storeToPorts4(p: Program, f: Family): void {
  const from = f.stack.ip + f.ttlAt;
  p.mov("r1", "r6")
    .mov("r2", ETHERNET_SIZE + f.ttlAt)
    .stackPointer("r3", from)
    .mov("r4", f.stack.l4 + PORTS_SIZE - from)
    .mov("r5", 0);
  p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed");
}
