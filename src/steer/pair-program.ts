/**
 * What carries frames between two stations of a network past the engine, which has entered them in `station_pairs` (`wire/station-pair.ts`): TCP or UDP in an IP
 * packet without options or extensions, whole. All else goes to the engine, as ever.
 */
import { PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { ORDER_TRUSTED } from "../wire/order.js";
import { STATION_PAIR_DEVICE_AT, STATION_PAIR_FROM_AT, STATION_PAIR_ORDER_AT, STATION_PAIR_TO_AT } from "../wire/station-pair.js";
import { V4, V6 } from "./family.js";
import { MOVED_FROM_AT, MOVED_TO_AT } from "./moved.js";
import { type InsideOrder, placeInside, waitInside } from "./order-program.js";
import { FRAGMENT_OFFSET, type MapFds, MORE_FRAGMENTS, PACKET_HOST, Program, REDIRECT, REDIRECT_PEER, SKB_CHANGE_TYPE } from "./program.js";

/** Where the value of a map has what is known of an endpoint: its MAC, u32 number of its network in the engine, its addresses, zeros for none. */
export interface GuardLayout {
  readonly mac: number;
  readonly network: number;
  readonly ipv4: number;
  readonly ipv6: number;
}

/** EtherTypes as little-endian loads of their two bytes see them. */
const IPV4 = 0x0008,
  IPV6 = 0xdd86;
/** Stack: an IP header, a key of `station_pairs`, number of a port, layer 4's ports. */
export const IP = -112;
const PAIR = -64,
  PLACE = -68,
  PORTS = -12;
const HEADER = 14,
  SRC = 6,
  MAC_END = 4, // the last two bytes
  TYPE = 12,
  GROUP_BIT = 1;
const PLAIN_IPV4 = 0x45,
  IPV4_SIZE = 20,
  IPV4_FRAGMENT = 6,
  IPV4_PROTOCOL = 9,
  IPV4_SRC = 12,
  IPV4_DST = 16,
  IPV6_SIZE = 40,
  IPV6_NEXT = 6,
  IPV6_SRC = 8,
  IPV6_DST = 24;

/** `frame`: where on the stack the frame's Ethernet header is, of 14 bytes. */
export class PairProgram<Maps extends MapFds = MapFds> extends Program<Maps> {
  /** Goes on if the frame is for one station. */
  unlessUnicast(frame: number, otherwise: string): this {
    return this.load("u8", "r0", "r10", frame).alu("and", "r0", GROUP_BIT).jumpIf("r0", "!=", 0, otherwise);
  }

  /** Goes on if the frame is from that MAC, in the value that r9 is. */
  unlessFrom(frame: number, mac: number, otherwise: string): this {
    return this.unlessMac(frame + SRC, mac, otherwise);
  }

  /** The same of whom it is for. */
  unlessFor(frame: number, mac: number, otherwise: string): this {
    return this.unlessMac(frame, mac, otherwise);
  }

  /**
   * Goes on if it is a packet that may be carried; with `guard`, whose value r9 is, if it is of the endpoint's own address, too, with the offset of layer 4 in r7 and the
   * protocol in r8.
   */
  unlessPlain(frame: number, guard: GuardLayout | null, otherwise: string): this {
    const proto = guard === null ? "r0" : "r8";
    this.load("u16", "r0", "r10", frame + TYPE)
      .jumpIf("r0", "==", IPV6, "IPv6 plain")
      .jumpIf("r0", "!=", IPV4, otherwise);
    this.loadBytes(HEADER, IP, IPV4_SIZE, otherwise).load("u8", "r0", "r10", IP).jumpIf("r0", "!=", PLAIN_IPV4, otherwise);
    this.load("u16", "r0", "r10", IP + IPV4_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET | MORE_FRAGMENTS)
      .jumpIf("r0", "!=", 0, otherwise);
    if (guard !== null) this.unlessOwn(IP + IPV4_SRC, guard.ipv4, 4, otherwise);
    if (guard !== null) this.mov("r7", HEADER + IPV4_SIZE);
    this.load("u8", proto, "r10", IP + IPV4_PROTOCOL).jump("protocol");
    this.label("IPv6 plain").loadBytes(HEADER, IP, IPV6_SIZE, otherwise);
    if (guard !== null) this.unlessOwn(IP + IPV6_SRC, guard.ipv6, 16, otherwise);
    if (guard !== null) this.mov("r7", HEADER + IPV6_SIZE);
    this.load("u8", proto, "r10", IP + IPV6_NEXT);
    return this.label("protocol").jumpIf(proto, "==", PROTO_TCP, "plain").jumpIf(proto, "!=", PROTO_UDP, otherwise).label("plain");
  }

  /** Goes on if the packet, which `unlessPlain` let through, has an address of the host as its source: what the host only forwards has not. */
  unlessHosts(frame: number, otherwise: string): this {
    this.load("u16", "r0", "r10", frame + TYPE).jumpIf("r0", "==", IPV6, "IPv6 source");
    this.lookup("locals", IP + IPV4_SRC)
      .jumpIf("r0", "==", 0, otherwise)
      .jump("the host's");
    this.label("IPv6 source").lookup("locals6", IP + IPV6_SRC);
    return this.jumpIf("r0", "==", 0, otherwise).label("the host's");
  }

  /** r9 = value of the pair of the frame's MACs, in that network, or in that of the endpoint that r9 was about. */
  pair(frame: number, network: number | GuardLayout, otherwise: string): this {
    if (typeof network === "number") this.store("u32", "r10", PAIR + 12, network);
    else this.load("u32", "r0", "r9", network.network).store("u32", "r10", PAIR + 12, "r0");
    this.copy("u16", PAIR, frame).copy("u16", PAIR + 2, frame + SRC);
    for (const at of [2, 4]) this.copy("u16", PAIR + 2 + at, frame + at).copy("u16", PAIR + 6 + at, frame + SRC + at);
    return this.lookup("stationPairs", PAIR).jumpIf("r0", "==", 0, otherwise).mov("r9", "r0");
  }

  /**
   * With the value of the frame's pair in r9, or 0 if it is not entered, and the offset of layer 4 in r7: goes to `engine` with a frame that is not carried yet, with
   * a stamp (order-program.ts). The pair has many flows: each waits for itself.
   */
  keepInOrder(frame: number, order: InsideOrder, engine: string): this {
    this.jumpIf("r9", "==", 0, "pair not entered").load("u32", "r1", "r9", STATION_PAIR_ORDER_AT).jumpIf("r1", "==", 0, "pair in order");
    this.label("pair not entered").loadBytes("r7", PORTS, 4, engine);
    if (order.workers > 1) {
      this.load("u16", "r0", "r10", frame + TYPE).jumpIf("r0", "==", IPV6, "IPv6 spread");
      this.spread(V4, IP + IPV4_DST, PORTS + 2, order.workers)
        .jump("spread")
        .label("IPv6 spread");
      this.spread(V6, IP + IPV6_DST, PORTS + 2, order.workers).label("spread");
    }
    this.load("u16", "r1", "r10", frame + MAC_END)
      .load("u32", "r2", "r10", PORTS)
      .alu("xor", "r1", "r2");
    placeInside(this, order);
    waitInside(this, "pair", { waiting: STATION_PAIR_ORDER_AT, trusted: ORDER_TRUSTED }, engine);
    return this.label("pair in order");
  }

  /** Counts the frame for the endpoint that the pair in r9 says it is from. */
  countFrom(): this {
    this.load("u16", "r0", "r9", STATION_PAIR_FROM_AT).store("u32", "r10", PLACE, "r0");
    return this.countMoved(PLACE, MOVED_FROM_AT, "counted from");
  }

  /** Ends with the frame in the endpoint that the pair in r9 leads to: for it, whatever MAC the device had that it came by. From egress it goes by the pair. */
  intoEndpoint(from: "ingress" | "egress" = "ingress"): this {
    this.load("u16", "r0", "r9", STATION_PAIR_TO_AT).store("u32", "r10", PLACE, "r0").countMoved(PLACE, MOVED_TO_AT, "counted to");
    if (from === "ingress") this.mov("r1", "r6").mov("r2", PACKET_HOST).call(SKB_CHANGE_TYPE);
    this.load("u32", "r1", "r9", STATION_PAIR_DEVICE_AT).mov("r2", 0);
    return this.call(from === "ingress" ? REDIRECT_PEER : REDIRECT).exit();
  }

  private unlessMac(at: number, mac: number, otherwise: string): this {
    for (let i = 0; i < 6; i += 2)
      this.load("u16", "r0", "r10", at + i)
        .load("u16", "r1", "r9", mac + i)
        .jumpIf("r0", "!=", "r1", otherwise);
    return this;
  }

  private unlessOwn(at: number, guardAt: number, size: number, otherwise: string): this {
    this.load("u32", "r0", "r9", guardAt).jumpIf("r0", "==", 0, otherwise); // it has none
    for (let i = 0; i < size; i += 4)
      this.load("u32", "r0", "r10", at + i)
        .load("u32", "r1", "r9", guardAt + i)
        .jumpIf("r0", "!=", "r1", otherwise);
    return this;
  }
}
