/**
 * The part of `steer` that forwards the packets of an offloaded flow in the kernel, so that they do not cross into userspace. The engine has
 * decided: the rewrite is in the flow's entry of `flows`. The way out is the one that `emit` would find.
 *
 * One end is rewritten, source or destination: the flow is one of a published port whose client keeps its address.
 *
 * A packet that may need another decision goes to the engine: a segment with SYN, FIN or RST, IP options, a fragment, a TTL that ends here,
 * a length that lies, an ICMP error, and a packet that has no route or does not fit the way out.
 */
import {
  FLOW_ADDRESS_AT,
  FLOW_BYTES_AT,
  FLOW_OFFLOAD_AT,
  FLOW_PACKETS_AT,
  FLOW_PORT_AT,
  FLOW_SEEN_AT,
  OFFLOAD_DESTINATION,
} from "../wire/flow-entry.js";
import {
  ETHERNET_SIZE,
  FIB_NO_NEIGH,
  FIB_SUCCESS,
  FLOW_DST,
  FLOW_PORTS,
  FLOW_SRC,
  INDEX,
  IP,
  IP_DST,
  IP_FRAGMENT,
  IP_SRC,
  L4,
  MORE_FRAGMENTS,
  type Program,
  QUOTED,
  SENDER,
  SKB_LEN,
  SKB_STORE_BYTES,
  TC_ACT_SHOT,
  TCP,
  TCP_FLAGS,
} from "./program.js";

/** enum bpf_func_id. KTIME_GET_COARSE_NS: Linux 5.11. */
// biome-ignore format: a table
const L4_CSUM_REPLACE = 11, KTIME_GET_COARSE_NS = 160;
/** Flags of l4_csum_replace: UDP's 0 is "no checksum" and never a sum; the changed bytes are in the pseudo-header. */
const MARK_MANGLED_0 = 0x20,
  PSEUDO_HEADER = 0x10;
// biome-ignore format: a table
const PLAIN_FIRST_BYTE = 0x45, IP_TOTAL_LENGTH = 2, IP_TTL = 8, IP_CHECKSUM = 10, TCP_CHECKSUM = 16, UDP_CHECKSUM = 6,
  FIN_SYN_RST = 0x07, NANOSECONDS = 1_000_000_000;

/** With the packet's headers in IP and L4, r7 = offset of layer 4, r8 = protocol, r9 = value of its flow; goes to `engine` with r9 as it was. */
export function forwardOffloaded(p: Program, engine: string, ipsec: boolean): void {
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", 0, engine);
  p.load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, engine);
  p.load("u8", "r0", "r10", IP).jumpIf("r0", "!=", PLAIN_FIRST_BYTE, engine);
  p.load("u16", "r0", "r10", IP + IP_FRAGMENT)
    .alu("and", "r0", MORE_FRAGMENTS)
    .jumpIf("r0", "!=", 0, engine);
  p.load("u8", "r0", "r10", IP + IP_TTL).jumpIf("r0", "<", 2, engine);
  p.load("u8", "r0", "r10", IP + IP_TOTAL_LENGTH)
    .alu("lsh", "r0", 8)
    .load("u8", "r1", "r10", IP + IP_TOTAL_LENGTH + 1);
  p.alu("add", "r0", "r1").alu("add", "r0", ETHERNET_SIZE).load("u32", "r1", "r6", SKB_LEN).jumpIf("r0", ">", "r1", engine);
  p.jumpIf("r8", "!=", TCP, "not-turning").mov("r2", "r7").alu("add", "r2", TCP_FLAGS).loadBytes("r2", INDEX, 1, engine);
  p.load("u8", "r0", "r10", INDEX).alu("and", "r0", FIN_SYN_RST).jumpIf("r0", "!=", 0, engine);
  p.label("not-turning").lookup("locals", SENDER).jumpIf("r0", "!=", 0, engine);

  // The headers on the stack as they are to become; those of the packet stay until the way out is known.
  p.clearRoute();
  p.load("u32", "r2", "r9", FLOW_ADDRESS_AT).load("u16", "r3", "r9", FLOW_PORT_AT);
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", OFFLOAD_DESTINATION, "destination");
  p.store("u32", "r10", IP + IP_SRC, "r2")
    .store("u16", "r10", L4, "r3")
    .load("u32", "r1", "r10", FLOW_DST)
    .jump("rewritten");
  p.label("destination")
    .store("u32", "r10", IP + IP_DST, "r2")
    .store("u16", "r10", L4 + 2, "r3")
    .load("u32", "r1", "r10", FLOW_SRC);
  p.label("rewritten");
  // RFC 1624, equation 3, with r1 the old address, r2 the new one; TTL is the low byte of its 16 bits, so one less adds 0xfffe.
  p.alu("xor", "r1", -1).alu("lsh", "r1", 32).alu("rsh", "r1", 32);
  p.load("u16", "r0", "r10", IP + IP_CHECKSUM)
    .alu("xor", "r0", 0xffff)
    .alu("add", "r0", "r1")
    .alu("add", "r0", "r2")
    .alu("add", "r0", 0xfffe);
  for (let i = 0; i < 3; i++) p.mov("r1", "r0").alu("rsh", "r1", 16).alu("and", "r0", 0xffff).alu("add", "r0", "r1");
  p.alu("xor", "r0", 0xffff).store("u16", "r10", IP + IP_CHECKSUM, "r0");
  p.load("u8", "r0", "r10", IP + IP_TTL)
    .alu("add", "r0", -1)
    .store("u8", "r10", IP + IP_TTL, "r0");

  p.load("u32", "r1", "r9", 0).routePorts().route("r1", "offload-answered");
  p.jumpIf("r0", "==", FIB_SUCCESS, "rewrite").jumpIf("r0", "!=", FIB_NO_NEIGH, engine);
  p.routeDevice("r1").load("u32", "r2", "r9", 0).jumpIf("r1", "==", "r2", engine);

  p.label("rewrite");
  if (ipsec) p.lookupIpsec(IP + IP_DST).jumpIf("r0", "!=", 0, engine);
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", OFFLOAD_DESTINATION, "rewrite-destination");
  rewriteEnd(p, "source", { address: IP + IP_SRC, port: L4, portAt: 0, oldAddress: FLOW_DST, oldPort: FLOW_PORTS + 2 });
  p.label("rewrite-destination");
  rewriteEnd(p, "destination", { address: IP + IP_DST, port: L4 + 2, portAt: 2, oldAddress: FLOW_SRC, oldPort: FLOW_PORTS });

  p.label("offload").mov("r1", 1).atomicAdd("r9", FLOW_PACKETS_AT, "r1");
  p.load("u32", "r1", "r6", SKB_LEN).atomicAdd("r9", FLOW_BYTES_AT, "r1");
  p.call(KTIME_GET_COARSE_NS).alu("div", "r0", NANOSECONDS).store("u32", "r9", FLOW_SEEN_AT, "r0");
  p.routeDevice("r7").choose("offloaded").count("offload-counted").sendTo("r7");
  p.label("offload-failed").choose("offload-failed").count("offload-dropped").answer(TC_ACT_SHOT);
}

/** Where one end's address and port are: on the stack the new ones, in FLOW the old ones, and the port in layer 4. */
interface End {
  address: number;
  port: number;
  portAt: number;
  oldAddress: number;
  oldPort: number;
}

/** Writes the headers into the packet; goes on at `offload`, or at `offload-failed`. */
function rewriteEnd(p: Program, name: string, end: End): void {
  const store = (at: () => Program, from: number, size: number): Program => {
    p.mov("r1", "r6");
    at().stackPointer("r3", from).mov("r4", size).mov("r5", 0);
    return p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed");
  };
  /** Adds the change from `old` to `fresh`, raw bytes on the stack, to layer 4's checksum. */
  const checksum = (size: "u16" | "u32", old: number, fresh: number, flags: number, done: string): void => {
    p.mov("r1", "r6").mov("r2", "r7").load(size, "r3", "r10", old).load(size, "r4", "r10", fresh);
    p.alu("add", "r2", TCP_CHECKSUM).mov("r5", flags).jumpIf("r8", "==", TCP, done);
    p.alu("add", "r2", UDP_CHECKSUM - TCP_CHECKSUM).mov("r5", flags | MARK_MANGLED_0);
    p.label(done).call(L4_CSUM_REPLACE).jumpIf("r0", "!=", 0, "offload-failed");
  };
  checksum("u32", end.oldAddress, end.address, PSEUDO_HEADER | 4, `${name}-address`);
  // TTL, checksum and addresses: their sum stays the same, so a whole-packet checksum of the device's does too.
  store(() => p.mov("r2", ETHERNET_SIZE + IP_TTL), IP + IP_TTL, 12);
  p.load("u16", "r3", "r10", end.oldPort).load("u16", "r4", "r10", end.port).jumpIf("r3", "==", "r4", "offload");
  checksum("u16", end.oldPort, end.port, 2, `${name}-port`);
  store(() => p.mov("r2", "r7").alu("add", "r2", end.portAt), end.port, 2).jump("offload");
}
