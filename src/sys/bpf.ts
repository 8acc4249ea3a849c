/**
 * bpf(2), as far as steering needs it: maps, batches, programs, TCX links. Layout of `union bpf_attr`: linux/bpf.h.
 * Little-endian, as everything that works on raw words. Errors are TsproxyErrors: `TSP_ERR_BPF` for the system call,
 * `TSP_ERR_BPF_REJECTED` with the verifier's log as cause.
 */
import fs from "node:fs";
import os from "node:os";
import { TsproxyError } from "../errors.js";
import { errnoHint, errnoName, native } from "./native.js";

/** enum bpf_map_type. */
// biome-ignore format: a table
export const MAP_HASH = 1, MAP_ARRAY = 2, MAP_PROG_ARRAY = 3, MAP_PERCPU_ARRAY = 6, MAP_LRU_HASH = 9, MAP_LPM_TRIE = 11, MAP_RINGBUF = 27;
/** Hash elements are allocated when they are added, not all at creation. */
export const F_NO_PREALLOC = 1;
/** The values of an array may be mapped (`native.mapFile`); each takes a multiple of 8 bytes. */
export const F_MMAPABLE = 1 << 10;
/** BPF_F_BEFORE. */
const F_BEFORE = 8;

/** enum bpf_cmd. */
// biome-ignore format: a table
const MAP_CREATE = 0, MAP_LOOKUP = 1, MAP_UPDATE = 2, MAP_DELETE = 3, PROG_LOAD = 5, PROG_GET_FD_BY_ID = 13, MAP_GET_FD_BY_ID = 14, OBJ_GET_INFO_BY_FD = 15, PROG_QUERY = 16, MAP_LOOKUP_BATCH = 24, MAP_UPDATE_BATCH = 26, MAP_DELETE_BATCH = 27, LINK_CREATE = 28, LINK_UPDATE = 29;
/** enum bpf_prog_type, enum bpf_attach_type. */
// biome-ignore format: a table
export const PROG_TYPE_SOCKET_FILTER = 1;
const PROG_TYPE_SCHED_CLS = 3;
const TCX_ATTACH = { ingress: 46, egress: 47 } as const;
/** `fib_lookup` is for GPL-compatible programs only; this licence is one (include/linux/license.h). */
const LICENSE = Buffer.from("Dual MIT/GPL\0");
const VERIFIER_LOG_BYTES = 1 << 20;
/** The verifier gives up with EAGAIN when a signal comes; the kernel's own library tries as often (libbpf, PROG_LOAD_ATTEMPTS). */
const LOAD_TRIES = 5;
/** Programs on one device that are told apart: enough to see that there is one more than ours. */
const MAX_QUERIED = 16;
/** The beginning of struct bpf_prog_info. */
const PROGRAM_INFO_SIZE = 80,
  PROGRAM_ID_AT = 4,
  PROGRAM_MAPS_AT = 52, // how many; then where their numbers are to go
  PROGRAM_MAP_IDS_AT = 56,
  PROGRAM_NAME_AT = 64;
const { EAGAIN, EMFILE, ENFILE, ENOMEM, EPERM, ENOENT, ENODEV, EINVAL } = os.constants.errno;
const LACKS = new Set([EMFILE, ENFILE, ENOMEM]);

const PERMISSION_HINT =
  "run as root, or grant CAP_BPF and CAP_NET_ADMIN (before Linux 5.8 CAP_SYS_ADMIN; before 5.11 also raise 'ulimit -l')";

function bpfError(what: string, result: number): TsproxyError {
  const permission = result === -EPERM;
  const message = `${what} failed: bpf(2) answered ${errnoName(result)}`;
  return new TsproxyError("TSP_ERR_BPF", permission ? "permission" : "unavailable", message, permission ? PERMISSION_HINT : lack(result));
}

/** What one does about a lack of something, whatever was asked of the kernel. */
function lack(result: number): string | undefined {
  return LACKS.has(-result) ? errnoHint(result) : undefined;
}

/** bpf(2) with `words` at byte offsets 0, 4, 8, … of a zeroed attr of `size` bytes. Result or -errno. */
function call(
  cmd: number,
  size: number,
  words: readonly (readonly [offset: number, value: number])[],
  pointers: (number | ArrayBufferView)[],
): number {
  const attr = Buffer.alloc(size);
  for (const [offset, value] of words) attr.writeInt32LE(value | 0, offset);
  return native.bpf(cmd, attr, pointers);
}

function checked(what: string, result: number): number {
  if (result < 0) throw bpfError(what, result);
  return result;
}

/** At most 15 bytes of letters, digits, '_' and '.' (BPF_OBJ_NAME_LEN); shown by `bpftool`. */
function writeName(attr: Buffer, name: string, offset: number): void {
  attr.write(name.slice(0, 15), offset, "latin1");
}

export interface MapSpec {
  type: number;
  name: string;
  /** Bytes; so is `valueSize`. */
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags?: number;
}

const MAP_ATTR_SIZE = 48;

function mapAttr(spec: MapSpec): Buffer {
  const attr = Buffer.alloc(MAP_ATTR_SIZE);
  [spec.type, spec.keySize, spec.valueSize, spec.maxEntries, spec.flags ?? 0].forEach((word, i) => {
    attr.writeUInt32LE(word, 4 * i);
  });
  writeName(attr, spec.name, 28);
  return attr;
}

/** File descriptor of a new map. */
export function createMap(spec: MapSpec): number {
  return checked(`creating BPF map '${spec.name}'`, native.bpf(MAP_CREATE, mapAttr(spec), []));
}

/** Begins to make maps in a thread of its own, as the kernel clears them first. The answer waits for them; it throws with none left when one fails. */
export function createMapsApart(specs: readonly MapSpec[]): () => number[] {
  const handle = native.callsStart(MAP_CREATE, MAP_ATTR_SIZE, Buffer.concat(specs.map(mapAttr)));
  return () => {
    const results = [...native.callsTake(handle)];
    const failed = results.findIndex((result) => result < 0);
    if (failed === -1) return results;
    for (const fd of results) if (fd >= 0) fs.closeSync(fd);
    throw bpfError(`creating BPF map '${specs[failed]!.name}'`, results[failed]!);
  };
}

/** Copies the element at `key` into `value` (a per-CPU map: one 8-byte-aligned value for each possible CPU). False when missing. */
export function lookupElement(mapFd: number, key: Uint8Array, value: Uint8Array): boolean {
  const result = getElement(mapFd, key, value);
  if (result === -ENOENT) return false;
  checked("reading a BPF map", result);
  return true;
}

/** Adds or replaces one element. */
export function updateElement(mapFd: number, key: Uint8Array, value: Uint8Array): void {
  checked("writing a BPF map", call(MAP_UPDATE, 32, [[0, mapFd]], [8, key, 16, value]));
}

/** Deletes one element; it need not be there. */
export function deleteElement(mapFd: number, key: Uint8Array): void {
  const result = call(MAP_DELETE, 32, [[0, mapFd]], [8, key]);
  if (result !== -ENOENT) checked("deleting from a BPF map", result);
}

/** Adds or replaces `count` elements that lie one after another in `keys` and `values`. When it throws, a part may be written. */
export function updateBatch(mapFd: number, keys: Uint8Array, values: Uint8Array, count: number): void {
  if (count === 0) return;
  const words = [
    [32, count],
    [36, mapFd],
  ] as const;
  checked("writing a BPF map", call(MAP_UPDATE_BATCH, 56, words, [16, keys, 24, values]));
}

// What follows is for the worker thread too: it throws nothing and makes no objects, so each keeps its attr and its pointers.

/** attr of BPF_MAP_LOOKUP_ELEM, as words: map in 0, key pointer in 2 and 3, value pointer in 4 and 5. */
const getAttr = new Uint32Array(8);
const getBytes = new Uint8Array(getAttr.buffer);
const getPointers: [number, ArrayBufferView, number, ArrayBufferView] = [8, getAttr, 16, getAttr];

/** As `lookupElement`: 0, or -errno (-ENOENT: missing). */
export function getElement(mapFd: number, key: Uint8Array, value: Uint8Array): number {
  getAttr[0] = mapFd;
  getPointers[1] = key;
  getPointers[3] = value;
  return native.bpf(MAP_LOOKUP, getBytes, getPointers);
}

/** attr.batch of BPF_MAP_UPDATE_BATCH, as words: keys pointer in 4 and 5, values pointer in 6 and 7, count in 8, map in 9. */
const putAttr = new Uint32Array(14);
const putBytes = new Uint8Array(putAttr.buffer);
const putPointers: [number, ArrayBufferView, number, ArrayBufferView] = [16, putAttr, 24, putAttr];

/** As `updateBatch`. Answers how many were written; if fewer than `count`, the kernel has refused the one behind them, and has not tried the rest. */
export function putBatch(mapFd: number, keys: Uint8Array, values: Uint8Array, count: number): number {
  putAttr[8] = count;
  putAttr[9] = mapFd;
  putPointers[1] = keys;
  putPointers[3] = values;
  if (native.bpf(MAP_UPDATE_BATCH, putBytes, putPointers) >= 0) return count;
  const written = putAttr[8]!;
  return written < count ? written : 0; // refused as a whole, it may say nothing
}

/** attr.batch of BPF_MAP_DELETE_BATCH, as words: keys pointer in 4 and 5, count in 8, map in 9. */
const deleteAttr = new Uint32Array(14);
const deleteBytes = new Uint8Array(deleteAttr.buffer);
const deletePointers: [number, ArrayBufferView] = [16, deleteAttr];
const NO_POINTERS: never[] = [];

/**
 * Deletes `count` elements whose keys of `keySize` bytes lie one after another in `keys`; missing ones do not matter.
 * Answers how many were there, or -errno.
 */
export function deleteBatch(mapFd: number, keys: Uint8Array, keySize: number, count: number): number {
  let deleted = 0;
  deletePointers[1] = keys;
  for (let left = count; left > 0; ) {
    deleteAttr[8] = left;
    deleteAttr[9] = mapFd;
    const result = native.bpf(MAP_DELETE_BATCH, deleteBytes, left === count ? deletePointers : NO_POINTERS);
    if (result < 0 && result !== -ENOENT) return result;
    // The kernel stops at a missing key and says how many went before it: step over that key, in the address that it left in attr.
    const done = deleteAttr[8]!;
    deleted += done;
    if (result === 0) break;
    left -= done + 1;
    const low = deleteAttr[4]! + (done + 1) * keySize;
    deleteAttr[4] = low;
    if (low > 0xffffffff) deleteAttr[5] = deleteAttr[5]! + 1;
  }
  return deleted;
}

type Call = Parameters<typeof native.bpf>;

/** Something that takes several calls of bpf(2), each of which is answered with its result. */
export type Steps<T> = Generator<Call, T, number>;

/** Carries them out. */
export function now<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next(native.bpf(...step.value));
  return step.value;
}

/** The same, each call in a thread of its own: the verifier takes 20 ms for a large program. */
export async function apart<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (!step.done) {
    let result: number;
    try {
      result = await native.bpfApart(...step.value);
    } catch (error) {
      step = steps.throw(error); // no thread, no memory: as any other refusal
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

/** Where in a hash map to go on reading. */
export class MapPosition {
  private readonly at = new Uint32Array(1);
  private begun = false;
  /** Everything was read. */
  isLast = false;

  /**
   * Reads what comes next, at most `count` elements, into `keys` and `values`, where they lie one after another. Answers how many. What is added or deleted meanwhile
   * may be missed, or be there twice.
   */
  *read(mapFd: number, keys: ArrayBufferView, values: ArrayBufferView, count: number): Steps<number> {
    const attr = new Uint32Array(14); // attr.batch: position before in 0 and 1, after in 2 and 3, keys in 4 and 5, values in 6 and 7, count in 8, map in 9
    attr[8] = count;
    attr[9] = mapFd;
    const pointers = [8, this.at, 16, keys, 24, values];
    const result = yield [MAP_LOOKUP_BATCH, new Uint8Array(attr.buffer), this.begun ? [0, this.at, ...pointers] : pointers];
    this.begun = true;
    this.isLast = result === -ENOENT;
    if (!this.isLast) checked("reading a BPF map", result);
    return attr[8];
  }
}

/** Loads a program, a tc one unless said otherwise; file descriptor. `code`: 8-byte instructions. */
export function loadProgram(name: string, code: Uint8Array, type: number = PROG_TYPE_SCHED_CLS): number {
  return now(loadingProgram(name, code, type));
}

export function* loadingProgram(name: string, code: Uint8Array, type: number = PROG_TYPE_SCHED_CLS): Steps<number> {
  function* load(logLevel: number, logBuffer: Uint8Array): Steps<number> {
    const attr = Buffer.alloc(72);
    attr.writeUInt32LE(type, 0);
    attr.writeUInt32LE(code.length / 8, 4);
    attr.writeUInt32LE(logLevel, 24);
    attr.writeUInt32LE(logBuffer.length, 28);
    writeName(attr, name, 48);
    const pointers = logLevel === 0 ? [8, code, 16, LICENSE] : [8, code, 16, LICENSE, 32, logBuffer];
    let result = 0;
    for (let tries = 0; tries < LOAD_TRIES; tries++) {
      result = yield [PROG_LOAD, attr, pointers];
      if (result !== -EAGAIN) break;
    }
    return result;
  }
  const result = yield* load(0, new Uint8Array(0));
  if (result >= 0) return result;
  if (result === -EPERM || result === -EMFILE || result === -ENFILE) throw bpfError(`loading BPF program '${name}'`, result);
  // Only now, as writing the log makes the verifier slower.
  const buffer = Buffer.alloc(VERIFIER_LOG_BYTES);
  const second = yield* load(1, buffer);
  if (second >= 0) return second;
  const text = buffer.toString("latin1", 0, buffer.indexOf(0)).trimEnd();
  const lines = text.split("\n").filter((line) => !/^(processed|verification time|max_states|stack depth)\b/.test(line));
  throw new TsproxyError(
    "TSP_ERR_BPF_REJECTED",
    "unavailable",
    `the kernel refuses BPF program '${name}' (${errnoName(second)}): ${lines.at(-1) || "no reason given"}`,
    "steering needs Linux 5.10 or later",
    new Error(text),
  );
}

/**
 * Attaches a program to a device by a TCX link (Linux 6.6), which lives as long as the descriptor that this returns.
 * Null when the kernel has no TCX. `first`: before those that are there; else behind them.
 */
export function createTcxLink(
  progFd: number,
  ifindex: number,
  direction: "ingress" | "egress" = "ingress",
  { first = false } = {},
): number | null {
  const result = linkCreate(progFd, ifindex, direction, first ? F_BEFORE : 0);
  if (result === -EINVAL) return null;
  if (result === -ENODEV) throw new TsproxyError("TSP_ERR_NO_DEVICE", "not-found", `there is no network device with index ${ifindex}`);
  return checked(`attaching to device ${ifindex}`, result);
}

/** Where a TCX link attaches a program. */
export interface TcxPlace {
  ifindex: number;
  direction: keyof typeof TCX_ATTACH;
}

/** Attaches as `createTcxLink` does: descriptor of the link, or -errno. To be carried out by `apart`, as the kernel lets the caller wait. */
export function* linking(progFd: number, { ifindex, direction }: TcxPlace): Steps<number> {
  return yield [LINK_CREATE, linkAttr(progFd, ifindex, direction), []];
}

/** Puts another program into a link, at once and in its place among others. False when that cannot be. */
export function updateLink(linkFd: number, progFd: number): boolean {
  const words = [
    [0, linkFd],
    [4, progFd],
  ] as const;
  return call(LINK_UPDATE, 32, words, []) === 0;
}

/** Whether the kernel has TCX: it then looks for the device, and no device has this index. */
export function hasTcx(progFd: number): boolean {
  return linkCreate(progFd, 0x7fffffff, "ingress") === -ENODEV;
}

const LINK_ATTR_SIZE = 32;

function linkAttr(progFd: number, ifindex: number, direction: "ingress" | "egress", flags = 0): Buffer {
  const attr = Buffer.alloc(LINK_ATTR_SIZE);
  [progFd, ifindex, TCX_ATTACH[direction], flags].forEach((word, i) => {
    attr.writeInt32LE(word, 4 * i);
  });
  return attr;
}

function linkCreate(progFd: number, ifindex: number, direction: "ingress" | "egress", flags = 0): number {
  return native.bpf(LINK_CREATE, linkAttr(progFd, ifindex, direction, flags), []);
}

/** Ids of the programs that are attached to a device by TCX, or null when the kernel does not say; more than MAX_QUERIED are not told. */
export function tcxPrograms(ifindex: number, direction: "ingress" | "egress"): number[] | null {
  const ids = new Uint32Array(MAX_QUERIED);
  const attr = Buffer.alloc(64);
  attr.writeUInt32LE(ifindex, 0);
  attr.writeUInt32LE(TCX_ATTACH[direction], 4);
  attr.writeUInt32LE(ids.length, 24);
  const result = native.bpf(PROG_QUERY, attr, [16, ids]);
  if (result === -ENOENT) return [];
  return result < 0 ? null : [...ids.subarray(0, attr.readUInt32LE(24))];
}

/** The kernel's number of a loaded program, and its name. */
export function programInfo(progFd: number): { id: number; name: string } {
  const info = Buffer.alloc(PROGRAM_INFO_SIZE);
  const attr = Buffer.alloc(16);
  attr.writeUInt32LE(progFd, 0);
  attr.writeUInt32LE(info.length, 4);
  checked("asking about a BPF program", native.bpf(OBJ_GET_INFO_BY_FD, attr, [8, info]));
  return { id: info.readUInt32LE(PROGRAM_ID_AT), name: info.toString("latin1", PROGRAM_NAME_AT).replace(/\0.*$/s, "") };
}

/** Name of the program with this number; null when it is not told, which takes CAP_SYS_ADMIN. */
export function programName(id: number): string | null {
  const fd = call(PROG_GET_FD_BY_ID, 16, [[0, id]], []);
  if (fd < 0) return null;
  try {
    return programInfo(fd).name;
  } finally {
    fs.closeSync(fd);
  }
}

/** Descriptor of the first map that the program with this number uses; null: it uses none, or that is not told, which takes CAP_SYS_ADMIN. */
export function mapOfProgram(id: number): number | null {
  const progFd = call(PROG_GET_FD_BY_ID, 16, [[0, id]], []);
  if (progFd < 0) return null;
  try {
    const [info, attr, ids] = [Buffer.alloc(PROGRAM_INFO_SIZE), Buffer.alloc(16), new Uint32Array(32)];
    attr.writeUInt32LE(progFd, 0);
    native.bpf(OBJ_GET_INFO_BY_FD, attr, [8, ids]); // nothing is asked: the address of `ids` is left in `attr`, and belongs into `info`
    attr.copy(info, PROGRAM_MAP_IDS_AT, 8, 16);
    info.writeUInt32LE(ids.length, PROGRAM_MAPS_AT);
    attr.writeUInt32LE(info.length, 4);
    checked("asking about a BPF program", native.bpf(OBJ_GET_INFO_BY_FD, attr, [8, info]));
    if (info.readUInt32LE(PROGRAM_MAPS_AT) === 0) return null;
    const mapFd = call(MAP_GET_FD_BY_ID, 16, [[0, ids[0]!]], []);
    return mapFd < 0 ? null : mapFd;
  } finally {
    fs.closeSync(progFd);
  }
}

/** CPUs that per-CPU maps hold a value for: all that could ever be plugged in. */
export function possibleCpus(): number {
  const last = /(\d+)\s*$/.exec(fs.readFileSync("/sys/devices/system/cpu/possible", "utf8"));
  return last === null ? 1 : Number(last[1]) + 1;
}
