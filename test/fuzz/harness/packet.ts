/**
 * IP packets of both families as the oracle reads them, none of it by `src/wire`. An address is a number: of IPv4 its raw word, of IPv6 one from 2^32
 * up, which it is given when it is met first.
 */
import { ipBytes } from "../../support/packets.js";
import * as x from "./bytes.js";

const FIRST_IPV6 = 2 ** 32;
const LATER_FRAGMENT = 0x1fff,
  MORE_FRAGMENTS = 0x2000;
/** Numbers of IPv6 extension headers whose second byte is their length. */
const EXTENSIONS = new Set([0, 43, 60, 135, 139, 140]);
const AUTHENTICATION = 51,
  FRAGMENT = 44;
const MOST_EXTENSIONS = 8;

const numbers = new Map<string, number>();
const texts: string[] = [];

/** Number of the address whose 4 or 16 bytes are at `at`. */
export function addressAt(b: Uint8Array, at: number, size: 4 | 16): number {
  if (size === 4) return x.word(b, at);
  let text = "";
  for (let k = 0; k < 16; k += 2) text += String.fromCharCode(x.u16(b, at + k));
  const found = numbers.get(text);
  if (found !== undefined) return found;
  const number = FIRST_IPV6 + texts.length;
  numbers.set(text, number);
  texts.push(text);
  return number;
}

/** The same of an address in text. */
export function addressOf(text: string): number {
  const bytes = ipBytes(text);
  return addressAt(bytes, 0, bytes.length as 4 | 16);
}

/** Forgets the addresses that were met after the first `count`; answers how many there are. */
export function forgetAddresses(count = texts.length): number {
  for (const text of texts.splice(count)) numbers.delete(text);
  return texts.length;
}

export function isIpv6(address: number): boolean {
  return address >= FIRST_IPV6;
}

/** First 16 bits of an IPv6 address, and whether it begins with those of a prefix of 64 bits. */
export function first16(address: number): number {
  return texts[address - FIRST_IPV6]!.charCodeAt(0);
}

export function isIn64(address: number, net: number): boolean {
  return isIpv6(address) && isIpv6(net) && texts[address - FIRST_IPV6]!.slice(0, 4) === texts[net - FIRST_IPV6]!.slice(0, 4);
}

/** The link-local address that comes of a MAC (RFC 4291 Appendix A). */
export function linkLocalOf(mac: string): string {
  const b = mac.split(":").map((part) => Number.parseInt(part, 16));
  const hex = [b[0]! ^ 2, b[1]!, b[2]!, 0xff, 0xfe, b[3]!, b[4]!, b[5]!].map((n) => n.toString(16).padStart(2, "0"));
  return `fe80::${[0, 2, 4, 6].map((i) => hex[i]! + hex[i + 1]!).join(":")}`;
}

export interface Packet {
  version: 4 | 6;
  ip: number;
  src: number;
  dst: number;
  /** Of a later fragment of IPv6 what its fragment header says. */
  proto: number;
  /** Offset of layer 4, or of a fragment's data. */
  l4: number;
  /** Offset of its end. */
  end: number;
  /** A fragment other than the first; the first of several. */
  later: boolean;
  first: boolean;
  /** What its fragments have in common. */
  datagram: string;
}

/** The frame at `at` (its virtio-net header) of `len` bytes as a packet; null if it is none, or lies about its length. */
export function frameAt(b: Uint8Array, at: number, len: number): Packet | null {
  const ip = at + x.VNET + x.ETH;
  const type = x.u16(b, ip - 2);
  if (len < x.VNET + x.ETH + 20 || (type !== 0x0800 && type !== 0x86dd)) return null;
  const packet = packetAt(b, ip, len - x.VNET - x.ETH);
  return packet !== null && packet.version === (type === 0x0800 ? 4 : 6) && packet.end <= at + len ? packet : null;
}

/** The packet at `ip`, of which `len` bytes are there: maybe fewer than it says. */
export function packetAt(b: Uint8Array, ip: number, len: number): Packet | null {
  if (len < 20) return null;
  if (b[ip]! >> 4 === 4) return ipv4At(b, ip, len);
  return b[ip]! >> 4 === 6 && len >= 40 ? ipv6At(b, ip, len) : null;
}

function ipv4At(b: Uint8Array, ip: number, len: number): Packet | null {
  const size = (b[ip]! & 15) * 4;
  const total = x.u16(b, ip + 2);
  if (size < 20 || total < size || size > len) return null;
  const place = x.u16(b, ip + 6);
  const src = x.word(b, ip + 12);
  const dst = x.word(b, ip + 16);
  const later = (place & LATER_FRAGMENT) !== 0;
  const datagram = `${src},${dst},${x.u16(b, ip + 4)},${b[ip + 9]}`;
  const first = !later && (place & MORE_FRAGMENTS) !== 0;
  return { version: 4, ip, src, dst, proto: b[ip + 9]!, l4: ip + size, end: ip + total, later, first, datagram };
}

function ipv6At(b: Uint8Array, ip: number, len: number): Packet | null {
  const src = addressAt(b, ip + 8, 16);
  const dst = addressAt(b, ip + 24, 16);
  const there = ip + len;
  const end = ip + 40 + x.u16(b, ip + 4);
  const packet: Packet = { version: 6, ip, src, dst, proto: b[ip + 6]!, l4: ip + 40, end, later: false, first: false, datagram: "" };
  for (let n = 0; n <= MOST_EXTENSIONS; n++) {
    const { proto, l4 } = packet;
    const isFragment = proto === FRAGMENT;
    if (!isFragment && proto !== AUTHENTICATION && !EXTENSIONS.has(proto)) return packet;
    if (l4 + 8 > Math.min(there, end) || n === MOST_EXTENSIONS) return null;
    packet.proto = b[l4]!;
    packet.l4 += isFragment ? 8 : proto === AUTHENTICATION ? (b[l4 + 1]! + 2) * 4 : (b[l4 + 1]! + 1) * 8;
    if (!isFragment) continue;
    const place = x.u16(b, l4 + 2);
    packet.datagram = `${src},${dst},${x.word(b, l4 + 4)}`;
    packet.first = (place & 0xfff9) === 1;
    packet.later = (place & 0xfff8) !== 0;
    if (packet.later) return packet;
  }
  return null;
}
