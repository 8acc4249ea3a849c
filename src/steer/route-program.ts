/** How the programs ask where the host would send a packet (bpf_fib_lookup), and send it there. */

import { PROTO_TCP as TCP } from "../wire/ipv4.js";
import type { Reg } from "./assembler.js";
import type { Family } from "./family.js";
import type { MapFds } from "./packet-program.js";
import { ETHERNET_SIZE, IP_TOS, IP_TOTAL_LENGTH, IP6_PAYLOAD_LENGTH, L4_SIZE, PacketProgram, SKB_GSO_SIZE } from "./packet-program.js";

/** enum bpf_func_id. */
const FIB_LOOKUP = 69,
  REDIRECT_NEIGH = 152;
/** struct bpf_fib_lookup, its answers, and the size of struct bpf_redir_neigh. FIB_SKIP_NEIGH: Linux 6.3, as `redirect_neigh` looks itself. */
// biome-ignore format: a table
const FIB_SIZE = 64, FIB_L4_PROTOCOL = 1, FIB_SPORT = 2, FIB_DPORT = 4, FIB_LENGTH = 6, FIB_IFINDEX = 8, FIB_TOS = 12, FIB_SRC = 16, FIB_DST = 32,
  FIB_SKIP_NEIGH = 4, REDIR_NEIGH_SIZE = 20;
// biome-ignore format: a table
export const FIB_SUCCESS = 0, FIB_BLACKHOLE = 1, FIB_UNREACHABLE = 2, FIB_PROHIBIT = 3, FIB_NOT_FWDED = 4, FIB_FWD_DISABLED = 5, FIB_NO_NEIGH = 7, FIB_FRAG_NEEDED = 8;
/** As a helper answers it. */
const EINVAL = -22;
/**
 * IPv6's first word, the traffic class alone. Not the flow label, by which the kernel would share out next hops: its answer is to be the one that the
 * engine got, which knows no label, and the same for all packets of a flow.
 */
const TRAFFIC_CLASS_MASK = 0x0000_f00f;
const TCP_OFFSET = 12;

/** Stack, offsets from the frame pointer: question and answer, the next hop, and what is needed for the length. */
const FIB = -128,
  NEXT_HOP = -152,
  LENGTH = -420, // of the packet or its segments, from its IP header on
  BYTE = -424;

export class RouteProgram<Maps extends MapFds = MapFds> extends PacketProgram<Maps> {
  /** Starts a question to `route`: all of it zero. */
  clearRoute(): this {
    return this.zero(FIB, FIB_SIZE);
  }

  /** Ports serve the host's routing rules and multipath hash; those of `l4`. */
  routePorts(f: Family): this {
    return this.copy("u16", FIB + FIB_SPORT, f.stack.l4).copy("u16", FIB + FIB_DPORT, f.stack.l4 + 2);
  }

  /**
   * Has the way's MTU looked at: by the length of the packet in `ip`, or of its segments, if r7 is the offset of its layer 4 and r8 TCP or UDP.
   * `grown`: how much longer the header in `ip` is than the one before r7. Linux 5.12; before that by the device's MTU alone, and not of segments. r0 to r5 are lost. Defines `done`.
   */
  routeLength(f: Family, done: string, otherwise: string, segments = true, grown = 0): this {
    const at = f.stack.ip + (f.version === 4 ? IP_TOTAL_LENGTH : IP6_PAYLOAD_LENGTH);
    this.load("u8", "r0", "r10", at)
      .alu("lsh", "r0", 8)
      .load("u8", "r1", "r10", at + 1)
      .alu("add", "r0", "r1");
    if (f.version === 6) this.alu("add", "r0", f.ipSize);
    this.store("u32", "r10", LENGTH, "r0");
    if (segments) {
      this.load("u32", "r1", "r6", SKB_GSO_SIZE).jumpIf("r1", "==", 0, done);
      this.alu("add", "r1", "r7")
        .alu("add", "r1", L4_SIZE - ETHERNET_SIZE + grown)
        .store("u32", "r10", LENGTH, "r1")
        .jumpIf("r8", "!=", TCP, done);
      this.mov("r2", "r7").alu("add", "r2", TCP_OFFSET).loadBytes("r2", BYTE, 1, otherwise);
      this.load("u8", "r0", "r10", BYTE).alu("rsh", "r0", 4).alu("lsh", "r0", 2);
      this.load("u32", "r1", "r10", LENGTH).alu("add", "r0", "r1").alu("add", "r0", -L4_SIZE).store("u32", "r10", LENGTH, "r0");
    }
    return this.label(done)
      .load("u32", "r0", "r10", LENGTH)
      .store("u16", "r10", FIB + FIB_LENGTH, "r0");
  }

  /** The same, of a packet of the length in `reg`. r0 is lost. */
  routeLengthOf(reg: Reg): this {
    return this.store("u32", "r10", LENGTH, reg).store("u16", "r10", FIB + FIB_LENGTH, reg);
  }

  /** dst = MTU that `route` has found exceeded; jumps where the kernel does not say. */
  routeMtu(dst: Reg, unknown: string): this {
    this.load("u16", dst, "r10", FIB + FIB_LENGTH)
      .load("u32", "r0", "r10", LENGTH)
      .alu("and", "r0", 0xffff);
    return this.jumpIf(dst, "==", "r0", unknown);
  }

  /** Whether `route` answered with a gateway: jumps when the packet is for the next hop itself. */
  ifOnLink(f: Family, then: string): this {
    return this.unlessSame(f.addressSize, FIB + FIB_DST, f.stack.dst, "by gateway")
      .jump(then)
      .label("by gateway");
  }

  /** Jumps when `route` answered with a gateway. */
  unlessOnLink(f: Family, otherwise: string): this {
    this.load("u8", "r0", "r10", FIB).jumpIf("r0", "!=", f.af, otherwise);
    return this.unlessSame(f.addressSize, FIB + FIB_DST, f.stack.dst, otherwise);
  }

  /** Jumps when `size` bytes on the stack differ. */
  unlessSame(size: number, a: number, b: number, otherwise: string): this {
    for (let at = 0; at < size; at += 4)
      this.load("u32", "r0", "r10", a + at)
        .load("u32", "r1", "r10", b + at)
        .jumpIf("r0", "!=", "r1", otherwise);
    return this;
  }

  /** Notes the next hop that `route` answered with, for `sendToHop` and `unlessSameHop`. */
  keepHop(): this {
    this.load("u8", "r0", "r10", FIB).store("u32", "r10", NEXT_HOP, "r0"); // family: an IPv4 route may have an IPv6 gateway
    for (let i = 0; i < 16; i += 4) this.copy("u32", NEXT_HOP + 4 + i, FIB + FIB_DST + i);
    return this;
  }

  /** Jumps when `route` has now answered with another next hop than the one noted, or with another device than that in `device`. */
  unlessSameHop(device: Reg, otherwise: string): this {
    this.routeDevice("r0").jumpIf("r0", "!=", device, otherwise);
    this.load("u8", "r0", "r10", FIB).load("u32", "r1", "r10", NEXT_HOP).jumpIf("r0", "!=", "r1", otherwise);
    return this.unlessSame(16, FIB + FIB_DST, NEXT_HOP + 4, otherwise);
  }

  /** Another source port than that of `l4`. */
  routeSourcePort(at: number): this {
    return this.copy("u16", FIB + FIB_SPORT, at);
  }

  /** r0 = answer (FIB_*) to where the host would route the packet with the header in `ip`, protocol in r8, that came in at `uplink`, as one from the address at `source`; FIB_NO_NEIGH only if `neighbor`. */
  route(f: Family, uplink: Reg | number, answered: string, source = f.stack.src, neighbor = false): this {
    const { ip, dst } = f.stack;
    this.store("u8", "r10", FIB, f.af)
      .store("u8", "r10", FIB + FIB_L4_PROTOCOL, "r8")
      .store("u32", "r10", FIB + FIB_IFINDEX, uplink);
    if (f.version === 6)
      this.load("u32", "r0", "r10", ip)
        .alu("and", "r0", TRAFFIC_CLASS_MASK)
        .store("u32", "r10", FIB + FIB_TOS, "r0");
    else this.load("u8", "r0", "r10", ip + IP_TOS).store("u8", "r10", FIB + FIB_TOS, "r0");
    this.copyAddress(f, FIB + FIB_SRC, source).copyAddress(f, FIB + FIB_DST, dst);
    const ask = (flags: number): this => {
      this.mov("r1", "r6").stackPointer("r2", FIB);
      return this.mov("r3", FIB_SIZE).mov("r4", flags).call(FIB_LOOKUP);
    };
    if (neighbor) return ask(0).label(answered);
    ask(FIB_SKIP_NEIGH).jumpIf("r0", "!=", EINVAL, answered); // the flag is unknown, nothing was changed
    return ask(0).label(answered);
  }

  /** dst = protocol that `route` was asked about. */
  routeProtocol(dst: Reg): this {
    return this.load("u8", dst, "r10", FIB + FIB_L4_PROTOCOL);
  }

  /** dst = index of the device that `route` answered with. Before Linux 5.12 NO_NEIGH names none, it is the uplink still. */
  routeDevice(dst: Reg): this {
    return this.load("u32", dst, "r10", FIB + FIB_IFINDEX);
  }

  /** Ends with the packet on its way to the next hop that `route` answered with, out of the device in `device`. */
  sendTo(device: Reg): this {
    return this.keepHop().sendToHop(device);
  }

  /** The same, to the one noted. */
  sendToHop(device: Reg): this {
    this.mov("r1", device).stackPointer("r2", NEXT_HOP).mov("r3", REDIR_NEIGH_SIZE).mov("r4", 0);
    return this.call(REDIRECT_NEIGH).exit();
  }

  /** Ends with the packet on its way to an address of the device in `device`, which is on the stack and its own next hop. */
  sendOnLink(f: Family, device: Reg, address: number): this {
    this.store("u32", "r10", NEXT_HOP, f.af);
    for (let i = 0; i < f.addressSize; i += 4) this.copy("u32", NEXT_HOP + 4 + i, address + i);
    this.mov("r1", device).stackPointer("r2", NEXT_HOP).mov("r3", REDIR_NEIGH_SIZE).mov("r4", 0);
    return this.call(REDIRECT_NEIGH).exit();
  }

  /** Ends with the packet on its way out of the device in `device`, by the route that the kernel finds there. */
  sendByRoute(device: Reg): this {
    this.mov("r1", device).mov("r2", 0).mov("r3", 0).mov("r4", 0);
    return this.call(REDIRECT_NEIGH).exit();
  }
}
