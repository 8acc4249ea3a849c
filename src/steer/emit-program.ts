/**
 * `emit`, for the ingress of an uplink: frames that the engine wrote. Needs `forwarding` on the uplink, else `fib_lookup` answers nothing.
 *
 * What is for the host itself goes in again by its loopback device, as from a program on the host (home-program.ts).
 * What IPsec policies of the host may want to encrypt, or to drop, the stack is to forward: it alone knows.
 * What the lookup has no device for goes on to the host's own stack, which does what a router does (fragments, answers "unreachable").
 */
import {
  ASK_ADDRESS_AT,
  ASK_INGRESS_AT,
  ASK_PORT_AT,
  ASK_PORT_END_AT,
  FLAG_OFFLOAD,
  FLAG_RECORD,
  FLOW_ADDRESS_AT,
  FLOW_INGRESS_AT,
  FLOW_OFFLOAD_AT,
  FLOW_PORT_AT,
  FLOW_UPLINK_AT,
  FLOW_VALUE_SIZE,
  OFFLOAD_DESTINATION,
  OFFLOAD_SOURCE,
} from "../wire/flow-entry.js";
import {
  type Counter,
  ETHERNET_SIZE,
  ETHERTYPE_IPV4,
  FIB_FRAG_NEEDED,
  FIB_FWD_DISABLED,
  FIB_NO_NEIGH,
  FIB_NOT_FWDED,
  FIB_PROHIBIT,
  FIB_SUCCESS,
  FLOW,
  FLOW_DST,
  FLOW_PORTS,
  FLOW_PROTO,
  FLOW_SRC,
  FOR_HOME,
  FRAGMENT_OFFSET,
  FRAME,
  FRAME_AT,
  ICMP,
  ICMP_ID,
  INDEX,
  IP,
  IP_DST,
  IP_FRAGMENT,
  IP_PROTOCOL,
  IP_SRC,
  IPV4_SIZE,
  L4,
  L4_SIZE,
  LOOPBACK,
  LOOPBACK_NET,
  type MapFds,
  Program,
  QUERIES,
  SKB_PROTOCOL,
  SKB_TC_INDEX,
  TC_ACT_OK,
  TC_ACT_SHOT,
  TCP,
  UDP,
  VALUE,
} from "./program.js";

/** Stack: bytes ASK_PORT_AT to ASK_PORT_END_AT of the frame, words where words can be read. */
const ASK = -206,
  ASK_SIZE = ASK_PORT_END_AT - ASK_PORT_AT + 1;

/** `ipsec`: the kernel has it, so there may be policies. */
export function emitProgram(uplinkIfindex: number, maps: MapFds, ipsec = false): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", ETHERTYPE_IPV4, "malformed");
  p.loadBytes(FRAME_AT, FRAME, ETHERNET_SIZE - FRAME_AT + IPV4_SIZE, "malformed");
  p.clearRoute();
  p.load("u8", "r8", "r10", IP + IP_PROTOCOL);

  // A later fragment has no ports, and is not recorded.
  p.load("u16", "r0", "r10", IP + IP_FRAGMENT)
    .alu("and", "r0", FRAGMENT_OFFSET)
    .jumpIf("r0", "!=", 0, "route");
  p.load("u8", "r7", "r10", IP).alu("and", "r7", 0x0f).alu("lsh", "r7", 2).alu("add", "r7", ETHERNET_SIZE);
  p.loadBytes("r7", L4, L4_SIZE, "route");
  p.jumpIf("r8", "==", ICMP, "icmp").jumpIf("r8", "==", TCP, "ports").jumpIf("r8", "!=", UDP, "route");
  p.label("ports").routePorts().copy("u32", FLOW_PORTS, L4).jump("record");
  p.label("icmp").load("u8", "r0", "r10", L4);
  for (const type of QUERIES) p.jumpIf("r0", "==", type, "query");
  p.jump("route");
  p.label("query")
    .copy("u16", FLOW_PORTS, L4 + ICMP_ID)
    .copy("u16", FLOW_PORTS + 2, L4 + ICMP_ID);

  // The flags first: they lie where the key's last word is put.
  p.label("record").load("u8", "r9", "r10", FRAME).jumpIf("r9", "==", 0, "route");
  p.copy("u32", FLOW_SRC, IP + IP_SRC)
    .copy("u32", FLOW_DST, IP + IP_DST)
    .store("u32", "r10", FLOW_PROTO, "r8");
  const startValue = (): Program => p.zero(VALUE, FLOW_VALUE_SIZE).store("u32", "r10", VALUE + FLOW_UPLINK_AT, uplinkIfindex);
  p.jumpIf("r9", "!=", FLAG_RECORD, "client");
  // A look first: reading is cheaper than replacing, and only the first packet of a flow finds nothing.
  p.lookup("flows", FLOW).jumpIf("r0", "!=", 0, "route");
  startValue().jump("update");

  // To a client: its packets look as if they were the answer to this one.
  p.label("client").loadBytes(ASK_PORT_AT, ASK + ASK_PORT_AT, ASK_SIZE, "route");
  startValue()
    .copy("u32", VALUE + FLOW_INGRESS_AT, ASK + ASK_INGRESS_AT)
    .alu("and", "r9", FLAG_OFFLOAD)
    .jumpIf("r9", "==", 0, "update");
  p.copy("u32", VALUE + FLOW_ADDRESS_AT, ASK + ASK_ADDRESS_AT)
    .copy("u8", VALUE + FLOW_PORT_AT, ASK + ASK_PORT_AT)
    .copy("u8", VALUE + FLOW_PORT_AT + 1, ASK + ASK_PORT_END_AT)
    .store("u8", "r10", VALUE + FLOW_OFFLOAD_AT, OFFLOAD_DESTINATION);
  p.copy("u16", INDEX, VALUE + FLOW_PORT_AT).update("flows", FLOW, VALUE);
  // The same for the target's, which answer what the client's become.
  p.copy("u32", FLOW_SRC, IP + IP_DST)
    .copy("u32", FLOW_DST, ASK + ASK_ADDRESS_AT)
    .copy("u16", FLOW_PORTS, L4 + 2)
    .copy("u16", FLOW_PORTS + 2, INDEX);
  p.store("u32", "r10", VALUE + FLOW_INGRESS_AT, 0)
    .copy("u32", VALUE + FLOW_ADDRESS_AT, IP + IP_SRC)
    .copy("u16", VALUE + FLOW_PORT_AT, L4);
  p.store("u8", "r10", VALUE + FLOW_OFFLOAD_AT, OFFLOAD_SOURCE);

  p.label("update").update("flows", FLOW, VALUE).jumpIf("r0", "==", 0, "route").choose("flow-not-recorded").count("route");

  p.route(uplinkIfindex, "answered");
  p.jumpIf("r0", "==", FIB_SUCCESS, "send").jumpIf("r0", "==", FIB_NO_NEIGH, "send").mov("r7", "r0").jump("no-way-out");

  // Where NO_NEIGH names no device the stack resolves the neighbour, and the next packet finds it.
  p.label("send").routeDevice("r7").jumpIf("r7", "==", uplinkIfindex, "no-device");
  if (ipsec) p.lookupIpsec(IP + IP_DST).jumpIf("r0", "!=", 0, "ipsec");
  p.choose("sent").count("counted").sendTo("r7");
  if (ipsec) p.label("ipsec").choose("left-to-ipsec").jump("known");

  // r7: the device that has the address. An error about a flow may have somebody else's source: that is no packet of the host's own.
  p.label("no-way-out").jumpIf("r7", "!=", FIB_NOT_FWDED, "stack");
  p.load("u8", "r0", "r10", IP + IP_SRC).jumpIf("r0", "==", LOOPBACK_NET, "from-host");
  p.lookup("locals", IP + IP_SRC)
    .jumpIf("r0", "==", 0, "stack")
    .label("from-host");
  p.load("u8", "r0", "r10", IP + IP_DST).jumpIf("r0", "==", LOOPBACK_NET, "to-loopback");
  p.lookup("locals", IP + IP_DST)
    .jumpIf("r0", "==", 0, "stack")
    .load("u32", "r0", "r0", 0)
    .jumpIf("r0", "==", 0, "stack");
  p.mov("r7", "r0").jumpIf("r7", "==", LOOPBACK, "to-host").mov("r0", FOR_HOME).store("u32", "r6", SKB_TC_INDEX, "r0").jump("to-host");
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

  return p.label("malformed").choose("malformed").count("dropped").answer(TC_ACT_SHOT).assemble();
}
