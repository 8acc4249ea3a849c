/**
 * Netlink (linux/netlink.h): messages as bytes, and a socket that makes requests.
 *
 *     nlmsghdr   u32 length | u16 type | u16 flags | u32 sequence | u32 port       16 bytes, then
 *     payload    a fixed struct of the message type (ifinfomsg, rtmsg, …), then
 *     attributes u16 length | u16 type | value, each padded to 4 bytes, may nest
 *
 * Everything is in the host's byte order, except addresses and protocol numbers. The kernel answers while `send` still runs, so
 * that the blocking `recv` never waits. Not for packets: each call here allocates.
 */
import fs from "node:fs";
import os from "node:os";
import { TsproxyError } from "../errors.js";
import { errnoName, native, systemError, systemErrorKind } from "./native.js";

export const NETLINK_ROUTE = 0;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** Sends the requester the notification of the change too. */
export const NLM_F_ECHO = 0x8;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
const HEADER_SIZE = 16;
const MSG_PEEK = 0x2;
const MSG_TRUNC = 0x20;
const { EINTR } = os.constants.errno;

/** A table that changes all the time would otherwise be reread for ever. */
const DUMP_ATTEMPTS = 20;
/** The kernel fills at most 32 KiB of a dump at once; only a single large message is longer. */
const FIRST_BUFFER_SIZE = 32 * 1024;
const LITTLE_ENDIAN = os.endianness() === "LE";

export interface NetlinkMessage {
  type: number;
  flags: number;
  sequence: number;
  payload: Uint8Array;
}

export type Attributes = Map<number, Uint8Array>;

/** What the kernel said to one request. */
export interface Reply {
  messages: NetlinkMessage[];
  /** 0, or the positive errno. */
  errno: number;
  /** The kernel's explanation (extended acknowledgement), or "". */
  detail: string;
  /** The table changed during the dump, which may lack or repeat entries. */
  interrupted: boolean;
}

const align4 = (n: number): number => (n + 3) & ~3;
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const readU16 = (bytes: Uint8Array, off: number): number => view(bytes).getUint16(off, LITTLE_ENDIAN);
export const readU32 = (bytes: Uint8Array, off: number): number => view(bytes).getUint32(off, LITTLE_ENDIAN);
export const readI32 = (bytes: Uint8Array, off: number): number => view(bytes).getInt32(off, LITTLE_ENDIAN);
/** A string attribute, with or without its NUL; "" when there is none. */
export const readString = (bytes: Uint8Array | undefined): string =>
  Buffer.from(bytes ?? [])
    .toString()
    .replace(/\0.*$/s, "");

/** A kernel struct: one digit per field, its width in bytes. `pack("1124", family, 0, type, index)`. */
export function pack(widths: string, ...values: number[]): Uint8Array {
  const fields = [...widths].map(Number);
  const bytes = new Uint8Array(fields.reduce((sum, width) => sum + width, 0));
  const out = view(bytes);
  let off = 0;
  fields.forEach((width, i) => {
    const value = values[i] ?? 0;
    if (width === 1) out.setUint8(off, value);
    else if (width === 2) out.setUint16(off, value, LITTLE_ENDIAN);
    else out.setUint32(off, value, LITTLE_ENDIAN);
    off += width;
  });
  return bytes;
}

export const u32 = (value: number): Uint8Array => pack("4", value);
export const text = (value: string): Uint8Array => Buffer.from(`${value}\0`);

/** One attribute with its padding. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(align4(4 + value.length));
  bytes.set(pack("22", 4 + value.length, type));
  bytes.set(value, 4);
  return bytes;
}

export const nested = (type: number, ...attributes: Uint8Array[]): Uint8Array => attribute(type | NLA_F_NESTED, Buffer.concat(attributes));

/** A whole message; `body`: the fixed struct, then attributes, all of them padded to 4 bytes already. */
export function message(type: number, flags: number, sequence: number, ...body: Uint8Array[]): Uint8Array {
  const payload = Buffer.concat(body);
  return Buffer.concat([pack("42244", HEADER_SIZE + payload.length, type, flags, sequence, 0), payload]);
}

/** The attributes from `off` on, by type; of a repeated type the last. Stops at one whose length does not fit. */
export function parseAttributes(bytes: Uint8Array, off = 0): Attributes {
  const found: Attributes = new Map();
  while (off + 4 <= bytes.length) {
    const len = readU16(bytes, off);
    if (len < 4 || off + len > bytes.length) break;
    found.set(readU16(bytes, off + 2) & NLA_TYPE_MASK, bytes.subarray(off + 4, off + len));
    off += align4(len);
  }
  return found;
}

/** The messages of one datagram. Stops at one whose length does not fit. */
export function parseMessages(bytes: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  let off = 0;
  while (off + HEADER_SIZE <= bytes.length) {
    const len = readU32(bytes, off);
    if (len < HEADER_SIZE || off + len > bytes.length) break;
    const payload = bytes.subarray(off + HEADER_SIZE, off + len);
    messages.push({ type: readU16(bytes, off + 4), flags: readU16(bytes, off + 6), sequence: readU32(bytes, off + 8), payload });
    off += align4(len);
  }
  return messages;
}

/** `NLMSG_ERROR` (an errno of 0 acknowledges) and `NLMSG_DONE` both hold a negative errno, and may explain it. */
export function parseEnd({ type, flags, payload }: NetlinkMessage): { errno: number; detail: string } {
  const errno = payload.length < 4 ? 0 : 0 - readI32(payload, 0);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, detail: "" };
  let off = 4;
  // An error repeats the request, or (capped) only its header, before the attributes.
  if (type === NLMSG_ERROR) off += (flags & NLM_F_CAPPED) !== 0 ? HEADER_SIZE : align4(readU32(payload, 4));
  return { errno, detail: readString(parseAttributes(payload, off).get(NLMSGERR_ATTR_MSG)) };
}

const NOT_FOUND = new Set(["ENODEV", "ENOENT", "ESRCH", "EADDRNOTAVAIL"]);
const HINTS: Record<string, string> = {
  EEXIST: "it is there already: remove that one first, or choose another",
  ENODEV: "there is no such device in this network namespace (see 'ip link')",
  EBUSY: "it is in use: take the device down first, or stop the program that uses it",
  EADDRNOTAVAIL: "the device has no such address (see 'ip address')",
  ESRCH: "there is no such entry (see 'ip route')",
  ENETUNREACH: "no route leads there: bring the device up and give it an address in the gateway's network first",
};

/** The error for a request that the kernel refused; `what` was tried, as in "add address 172.17.0.1/16 to tsp0". */
export function requestError(what: string, errno: number, detail: string): TsproxyError {
  const name = errnoName(errno);
  const { message, hint } = systemError(what, errno, HINTS[name]);
  const kind = NOT_FOUND.has(name) ? "not-found" : systemErrorKind(errno);
  return new TsproxyError("TSP_ERR_SYSCALL", kind, detail === "" ? message : `${message}: ${detail}`, hint);
}

/** Receives whole datagrams from a netlink socket, however long. */
export class DatagramReader {
  private buf = new Uint8Array(FIRST_BUFFER_SIZE);

  constructor(private readonly fd: number) {}

  /** A copy of the next datagram, or -errno. `flags`: MSG_*. */
  next(flags = 0): Uint8Array | number {
    for (;;) {
      const len = native.recv(this.fd, this.buf, flags | MSG_PEEK | MSG_TRUNC);
      if (len === -EINTR) continue;
      if (len < 0) return len;
      if (len > this.buf.length) this.buf = new Uint8Array(align4(len));
      const got = native.recv(this.fd, this.buf, flags);
      return got < 0 ? got : this.buf.slice(0, got);
    }
  }
}

/** A netlink socket for requests, in namespace `nsFd` (-1: the caller's). All calls are synchronous. `protocol`: NETLINK_*. */
export class NetlinkSocket {
  private readonly fd: number;
  private readonly reader: DatagramReader;
  private sequence = 0;

  constructor(nsFd = -1, protocol = NETLINK_ROUTE) {
    this.fd = native.openNetlink(0, nsFd, protocol);
    this.reader = new DatagramReader(this.fd);
  }

  close(): void {
    fs.closeSync(this.fd);
  }

  /** Sends one request and answers what the kernel said, be it an error. */
  transact(type: number, flags: number, ...body: Uint8Array[]): Reply {
    return this.exchange(type, flags | NLM_F_ACK, body);
  }

  /** As `transact`; throws when the kernel refused. */
  request(what: () => string, type: number, flags: number, ...body: Uint8Array[]): NetlinkMessage[] {
    const { messages, errno, detail } = this.transact(type, flags, ...body);
    if (errno !== 0) throw requestError(what(), errno, detail);
    return messages;
  }

  /** A request of which an errno in `gone` means that there was nothing to delete. */
  remove(what: () => string, gone: number[], type: number, ...body: Uint8Array[]): boolean {
    const { errno, detail } = this.transact(type, 0, ...body);
    if (errno !== 0 && !gone.includes(errno)) throw requestError(what(), errno, detail);
    return errno === 0;
  }

  /** All entries of a table, as one consistent state. */
  dump(what: string, type: number, ...body: Uint8Array[]): NetlinkMessage[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const { messages, errno, detail, interrupted } = this.exchange(type, NLM_F_DUMP, body);
      if (errno !== 0) throw requestError(what, errno, detail);
      if (!interrupted) return messages;
    }
    throw systemError(what, EINTR, `it changed during each of ${DUMP_ATTEMPTS} attempts to read it: try again`);
  }

  /** Whether a table has an entry. False too where the kernel knows no such table. */
  hasAny(type: number, ...body: Uint8Array[]): boolean {
    return this.exchange(type, NLM_F_DUMP, body).messages.length > 0;
  }

  private exchange(type: number, flags: number, body: Uint8Array[]): Reply {
    this.sequence = (this.sequence + 1) >>> 0;
    const sent = native.send(this.fd, message(type, flags | NLM_F_REQUEST, this.sequence, ...body));
    if (sent < 0) throw systemError("send(AF_NETLINK)", sent);
    const messages: NetlinkMessage[] = [];
    let interrupted = false;
    for (;;) {
      const datagram = this.reader.next();
      if (typeof datagram === "number") throw systemError("recv(AF_NETLINK)", datagram);
      for (const m of parseMessages(datagram)) {
        if (m.sequence !== this.sequence) continue; // left over from a request that failed half-way
        if ((m.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        if (m.type === NLMSG_ERROR || m.type === NLMSG_DONE) return { messages, interrupted, ...parseEnd(m) };
        messages.push(m);
      }
    }
  }
}
