/**
 * The programs between a LAN device, a TAP of the engine's, and its parent, the host's device on the LAN. They decide nothing: maps say who is whose.
 *
 * - `lan_in` (ingress of the parent): what is for a station of ours goes to the LAN device; what is for a group goes there too, and on to the host.
 * - `lan_host` (its egress): the same with what the host itself sends. Not in a VLAN, where the host is not.
 * - `lan_out` (ingress of the LAN device, what the engine writes): what is for the host goes up the parent's stack, as if it had come in there; what is for a
 *   group goes up and out; the rest goes out. Nothing else of this device is the host's business, so while there is no parent all of it is dropped.
 *
 * A LAN is what is untagged on the parent (or tagged with VLAN 0, that is with a priority alone, IEEE 802.1Q §9.6), or what has one VLAN's tag there: that is
 * taken off on the way in, and put on on the way out. What has two tags is nobody's. How stations are told apart, and who sees what, `way` says:
 *
 * - "mac": by their own MACs. The host is a station like others.
 * - "address": all have the parent's MAC; what comes for that is looked up by IP address.
 * - "all": one station, with the parent's MAC, gets everything.
 * - "outside": by their own MACs, and the LAN's switch sends back what one of us has for another, the host included: it goes out, whatever it is.
 *
 * Maps:
 * - stations: MAC, then two zero bytes. Value: u32, OURS or PARENT.
 * - addresses: IPv6 address, or the IPv4-mapped one. Value: MAC of the station, then two zero bytes.
 * - parent: an array of one: u32 interface index of the parent, 0: there is none; u32 VLAN there, 0: none.
 */

import { type LanCarryMapFds, LanCarryProgram } from "./lan-carry-programs.js";
import { PLACE } from "./pair-program.js";
import {
  CLONE_REDIRECT,
  REDIRECT,
  REDIRECT_INGRESS,
  SKB_INGRESS_IFINDEX,
  SKB_PROTOCOL,
  SKB_VLAN_PRESENT,
  SKB_VLAN_PROTO,
  SKB_VLAN_TCI,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
  VLAN_POP,
  VLAN_PUSH,
} from "./program.js";

export const OURS = 1,
  PARENT = 2;
const VID_MASK = 0xfff;
/** EtherTypes as little-endian loads of their two bytes see them. */
const TAG = 0x0081,
  SERVICE_TAG = 0xa888,
  ARP = 0x0608,
  IPV4 = 0x0008,
  IPV6 = 0xdd86;
/** Stack: the two MACs and the type of a frame, a key of `stations`, the index in `parent`, a key of `addresses`. */
const DST = -32,
  SRC = -26,
  TYPE = -20,
  KEY = -8,
  INDEX = -12,
  ADDRESS = -48;
const HEADER = 14,
  GROUP_BIT = 1,
  MAPPED = -65536, // ::ffff:0:0/96, its third word as it lies there
  ARP_TARGET = 24,
  IPV4_DST = 16,
  IPV6_DST = 24;

export type LanWay = "mac" | "address" | "all" | "outside";

export interface LanMapFds extends LanCarryMapFds {
  stations: number;
  addresses: number;
  parent: number;
}

/** Which LAN it is, and how its stations are told apart. */
export interface LanWire {
  way: LanWay;
  /** Number of the LAN's network in the engine, whose pairs are carried, of its port there, and how many workers there are; none: nothing is. */
  network?: { number: number; port: number; workers: number } | undefined;
  /** 1..4094; 0: untagged. */
  vlan: number;
}

class LanProgram extends LanCarryProgram<LanMapFds> {
  constructor(
    maps: LanMapFds,
    private readonly wire: LanWire,
  ) {
    super(maps);
  }

  /** The frame's header to the stack, r8 = its tag, or 0; goes to `next` with what is of another LAN. */
  header(): this {
    this.mov("r8", 0)
      .load("u32", "r0", "r6", SKB_PROTOCOL)
      .jumpIf("r0", "==", TAG, "next")
      .jumpIf("r0", "==", SERVICE_TAG, "next")
      .load("u32", "r0", "r6", SKB_VLAN_PRESENT);
    if (this.wire.vlan === 0) this.jumpIf("r0", "==", 0, "untagged");
    else this.jumpIf("r0", "==", 0, "next");
    this.load("u32", "r0", "r6", SKB_VLAN_PROTO).jumpIf("r0", "!=", TAG, "next");
    this.load("u32", "r8", "r6", SKB_VLAN_TCI).mov("r0", "r8").alu("and", "r0", VID_MASK).jumpIf("r0", "!=", this.wire.vlan, "next");
    this.alu("or", "r8", 0x10000).label("untagged"); // a tag of VLAN 0 and no priority is one, too
    this.loadBytes(0, DST, HEADER, "next");
    // Behind the LAN's own tag: to the engine it would be a stamp (`wire/order.ts`).
    return this.load("u16", "r0", "r10", TYPE).jumpIf("r0", "==", SERVICE_TAG, "next");
  }

  /** r7 = whose the MAC is: OURS, PARENT, or 0. Defines `done`. */
  owner(mac: number, done: string): this {
    for (let at = 0; at < 6; at += 2) this.copy("u16", KEY + at, mac + at);
    this.store("u16", "r10", KEY + 6, 0)
      .lookup("stations", KEY)
      .mov("r7", 0)
      .jumpIf("r0", "==", 0, done);
    return this.load("u32", "r7", "r0", 0).label(done);
  }

  ifGroup(then: string): this {
    return this.load("u8", "r0", "r10", DST).alu("and", "r0", GROUP_BIT).jumpIf("r0", "!=", 0, then);
  }

  /** Goes to `otherwise` unless the IP address that the frame is for, or that ARP asks for, is a station's. */
  ifStationsAddress(otherwise: string): this {
    for (let at = 0; at < 8; at += 4) this.store("u32", "r10", ADDRESS + at, 0);
    this.store("u32", "r10", ADDRESS + 8, MAPPED);
    this.load("u16", "r0", "r10", TYPE).jumpIf("r0", "==", IPV4, "IPv4").jumpIf("r0", "==", ARP, "ARP").jumpIf("r0", "!=", IPV6, otherwise);
    this.loadBytes(HEADER + IPV6_DST, ADDRESS, 16, otherwise).jump("address");
    this.label("ARP")
      .loadBytes(HEADER + ARP_TARGET, ADDRESS + 12, 4, otherwise)
      .jump("address");
    this.label("IPv4").loadBytes(HEADER + IPV4_DST, ADDRESS + 12, 4, otherwise);
    return this.label("address").lookup("addresses", ADDRESS).jumpIf("r0", "==", 0, otherwise);
  }

  /** What `header` let through: to the LAN device, what is for a group also on; the rest to `next`. What is carried past it comes `from` there. */
  toStations(lan: number, from: "ingress" | "egress"): this {
    const { way, network } = this.wire;
    this.ifGroup("group");
    if (way !== "all") this.owner(DST, "receiver").jumpIf("r7", "!=", way === "address" ? PARENT : OURS, "next");
    if (way === "address") this.ifStationsAddress("next");
    if (network !== undefined && (way === "mac" || way === "address")) {
      if (way === "address") for (let at = 0; at < 6; at += 2) this.load("u16", "r1", "r0", at).store("u16", "r10", DST + at, "r1");
      this.clearIp(network.workers).unlessPlain(DST, null, "not carried").jumpIf("r8", "==", 0, "bare").untag().mov("r8", 0).label("bare");
      this.pair(DST, network.number, "no pair").jump("looked up").label("no pair").mov("r9", 0).label("looked up");
      const port = (): void => void this.store("u32", "r10", PLACE, network.port);
      this.keepDatagrams(DST, { workers: network.workers, tagged: true }, port, "not carried");
      if (way === "address") this.setReceiver(DST);
      this.intoEndpoint(from).label("not carried");
    }
    this.jumpIf("r8", "==", 0, "station").untag().label("station").redirectTo(lan);
    this.label("group").jumpIf("r8", "==", 0, "plain group").untag().cloneTo(lan, 0);
    this.tag().jump("next"); // it goes on as it came
    return this.label("plain group").cloneTo(lan, 0).end();
  }

  untag(): this {
    return this.mov("r1", "r6").call(VLAN_POP);
  }

  /** With what r8 says. */
  tag(): this {
    return this.mov("r1", "r6").mov("r2", TAG).mov("r3", "r8").alu("and", "r3", 0xffff).call(VLAN_PUSH);
  }

  cloneTo(ifindex: number | "r9", flags: number): this {
    return this.mov("r1", "r6").mov("r2", ifindex).mov("r3", flags).call(CLONE_REDIRECT);
  }

  redirectTo(ifindex: number | "r9", flags = 0): this {
    return this.mov("r1", ifindex).mov("r2", flags).call(REDIRECT).exit();
  }

  /** As if we were not there. */
  end(): this {
    return this.label("next").mov("r0", TC_ACT_UNSPEC).exit();
  }
}

/** `lan`: interface index of the LAN device. */
export function lanInProgram(maps: LanMapFds, wire: LanWire, lan: number): Uint8Array {
  const p = new LanProgram(maps, wire).header();
  // From the engine, which `lan_out` has sent up, or come back by a loop in the LAN. Where the parent's MAC is ours too, that says the same.
  if (wire.way === "mac") p.owner(SRC, "sender").jumpIf("r7", "==", OURS, "next");
  else if (wire.way !== "outside") p.owner(SRC, "sender").jumpIf("r7", "!=", 0, "next");
  return p.toStations(lan, "ingress").assemble();
}

export function lanHostProgram(maps: LanMapFds, wire: LanWire, lan: number): Uint8Array {
  const p = new LanProgram(maps, wire);
  p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX).jumpIf("r0", "==", lan, "next"); // from the engine, on its way out
  p.header();
  // The station has the host's own MAC here: what is for others must not go to it.
  if (wire.way === "all") p.ifGroup("for it").owner(DST, "for whom").jumpIf("r7", "==", 0, "next").label("for it");
  return p.toStations(lan, "egress").assemble();
}

export function lanOutProgram(maps: LanMapFds, way: LanWay): Uint8Array {
  const p = new LanProgram(maps, { way, vlan: 0 });
  const [gone, failed] = ["gone", "failed"];
  p.loadBytes(0, DST, HEADER, failed).store("u32", "r10", INDEX, 0).lookup("parent", INDEX).jumpIf("r0", "==", 0, gone);
  p.load("u32", "r9", "r0", 0).load("u32", "r8", "r0", 4).jumpIf("r9", "==", 0, gone).jumpIf("r8", "!=", 0, "tagged");
  if (hasHost({ way, vlan: 0 })) {
    p.ifGroup("group").owner(DST, "receiver").jumpIf("r7", "!=", PARENT, "out").redirectTo("r9", REDIRECT_INGRESS);
    p.label("group").cloneTo("r9", REDIRECT_INGRESS).label("out");
  }
  p.redirectTo("r9").label("tagged").tag().jumpIf("r0", "!=", 0, failed).redirectTo("r9");
  p.label(failed).choose("offload-failed").count("counted failed").answer(TC_ACT_SHOT);
  return p.label(gone).choose("device-gone").count("counted gone").answer(TC_ACT_SHOT).assemble();
}

/** Whether the host stands on that LAN without the switch's help, so that `lan_host` is needed. */
export function hasHost({ way, vlan }: LanWire): boolean {
  return vlan === 0 && way !== "outside";
}
