/**
 * `ask` and `answer`, for the host's device in an own network: the host itself may talk to endpoints, and what it forwards may not, whatever its
 * `ip_forward` and its firewall say. Who is somewhere else, or in another network, gets in by published ports.
 *
 * A packet that the kernel sends out of the device was made by a program here, or came in elsewhere first: then it says by which device. Such
 * a one passes if it answers what an endpoint has asked of an address of the host, which rules of the host may have translated further: a
 * port that Docker publishes by iptables is reached so. `ask` (ingress: what the engine hands to the host) notes these questions in the map
 * `asked`, under the key of `flows`; `answer` (egress) looks there.
 */
import { type Family, V4, V6 } from "./family.js";
import {
  type Counter,
  ETHERNET_SIZE,
  FOR_HOME,
  ICMP_ID,
  INDEX,
  L4_SIZE,
  type MapFds,
  Program,
  SCTP,
  SKB_INGRESS_IFINDEX,
  SKB_PROTOCOL,
  SKB_TC_INDEX,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
  TCP,
  UDP,
} from "./program.js";

export interface GuardMapFds extends MapFds {
  asked: number;
  asked6: number;
}

/** Tells keys of `fragments` from those of `steer` and `queue`. */
const FRAGMENT_OF_ANSWER = 0x200;
/** Offset in the header of IPv4. */
const IP_DESTINATION = 16;
const REFUSED: Counter = "forward-refused";

/** Loads the header at r7 and what follows it; r7 = offset of that, r8 = protocol. */
function loadHeaders(p: Program<GuardMapFds>, f: Family, found: string, later: string, otherwise: string): void {
  p.loadBytes("r7", f.stack.ip, f.ipSize, otherwise).layer4(f, { loaded: false, found, later, otherwise });
}

/** `flow` = the packet in `ip` and `l4` as it is, or turned round. */
function addressKey(p: Program<GuardMapFds>, f: Family, turned: boolean): void {
  const { flowSrc, flowDst, flowProto, src, dst } = f.stack;
  p.copyAddress(f, flowSrc, turned ? dst : src).copyAddress(f, flowDst, turned ? src : dst);
  p.store("u32", "r10", flowProto, "r8");
}

function echoKey(p: Program<GuardMapFds>, { stack: { flowPorts, l4 } }: Family): void {
  p.copy("u16", flowPorts, l4 + ICMP_ID).copy("u16", flowPorts + 2, l4 + ICMP_ID);
}

/** `ipv6`: the kernel has it. */
export function askProgram(maps: GuardMapFds, { ipv6 = false } = {}): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, ipv6 ? "other" : "next");
  askFamily(p, V4);
  if (!ipv6) return p.assemble();
  p.label("other").section("IPv6").jumpIf("r0", "!=", V6.ethertype, "next");
  askFamily(p, V6);
  return p.assemble();
}

function askFamily(p: Program<GuardMapFds>, f: Family): void {
  const { flow, flowPorts, l4 } = f.stack;
  p.mov("r7", ETHERNET_SIZE);
  loadHeaders(p, f, "parsed", "next", "next");
  addressKey(p, f, false);
  p.jumpIf("r8", "==", TCP, "ports").jumpIf("r8", "==", UDP, "ports").jumpIf("r8", "==", SCTP, "ports").jumpIf("r8", "!=", f.icmp, "next");
  p.load("u8", "r0", "r10", l4).jumpIf("r0", "!=", f.echoRequest, "next");
  echoKey(p, f);
  p.jump("note");
  p.label("ports").copy("u32", flowPorts, l4);
  // A look first: reading is cheaper than replacing, and it keeps the entry young.
  p.label("note").lookup(f.maps.asked, flow).jumpIf("r0", "!=", 0, "next");
  p.store("u32", "r10", INDEX, 1).update(f.maps.asked, flow, INDEX);
  p.label("next").answer(TC_ACT_UNSPEC);
}

/** `internal`: of a network out of which nothing is routed, so nothing answers from elsewhere either. `ipv6`: the kernel has it. */
export function answerProgram(maps: GuardMapFds, internal: boolean, { ipv6 = false } = {}): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX).jumpIf("r0", "==", 0, "next"); // of the host's own making
  // For the host itself, which `home` sends on to lo, from an uplink or an endpoint's pair: it goes into no network. The mark alone says nothing: a container may
  // have made it (tc's `classid`), and that crosses its veth.
  p.load("u32", "r1", "r6", SKB_TC_INDEX).jumpIf("r1", "!=", FOR_HOME, "forwarded");
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, "forwarded");
  p.loadBytes(ETHERNET_SIZE + IP_DESTINATION, V4.stack.dst, 4, "forwarded")
    .lookup("locals", V4.stack.dst)
    .jumpIf("r0", "!=", 0, "next");
  p.label("forwarded");
  if (internal) {
    p.choose(REFUSED).count("counted").answer(TC_ACT_SHOT);
    return p.label("next").answer(TC_ACT_UNSPEC).assemble();
  }
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, ipv6 ? "other" : "refuse");
  answerFamily(p, V4);
  if (!ipv6) return p.assemble();
  p.label("other").section("IPv6").jumpIf("r0", "!=", V6.ethertype, "refuse");
  answerFamily(p, V6);
  return p.assemble();
}

function answerFamily(p: Program<GuardMapFds>, f: Family): void {
  const { flow, flowPorts, l4, rest } = f.stack;
  p.mov("r7", ETHERNET_SIZE);
  loadHeaders(p, f, "parsed", "later", "refuse");
  addressKey(p, f, true);
  p.jumpIf("r8", "==", TCP, "ports")
    .jumpIf("r8", "==", UDP, "ports")
    .jumpIf("r8", "==", SCTP, "ports")
    .jumpIf("r8", "!=", f.icmp, "refuse");
  p.load("u8", "r0", "r10", l4);
  for (const type of f.icmpErrors) p.jumpIf("r0", "==", type, "error");
  p.jumpIf("r0", "!=", f.echoReply, "refuse");
  echoKey(p, f);
  p.jump("find");
  p.label("ports")
    .copy("u16", flowPorts, l4 + 2)
    .copy("u16", flowPorts + 2, l4);
  p.label("find").lookup(f.maps.asked, flow).jumpIf("r0", "==", 0, "refuse").zero(rest, 8);
  p.rememberFragments(f, "remembered", FRAGMENT_OF_ANSWER).jump("next");

  // What an error quotes is the question itself.
  p.label("error").alu("add", "r7", L4_SIZE);
  loadHeaders(p, f, "parsed-quoted", "refuse", "refuse");
  addressKey(p, f, false);
  p.jumpIf("r8", "==", TCP, "quoted-ports")
    .jumpIf("r8", "==", UDP, "quoted-ports")
    .jumpIf("r8", "==", SCTP, "quoted-ports")
    .jumpIf("r8", "!=", f.icmp, "refuse");
  p.load("u8", "r0", "r10", l4).jumpIf("r0", "!=", f.echoRequest, "refuse");
  echoKey(p, f);
  p.jump("find-quoted");
  p.label("quoted-ports").copy("u32", flowPorts, l4);
  p.label("find-quoted").lookup(f.maps.asked, flow).jumpIf("r0", "!=", 0, "next").jump("refuse");

  p.label("later").fragmentKey(f, FRAGMENT_OF_ANSWER).lookup(f.maps.fragments, flow).jumpIf("r0", "==", 0, "refuse");
  p.label("next").answer(TC_ACT_UNSPEC);
  p.label("refuse").choose(REFUSED).count("counted").answer(TC_ACT_SHOT);
}
