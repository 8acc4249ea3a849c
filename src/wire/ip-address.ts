/**
 * Addresses and prefixes of both families, as everything above `engine/` handles them: IPv4 (RFC 791) and IPv6 (RFC 4291), plain data that can be
 * sent to a thread. IPv4 text is strict dotted decimal (`ipv4-address.ts`); IPv6 text is any form of RFC 4291 §2.2 and is written as RFC 5952
 * says, so that one address has one text. Zones (`%eth0`) are no part of an address. An IPv4-mapped address (`::ffff:192.0.2.1`) is IPv6 here;
 * `unmapped` says which IPv4 address it stands for.
 */
import { formatIpv4, parseIpv4 } from "./ipv4-address.js";

export interface IpAddress {
  readonly family: 4 | 6;
  /** The address as one number, most significant byte first: 0n..2^32-1n or 2^128-1n. */
  readonly value: bigint;
}

export interface IpPrefix {
  /** The bits behind the prefix are zero. */
  readonly address: IpAddress;
  /** 0..32, or 0..128. */
  readonly prefixLength: number;
}

const PREFIX_LENGTH = /^(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const GROUPS = 8;
const MAPPED = 0xffffn;

export function addressBits(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** The address, or null when the text is not one. Brackets and zones make it none. */
export function parseIp(text: string): IpAddress | null {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== null) return ofIpv4(ipv4);
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return null;
  const left = parseGroups(head, tail === undefined);
  const right = parseGroups(tail ?? "", true);
  if (left === null || right === null) return null;
  const missing = GROUPS - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array<number>(missing).fill(0), ...right];
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) };
}

/** Groups of 16 bits between colons; the last two may be an IPv4 address, where the address `ends`. Null when they are not that. */
function parseGroups(text: string, ends: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const words = text.split(":");
  for (const [i, word] of words.entries()) {
    const ipv4 = ends && i === words.length - 1 ? parseIpv4(word) : null;
    if (ipv4 !== null) groups.push(ipv4 >>> 16, ipv4 & 0xffff);
    else if (GROUP.test(word)) groups.push(Number.parseInt(word, 16));
    else return null;
  }
  return groups;
}

export function formatIp({ family, value }: IpAddress): string {
  if (family === 4) return formatIpv4(Number(BigInt.asIntN(32, value)));
  if (value >> 32n === MAPPED) return `::ffff:${formatIpv4(Number(BigInt.asIntN(32, value)))}`; // RFC 5952 §5
  const groups = Array.from({ length: GROUPS }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  let from = 0; // the first of the longest runs of zeros, of two groups at least
  let longest = 1;
  for (let i = 0; i < GROUPS; i++) {
    let length = 0;
    while (groups[i + length] === "0") length++;
    if (length > longest) [from, longest] = [i, length];
  }
  if (longest === 1) return groups.join(":");
  return `${groups.slice(0, from).join(":")}::${groups.slice(from + longest).join(":")}`;
}

/** `address`: int32 in host order. */
export function ofIpv4(address: number): IpAddress {
  return { family: 4, value: BigInt(address >>> 0) };
}

/** The IPv4 address as an int32 in host order. Precondition: it is one. */
export function toIpv4(address: IpAddress): number {
  return Number(BigInt.asIntN(32, address.value));
}

/** 4 or 16 bytes, as they lie in a packet. */
export function toBytes({ family, value }: IpAddress): Uint8Array {
  const size = addressBits(family) / 8;
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn));
}

/** Of 4 or 16 bytes as they lie in a packet. */
export function ofBytes(bytes: Uint8Array): IpAddress {
  return { family: bytes.length === 4 ? 4 : 6, value: bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) };
}

/** The link-local address that comes of a MAC (RFC 4291 appendix A). */
export function linkLocalOf(mac: Uint8Array): IpAddress {
  const [a, b, c, d, e, f] = mac;
  return ofBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a! ^ 0x02, b!, c!, 0xff, 0xfe, d!, e!, f!));
}

export function sameIp(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Negative, 0 or positive: IPv4 first, then by value. */
export function compareIp(a: IpAddress, b: IpAddress): number {
  return a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
}

/** 0.0.0.0 or ::. */
export function isUnspecified({ value }: IpAddress): boolean {
  return value === 0n;
}

/** The IPv4 address that an IPv4-mapped one stands for; any other as it is. */
export function unmapped(address: IpAddress): IpAddress {
  return address.family === 6 && address.value >> 32n === MAPPED ? { family: 4, value: address.value & 0xffffffffn } : address;
}

/** `ADDRESS/LENGTH`, or null when the text is not that. Host bits are masked away. */
export function parsePrefix(text: string): IpPrefix | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const address = parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === null || !PREFIX_LENGTH.test(length) || Number(length) > addressBits(address.family)) return null;
  return prefixOf(address, Number(length));
}

/** The prefix of that length in which the address lies. */
export function prefixOf(address: IpAddress, prefixLength: number): IpPrefix {
  const rest = BigInt(addressBits(address.family) - prefixLength);
  return { address: { family: address.family, value: (address.value >> rest) << rest }, prefixLength };
}

export function formatPrefix({ address, prefixLength }: IpPrefix): string {
  return `${formatIp(address)}/${prefixLength}`;
}

export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  return address.family === prefix.address.family && sameIp(prefixOf(address, prefix.prefixLength).address, prefix.address);
}

export function prefixesOverlap(a: IpPrefix, b: IpPrefix): boolean {
  return prefixContains(a, b.address) || prefixContains(b, a.address);
}

/** The last address of the prefix; of IPv4, with a length of at most 30, the broadcast address. */
export function lastOf({ address, prefixLength }: IpPrefix): IpAddress {
  return { family: address.family, value: address.value | ((1n << BigInt(addressBits(address.family) - prefixLength)) - 1n) };
}
