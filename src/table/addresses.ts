/**
 * IPv6 addresses as handles (`wire/address-word.ts`), so that tables, rows and comparisons are the same for both families: one row of 16 bytes
 * an address, found by hash.
 *
 * An address is in the table as long as something holds its handle: a flow, or the configuration; else until the end of the batch in which a
 * packet brought it (`sweep`). So a handle that a stage has read stays that address's for the whole batch, and a flood of invented addresses
 * leaves nothing behind.
 *
 * Hash: multilinear with random odd factors (universal, so collisions cannot be aimed at); linear probing, at most half full, no tombstones.
 * Upper bits of the hash are kept in the slot, so that rows are touched only when they very likely match. Memory taken up front, untouched until used.
 */
import * as word from "../wire/address-word.js";
import * as checksum from "../wire/checksum.js";
import { Quads } from "../wire/field.js";
import { formatIp, type IpAddress, ofBytes, ofIpv4, toBytes, toIpv4 } from "../wire/ip-address.js";
import { rawWord } from "../wire/raw.js";
import { foldAddress } from "../wire/spread.js";
import type { RandomInt32 } from "./random.js";

const { NO_ADDRESS } = word;
/** Ends the list of rows given back, and that of rows to be looked at; 0 in `next` means that the row is in no list. */
const END = -1;
/** Raw words of fe80::, its mask, ::1's last word, and ::ffff:0:0/96's third. */
const LINK_LOCAL = 0x80fe,
  LINK_LOCAL_MASK = 0xc0ff,
  ONE = 0x0100_0000,
  MAPPED = 0xffff_0000 | 0;

/** Addresses of the configuration, and of packets of one batch, beside those of flows. */
const MORE_ADDRESSES = 1 << 13;

/** How many addresses a table is for that so many flows go with: two of each may be its own. */
export function addressCapacity(flows: number): number {
  return Math.min(flows * 2 + MORE_ADDRESSES, word.MAX_ROWS - 1);
}

/** Memory for the words of a table, which may outlive it (`flow-file.ts`). */
export interface AddressMemory {
  /** Four a row, of zeros. */
  words: Int32Array;
  /** How many rows there is room for now, once there is room for `count`; less than that: there is none. */
  reserve(count: number): number;
}

export class Addresses {
  /** Four raw words a row. Row 0 is none. */
  readonly words: Int32Array;
  private readonly quads: Quads;
  /** Addresses in the table. */
  used = 0;
  /** Something may have to be taken out: see `sweep`. */
  stale = false;
  private readonly slots: Int32Array; // row, with upper bits of the hash above it; 0: free
  private readonly holds: Int32Array;
  private readonly next: Int32Array;
  private readonly mask: number;
  private readonly rowMask: number;
  private readonly capacity: number;
  private readonly m0: number;
  private readonly m1: number;
  private readonly m2: number;
  private readonly m3: number;
  private free = END; // rows given back, linked by `next`
  private fresh = 1; // rows never used start here
  private idle = END; // rows that nobody holds, or held when they were put here, linked by `next`

  private reserved: number; // rows that there is memory for

  /** `capacity`: addresses at a time. `random`: so that collisions are hard to aim. `kept`: memory for them, and row 0; default: its own, by `allocate`. */
  constructor(
    capacity: number,
    random: RandomInt32,
    private readonly kept?: AddressMemory,
    allocate = (size: number): ArrayBuffer => new ArrayBuffer(size),
  ) {
    this.capacity = Math.min(capacity, word.MAX_ROWS - 1);
    const slots = 1 << Math.ceil(Math.log2(this.capacity * 2 + 2));
    this.words = kept?.words ?? new Int32Array(allocate((this.capacity + 1) * 16));
    this.quads = new Quads(this.words);
    this.reserved = kept === undefined ? this.capacity + 1 : 0;
    this.slots = new Int32Array(allocate(slots * 4));
    this.holds = new Int32Array(this.capacity + 1);
    this.next = new Int32Array(this.capacity + 1);
    this.mask = slots - 1;
    this.rowMask = slots - 1;
    this.m0 = random() | 1;
    this.m1 = random() | 1;
    this.m2 = random() | 1;
    this.m3 = random() | 1;
  }

  /** Hash of the address whose four raw words begin at `from[at]`. */
  hash(from: Int32Array, at: number): number {
    return this.hashOf(from[at]!, from[at + 1]!, from[at + 2]!, from[at + 3]!);
  }

  private hashOf(word0: number, word1: number, word2: number, word3: number): number {
    const upper = (Math.imul(word0, this.m0) + Math.imul(word1, this.m1)) | 0;
    const lower = (Math.imul(word2, this.m2) + Math.imul(word3, this.m3)) | 0;
    const sum = (upper + lower) | 0;
    const h = Math.imul(sum ^ (sum >>> 15), 0x85ebca6b);
    return h ^ (h >>> 15);
  }

  /** Handle of the address whose four raw words begin at `from[at]`, or NO_ADDRESS. */
  find(from: Int32Array, at: number): number {
    const { slots, words, mask, rowMask } = this;
    const hash = this.hash(from, at);
    const tag = hash & ~rowMask;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = slots[i]!;
      if (slot === 0) return NO_ADDRESS;
      if ((slot & ~rowMask) !== tag) continue;
      const row = slot & rowMask;
      const w = row << 2;
      if (words[w] === from[at] && words[w + 1] === from[at + 1] && words[w + 2] === from[at + 2] && words[w + 3] === from[at + 3])
        return word.handleOf(row, sortAt(words, w));
    }
  }

  /**
   * Looks up `count` addresses at once, so that their cache misses overlap: address k begins at word `wheres[k]`, and its handle, or NO_ADDRESS, becomes
   * `handles[k]`.
   */
  findAll(from: Quads, wheres: Int32Array, count: number, handles: Int32Array): void {
    const { slots, mask, rowMask, quads } = this;
    for (let k = 0; k < count; k++) {
      const at = wheres[k]!;
      handles[k] = this.hashOf(from.word0[at]!, from.word1[at]!, from.word2[at]!, from.word3[at]!);
    }
    for (let k = 0; k < count; k++) {
      const hash = handles[k]!;
      const at = wheres[k]!;
      const slot = slots[hash & mask]!;
      const row = slot & rowMask;
      const w = row << 2;
      const hit =
        ((slot ^ hash) & ~rowMask) === 0 &&
        quads.word0[w] === from.word0[at] &&
        quads.word1[w] === from.word1[at] &&
        quads.word2[w] === from.word2[at] &&
        quads.word3[w] === from.word3[at];
      handles[k] = hit && row !== 0 ? word.handleOf(row, sortAt(quads.words, w)) : this.find(from.words, at);
    }
  }

  /** The same, and it is put in if need be: until the next `sweep`, if nobody holds it. NO_ADDRESS when the table is full. */
  intern(from: Int32Array, at: number): number {
    const found = this.find(from, at);
    if (found !== NO_ADDRESS) return found;
    let row = this.free;
    if (row !== END) this.free = this.next[row]!;
    else if (this.hasFresh()) row = this.fresh++;
    else return NO_ADDRESS;
    const { words, slots, mask, rowMask } = this;
    const w = row << 2;
    for (let k = 0; k < 4; k++) words[w + k] = from[at + k]!;
    const hash = this.hash(words, w);
    let i = hash & mask;
    while (slots[i] !== 0) i = (i + 1) & mask;
    slots[i] = (hash & ~rowMask) | row;
    this.holds[row] = 0;
    this.next[row] = this.idle;
    this.idle = row;
    this.stale = true;
    this.used++;
    return word.handleOf(row, sortAt(words, w));
  }

  /** Whether there is another row that was never used. */
  private hasFresh(): boolean {
    if (this.fresh > this.capacity) return false;
    if (this.fresh >= this.reserved) this.reserved = this.kept!.reserve(this.fresh + 1);
    return this.fresh < this.reserved;
  }

  /** One more thing needs the word to mean what it means. Of IPv4 addresses nothing is kept. */
  hold(address: number): void {
    if (!word.isIpv6(address)) return;
    const row = word.rowOf(address);
    this.holds[row] = this.holds[row]! + 1;
  }

  /** One thing less. */
  release(address: number): void {
    if (!word.isIpv6(address)) return;
    const row = word.rowOf(address);
    const left = this.holds[row]! - 1;
    this.holds[row] = left;
    if (left > 0 || this.next[row] !== 0) return; // in the list already
    this.next[row] = this.idle;
    this.idle = row;
    this.stale = true;
  }

  /** Takes out what nobody holds. Between two batches only. */
  sweep(): void {
    let row = this.idle;
    this.idle = END;
    this.stale = false;
    while (row !== END) {
      const next = this.next[row]!;
      if (this.holds[row] === 0) {
        this.vacate(row);
        this.next[row] = this.free;
        this.free = row;
        this.used--;
      } else {
        this.next[row] = 0;
      }
      row = next;
    }
  }

  /** The word of an address of the configuration, held; NO_ADDRESS when the table is full. Give it back with `release`. */
  take(address: IpAddress): number {
    if (address.family === 4) return rawWord(toIpv4(address));
    const handle = this.intern(rawWords(address), 0);
    this.hold(handle);
    return handle;
  }

  /** For people. */
  toIp(address: number): IpAddress {
    if (!word.isIpv6(address)) return ofIpv4(rawWord(address));
    const w = word.rowOf(address) << 2;
    return ofBytes(new Uint8Array(this.words.slice(w, w + 4).buffer));
  }

  text(address: number): string {
    return formatIp(this.toIp(address));
  }

  /** Folded sum of the address's halves (`wire/checksum.ts`), of either family. */
  sum(address: number): number {
    if (!word.isIpv6(address)) return checksum.fold((address & 0xffff) + (address >>> 16));
    const { words } = this;
    const w = word.rowOf(address) << 2;
    let s = 0;
    for (let k = 0; k < 4; k++) s += (words[w + k]! & 0xffff) + (words[w + k]! >>> 16);
    return checksum.fold(s);
  }

  /** Delta of exchanging one address for another, maybe of the other family. */
  delta(before: number, after: number): number {
    if (!word.isIpv6(before) && !word.isIpv6(after)) return checksum.delta(before, after);
    return checksum.combine(checksum.negate(this.sum(before)), this.sum(after));
  }

  /** Copies the address's four words to `to[at]`. Precondition: it is a handle. */
  copy(address: number, to: Int32Array, at: number): void {
    const { words } = this;
    const w = word.rowOf(address) << 2;
    to[at] = words[w]!;
    to[at + 1] = words[w + 1]!;
    to[at + 2] = words[w + 2]!;
    to[at + 3] = words[w + 3]!;
  }

  /** Whether the four raw words at `from[at]` are the address's. */
  isAt(address: number, from: Int32Array, at: number): boolean {
    const { words } = this;
    const w = word.rowOf(address) << 2;
    return words[w] === from[at] && words[w + 1] === from[at + 1] && words[w + 2] === from[at + 2] && words[w + 3] === from[at + 3];
  }

  /** Whether two IPv6 addresses are of one network of 64 bits, which is what a link has (RFC 4291 §2.5.1). */
  sameNetwork(a: number, b: number): boolean {
    const { words } = this;
    const [x, y] = [word.rowOf(a) << 2, word.rowOf(b) << 2];
    return words[x] === words[y] && words[x + 1] === words[y + 1];
  }

  /**
   * What limits by address go by: one who has an IPv6 address has a network of 64 bits to choose from (RFC 4291 §2.5.1), so that network counts,
   * as a hash. Of IPv4 it is the address.
   */
  holder(address: number): number {
    if (!word.isIpv6(address)) return address;
    const { words } = this;
    const w = word.rowOf(address) << 2;
    const h = (Math.imul(words[w]!, this.m0) + Math.imul(words[w + 1]!, this.m1)) | 0;
    return h ^ (h >>> 15);
  }

  /** One word that stands for the address in the choice of a worker (`wire/spread.ts`). */
  spread(address: number): number {
    if (!word.isIpv6(address)) return address;
    const { words } = this;
    const w = word.rowOf(address) << 2;
    return foldAddress(words[w]!, words[w + 1]!, words[w + 2]!, words[w + 3]!);
  }

  private vacate(row: number): void {
    const { slots, words, mask, rowMask } = this;
    let hole = this.hash(words, row << 2) & mask;
    while ((slots[hole]! & rowMask) !== row) hole = (hole + 1) & mask;
    for (let i = (hole + 1) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      const home = this.hash(words, (slots[i]! & rowMask) << 2) & mask;
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      slots[hole] = slots[i]!;
      hole = i;
    }
    slots[hole] = 0;
  }
}

function sortAt(words: Int32Array, w: number): number {
  const first = words[w]!;
  if ((first & 0xff) === 0xff) return word.MULTICAST;
  if ((first & LINK_LOCAL_MASK) === LINK_LOCAL) return word.LINK_LOCAL;
  if (first !== 0 || words[w + 1] !== 0) return word.GLOBAL;
  if (words[w + 2] === MAPPED) return word.MAPPED;
  if (words[w + 2] !== 0) return word.GLOBAL;
  return words[w + 3] === 0 ? word.UNSPECIFIED : words[w + 3] === ONE ? word.LOOPBACK : word.GLOBAL;
}

/** The address's raw words: one or four. */
export function rawWords(address: IpAddress): Int32Array {
  return new Int32Array(toBytes(address).buffer);
}
