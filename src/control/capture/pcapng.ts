/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian: section header, interface descriptions, enhanced packets, interface statistics.
 * Each is u32 type, u32 length of the whole block, body, and the length again; everything is filled up to whole words.
 */
export const SECTION_HEADER = 0x0a0d0d0a,
  INTERFACE_DESCRIPTION = 1,
  INTERFACE_STATISTICS = 5,
  ENHANCED_PACKET = 6;
export const LINKTYPE_ETHERNET = 1;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Numbers of options; END ends each list. */
const END = 0,
  COMMENT = 1,
  HARDWARE = 2, // of section headers
  USER_APPLICATION = 4,
  NAME = 2, // of interfaces
  DESCRIPTION = 3,
  TIME_RESOLUTION = 9,
  FLAGS = 2, // of packets
  DROP_COUNT = 4,
  PACKET_ID = 5,
  RECEIVED = 4, // of statistics
  DROPPED = 5;
/** Time stamps count nanoseconds. */
const NANOSECONDS = 9;
export const INBOUND = 1,
  OUTBOUND = 2;

type Option = [code: number, value: Uint8Array];

const text = (code: number, value: string): Option => [code, Buffer.from(value)];

function u64(code: number, value: bigint): Option {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return [code, bytes];
}

function u32(code: number, value: number): Option {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [code, bytes];
}

const up = (n: number): number => (n + 3) & ~3;

function block(type: number, fixed: readonly number[], data: Uint8Array, options: readonly Option[]): Uint8Array {
  const optionsSize = options.reduce((sum, [, value]) => sum + 4 + up(value.length), options.length === 0 ? 0 : 4);
  const size = 12 + fixed.length * 4 + up(data.length) + optionsSize;
  const out = Buffer.alloc(size);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(size, 4);
  let at = 8;
  for (const word of fixed) at = out.writeUInt32LE(word >>> 0, at);
  out.set(data, at);
  at += up(data.length);
  for (const [code, value] of options) {
    out.writeUInt16LE(code, at);
    out.writeUInt16LE(value.length, at + 2);
    out.set(value, at + 4);
    at += 4 + up(value.length);
  }
  if (options.length > 0) at = out.writeUInt32LE(END, at);
  out.writeUInt32LE(size, at);
  return out;
}

const NO_DATA = new Uint8Array(0);

/** The file's first block. `application`: what writes it; `comment`: for whoever reads it. */
export function sectionHeader(application: string, hardware: string, comment: string): Uint8Array {
  const options = [text(HARDWARE, hardware), text(USER_APPLICATION, application), ...(comment === "" ? [] : [text(COMMENT, comment)])];
  return block(SECTION_HEADER, [BYTE_ORDER_MAGIC, 1, 0xffffffff, 0xffffffff], NO_DATA, options); // version 1.0, section of unknown length
}

/** Interfaces are numbered from 0, in the order of their blocks. `snap`: bytes that are kept of a packet, the same of all interfaces (libpcap wants that). */
export function interfaceDescription(name: string, description: string, snap: number): Uint8Array {
  const options = [text(NAME, name), text(DESCRIPTION, description), [TIME_RESOLUTION, Uint8Array.of(NANOSECONDS)] as Option];
  return block(INTERFACE_DESCRIPTION, [LINKTYPE_ETHERNET, snap], NO_DATA, options);
}

export interface EnhancedPacket {
  /** Number of its interface. */
  on: number;
  direction: typeof INBOUND | typeof OUTBOUND;
  /** Nanoseconds since 1970. */
  time: bigint;
  /** Bytes that it had; `bytes` are those that were kept. */
  length: number;
  bytes: Uint8Array;
  /** The same of one packet on all interfaces that it passes. */
  id: bigint;
  /** Packets that were lost since the one before. */
  lost: number;
  comment: string;
}

export function enhancedPacket({ on, direction, time, length, bytes, id, lost, comment }: EnhancedPacket): Uint8Array {
  const options = [u32(FLAGS, direction), u64(PACKET_ID, id), ...(lost > 0 ? [u64(DROP_COUNT, BigInt(lost))] : []), text(COMMENT, comment)];
  const [high, low] = [Number(time >> 32n), Number(time & 0xffffffffn)];
  return block(ENHANCED_PACKET, [on, high, low, bytes.length, length], bytes, options);
}

/** At the end: how many packets of an interface were captured, and how many were lost. */
export function interfaceStatistics(on: number, time: bigint, received: number, lost: number): Uint8Array {
  const options = [u64(RECEIVED, BigInt(received)), u64(DROPPED, BigInt(lost))];
  return block(INTERFACE_STATISTICS, [on, Number(time >> 32n), Number(time & 0xffffffffn)], NO_DATA, options);
}
