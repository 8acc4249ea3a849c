/**
 * How the programs read packets: bytes to the stack, maps, addresses of both families, and the way through IP headers to layer 4 (RFC 791 §3.1,
 * RFC 8200 §4), fragments included.
 */
import { PROTO_TCP as TCP, PROTO_UDP as UDP } from "../wire/ipv4.js";
import { Assembler, type Reg, type Size } from "./assembler.js";
import {
  AUTHENTICATION_HEADER,
  EXTENSION,
  EXTENSION_HEADERS,
  type Family,
  FRAGMENT_BITS,
  FRAGMENT_HEADER,
  FRAGMENT_ID,
  FRAGMENT6_OFFSET,
  MAX_EXTENSIONS,
  MORE_FRAGMENTS6,
  NEXT_HEADER,
} from "./family.js";

/** Descriptors; what is in the maps: program.ts. */
export interface MapFds {
  flows: number;
  fragments: number;
  pairs: number;
  ports: number;
  locals: number;
  own: number;
  ipsec: number;
  across: number;
  carried: number;
  order: number;
  flows6: number;
  fragments6: number;
  pairs6: number;
  ports6: number;
  locals6: number;
  ipsec6: number;
  peers: number;
  peers6: number;
  inside6: number;
  tunnel: number;
  members: number;
  stations: number;
  toNodes: number;
  fromNodes: number;
  moved: number;
  stationPairs: number;
  counters: number;
}

/** enum bpf_func_id. */
const MAP_LOOKUP = 1,
  MAP_UPDATE = 2,
  MAP_DELETE = 3,
  TAIL_CALL = 12;
export const SKB_LOAD_BYTES = 26;
/** struct __sk_buff; verdicts of linux/pkt_cls.h. */
// biome-ignore format: a table
export const SKB_LEN = 0, SKB_PKT_TYPE = 4, SKB_MARK = 8, SKB_PROTOCOL = 16, SKB_VLAN_PRESENT = 20, SKB_VLAN_TCI = 24, SKB_VLAN_PROTO = 28,
  SKB_INGRESS_IFINDEX = 36,
  SKB_IFINDEX = 40, SKB_TC_INDEX = 44, SKB_CB = 48, SKB_GSO_SIZE = 176, PACKET_HOST = 0, PACKET_OTHERHOST = 3,
  TC_ACT_UNSPEC = -1, TC_ACT_OK = 0, TC_ACT_SHOT = 2;
/** Headers: offsets and values. 16-bit values are as a little-endian load sees them: fragment offset 0x1fff. */
// biome-ignore format: a table
export const ETHERNET_SIZE = 14, ETHERTYPE = 12,
  IP_TOS = 1, IP_TOTAL_LENGTH = 2, IP_ID = 4, IP_FRAGMENT = 6, FRAGMENT_OFFSET = 0xff1f, MORE_FRAGMENTS = 0x0020, IP_PROTOCOL = 9, LOOPBACK_NET = 127, IP6_PAYLOAD_LENGTH = 4,
  L4_SIZE = 8, TCP_FLAGS = 13, ICMP_ID = 4;
/** The last word of ::1, and the first two bytes of link-local addresses under their mask, as little-endian loads see them. */
const LOOPBACK6_WORD = 0x0100_0000;
export const LINK_LOCAL_MASK = 0xc0ff,
  LINK_LOCAL = 0x80fe;

/** r6: the packet, all along. */
export class PacketProgram<Maps extends MapFds = MapFds> extends Assembler {
  private readonly maps: Maps;

  constructor(maps: Maps) {
    super();
    this.maps = maps;
    this.mov("r6", "r1");
  }

  stackPointer(dst: Reg, offset: number): this {
    return this.mov(dst, "r10").alu("add", dst, offset);
  }

  copy(size: Exclude<Size, "u64">, to: number, from: number): this {
    return this.load(size, "r0", "r10", from).store(size, "r10", to, "r0");
  }

  /** Copies `len` bytes of the packet at `at` to the stack, or jumps when it is shorter. */
  loadBytes(at: Reg | number, to: number, len: number, otherwise: string): this {
    this.mov("r1", "r6").mov("r2", at);
    return this.stackPointer("r3", to).mov("r4", len).call(SKB_LOAD_BYTES).jumpIf("r0", "!=", 0, otherwise);
  }

  /** r0: address of the value, or 0. */
  lookup(map: keyof Maps, key: number): this {
    return this.loadMap("r1", this.maps[map] as number)
      .stackPointer("r2", key)
      .call(MAP_LOOKUP);
  }

  /** Enters the key with the value at `value`. */
  update(map: keyof Maps, key: number, value: number): this {
    this.loadMap("r1", this.maps[map] as number)
      .stackPointer("r2", key)
      .stackPointer("r3", value);
    return this.mov("r4", 0).call(MAP_UPDATE);
  }

  /** Takes the key out, if it is there. */
  delete(map: keyof Maps, key: number): this {
    return this.loadMap("r1", this.maps[map] as number)
      .stackPointer("r2", key)
      .call(MAP_DELETE);
  }

  /** An address, from one place of the stack to another. */
  copyAddress(f: Family, to: number, from: number): this {
    for (let i = 0; i < f.addressSize; i += 4) this.copy("u32", to + i, from + i);
    return this;
  }

  /** Jumps when the address on the stack is the host's own by definition: 127/8, ::1. */
  ifLoopback(f: Family, address: number, then: string): this {
    if (f.version === 4) return this.load("u8", "r0", "r10", address).jumpIf("r0", "==", LOOPBACK_NET, then);
    const no = `${this.size} is no loopback`;
    this.load("u32", "r0", "r10", address + 12).jumpIf("r0", "!=", LOOPBACK6_WORD, no);
    this.load("u32", "r0", "r10", address);
    for (const at of [4, 8]) this.load("u32", "r1", "r10", address + at).alu("or", "r0", "r1");
    return this.jumpIf("r0", "==", 0, then).label(no);
  }

  /**
   * Of the header in `ip`, which is at packet offset r7: r7 = offset of layer 4, r8 = protocol, `l4` = its first 8 bytes, and of IPv6 what
   * its fragment header says. Goes on at `found`, which this defines; at `later` with a later fragment; at `otherwise` with what has no layer 4.
   * `loaded`: l4 has what follows the header already. r0 to r5 and r9 are lost.
   */
  layer4(f: Family, { loaded, found, later, otherwise }: { loaded: boolean; found: string; later: string; otherwise: string }): this {
    const { ip, l4 } = f.stack;
    if (f.version === 6) return this.walkExtensions(l4, ip, loaded, found, later, otherwise);
    this.load("u8", "r8", "r10", ip + IP_PROTOCOL);
    this.load("u16", "r0", "r10", ip + IP_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET)
      .jumpIf("r0", "!=", 0, later);
    if (!loaded) {
      this.load("u8", "r0", "r10", ip).alu("and", "r0", 0x0f).alu("lsh", "r0", 2).alu("add", "r7", "r0");
      return this.loadBytes("r7", l4, L4_SIZE, otherwise).label(found);
    }
    this.load("u8", "r0", "r10", ip).alu("add", "r7", f.ipSize).jumpIf("r0", "==", 0x45, found);
    this.jumpIf("r0", "<", 0x45, otherwise).jumpIf("r0", ">", 0x4f, otherwise);
    this.alu("and", "r0", 0x0f).alu("lsh", "r0", 2).alu("add", "r7", "r0").alu("add", "r7", -f.ipSize);
    return this.loadBytes("r7", l4, L4_SIZE, otherwise).label(found);
  }

  /**
   * RFC 8200 §4. Most packets have no extension header, and end at once. No loop, and a mask instead of comparisons: without CAP_PERFMON the
   * verifier follows each jump both ways, whatever it knows, and would never leave a loop.
   */
  private walkExtensions(l4: number, ip: number, loaded: boolean, found: string, later: string, otherwise: string): this {
    const end = `${found} end`;
    this.load("u8", "r8", "r10", ip + NEXT_HEADER)
      .alu("add", "r7", 40)
      .store("u32", "r10", FRAGMENT_BITS, 0);
    if (loaded) for (const proto of [TCP, UDP]) this.jumpIf("r8", "==", proto, found);
    for (let n = 0; n < MAX_EXTENSIONS; n++) this.stepOver(`${found} ${n}`, end, later, otherwise);
    this.ifExtension(otherwise);
    for (const header of [FRAGMENT_HEADER, AUTHENTICATION_HEADER]) this.jumpIf("r8", "==", header, otherwise);
    return this.label(end).loadBytes("r7", l4, L4_SIZE, otherwise).label(found);
  }

  /** One header, if r8 says that there is one at r7; else goes to `end`. */
  private stepOver(name: string, end: string, later: string, otherwise: string): this {
    const [extension, fragment, authentication, next] = ["extension", "fragment", "authentication", "next"].map(
      (part) => `${name} ${part}`,
    ) as [string, string, string, string];
    this.ifExtension(extension).jumpIf("r8", "==", FRAGMENT_HEADER, fragment).jumpIf("r8", "!=", AUTHENTICATION_HEADER, end);
    const length = (units: number, shift: number): this =>
      this.load("u8", "r0", "r10", EXTENSION + 1)
        .alu("add", "r0", units)
        .alu("lsh", "r0", shift)
        .alu("add", "r7", "r0");
    this.label(authentication).loadBytes("r7", EXTENSION, 2, otherwise);
    length(2, 2).jump(next);
    this.label(extension).loadBytes("r7", EXTENSION, 2, otherwise);
    length(1, 3).jump(next);
    this.label(fragment)
      .loadBytes("r7", EXTENSION, 8, otherwise)
      .alu("add", "r7", 8)
      .copy("u32", FRAGMENT_ID, EXTENSION + 4);
    this.load("u16", "r0", "r10", EXTENSION + 2).store("u32", "r10", FRAGMENT_BITS, "r0");
    this.alu("and", "r0", FRAGMENT6_OFFSET).jumpIf("r0", "!=", 0, later);
    return this.label(next).load("u8", "r8", "r10", EXTENSION);
  }

  /** Jumps when r8 is one of EXTENSION_HEADERS. r0 and r1 are lost. */
  private ifExtension(then: string): this {
    this.mov("r0", 0);
    for (const header of EXTENSION_HEADERS)
      this.mov("r1", "r8").alu("xor", "r1", header).alu("add", "r1", -1).alu("rsh", "r1", 63).alu("or", "r0", "r1");
    return this.jumpIf("r0", "!=", 0, then);
  }

  /** Jumps when the packet, parsed by `layer4`, is the first of several fragments. r0 is lost. */
  ifFirstFragment(f: Family, then: string): this {
    if (f.version === 6) return this.load("u32", "r0", "r10", FRAGMENT_BITS).alu("and", "r0", MORE_FRAGMENTS6).jumpIf("r0", "!=", 0, then);
    return this.load("u16", "r0", "r10", f.stack.ip + IP_FRAGMENT)
      .alu("and", "r0", MORE_FRAGMENTS)
      .jumpIf("r0", "!=", 0, then);
  }

  /** `flow` = key of `fragments` for the header in `ip`, protocol in r8. */
  fragmentKey(f: Family, flag = 0): this {
    const { flowSrc, flowDst, flowPorts, flowProto, src, dst, ip } = f.stack;
    this.copyAddress(f, flowSrc, src).copyAddress(f, flowDst, dst);
    if (f.version === 6) return this.copy("u32", flowPorts, FRAGMENT_ID).store("u32", "r10", flowProto, flag);
    this.load("u16", "r0", "r10", ip + IP_ID).store("u32", "r10", flowPorts, "r0");
    return this.mov("r0", "r8").alu("or", "r0", flag).store("u32", "r10", flowProto, "r0");
  }

  /** `flow` begins with the key of `pairs` for what the packet with the header in `ip` answers. */
  pairKey(f: Family): this {
    return this.copyAddress(f, f.stack.flowSrc, f.stack.dst).copyAddress(f, f.stack.flowDst, f.stack.src);
  }

  /** Notes for the later fragments what is in `rest` (r0 to r5 are lost), if the header in `ip` is that of a first one. Defines `done`. */
  rememberFragments(f: Family, done: string, flag = 0): this {
    if (f.version === 6) this.load("u32", "r0", "r10", FRAGMENT_BITS).alu("and", "r0", FRAGMENT6_OFFSET | MORE_FRAGMENTS6);
    else this.load("u16", "r0", "r10", f.stack.ip + IP_FRAGMENT).alu("and", "r0", FRAGMENT_OFFSET | MORE_FRAGMENTS);
    this.jumpIf("r0", "!=", f.version === 6 ? MORE_FRAGMENTS6 : MORE_FRAGMENTS, done).fragmentKey(f, flag);
    return this.update(f.maps.fragments, f.stack.flow, f.stack.rest).label(done);
  }

  /** Goes on with the first program of a BPF_MAP_TYPE_PROG_ARRAY, and does not come back, unless there is none. */
  tailCall(array: number): this {
    return this.mov("r1", "r6").loadMap("r2", array).mov("r3", 0).call(TAIL_CALL);
  }

  zero(at: number, size: number): this {
    for (let i = 0; i < size; i += 8) this.store("u64", "r10", at + i, 0);
    return this;
  }
}
