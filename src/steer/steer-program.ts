/**
 * `steer`, for the ingress of a host interface. It leaves alone (TCX_NEXT) what the host is not the link-layer receiver of, VLAN tagged
 * packets (the VLAN device sees them again), and on all but lo what comes from or goes to 127/8 or ::1 or claims one of the host's own
 * addresses as its source; and what would come to the engine as a copy that the kernel has made.
 *
 * It brings every packet into one form, the packet of ours that it answers: a plain packet with its ends exchanged, an ICMP error as the
 * packet inside it. That is looked up in `flows`, and what is not there is left alone: the host's kernel decides about it, and what is for
 * a published port may come to the engine by the socket that holds the port (accept-program.ts). So do connections that a client opens
 * with the ports of one that is known, and packets of a client by another interface than its first one's. Later fragments go where
 * the first one went. If that has not come, nobody knows whose they are: between ends that have a flow the host gets them and the engine a
 * copy, to wait for it (`dataplane/fragment.ts`). Not on links without an Ethernet header, where a copy could not get one.
 *
 * What is not there under its source port may be from another node of an overlay network, which is entered without one (`dataplane/decapsulate.ts`).
 *
 * Where IPsec policies of the host are about a sender, only what came by IPsec is taken: of the rest the kernel knows whether it may.
 *
 * Where the host's firewall is bypassed, what is not in `flows` is looked up in `ports`, and so taken before the kernel sees it.
 *
 * Each worker has an uplink of its own. A reply goes to the uplink that the flow left by; what is new goes where `wire/spread.ts` says by
 * the far end, and `queueProgram` says the same for the queues of the bridge's TAPs.
 */
import { FLOW_INGRESS_AT, FLOW_UPLINK_AT } from "../wire/flow-entry.js";
import { TCP_ACK, TCP_SYN } from "../wire/l4.js";
import { COPY_MARK, INSIDE_MARK_AT } from "../wire/order.js";
import { type Family, V4, V6 } from "./family.js";
import { forwardOffloaded } from "./offload-program.js";
import { keepOrder, stampNew } from "./order-program.js";
import {
  CLONE_REDIRECT,
  ENDING,
  ETHERNET_SIZE,
  ETHERTYPE,
  FOR_HOME,
  FRAGMENT_OFFSET,
  ICMP_ID,
  INDEX,
  IP_FRAGMENT,
  L4_SIZE,
  type LinkLayer,
  type MapFds,
  PACKET_HOST,
  Program,
  QUOTED,
  REDIRECT,
  SCTP,
  SKB_CHANGE_HEAD,
  SKB_IFINDEX,
  SKB_PKT_TYPE,
  SKB_PROTOCOL,
  SKB_STORE_BYTES,
  SKB_TC_INDEX,
  SKB_VLAN_PRESENT,
  TC_ACT_UNSPEC,
  TCP,
  TCP_FLAGS,
  UDP,
} from "./program.js";

/** SCTP: place and value of the first chunk's type (RFC 9260 §3). */
const CHUNK_TYPE = 12,
  INIT = 1;

export interface SteerOptions {
  /** Carries out what is entered for offloaded flows. */
  offload?: boolean;
  /** Takes what is for a published port before the host's firewall sees it. */
  bypass?: boolean;
  /** The kernel has it, so there may be policies. */
  ipsec?: boolean;
  /** What is carried goes past bridges to the containers in the map `peers`. */
  pastBridge?: boolean;
  /** The kernel has IPv6. */
  ipv6?: boolean;
  /** Which family this program is about; the other one it leaves alone. Default: both. */
  version?: 4 | 6;
  /** Descriptor of a BPF_MAP_TYPE_PROG_ARRAY whose one program goes on with IPv6. */
  ipv6Program?: number;
}

export function steerProgram(link: LinkLayer, uplinks: readonly number[], maps: MapFds, options: SteerOptions = {}): Uint8Array {
  const { ipv6 = false, version, ipv6Program } = options;
  const p = new Program(maps);
  // Cheapest tests first: most packets of a busy host are not ours.
  const takesHome = ipv6 && link === "ethernet" && version !== 6;
  p.load("u32", "r0", "r6", SKB_PKT_TYPE).jumpIf("r0", "!=", PACKET_HOST, takesHome ? "other host" : "next");
  p.load("u32", "r0", "r6", SKB_VLAN_PRESENT).jumpIf("r0", "!=", 0, "next");
  p.load("u32", "r0", "r6", SKB_PROTOCOL);
  if (version === 6) {
    p.jumpIf("r0", "!=", V6.ethertype, "next");
    steerFamily(p, V6, link, uplinks, maps, options);
    return p.assemble();
  }
  const other = ipv6Program !== undefined || (ipv6 && version !== 4);
  p.jumpIf("r0", "!=", V4.ethertype, other ? "other" : "next");
  steerFamily(p, V4, link, uplinks, maps, options);
  // From `emit`, for a link-local address of this very device.
  if (takesHome) {
    p.label("other host").load("u32", "r0", "r6", SKB_TC_INDEX).jumpIf("r0", "!=", FOR_HOME, "next");
    p.mov("r0", 0).store("u32", "r6", SKB_TC_INDEX, "r0").setHostType().jump("next");
  }
  if (!other) return p.assemble();
  p.label("other");
  if (ipv6Program === undefined) {
    p.section("IPv6").jumpIf("r0", "!=", V6.ethertype, "next");
    steerFamily(p, V6, link, uplinks, maps, options);
  } else {
    p.jumpIf("r0", "!=", V6.ethertype, "next");
    p.tailCall(ipv6Program).jump("next");
  }
  return p.assemble();
}

/**
 * Goes to `next` with a frame that came with the mark of a copy (`wire/order.ts`), and what somebody says that the other end has acknowledged. No station has such
 * an address: it is of a group. r0 to r5 are lost.
 */
function unlessMarked(p: Program): void {
  p.loadBytes(INSIDE_MARK_AT, ENDING, 4, "next").load("u32", "r0", "r10", ENDING);
  p.alu("xor", "r0", COPY_MARK).alu("lsh", "r0", 32).jumpIf("r0", "==", 0, "next");
}

/** Defines `next`, where packets are left alone. */
function steerFamily(
  p: Program,
  f: Family,
  link: LinkLayer,
  uplinks: readonly number[],
  maps: MapFds,
  { offload = false, bypass = false, ipsec = false, pastBridge = false }: SteerOptions,
): void {
  const { ip, l4, src, dst, flow, flowSrc, flowDst, flowPorts, flowProto, port, rest, sender } = f.stack;
  const start = link === "ip" ? 0 : ETHERNET_SIZE;
  // A packet from a bare link has no Ethernet header to send it on with.
  const offloads = offload && link !== "ip";
  const otherwise = bypass ? "new" : "next";
  const checksIpsec = ipsec && link !== "loopback";

  const parse = (found: string, later: string): void => {
    if (link !== "loopback") for (const address of [src, dst]) p.ifLoopback(f, address, "next");
    p.layer4(f, { loaded: true, found, later, otherwise: "next" });
  };

  p.mov("r7", start).loadBytes("r7", ip, f.ipSize + L4_SIZE, f.version === 4 ? "short" : "next");
  p.label("whole").copyAddress(f, sender, src).store("u32", "r10", QUOTED, 0);
  parse("parsed", "later");
  p.jumpIf("r8", "==", f.icmp, "icmp").jumpIf("r8", "==", TCP, "plain").jumpIf("r8", "==", SCTP, "plain").jumpIf("r8", "!=", UDP, "next");

  p.label("plain");
  p.copyAddress(f, flowSrc, dst).copyAddress(f, flowDst, src);
  p.copy("u16", flowPorts, l4 + 2)
    .copy("u16", flowPorts + 2, l4)
    .jump("find");

  p.label("icmp").load("u8", "r0", "r10", l4);
  for (const type of f.icmpErrors) p.jumpIf("r0", "==", type, "error");
  for (const type of f.queryReplies) p.jumpIf("r0", "==", type, "reply");
  p.jump("next").label("reply");
  p.copyAddress(f, flowSrc, dst).copyAddress(f, flowDst, src).jump("query");

  p.label("error")
    .alu("add", "r7", L4_SIZE)
    .loadBytes("r7", ip, f.ipSize + L4_SIZE, "next");
  p.store("u32", "r10", QUOTED, 1);
  parse("parsed-inner", "next");
  p.copyAddress(f, flowSrc, src).copyAddress(f, flowDst, dst).copy("u32", flowPorts, l4);
  for (const proto of [TCP, UDP, SCTP]) p.jumpIf("r8", "==", proto, "find");
  p.jumpIf("r8", "!=", f.icmp, "next");
  p.load("u8", "r0", "r10", l4);
  for (const type of [...f.queryReplies, ...f.queryRequests]) p.jumpIf("r0", "==", type, "query");
  p.jump("next");

  p.label("query")
    .copy("u16", flowPorts, l4 + ICMP_ID)
    .copy("u16", flowPorts + 2, l4 + ICMP_ID);

  p.label("find").store("u32", "r10", flowProto, "r8");
  p.lookup(f.maps.flows, flow).jumpIf("r0", "==", 0, "unknown").mov("r9", "r0").label("entry");
  // Of a client's packets those from where the kernel accepted the first one, and none that opens a connection.
  p.load("u32", "r1", "r9", FLOW_INGRESS_AT).jumpIf("r1", "==", 0, "known");
  p.load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, "known");
  p.load("u32", "r0", "r6", SKB_IFINDEX).jumpIf("r0", "!=", "r1", "next").jumpIf("r8", "==", TCP, "tcp").jumpIf("r8", "!=", SCTP, "known");
  p.mov("r2", "r7").alu("add", "r2", CHUNK_TYPE).loadBytes("r2", INDEX, 1, "next");
  p.load("u8", "r0", "r10", INDEX).jumpIf("r0", "==", INIT, "next").jump("known").label("tcp");
  p.mov("r2", "r7").alu("add", "r2", TCP_FLAGS).loadBytes("r2", INDEX, 1, "next");
  p.load("u8", "r0", "r10", INDEX)
    .alu("and", "r0", TCP_SYN | TCP_ACK)
    .jumpIf("r0", "==", TCP_SYN, "next")
    .label("known");
  if (checksIpsec) p.unlessByIpsec(f, sender, "by-ipsec", "next");
  if (offloads && link === "ethernet") {
    // What is in a tunnel, of a node without its port in the key.
    p.load("u16", "r0", "r10", flowPorts + 2)
      .jumpIf("r0", "!=", 0, "no tunnel")
      .jumpIf("r8", "!=", UDP, "no tunnel");
    p.load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, "no tunnel").tailCall(maps.fromNodes).label("no tunnel");
  }
  if (offload || !bypass) keepOrder(p, f, uplinks, offloads, "engine", "next");
  if (offloads) forwardOffloaded(p, f, link, "engine", { ipsec, pastBridge });
  p.label("engine")
    .load("u32", "r7", "r9", FLOW_UPLINK_AT)
    .load("u32", "r0", "r9", FLOW_INGRESS_AT)
    .store("u32", "r10", rest + 4, "r0");
  p.choose("taken-reply").jump("take");

  // A node of an overlay network is known by its address alone: its source port says which flow is inside. A datagram in fragments the stack puts together.
  p.label("unknown").jumpIf("r8", "!=", UDP, otherwise).load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, otherwise);
  p.store("u32", "r10", INDEX, 0).lookup("tunnel", INDEX).jumpIf("r0", "==", 0, otherwise);
  p.load("u32", "r1", "r0", 0)
    .load("u16", "r0", "r10", l4 + 2)
    .jumpIf("r0", "!=", "r1", otherwise)
    .ifFirstFragment(f, otherwise);
  p.store("u16", "r10", flowPorts + 2, 0)
    .lookup(f.maps.flows, flow)
    .mov("r9", "r0")
    .jumpIf("r0", "!=", 0, "entry");
  p.copy("u16", flowPorts + 2, l4).jump(otherwise);
  if (bypass) takePublished();

  // r7: interface index of the uplink.
  p.label("take").store("u32", "r10", rest, "r7");
  if (link === "ethernet") unlessMarked(p);
  if (link !== "loopback") p.lookup(f.maps.locals, sender).jumpIf("r0", "!=", 0, "next");
  p.load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, "remembered").rememberFragments(f, "noted");
  // A client that the engine has entered by itself is in no pair yet.
  p.ifFirstFragment(f, "learn").jump("remembered").label("learn").pairKey(f);
  p.update(f.maps.pairs, flow, rest + 4).label("remembered");
  if (link === "ip") {
    // The uplink wants a frame: put an Ethernet header before the packet. Its addresses stay zero.
    p.mov("r1", "r6").mov("r2", ETHERNET_SIZE).mov("r3", 0).call(SKB_CHANGE_HEAD).jumpIf("r0", "!=", 0, "next");
    p.store("u16", "r10", INDEX, f.ethertype).mov("r1", "r6").mov("r2", ETHERTYPE).stackPointer("r3", INDEX);
    p.mov("r4", 2).mov("r5", 0).call(SKB_STORE_BYTES);
  }
  p.count("counted").mov("r1", "r7").mov("r2", 0).call(REDIRECT).exit();

  if (f.version === 4) {
    // Only the last fragment of a datagram can be this short. One of IPv6 has a fragment header of eight bytes.
    p.label("short").loadBytes("r7", ip, f.ipSize, "next");
    p.load("u16", "r0", "r10", ip + IP_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET)
      .jumpIf("r0", "!=", 0, "whole")
      .jump("next");
  }
  p.label("later");
  if (checksIpsec) p.unlessByIpsec(f, sender, "later-by-ipsec", "next");
  p.fragmentKey(f)
    .lookup(f.maps.fragments, flow)
    .jumpIf("r0", "==", 0, link === "ethernet" ? "early" : "next");
  p.load("u32", "r7", "r0", 0)
    .load("u32", "r1", "r0", 4)
    .store("u32", "r10", rest + 4, "r1")
    .choose("taken-fragment");
  p.jumpIf("r1", "==", 0, "take").load("u32", "r0", "r6", SKB_IFINDEX).jumpIf("r0", "==", "r1", "take");

  if (link === "ethernet") copyEarly();
  p.label("next").answer(TC_ACT_UNSPEC);

  /** A later fragment before the first one: the stack goes on with it. Which worker waits for it none can say. */
  function copyEarly(): void {
    p.jump("next").label("early");
    unlessMarked(p);
    p.pairKey(f).lookup(f.maps.pairs, flow).jumpIf("r0", "==", 0, "next");
    p.load("u32", "r1", "r0", 0).jumpIf("r1", "==", 0, "early-from-here");
    p.load("u32", "r0", "r6", SKB_IFINDEX).jumpIf("r0", "!=", "r1", "next").label("early-from-here");
    p.lookup(f.maps.locals, sender).jumpIf("r0", "!=", 0, "next");
    for (const uplink of uplinks) p.mov("r1", "r6").mov("r2", uplink).mov("r3", 0).call(CLONE_REDIRECT);
    p.choose("copied-fragment").count("early-counted");
  }

  /** What is in no flow, by its source in `ports`. */
  function takePublished(): void {
    const portAt = port + f.addressSize;
    p.label("new").jumpIf("r8", "==", f.icmp, "next");
    p.copyAddress(f, port, flowSrc)
      .copy("u16", portAt, flowPorts)
      .store("u8", "r10", portAt + 2, "r8")
      .store("u8", "r10", portAt + 3, 0);
    p.choose("taken-port").lookup(f.maps.ports, port).jumpIf("r0", "!=", 0, "pick");
    if (link === "loopback") p.ifLoopback(f, flowSrc, "any");
    p.lookup(f.maps.locals, flowSrc).jumpIf("r0", "==", 0, "next");
    p.label("any");
    for (let i = 0; i < f.addressSize; i += 4) p.store("u32", "r10", port + i, 0);
    p.lookup(f.maps.ports, port).jumpIf("r0", "==", 0, "next");
    // The flow's destination is the far end: of a plain packet its source, of an error whom our packet was for.
    p.label("pick")
      .store("u32", "r10", rest + 4, 0)
      .mov("r7", uplinks[0]!);
    if (uplinks.length > 1) p.spread(f, flowDst, flowPorts + 2, uplinks.length).store("u32", "r10", rest, "r0");
    for (const [worker, ifindex] of uplinks.entries()) {
      const isLast = worker === uplinks.length - 1;
      if (!isLast) p.load("u32", "r0", "r10", rest).jumpIf("r0", "!=", worker, `not for worker ${worker}`);
      p.mov("r7", ifindex);
      if (offloads) stampNew(p, f, worker, "take");
      if (!isLast) p.jump("take").label(`not for worker ${worker}`);
    }
  }
}
