/**
 * The virtio-net header that a TAP opened with IFF_VNET_HDR puts before each frame (virtio 1.2 §5.1.6; linux/virtio_net.h).
 * 10 bytes, little-endian: flags (8), gso_type (8), hdr_len (16), gso_size (16), csum_start (16), csum_offset (16).
 * Offsets inside the frame count from the Ethernet header. With 10 bytes the IP header lands at offset 24, which is 4-aligned.
 */
import { DROP_CSUM_PLACE, DROP_NONE, DROP_VNET_HEADER } from "./drop.js";
import { PROTO_ICMPV6 } from "./icmpv6.js";
import { PROTO_ICMP, PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "./ipv4.js";
import { TCP_CHECKSUM, tcpHeaderSize, UDP_CHECKSUM, UDP_HEADER_SIZE } from "./l4.js";

export const HEADER_SIZE = 10;
const GSO_SIZE = 4,
  CSUM_START = 6,
  CSUM_OFFSET = 8,
  HDR_LEN = 2;
/** Checksum is partial: whoever puts the frame on a wire completes it. */
export const FLAG_NEEDS_CSUM = 1;
export const GSO_TCPV4 = 1,
  GSO_TCPV6 = 4,
  GSO_UDP_L4 = 5;
const GSO_NONE = 0,
  GSO_ECN = 0x80;

/** DROP_NONE if the header at even offset `off` is true of the `len` bytes of frame that follow it. */
export function check(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number {
  const h = off >> 1;
  if (halves[h] === 0 && halves[h + 1]! <= len) return DROP_NONE; // neither flags nor segmentation: the common small frame
  if (bytes[off + 1] !== GSO_NONE) {
    const gso = bytes[off + 1]! & ~GSO_ECN;
    if (gso !== GSO_TCPV4 && gso !== GSO_TCPV6 && gso !== GSO_UDP_L4) return DROP_VNET_HEADER;
    if (halves[(off + GSO_SIZE) >> 1] === 0) return DROP_VNET_HEADER;
  }
  if ((bytes[off]! & FLAG_NEEDS_CSUM) !== 0) {
    const start = halves[(off + CSUM_START) >> 1]!;
    if (start < 14 || start + halves[(off + CSUM_OFFSET) >> 1]! + 2 > len) return DROP_VNET_HEADER;
  }
  return halves[(off + HDR_LEN) >> 1]! <= len ? DROP_NONE : DROP_VNET_HEADER;
}

/** A fragment has no checksum of its own that could be completed, and is not segmented: protocol for `checkLayer4` that none of this is right for. */
export const FRAGMENT = -1;

/**
 * DROP_NONE if what the header at `off` asks for is meant for the layer-4 header at `l4`, an offset into memory as `off` is: segmentation of
 * that protocol, completion of that checksum. The device that carries it out writes two bytes where the sender said and looks at nothing, when
 * every check has been passed: so it must not be an address, a length or a port (decision 0051).
 * A tunnel's datagram may have its own checksum complete and ask for that of the packet inside it, which nobody here has read.
 * `tcpGso`: GSO_TCPV4 or GSO_TCPV6. Precondition: `check` returned DROP_NONE.
 */
export function checkLayer4(bytes: Uint8Array, halves: Uint16Array, off: number, l4: number, proto: number, tcpGso: number): number {
  const gso = bytes[off + 1]!;
  if (gso !== GSO_NONE) {
    if (proto === PROTO_TCP ? (gso & ~GSO_ECN) !== tcpGso : proto !== PROTO_UDP) return DROP_VNET_HEADER;
    if (proto === PROTO_UDP && gso !== GSO_UDP_L4) return DROP_VNET_HEADER;
  }
  if ((bytes[off]! & FLAG_NEEDS_CSUM) === 0) return DROP_NONE;
  const behind = off + HEADER_SIZE + halves[(off + CSUM_START) >> 1]! - l4;
  const field = halves[(off + CSUM_OFFSET) >> 1]!;
  switch (proto) {
    case PROTO_TCP:
      return behind === 0 && field === TCP_CHECKSUM ? DROP_NONE : DROP_CSUM_PLACE;
    case PROTO_UDP:
      if (behind === 0 && field === UDP_CHECKSUM) return DROP_NONE;
      return behind >= UDP_HEADER_SIZE && gso === GSO_NONE ? DROP_NONE : DROP_CSUM_PLACE;
    case PROTO_ICMP:
    case PROTO_ICMPV6:
    case PROTO_SCTP: // has a CRC, which nobody can be asked for here
    case FRAGMENT:
      return DROP_CSUM_PLACE;
    default:
      return behind >= 0 ? DROP_NONE : DROP_CSUM_PLACE;
  }
}

/** Neither flags nor segmentation: the header of nearly every small frame. */
export function isBare(halves: Uint16Array, off: number): boolean {
  return halves[off >> 1] === 0;
}

/**
 * Whether the checksum of the layer-4 header at `l4`, an offset into memory as `off` is, is the partial one. It need not be: of a tunnel's frame
 * the inner checksum may be partial and the outer one, at which we look, complete.
 */
export function isPartial(bytes: Uint8Array, halves: Uint16Array, off: number, l4: number): boolean {
  return (bytes[off]! & FLAG_NEEDS_CSUM) !== 0 && off + HEADER_SIZE + halves[(off + CSUM_START) >> 1]! === l4;
}

/** Of a frame that stands for several: bytes from its Ethernet header to the payload. Its checksum is partial, so that says where layer 4 is. */
export function headersOf(bytes: Uint8Array, halves: Uint16Array, off: number): number {
  const start = checksumStart(halves, off);
  if ((bytes[off + 1]! & ~GSO_ECN) === GSO_UDP_L4) return start + UDP_HEADER_SIZE;
  return start + tcpHeaderSize(bytes, off + HEADER_SIZE + start);
}

/** From the Ethernet header to the layer-4 header whose checksum is partial. */
export function checksumStart(halves: Uint16Array, off: number): number {
  return halves[(off + CSUM_START) >> 1]!;
}

/** Of a frame that stands for several: bytes of payload of each. */
export function gsoSize(halves: Uint16Array, off: number): number {
  return halves[(off + GSO_SIZE) >> 1]!;
}

/** Where the partial checksum is, in bytes from the layer-4 header on. */
export function checksumField(halves: Uint16Array, off: number): number {
  return halves[(off + CSUM_OFFSET) >> 1]!;
}

/** Says that the checksum `field` bytes into the layer-4 header at `l4` is partial. */
export function setPartial(bytes: Uint8Array, halves: Uint16Array, off: number, l4: number, field: number): void {
  bytes[off] = bytes[off]! | FLAG_NEEDS_CSUM;
  halves[(off + CSUM_START) >> 1] = l4 - off - HEADER_SIZE;
  halves[(off + CSUM_OFFSET) >> 1] = field;
}

/** Whether the frame stands for several, to be segmented on its way out. */
export function isGso(bytes: Uint8Array, off: number): boolean {
  return bytes[off + 1] !== GSO_NONE;
}

/** Length of the headers up to the payload; the kernel allocates as much in one piece when the frame is written. */
export function setHdrLen(halves: Uint16Array, off: number, len: number): void {
  halves[(off + HDR_LEN) >> 1] = len;
}

/** The frame starts at `off` instead of `before`, with other headers: a partial checksum is that of layer 4, which is at `l4`, still. */
export function moveStart(bytes: Uint8Array, halves: Uint16Array, before: number, off: number, l4: number): void {
  const from = before >> 1;
  const to = off >> 1;
  const first = halves[from]!; // all read before any is written: the two may overlap
  const size = halves[from + (GSO_SIZE >> 1)]!;
  const start = halves[from + (CSUM_START >> 1)]!;
  const offset = halves[from + (CSUM_OFFSET >> 1)]!;
  halves[to] = first;
  halves[to + (GSO_SIZE >> 1)] = size;
  halves[to + (CSUM_START >> 1)] = start;
  halves[to + (CSUM_OFFSET >> 1)] = offset;
  if ((bytes[off]! & FLAG_NEEDS_CSUM) !== 0) halves[(off + CSUM_START) >> 1] = l4 - off - HEADER_SIZE;
  halves[(off + HDR_LEN) >> 1] = 0; // written anew where it is needed (`setHdrLen`)
}

/** Of a TCP segmentation-offload frame: GSO_TCPV4 or GSO_TCPV6. Of others nothing. */
export function setTcpGso(bytes: Uint8Array, off: number, tcpGso: number): void {
  const gso = bytes[off + 1]!;
  const kind = gso & ~GSO_ECN;
  if (kind === GSO_TCPV4 || kind === GSO_TCPV6) bytes[off + 1] = tcpGso | (gso & GSO_ECN);
}

/**
 * Writes a header that asks for TCP segmentation: `l4` is where the TCP header is, an offset into memory as `off` is; `headers` bytes of headers, `size` of
 * payload a segment; `tcpGso`: GSO_TCPV4 or GSO_TCPV6. The checksum is partial.
 */
export function setSegments(
  bytes: Uint8Array,
  halves: Uint16Array,
  off: number,
  l4: number,
  headers: number,
  size: number,
  tcpGso: number,
): void {
  bytes[off] = FLAG_NEEDS_CSUM;
  bytes[off + 1] = tcpGso;
  halves[(off + HDR_LEN) >> 1] = headers;
  halves[(off + GSO_SIZE) >> 1] = size;
  halves[(off + CSUM_START) >> 1] = l4 - off - HEADER_SIZE;
  halves[(off + CSUM_OFFSET) >> 1] = TCP_CHECKSUM;
}

/** Writes a header that asks for nothing: no segmentation, checksums complete. */
export function emit(halves: Uint16Array, off: number): void {
  for (let i = off >> 1; i < (off + HEADER_SIZE) >> 1; i++) halves[i] = 0;
}

/**
 * Length on the wire of the `len` bytes that follow the header at even offset `off`: with the headers of each segment that a frame to be segmented
 * becomes. Precondition: `check` returned DROP_NONE.
 */
export function wireLength(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number {
  if (bytes[off + 1] === GSO_NONE) return len;
  const header = halves[(off + HDR_LEN) >> 1]!;
  const segments = Math.ceil((len - header) / halves[(off + GSO_SIZE) >> 1]!);
  return segments > 1 ? len + (segments - 1) * header : len;
}
