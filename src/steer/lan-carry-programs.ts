/**
 * Frames between stations of a LAN that the kernel carries (pair-program.ts), where the endpoint is one end of a veth pair, and which have no tag.
 *
 * - To an endpoint: `lan_in` (lan-programs.ts) puts it into the endpoint.
 * - From one: `lan_from`, on the ingress of the pair's end in the host's namespace and before the program that leads frames to the engine, sends it out of
 *   the parent, up its stack, or into the other endpoint. It has passed what the engine's source guard checks: MAC and address are those of the endpoint behind that very
 *   device. What has not goes to the engine, which drops and counts it.
 *
 * Map lan_guard: u32 interface index of a pair's end. Value: the endpoint's MAC, GUARD_*; u32 number of its network in the engine; its addresses, zeros for none.
 */
import {
  PAIR_TO_ENDPOINT,
  PAIR_TO_HOST,
  PAIR_TO_PARENT_AS,
  STATION_PAIR_DEVICE_AT,
  STATION_PAIR_HOW_AT,
  STATION_PAIR_MAC_AT,
  STATION_PAIR_VLAN_AT,
} from "../wire/station-pair.js";
import { unlessAimed } from "./checksum-place.js";
import { GUARD_PORT_AT } from "./endpoint-programs.js";
import { type GuardLayout, PairProgram, PLACE } from "./pair-program.js";
import {
  type MapFds,
  REDIRECT,
  REDIRECT_INGRESS,
  SKB_IFINDEX,
  SKB_STORE_BYTES,
  SKB_VLAN_PRESENT,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
  VLAN_PUSH,
} from "./program.js";

export interface LanCarryMapFds extends MapFds {
  lanGuard: number;
  /** Of endpoint-programs.ts. */
  guard: number;
}

// biome-ignore format: a table
export const LAN_GUARD_SIZE = 32, GUARD_MAC_AT = 0, GUARD_NETWORK_AT = 8, GUARD_IPV4_AT = 12, GUARD_IPV6_AT = 16;
const GUARD: GuardLayout = { mac: GUARD_MAC_AT, network: GUARD_NETWORK_AT, ipv4: GUARD_IPV4_AT, ipv6: GUARD_IPV6_AT };

/** ETH_P_8021Q, as the kernel takes it from a program. */
const TAG = 0x0081;
/** Stack: a frame's header, a key of `lan_guard`. */
const FRAME = -32,
  INDEX = -68;
const HEADER = 14,
  SRC = 6;

/** The steps that both directions have in common. */
export class LanCarryProgram<Maps extends LanCarryMapFds = LanCarryMapFds> extends PairProgram<Maps> {
  /** The frame is for the MAC on the stack. */
  setReceiver(mac: number): this {
    return this.storeBytes(0, mac, 6);
  }

  /** Writes bytes of the stack into the packet. */
  storeBytes(at: number, from: number, len: number): this {
    this.mov("r1", "r6").mov("r2", at).stackPointer("r3", from).mov("r4", len).mov("r5", 0);
    return this.call(SKB_STORE_BYTES);
  }
}

/** `workers`: of the engine. */
export function lanFromProgram(maps: LanCarryMapFds, workers: number): Uint8Array {
  const p = new LanCarryProgram(maps);
  p.load("u32", "r0", "r6", SKB_VLAN_PRESENT).jumpIf("r0", "!=", 0, "next").loadBytes(0, FRAME, HEADER, "next");
  p.unlessUnicast(FRAME, "next").clearIp(workers);
  p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("lanGuard", INDEX).jumpIf("r0", "==", 0, "next");
  p.mov("r9", "r0").unlessFrom(FRAME, GUARD.mac, "next");
  p.unlessPlain(FRAME, GUARD, "next").pair(FRAME, GUARD, "no pair").jump("looked up").label("no pair").mov("r9", 0).label("looked up");
  // The stamp is in the source MAC, which has been compared.
  const port = (): void => {
    p.load("u32", "r0", "r6", SKB_IFINDEX)
      .store("u32", "r10", INDEX, "r0")
      .lookup("guard", INDEX)
      .jumpIf("r0", "==", 0, "next")
      .load("u32", "r1", "r0", GUARD_PORT_AT)
      .store("u32", "r10", PLACE, "r1");
  };
  p.keepDatagrams(FRAME, { workers }, port, "next");
  unlessAimed(p, INDEX, "aimed", "next");
  p.countFrom();
  p.load("u32", "r0", "r9", STATION_PAIR_HOW_AT).jumpIf("r0", "!=", PAIR_TO_ENDPOINT, "to the LAN").intoEndpoint();
  p.label("to the LAN").jumpIf("r0", "==", PAIR_TO_HOST, "to the host").jumpIf("r0", "!=", PAIR_TO_PARENT_AS, "as it is");
  for (let i = 0; i < 6; i += 2) p.load("u16", "r0", "r9", STATION_PAIR_MAC_AT + i).store("u16", "r10", FRAME + i, "r0");
  p.storeBytes(SRC, FRAME, 6).label("as it is").load("u16", "r3", "r9", STATION_PAIR_VLAN_AT).jumpIf("r3", "==", 0, "untagged");
  p.mov("r1", "r6").mov("r2", TAG).call(VLAN_PUSH).jumpIf("r0", "==", 0, "untagged");
  p.choose("offload-failed").count("counted failed").answer(TC_ACT_SHOT);
  p.label("untagged").load("u32", "r1", "r9", STATION_PAIR_DEVICE_AT).mov("r2", 0).call(REDIRECT).exit();
  p.label("to the host").load("u32", "r1", "r9", STATION_PAIR_DEVICE_AT).mov("r2", REDIRECT_INGRESS).call(REDIRECT).exit();
  p.label("aimed").choose("aimed-checksum").count("counted aimed").answer(TC_ACT_SHOT);
  return p.label("next").mov("r0", TC_ACT_UNSPEC).exit().assemble();
}
