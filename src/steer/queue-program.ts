/**
 * `queue`: picks the queue, that is the worker, for a frame that comes out of a bridge TAP (TUNSETSTEERINGEBPF, a socket filter that
 * answers a number): by the far end, which is what the packet is for. Of an ICMP error it is whom the quoted packet came from. Later
 * fragments follow the first one. What is no IPv4, or has no ports, goes to the first queue.
 */
import {
  ETHERNET_SIZE,
  ETHERTYPE_IPV4,
  FLOW,
  FRAGMENT_OFFSET,
  ICMP,
  ICMP_ID,
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
  SKB_PROTOCOL,
  TCP,
  TIME_EXCEEDED,
  UDP,
  UNREACHABLE,
} from "./program.js";

/** Tells keys of `fragments` from those of `steer`, whose values are interface indices. */
const FRAGMENT_OF_QUEUE = 0x100;

export function queueProgram(workers: number, maps: MapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", ETHERTYPE_IPV4, "first");
  const ends = (name: string, later: string): void => {
    p.loadBytes("r7", IP, IPV4_SIZE, "first");
    p.load("u8", "r8", "r10", IP + IP_PROTOCOL);
    p.load("u16", "r0", "r10", IP + IP_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET)
      .jumpIf("r0", "!=", 0, later);
    p.load("u8", "r0", "r10", IP).alu("and", "r0", 0x0f).alu("lsh", "r0", 2).alu("add", "r7", "r0");
    p.loadBytes("r7", L4, L4_SIZE, "first")
      .jumpIf("r8", "==", ICMP, name)
      .jumpIf("r8", "==", TCP, `${name}-ports`)
      .jumpIf("r8", "!=", UDP, "first");
    p.label(`${name}-ports`);
  };
  const echo = (end: number): Program => p.copy("u16", L4, L4 + ICMP_ID).spread(IP + end, L4, workers);
  p.mov("r7", ETHERNET_SIZE);
  ends("outer", "later");
  p.spread(IP + IP_DST, L4 + 2, workers);
  p.label("picked")
    .mov("r7", "r0")
    .store("u32", "r10", REST, "r7")
    .store("u32", "r10", REST + 4, 0);
  p.rememberFragments("remembered", FRAGMENT_OF_QUEUE).mov("r0", "r7").exit();

  p.label("outer").load("u8", "r0", "r10", L4);
  for (const type of [UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM]) p.jumpIf("r0", "==", type, "error");
  echo(IP_DST).jump("picked");
  p.label("error").alu("add", "r7", L4_SIZE);
  ends("inner", "first");
  p.spread(IP + IP_SRC, L4, workers).exit();
  p.label("inner");
  echo(IP_SRC).exit();
  p.label("later").fragmentKey(FRAGMENT_OF_QUEUE).lookup("fragments", FLOW).jumpIf("r0", "==", 0, "first");
  p.load("u32", "r0", "r0", 0).exit();
  return p.label("first").answer(0).assemble();
}
