/**
 * What the steering's programs have in common: the maps that they share, offsets, and sequences of instructions.
 *
 * Seven programs, as byte code. They decide nothing about translation: `accept` (accept-program.ts) gives the engine what the host's kernel
 * lets through to a published port; `steer` (steer-program.ts) takes off a host interface what belongs to a flow that is known, and sends
 * it into the uplink TAP; `emit` (emit-program.ts) takes what the engine writes into the uplink and routes it as the host would, with the
 * help of `home` (home-program.ts) where it is for the host itself; `queue` (queue-program.ts) spreads a bridge's frames over the
 * workers. With offload, `steer` also carries out for single flows what the engine has decided (offload-program.ts). Where there are own
 * networks, `ask` and `answer` (guard-programs.ts) keep out of them what the host would forward; `lan_in`, `lan_host` and `lan_out` (lan-programs.ts) are
 * beside these, for networks that stand on a LAN; endpoint-programs.ts and overlay-programs.ts have those of endpoints on veth pairs.
 *
 * Each program has a section for each family (family.ts): IPv6's maps are called as IPv4's with a 6 behind, and their keys have addresses of
 * 16 bytes. Where the kernel has no IPv6 there is no such section.
 *
 * Maps (all numbers as in the packet; "raw word" is the four bytes as they lie there):
 * - flows: {src, dst, ports, protocol} of a packet *as the engine sent it*, four raw words, protocol a little-endian number.
 *   `ports` is the source port then the destination port; for an ICMP query twice its id. Value: see `wire/flow-entry.ts`. Of what goes to another
 *   node of overlay networks the destination port is 0: whatever that one sends to the tunnels' port comes to their device.
 * - across: key of `flows`, of a flow whose other end is of IPv6. Value: see `wire/flow-entry.ts`. Used with offload alone.
 * - ports: {host address (0: any local one), port, protocol u8, 0 u8}, 8 bytes. Value: u32 place in `carried`. Where neither the host's firewall is
 *   bypassed nor flows are carried it is empty, but for SCTP's.
 * - carried: packets and bytes of flows that steer has translated on the spot, as the engine had said, by published port. See `carried.ts`.
 * - order: place of a flow, an array that the engine has mapped. Value: see `wire/order.ts`.
 * - fragments: {src, dst, identification then 0, protocol} of a packet whose first fragment was taken, as a key of `flows`. Value: u32
 *   interface index of the uplink that gets the others too, u32 interface index that they must come in at (0: any). For
 *   queue-program.ts, 256 more in the protocol: the queue. Of IPv6 the identification has 32 bits, and the protocol is 0: each fragment may
 *   name another one (RFC 8200 §4.5).
 * - pairs: {src, dst} of a packet of a flow that is in `flows`. Value: u32 interface index that what answers it must come in at (0: any).
 *   Tells which later fragments may be the engine's though their first one has not come.
 * - asked: {src, dst, ports, protocol} of a packet of an endpoint to the host itself, as a key of `flows`. Value: u32, unused.
 * - inside6: IPv6 address of the endpoint behind each of the engine's ports, an array; an IPv4 one is in the frame itself.
 * - peers: {u32 interface index of a bridge, address of a container behind it}. Value: see past-bridge-program.ts.
 * - station_pairs: pairs of MACs in a network, between which frames are carried (pair-program.ts). See `wire/station-pair.ts`.
 * - moved: what was carried from and to endpoints on veth pairs, by the engine's port. See `moved.ts`.
 * - locals: the host's own addresses, a raw word. Value: u32 interface index of the device that has it, and has `home`; 0: none does.
 * - own: interface indices of the host's devices in own networks. Value: u32, unused.
 * - ipsec: networks that IPsec policies of the host are about, a trie: {prefix length, u32; address}. Value: u32, unused.
 * - tunnel, and what frames of overlay networks are carried by: overlay-programs.ts. The first u32 of `tunnel` is the raw UDP port of the tunnels to other nodes; 0: there are none.
 * - counters: a per-CPU u64 for each of COUNTERS.
 */

import { FLOW_UPLINK_AT } from "../wire/flow-entry.js";
import { PROTO_TCP as TCP } from "../wire/ipv4.js";
import { SPREAD_FACTOR } from "../wire/spread.js";
import type { Reg } from "./assembler.js";
import type { Family } from "./family.js";
import { type MapFds, PACKET_HOST, SKB_LEN } from "./packet-program.js";
import { FIB_NO_NEIGH, FIB_SUCCESS, RouteProgram } from "./route-program.js";

export { PROTO_SCTP as SCTP, PROTO_TCP as TCP, PROTO_UDP as UDP } from "../wire/ipv4.js";
export * from "./packet-program.js";

/** Counters in the order of their u64s. Packets that are left alone are not counted. */
export const COUNTERS = [
  "accepted", // accept: the host's kernel let it through to a held port, to the engine
  "accept-ring-full", // accept: dropped, the engine did not keep up
  "accept-failed", // accept: dropped, longer than any datagram
  "taken-port", // steer: for a published port, to the engine (only where the host's firewall is bypassed)
  "taken-reply", // steer: answers a packet that the engine sent
  "taken-fragment", // steer: a later fragment of one of these
  "copied-fragment", // steer: one whose first fragment has not come, to the host and to the engine
  "past-bridge", // steer, emit: of these and of `sent`, into the container without its bridge
  "offload-failed", // whatever carries or tags: dropped, the kernel had no memory to change the packet
  "sent", // emit: out of a host interface
  "delivered", // emit: to the host itself, as from its loopback device
  "handed-to-stack", // emit: no route, or none but to the host itself
  "left-to-ipsec", // emit: on the host's way to a network that its IPsec policies are about
  "unreachable", // the rest go to the host's stack too, which answers with ICMP, fragments, encapsulates or drops
  "fragment-needed",
  "forwarding-disabled", // somebody switched off `forwarding` of the uplink
  "unsupported-route",
  "malformed", // emit: dropped, the frame is neither IPv4 nor IPv6
  "flow-not-recorded",
  "returned", // emit: to the engine again, which fragments it or tells its sender: too long, or refused by the host's routes
  "blackhole", // emit: dropped, as the host's routes say
  "taken-error", // home: what the host's stack says about a packet of ours, to the engine, which translates it
  "to-node", // to_node: into a tunnel
  "from-node", // from_node: out of a tunnel, into an endpoint
  "aimed-checksum", // from_endpoint, to_node, lan_from: dropped, its partial checksum was to be put into a header that had been looked at
  "forward-refused", // answer: dropped, the host would have forwarded it into an own network
  "device-gone", // from_endpoint, to_endpoint, lan_out: dropped, what it is to go to is not there: a LAN's parent, say
] as const;
export type Counter = (typeof COUNTERS)[number];

/** How packets lie in a device's buffers: after an Ethernet header, or bare. */
export type LinkLayer = "ethernet" | "loopback" | "ip";

/** enum bpf_func_id. */
// biome-ignore format: a table
export const SKB_STORE_BYTES = 9, L4_CSUM_REPLACE = 11, CLONE_REDIRECT = 13, VLAN_PUSH = 18, VLAN_POP = 19, REDIRECT = 23, CSUM_DIFF = 28,
  SKB_CHANGE_TYPE = 32, SKB_CHANGE_TAIL = 38, SKB_CHANGE_HEAD = 43, REDIRECT_PEER = 155, KTIME_GET_COARSE_NS = 160;
const SKB_GET_XFRM_STATE = 66;
/** Flag of redirect and clone_redirect: as if it had come in by that device (BPF_F_INGRESS). */
export const REDIRECT_INGRESS = 1;
/** Size of struct bpf_xfrm_state. */
const XFRM_STATE_SIZE = 28;
/** LOOPBACK_IFINDEX of include/net/flow.h: lo has this index in every network namespace. */
export const LOOPBACK = 1;
/** A packet's tc_index by which `emit` tells `home` that it is for the host itself; "tP". */
export const FOR_HOME = 0x7450;
export const NANOSECONDS = 1_000_000_000;
/**
 * Stack, offsets from the frame pointer, of either family. INDEX: of a counter, a new ethertype, or TCP's flags. QUOTED (steer): whether the
 * key of the flow comes from the packet inside an ICMP error. HOME: device by which a carried packet goes to the host itself, 0: it does not. SUM: the change
 * of its addresses, for checksums. ENDING: whether it is a carried segment with FIN, and room for COPY_SIZE bytes. TCP_END: a segment's
 * header from the acknowledgment to the flags. SECOND: in which a packet is carried. What has addresses in it is in family.ts.
 */
// biome-ignore format: a table
export const INDEX = -60, QUOTED = -196, FRAME_AT = 11, HOME = -428, SUM = -432, ENDING = -488, TCP_END = -496, SECOND = -500;
export const PLAIN_FIRST_BYTE = 0x45;
/** Flags of l4_csum_replace: UDP's 0 is "no checksum" and never a sum; the changed bytes are in the pseudo-header. Of skb_store_bytes. */
const MARK_MANGLED_0 = 0x20;
export const PSEUDO_HEADER = 0x10,
  RECOMPUTE_CSUM = 1;
// biome-ignore format: a table
export const TCP_CHECKSUM = 16, UDP_CHECKSUM = 6;

/** The parts that the programs are made of. */
export class Program<Maps extends MapFds = MapFds> extends RouteProgram<Maps> {
  /** r9 = which counter `count` adds to. */
  choose(counter: Counter): this {
    return this.mov("r9", COUNTERS.indexOf(counter));
  }

  /** Adds one to the chosen counter; r0 to r5 are lost. The program goes on at `label`, which this defines. */
  count(label: string): this {
    // By key, not by an offset: without CAP_PERFMON the verifier does not let an address be moved by one of several amounts.
    this.store("u32", "r10", INDEX, "r9").lookup("counters", INDEX).jumpIf("r0", "==", 0, label);
    return this.load("u64", "r1", "r0", 0).alu("add", "r1", 1).store("u64", "r0", 0, "r1").label(label);
  }

  /** r0 = number of the worker for the far end whose address and port are on the stack (`wire/spread.ts`); r1 and r2 are lost. */
  spread(f: Family, address: number, port: number, workers: number): this {
    this.load("u32", "r0", "r10", address);
    if (f.version === 6) {
      for (const at of [4, 8, 12]) {
        this.alu("mul", "r0", SPREAD_FACTOR | 0)
          .alu("lsh", "r0", 32)
          .alu("rsh", "r0", 32);
        this.mov("r1", "r0").alu("rsh", "r1", 16).alu("xor", "r0", "r1");
        this.load("u32", "r1", "r10", address + at).alu("xor", "r0", "r1");
      }
    }
    this.load("u16", "r1", "r10", port).alu("xor", "r0", "r1").alu("lsh", "r1", 16).alu("xor", "r0", "r1");
    return this.alu("mul", "r0", SPREAD_FACTOR | 0)
      .alu("lsh", "r0", 32)
      .alu("rsh", "r0", 48)
      .alu("mul", "r0", workers)
      .alu("rsh", "r0", 16);
  }

  /** r0: address of a value, or 0: whether IPsec policies are about the address on the stack. `value` is lost. */
  lookupIpsec(f: Family, address: number): this {
    const { value } = f.stack;
    return this.store("u32", "r10", value, 8 * f.addressSize)
      .copyAddress(f, value + 4, address)
      .lookup(f.maps.ipsec, value);
  }

  /** Jumps when the packet ought to have come by IPsec, by who sent it, and has not. Defines `done`; `value` and r0 to r5 are lost. */
  unlessByIpsec(f: Family, sender: number, done: string, otherwise: string): this {
    this.lookupIpsec(f, sender).jumpIf("r0", "==", 0, done);
    this.mov("r1", "r6").mov("r2", 0).stackPointer("r3", f.stack.value).mov("r4", XFRM_STATE_SIZE).mov("r5", 0);
    return this.call(SKB_GET_XFRM_STATE).jumpIf("r0", "!=", 0, otherwise).label(done);
  }

  /** The packet is for this host, whatever its Ethernet header says. r0 to r5 are lost. */
  setHostType(): this {
    return this.mov("r1", "r6").mov("r2", PACKET_HOST).call(SKB_CHANGE_TYPE);
  }

  /** Counts a packet, and its length on the stack, in two u64 of a map's value. r1 is lost. */
  atomicAddTo(value: Reg, at: number, length: number): this {
    this.mov("r1", 1).atomicAdd("u64", value, at, "r1");
    return this.load("u32", "r1", "r10", length).atomicAdd("u64", value, at + 8, "r1");
  }

  /** r0 = result of changing the checksum of layer 4, at offset r7 and of protocol r8, for what r3 and r4 say (l4_csum_replace). Defines `done`. */
  replaceSum(flags: number, done: string): this {
    this.mov("r1", "r6").mov("r2", "r7");
    this.alu("add", "r2", TCP_CHECKSUM).mov("r5", flags).jumpIf("r8", "==", TCP, done);
    this.alu("add", "r2", UDP_CHECKSUM - TCP_CHECKSUM).mov("r5", flags | MARK_MANGLED_0);
    return this.label(done).call(L4_CSUM_REPLACE);
  }

  /**
   * With the new header of a carried packet in `ip` and its flow's value in r9: HOME says by which device it goes to the host itself, or is 0 and `route`
   * has been asked. Goes to `otherwise` with what has neither way; defines labels that begin with `name`. `grown`: as of `routeLength`. r0 to r5 are lost.
   */
  findWay(f: Family, name: string, otherwise: string, ipsec: boolean, grown = 0): this {
    const { dst } = f.stack;
    this.clearRoute().store("u32", "r10", HOME, LOOPBACK).ifLoopback(f, dst, `${name} found`);
    this.lookup(f.maps.locals, dst).jumpIf("r0", "==", 0, `${name} away`);
    // As `emit`: IPv6 finds the local route of any address on lo; IPv4 does on the device that has the address alone.
    if (f.version === 4) this.load("u32", "r0", "r0", 0).jumpIf("r0", "==", 0, otherwise).store("u32", "r10", HOME, "r0");
    this.jump(`${name} found`).label(`${name} away`).store("u32", "r10", HOME, 0);
    this.routeLength(f, `${name} length known`, otherwise, true, grown);
    this.load("u32", "r1", "r9", FLOW_UPLINK_AT).routePorts(f).route(f, "r1", `${name} answered`);
    this.jumpIf("r0", "==", FIB_SUCCESS, `${name} routed`).jumpIf("r0", "!=", FIB_NO_NEIGH, otherwise);
    this.routeDevice("r1").load("u32", "r2", "r9", FLOW_UPLINK_AT).jumpIf("r1", "==", "r2", otherwise);
    this.label(`${name} routed`);
    if (ipsec) this.lookupIpsec(f, dst).jumpIf("r0", "!=", 0, otherwise);
    return this.label(`${name} found`);
  }

  /** Counts the packet among what was carried from (MOVED_FROM_AT) or to the endpoint whose port's number is on the stack. r0 to r5 are lost. Defines `done`. */
  countMoved(port: number, at: number, done: string): this {
    this.lookup("moved", port).jumpIf("r0", "==", 0, done);
    this.load("u64", "r1", "r0", at).alu("add", "r1", 1).store("u64", "r0", at, "r1");
    this.load("u64", "r1", "r0", at + 8)
      .load("u32", "r2", "r6", SKB_LEN)
      .alu("add", "r1", "r2");
    return this.store("u64", "r0", at + 8, "r1").label(done);
  }

  answer(action: number): this {
    return this.mov("r0", action).exit();
  }
}
