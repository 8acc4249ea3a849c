/**
 * Ethernet II header (IEEE 802.3 §3.1.1): destination (6 bytes), source (6), EtherType (2).
 * Frames lie at even offsets. An address is handled as two raw integers (`raw.ts`): `Hi` is bytes 0..1, `Lo` bytes 2..5.
 */
export const HEADER_SIZE = 14;
/** EtherTypes as raw halves. */
export const TYPE_IPV4 = 0x0008,
  TYPE_ARP = 0x0608,
  TYPE_RARP = 0x3580,
  TYPE_IPV6 = 0xdd86,
  /** Between the uplink's program and the engine: a packet of ours that the host has no way for. For local experiments (RFC 9542 §3). */
  TYPE_RETURNED = 0xb588;
/** Tags of IEEE 802.1Q-2018 §9.6: a customer's and a service's, each followed by 2 bytes and the next EtherType. */
const TYPE_C_TAG = 0x0081,
  TYPE_S_TAG = 0xa888;
export const TAG_SIZE = 4;
const TYPE = 12;
/** 01-80-C2-00-00-0x as `Hi` and, with RESERVED_MASK over it, `Lo`. */
const RESERVED_HI = 0x8001,
  RESERVED_LO = 0x0000_00c2,
  RESERVED_MASK = 0xf0ff_ffff | 0;

/** Destination bytes 0..1, raw. */
export function dstHi(halves: Uint16Array, off: number): number {
  return halves[off >> 1]!;
}

/** Destination bytes 2..5, raw. */
export function dstLo(halves: Uint16Array, off: number): number {
  const h = off >> 1;
  return halves[h + 1]! | (halves[h + 2]! << 16);
}

/** Source bytes 0..1, raw. */
export function srcHi(halves: Uint16Array, off: number): number {
  return halves[(off >> 1) + 3]!;
}

/** Source bytes 2..5, raw. */
export function srcLo(halves: Uint16Array, off: number): number {
  const h = off >> 1;
  return halves[h + 4]! | (halves[h + 5]! << 16);
}

/** EtherType, raw half. */
export function type(halves: Uint16Array, off: number): number {
  return halves[(off + TYPE) >> 1]!;
}

/** `type` raw half. */
export function setType(halves: Uint16Array, off: number, type: number): void {
  halves[(off + TYPE) >> 1] = type;
}

/** The same from the raw word that ends with it, of a frame at 2 mod 4. */
export function typeOf(lastWord: number): number {
  return lastWord >>> 16;
}

/** Destination is a multicast or the broadcast address. */
export function isGroup(bytes: Uint8Array, off: number): boolean {
  return (bytes[off]! & 1) !== 0;
}

/** Destination is one of the sixteen addresses that a bridge never forwards (IEEE 802.1D-2004 §7.12.6): BPDU, PAUSE, LACP, LLDP and the like. */
export function isReservedGroup(halves: Uint16Array, off: number): boolean {
  return dstHi(halves, off) === RESERVED_HI && (dstLo(halves, off) & RESERVED_MASK) === RESERVED_LO;
}

/** Whether the EtherType says that a VLAN tag follows. VLAN 0, a mere priority, is what a host takes for no tag at all. */
export function isTag(type: number): boolean {
  return type === TYPE_C_TAG || type === TYPE_S_TAG;
}

/** The same of a service's tag alone. */
export function isServiceTag(type: number): boolean {
  return type === TYPE_S_TAG;
}

/** Of a frame with a tag its 16 bits (TCI). */
export function tagControl(bytes: Uint8Array, off: number): number {
  return (bytes[off + TYPE + 2]! << 8) | bytes[off + TYPE + 3]!;
}

/** Source is a group address, which no station may have. */
export function isSourceGroup(bytes: Uint8Array, off: number): boolean {
  return (bytes[off + 6]! & 1) !== 0;
}

/** Writes both addresses; each as `Hi` (raw bytes 0..1) and `Lo` (raw bytes 2..5). */
export function setAddresses(halves: Uint16Array, off: number, dstHi: number, dstLo: number, srcHi: number, srcLo: number): void {
  const h = off >> 1;
  halves[h] = dstHi;
  halves[h + 1] = dstLo;
  halves[h + 2] = dstLo >>> 16;
  halves[h + 3] = srcHi;
  halves[h + 4] = srcLo;
  halves[h + 5] = srcLo >>> 16;
}

/** Writes the destination alone. */
export function setDestination(halves: Uint16Array, off: number, hi: number, lo: number): void {
  const h = off >> 1;
  halves[h] = hi;
  halves[h + 1] = lo;
  halves[h + 2] = lo >>> 16;
}

/** Writes the source alone. */
export function setSource(halves: Uint16Array, off: number, hi: number, lo: number): void {
  setDestination(halves, off + 6, hi, lo);
}

/** As `setAddresses`, for frames at 2 mod 4, as all in packet memory are: four stores instead of six. */
export function setAddressesAligned(
  halves: Uint16Array,
  words: Int32Array,
  off: number,
  dstHi: number,
  dstLo: number,
  srcHi: number,
  srcLo: number,
): void {
  halves[off >> 1] = dstHi;
  words[(off + 2) >> 2] = dstLo;
  words[(off + 6) >> 2] = srcHi | (srcLo << 16);
  halves[(off + 10) >> 1] = srcLo >>> 16;
}

/** Raw `Hi` of a MAC address given as six bytes. */
export function macHi(mac: Uint8Array): number {
  return mac[0]! | (mac[1]! << 8);
}

/** Raw `Lo` of a MAC address given as six bytes. */
export function macLo(mac: Uint8Array): number {
  return mac[2]! | (mac[3]! << 8) | (mac[4]! << 16) | (mac[5]! << 24);
}

/** "02:42:ac:11:00:04" from `Hi` and `Lo`. */
export function formatMac(hi: number, lo: number): string {
  return macText(Uint8Array.of(hi, hi >> 8, lo, lo >> 8, lo >> 16, lo >> 24));
}

/** The same from six bytes; "" from none. */
export function macText(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Six bytes of "02:42:ac:11:00:04", or null. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return null;
  return Uint8Array.from(text.split(":"), (part) => Number.parseInt(part, 16));
}
