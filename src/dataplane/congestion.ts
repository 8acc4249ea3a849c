/** Congestion that a tunnel's datagram has met (RFC 6040 §4.2). */
import type { PacketMemory } from "../mem/packet-memory.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as underlay from "../wire/underlay.js";

/**
 * It is the inner packet's business: of the frame of `length` bytes at `inner`. `tos`: TOS or traffic class of the outer header. False where its sender
 * would not understand it.
 */
export function carryCongestion({ bytes, halves }: PacketMemory, inner: number, length: number, tos: number): boolean {
  if (!underlay.isCongested(tos)) return true;
  const packet = inner + eth.HEADER_SIZE;
  const type = eth.type(halves, inner);
  if (type === eth.TYPE_IPV4 && length >= eth.HEADER_SIZE + ipv4.MIN_HEADER_SIZE) {
    if (!underlay.isEcnCapable(bytes[packet + 1]!)) return false;
    if (!underlay.isCongested(bytes[packet + 1]!)) underlay.setCongested4(bytes, halves, packet);
  } else if (type === eth.TYPE_IPV6 && length >= eth.HEADER_SIZE + ipv6.HEADER_SIZE) {
    if (!underlay.isEcnCapable(ipv6.trafficClass(bytes, packet))) return false;
    underlay.setCongested6(bytes, packet);
  }
  return true;
}
