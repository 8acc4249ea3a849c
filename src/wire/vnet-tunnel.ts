/**
 * The virtio-net header of a TAP whose frames are tunnels' packets (linux/virtio_net.h, `struct virtio_net_hdr_v1_hash_tunnel`; Linux 6.17). 24 bytes,
 * little-endian: the fields of `vnet.ts`, num_buffers (16), hash (32), hash_report (16), padding (16), outer_th_offset (16), inner_nh_offset (16).
 *
 * Of a packet with segmentation of what is inside, `gso_type` has a GSO_UDP_TUNNEL bit as well; partial checksum, segment size and `hdr_len` are about
 * the inner packet, and all offsets count from the outer Ethernet header. Without that bit the last two fields mean nothing, and an older kernel
 * does not write them. With 24 bytes an inner IP header lies at a multiple of 4 behind an outer Ethernet header of 14, IPv4 or IPv6, UDP, VXLAN and
 * an Ethernet header, as it does behind `vnet.ts`.
 */
import { DROP_NONE, DROP_VNET_HEADER } from "./drop.js";
import { HEADER_SIZE as ETHERNET } from "./ethernet.js";
import { UDP_CHECKSUM, UDP_HEADER_SIZE } from "./l4.js";
import * as vnet from "./vnet.js";

export const HEADER_SIZE = 24;
const HDR_LEN = 2,
  GSO_SIZE = 4,
  CSUM_START = 6,
  CSUM_OFFSET = 8,
  OUTER_TRANSPORT = 20,
  INNER_NETWORK = 22;
const GSO_UDP_TUNNEL_IPV4 = 0x20,
  GSO_UDP_TUNNEL_IPV6 = 0x40,
  GSO_UDP_TUNNEL = GSO_UDP_TUNNEL_IPV4 | GSO_UDP_TUNNEL_IPV6;
/** The outer UDP checksum is wanted, of each segment. */
const FLAG_UDP_TUNNEL_CSUM = 8;
/** In `gso_type`: Congestion Window Reduced is for the first segment alone. Not allowed with a tunnel, and the kernel does it anyway. */
const GSO_ECN = 0x80;

/**
 * Of the packet with the header at `from`: writes at `to` the header (`vnet.ts`) of the frame inside, which begins `overhead` bytes behind the outer
 * Ethernet header. DROP_NONE or the reason to drop. Offsets are even; the two headers do not overlap.
 */
export function unwrap(bytes: Uint8Array, halves: Uint16Array, from: number, to: number, overhead: number): number {
  const gso = bytes[from + 1]!;
  const start = halves[(from + CSUM_START) >> 1]! - overhead;
  const field = halves[(from + CSUM_OFFSET) >> 1]!;
  const size = halves[(from + GSO_SIZE) >> 1]!;
  const headers = halves[(from + HDR_LEN) >> 1]! - overhead;
  // Segmentation of the outer packet: several datagrams in one, each with a frame of its own.
  if (gso !== 0 && (gso & GSO_UDP_TUNNEL) === 0) return DROP_VNET_HEADER;
  // A partial checksum may be the outer one, which is nobody's concern any more: the inner one is complete then.
  const partial = (bytes[from]! & vnet.FLAG_NEEDS_CSUM) !== 0 && start >= ETHERNET;
  vnet.emit(halves, to);
  if (partial) {
    bytes[to] = vnet.FLAG_NEEDS_CSUM;
    halves[(to + CSUM_START) >> 1] = start;
    halves[(to + CSUM_OFFSET) >> 1] = field;
  }
  if (gso === 0) return DROP_NONE;
  if (!partial || headers <= 0) return DROP_VNET_HEADER;
  bytes[to + 1] = gso & ~GSO_UDP_TUNNEL;
  halves[(to + GSO_SIZE) >> 1] = size;
  halves[(to + HDR_LEN) >> 1] = headers;
  return DROP_NONE;
}

/**
 * The opposite: of the frame with the header at `from`, writes at `to` the header of the packet that has it inside. `headers`: bytes of its own headers
 * up to the payload, of one with segmentation; `outer`: bytes from the outer Ethernet header to the UDP header; `ipv6`: the outer packet is. `checksum`:
 * segments get an outer one.
 */
export function wrap(
  bytes: Uint8Array,
  halves: Uint16Array,
  from: number,
  to: number,
  overhead: number,
  outer: number,
  headers: number,
  ipv6: boolean,
  checksum: boolean,
): void {
  const gso = bytes[from + 1]! & ~GSO_ECN;
  const partial = (bytes[from]! & vnet.FLAG_NEEDS_CSUM) !== 0;
  const start = halves[(from + CSUM_START) >> 1]!;
  const field = halves[(from + CSUM_OFFSET) >> 1]!;
  const size = halves[(from + GSO_SIZE) >> 1]!;
  for (let i = to >> 1; i < (to + HEADER_SIZE) >> 1; i++) halves[i] = 0;
  if (partial) {
    bytes[to] = vnet.FLAG_NEEDS_CSUM;
    halves[(to + CSUM_START) >> 1] = start + overhead;
    halves[(to + CSUM_OFFSET) >> 1] = field;
  }
  if (gso === 0) return;
  if (checksum) bytes[to] = bytes[to]! | FLAG_UDP_TUNNEL_CSUM;
  bytes[to + 1] = gso | (ipv6 ? GSO_UDP_TUNNEL_IPV6 : GSO_UDP_TUNNEL_IPV4);
  halves[(to + HDR_LEN) >> 1] = headers + overhead;
  halves[(to + GSO_SIZE) >> 1] = size;
  halves[(to + OUTER_TRANSPORT) >> 1] = outer;
  halves[(to + INNER_NETWORK) >> 1] = overhead + ETHERNET;
}

/**
 * Writes the header of a packet that holds datagrams of `size` bytes each behind its UDP header, which is `udp` bytes behind the Ethernet header, with a partial
 * checksum. `size` 0: there is one; `udp` 0: its checksum is complete, or it has none.
 */
export function emitDatagrams(bytes: Uint8Array, halves: Uint16Array, to: number, udp: number, size: number): void {
  for (let i = to >> 1; i < (to + HEADER_SIZE) >> 1; i++) halves[i] = 0;
  if (udp === 0) return;
  bytes[to] = vnet.FLAG_NEEDS_CSUM;
  halves[(to + CSUM_START) >> 1] = udp;
  halves[(to + CSUM_OFFSET) >> 1] = UDP_CHECKSUM;
  if (size === 0) return;
  bytes[to + 1] = vnet.GSO_UDP_L4;
  halves[(to + HDR_LEN) >> 1] = udp + UDP_HEADER_SIZE;
  halves[(to + GSO_SIZE) >> 1] = size;
}

/** From the outer Ethernet header to the layer-4 header whose checksum is partial; -1: none is. */
export function partialStart(bytes: Uint8Array, halves: Uint16Array, from: number): number {
  return (bytes[from]! & vnet.FLAG_NEEDS_CSUM) === 0 ? -1 : halves[(from + CSUM_START) >> 1]!;
}

/** Where in it the checksum is. */
export function partialField(halves: Uint16Array, from: number): number {
  return halves[(from + CSUM_OFFSET) >> 1]!;
}

/** Of a packet that holds datagrams: bytes of each but the last; 0: it is one. -1: it is neither. */
export function datagramSize(bytes: Uint8Array, halves: Uint16Array, from: number): number {
  const gso = bytes[from + 1]!;
  if (gso === 0) return 0;
  const size = halves[(from + GSO_SIZE) >> 1]!;
  return gso === vnet.GSO_UDP_L4 && size > 0 ? size : -1;
}
