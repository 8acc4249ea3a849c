/** A frame in words, as a line of text has room for: whoever sent it to whom, and what kind it is of. Reads what was kept of it, which may be little. */
import { addressPort } from "../../wire/address-port.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp, ofBytes } from "../../wire/ip-address.js";
import { protoName } from "../../wire/ipv4.js";

export interface DecodedFrame {
  /** `tcp`, `udp`, `sctp`, `icmp`, `icmpv6`, `arp`, `ip-NUMBER`, or an EtherType like `0x88cc`. */
  proto: string;
  /** `ADDRESS:PORT`, an address, or a MAC address. */
  src: string;
  dst: string;
  /** What more there is to say: flags, numbers; "" for nothing. */
  info: string;
}

const TYPE_IPV4 = 0x0800,
  TYPE_IPV6 = 0x86dd,
  TYPE_ARP = 0x0806,
  TAGS = new Set([0x8100, 0x88a8]);
const TCP = 6,
  UDP = 17,
  ICMP = 1,
  ICMPV6 = 58,
  FRAGMENT = 44;
/** As tcpdump writes them, in its order. */
const TCP_FLAGS: readonly [number, string][] = [
  [0x01, "F"],
  [0x02, "S"],
  [0x04, "R"],
  [0x08, "P"],
  [0x10, "."],
  [0x20, "U"],
  [0x40, "E"],
  [0x80, "W"],
];
const ICMP_NAMES = new Map([
  [0, "echo reply"],
  [3, "unreachable"],
  [8, "echo request"],
  [11, "time exceeded"],
]);
const ICMPV6_NAMES = new Map([
  [1, "unreachable"],
  [2, "packet too big"],
  [3, "time exceeded"],
  [128, "echo request"],
  [129, "echo reply"],
  [133, "router solicitation"],
  [134, "router advertisement"],
  [135, "neighbor solicitation"],
  [136, "neighbor advertisement"],
]);
/** IPv6 extension headers that are 8 bytes long and 8 more for each that they say (RFC 8200 §4). */
const EXTENSIONS = new Set([0, 43, 60]);

export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 12;
  while (at + 6 <= bytes.length && TAGS.has(view.getUint16(at))) at += 4;
  const type = at + 2 <= bytes.length ? view.getUint16(at) : 0;
  at += 2;
  if (type === TYPE_IPV4 && bytes.length >= at + 20) return decodeIpv4(bytes, view, at);
  if (type === TYPE_IPV6 && bytes.length >= at + 40) return decodeIpv6(bytes, view, at);
  if (type === TYPE_ARP && bytes.length >= at + 28) return decodeArp(bytes, view, at);
  const macs = bytes.length < 12 ? { src: "", dst: "" } : { src: macText(bytes.subarray(6, 12)), dst: macText(bytes.subarray(0, 6)) };
  return { proto: `0x${type.toString(16).padStart(4, "0")}`, ...macs, info: bytes.length < 14 ? "cut off" : "" };
}

function addressAt(bytes: Uint8Array, at: number, size: number): string {
  return formatIp(ofBytes(bytes.subarray(at, at + size)));
}

function decodeIpv4(bytes: Uint8Array, view: DataView, at: number): DecodedFrame {
  const place = view.getUint16(at + 6);
  const [src, dst] = [addressAt(bytes, at + 12, 4), addressAt(bytes, at + 16, 4)];
  const header = (bytes[at]! & 15) * 4;
  const rest = Math.max(0, view.getUint16(at + 2) - header);
  const fragment = (place & 0x3fff) === 0 ? "" : `fragment ${view.getUint16(at + 4)} at ${(place & 0x1fff) * 8}`;
  return decodeLayer4(view, at + header, bytes[at + 9]!, src, dst, rest, fragment, (place & 0x1fff) !== 0);
}

function decodeIpv6(bytes: Uint8Array, view: DataView, ip: number): DecodedFrame {
  const [src, dst] = [addressAt(bytes, ip + 8, 16), addressAt(bytes, ip + 24, 16)];
  let next = bytes[ip + 6]!;
  let at = ip + 40;
  let fragment = "";
  let isLater = false;
  while ((EXTENSIONS.has(next) || next === FRAGMENT) && at + 8 <= bytes.length) {
    if (next === FRAGMENT) {
      const place = view.getUint16(at + 2);
      fragment = `fragment ${view.getUint32(at + 4)} at ${place & 0xfff8}`;
      isLater = (place & 0xfff8) !== 0;
    }
    const size = next === FRAGMENT ? 8 : 8 + bytes[at + 1]! * 8;
    next = bytes[at]!;
    at += size;
  }
  const rest = Math.max(0, ip + 40 + view.getUint16(ip + 4) - at);
  return decodeLayer4(view, at, next, src, dst, rest, fragment, isLater);
}

function decodeLayer4(
  view: DataView,
  at: number,
  number: number,
  src: string,
  dst: string,
  rest: number,
  fragment: string,
  isLater: boolean,
): DecodedFrame {
  const proto = protoName(number) ?? (number === ICMP ? "icmp" : number === ICMPV6 ? "icmpv6" : `ip-${number}`);
  const said = (info: string): string => [fragment, info].filter((word) => word !== "").join(", ");
  if (isLater || at + 8 > view.byteLength) return { proto, src, dst, info: said("") };
  if (number === ICMP || number === ICMPV6) return { proto, src, dst, info: said(icmpInfo(view, at, number)) };
  if (protoName(number) === undefined) return { proto, src, dst, info: said("") };
  const ends = { src: addressPort(src, view.getUint16(at)), dst: addressPort(dst, view.getUint16(at + 2)) };
  if (number === UDP) return { proto, ...ends, info: said(`length ${Math.max(0, rest - 8)}`) };
  return { proto, ...ends, info: said(number === TCP && at + 20 <= view.byteLength ? tcpInfo(view, at, rest) : "") };
}

function tcpInfo(view: DataView, at: number, rest: number): string {
  const bits = view.getUint8(at + 13);
  const flags = TCP_FLAGS.map(([bit, letter]) => ((bits & bit) !== 0 ? letter : "")).join("");
  const size = Math.max(0, rest - (view.getUint8(at + 12) >> 4) * 4);
  const seq = view.getUint32(at + 4);
  const ack = (bits & 0x10) === 0 ? "" : `, ack ${view.getUint32(at + 8)}`;
  return `[${flags === "" ? "none" : flags}], seq ${size > 0 ? `${seq}:${(seq + size) >>> 0}` : seq}${ack}, win ${view.getUint16(at + 14)}, length ${size}`;
}

function icmpInfo(view: DataView, at: number, number: number): string {
  const type = view.getUint8(at);
  const name = (number === ICMP ? ICMP_NAMES : ICMPV6_NAMES).get(type) ?? `type ${type}`;
  if (name.startsWith("echo")) return `${name}, id ${view.getUint16(at + 4)}, seq ${view.getUint16(at + 6)}`;
  return view.getUint8(at + 1) === 0 ? name : `${name}, code ${view.getUint8(at + 1)}`;
}

function decodeArp(bytes: Uint8Array, view: DataView, at: number): DecodedFrame {
  const isReply = view.getUint16(at + 6) === 2;
  const [sender, target] = [addressAt(bytes, at + 14, 4), addressAt(bytes, at + 24, 4)];
  const info = isReply ? `reply, is-at ${macText(bytes.subarray(at + 8, at + 14))}` : "request";
  return { proto: "arp", src: sender, dst: target, info };
}
