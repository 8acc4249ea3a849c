/**
 * `queue`: picks the queue, that is the worker, for a frame that comes out of a bridge TAP (TUNSETSTEERINGEBPF, a socket filter that
 * answers a number): by the far end, which is what the packet is for. Of an ICMP error it is whom the quoted packet came from. Later
 * fragments follow the first one. What is no IP packet, or has no ports, goes to the first queue.
 *
 * `tunnel_queue` does the same for what other nodes send to this node's own address in their network, which is of a flow of ours. Where that is sealed,
 * its sender says the worker (`wire/sealed.ts`). All else in tunnels is bridged, and any worker can do that: it is spread by the datagram's source port,
 * which is a hash of the flow inside (RFC 7348 §5).
 */
import { ANY_WORKER, RECEIVER, SEALED } from "../wire/sealed.js";
import { OWN_MAC } from "../wire/vxlan.js";
import { type Family, V4, V6 } from "./family.js";
import { ETHERNET_SIZE, ICMP_ID, L4_SIZE, type MapFds, Program, SCTP, SKB_PROTOCOL, TCP, UDP } from "./program.js";

/** Tells keys of `fragments` from those of `steer`, whose values are interface indices. */
const FRAGMENT_OF_QUEUE = 0x100;
/** Of an Ethernet header. */
const TYPE = 12;
const UDP_SIZE = 8,
  UDP_AND_VXLAN = 16;

/** `ipv6`: the kernel has it. */
export function queueProgram(workers: number, maps: MapFds, { ipv6 = false } = {}): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, ipv6 ? "other" : "first");
  queueFamily(p, V4, workers);
  if (!ipv6) return p.assemble();
  p.label("other").section("IPv6").jumpIf("r0", "!=", V6.ethertype, "first");
  queueFamily(p, V6, workers);
  return p.assemble();
}

/** For the tunnels' device. */
export function tunnelQueueProgram(workers: number, maps: MapFds, { ipv6 = false } = {}): Uint8Array {
  const p = new Program(maps);
  const frame = V4.stack.ip;
  const outer = (f: Family): Program => p.mov("r9", ETHERNET_SIZE + f.ipSize).mov("r7", ETHERNET_SIZE + f.ipSize + UDP_AND_VXLAN);
  p.load("u32", "r0", "r6", SKB_PROTOCOL);
  outer(V4).jumpIf("r0", "==", V4.ethertype, "frame");
  outer(V6).jumpIf("r0", "!=", V6.ethertype, "any").label("frame");
  p.mov("r8", "r9")
    .alu("add", "r8", UDP_SIZE)
    .loadBytes("r8", frame, RECEIVER + 1, "any");
  p.load("u8", "r0", "r10", frame).jumpIf("r0", "<", SEALED, "plain");
  p.load("u8", "r0", "r10", frame + RECEIVER)
    .jumpIf("r0", "==", ANY_WORKER, "any")
    .alu("sub", "r0", 1)
    .exit();
  p.label("plain").loadBytes("r7", frame, ETHERNET_SIZE, "any").alu("add", "r7", ETHERNET_SIZE);
  p.load("u16", "r0", "r10", frame).jumpIf("r0", "!=", OWN_MAC[0]! | (OWN_MAC[1]! << 8), "any");
  p.load("u8", "r0", "r10", frame + 2).jumpIf("r0", "!=", OWN_MAC[2]!, "any");
  p.load("u16", "r0", "r10", frame + TYPE).jumpIf("r0", "==", V4.ethertype, "IPv4");
  if (ipv6) p.jumpIf("r0", "==", V6.ethertype, "IPv6");
  p.label("any").loadBytes("r9", frame, 2, "none").load("u16", "r0", "r10", frame).exit(); // the kernel takes it modulo the queues
  p.label("none").answer(0);
  p.label("IPv4");
  queueFamily(p, V4, workers, false);
  if (!ipv6) return p.assemble();
  p.label("IPv6").section("IPv6 inside");
  queueFamily(p, V6, workers, false);
  return p.assemble();
}

/** `plain`: the packet is right behind the frame's Ethernet header, else at r7. */
function queueFamily(p: Program, f: Family, workers: number, plain = true): void {
  const { ip, l4, src, dst, flow, rest } = f.stack;
  const ends = (name: string, later: string): void => {
    p.loadBytes("r7", ip, f.ipSize, "first").layer4(f, { loaded: false, found: `${name}-parsed`, later, otherwise: "first" });
    p.jumpIf("r8", "==", f.icmp, name).jumpIf("r8", "==", TCP, `${name}-ports`);
    p.jumpIf("r8", "==", SCTP, `${name}-ports`).jumpIf("r8", "!=", UDP, "first").label(`${name}-ports`);
  };
  const echo = (end: number): Program => p.copy("u16", l4, l4 + ICMP_ID).spread(f, end, l4, workers);
  if (plain) p.mov("r7", ETHERNET_SIZE);
  ends("outer", "later");
  p.spread(f, dst, l4 + 2, workers);
  p.label("picked")
    .mov("r7", "r0")
    .store("u32", "r10", rest, "r7")
    .store("u32", "r10", rest + 4, 0);
  p.rememberFragments(f, "remembered", FRAGMENT_OF_QUEUE).mov("r0", "r7").exit();

  p.label("outer").load("u8", "r0", "r10", l4);
  for (const type of f.icmpErrors) p.jumpIf("r0", "==", type, "error");
  echo(dst).jump("picked");
  p.label("error").alu("add", "r7", L4_SIZE);
  ends("inner", "first");
  p.spread(f, src, l4, workers).exit();
  p.label("inner");
  echo(src).exit();
  p.label("later").fragmentKey(f, FRAGMENT_OF_QUEUE).lookup(f.maps.fragments, flow).jumpIf("r0", "==", 0, "first");
  p.load("u32", "r0", "r0", 0).exit();
  p.label("first").answer(0);
}
