/**
 * What the steering's programs have in common: the maps that they share, offsets, and sequences of instructions.
 *
 * Seven programs, as byte code. They decide nothing about translation: `accept` (accept-program.ts) gives the engine what the host's kernel
 * lets through to a published port; `steer` (steer-program.ts) takes off a host interface what belongs to a flow that is known, and sends
 * it into the uplink TAP; `emit` (emit-program.ts) takes what the engine writes into the uplink and routes it as the host would, with the
 * help of `home` (home-program.ts) where it is for the host itself; `queue` (queue-program.ts) spreads a bridge's frames over the
 * workers. With offload, `steer` also carries out for single flows what the engine has decided (offload-program.ts). Where there are own
 * networks, `ask` and `answer` (guard-programs.ts) keep out of them what the host would forward; `lan_in`, `lan_host` and `lan_out` (lan-programs.ts) are
 * beside these, for networks that stand on a LAN.
 *
 * Each program has a section for each family (family.ts): IPv6's maps are called as IPv4's with a 6 behind, and their keys have addresses of
 * 16 bytes. Where the kernel has no IPv6 there is no such section.
 *
 * Maps (all numbers as in the packet; "raw word" is the four bytes as they lie there):
 * - flows: {src, dst, ports, protocol} of a packet *as the engine sent it*, four raw words, protocol a little-endian number.
 *   `ports` is the source port then the destination port; for an ICMP query twice its id. Value: see `wire/flow-entry.ts`. Of what goes to another
 *   node of overlay networks the destination port is 0: whatever that one sends to the tunnels' port comes to their device.
 * - across: key of `flows`, of a flow whose other end is of IPv6. Value: see `wire/flow-entry.ts`. Used with offload alone.
 * - ports: {host address (0: any local one), port, protocol u8, 0 u8}, 8 bytes. Value: u32, unused. Empty unless the host's firewall is
 *   bypassed.
 * - fragments: {src, dst, identification then 0, protocol} of a packet whose first fragment was taken, as a key of `flows`. Value: u32
 *   interface index of the uplink that gets the others too, u32 interface index that they must come in at (0: any). For
 *   queue-program.ts, 256 more in the protocol: the queue. Of IPv6 the identification has 32 bits, and the protocol is 0: each fragment may
 *   name another one (RFC 8200 §4.5).
 * - pairs: {src, dst} of a packet of a flow that is in `flows`. Value: u32 interface index that what answers it must come in at (0: any).
 *   Tells which later fragments may be the engine's though their first one has not come.
 * - asked: {src, dst, ports, protocol} of a packet of an endpoint to the host itself, as a key of `flows`. Value: u32, unused.
 * - inside6: IPv6 address of the endpoint behind each of the engine's ports, an array; an IPv4 one is in the frame itself.
 * - locals: the host's own addresses, a raw word. Value: u32 interface index of the device that has it, and has `home`; 0: none does.
 * - own: interface indices of the host's devices in own networks. Value: u32, unused.
 * - ipsec: networks that IPsec policies of the host are about, a trie: {prefix length, u32; address}. Value: u32, unused.
 * - tunnel: u32 raw UDP port of the tunnels to other nodes; 0: there are none.
 * - counters: a per-CPU u64 for each of COUNTERS.
 */
import type { Reg } from "./assembler.js";
import type { Family } from "./family.js";
import { type MapFds, PacketProgram } from "./packet-program.js";
export { PROTO_SCTP as SCTP, PROTO_TCP as TCP, PROTO_UDP as UDP } from "../wire/ipv4.js";
export * from "./packet-program.js";
/** Counters in the order of their u64s. Packets that are left alone are not counted. */
export declare const COUNTERS: readonly ["accepted", "accept-ring-full", "accept-failed", "taken-port", "taken-reply", "taken-fragment", "copied-fragment", "offloaded", "offload-failed", "sent", "delivered", "handed-to-stack", "left-to-ipsec", "unreachable", "fragment-needed", "forwarding-disabled", "unsupported-route", "malformed", "flow-not-recorded", "returned", "blackhole", "taken-error", "forward-refused"];
export type Counter = (typeof COUNTERS)[number];
/** How packets lie in a device's buffers: after an Ethernet header, or bare. */
export type LinkLayer = "ethernet" | "loopback" | "ip";
/** enum bpf_func_id. */
export declare const SKB_STORE_BYTES = 9, REDIRECT = 23, REDIRECT_INGRESS = 1, SKB_CHANGE_HEAD = 43;
export declare const CSUM_DIFF = 28;
/** struct __sk_buff; verdicts of linux/pkt_cls.h. */
export declare const SKB_LEN = 0, SKB_PKT_TYPE = 4, SKB_PROTOCOL = 16, SKB_VLAN_PRESENT = 20, SKB_INGRESS_IFINDEX = 36, SKB_IFINDEX = 40, SKB_TC_INDEX = 44, SKB_GSO_SIZE = 176, PACKET_HOST = 0, TC_ACT_UNSPEC = -1, TC_ACT_OK = 0, TC_ACT_SHOT = 2;
export declare const FIB_SUCCESS = 0, FIB_BLACKHOLE = 1, FIB_UNREACHABLE = 2, FIB_PROHIBIT = 3, FIB_NOT_FWDED = 4, FIB_FWD_DISABLED = 5, FIB_NO_NEIGH = 7, FIB_FRAG_NEEDED = 8;
/** LOOPBACK_IFINDEX of include/net/flow.h: lo has this index in every network namespace. */
export declare const LOOPBACK = 1;
/** A packet's tc_index by which `emit` tells `home` that it is for the host itself; "tP". */
export declare const FOR_HOME = 29776;
/**
 * Stack, offsets from the frame pointer, of either family. INDEX: of a counter, a new ethertype, or TCP's flags. QUOTED (steer): whether the
 * key of the flow comes from the packet inside an ICMP error. What has addresses in it is in family.ts.
 */
export declare const INDEX = -60, QUOTED = -196, FRAME_AT = 11;
export declare const PLAIN_FIRST_BYTE = 69, IP_TOTAL_LENGTH = 2, IP6_PAYLOAD_LENGTH = 4;
export declare const PSEUDO_HEADER = 16, RECOMPUTE_CSUM = 1;
export declare const TCP_CHECKSUM = 16, UDP_CHECKSUM = 6;
/** The parts that the programs are made of. */
export declare class Program<Maps extends MapFds = MapFds> extends PacketProgram<Maps> {
    /** r9 = which counter `count` adds to. */
    choose(counter: Counter): this;
    /** Adds one to the chosen counter; r0 to r5 are lost. The program goes on at `label`, which this defines. */
    count(label: string): this;
    /** r0 = number of the worker for the far end whose address and port are on the stack (`wire/spread.ts`); r1 and r2 are lost. */
    spread(f: Family, address: number, port: number, workers: number): this;
    /** r0: address of a value, or 0: whether IPsec policies are about the address on the stack. `value` is lost. */
    lookupIpsec(f: Family, address: number): this;
    /** Jumps when the packet ought to have come by IPsec, by who sent it, and has not. Defines `done`; `value` and r0 to r5 are lost. */
    unlessByIpsec(f: Family, sender: number, done: string, otherwise: string): this;
    /** The packet is for this host, whatever its Ethernet header says. r0 to r5 are lost. */
    setHostType(): this;
    /** Starts a question to `route`: all of it zero. */
    clearRoute(): this;
    /** Ports serve the host's routing rules and multipath hash; those of `l4`. */
    routePorts(f: Family): this;
    /**
     * Has the way's MTU looked at: by the length of the packet in `ip`, or of its segments, if r7 is the offset of its layer 4 and r8 TCP or UDP.
     * `grown`: how much longer the header in `ip` is than the one before r7. Linux 5.12; before that by the device's MTU alone, and not of segments. r0 to r5 are lost. Defines `done`.
     */
    routeLength(f: Family, done: string, otherwise: string, segments?: boolean, grown?: number): this;
    /** dst = MTU that `route` has found exceeded; jumps where the kernel does not say. */
    routeMtu(dst: Reg, unknown: string): this;
    /** Whether `route` answered with a gateway: jumps when the packet is for the next hop itself. */
    ifOnLink(f: Family, then: string): this;
    /** Jumps when `size` bytes on the stack differ. */
    unlessSame(size: number, a: number, b: number, otherwise: string): this;
    /** Notes the next hop that `route` answered with, for `sendToHop` and `unlessSameHop`. */
    keepHop(): this;
    /** Jumps when `route` has now answered with another next hop than the one noted, or with another device than that in `device`. */
    unlessSameHop(device: Reg, otherwise: string): this;
    /** r0 = result of changing the checksum of layer 4, at offset r7 and of protocol r8, for what r3 and r4 say (l4_csum_replace). Defines `done`. */
    replaceSum(flags: number, done: string): this;
    /** Another source port than that of `l4`. */
    routeSourcePort(at: number): this;
    /** r0 = answer (FIB_*) to where the host would route the packet with the header in `ip`, protocol in r8, that came in at `uplink`, as one from the address at `source`; FIB_NO_NEIGH only if `neighbor`. */
    route(f: Family, uplink: Reg | number, answered: string, source?: number, neighbor?: boolean): this;
    /** dst = protocol that `route` was asked about. */
    routeProtocol(dst: Reg): this;
    /** dst = index of the device that `route` answered with. Before Linux 5.12 NO_NEIGH names none, it is the uplink still. */
    routeDevice(dst: Reg): this;
    /** Ends with the packet on its way to the next hop that `route` answered with, out of the device in `device`. */
    sendTo(device: Reg): this;
    /** The same, to the one noted. */
    sendToHop(device: Reg): this;
    /** Ends with the packet on its way to an address of the device in `device`, which is on the stack and its own next hop. */
    sendOnLink(f: Family, device: Reg, address: number): this;
    /** Ends with the packet on its way out of the device in `device`, by the route that the kernel finds there. */
    sendByRoute(device: Reg): this;
    answer(action: number): this;
}
