/** A raw word at an even offset. */
export declare function word(halves: Uint16Array, off: number): number;
/** Source and destination of an IPv4 header. */
export declare function src4(halves: Uint16Array, ip: number): number;
export declare function dst4(halves: Uint16Array, ip: number): number;
/** Copies an IPv6 header's source, or destination, to `to[at]` and the next three. */
export declare function copySrc6(halves: Uint16Array, ip: number, to: Int32Array, at: number): void;
export declare function copyDst6(halves: Uint16Array, ip: number, to: Int32Array, at: number): void;
/** Ethernet header with zeros for addresses but `macHi`, `macLo` as destination. */
export declare function emitEthernet(halves: Uint16Array, off: number, macHi: number, macLo: number, type: number): void;
/** A 20-byte header for `payload` bytes of UDP; may be fragmented. `id`: raw half. */
export declare function emitIpv4(bytes: Uint8Array, halves: Uint16Array, ip: number, payload: number, tos: number, id: number, src: number, dst: number): void;
/** The same of IPv6; `flow`: flow label, of which the lowest 16 bits are used (RFC 6438). Source and destination: four raw words at `from[src]`, `from[dst]`. */
export declare function emitIpv6(bytes: Uint8Array, halves: Uint16Array, ip: number, payload: number, trafficClass: number, flow: number, from: Int32Array, src: number, dst: number): void;
/** Folded sum of the pseudo header before `len` bytes of UDP. */
export declare function pseudoSum(bytes: Uint8Array, halves: Uint16Array, ip: number, len: number): number;
/** UDP header for `len` bytes, itself among them, without a checksum. Ports as raw halves. */
export declare function emitUdp(halves: Uint16Array, udp: number, len: number, srcPort: number, dstPort: number): void;
/** What the outer header says about congestion when the inner one has `tos` (RFC 6040 §4.1, normal mode; TOS is not carried along, as Docker does). */
export declare function ecnOutside(tos: number): number;
export declare function isCongested(tos: number): boolean;
/** Whether the sender understands that it is told of congestion. */
export declare function isEcnCapable(tos: number): boolean;
/** Says in the IPv4 header at `ip` that there was congestion. */
export declare function setCongested4(bytes: Uint8Array, halves: Uint16Array, ip: number): void;
/** The same of IPv6; the flow label stays. */
export declare function setCongested6(bytes: Uint8Array, ip: number): void;
