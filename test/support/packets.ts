/**
 * Builds frames and takes them apart, independently of `src/wire`: every checksum here is summed over the whole, in network byte order.
 * A frame is what a TAP delivers: 10 bytes of virtio-net header, then Ethernet. Addresses are text, ports and numbers in host order.
 */
import { formatIp, ofBytes } from "../../src/wire/ip-address.js";

export const VNET = 10,
  ETH = 14;
export const TCP = 6,
  UDP = 17,
  ICMP = 1,
  SCTP = 132;
export const FIN = 1,
  SYN = 2,
  RST = 4,
  PSH = 8,
  ACK = 16;
export const BROADCAST = "ff:ff:ff:ff:ff:ff";
/** virtio_net.h */
export const NEEDS_CSUM = 1,
  GSO_TCPV4 = 1,
  GSO_TCPV6 = 4,
  GSO_UDP_L4 = 5;

/** Of either family, as the addresses say. */
export interface Ip {
  src: string;
  dst: string;
  /** TTL or hop limit. */
  ttl?: number;
  /** Of IPv4, header options; a multiple of 4 bytes. */
  options?: Uint8Array;
  /** Of IPv4, flags and fragment offset word. */
  fragment?: number;
  /** Of IPv6, extension headers around the body: what comes first, and all of it. */
  extend?: (next: number, body: Uint8Array) => [next: number, body: Uint8Array];
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** `n` bytes that differ. */
export function payload(n: number, start = 1): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (start + i * 7) & 0xff);
}

export function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function u16(bytes: Uint8Array, at: number): number {
  return view(bytes).getUint16(at);
}

export function setU16(bytes: Uint8Array, at: number, value: number): void {
  view(bytes).setUint16(at, value);
}

/** One's complement sum of big-endian halves, not inverted (RFC 1071). */
export function sum(bytes: Uint8Array, start = 0): number {
  let s = start;
  for (let i = 0; i < bytes.length; i += 2) s += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (s > 0xffff) s = (s & 0xffff) + Math.floor(s / 0x10000);
  return s;
}

/** Raw ports word (`src/wire/raw.ts`). */
export function rawPorts(sport: number, dport: number): number {
  return new Int32Array(Uint8Array.of(sport >> 8, sport, dport >> 8, dport).buffer)[0]!;
}

export function ipBytes(text: string): Uint8Array {
  return isV6(text) ? ip6Bytes(text) : Uint8Array.from(text.split("."), Number);
}

function isV6(text: string): boolean {
  return text.includes(":");
}

function ipText(bytes: Uint8Array): string {
  return bytes.length === 4 ? [...bytes].join(".") : formatIp(ofBytes(bytes));
}

function pseudo(src: Uint8Array, dst: Uint8Array, proto: number, len: number): number {
  return sum(join(src, dst, Uint8Array.of(0, proto, len >> 8, len & 0xff)));
}

/** A packet of the addresses' family around `body`. */
function packet(ip: Ip, proto: number, body: Uint8Array): Uint8Array {
  if (!isV6(ip.dst)) return ipv4(ip, proto, body);
  const [next, all] = ip.extend?.(proto, body) ?? [proto, body];
  const out = ipv6(ip.src, ip.dst, next, all);
  out[7] = ip.ttl ?? 64;
  return out;
}

/** An IPv4 datagram around `body`. */
export function ipv4(ip: Ip, proto: number, body: Uint8Array): Uint8Array {
  const options = ip.options ?? new Uint8Array(0);
  const header = join(new Uint8Array(20), options);
  header[0] = 0x40 | (header.length >> 2);
  setU16(header, 2, header.length + body.length);
  setU16(header, 4, 0x1234);
  setU16(header, 6, ip.fragment ?? 0x4000);
  header[8] = ip.ttl ?? 64;
  header[9] = proto;
  header.set(ipBytes(ip.src), 12);
  header.set(ipBytes(ip.dst), 16);
  setU16(header, 10, ~sum(header) & 0xffff);
  return join(header, body);
}

/** The frame with the checksum of its IPv4 header made right, for who has changed the header. */
export function resummed(f: Uint8Array, at = VNET + ETH): Uint8Array {
  const out = f.slice();
  const header = out.subarray(at, at + Math.min(Math.max((out[at]! & 15) * 4, 20), out.length - at));
  setU16(header, 10, 0);
  setU16(header, 10, ~sum(header) & 0xffff);
  return out;
}

/** The frame with options put behind its IPv4 header, whose length counts them and whose checksum does not. */
export function withOptions(f: Uint8Array, options: Uint8Array): Uint8Array {
  const ip = VNET + ETH;
  const out = join(f.subarray(0, ip + 20), options, f.subarray(ip + 20));
  out[ip] = 0x45 + options.length / 4;
  setU16(out, ip + 2, u16(f, ip + 2) + options.length);
  const header = out.subarray(ip, ip + 20);
  setU16(header, 10, 0);
  setU16(header, 10, ~sum(header) & 0xffff);
  return out;
}

function withChecksum(ip: Ip, proto: number, body: Uint8Array, at: number): Uint8Array {
  const c = ~sum(body, pseudo(ipBytes(ip.src), ipBytes(ip.dst), proto, body.length)) & 0xffff;
  setU16(body, at, c === 0 && proto === UDP ? 0xffff : c);
  return packet(ip, proto, body);
}

const SEQUENCE = 0xdeadbeef;

export interface Tcp {
  sport: number;
  dport: number;
  flags?: number;
  /** Sequence and acknowledgment number; by default each side expects what the other sends. */
  seq?: number;
  ack?: number;
  options?: Uint8Array;
  data?: Uint8Array;
}

export function tcp(ip: Ip, t: Tcp): Uint8Array {
  const body = join(new Uint8Array(20), t.options ?? new Uint8Array(0), t.data ?? new Uint8Array(0));
  setU16(body, 0, t.sport);
  setU16(body, 2, t.dport);
  view(body).setUint32(4, t.seq ?? SEQUENCE);
  view(body).setUint32(8, t.ack ?? SEQUENCE);
  body[12] = (20 + (t.options?.length ?? 0)) << 2;
  body[13] = t.flags ?? ACK;
  setU16(body, 14, 64240);
  return withChecksum(ip, TCP, body, 16);
}

/** Options of a segment: timestamps as Linux sends them (RFC 7323 §3.2), its own and the echo of the other end's. */
export function timestamps(value: number, echo: number): Uint8Array {
  const options = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0);
  view(options).setUint32(4, value);
  view(options).setUint32(8, echo);
  return options;
}

export interface Udp {
  sport: number;
  dport: number;
  data?: Uint8Array;
  /** false: the sender put none (0). */
  checksum?: boolean;
}

export function udp(ip: Ip, u: Udp): Uint8Array {
  const body = join(new Uint8Array(8), u.data ?? payload(5));
  setU16(body, 0, u.sport);
  setU16(body, 2, u.dport);
  setU16(body, 4, body.length);
  return u.checksum === false ? packet(ip, UDP, body) : withChecksum(ip, UDP, body, 6);
}

/** The datagram with another identification. */
export function numbered(datagram: Uint8Array, id: number): Uint8Array {
  const other = datagram.slice();
  setU16(other, 4, id);
  setU16(other, 10, 0);
  setU16(other, 10, ~sum(other.subarray(0, (other[0]! & 15) * 4)) & 0xffff);
  return other;
}

/** The datagram in fragments of `size` bytes of payload each, a multiple of 8, in order. */
export function fragments(datagram: Uint8Array, size: number): Uint8Array[] {
  const header = datagram.subarray(0, (datagram[0]! & 15) * 4);
  const body = datagram.subarray(header.length);
  return Array.from({ length: Math.ceil(body.length / size) }, (_, i) => {
    const part = join(header, body.subarray(i * size, (i + 1) * size));
    setU16(part, 2, part.length);
    setU16(part, 6, ((i + 1) * size < body.length ? 0x2000 : 0) | ((i * size) / 8));
    setU16(part, 10, 0);
    setU16(part, 10, ~sum(part.subarray(0, header.length)) & 0xffff);
    return part;
  });
}

/** The datagram that fragments in order are parts of. Throws when they are not. */
export function reassembled(parts: Uint8Array[]): Uint8Array {
  const size = (parts[0]![0]! & 15) * 4;
  const bodies = parts.map((part) => part.subarray(size, u16(part, 2)));
  let at = 0;
  parts.forEach((part, i) => {
    if (sum(part.subarray(0, size)) !== 0xffff) throw new Error(`fragment ${i}: wrong header checksum`);
    if (u16(part, 6) !== ((i < parts.length - 1 ? 0x2000 : 0) | (at / 8))) throw new Error(`fragment ${i}: wrong place`);
    if (hex(part.subarray(12, 20)) !== hex(parts[0]!.subarray(12, 20))) throw new Error(`fragment ${i}: other addresses`);
    at += bodies[i]!.length;
  });
  const whole = join(parts[0]!.subarray(0, size), ...bodies);
  setU16(whole, 2, whole.length);
  setU16(whole, 6, 0);
  setU16(whole, 10, 0);
  setU16(whole, 10, ~sum(whole.subarray(0, size)) & 0xffff);
  return whole;
}

/** ICMP or ICMPv6 message of any kind: `word` is bytes 4..7. */
export function icmp(ip: Ip, type: number, code: number, word: number, data: Uint8Array): Uint8Array {
  const body = join(Uint8Array.of(type, code, 0, 0, word >>> 24, word >>> 16, word >>> 8, word), data);
  if (isV6(ip.dst)) return withChecksum(ip, ICMPV6, body, 2);
  setU16(body, 2, ~sum(body) & 0xffff);
  return ipv4(ip, ICMP, body);
}

export function echo(ip: Ip, id: number, reply = false, data = payload(9)): Uint8Array {
  const type = isV6(ip.dst) ? (reply ? 129 : 128) : reply ? 0 : 8;
  return icmp(ip, type, 0, (id << 16) | 7, data);
}

/** "fragmentation needed" with MTU 1400, "port unreachable", or "time exceeded", quoting `bytes` of a datagram. */
export const FRAGMENTATION_NEEDED: readonly [number, number, number] = [3, 4, 1400];
export const PORT_UNREACHABLE: readonly [number, number, number] = [3, 3, 0];
export const TIME_EXCEEDED: readonly [number, number, number] = [11, 0, 0];

export function icmpError(ip: Ip, kind: readonly [number, number, number], quoted: Uint8Array): Uint8Array {
  return icmp(ip, kind[0], kind[1], kind[2], quoted);
}

export interface Arp {
  operation?: number;
  senderMac: string;
  senderIp: string;
  targetMac?: string;
  targetIp: string;
}

export function arp(a: Arp): Uint8Array {
  return join(
    bytesOf("0001080006040000").with(7, a.operation ?? 1),
    macBytes(a.senderMac),
    ipBytes(a.senderIp),
    macBytes(a.targetMac ?? "00:00:00:00:00:00"),
    ipBytes(a.targetIp),
  );
}

export function macBytes(text: string): Uint8Array {
  return bytesOf(text.replaceAll(":", ""));
}

/** Virtio-net header of zeros, Ethernet header, payload; the type is that of the payload's IP version unless given. */
export function frame(dst: string, src: string, body: Uint8Array, type = body[0]! >> 4 === 6 ? 0x86dd : 0x0800): Uint8Array {
  return join(new Uint8Array(VNET), macBytes(dst), macBytes(src), Uint8Array.of(type >> 8, type & 0xff), body);
}

export function arpFrame(dst: string, a: Arp): Uint8Array {
  return frame(dst, a.senderMac, arp(a), 0x0806);
}

/** With a VLAN tag (IEEE 802.1Q) of `vid` between the addresses and the type. */
export function tagged(f: Uint8Array, vid: number, type = 0x8100): Uint8Array {
  return join(f.subarray(0, VNET + 12), Uint8Array.of(type >> 8, type & 0xff, vid >> 8, vid & 0xff), f.subarray(VNET + 12));
}

/** Sixteen bytes of an IPv6 address in text. */
export function ip6Bytes(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const words = (part: string): number[] => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(head), words(tail ?? "")];
  const all = tail === undefined ? before : [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** An IPv6 packet; `next` is the protocol of the body, or of the first of its extension headers. */
export function ipv6(src: string, dst: string, next: number, body: Uint8Array): Uint8Array {
  const header = new Uint8Array(8);
  header[0] = 0x60;
  setU16(header, 4, body.length);
  header[6] = next;
  header[7] = 255;
  return join(header, ip6Bytes(src), ip6Bytes(dst), body);
}

export const ICMPV6 = 58;

/** Router solicitation and advertisement, neighbor solicitation and advertisement, redirect (RFC 4861 §4): 133 to 137. Without a checksum. */
export function discovery(type: number, target: string): Uint8Array {
  const head = Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0);
  if (type === 133) return head;
  return type === 134 ? join(head, new Uint8Array(8)) : join(head, ip6Bytes(target), new Uint8Array(type === 137 ? 16 : 0));
}

/** A solicitation (135) or advertisement (136) of a neighbor, with the sender's MAC in an option if given. */
export function neighbor(ip: Ip, type: number, target: string, mac?: string, flags = 0): Uint8Array {
  const option = mac === undefined ? new Uint8Array(0) : join(Uint8Array.of(type - 134, 1), macBytes(mac));
  return icmp({ ttl: 255, ...ip }, type, 0, flags << 24, join(ip6Bytes(target), option));
}

/** An extension header of `size` bytes, a multiple of 8, before a body of protocol `next`; `type`: of a routing header. */
export function extension(next: number, body: Uint8Array, size = 8, type = 2): Uint8Array {
  return join(Uint8Array.of(next, size / 8 - 1, type), new Uint8Array(size - 3), body);
}

/** A fragment header (RFC 8200 §4.5); `offset` in bytes, a multiple of 8. */
export function fragment6(next: number, offset: number, more: boolean, body: Uint8Array): Uint8Array {
  return join(Uint8Array.of(next, 0, offset >> 8, (offset & 0xf8) | (more ? 1 : 0), 0, 0, 0, 7), body);
}

/** Little-endian fields of the virtio-net header. */
export function setVnet(
  f: Uint8Array,
  h: { flags?: number; gso?: number; hdrLen?: number; gsoSize?: number; start?: number; offset?: number },
): Uint8Array {
  const v = view(f);
  f[0] = h.flags ?? 0;
  f[1] = h.gso ?? 0;
  v.setUint16(2, h.hdrLen ?? 0, true);
  v.setUint16(4, h.gsoSize ?? 0, true);
  v.setUint16(6, h.start ?? 0, true);
  v.setUint16(8, h.offset ?? 0, true);
  return f;
}

/** Makes the TCP or UDP checksum partial: the field holds the folded sum of the pseudo header (virtio 1.2 §5.1.6.2). */
export function partial(f: Uint8Array, gso = 0, gsoSize = 0): Uint8Array {
  const out = f.slice();
  const ip = out.subarray(VNET + ETH);
  const { size, proto, addresses } = layout(ip);
  const at = proto === TCP ? 16 : 6;
  setU16(ip, size + at, pseudo(...addresses, proto, endOf(ip) - size));
  const headers = proto === TCP ? (ip[size + 12]! >> 4) * 4 : 8;
  return setVnet(out, { flags: NEEDS_CSUM, gso, gsoSize, start: ETH + size, offset: at, hdrLen: gso === 0 ? 0 : ETH + size + headers });
}

/** What a device does with NEEDS_CSUM: sums from csum_start to the end and stores the inverse at csum_start + csum_offset. */
export function complete(f: Uint8Array): Uint8Array {
  const out = f.slice();
  if ((out[0]! & NEEDS_CSUM) === 0) return out;
  const v = view(out);
  const start = VNET + v.getUint16(6, true);
  const c = ~sum(out.subarray(start)) & 0xffff;
  setU16(out, start + v.getUint16(8, true), c === 0 ? 0xffff : c);
  out[0] = out[0]! & ~NEEDS_CSUM;
  return out;
}

export interface Parsed {
  dstMac: string;
  srcMac: string;
  src: string;
  dst: string;
  ttl: number;
  proto: number;
  sport: number;
  dport: number;
  flags: number;
  /** ICMP */
  type: number;
  code: number;
  id: number;
  /** From the layer-4 header on. */
  l4: Uint8Array;
  /** Behind the layer-4 header. */
  data: Uint8Array;
}

export function macText(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(":");
}

/** Fields of an IPv4 or IPv6 frame. */
export function parse(f: Uint8Array): Parsed {
  return {
    dstMac: macText(f.subarray(VNET, VNET + 6)),
    srcMac: macText(f.subarray(VNET + 6, VNET + 12)),
    ...parseIp(f.subarray(VNET + ETH)),
  };
}

/** Bytes of the packet. */
function endOf(ip: Uint8Array): number {
  return ip[0]! >> 4 === 6 ? 40 + u16(ip, 4) : u16(ip, 2);
}

/** Bytes before layer 4, its protocol (0 of a later IPv6 fragment), and the addresses. Of IPv6 with any extension headers. */
function layout(ip: Uint8Array): { size: number; proto: number; addresses: [Uint8Array, Uint8Array] } {
  if (ip[0]! >> 4 !== 6) return { size: (ip[0]! & 15) * 4, proto: ip[9]!, addresses: [ip.subarray(12, 16), ip.subarray(16, 20)] };
  let [size, proto] = [40, ip[6]!];
  while ([0, 43, 44, 60, 135].includes(proto)) {
    const later = proto === 44 && (u16(ip, size + 2) & 0xfff8) !== 0;
    const next = later ? -1 : ip[size]!;
    size += proto === 44 ? 8 : (ip[size + 1]! + 1) * 8;
    proto = next;
  }
  return { size, proto, addresses: [ip.subarray(8, 24), ip.subarray(24, 40)] };
}

export function parseIp(ip: Uint8Array): Omit<Parsed, "dstMac" | "srcMac"> {
  const { size, proto, addresses } = layout(ip);
  const l4 = ip.subarray(size, endOf(ip));
  const isIcmp = proto === ICMP || proto === ICMPV6;
  const portal = proto === TCP || proto === UDP || proto === SCTP;
  const isTcp = proto === TCP && l4.length >= 20;
  return {
    src: ipText(addresses[0]),
    dst: ipText(addresses[1]),
    ttl: ip[0]! >> 4 === 6 ? ip[7]! : ip[8]!,
    proto,
    sport: portal ? u16(l4, 0) : 0,
    dport: portal ? u16(l4, 2) : 0,
    flags: isTcp ? l4[13]! : 0,
    type: isIcmp ? l4[0]! : -1,
    code: isIcmp ? l4[1]! : -1,
    id: isIcmp ? u16(l4, 4) : -1,
    l4,
    data: l4.subarray(isTcp ? (l4[12]! >> 4) * 4 : 8),
  };
}

/** CRC32c of an SCTP packet as polynomial division (RFC 9260 Appendix A), with the field taken for zero. */
export function crc32c(packet: Uint8Array): number {
  let crc = 0xffffffff;
  for (const [i, byte] of packet.entries()) {
    crc ^= i >= 8 && i < 12 ? 0 : byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** Names of the checksums of an IPv4 or IPv6 packet that a full recompute finds wrong. */
export function wrongChecksums(ip: Uint8Array): string[] {
  const wrong: string[] = [];
  const { size, proto, addresses } = layout(ip);
  const l4 = ip.subarray(size, endOf(ip));
  const isIpv4 = ip[0]! >> 4 === 4;
  if (isIpv4 && sum(ip.subarray(0, size)) !== 0xffff) wrong.push("ipv4");
  const whole = pseudo(...addresses, proto, l4.length);
  if (proto === TCP && sum(l4, whole) !== 0xffff) wrong.push("tcp");
  if (proto === UDP && (u16(l4, 6) !== 0 || !isIpv4) && sum(l4, whole) !== 0xffff) wrong.push("udp");
  if (proto === ICMPV6 && sum(l4, whole) !== 0xffff) wrong.push("icmpv6");
  if (proto === ICMP && sum(l4) !== 0xffff) wrong.push("icmp");
  if (proto === SCTP && new DataView(l4.buffer, l4.byteOffset).getUint32(8, true) !== crc32c(l4)) wrong.push("sctp");
  return wrong;
}

/** The same for a frame, after completing it as a device would. */
export function wrongIn(f: Uint8Array): string[] {
  return wrongChecksums(complete(f).subarray(VNET + ETH));
}
