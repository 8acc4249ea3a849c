/**
 * Frames between stations of a LAN that the kernel carries, where the endpoint is one end of a veth pair: what the engine has entered in `lan_pairs`
 * (`wire/lan-pair.ts`), and TCP or UDP in an IP packet without options or extensions, whole and untagged. All else goes to the engine, as ever.
 *
 * - To an endpoint: `lan_in` (lan-programs.ts) puts it into the endpoint.
 * - From one: `lan_from`, on the ingress of the pair's end in the host's namespace and before the program that leads frames to the engine, sends it out of
 *   the parent, up its stack, or into the other endpoint. It has passed what the engine's source guard checks: MAC and address are those of the endpoint behind that very
 *   device. What has not goes to the engine, which drops and counts it.
 *
 * Map lan_guard: u32 interface index of a pair's end. Value: the endpoint's MAC, GUARD_*; u32 number of its network in the engine; its addresses, zeros for none.
 */
import { PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import {
  LAN_PAIR_DEVICE_AT,
  LAN_PAIR_FROM_AT,
  LAN_PAIR_HOW_AT,
  LAN_PAIR_MAC_AT,
  LAN_PAIR_TO_AT,
  LAN_PAIR_VLAN_AT,
  LAN_TO_ENDPOINT,
  LAN_TO_HOST,
  LAN_TO_PARENT_AS,
} from "../wire/lan-pair.js";
import { unlessAimed } from "./checksum-place.js";
import { MOVED_FROM_AT, MOVED_TO_AT } from "./moved.js";
import {
  FRAGMENT_OFFSET,
  type MapFds,
  MORE_FRAGMENTS,
  Program,
  REDIRECT,
  REDIRECT_INGRESS,
  REDIRECT_PEER,
  SKB_IFINDEX,
  SKB_LEN,
  SKB_STORE_BYTES,
  SKB_VLAN_PRESENT,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
} from "./program.js";

export interface LanCarryMapFds extends MapFds {
  lanPairs: number;
  lanMoved: number;
  lanGuard: number;
}

// biome-ignore format: a table
export const LAN_GUARD_SIZE = 32, GUARD_MAC_AT = 0, GUARD_NETWORK_AT = 8, GUARD_IPV4_AT = 12, GUARD_IPV6_AT = 16;

/** enum bpf_func_id. */
const VLAN_PUSH = 18,
  SKB_CHANGE_TYPE = 32;
/** ETH_P_8021Q, as the kernel takes it from a program. */
const TAG = 0x0081;
/** EtherTypes as little-endian loads of their two bytes see them. */
const IPV4 = 0x0008,
  IPV6 = 0xdd86;
/** Stack: a frame's header, its IP header, a key of `lan_pairs`, one of `lan_guard`. */
const FRAME = -32,
  IP = -112,
  PAIR = -64,
  INDEX = -68;
const HEADER = 14,
  SRC = 6,
  TYPE = 12,
  GROUP_BIT = 1;
const PLAIN_IPV4 = 0x45,
  IPV4_SIZE = 20,
  IPV4_FRAGMENT = 6,
  IPV4_PROTOCOL = 9,
  IPV4_SRC = 12,
  IPV6_SIZE = 40,
  IPV6_NEXT = 6,
  IPV6_SRC = 8;

/** The steps that both directions have in common; `frame`: where on the stack the frame's header is. */
export class LanCarryProgram<Maps extends LanCarryMapFds = LanCarryMapFds> extends Program<Maps> {
  /**
   * Goes on if it is a packet that may be carried; with `guard`, whose value r9 is, if it is of the endpoint's own address, too: with the offset of layer 4 in r7, and
   * the protocol in r8. Without it these are as they were: `lan_in` has the frame's tag in r8.
   */
  unlessPlain(frame: number, guard: boolean, otherwise: string): this {
    const proto = guard ? "r8" : "r0";
    this.load("u16", "r0", "r10", frame + TYPE)
      .jumpIf("r0", "==", IPV6, "IPv6 plain")
      .jumpIf("r0", "!=", IPV4, otherwise);
    this.loadBytes(HEADER, IP, IPV4_SIZE, otherwise).load("u8", "r0", "r10", IP).jumpIf("r0", "!=", PLAIN_IPV4, otherwise);
    this.load("u16", "r0", "r10", IP + IPV4_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET | MORE_FRAGMENTS)
      .jumpIf("r0", "!=", 0, otherwise);
    if (guard) this.unlessOwn(IP + IPV4_SRC, GUARD_IPV4_AT, 4, otherwise);
    if (guard) this.mov("r7", HEADER + IPV4_SIZE);
    this.load("u8", proto, "r10", IP + IPV4_PROTOCOL).jump("protocol");
    this.label("IPv6 plain").loadBytes(HEADER, IP, IPV6_SIZE, otherwise);
    if (guard) this.unlessOwn(IP + IPV6_SRC, GUARD_IPV6_AT, 16, otherwise);
    if (guard) this.mov("r7", HEADER + IPV6_SIZE);
    this.load("u8", proto, "r10", IP + IPV6_NEXT);
    return this.label("protocol").jumpIf(proto, "==", PROTO_TCP, "plain").jumpIf(proto, "!=", PROTO_UDP, otherwise).label("plain");
  }

  /** r9 = value of the pair of the frame's MACs, in that network. */
  pair(frame: number, network: number | "r9", otherwise: string): this {
    if (network === "r9") this.load("u32", "r0", "r9", GUARD_NETWORK_AT).store("u32", "r10", PAIR + 12, "r0");
    else this.store("u32", "r10", PAIR + 12, network);
    this.copy("u16", PAIR, frame).copy("u16", PAIR + 2, frame + SRC);
    for (const at of [2, 4]) this.copy("u16", PAIR + 2 + at, frame + at).copy("u16", PAIR + 6 + at, frame + SRC + at);
    return this.lookup("lanPairs", PAIR).jumpIf("r0", "==", 0, otherwise).mov("r9", "r0");
  }

  /** Ends with the frame in the endpoint that the pair in r9 leads to: for it, whatever MAC the device had that it came by. From egress it goes by the pair. */
  intoEndpoint(from: "ingress" | "egress" = "ingress"): this {
    this.load("u16", "r0", "r9", LAN_PAIR_TO_AT).store("u32", "r10", INDEX, "r0").countLan(INDEX, MOVED_TO_AT, "counted to");
    if (from === "ingress") this.mov("r1", "r6").mov("r2", 0).call(SKB_CHANGE_TYPE);
    this.load("u32", "r1", "r9", LAN_PAIR_DEVICE_AT).mov("r2", 0);
    return this.call(from === "ingress" ? REDIRECT_PEER : REDIRECT).exit();
  }

  /** The frame is for the MAC on the stack. */
  setReceiver(mac: number): this {
    return this.storeBytes(0, mac, 6);
  }

  /** Writes bytes of the stack into the packet. */
  storeBytes(at: number, from: number, len: number): this {
    this.mov("r1", "r6").mov("r2", at).stackPointer("r3", from).mov("r4", len).mov("r5", 0);
    return this.call(SKB_STORE_BYTES);
  }

  /** Counts the frame among what was carried from (MOVED_FROM_AT) or to the endpoint whose port's number is on the stack. r0 to r5 are lost. Defines `done`. */
  countLan(port: number, at: number, done: string): this {
    this.lookup("lanMoved", port).jumpIf("r0", "==", 0, done);
    this.load("u64", "r1", "r0", at).alu("add", "r1", 1).store("u64", "r0", at, "r1");
    this.load("u64", "r1", "r0", at + 8)
      .load("u32", "r2", "r6", SKB_LEN)
      .alu("add", "r1", "r2");
    return this.store("u64", "r0", at + 8, "r1").label(done);
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

export function lanFromProgram(maps: LanCarryMapFds): Uint8Array {
  const p = new LanCarryProgram(maps);
  p.load("u32", "r0", "r6", SKB_VLAN_PRESENT).jumpIf("r0", "!=", 0, "next").loadBytes(0, FRAME, HEADER, "next");
  p.load("u8", "r0", "r10", FRAME).alu("and", "r0", GROUP_BIT).jumpIf("r0", "!=", 0, "next");
  p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("lanGuard", INDEX).jumpIf("r0", "==", 0, "next");
  p.mov("r9", "r0");
  for (let i = 0; i < 6; i += 2)
    p.load("u16", "r0", "r10", FRAME + SRC + i)
      .load("u16", "r1", "r9", GUARD_MAC_AT + i)
      .jumpIf("r0", "!=", "r1", "next");
  p.unlessPlain(FRAME, true, "next").pair(FRAME, "r9", "next");
  unlessAimed(p, INDEX, "aimed", "next");
  p.load("u16", "r0", "r9", LAN_PAIR_FROM_AT).store("u32", "r10", INDEX, "r0").countLan(INDEX, MOVED_FROM_AT, "counted from");
  p.load("u32", "r0", "r9", LAN_PAIR_HOW_AT).jumpIf("r0", "!=", LAN_TO_ENDPOINT, "to the LAN").intoEndpoint();
  p.label("to the LAN").jumpIf("r0", "==", LAN_TO_HOST, "to the host").jumpIf("r0", "!=", LAN_TO_PARENT_AS, "as it is");
  for (let i = 0; i < 6; i += 2) p.load("u16", "r0", "r9", LAN_PAIR_MAC_AT + i).store("u16", "r10", FRAME + i, "r0");
  p.storeBytes(SRC, FRAME, 6).label("as it is").load("u16", "r3", "r9", LAN_PAIR_VLAN_AT).jumpIf("r3", "==", 0, "untagged");
  p.mov("r1", "r6").mov("r2", TAG).call(VLAN_PUSH).jumpIf("r0", "==", 0, "untagged").mov("r0", TC_ACT_SHOT).exit();
  p.label("untagged").load("u32", "r1", "r9", LAN_PAIR_DEVICE_AT).mov("r2", 0).call(REDIRECT).exit();
  p.label("to the host").load("u32", "r1", "r9", LAN_PAIR_DEVICE_AT).mov("r2", REDIRECT_INGRESS).call(REDIRECT).exit();
  p.label("aimed").choose("aimed-checksum").count("counted aimed").answer(TC_ACT_SHOT);
  return p.label("next").mov("r0", TC_ACT_UNSPEC).exit().assemble();
}
