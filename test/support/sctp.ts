/** SCTP packets (RFC 9260 §3) as bytes. */
import { crc32c, type Ip, ipv4, ipv6, join, SCTP, setU16 } from "./packets.js";

export const DATA = 0,
  INIT = 1,
  INIT_ACK = 2,
  HEARTBEAT = 4,
  ABORT = 6,
  SHUTDOWN = 7,
  SHUTDOWN_ACK = 8,
  COOKIE_ECHO = 10,
  COOKIE_ACK = 11,
  SHUTDOWN_COMPLETE = 14;

export interface Sctp {
  sport: number;
  dport: number;
  tag?: number;
  /** Of the first chunk. */
  type: number;
  flags?: number;
  /** Of INIT and INIT ACK: tag that the receiver is to use. */
  initiate?: number;
  data?: Uint8Array;
  /** Chunks behind the first one. */
  more?: Uint8Array;
  checksum?: number;
}

/** A chunk, padded. */
export function chunk(type: number, body: Uint8Array = new Uint8Array(0), flags = 0): Uint8Array {
  const size = 4 + body.length;
  const out = join(Uint8Array.of(type, flags, size >> 8, size & 0xff), body);
  return join(out, new Uint8Array(-out.length & 3));
}

export function sctp(ip: Ip, s: Sctp): Uint8Array {
  const init = s.type === INIT || s.type === INIT_ACK;
  const body = init ? new Uint8Array(16) : (s.data ?? new Uint8Array(0));
  if (init) new DataView(body.buffer).setUint32(0, s.initiate ?? 0x0a0b0c0d);
  const packet = join(new Uint8Array(12), chunk(s.type, body, s.flags), s.more ?? new Uint8Array(0));
  setU16(packet, 0, s.sport);
  setU16(packet, 2, s.dport);
  const view = new DataView(packet.buffer, packet.byteOffset);
  view.setUint32(4, s.tag ?? 0);
  view.setUint32(8, s.checksum ?? crc32c(packet), true);
  return ip.dst.includes(":") ? ipv6(ip.src, ip.dst, SCTP, packet) : ipv4(ip, SCTP, packet);
}
