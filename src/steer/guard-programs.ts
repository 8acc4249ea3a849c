/**
 * `ask` and `answer`, for the host's device in an own network: the host itself may talk to endpoints, and what it forwards may not, whatever its
 * `ip_forward` and its firewall say. Who is somewhere else, or in another network, gets in by published ports.
 *
 * A packet that the kernel sends out of the device was made by a program here, or came in elsewhere first: then it says by which device. Such
 * a one passes if it answers what an endpoint has asked of an address of the host, which rules of the host may have translated further: a
 * port that Docker publishes by iptables is reached so. `ask` (ingress: what the engine hands to the host) notes these questions in the map
 * `asked`, under the key of `flows`; `answer` (egress) looks there.
 */
import {
  type Counter,
  ECHO_REPLY,
  ECHO_REQUEST,
  ETHERNET_SIZE,
  ETHERTYPE_IPV4,
  FLOW,
  FLOW_DST,
  FLOW_PORTS,
  FLOW_PROTO,
  FLOW_SRC,
  FOR_HOME,
  FRAGMENT_OFFSET,
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
  type MapFds,
  PARAMETER_PROBLEM,
  Program,
  REST,
  SKB_INGRESS_IFINDEX,
  SKB_PROTOCOL,
  SKB_TC_INDEX,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
  TCP,
  TIME_EXCEEDED,
  UDP,
  UNREACHABLE,
} from "./program.js";

export interface GuardMapFds extends MapFds {
  asked: number;
}

/** Tells keys of `fragments` from those of `steer` and `queue`. */
const FRAGMENT_OF_ANSWER = 0x200;
const REFUSED: Counter = "forward-refused";

/** Loads the header at r7 into IP and what follows it into L4; r7 = offset of that, r8 = protocol. */
function loadHeaders(p: Program<GuardMapFds>, later: string, otherwise: string): void {
  p.loadBytes("r7", IP, IPV4_SIZE, otherwise).load("u8", "r8", "r10", IP + IP_PROTOCOL);
  p.load("u16", "r0", "r10", IP + IP_FRAGMENT)
    .alu("and", "r0", FRAGMENT_OFFSET)
    .jumpIf("r0", "!=", 0, later);
  p.load("u8", "r0", "r10", IP).alu("and", "r0", 0x0f).alu("lsh", "r0", 2).alu("add", "r7", "r0");
  p.loadBytes("r7", L4, L4_SIZE, otherwise);
}

/** FLOW = the packet in IP and L4 as it is, or turned round. */
function addressKey(p: Program<GuardMapFds>, turned: boolean): void {
  p.copy("u32", FLOW_SRC, IP + (turned ? IP_DST : IP_SRC)).copy("u32", FLOW_DST, IP + (turned ? IP_SRC : IP_DST));
  p.store("u32", "r10", FLOW_PROTO, "r8");
}

function echoKey(p: Program<GuardMapFds>): void {
  p.copy("u16", FLOW_PORTS, L4 + ICMP_ID).copy("u16", FLOW_PORTS + 2, L4 + ICMP_ID);
}

export function askProgram(maps: GuardMapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", ETHERTYPE_IPV4, "next").mov("r7", ETHERNET_SIZE);
  loadHeaders(p, "next", "next");
  addressKey(p, false);
  p.jumpIf("r8", "==", TCP, "ports").jumpIf("r8", "==", UDP, "ports").jumpIf("r8", "!=", ICMP, "next");
  p.load("u8", "r0", "r10", L4).jumpIf("r0", "!=", ECHO_REQUEST, "next");
  echoKey(p);
  p.jump("note");
  p.label("ports").copy("u32", FLOW_PORTS, L4);
  // A look first: reading is cheaper than replacing, and it keeps the entry young.
  p.label("note").lookup("asked", FLOW).jumpIf("r0", "!=", 0, "next");
  p.store("u32", "r10", INDEX, 1).update("asked", FLOW, INDEX);
  return p.label("next").answer(TC_ACT_UNSPEC).assemble();
}

/** `internal`: of a network out of which nothing is routed, so nothing answers from elsewhere either. */
export function answerProgram(uplinks: readonly number[], maps: GuardMapFds, internal: boolean): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX).jumpIf("r0", "==", 0, "next"); // of the host's own making
  // For the host itself, which `home` sends on to lo: it goes into no network.
  p.load("u32", "r1", "r6", SKB_TC_INDEX).jumpIf("r1", "!=", FOR_HOME, "forwarded");
  for (const uplink of uplinks) p.jumpIf("r0", "==", uplink, "next");
  p.label("forwarded");
  if (internal) {
    p.choose(REFUSED).count("counted").answer(TC_ACT_SHOT);
    return p.label("next").answer(TC_ACT_UNSPEC).assemble();
  }
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", ETHERTYPE_IPV4, "refuse").mov("r7", ETHERNET_SIZE);
  loadHeaders(p, "later", "refuse");
  addressKey(p, true);
  p.jumpIf("r8", "==", TCP, "ports").jumpIf("r8", "==", UDP, "ports").jumpIf("r8", "!=", ICMP, "refuse");
  p.load("u8", "r0", "r10", L4);
  for (const type of [UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM]) p.jumpIf("r0", "==", type, "error");
  p.jumpIf("r0", "!=", ECHO_REPLY, "refuse");
  echoKey(p);
  p.jump("find");
  p.label("ports")
    .copy("u16", FLOW_PORTS, L4 + 2)
    .copy("u16", FLOW_PORTS + 2, L4);
  p.label("find").lookup("asked", FLOW).jumpIf("r0", "==", 0, "refuse").zero(REST, 8).rememberFragments("remembered", FRAGMENT_OF_ANSWER);
  p.jump("next");

  // What an error quotes is the question itself.
  p.label("error").alu("add", "r7", L4_SIZE);
  loadHeaders(p, "refuse", "refuse");
  addressKey(p, false);
  p.jumpIf("r8", "==", TCP, "quoted-ports").jumpIf("r8", "==", UDP, "quoted-ports").jumpIf("r8", "!=", ICMP, "refuse");
  p.load("u8", "r0", "r10", L4).jumpIf("r0", "!=", ECHO_REQUEST, "refuse");
  echoKey(p);
  p.jump("find-quoted");
  p.label("quoted-ports").copy("u32", FLOW_PORTS, L4);
  p.label("find-quoted").lookup("asked", FLOW).jumpIf("r0", "!=", 0, "next").jump("refuse");

  p.label("later").fragmentKey(FRAGMENT_OF_ANSWER).lookup("fragments", FLOW).jumpIf("r0", "==", 0, "refuse");
  p.label("next").answer(TC_ACT_UNSPEC);
  return p.label("refuse").choose(REFUSED).count("counted").answer(TC_ACT_SHOT).assemble();
}
