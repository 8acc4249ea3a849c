/**
 * `emit`, for the ingress of an uplink: frames that the engine wrote. Needs `forwarding` on the uplink, else `fib_lookup` answers nothing.
 *
 * What is for the host itself goes in again by its loopback device, as from a program on the host (home-program.ts).
 * What IPsec policies of the host may want to encrypt, or to drop, the stack is to forward: it alone knows.
 * What the lookup has no device for goes on to the host's own stack, which does what a router does (fragments, answers "unreachable").
 *
 * Link-local addresses are never forwarded, and many devices have the same ones: a client that has one is answered through the interface
 * of its entry in `flows6`, the one that the host's kernel accepted it from.
 */

import { TYPE_RETURNED } from "../wire/ethernet.js";
import {
  ASK_ADDRESS_AT,
  ASK_INGRESS_AT,
  ASK_PORT_AT,
  ASK_PORT_END_AT,
  FLAG_CLIENT,
  FLAG_INSIDE,
  FLAG_OFFLOAD,
  FLAG_PAIR,
  FLAG_RECORD,
  FLOW_ADDRESS_AT,
  FLOW_CARRIED_AT,
  FLOW_INGRESS_AT,
  FLOW_OFFLOAD_AT,
  FLOW_ORDER_AT,
  FLOW_PORT_AT,
  FLOW_UPLINK_AT,
  OFFLOAD_DESTINATION,
  OFFLOAD_SOURCE,
} from "../wire/flow-entry.js";
import { type Family, V4, V6 } from "./family.js";
import { startOrder } from "./order-program.js";
import { passBridge } from "./past-bridge-program.js";
import {
  type Counter,
  ETHERNET_SIZE,
  ETHERTYPE,
  FOR_HOME,
  FRAME_AT,
  ICMP_ID,
  INDEX,
  IP_FRAGMENT,
  LINK_LOCAL,
  LINK_LOCAL_MASK,
  LOOPBACK,
  type MapFds,
  Program,
  REDIRECT,
  REDIRECT_INGRESS,
  SCTP,
  SKB_GSO_SIZE,
  SKB_PROTOCOL,
  SKB_STORE_BYTES,
  SKB_TC_INDEX,
  TC_ACT_OK,
  TC_ACT_SHOT,
  TCP,
  UDP,
} from "./program.js";
import {
  FIB_BLACKHOLE,
  FIB_FRAG_NEEDED,
  FIB_FWD_DISABLED,
  FIB_NO_NEIGH,
  FIB_NOT_FWDED,
  FIB_PROHIBIT,
  FIB_SUCCESS,
  FIB_UNREACHABLE,
} from "./route-program.js";

/** As a little-endian load sees it. */
const DONT_FRAGMENT = 0x0040;
/** Stack: bytes ASK_PORT_AT to ASK_PORT_END_AT of the frame, words where words can be read. */
const ASK = -206,
  ASK_SIZE = ASK_PORT_END_AT - ASK_PORT_AT + 1;
/** Flags by which something is entered. */
const RECORDS = FLAG_RECORD | FLAG_CLIENT | FLAG_OFFLOAD | FLAG_INSIDE | FLAG_PAIR;

/**
 * `ipsec`: the kernel has it, so there may be policies. `ipv6`: the kernel has it. `givesBack`: to the engine what it is to deal with; else the host's stack
 * gets that too, and fragments, say, what is too long. `pastBridge`: to the containers in the map `peers`.
 */
export function emitProgram(
  uplinkIfindex: number,
  maps: MapFds,
  { ipsec = false, ipv6 = false, givesBack = true, pastBridge = false } = {},
): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, ipv6 ? "other" : "malformed");
  emitFamily(p, V4, uplinkIfindex, { ipsec, givesBack, pastBridge });
  if (!ipv6) return p.assemble();
  p.label("other").section("IPv6").jumpIf("r0", "!=", V6.ethertype, "malformed");
  emitFamily(p, V6, uplinkIfindex, { ipsec, givesBack, pastBridge });
  return p.assemble();
}

function emitFamily(
  p: Program,
  f: Family,
  uplinkIfindex: number,
  { ipsec, givesBack, pastBridge }: { ipsec: boolean; givesBack: boolean; pastBridge: boolean },
): void {
  const { ip, l4, src, dst, flow, flowSrc, flowDst, flowPorts, flowProto, value, whose, wayIn } = f.stack;
  /** Bytes FRAME_AT and up of the frame, so that its IP header lies at `ip`. */
  const frame = ip - (ETHERNET_SIZE - FRAME_AT);
  p.loadBytes(FRAME_AT, frame, ETHERNET_SIZE - FRAME_AT + f.ipSize, "malformed");
  p.clearRoute().routeLength(f, "length known", "malformed", false);
  if (f.version === 6) p.zero(flow, f.keySize);

  // Whose way it goes: its own source's, or that of the endpoint it is from.
  p.copyAddress(f, whose, src)
    .store("u32", "r10", wayIn, uplinkIfindex)
    .store("u8", "r10", ASK + ASK_PORT_AT, 0) // without CAP_PERFMON the verifier wants all set that is read, though it is not looked at
    .store("u8", "r10", ASK + ASK_PORT_END_AT, 0)
    .load("u8", "r9", "r10", frame)
    .alu("and", "r9", FLAG_INSIDE)
    .jumpIf("r9", "==", 0, "whose");
  p.loadBytes(ASK_PORT_AT, ASK + ASK_PORT_AT, ASK_SIZE, "malformed");
  if (f.version === 4) p.copyAddress(f, whose, ASK + ASK_ADDRESS_AT);
  else {
    p.copy("u32", INDEX, ASK + ASK_ADDRESS_AT)
      .lookup("inside6", INDEX)
      .jumpIf("r0", "==", 0, "whose");
    for (let i = 0; i < 16; i += 4) p.load("u32", "r1", "r0", i).store("u32", "r10", whose + i, "r1");
  }
  p.load("u32", "r0", "r10", ASK + ASK_INGRESS_AT)
    .jumpIf("r0", "==", 0, "whose")
    .store("u32", "r10", wayIn, "r0")
    .label("whose");

  // A later fragment has no ports, and is not recorded.
  p.mov("r7", ETHERNET_SIZE).layer4(f, { loaded: false, found: "parsed", later: "route", otherwise: "route" });
  p.jumpIf("r8", "==", f.icmp, "icmp").jumpIf("r8", "==", TCP, "ports").jumpIf("r8", "==", SCTP, "ports").jumpIf("r8", "!=", UDP, "route");
  p.label("ports").routeLength(f, "segments known", "malformed").routePorts(f).copy("u32", flowPorts, l4);
  p.load("u8", "r9", "r10", frame).alu("and", "r9", FLAG_INSIDE).jumpIf("r9", "==", 0, "record");
  p.copy("u8", INDEX, ASK + ASK_PORT_AT)
    .copy("u8", INDEX + 1, ASK + ASK_PORT_END_AT)
    .routeSourcePort(INDEX)
    .jump("record");
  p.label("icmp").load("u8", "r0", "r10", l4);
  for (const type of [...f.queryReplies, ...f.queryRequests]) p.jumpIf("r0", "==", type, "query");
  p.jump("route");
  p.label("query")
    .copy("u16", flowPorts, l4 + ICMP_ID)
    .copy("u16", flowPorts + 2, l4 + ICMP_ID);

  // The flags first: they may lie where the key's last word is put.
  p.label("record").load("u8", "r9", "r10", frame).alu("and", "r9", RECORDS);
  if (f.version === 4) p.jumpIf("r9", "==", 0, "route");
  p.copyAddress(f, flowSrc, src).copyAddress(f, flowDst, dst).store("u32", "r10", flowProto, "r8");
  if (f.version === 6) p.jumpIf("r9", "==", 0, "route");
  const startValue = (next: string): Program => {
    p.zero(value, f.valueSize).store("u32", "r10", value + FLOW_UPLINK_AT, uplinkIfindex);
    startOrder(p, value, next);
    return p;
  };
  p.mov("r1", "r9").alu("and", "r1", FLAG_PAIR).jumpIf("r1", "!=", 0, "pair");
  p.alu("and", "r9", FLAG_CLIENT | FLAG_OFFLOAD).jumpIf("r9", "!=", 0, "client");
  // A look first: reading is cheaper than replacing, and only the first packet of a flow finds nothing.
  p.lookup(f.maps.flows, flow).jumpIf("r0", "!=", 0, "route");
  startValue("first recorded").jump("update");

  // To a client: its packets look as if they were the answer to this one.
  p.label("client").loadBytes(ASK_PORT_AT, ASK + ASK_PORT_AT, ASK_SIZE, "route");
  startValue("first to client").copy("u32", value + FLOW_INGRESS_AT, ASK + ASK_INGRESS_AT);
  if (f.version === 4) enterOffloaded(p, f);
  p.label("update");
  enterFlow(p, f, "entered");
  p.jumpIf("r0", "!=", 0, "not-recorded");
  p.update(f.maps.pairs, flow, value + FLOW_INGRESS_AT).jump("route");
  p.label("pair").loadBytes(ASK_PORT_AT, ASK + ASK_PORT_AT, ASK_SIZE, "route");
  p.update(f.maps.pairs, flow, ASK + ASK_INGRESS_AT).jump("route");
  p.label("not-recorded").choose("flow-not-recorded").count("route");

  if (f.version === 6) {
    p.load("u16", "r0", "r10", dst).alu("and", "r0", LINK_LOCAL_MASK).jumpIf("r0", "!=", LINK_LOCAL, "global");
    p.lookup(f.maps.flows, flow).jumpIf("r0", "==", 0, "global");
    p.load("u32", "r7", "r0", FLOW_INGRESS_AT).jumpIf("r7", "==", 0, "global").jumpIf("r7", "==", LOOPBACK, "own link");
    p.choose("sent").count("counted-on-link").sendOnLink(f, "r7", dst);
    p.label("global");
  }
  p.load("u32", "r7", "r10", wayIn).route(f, "r7", "answered", whose, true);
  p.mov("r8", "r0").jumpIf("r0", "==", FIB_SUCCESS, "send").jumpIf("r0", "==", FIB_NO_NEIGH, "send").mov("r7", "r0").jump("no-way-out");

  // Where NO_NEIGH names no device the stack resolves the neighbour, and the next packet finds it.
  p.label("send").routeDevice("r7").load("u32", "r0", "r10", wayIn).jumpIf("r7", "==", "r0", "no-device");
  if (ipsec) p.lookupIpsec(f, dst).jumpIf("r0", "!=", 0, "ipsec");
  p.choose("sent").count("counted");
  if (pastBridge) passBridge(p, f, "emit");
  p.keepHop().jumpIf("r8", "!=", FIB_NO_NEIGH, "to next hop");
  // By the kernel's own route it tells the sender when the neighbour does not answer; `home` sees that, and the engine translates it. To a gateway
  // only where that route is the packet's: where it would be so for what has the packet's own source and came in by the uplink.
  p.ifOnLink(f, "by route").unlessSame(4, whose, src, "other source").load("u32", "r0", "r10", wayIn);
  p.jumpIf("r0", "==", uplinkIfindex, "by route").label("other source");
  p.routeProtocol("r8").route(f, uplinkIfindex, "asked for own", src, true);
  p.jumpIf("r0", "==", FIB_NO_NEIGH, "own answer").jumpIf("r0", "!=", FIB_SUCCESS, "to next hop");
  p.label("own answer").unlessSameHop("r7", "to next hop").label("by route").setHostType().sendByRoute("r7");
  p.label("to next hop").sendToHop("r7");
  if (ipsec) p.label("ipsec").choose("left-to-ipsec").jump("known");

  // r7: the device that has the address. An error about a flow may have somebody else's source: that is no packet of the host's own.
  p.label("no-way-out");
  if (givesBack) giveBack(p, f, uplinkIfindex);
  p.jumpIf("r7", "!=", FIB_NOT_FWDED, "stack");
  p.ifLoopback(f, src, "from-host").lookup(f.maps.locals, src).jumpIf("r0", "==", 0, "stack").label("from-host");
  p.ifLoopback(f, dst, "to-loopback").lookup(f.maps.locals, dst).jumpIf("r0", "==", 0, "stack");
  // IPv6 finds the local route of any address on lo; IPv4 does on the device that has the address alone.
  if (f.version === 4) {
    p.load("u32", "r0", "r0", 0).jumpIf("r0", "==", 0, "stack");
    p.mov("r7", "r0").jumpIf("r7", "==", LOOPBACK, "to-host").mov("r0", FOR_HOME).store("u32", "r6", SKB_TC_INDEX, "r0").jump("to-host");
  }
  if (f.version === 6) {
    // To its own link-local address a program has connected through a device, and the kernel finds it by that alone: it comes in there, where `steer`
    // knows that it is for the host though its Ethernet header says nothing.
    p.jump("to-loopback").label("own link").lookup(f.maps.locals, dst).jumpIf("r0", "==", 0, "no-device");
    p.load("u32", "r7", "r0", 0).jumpIf("r7", "==", 0, "no-device").jumpIf("r7", "==", LOOPBACK, "to-loopback");
    p.choose("delivered").count("home-by-link").mov("r0", FOR_HOME).store("u32", "r6", SKB_TC_INDEX, "r0");
    p.mov("r1", "r7").mov("r2", REDIRECT_INGRESS).call(REDIRECT).exit();
  }
  p.label("to-loopback").mov("r7", LOOPBACK);
  // Its way leads through lo, which leaves the packet's type as it is: another host's, where the address says what the engine asks.
  p.label("to-host").choose("delivered").count("home").setHostType().sendByRoute("r7");

  p.label("no-device").mov("r7", FIB_NOT_FWDED);
  p.label("stack");
  const reasons: [number, Counter][] = [
    [FIB_NOT_FWDED, "handed-to-stack"],
    [FIB_FWD_DISABLED, "forwarding-disabled"],
    [FIB_FRAG_NEEDED, "fragment-needed"],
  ];
  for (const [result, counter] of reasons) p.choose(counter).jumpIf("r7", "==", result, "known");
  p.choose("unsupported-route").jumpIf("r7", ">", FIB_PROHIBIT, "known").choose("unreachable");
  p.label("known").count("counted-stack");
  // The stack drops what is not addressed to the device's own MAC; the engine need not know that.
  p.setHostType().answer(TC_ACT_OK);

  p.label("malformed").choose("malformed").count("dropped").answer(TC_ACT_SHOT);
}

/** With the routing's answer in r7: gives the packet back to the engine if that is to deal with it. */
function giveBack(p: Program, f: Family, uplinkIfindex: number): void {
  const note = f.stack.value;
  p.jumpIf("r7", "==", FIB_BLACKHOLE, "blackhole").mov("r8", 0);
  p.jumpIf("r7", "==", FIB_UNREACHABLE, "give back")
    .jumpIf("r7", "==", FIB_PROHIBIT, "give back")
    .jumpIf("r7", "!=", FIB_FRAG_NEEDED, "not ours");
  p.routeMtu("r8", "not ours");
  // Segments that may be fragmented the stack makes.
  if (f.version === 4) {
    p.load("u16", "r0", "r10", f.stack.ip + IP_FRAGMENT)
      .alu("and", "r0", DONT_FRAGMENT)
      .jumpIf("r0", "!=", 0, "give back");
    p.load("u32", "r0", "r6", SKB_GSO_SIZE).jumpIf("r0", "!=", 0, "not ours");
  }
  p.label("give back").choose("returned").count("counted-returned");
  p.alu("lsh", "r8", 16)
    .alu("lsh", "r7", 8)
    .alu("or", "r8", "r7")
    .store("u32", "r10", note, "r8")
    .store("u16", "r10", note + 4, TYPE_RETURNED);
  const write = (at: number, from: number, size: number): void => {
    p.mov("r1", "r6").mov("r2", at).stackPointer("r3", from).mov("r4", size).mov("r5", 0).call(SKB_STORE_BYTES);
  };
  write(ASK_INGRESS_AT, note, 4);
  write(ETHERTYPE, note + 4, 2);
  p.mov("r1", uplinkIfindex).mov("r2", 0).call(REDIRECT).exit();
  p.label("blackhole").choose("blackhole").count("counted-blackhole").answer(TC_ACT_SHOT);
  p.label("not ours");
}

/**
 * Enters `flow` with what is in `value`; r0 = 0, or an error. An entry that is there keeps what it has counted: the engine may have written it a moment
 * ago, and answers have come by it since. Defines `done`.
 */
function enterFlow(p: Program, f: Family, done: string): void {
  const { flow, value } = f.stack;
  p.lookup(f.maps.flows, flow).jumpIf("r0", "==", 0, `${done} anew`);
  // The port's word also says whether the kernel carries the flow, so it comes last.
  for (const at of [FLOW_UPLINK_AT, FLOW_INGRESS_AT, FLOW_CARRIED_AT, FLOW_ORDER_AT, FLOW_ADDRESS_AT, FLOW_PORT_AT])
    p.load("u32", "r1", "r10", value + at).store("u32", "r0", at, "r1");
  p.mov("r0", 0).jump(done).label(`${done} anew`).update(f.maps.flows, flow, value).label(done);
}

/** With the flags in r9 and the frame's other bytes in ASK; goes to `update` with the last of what is to be entered, or to `not-recorded`. */
function enterOffloaded(p: Program, f: Family): void {
  const { l4, src, dst, flow, flowSrc, flowDst, flowPorts, port, value } = f.stack;
  p.alu("and", "r9", FLAG_OFFLOAD).jumpIf("r9", "==", 0, "update");
  // Where the published port's packets are counted: that of the host's address, or of all.
  p.copyAddress(f, port, src)
    .copy("u16", port + 4, l4)
    .store("u8", "r10", port + 6, "r8")
    .store("u8", "r10", port + 7, 0);
  p.lookup("ports", port).jumpIf("r0", "!=", 0, "place");
  p.store("u32", "r10", port, 0).lookup("ports", port).jumpIf("r0", "==", 0, "no place").label("place");
  p.load("u32", "r1", "r0", 0)
    .store("u32", "r10", value + FLOW_CARRIED_AT, "r1")
    .label("no place");
  p.copyAddress(f, value + f.flowAddressAt, ASK + ASK_ADDRESS_AT)
    .copy("u8", value + FLOW_PORT_AT, ASK + ASK_PORT_AT)
    .copy("u8", value + FLOW_PORT_AT + 1, ASK + ASK_PORT_END_AT)
    .store("u8", "r10", value + FLOW_OFFLOAD_AT, OFFLOAD_DESTINATION);
  p.copy("u16", INDEX, value + FLOW_PORT_AT);
  enterFlow(p, f, "client entered");
  p.jumpIf("r0", "!=", 0, "not-recorded"); // so the target's answers are the engine's, too
  p.update(f.maps.pairs, flow, value + FLOW_INGRESS_AT);
  // The same for the target's, which answer what the client's become.
  p.copyAddress(f, flowSrc, dst)
    .copyAddress(f, flowDst, ASK + ASK_ADDRESS_AT)
    .copy("u16", flowPorts, l4 + 2)
    .copy("u16", flowPorts + 2, INDEX);
  p.store("u32", "r10", value + FLOW_INGRESS_AT, 0)
    .copyAddress(f, value + f.flowAddressAt, src)
    .copy("u16", value + FLOW_PORT_AT, l4);
  p.store("u8", "r10", value + FLOW_OFFLOAD_AT, OFFLOAD_SOURCE);
}
