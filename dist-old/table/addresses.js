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
import { formatIp, ofBytes, ofIpv4, toBytes, toIpv4 } from "../wire/ip-address.js";
import { rawWord } from "../wire/raw.js";
import { foldAddress } from "../wire/spread.js";
const { NO_ADDRESS } = word;
/** Ends the list of rows given back, and that of rows to be looked at; 0 in `next` means that the row is in no list. */
const END = -1;
/** Raw words of fe80::, its mask, ::1's last word, and ::ffff:0:0/96's third. */
const LINK_LOCAL = 0x80fe, LINK_LOCAL_MASK = 0xc0ff, ONE = 0x0100_0000, MAPPED = 0xffff_0000 | 0;
/** Addresses of the configuration, and of packets of one batch, beside those of flows. */
const MORE_ADDRESSES = 1 << 13;
/** How many addresses a table is for that so many flows go with: two of each may be its own. */
export function addressCapacity(flows) {
    return Math.min(flows * 2 + MORE_ADDRESSES, word.MAX_ROWS - 1);
}
export class Addresses {
    /** `capacity`: addresses at a time. `random`: so that collisions are hard to aim. `kept`: memory for them, and row 0; default: its own. */
    constructor(capacity, random, kept) {
        this.kept = kept;
        /** Addresses in the table. */
        this.used = 0;
        /** Something may have to be taken out: see `sweep`. */
        this.stale = false;
        this.free = END; // rows given back, linked by `next`
        this.fresh = 1; // rows never used start here
        this.idle = END; // rows that nobody holds, or held when they were put here, linked by `next`
        this.capacity = Math.min(capacity, word.MAX_ROWS - 1);
        const slots = 1 << Math.ceil(Math.log2(this.capacity * 2 + 2));
        this.words = kept?.words ?? new Int32Array((this.capacity + 1) * 4);
        this.reserved = kept === undefined ? this.capacity + 1 : 0;
        this.slots = new Int32Array(slots);
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
    hash(from, at) {
        const upper = (Math.imul(from[at], this.m0) + Math.imul(from[at + 1], this.m1)) | 0;
        const lower = (Math.imul(from[at + 2], this.m2) + Math.imul(from[at + 3], this.m3)) | 0;
        const sum = (upper + lower) | 0;
        const h = Math.imul(sum ^ (sum >>> 15), 0x85ebca6b);
        return h ^ (h >>> 15);
    }
    /** Handle of the address whose four raw words begin at `from[at]`, or NO_ADDRESS. */
    find(from, at) {
        const { slots, words, mask, rowMask } = this;
        const hash = this.hash(from, at);
        const tag = hash & ~rowMask;
        for (let i = hash & mask;; i = (i + 1) & mask) {
            const slot = slots[i];
            if (slot === 0)
                return NO_ADDRESS;
            if ((slot & ~rowMask) !== tag)
                continue;
            const row = slot & rowMask;
            const w = row << 2;
            if (words[w] === from[at] && words[w + 1] === from[at + 1] && words[w + 2] === from[at + 2] && words[w + 3] === from[at + 3])
                return word.handleOf(row, sortAt(words, w));
        }
    }
    /**
     * Looks up `count` addresses at once, so that their cache misses overlap: address k is at `from[wheres[k]]`, and its handle, or NO_ADDRESS, becomes
     * `handles[k]`.
     */
    findAll(from, wheres, count, handles) {
        const { slots, words, mask, rowMask } = this;
        for (let k = 0; k < count; k++)
            handles[k] = this.hash(from, wheres[k]);
        for (let k = 0; k < count; k++) {
            const hash = handles[k];
            const at = wheres[k];
            const slot = slots[hash & mask];
            const row = slot & rowMask;
            const w = row << 2;
            const hit = ((slot ^ hash) & ~rowMask) === 0 &&
                words[w] === from[at] &&
                words[w + 1] === from[at + 1] &&
                words[w + 2] === from[at + 2] &&
                words[w + 3] === from[at + 3];
            handles[k] = hit && row !== 0 ? word.handleOf(row, sortAt(words, w)) : this.find(from, at);
        }
    }
    /** The same, and it is put in if need be: until the next `sweep`, if nobody holds it. NO_ADDRESS when the table is full. */
    intern(from, at) {
        const found = this.find(from, at);
        if (found !== NO_ADDRESS)
            return found;
        let row = this.free;
        if (row !== END)
            this.free = this.next[row];
        else if (this.hasFresh())
            row = this.fresh++;
        else
            return NO_ADDRESS;
        const { words, slots, mask, rowMask } = this;
        const w = row << 2;
        for (let k = 0; k < 4; k++)
            words[w + k] = from[at + k];
        const hash = this.hash(words, w);
        let i = hash & mask;
        while (slots[i] !== 0)
            i = (i + 1) & mask;
        slots[i] = (hash & ~rowMask) | row;
        this.holds[row] = 0;
        this.next[row] = this.idle;
        this.idle = row;
        this.stale = true;
        this.used++;
        return word.handleOf(row, sortAt(words, w));
    }
    /** Whether there is another row that was never used. */
    hasFresh() {
        if (this.fresh > this.capacity)
            return false;
        if (this.fresh >= this.reserved)
            this.reserved = this.kept.reserve(this.fresh + 1);
        return this.fresh < this.reserved;
    }
    /** One more thing needs the word to mean what it means. Of IPv4 addresses nothing is kept. */
    hold(address) {
        if (!word.isIpv6(address))
            return;
        const row = word.rowOf(address);
        this.holds[row] = this.holds[row] + 1;
    }
    /** One thing less. */
    release(address) {
        if (!word.isIpv6(address))
            return;
        const row = word.rowOf(address);
        const left = this.holds[row] - 1;
        this.holds[row] = left;
        if (left > 0 || this.next[row] !== 0)
            return; // in the list already
        this.next[row] = this.idle;
        this.idle = row;
        this.stale = true;
    }
    /** Takes out what nobody holds. Between two batches only. */
    sweep() {
        let row = this.idle;
        this.idle = END;
        this.stale = false;
        while (row !== END) {
            const next = this.next[row];
            if (this.holds[row] === 0) {
                this.vacate(row);
                this.next[row] = this.free;
                this.free = row;
                this.used--;
            }
            else {
                this.next[row] = 0;
            }
            row = next;
        }
    }
    /** The word of an address of the configuration, held; NO_ADDRESS when the table is full. Give it back with `release`. */
    take(address) {
        if (address.family === 4)
            return rawWord(toIpv4(address));
        const handle = this.intern(rawWords(address), 0);
        this.hold(handle);
        return handle;
    }
    /** For people. */
    toIp(address) {
        if (!word.isIpv6(address))
            return ofIpv4(rawWord(address));
        const w = word.rowOf(address) << 2;
        return ofBytes(new Uint8Array(this.words.slice(w, w + 4).buffer));
    }
    text(address) {
        return formatIp(this.toIp(address));
    }
    /** Folded sum of the address's halves (`wire/checksum.ts`), of either family. */
    sum(address) {
        if (!word.isIpv6(address))
            return checksum.fold((address & 0xffff) + (address >>> 16));
        const { words } = this;
        const w = word.rowOf(address) << 2;
        let s = 0;
        for (let k = 0; k < 4; k++)
            s += (words[w + k] & 0xffff) + (words[w + k] >>> 16);
        return checksum.fold(s);
    }
    /** Delta of exchanging one address for another, maybe of the other family. */
    delta(before, after) {
        if (!word.isIpv6(before) && !word.isIpv6(after))
            return checksum.delta(before, after);
        return checksum.combine(checksum.negate(this.sum(before)), this.sum(after));
    }
    /** Copies the address's four words to `to[at]`. Precondition: it is a handle. */
    copy(address, to, at) {
        const { words } = this;
        const w = word.rowOf(address) << 2;
        to[at] = words[w];
        to[at + 1] = words[w + 1];
        to[at + 2] = words[w + 2];
        to[at + 3] = words[w + 3];
    }
    /** Whether the four raw words at `from[at]` are the address's. */
    isAt(address, from, at) {
        const { words } = this;
        const w = word.rowOf(address) << 2;
        return words[w] === from[at] && words[w + 1] === from[at + 1] && words[w + 2] === from[at + 2] && words[w + 3] === from[at + 3];
    }
    /** Whether two IPv6 addresses are of one network of 64 bits, which is what a link has (RFC 4291 §2.5.1). */
    sameNetwork(a, b) {
        const { words } = this;
        const [x, y] = [word.rowOf(a) << 2, word.rowOf(b) << 2];
        return words[x] === words[y] && words[x + 1] === words[y + 1];
    }
    /**
     * What limits by address go by: one who has an IPv6 address has a network of 64 bits to choose from (RFC 4291 §2.5.1), so that network counts,
     * as a hash. Of IPv4 it is the address.
     */
    holder(address) {
        if (!word.isIpv6(address))
            return address;
        const { words } = this;
        const w = word.rowOf(address) << 2;
        const h = (Math.imul(words[w], this.m0) + Math.imul(words[w + 1], this.m1)) | 0;
        return h ^ (h >>> 15);
    }
    /** One word that stands for the address in the choice of a worker (`wire/spread.ts`). */
    spread(address) {
        if (!word.isIpv6(address))
            return address;
        const { words } = this;
        const w = word.rowOf(address) << 2;
        return foldAddress(words[w], words[w + 1], words[w + 2], words[w + 3]);
    }
    vacate(row) {
        const { slots, words, mask, rowMask } = this;
        let hole = this.hash(words, row << 2) & mask;
        while ((slots[hole] & rowMask) !== row)
            hole = (hole + 1) & mask;
        for (let i = (hole + 1) & mask; slots[i] !== 0; i = (i + 1) & mask) {
            const home = this.hash(words, (slots[i] & rowMask) << 2) & mask;
            if (((i - home) & mask) < ((i - hole) & mask))
                continue;
            slots[hole] = slots[i];
            hole = i;
        }
        slots[hole] = 0;
    }
}
function sortAt(words, w) {
    const first = words[w];
    if ((first & 0xff) === 0xff)
        return word.MULTICAST;
    if ((first & LINK_LOCAL_MASK) === LINK_LOCAL)
        return word.LINK_LOCAL;
    if (first !== 0 || words[w + 1] !== 0)
        return word.GLOBAL;
    if (words[w + 2] === MAPPED)
        return word.MAPPED;
    if (words[w + 2] !== 0)
        return word.GLOBAL;
    return words[w + 3] === 0 ? word.UNSPECIFIED : words[w + 3] === ONE ? word.LOOPBACK : word.GLOBAL;
}
/** The address's raw words: one or four. */
export function rawWords(address) {
    return new Int32Array(toBytes(address).buffer);
}
//# sourceMappingURL=addresses.js.map