import { Assembler, type Reg, type Size } from "./assembler.js";
import { type Family } from "./family.js";
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
    flows6: number;
    fragments6: number;
    pairs6: number;
    ports6: number;
    locals6: number;
    ipsec6: number;
    inside6: number;
    tunnel: number;
    counters: number;
}
export declare const SKB_LOAD_BYTES = 26;
/** Headers: offsets and values. 16-bit values are as a little-endian load sees them: fragment offset 0x1fff. */
export declare const ETHERNET_SIZE = 14, ETHERTYPE = 12, IP_TOS = 1, IP_ID = 4, IP_FRAGMENT = 6, FRAGMENT_OFFSET = 65311, MORE_FRAGMENTS = 32, IP_PROTOCOL = 9, LOOPBACK_NET = 127, L4_SIZE = 8, TCP_FLAGS = 13, ICMP_ID = 4;
export declare const LINK_LOCAL_MASK = 49407, LINK_LOCAL = 33022;
/** r6: the packet, all along. */
export declare class PacketProgram<Maps extends MapFds = MapFds> extends Assembler {
    private readonly maps;
    constructor(maps: Maps);
    stackPointer(dst: Reg, offset: number): this;
    copy(size: Exclude<Size, "u64">, to: number, from: number): this;
    /** Copies `len` bytes of the packet at `at` to the stack, or jumps when it is shorter. */
    loadBytes(at: Reg | number, to: number, len: number, otherwise: string): this;
    /** r0: address of the value, or 0. */
    lookup(map: keyof Maps, key: number): this;
    /** Enters the key with the value at `value`. */
    update(map: keyof Maps, key: number, value: number): this;
    /** An address, from one place of the stack to another. */
    copyAddress(f: Family, to: number, from: number): this;
    /** Jumps when the address on the stack is the host's own by definition: 127/8, ::1. */
    ifLoopback(f: Family, address: number, then: string): this;
    /**
     * Of the header in `ip`, which is at packet offset r7: r7 = offset of layer 4, r8 = protocol, `l4` = its first 8 bytes, and of IPv6 what
     * its fragment header says. Goes on at `found`, which this defines; at `later` with a later fragment; at `otherwise` with what has no layer 4.
     * `loaded`: l4 has what follows the header already. r0 to r5 and r9 are lost.
     */
    layer4(f: Family, { loaded, found, later, otherwise }: {
        loaded: boolean;
        found: string;
        later: string;
        otherwise: string;
    }): this;
    /**
     * RFC 8200 §4. Most packets have no extension header, and end at once. No loop, and a mask instead of comparisons: without CAP_PERFMON the
     * verifier follows each jump both ways, whatever it knows, and would never leave a loop.
     */
    private walkExtensions;
    /** One header, if r8 says that there is one at r7; else goes to `end`. */
    private stepOver;
    /** Jumps when r8 is one of EXTENSION_HEADERS. r0 and r1 are lost. */
    private ifExtension;
    /** Jumps when the packet, parsed by `layer4`, is the first of several fragments. r0 is lost. */
    ifFirstFragment(f: Family, then: string): this;
    /** `flow` = key of `fragments` for the header in `ip`, protocol in r8. */
    fragmentKey(f: Family, flag?: number): this;
    /** `flow` begins with the key of `pairs` for what the packet with the header in `ip` answers. */
    pairKey(f: Family): this;
    /** Notes for the later fragments what is in `rest` (r0 to r5 are lost), if the header in `ip` is that of a first one. Defines `done`. */
    rememberFragments(f: Family, done: string, flag?: number): this;
    zero(at: number, size: number): this;
}
