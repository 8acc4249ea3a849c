export declare const HEADER_SIZE = 10;
/** Checksum is partial: whoever puts the frame on a wire completes it. */
export declare const FLAG_NEEDS_CSUM = 1;
export declare const GSO_TCPV4 = 1, GSO_TCPV6 = 4;
/** DROP_NONE if the header at even offset `off` is true of the `len` bytes of frame that follow it. */
export declare function check(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number;
/** A fragment has no checksum of its own that could be completed, and is not segmented: protocol for `checkLayer4` that none of this is right for. */
export declare const FRAGMENT = -1;
/**
 * DROP_NONE if what the header at `off` asks for is meant for the layer-4 header at `l4`, an offset into memory as `off` is: segmentation of
 * that protocol, completion of that checksum. The device that carries it out writes two bytes where the sender said and looks at nothing, when
 * every check has been passed: so it must not be an address, a length or a port (decision 0051).
 * A tunnel's datagram may have its own checksum complete and ask for that of the packet inside it, which nobody here has read.
 * `tcpGso`: GSO_TCPV4 or GSO_TCPV6. Precondition: `check` returned DROP_NONE.
 */
export declare function checkLayer4(bytes: Uint8Array, halves: Uint16Array, off: number, l4: number, proto: number, tcpGso: number): number;
/** Neither flags nor segmentation: the header of nearly every small frame. */
export declare function isBare(halves: Uint16Array, off: number): boolean;
/**
 * Whether the checksum of the layer-4 header at `l4`, an offset into memory as `off` is, is the partial one. It need not be: of a tunnel's frame
 * the inner checksum may be partial and the outer one, at which we look, complete.
 */
export declare function isPartial(bytes: Uint8Array, halves: Uint16Array, off: number, l4: number): boolean;
/** Of a frame that stands for several: bytes from its Ethernet header to the payload. Its checksum is partial, so that says where layer 4 is. */
export declare function headersOf(bytes: Uint8Array, halves: Uint16Array, off: number): number;
/** From the Ethernet header to the layer-4 header whose checksum is partial. */
export declare function checksumStart(halves: Uint16Array, off: number): number;
/** Of a frame that stands for several: bytes of payload of each. */
export declare function gsoSize(halves: Uint16Array, off: number): number;
/** Where the partial checksum is, in bytes from the layer-4 header on. */
export declare function checksumField(halves: Uint16Array, off: number): number;
/** Says that the checksum `field` bytes into the layer-4 header at `l4` is partial. */
export declare function setPartial(bytes: Uint8Array, halves: Uint16Array, off: number, l4: number, field: number): void;
/** Whether the frame stands for several, to be segmented on its way out. */
export declare function isGso(bytes: Uint8Array, off: number): boolean;
/** Length of the headers up to the payload; the kernel allocates as much in one piece when the frame is written. */
export declare function setHdrLen(halves: Uint16Array, off: number, len: number): void;
/** The frame starts at `off` instead of `before`, with other headers: a partial checksum is that of layer 4, which is at `l4`, still. */
export declare function moveStart(bytes: Uint8Array, halves: Uint16Array, before: number, off: number, l4: number): void;
/** Of a TCP segmentation-offload frame: GSO_TCPV4 or GSO_TCPV6. Of others nothing. */
export declare function setTcpGso(bytes: Uint8Array, off: number, tcpGso: number): void;
/**
 * Writes a header that asks for TCP segmentation: `l4` is where the TCP header is, an offset into memory as `off` is; `headers` bytes of headers, `size` of
 * payload a segment; `tcpGso`: GSO_TCPV4 or GSO_TCPV6. The checksum is partial.
 */
export declare function setSegments(bytes: Uint8Array, halves: Uint16Array, off: number, l4: number, headers: number, size: number, tcpGso: number): void;
/** Writes a header that asks for nothing: no segmentation, checksums complete. */
export declare function emit(halves: Uint16Array, off: number): void;
/**
 * Length on the wire of the `len` bytes that follow the header at even offset `off`: with the headers of each segment that a frame to be segmented
 * becomes. Precondition: `check` returned DROP_NONE.
 */
export declare function wireLength(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number;
