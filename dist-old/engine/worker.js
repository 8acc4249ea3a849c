import { createRequire } from "node:module";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import os from "node:os";
import fs, { existsSync, readFileSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
// \0rolldown/runtime.js
var __defProp = Object.defineProperty;
var __exportAll = (all, no_symbols) => {
	let target = {};
	for (var name in all) __defProp(target, name, {
		get: all[name],
		enumerable: true
	});
	if (!no_symbols) __defProp(target, Symbol.toStringTag, { value: "Module" });
	return target;
};
// src/mem/packet-memory.ts
/**
* All packet memory: one block, made once, that `native/io.c` reads into and writes from.
*
* Layout: `slots` heads, each HEADROOM bytes and then HEAD_SIZE, then `slots` tails of TAIL_SIZE. Frame i of a batch starts in head i, behind
* the headroom, with its 10-byte virtio-net header; what does not fit goes on in a tail that TypeScript never looks at. Headers of small frames
* thus lie dense. A frame whose headers grow, since it becomes IPv6, starts in the headroom (`dataplane/translate.ts`).
* Heads are an odd number of cache lines apart: with a power of two all headers would share a few cache sets.
*/
const HEAD_SIZE = 2112;
const HEAD_STRIDE = 2240;
/** The longest frame, 64 KiB of IP with Ethernet, VLAN and virtio-net headers, fits into a head and a tail. */
const TAIL_SIZE = 65536;
/** Byte offset where the frame received into head `i` starts. */
function headAt(i) {
	return i * HEAD_STRIDE + 128;
}
/** How many bytes of a frame that starts at `at` lie in its head. */
function inHead(at) {
	return HEAD_STRIDE - at % HEAD_STRIDE;
}
var PacketMemory = class {
	constructor(slots = 32) {
		this.slots = slots;
		if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) throw new Error("raw words need a little-endian machine");
		const block = /* @__PURE__ */ new ArrayBuffer(slots * 67776);
		this.bytes = new Uint8Array(block);
		this.halves = new Uint16Array(block);
		this.words = new Int32Array(block);
	}
	/** Byte offset of the end of head `i`, where a longer frame goes on in a tail. */
	headEnd(i) {
		return (i + 1) * HEAD_STRIDE;
	}
	/** Byte offset of a tail. */
	tailAt(tail) {
		return this.slots * HEAD_STRIDE + tail * TAIL_SIZE;
	}
};
/** A frame of 9,000 bytes with its headers; longer ones do not wait. */
const ROOM = 9216;
const NONE$5 = -1;
var HeldFrames = class {
	constructor() {
		this.bytes = new Uint8Array(128 * ROOM);
		this.next = (/* @__PURE__ */ new Int32Array(128)).map((_, n) => n + 1 < 128 ? n + 1 : NONE$5);
		this.size = /* @__PURE__ */ new Int32Array(128);
		this.port = /* @__PURE__ */ new Int32Array(128);
		this.owner = /* @__PURE__ */ new Int32Array(128);
		this.goesOn = /* @__PURE__ */ new Uint8Array(128);
		this.free = 0;
		this.ready = NONE$5;
	}
	/**
	* Copies frame `i` of the batch before the list that begins with `list`; the new beginning, or -1 when there is no room for it. `owner`: who has
	* sent it, raw address. `goesOn`: the frame itself goes on all the same.
	*/
	hold(b, i, headerSize, list, owner, goesOn) {
		const size = b.len[i] + headerSize;
		const slot = this.free;
		if (slot === NONE$5 || size > ROOM || this.countOf(owner) >= 48) return NONE$5;
		this.free = this.next[slot];
		const inHead = Math.min(size, HEAD_SIZE);
		put$1(this.bytes, slot * ROOM, b.memory.bytes, b.at[i], inHead);
		if (size > inHead) put$1(this.bytes, slot * ROOM + inHead, b.memory.bytes, b.memory.tailAt(b.tail[i]), size - inHead);
		this.size[slot] = size;
		this.port[slot] = b.ingress[i];
		this.owner[slot] = owner;
		this.goesOn[slot] = goesOn ? 1 : 0;
		this.next[slot] = list;
		return slot;
	}
	/** The frames of the list are to go on, oldest first. */
	release(list) {
		let slot = list;
		while (slot !== NONE$5) {
			const next = this.next[slot];
			this.next[slot] = this.ready;
			this.ready = slot;
			slot = next;
		}
	}
	/** Frees the first of the list, which is of no use; the rest of it, or -1. */
	drop(list) {
		const next = this.next[list];
		this.size[list] = 0;
		this.next[list] = this.free;
		this.free = list;
		return next;
	}
	/** Port that a frame came in by; -1: it went on when it came. */
	lostBy(slot) {
		return this.goesOn[slot] === 1 ? -1 : this.port[slot];
	}
	/** Frames here that did not go on when they came: each is to be sent or to be counted as a drop. */
	get kept() {
		let n = 0;
		for (let slot = 0; slot < 128; slot++) if (this.size[slot] !== 0 && this.goesOn[slot] === 0) n++;
		return n;
	}
	get hasReady() {
		return this.ready !== NONE$5;
	}
	/** Fills the batch with frames that are to go on, as they came in, and frees them. Answers how many. */
	fill(b, headerSize) {
		const { memory } = b;
		if (b.moved) b.reset();
		let n = 0;
		for (; n < memory.slots && this.ready !== NONE$5; n++) {
			const slot = this.ready;
			const size = this.size[slot];
			const inHead = Math.min(size, HEAD_SIZE);
			put$1(memory.bytes, b.at[n], this.bytes, slot * ROOM, inHead);
			if (size > inHead) put$1(memory.bytes, memory.tailAt(n), this.bytes, slot * ROOM + inHead, size - inHead);
			b.ingress[n] = this.port[slot];
			b.len[n] = size - headerSize;
			b.tail[n] = size > inHead ? n : -1;
			b.device[n] = 0;
			this.ready = this.drop(slot);
		}
		b.count = n;
		return n;
	}
	countOf(owner) {
		let n = 0;
		for (let slot = 0; slot < 128; slot++) if (this.size[slot] !== 0 && this.owner[slot] === owner) n++;
		return n;
	}
};
/** Copies without an object for the part, as `set` and `subarray` would make one. */
function put$1(to, at, from, start, len) {
	for (let k = 0; k < len; k++) to[at + k] = from[start + k];
}
// src/wire/address-word.ts
var address_word_exports = /* @__PURE__ */ __exportAll({
	GLOBAL: () => 240,
	LINK_LOCAL: () => 241,
	LOOPBACK: () => 243,
	MAPPED: () => 245,
	MAX_ROWS: () => MAX_ROWS,
	MULTICAST: () => 242,
	NO_ADDRESS: () => 0,
	UNSPECIFIED: () => 244,
	handleOf: () => handleOf,
	isGroup: () => isGroup$1,
	isIpv6: () => isIpv6,
	isLinkLocal: () => isLinkLocal$1,
	isLoopback: () => isLoopback,
	isMartian: () => isMartian,
	isUnspecified: () => isUnspecified$1,
	rowOf: () => rowOf,
	sortOf: () => sortOf
});
const SORT_MASK = 255;
const ROW_SHIFT$1 = 8;
/** Rows that a handle can number. */
const MAX_ROWS = 1 << 24;
/** Whether the word is a handle of an IPv6 address. 255.255.255.255 is none. */
function isIpv6(word) {
	return (word & 240) === 240 && (word & SORT_MASK) !== 255;
}
/** What sort of IPv6 address a handle stands for. */
function sortOf(handle) {
	return handle & SORT_MASK;
}
function rowOf(handle) {
	return handle >>> ROW_SHIFT$1;
}
function handleOf(row, sort) {
	return row << ROW_SHIFT$1 | sort;
}
/** Whether several hosts may listen at the address, or none at all: IPv4 multicast and broadcast; IPv6 multicast. Network broadcasts are not known here. */
function isGroup$1(word) {
	return isIpv6(word) ? sortOf(word) === 242 : (word & SORT_MASK) >= 224;
}
/** fe80::/10. Of IPv4 what is link-local goes by the host's routes. */
function isLinkLocal$1(word) {
	return isIpv6(word) && sortOf(word) === 241;
}
/** 127.0.0.0/8, ::1. */
function isLoopback(word) {
	return (word & SORT_MASK) === 127 || (word & SORT_MASK) === 243;
}
/** 0.0.0.0, ::. */
function isUnspecified$1(word) {
	return word === 0 || (word & SORT_MASK) === 244;
}
/**
* Nobody's own address, so that none may send from it: multicast, broadcast, and 0/8 but for 0.0.0.0, which who has no address yet has
* (RFC 1812 §5.3.7); IPv6 multicast and mapped. What is of class E is dropped before (`dataplane/flow-lookup.ts`).
*/
function isMartian(word) {
	if (isIpv6(word)) return sortOf(word) === 242 || sortOf(word) === 245;
	return (word & SORT_MASK) >= 224 || (word & SORT_MASK) === 0 && word !== 0;
}
// src/wire/checksum.ts
/**
* The Internet checksum (RFC 1071) and its incremental update (RFC 1624), on raw halves (see `raw.ts`).
*
* A *delta* is the one's complement difference new - old of some words, folded to 16 bits. It is computed once a flow and then
* applied to each packet: to a full checksum by `update`, to a partial one (virtio NEEDS_CSUM, where the field holds the folded
* sum of the pseudo header, not inverted) by `updatePartial`. The delta of the other direction is `negate(delta)`.
*/
/** Folds a sum of up to 2^16 halves to 16 bits. */
function fold(sum) {
	sum = (sum & 65535) + (sum >>> 16);
	return (sum & 65535) + (sum >>> 16);
}
/** Delta of exchanging one 32-bit word. */
function delta(oldWord, newWord) {
	return fold((~oldWord & 65535) + (~oldWord >>> 16) + (newWord & 65535) + (newWord >>> 16));
}
/** Sum of two deltas. */
function combine(a, b) {
	return fold(a + b);
}
/** Delta of the opposite exchange. */
function negate(d) {
	return ~d & 65535;
}
/** Full checksum field after the delta: HC' = ~(~HC + delta) (RFC 1624 eqn. 3). */
function update$1(field, d) {
	const sum = (~field & 65535) + d;
	return ~((sum & 65535) + (sum >>> 16)) & 65535;
}
/** Partial checksum field after the delta. */
function updatePartial(field, d) {
	const sum = field + d;
	return (sum & 65535) + (sum >>> 16);
}
/** Folded one's complement sum of `len` bytes at even offset `off`; an odd last byte is padded with zero. Not inverted. */
function sum(halves, bytes, off, len) {
	let s = 0;
	const end = off + len >> 1;
	for (let i = off >> 1; i < end; i++) s += halves[i];
	if ((len & 1) !== 0) s += bytes[off + len - 1];
	return fold(s);
}
// src/wire/ipv4-address.ts
const OCTET = "(0|[1-9]\\d{0,2})";
new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);
function formatIpv4(address) {
	return `${address >>> 24}.${address >>> 16 & 255}.${address >>> 8 & 255}.${address & 255}`;
}
// src/wire/ip-address.ts
/**
* Addresses and prefixes of both families, as everything above `engine/` handles them: IPv4 (RFC 791) and IPv6 (RFC 4291), plain data that can be
* sent to a thread. IPv4 text is strict dotted decimal (`ipv4-address.ts`); IPv6 text is any form of RFC 4291 §2.2 and is written as RFC 5952
* says, so that one address has one text. Zones (`%eth0`) are no part of an address. An IPv4-mapped address (`::ffff:192.0.2.1`) is IPv6 here;
* `unmapped` says which IPv4 address it stands for.
*/
const GROUPS = 8;
const MAPPED$1 = 65535n;
function addressBits(family) {
	return family === 4 ? 32 : 128;
}
function formatIp({ family, value }) {
	if (family === 4) return formatIpv4(Number(BigInt.asIntN(32, value)));
	if (value >> 32n === MAPPED$1) return `::ffff:${formatIpv4(Number(BigInt.asIntN(32, value)))}`;
	const groups = Array.from({ length: GROUPS }, (_, i) => (value >> BigInt(112 - 16 * i) & 65535n).toString(16));
	let from = 0;
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
function ofIpv4(address) {
	return {
		family: 4,
		value: BigInt(address >>> 0)
	};
}
/** The IPv4 address as an int32 in host order. Precondition: it is one. */
function toIpv4$1(address) {
	return Number(BigInt.asIntN(32, address.value));
}
/** 4 or 16 bytes, as they lie in a packet. */
function toBytes({ family, value }) {
	const size = addressBits(family) / 8;
	return Uint8Array.from({ length: size }, (_, i) => Number(value >> BigInt(8 * (size - 1 - i)) & 255n));
}
/** Of 4 or 16 bytes as they lie in a packet. */
function ofBytes(bytes) {
	return {
		family: bytes.length === 4 ? 4 : 6,
		value: bytes.reduce((value, byte) => value << 8n | BigInt(byte), 0n)
	};
}
/** The prefix of that length in which the address lies. */
function prefixOf(address, prefixLength) {
	const rest = BigInt(addressBits(address.family) - prefixLength);
	return {
		address: {
			family: address.family,
			value: address.value >> rest << rest
		},
		prefixLength
	};
}
function formatPrefix({ address, prefixLength }) {
	return `${formatIp(address)}/${prefixLength}`;
}
// src/wire/raw.ts
/**
* Raw words: header fields as they lie in memory (network byte order), read through a little-endian Int32Array or Uint16Array.
* The packet path keys its tables by raw words and so converts nothing; these functions are for set-up and for people.
* The Internet checksum may be summed over raw halves as well (RFC 1071 §2 B): sum and stored field then have the same order.
*/
/** int32 in host order to raw, or back. */
function rawWord(n) {
	return (n & 255) << 24 | (n & 65280) << 8 | n >>> 8 & 65280 | n >>> 24;
}
/** 16 bits in host order to raw, or back. */
function rawHalf(n) {
	return (n & 255) << 8 | n >>> 8 & 255;
}
/**
* A ports word is the first four bytes of TCP and UDP: source port in the low half, destination port in the high one. This is the word with
* both exchanged.
*/
function swapPorts(ports) {
	return ports << 16 | ports >>> 16;
}
/** Source port of a raw ports word, host order. */
function srcPort(ports) {
	return rawHalf(ports & 65535);
}
/** Destination port of a raw ports word, host order. */
function dstPort(ports) {
	return rawHalf(ports >>> 16);
}
/** Raw mask of a prefix length 0..32. */
function rawMask(prefixLength) {
	return prefixLength === 0 ? 0 : rawWord(-1 << 32 - prefixLength);
}
// src/wire/spread.ts
/**
* Which worker a packet belongs to when there are several. A flow must come to one worker in both directions, and workers share nothing,
* so the choice depends on what both directions show unchanged: the far end's address and port (the client of a published port, the server
* that a container talks to). Where the far end is translated, the worker picks a port that leads back to itself.
* `steer/program.ts` has the same arithmetic in byte code; a test holds them together.
*/
const SPREAD_FACTOR = 2654435761;
/**
* 0..workers-1. `address`: raw word, `port`: raw half. The number is a share of the product's range, not a remainder: the upper bits of a product
* depend on all bits of both factors, the lower ones only on bits below them, and an address's last byte is the highest of its raw word.
*/
function workerOf(address, port, workers) {
	return (Math.imul(address ^ (port | port << 16), SPREAD_FACTOR) >>> 16) * workers >>> 16;
}
/** An IPv6 address, four raw words, as the one word that `workerOf` takes for it. Between the words the upper bits come down to the lower ones. */
function foldAddress(w0, w1, w2, w3) {
	return mix$1(mix$1(mix$1(w0) ^ w1) ^ w2) ^ w3;
}
function mix$1(word) {
	const product = Math.imul(word, SPREAD_FACTOR);
	return product ^ product >>> 16;
}
// src/table/addresses.ts
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
const { NO_ADDRESS } = address_word_exports;
/** Ends the list of rows given back, and that of rows to be looked at; 0 in `next` means that the row is in no list. */
const END$1 = -1;
/** Raw words of fe80::, its mask, ::1's last word, and ::ffff:0:0/96's third. */
const LINK_LOCAL = 33022;
const LINK_LOCAL_MASK = 49407;
const ONE$1 = 16777216;
const MAPPED = -65536;
/** Addresses of the configuration, and of packets of one batch, beside those of flows. */
const MORE_ADDRESSES = 8192;
/** How many addresses a table is for that so many flows go with: two of each may be its own. */
function addressCapacity(flows) {
	return Math.min(flows * 2 + MORE_ADDRESSES, 16777215);
}
var Addresses = class {
	/** `capacity`: addresses at a time. `random`: so that collisions are hard to aim. `kept`: memory for them, and row 0; default: its own. */
	constructor(capacity, random, kept) {
		this.kept = kept;
		this.used = 0;
		this.stale = false;
		this.free = END$1;
		this.fresh = 1;
		this.idle = END$1;
		this.capacity = Math.min(capacity, 16777215);
		const slots = 1 << Math.ceil(Math.log2(this.capacity * 2 + 2));
		this.words = kept?.words ?? new Int32Array((this.capacity + 1) * 4);
		this.reserved = kept === void 0 ? this.capacity + 1 : 0;
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
		const sum = (Math.imul(from[at], this.m0) + Math.imul(from[at + 1], this.m1) | 0) + (Math.imul(from[at + 2], this.m2) + Math.imul(from[at + 3], this.m3) | 0) | 0;
		const h = Math.imul(sum ^ sum >>> 15, 2246822507);
		return h ^ h >>> 15;
	}
	/** Handle of the address whose four raw words begin at `from[at]`, or NO_ADDRESS. */
	find(from, at) {
		const { slots, words, mask, rowMask } = this;
		const hash = this.hash(from, at);
		const tag = hash & ~rowMask;
		for (let i = hash & mask;; i = i + 1 & mask) {
			const slot = slots[i];
			if (slot === 0) return NO_ADDRESS;
			if ((slot & ~rowMask) !== tag) continue;
			const row = slot & rowMask;
			const w = row << 2;
			if (words[w] === from[at] && words[w + 1] === from[at + 1] && words[w + 2] === from[at + 2] && words[w + 3] === from[at + 3]) return handleOf(row, sortAt(words, w));
		}
	}
	/**
	* Looks up `count` addresses at once, so that their cache misses overlap: address k is at `from[wheres[k]]`, and its handle, or NO_ADDRESS, becomes
	* `handles[k]`.
	*/
	findAll(from, wheres, count, handles) {
		const { slots, words, mask, rowMask } = this;
		for (let k = 0; k < count; k++) handles[k] = this.hash(from, wheres[k]);
		for (let k = 0; k < count; k++) {
			const hash = handles[k];
			const at = wheres[k];
			const slot = slots[hash & mask];
			const row = slot & rowMask;
			const w = row << 2;
			const hit = ((slot ^ hash) & ~rowMask) === 0 && words[w] === from[at] && words[w + 1] === from[at + 1] && words[w + 2] === from[at + 2] && words[w + 3] === from[at + 3];
			handles[k] = hit && row !== 0 ? handleOf(row, sortAt(words, w)) : this.find(from, at);
		}
	}
	/** The same, and it is put in if need be: until the next `sweep`, if nobody holds it. NO_ADDRESS when the table is full. */
	intern(from, at) {
		const found = this.find(from, at);
		if (found !== NO_ADDRESS) return found;
		let row = this.free;
		if (row !== END$1) this.free = this.next[row];
		else if (this.hasFresh()) row = this.fresh++;
		else return NO_ADDRESS;
		const { words, slots, mask, rowMask } = this;
		const w = row << 2;
		for (let k = 0; k < 4; k++) words[w + k] = from[at + k];
		const hash = this.hash(words, w);
		let i = hash & mask;
		while (slots[i] !== 0) i = i + 1 & mask;
		slots[i] = hash & ~rowMask | row;
		this.holds[row] = 0;
		this.next[row] = this.idle;
		this.idle = row;
		this.stale = true;
		this.used++;
		return handleOf(row, sortAt(words, w));
	}
	/** Whether there is another row that was never used. */
	hasFresh() {
		if (this.fresh > this.capacity) return false;
		if (this.fresh >= this.reserved) this.reserved = this.kept.reserve(this.fresh + 1);
		return this.fresh < this.reserved;
	}
	/** One more thing needs the word to mean what it means. Of IPv4 addresses nothing is kept. */
	hold(address) {
		if (!isIpv6(address)) return;
		const row = rowOf(address);
		this.holds[row] = this.holds[row] + 1;
	}
	/** One thing less. */
	release(address) {
		if (!isIpv6(address)) return;
		const row = rowOf(address);
		const left = this.holds[row] - 1;
		this.holds[row] = left;
		if (left > 0 || this.next[row] !== 0) return;
		this.next[row] = this.idle;
		this.idle = row;
		this.stale = true;
	}
	/** Takes out what nobody holds. Between two batches only. */
	sweep() {
		let row = this.idle;
		this.idle = END$1;
		this.stale = false;
		while (row !== END$1) {
			const next = this.next[row];
			if (this.holds[row] === 0) {
				this.vacate(row);
				this.next[row] = this.free;
				this.free = row;
				this.used--;
			} else this.next[row] = 0;
			row = next;
		}
	}
	/** The word of an address of the configuration, held; NO_ADDRESS when the table is full. Give it back with `release`. */
	take(address) {
		if (address.family === 4) return rawWord(toIpv4$1(address));
		const handle = this.intern(rawWords(address), 0);
		this.hold(handle);
		return handle;
	}
	/** For people. */
	toIp(address) {
		if (!isIpv6(address)) return ofIpv4(rawWord(address));
		const w = rowOf(address) << 2;
		return ofBytes(new Uint8Array(this.words.slice(w, w + 4).buffer));
	}
	text(address) {
		return formatIp(this.toIp(address));
	}
	/** Folded sum of the address's halves (`wire/checksum.ts`), of either family. */
	sum(address) {
		if (!isIpv6(address)) return fold((address & 65535) + (address >>> 16));
		const { words } = this;
		const w = rowOf(address) << 2;
		let s = 0;
		for (let k = 0; k < 4; k++) s += (words[w + k] & 65535) + (words[w + k] >>> 16);
		return fold(s);
	}
	/** Delta of exchanging one address for another, maybe of the other family. */
	delta(before, after) {
		if (!isIpv6(before) && !isIpv6(after)) return delta(before, after);
		return combine(negate(this.sum(before)), this.sum(after));
	}
	/** Copies the address's four words to `to[at]`. Precondition: it is a handle. */
	copy(address, to, at) {
		const { words } = this;
		const w = rowOf(address) << 2;
		to[at] = words[w];
		to[at + 1] = words[w + 1];
		to[at + 2] = words[w + 2];
		to[at + 3] = words[w + 3];
	}
	/** Whether the four raw words at `from[at]` are the address's. */
	isAt(address, from, at) {
		const { words } = this;
		const w = rowOf(address) << 2;
		return words[w] === from[at] && words[w + 1] === from[at + 1] && words[w + 2] === from[at + 2] && words[w + 3] === from[at + 3];
	}
	/** Whether two IPv6 addresses are of one network of 64 bits, which is what a link has (RFC 4291 §2.5.1). */
	sameNetwork(a, b) {
		const { words } = this;
		const [x, y] = [rowOf(a) << 2, rowOf(b) << 2];
		return words[x] === words[y] && words[x + 1] === words[y + 1];
	}
	/**
	* What limits by address go by: one who has an IPv6 address has a network of 64 bits to choose from (RFC 4291 §2.5.1), so that network counts,
	* as a hash. Of IPv4 it is the address.
	*/
	holder(address) {
		if (!isIpv6(address)) return address;
		const { words } = this;
		const w = rowOf(address) << 2;
		const h = Math.imul(words[w], this.m0) + Math.imul(words[w + 1], this.m1) | 0;
		return h ^ h >>> 15;
	}
	/** One word that stands for the address in the choice of a worker (`wire/spread.ts`). */
	spread(address) {
		if (!isIpv6(address)) return address;
		const { words } = this;
		const w = rowOf(address) << 2;
		return foldAddress(words[w], words[w + 1], words[w + 2], words[w + 3]);
	}
	vacate(row) {
		const { slots, words, mask, rowMask } = this;
		let hole = this.hash(words, row << 2) & mask;
		while ((slots[hole] & rowMask) !== row) hole = hole + 1 & mask;
		for (let i = hole + 1 & mask; slots[i] !== 0; i = i + 1 & mask) {
			const home = this.hash(words, (slots[i] & rowMask) << 2) & mask;
			if ((i - home & mask) < (i - hole & mask)) continue;
			slots[hole] = slots[i];
			hole = i;
		}
		slots[hole] = 0;
	}
};
function sortAt(words, w) {
	const first = words[w];
	if ((first & 255) === 255) return 242;
	if ((first & LINK_LOCAL_MASK) === LINK_LOCAL) return 241;
	if (first !== 0 || words[w + 1] !== 0) return 240;
	if (words[w + 2] === MAPPED) return 245;
	if (words[w + 2] !== 0) return 240;
	return words[w + 3] === 0 ? 244 : words[w + 3] === ONE$1 ? 243 : 240;
}
/** The address's raw words: one or four. */
function rawWords(address) {
	return new Int32Array(toBytes(address).buffer);
}
/** The original, the reply tuple is of IPv6. So a packet of class E, whose words may look the same, is not taken for the flow's. */
const V6_ORIGINAL = 65536;
const V6_REPLY = 1 << 17;
/** The uplink's steering is to bring the replies of what goes out here. */
const EGRESS_RECORD = 1024;
/** One end is the host itself: no router lies between, so TTL stays. */
const EGRESS_KEEP_TTL = 2048;
/** Of the original direction: the steering programs may carry the flow's packets, unseen by us (`engine/offload.ts`). */
const EGRESS_OFFLOAD = 4096;
/** Of the reply direction: what it sends is in the steering's map, so that the client's packets come here (`dataplane/record.ts`). */
const EGRESS_ENTERED = 8192;
/** Of the reply direction: its next packet is to be entered there. */
const EGRESS_ENTER = 16384;
const EGRESS_PORT = 1023;
/** Name for people, phase, and seconds without a packet. */
const STATES = [
	[
		"syn-sent",
		0,
		30
	],
	[
		"syn-received",
		0,
		60
	],
	[
		"taken-up",
		0,
		30
	],
	[
		"established",
		1,
		7440
	],
	[
		"fin-wait",
		1,
		240
	],
	[
		"fin-wait",
		1,
		240
	],
	[
		"closing",
		2,
		240
	],
	[
		"reset",
		2,
		240
	],
	[
		"reset",
		2,
		240
	],
	[
		"unreplied",
		0,
		120
	],
	[
		"replied",
		0,
		300
	],
	[
		"assured",
		1,
		300
	],
	[
		"query",
		0,
		30
	],
	[
		"answered",
		2,
		10
	],
	[
		"echo",
		0,
		60
	],
	[
		"timestamp",
		0,
		60
	],
	[
		"information",
		0,
		60
	],
	[
		"address-mask",
		0,
		60
	],
	[
		"cookie-wait",
		0,
		30
	],
	[
		"cookie-echoed",
		0,
		60
	],
	[
		"taken-up",
		0,
		30
	],
	[
		"associated",
		1,
		7440
	],
	[
		"shutdown",
		1,
		240
	],
	[
		"ended",
		2,
		240
	]
];
const STATE_NAMES = STATES.map(([name]) => name);
const PHASES = Uint8Array.from(STATES, ([, phase]) => phase);
const DEFAULT_TIMEOUTS = Int32Array.from(STATES, ([, , timeout]) => timeout);
/** The states that are UNPROVEN, and those that are CLOSED. */
const UNPROVEN_STATES = Uint8Array.from([...STATES.keys()].filter((state) => PHASES[state] === 0));
const CLOSED_STATES = Uint8Array.from([...STATES.keys()].filter((state) => PHASES[state] === 2));
function stateWord(proto, state) {
	return proto | state << 8;
}
/** A flow to be: filled in place by who opens one, then given to `Conntrack.insert`. Words are raw. */
var NewFlow = class {
	constructor() {
		this.proto = 0;
		this.state = 0;
		this.src = 0;
		this.dst = 0;
		this.ports = 0;
		this.replySrc = 0;
		this.replyDst = 0;
		this.replyPorts = 0;
		this.egress = 0;
		this.replyEgress = 0;
		this.mapping = -1;
		this.device = 0;
		this.addressDelta = 0;
		this.allDelta = 0;
	}
};
// src/table/ageing.ts
/**
* When the rows of `table/conntrack.ts` die, and which of them has been silent for longest. Links of the lists lie in the rows. Time: seconds, passed in.
*
* Flows that are HELD are in a timer wheel: one bucket a second, `WHEEL_SIZE` of them, longer time-outs refused. A packet only stores a new
* deadline; the wheel looks at an entry when its old deadline comes, and either hands it out or puts it where the new one is.
*
* The others are in one list a state, in the order of their last packet. Of one state all have one time-out, so the order is that of their
* deadlines too: the first is the next to die, and the first to go when room is wanted (`dataplane/make-room.ts`). A packet moves its flow
* to the end, but only once in a second.
*/
const WHEEL_SIZE = 8192;
const MAX_TIMEOUT = 8190;
/** Value of PREV for the first entry of a list: list n is `HEAD - n`. */
const HEAD = -2;
/** Number of the list of state 0; before it come the buckets. */
const LISTS = WHEEL_SIZE;
var Ageing = class {
	constructor(rows, timeouts) {
		this.rows = rows;
		this.timeouts = timeouts;
		this.behind = false;
		this.tick = -1;
		this.first = new Int32Array(WHEEL_SIZE + timeouts.length).fill(-1);
		this.last = new Int32Array(timeouts.length).fill(-1);
	}
	/** The row of this state that has been silent for longest, or -1. Not for states that are HELD. */
	oldest(state) {
		return this.first[LISTS + state];
	}
	/** Starts the row's time-out afresh, as its state says. */
	start(id, now) {
		const row = id << 4;
		const state = this.rows[row + 6] >> 8 & 255;
		this.rows[row + 7] = now + this.timeouts[state];
		if (PHASES[state] === 1) this.linkToBucket(id);
		else this.linkToList(id, state);
	}
	/** A packet has come: the time-out starts afresh. */
	refresh(id, now) {
		const row = id << 4;
		const state = this.rows[row + 6] >> 8 & 255;
		const deadline = now + this.timeouts[state];
		if (this.rows[row + 7] === deadline) return;
		this.rows[row + 7] = deadline;
		if (PHASES[state] === 1) return;
		this.stop(id);
		this.linkToList(id, state);
	}
	/** Takes the row out, before its state changes. */
	stop(id) {
		const { rows, first } = this;
		const row = id << 4;
		const next = rows[row + 8], prev = rows[row + 9];
		if (prev <= HEAD) first[HEAD - prev] = next;
		else rows[(prev << 4) + 8] = next;
		if (next !== -1) {
			rows[(next << 4) + 9] = prev;
			return;
		}
		const state = rows[row + 6] >> 8 & 255;
		if (PHASES[state] !== 1) this.last[state] = prev <= HEAD ? -1 : prev;
	}
	/**
	* Collects up to `out.length` rows whose time has come by `now` into `out`; the caller takes each out, or gives it a later deadline, before the next call.
	* Looks at `budget` rows of the wheel at most, so that a great many at once do not stop the packets; then the next call goes on.
	*/
	expire(now, out, budget) {
		if (this.tick >= now && !this.behind) return 0;
		if (this.tick < now - WHEEL_SIZE) this.tick = now - WHEEL_SIZE;
		let found = this.expireLists(now, out);
		found = this.expireWheel(now, out, found, budget);
		this.behind = this.tick < now || found === out.length;
		return found;
	}
	expireLists(now, out) {
		const { rows, first } = this;
		let found = 0;
		for (let list = LISTS; list < first.length; list++) {
			let id = first[list];
			while (id !== -1 && found < out.length && rows[(id << 4) + 7] <= now) {
				out[found++] = id;
				id = rows[(id << 4) + 8];
			}
		}
		return found;
	}
	expireWheel(now, out, alreadyFound, rowsAtMost) {
		const { rows, first } = this;
		let found = alreadyFound;
		let budget = rowsAtMost;
		while (this.tick < now && budget > 0) {
			let id = first[this.tick + 1 & 8191];
			while (id !== -1 && budget > 0 && found < out.length) {
				const next = rows[(id << 4) + 8];
				budget--;
				if (rows[(id << 4) + 7] <= now) out[found++] = id;
				else {
					this.stop(id);
					this.linkToBucket(id);
				}
				id = next;
			}
			if (id !== -1) break;
			this.tick++;
		}
		return found;
	}
	/** Puts the row into the bucket of its deadline. */
	linkToBucket(id) {
		const { rows, first } = this;
		const row = id << 4;
		const bucket = rows[row + 7] & 8191;
		const next = first[bucket];
		rows[row + 8] = next;
		rows[row + 9] = HEAD - bucket;
		if (next !== -1) rows[(next << 4) + 9] = id;
		first[bucket] = id;
	}
	/** Puts the row at the end of its state's list. */
	linkToList(id, state) {
		const { rows, first, last } = this;
		const row = id << 4;
		const before = last[state];
		rows[row + 8] = -1;
		rows[row + 9] = before === -1 ? -8194 - state : before;
		if (before === -1) first[LISTS + state] = id;
		else rows[(before << 4) + 8] = id;
		last[state] = id;
	}
};
// src/table/tuple-index.ts
/**
* The hash by which `conntrack.ts` finds a flow by either of its tuples. It knows rows (`flow-row.ts`) but for the words of the tuples only
* as numbers.
*
* Hash: multiplicative, seeded per process so that collisions are hard to aim; linear probing; the upper bits of the hash are kept in the
* slot, so that rows are touched only when they very likely match. Removal shifts the cluster back: no tombstones. Four slots an entry, two
* of which are in use at most, so every probe ends.
*/
var TupleIndex = class {
	/** `capacity`: entries, at most 2^20; `seed`: int32, random per process; `rows`: memory for them, of zeros. */
	constructor(capacity, seed, rows) {
		this.seed = seed;
		if (!(capacity >= 1 && capacity <= 1 << 20)) throw new RangeError(`conntrack capacity ${capacity} is not in 1..${1 << 20}`);
		this.rows = rows ?? new Int32Array(capacity << 4);
		const size = 1 << Math.ceil(Math.log2(capacity * 4));
		this.slots = new Int32Array(size);
		this.mask = size - 1;
		this.refMask = size - 1;
	}
	/** Hash of a tuple; pass it on to `find` and `insert`. */
	hash(src, dst, ports, proto) {
		let h = Math.imul(src ^ this.seed, 2654435761);
		h = Math.imul(h ^ h >>> 15 ^ dst, 2246822507);
		h = Math.imul(h ^ h >>> 13 ^ ports, 3266489909);
		h = Math.imul(h ^ h >>> 16 ^ proto, 668265263);
		return h ^ h >>> 15;
	}
	/** Reference (row * 2 + direction) of the tuple, or -1. Direction 0: it is the original tuple, 1: the reply tuple. */
	find(hash, src, dst, ports, proto) {
		const { slots, rows, mask, refMask } = this;
		const tag = hash & ~refMask;
		for (let i = hash & mask;; i = i + 1 & mask) {
			const slot = slots[i];
			if (slot === 0) return -1;
			if ((slot & ~refMask) !== tag) continue;
			const ref = (slot & refMask) - 1;
			const row = ref >> 1 << 4;
			const t = row + (ref & 1) * 3;
			if (rows[t + 0] === src && rows[t + 1] === dst && rows[t + 2] === ports && (rows[row + 6] & 255) === proto) return ref;
		}
	}
	/**
	* Looks up `count` hashes at once, so that their cache misses overlap: one after the other, as `find` does it, each would wait for the last
	* (bench: `memory`, 1,000,000 flows). Of hash k, `refs[k]` becomes the first reference whose slot has its upper bits, or -1, and `states[k]`
	* the entry's state word; whether it is the very tuple is to be asked (`isTuple`). Where it is not, which is rare, `find` knows.
	*/
	findAll(hashes, count, refs, states) {
		const { slots, rows, mask, refMask } = this;
		for (let k = 0; k < count; k++) refs[k] = slots[hashes[k] & mask];
		for (let k = 0; k < count; k++) {
			const hash = hashes[k];
			let slot = refs[k];
			for (let i = hash & mask; slot !== 0 && ((slot ^ hash) & ~refMask) !== 0; slot = slots[i]) i = i + 1 & mask;
			const ref = (slot & refMask) - 1;
			refs[k] = ref;
			states[k] = ref === -1 ? 0 : rows[(ref >> 1 << 4) + 6];
		}
	}
	/** Whether the tuple of reference `ref` has these addresses and ports; its protocol is in the state word. */
	isTuple(ref, src, dst, ports) {
		const { rows } = this;
		const t = (ref >> 1 << 4) + (ref & 1) * 3;
		return rows[t + 0] === src && rows[t + 1] === dst && rows[t + 2] === ports;
	}
	/** As `find`, hashing too: for the slow path. */
	lookup(src, dst, ports, proto) {
		return this.find(this.hash(src, dst, ports, proto), src, dst, ports, proto);
	}
	/** Appends the reference to its probe sequence. */
	occupy(hash, ref) {
		const { slots, mask, refMask } = this;
		let i = hash & mask;
		while (slots[i] !== 0) i = i + 1 & mask;
		slots[i] = hash & ~refMask | ref + 1;
	}
	/** Frees the reference's slot and moves later ones of the cluster up, so that no probe is cut short. */
	vacate(hash, ref) {
		const { slots, mask, refMask } = this;
		let hole = hash & mask;
		while ((slots[hole] & refMask) !== ref + 1) hole = hole + 1 & mask;
		for (let i = hole + 1 & mask; slots[i] !== 0; i = i + 1 & mask) {
			const home = this.homeOf((slots[i] & refMask) - 1) & mask;
			if ((i - home & mask) >= (i - hole & mask)) {
				slots[hole] = slots[i];
				hole = i;
			}
		}
		slots[hole] = 0;
	}
	homeOf(ref) {
		const { rows } = this;
		const row = ref >> 1 << 4;
		const t = row + (ref & 1) * 3;
		return this.hash(rows[t + 0], rows[t + 1], rows[t + 2], rows[row + 6] & 255);
	}
};
// src/table/conntrack.ts
/**
* Connection tracking: one entry a flow, found by its original and by its reply tuple.
*
* Theory of operation. A tuple is (source, destination, ports, protocol) in raw words (`wire/raw.ts`), as the packet carries it when it
* comes in; an ICMP query has its identifier in both port halves. An entry holds the tuple of each direction. The rewrite of a packet of one
* direction is the other direction's tuple turned round, so it needs no fields of its own; only the checksum deltas are kept ready.
* Which addresses a flow gets is not decided here (`dataplane/admit.ts`), nor when a state changes (`dataplane/track.ts`).
*
* Of a TCP flow it keeps as much of both sides' acknowledgments as tells a forged end from a genuine one (`dataplane/tcp-window.ts`).
*
* Memory, all taken up front: 64 bytes a row (`flow-row.ts`), that is one cache line, 4 bytes a hash slot at four slots an entry (load at
* most one half, so every probe ends), and 4 bytes that few packets need: 84 bytes an entry. There are no pointers, only row numbers, so rows
* may lie in a mapped file that outlives the process (`flow-file.ts`).
*
* IPv6 is in the same rows: the words of its addresses are handles (`addresses.ts`), which whoever adds a flow holds and whoever takes it out
* releases. The two tuples of an entry may be of different families.
*
* Look-up: `tuple-index.ts`. Time: `ageing.ts`. A full table takes no flow; which one makes room is decided in `dataplane/make-room.ts`.
*/
/** Bits of the number that a flow gets when it is closed. */
const AGE = 1073741823;
var Conntrack = class extends TupleIndex {
	/** `capacity`: entries, at most 2^20; `seed`: int32, random per process; `timeouts`: seconds, by state; `kept`: memory, of zeros; default: its own. */
	constructor(capacity, seed, timeouts = DEFAULT_TIMEOUTS, kept) {
		super(capacity, seed, kept?.rows);
		this.capacity = capacity;
		this.kept = kept;
		this.used = 0;
		this.created = 0;
		this.across = 0;
		this.closings = 0;
		this.free = -1;
		this.fresh = 0;
		if (timeouts.some((t) => t < 1 || t > 8190)) throw new RangeError(`a time-out is not in 1..${MAX_TIMEOUT} seconds`);
		this.timeouts = Int32Array.from(timeouts);
		this.population = new Int32Array(timeouts.length);
		this.rowHalves = new Uint16Array(this.rows.buffer, this.rows.byteOffset, this.rows.length * 2);
		this.device = kept?.device ?? new Int32Array(capacity);
		this.reserved = kept === void 0 ? capacity : 0;
		this.ageing = new Ageing(this.rows, this.timeouts);
	}
	/** The arrays that every packet reads, at places all over them: they gain from huge pages (`engine/huge-pages.ts`). */
	get memory() {
		return [this.rows, this.slots];
	}
	/** Adds a flow; returns its row number, or -1 when the table is full. Neither tuple may be in the table. `now` in seconds. */
	insert(flow, now) {
		let id = this.free;
		if (id !== -1) this.free = this.rows[(id << 4) + 8];
		else if (this.hasFresh()) id = this.fresh++;
		else return -1;
		const { rows } = this;
		const { proto, state, src, dst, ports, replySrc, replyDst, replyPorts } = flow;
		const row = id << 4;
		rows[row + 0] = src;
		rows[row + 1] = dst;
		rows[row + 2] = ports;
		rows[row + 3 + 0] = replySrc;
		rows[row + 3 + 1] = replyDst;
		rows[row + 3 + 2] = replyPorts;
		const families = (isIpv6(src) ? V6_ORIGINAL : 0) | (isIpv6(replySrc) ? V6_REPLY : 0);
		if (isAcross(families)) this.across++;
		rows[row + 6] = stateWord(proto, state) | families;
		rows[row + 10] = flow.mapping;
		rows[row + 11] = flow.egress | flow.replyEgress << 16;
		rows[row + 12] = 0;
		rows[row + 13] = flow.addressDelta | flow.allDelta << 16;
		rows[row + 14] = 0;
		rows[row + 14 + 1] = 0;
		this.device[id] = flow.device;
		this.occupy(this.hash(src, dst, ports, proto), id << 1);
		this.occupy(this.hash(replySrc, replyDst, replyPorts, proto), id << 1 | 1);
		this.ageing.start(id, now);
		this.population[state] = this.population[state] + 1;
		this.used++;
		this.created++;
		return id;
	}
	/** Whether there is another row that was never used. */
	hasFresh() {
		if (this.fresh === this.capacity) return false;
		if (this.fresh === this.reserved) this.reserved = this.kept.reserve(this.fresh + 1);
		return this.fresh < this.reserved;
	}
	/** Takes entry `id` out. */
	remove(id) {
		const { rows, population } = this;
		const row = id << 4;
		const word = rows[row + 6];
		const proto = word & 255;
		const state = word >> 8 & 255;
		this.vacate(this.hash(rows[row + 0], rows[row + 1], rows[row + 2], proto), id << 1);
		this.vacate(this.hash(rows[row + 3 + 0], rows[row + 3 + 1], rows[row + 3 + 2], proto), id << 1 | 1);
		if (isAcross(word)) this.across--;
		this.ageing.stop(id);
		rows[row + 6] = 0;
		rows[row + 8] = this.free;
		this.free = id;
		population[state] = population[state] - 1;
		this.used--;
	}
	/** Whether `id` is a live entry. */
	isLive(id) {
		return id >= 0 && id < this.fresh && (this.rows[(id << 4) + 6] & 255) !== 0;
	}
	/** One past the highest row ever used: the end for who walks all entries. */
	get end() {
		return this.fresh;
	}
	protocol(id) {
		return this.rows[(id << 4) + 6] & 255;
	}
	state(id) {
		return this.rows[(id << 4) + 6] >> 8 & 255;
	}
	deadline(id) {
		return this.rows[(id << 4) + 7];
	}
	/** When the last packet came, in seconds. */
	lastSeen(id) {
		return this.deadline(id) - this.timeouts[this.state(id)];
	}
	/** Counts a packet of direction `dir` and starts the state's time-out afresh. */
	touch(id, dir, now) {
		const at = (id << 4) + 14 + dir;
		this.rows[at] = this.rows[at] + 1 | 0;
		this.ageing.refresh(id, now);
	}
	packets(id, dir) {
		return this.rows[(id << 4) + 14 + dir] >>> 0;
	}
	/** Changes the state and starts its time-out. What that means for ports and limits: `dataplane/turn.ts`. */
	setState(id, state, now) {
		const { rows, population } = this;
		const at = (id << 4) + 6;
		const old = rows[at] >> 8 & 255;
		this.ageing.stop(id);
		rows[at] = rows[at] & -65281 | state << 8;
		this.ageing.start(id, now);
		population[old] = population[old] - 1;
		population[state] = population[state] + 1;
	}
	/** Flows that are HELD: those that do not make room for others as a matter of course. */
	get held() {
		let count = 0;
		for (let state = 0; state < PHASES.length; state++) if (PHASES[state] === 1) count += this.population[state];
		return count;
	}
	/** Opened to a published port: the target's address is not the one that was asked for. */
	isPublished(id) {
		return this.tuple(id, 0, 1) !== this.tuple(id, 1, 0);
	}
	/** Whether the target sees another source address than that of who opened the flow. */
	hasOtherSource(id) {
		return this.tuple(id, 0, 0) !== this.tuple(id, 1, 1);
	}
	/** Tuple of direction `dir`: what = 0 source, 1 destination, 2 ports. */
	tuple(id, dir, what) {
		return this.rows[(id << 4) + dir * 3 + what];
	}
	/** What a packet of direction `dir` gets: source, destination and ports of the other direction's tuple turned round. */
	newSrc(id, dir) {
		return this.rows[(id << 4) + (dir ^ 1) * 3 + 1];
	}
	newDst(id, dir) {
		return this.rows[(id << 4) + (dir ^ 1) * 3 + 0];
	}
	newPorts(id, dir) {
		return swapPorts(this.rows[(id << 4) + (dir ^ 1) * 3 + 2]);
	}
	addressDelta(id, dir) {
		return (this.rows[(id << 4) + 13] ^ -dir) & 65535;
	}
	allDelta(id, dir) {
		return (this.rows[(id << 4) + 13] ^ -dir) >>> 16 & 65535;
	}
	/** Where packets of direction `dir` go: port | EGRESS_* bits. */
	egress(id, dir) {
		return this.rows[(id << 4) + 11] >>> (dir << 4) & 65535;
	}
	/** Sets EGRESS_* bits of direction `dir`, and takes others away. */
	mark(id, dir, set, clear) {
		const at = (id << 4) + 11;
		this.rows[at] = this.rows[at] & ~(clear << (dir << 4)) | set << (dir << 4);
	}
	/** Whether packets of the reference's tuple come by `port`: by the one that those of the other direction leave by. */
	comesBy(ref, port) {
		return (this.egress(ref >> 1, ref & 1 ^ 1) & EGRESS_PORT) === port;
	}
	/** Upper half, raw, of the acknowledgment number that direction `dir` has sent last. */
	acked(id, dir) {
		return this.rowHalves[((id << 4) + 12 << 1) + dir];
	}
	setAcked(id, dir, upperHalf) {
		this.rowHalves[((id << 4) + 12 << 1) + dir] = upperHalf;
	}
	/** Port mapping that the flow holds (`table/nat-pool.ts`), or -1. */
	mapping(id) {
		return Math.max(-1, this.rows[(id << 4) + 10]);
	}
	setMapping(id, mapping) {
		this.rows[(id << 4) + 10] = mapping;
	}
	/** The flow holds no mapping any more: it is CLOSED, from now on. */
	close(id) {
		this.rows[(id << 4) + 10] = this.closings | -1073741824;
		this.closings = this.closings + 1 & AGE;
	}
	/** How many flows were closed since this one, itself among them: seconds are too long to tell which was first. */
	closedSince(id) {
		return this.closings - this.rows[(id << 4) + 10] & AGE;
	}
	/** Of the flows in `state`, which must not be HELD, the one that has been silent for longest; -1: there is none. */
	oldest(state) {
		return this.ageing.oldest(state);
	}
	/** The flow after `id` in the order of `oldest`, of the same state; -1: there is none. */
	next(id) {
		return this.rows[(id << 4) + 8];
	}
	/**
	* Collects up to `out.length` flows whose time has come by `now` into `out`; the caller removes each (`remove`), or gives it a later deadline
	* (`setState`), before the next call. Looks at about `budget` at most; `behind` says whether it left some.
	*/
	expire(now, out, budget) {
		return this.ageing.expire(now, out, budget);
	}
	/** The last `expire` left some for the next one. */
	get behind() {
		return this.ageing.behind;
	}
};
/** Whether a state word's flow has ends of different families. */
function isAcross(word) {
	return (word & V6_ORIGINAL) !== 0 !== ((word & V6_REPLY) !== 0);
}
// src/table/fdb.ts
/**
* Forwarding database: MAC and network to port, learned from source addresses (IEEE 802.1D-2004 §7.8), aged after `AGEING_SEC` (§7.9.2).
*
* Open addressing, linear probing, at most half full so that every probe ends; memory taken up front. When full nothing new is
* learned and frames to unknown stations are flooded: a station that invents addresses costs bandwidth, but pushes nobody out.
* Entries that the configuration knows are static: they neither age nor move, so nobody can take over an endpoint's address.
* Time in seconds, passed in.
*/
const FREE$2 = -1;
/** `seen` of a static entry. */
const STATIC = -1;
/** Upper part of a key: raw MAC bytes 0..1 and the number of the network (0..255), so that networks are apart. */
function fdbKey(hi, network) {
	return hi | network << 16;
}
var Fdb = class {
	/** `slots`: a power of two; half of them can be used. `seed`: int32, random per process, so that collisions are hard to aim. */
	constructor(slots, seed) {
		this.seed = seed;
		this.used = 0;
		this.full = 0;
		this.swept = 0;
		this.hi = new Int32Array(slots);
		this.lo = new Int32Array(slots);
		this.port = new Int32Array(slots).fill(FREE$2);
		this.seen = new Int32Array(slots);
		this.mask = slots - 1;
	}
	/** Port of the MAC, or -1. */
	lookup(hi, lo) {
		return this.port[this.find(hi, lo)];
	}
	/** Learns the MAC, or moves it to this port. False when the table is full or the address is another port's static one. */
	learn(hi, lo, port, now) {
		const i = this.find(hi, lo);
		if (this.port[i] === FREE$2) {
			if (this.used * 2 > this.mask) {
				this.full++;
				return false;
			}
			this.used++;
			this.hi[i] = hi;
			this.lo[i] = lo;
		} else if (this.seen[i] === STATIC) return this.port[i] === port;
		this.port[i] = port;
		this.seen[i] = now;
		return true;
	}
	/** Adds an address that the configuration knows, even when learned ones have filled their half: there are far fewer than slots. */
	addStatic(hi, lo, port) {
		const i = this.find(hi, lo);
		if (this.port[i] === FREE$2) this.used++;
		this.hi[i] = hi;
		this.lo[i] = lo;
		this.port[i] = port;
		this.seen[i] = STATIC;
	}
	/** Forgets all addresses behind a port, static ones too. */
	flushPort(port) {
		for (let i = 0; i <= this.mask; i++) while (this.port[i] === port) this.removeAt(i);
	}
	/** Ages out entries in the next `slots` slots; call it every second with a share of the table. */
	age(now, slots) {
		for (let n = 0; n < slots; n++) {
			const i = this.swept;
			while (this.port[i] !== FREE$2 && this.seen[i] !== STATIC && now - this.seen[i] >= 300) this.removeAt(i);
			this.swept = i + 1 & this.mask;
		}
	}
	get slots() {
		return this.mask + 1;
	}
	/** Calls `visit` for each entry; `ageSec` is -1 for a static one. For people, not for the packet path. */
	forEach(now, visit) {
		for (let i = 0; i <= this.mask; i++) {
			if (this.port[i] === FREE$2) continue;
			visit(this.hi[i], this.lo[i], this.port[i], this.seen[i] === STATIC ? -1 : now - this.seen[i]);
		}
	}
	home(hi, lo) {
		const h = Math.imul(lo ^ this.seed, 2654435761) ^ Math.imul(hi, 2246822507);
		return (h ^ h >>> 15) & this.mask;
	}
	find(hi, lo) {
		let i = this.home(hi, lo);
		while (this.port[i] !== FREE$2 && (this.lo[i] !== lo || this.hi[i] !== hi)) i = i + 1 & this.mask;
		return i;
	}
	/** Frees slot `hole` and moves later entries of the cluster up, so that no probe is cut short. */
	removeAt(hole) {
		this.used--;
		for (let i = hole + 1 & this.mask; this.port[i] !== FREE$2; i = i + 1 & this.mask) {
			if ((i - this.home(this.hi[i], this.lo[i]) & this.mask) < (i - hole & this.mask)) continue;
			this.hi[hole] = this.hi[i];
			this.lo[hole] = this.lo[i];
			this.port[hole] = this.port[i];
			this.seen[hole] = this.seen[i];
			hole = i;
		}
		this.port[hole] = FREE$2;
	}
};
// src/table/flow-entries.ts
/**
* Entries of the steering's map `flows`, `flows6` or `across` (`wire/flow-entry.ts`), to be made or taken out: collected by the stages, given to the kernel by
* the engine in one call. Keys and values lie one after another, as the kernel takes them. Memory taken up front.
*/
var FlowEntries = class {
	/** `capacity`: entries at a time. `addresses`: of IPv6 entries, where their addresses' handles are from. `valueSize`: in bytes. */
	constructor(capacity, addresses, valueSize = addresses === void 0 ? 40 : 56) {
		this.capacity = capacity;
		this.addresses = addresses;
		this.count = 0;
		this.keyWords = (addresses === void 0 ? 16 : 40) / 4;
		this.valueWords = valueSize / 4;
		this.keys = new Int32Array(capacity * this.keyWords);
		this.keyBytes = new Uint8Array(this.keys.buffer);
		this.values = new Int32Array(capacity * this.valueWords);
		this.valueBytes = new Uint8Array(this.values.buffer);
		this.valueHalves = new Uint16Array(this.values.buffer);
	}
	get isFull() {
		return this.count === this.capacity;
	}
	/** Adds a key with a value of zeros; answers where the value lies, in bytes. Addresses are words (`wire/address-word.ts`). */
	add(src, dst, ports, proto) {
		const { values, count, valueWords } = this;
		this.addKey(src, dst, ports, proto);
		values.fill(0, count * valueWords, (count + 1) * valueWords);
		return count * valueWords * 4;
	}
	/** The same without a value. */
	addKey(src, dst, ports, proto) {
		const { addresses, keys, keyWords } = this;
		let at = this.count++ * keyWords;
		if (addresses === void 0) {
			keys[at] = src;
			keys[at + 1] = dst;
			at += 2;
		} else {
			addresses.copy(src, keys, at);
			addresses.copy(dst, keys, at + 4);
			at += 8;
		}
		keys[at] = ports;
		keys[at + 1] = proto;
	}
};
// src/table/fragments.ts
/**
* Datagrams in fragments: which flow the later ones belong to, as the first one told, which alone has ports; and which bytes have been seen,
* so that no fragment covers what another one has. Key: source, destination, identification and protocol (RFC 791 §3.2).
*
* Theory of operation. A datagram is WAITING while its first fragment has not come; then it is of a flow (`ref` >= 0), or UNTRACKED, or REFUSED
* once two of its fragments overlap. When all its bytes have been seen it is forgotten at once, so that few are known at a time.
*
* Nobody's fragments push out another's (RFC 4787 REQ-14a). The table is in sets of WAYS datagrams, picked by source address. In a full
* set those go first that are of no flow; then the oldest of the source that has most of them. Of no flow, a datagram takes no place of one
* that is of a flow.
*
* Memory taken up front: 44 bytes a datagram, and 1 KiB for a bit every 8 bytes of it. Time in seconds, passed in.
*/
/** How long the rest of a datagram may take; Linux waits as long for it (net.ipv4.ipfrag_time). */
const FRAGMENT_SEC = 30;
/** How long a first fragment is waited for: at least 2 seconds (FRAGMENT_MIN, RFC 6146 §3.4), and the clock ticks once in one. */
const WAIT_SEC = 3;
/** Past that a number may stand for another datagram: nothing was heard of this one for so long. */
const REUSE_SEC = 2;
const WAYS$1 = 16;
const SLOTS$2 = 1024;
/** Words of a slot. HELD: the newest of the fragments that wait for the first one (`mem/held-frames.ts`). END: bytes / 8, rounded up; 0: not known yet. ORDER: how many were opened before. */
const SRC$2 = 0;
const DST$2 = 1;
const DATAGRAM = 2;
const REF = 3;
const DEADLINE = 4;
const PORTS = 5;
const SEEN = 6;
const END = 7;
const COVERED = 8;
const HELD = 9;
const ORDER = 10;
const WORDS = 11;
/** The longest datagram, in units of 8 bytes, and in words of bits. */
const UNITS = 8192;
const BIT_WORDS = UNITS / 32;
const FREE$1 = -4;
var Fragments = class {
	/** `seed`: int32, random per process, so that who shares a set is hard to know. `drop`: what was held for the slot whose newest frame this is has no use. */
	constructor(seed, drop = () => {}) {
		this.seed = seed;
		this.drop = drop;
		this.slots = new Int32Array(SLOTS$2 * WORDS);
		this.bits = new Int32Array(SLOTS$2 * BIT_WORDS);
		this.waiting = 0;
		this.opened = 0;
		for (let slot = 0; slot < SLOTS$2; slot++) this.slots[slot * WORDS + REF] = FREE$1;
	}
	/** Slot of the datagram, or -1. `datagram`: identification and protocol (`ipv4.datagram`). Addresses raw. */
	find(src, dst, datagram, now) {
		const { slots } = this;
		const first = this.setOf(src);
		for (let slot = first; slot < first + WAYS$1; slot++) {
			const at = slot * WORDS;
			if (slots[at + SRC$2] !== src || slots[at + DATAGRAM] !== datagram || slots[at + DST$2] !== dst || slots[at + REF] === FREE$1) continue;
			if (slots[at + DEADLINE] > now) return slot;
			this.free(slot);
			return -1;
		}
		return -1;
	}
	/** Slot for a datagram that is not known yet; `ref`: its flow, or one of the values above. -1: there is none for one without a flow. */
	open(src, dst, datagram, ref, now) {
		const slot = this.room(this.setOf(src), ref < 0, now);
		if (slot === -1) return -1;
		const { slots } = this;
		const at = slot * WORDS;
		slots[at + SRC$2] = src;
		slots[at + DST$2] = dst;
		slots[at + DATAGRAM] = datagram;
		slots[at + HELD] = -1;
		slots[at + ORDER] = this.opened;
		this.opened = this.opened + 1 | 0;
		if (ref === -1) this.waiting++;
		this.start(slot, ref, now);
		return slot;
	}
	/** The first fragment has come (again): the datagram is `ref`'s, with these raw ports. */
	become(slot, ref, ports, now) {
		if (this.slots[slot * WORDS + REF] === -1) this.waiting--;
		this.start(slot, ref, now);
		this.slots[slot * WORDS + PORTS] = ports;
	}
	/** Forgets the datagrams of flows: some have ended, and what has the addresses and ports of one of them next is another one. */
	forgetFlows() {
		for (let slot = 0; slot < SLOTS$2; slot++) if (this.slots[slot * WORDS + REF] >= 0) this.free(slot);
	}
	/** Nothing was heard of it for some time, so that its number may stand for another one by now. */
	isStale(slot, now) {
		return now - this.slots[slot * WORDS + SEEN] >= REUSE_SEC;
	}
	ref(slot) {
		return this.slots[slot * WORDS + REF];
	}
	/** Raw ports of the first fragment. */
	ports(slot) {
		return this.slots[slot * WORDS + PORTS];
	}
	/** Newest frame that waits, or -1. */
	held(slot) {
		return this.slots[slot * WORDS + HELD];
	}
	setHeld(slot, frame) {
		this.slots[slot * WORDS + HELD] = frame;
	}
	/** Notes bytes `from` (a multiple of 8) up to `to` of the datagram's payload, after which there are more or, `last`, none. Forgets a datagram that is complete. */
	cover(slot, from, to, last, now) {
		const { slots } = this;
		const at = slot * WORDS;
		const first = from >> 3;
		const after = to + 7 >> 3;
		const end = slots[at + END];
		const seen = this.count(slot, first, after);
		slots[at + SEEN] = now;
		if (seen === after - first && (!last || end === after)) return 1;
		if (seen !== 0 || end !== 0 && (last || after > end) || last && this.count(slot, after, UNITS) !== 0) {
			slots[at + REF] = -3;
			return 2;
		}
		this.mark(slot, first, after);
		slots[at + COVERED] = slots[at + COVERED] + after - first;
		if (last) slots[at + END] = after;
		if (slots[at + COVERED] === slots[at + END]) this.free(slot);
		return 0;
	}
	/** Forgets datagrams whose first fragment has not come in time. Once a second. */
	expire(now) {
		for (let slot = 0; this.waiting > 0 && slot < SLOTS$2; slot++) {
			const at = slot * WORDS;
			if (this.slots[at + REF] === -1 && this.slots[at + DEADLINE] <= now) this.free(slot);
		}
	}
	/** Whether `expire` has something to wait for. */
	get isWaiting() {
		return this.waiting > 0;
	}
	start(slot, ref, now) {
		const { slots } = this;
		const at = slot * WORDS;
		slots[at + REF] = ref;
		slots[at + DEADLINE] = now + (ref === -1 ? WAIT_SEC : FRAGMENT_SEC);
		slots[at + SEEN] = now;
		slots[at + PORTS] = 0;
		slots[at + END] = 0;
		slots[at + COVERED] = 0;
		this.bits.fill(0, slot * BIT_WORDS, (slot + 1) * BIT_WORDS);
	}
	free(slot) {
		const at = slot * WORDS;
		if (this.slots[at + REF] === -1) this.waiting--;
		this.slots[at + REF] = FREE$1;
		const held = this.slots[at + HELD];
		this.slots[at + HELD] = -1;
		if (held !== -1) this.drop(held);
	}
	/** A free slot of the set, made so if need be. `withoutFlow`: none that is of a flow is to go for it. */
	room(first, withoutFlow, now) {
		const { slots } = this;
		let lesser = -1;
		for (let slot = first; slot < first + WAYS$1; slot++) {
			const at = slot * WORDS;
			const ref = slots[at + REF];
			if (ref === FREE$1) return slot;
			if (slots[at + DEADLINE] <= now) lesser = slot;
			else if (ref < 0 && (lesser === -1 || this.isOlder(slot, lesser))) lesser = slot;
		}
		if (lesser === -1 && !withoutFlow) lesser = this.ofWhoHasMost(first);
		if (lesser !== -1) this.free(lesser);
		return lesser;
	}
	isOlder(a, b) {
		return (this.slots[a * WORDS + ORDER] - this.slots[b * WORDS + ORDER] | 0) < 0;
	}
	/** In a full set, the oldest datagram of the source that has most of them there. */
	ofWhoHasMost(first) {
		const { slots } = this;
		let found = first;
		let most = 0;
		for (let slot = first; slot < first + WAYS$1; slot++) {
			let same = 0;
			for (let other = first; other < first + WAYS$1; other++) if (slots[other * WORDS + SRC$2] === slots[slot * WORDS + SRC$2]) same++;
			if (same < most || same === most && !this.isOlder(slot, found)) continue;
			most = same;
			found = slot;
		}
		return found;
	}
	/** How many of the units `from` to `to` have been seen. */
	count(slot, from, to) {
		let n = 0;
		for (let word = from >> 5; word << 5 < to; word++) n += ones(this.bits[slot * BIT_WORDS + word] & within(word, from, to));
		return n;
	}
	mark(slot, from, to) {
		for (let word = from >> 5; word << 5 < to; word++) {
			const at = slot * BIT_WORDS + word;
			this.bits[at] = this.bits[at] | within(word, from, to);
		}
	}
	/** First slot of the set. */
	setOf(src) {
		const h = Math.imul(src ^ this.seed, 2654435761);
		return (Math.imul(h ^ h >>> 15, 2246822507) >>> 26) * WAYS$1;
	}
};
/** The bits of word `word` that stand for units `from` to `to`. */
function within(word, from, to) {
	const low = Math.max(from - (word << 5), 0);
	const high = Math.min(to - (word << 5), 32);
	return (high === 32 ? -1 : (1 << high) - 1) & -1 << low;
}
/** Bits that are set. */
function ones(word) {
	let n = word - (word >>> 1 & 1431655765);
	n = (n & 858993459) + (n >>> 2 & 858993459);
	return Math.imul(n + (n >>> 4) & 252645135, 16843009) >>> 24;
}
// src/table/limit-options.ts
/** New flows: more than anybody is known to open for a good reason, and so few that a table of the default size holds each for seconds, time enough for an answer. */
const DEFAULT_LIMITS = {
	flows: {
		client: 0,
		endpoint: 0,
		port: 0
	},
	newFlowsPerSec: {
		client: 5e4,
		endpoint: 5e4,
		port: 2e5
	}
};
// src/table/pair-map.ts
/**
* Two raw words to one non-negative integer, in typed arrays: local addresses, neighbors, published ports.
* Open addressing, linear probing, at most half full. Looked up on the packet path, changed (and grown) by the control side only.
*/
const EMPTY = -1;
var PairMap = class {
	/** `seed`: int32, random per process. */
	constructor(seed, slots = 64) {
		this.seed = seed;
		this.size = 0;
		this.a = new Int32Array(slots);
		this.b = new Int32Array(slots);
		this.value = new Int32Array(slots).fill(EMPTY);
		this.mask = slots - 1;
	}
	/** The value, or -1. */
	get(a, b) {
		return this.value[this.find(a, b)];
	}
	/** Adds or replaces. `value` >= 0. */
	set(a, b, value) {
		let i = this.find(a, b);
		if (this.value[i] === EMPTY) {
			if ((this.size + 1) * 2 > this.mask) {
				this.grow();
				i = this.find(a, b);
			}
			this.size++;
			this.a[i] = a;
			this.b[i] = b;
		}
		this.value[i] = value;
	}
	delete(a, b) {
		let hole = this.find(a, b);
		if (this.value[hole] === EMPTY) return;
		this.size--;
		for (let i = hole + 1 & this.mask; this.value[i] !== EMPTY; i = i + 1 & this.mask) {
			const home = this.home(this.a[i], this.b[i]);
			if ((i - home & this.mask) < (i - hole & this.mask)) continue;
			this.a[hole] = this.a[i];
			this.b[hole] = this.b[i];
			this.value[hole] = this.value[i];
			hole = i;
		}
		this.value[hole] = EMPTY;
	}
	clear() {
		this.value.fill(EMPTY);
		this.size = 0;
	}
	home(a, b) {
		const h = Math.imul(Math.imul(a ^ this.seed, 2654435761) ^ b, 2246822507);
		return (h ^ h >>> 15) & this.mask;
	}
	find(a, b) {
		let i = this.home(a, b);
		while (this.value[i] !== EMPTY && (this.a[i] !== a || this.b[i] !== b)) i = i + 1 & this.mask;
		return i;
	}
	grow() {
		const { a, b, value } = this;
		const slots = (this.mask + 1) * 2;
		this.a = new Int32Array(slots);
		this.b = new Int32Array(slots);
		this.value = new Int32Array(slots).fill(EMPTY);
		this.mask = slots - 1;
		for (let i = 0; i < value.length; i++) {
			if (value[i] === EMPTY) continue;
			const j = this.find(a[i], b[i]);
			this.a[j] = a[i];
			this.b[j] = b[i];
			this.value[j] = value[i];
		}
	}
};
// src/table/links.ts
/**
* What endpoints may send each other in a network whose endpoints otherwise reach the gateway alone: a client's packets to ports of a server, and the
* answers. Addresses are words (`wire/address-word.ts`), ports in host order. Written by the control side; read on the packet path.
*/
var Links = class {
	/** `seed`: int32, random per process. */
	constructor(seed) {
		this.ports = [];
		this.pairs = new PairMap(seed);
	}
	/** Adds or replaces what the client may reach of the server. */
	set(client, server, ports) {
		this.delete(client, server);
		const free = this.ports.findIndex(({ length }) => length === 0);
		const row = free === -1 ? this.ports.length : free;
		this.ports[row] = Int32Array.from(ports.flatMap(({ proto, first, last }) => [
			proto,
			first,
			last
		]));
		if (ports.length > 0) this.pairs.set(client, server, row);
	}
	/** False when there was nothing. */
	delete(client, server) {
		const row = this.pairs.get(client, server);
		if (row === -1) return false;
		this.ports[row] = /* @__PURE__ */ new Int32Array(0);
		this.pairs.delete(client, server);
		return true;
	}
	/** Whether the client may send to that port of the server. */
	has(client, server, proto, port) {
		const row = this.pairs.get(client, server);
		if (row === -1) return false;
		const ports = this.ports[row];
		for (let i = 0; i < ports.length; i += 3) if (ports[i] === proto && port >= ports[i + 1] && port <= ports[i + 2]) return true;
		return false;
	}
	/** Whether one of the two is the other's client. */
	join(a, b) {
		return this.pairs.get(a, b) !== -1 || this.pairs.get(b, a) !== -1;
	}
};
// src/table/random.ts
/** Cryptographically strong, a block at a time: a call costs some nanoseconds and allocates nothing. */
function secureRandom() {
	const block = /* @__PURE__ */ new Int32Array(4096);
	let next = block.length;
	return () => {
		if (next === block.length) {
			crypto.getRandomValues(block);
			next = 0;
		}
		return block[next++];
	};
}
/** 0..n-1, for n up to 2^16, evenly enough for what is picked. */
function below(random, n) {
	return Math.imul(random() >>> 16, n) >>> 16;
}
/** 0..n-1, for n up to 2^20. */
function belowMany(random, n) {
	return (random() & 2147483647) % n;
}
/** Words of a port: how many flows hold it, with IN_RING; whose it is (inside address and port, raw), while it is in use. The fourth is room. */
const FLOWS = 0;
const ADDRESS = 1;
const INSIDE = 2;
const WORDS_SHIFT = 2;
/** It is in the ring: not in use, or, if it is, to be skipped there. */
const IN_RING = 1 << 30;
/** In place of the flows: it leads to another worker. */
const FOREIGN = -1;
var PortRing = class {
	/** `spread`: what the choice of a worker knows the address by. */
	constructor(proto, address, first, last, random, worker, workers, spread = address) {
		this.proto = proto;
		this.address = address;
		this.first = first;
		this.random = random;
		this.head = 0;
		this.left = 0;
		const range = last - first + 1;
		this.ports = new Int32Array(range << WORDS_SHIFT);
		this.order = new Uint16Array(range);
		for (let port = 0; port < range; port++) {
			const at = port << WORDS_SHIFT;
			if (workerOf(spread, this.portOf(port), workers) === worker) {
				this.order[this.left++] = port;
				this.ports[at + FLOWS] = IN_RING;
			} else this.ports[at + FLOWS] = FOREIGN;
		}
		for (let i = this.left - 1; i > 0; i--) {
			const j = below(random, i + 1);
			const port = this.order[i];
			this.order[i] = this.order[j];
			this.order[j] = port;
		}
	}
	/** Raw. */
	portOf(port) {
		return rawHalf(this.first + port);
	}
	/** Flows that hold the port. */
	flows(port) {
		const word = this.ports[(port << WORDS_SHIFT) + FLOWS];
		return word === FOREIGN ? 0 : word & -1073741825;
	}
	/** No port is in use. Looks at one after the other. */
	isIdle() {
		for (let port = 0; port < this.order.length; port++) if (this.flows(port) > 0) return false;
		return true;
	}
	/** Whether the port is in use, for this inside endpoint. */
	isOf(port, address, inside) {
		const at = port << WORDS_SHIFT;
		return this.ports[at + ADDRESS] === address && this.ports[at + INSIDE] === inside && this.flows(port) > 0;
	}
	/** Inside address that the port is in use for, raw; 0: it is not in use. */
	holder(port) {
		return this.flows(port) > 0 ? this.ports[(port << WORDS_SHIFT) + ADDRESS] : 0;
	}
	/** Inside port that the port is in use for, raw. */
	holderPort(port) {
		return this.ports[(port << WORDS_SHIFT) + INSIDE];
	}
	/** A port not in use, a random one of the half that has rested for longer, to be assigned; -1: there is none. */
	take() {
		while (this.left > 0) {
			const gap = this.at(below(this.random, this.left + 1 >> 1));
			const port = this.order[gap];
			this.order[gap] = this.order[this.head];
			this.head = this.at(1);
			this.left--;
			const at = (port << WORDS_SHIFT) + FLOWS;
			this.ports[at] = this.ports[at] & -1073741825;
			if (this.ports[at] === 0) return port;
		}
		return -1;
	}
	/** This very raw port, if it is not in use, to be assigned; else -1. */
	takeThis(rawPort) {
		const port = rawHalf(rawPort) - this.first;
		return this.ports[(port << WORDS_SHIFT) + FLOWS] === IN_RING ? port : -1;
	}
	/** Any port at all, in use or not. */
	any() {
		return below(this.random, this.order.length);
	}
	/** The port is the inside endpoint's from now on, for one flow, whose ever it was. */
	assign(port, address, inside) {
		const { ports } = this;
		const at = port << WORDS_SHIFT;
		ports[at + FLOWS] = ports[at + FLOWS] & IN_RING | 1;
		ports[at + ADDRESS] = address;
		ports[at + INSIDE] = inside;
	}
	/** One more flow holds a port that is in use. */
	hold(port) {
		const at = (port << WORDS_SHIFT) + FLOWS;
		this.ports[at] = this.ports[at] + 1;
	}
	/** One flow less. Answers whether it was the last; then the port is not in use any more. */
	release(port) {
		const at = (port << WORDS_SHIFT) + FLOWS;
		const word = this.ports[at] - 1;
		const isLast = (word & -1073741825) === 0;
		this.ports[at] = isLast ? IN_RING : word;
		if (word === 0) this.order[this.at(this.left++)] = port;
		return isLast;
	}
	/** Place in `order` of the n-th from the head. */
	at(n) {
		const i = this.head + n;
		return i < this.order.length ? i : i - this.order.length;
	}
};
// src/table/nat-pool.ts
/** Number of a mapping: its ring above, the port's place in the range below. */
const RING_SHIFT = 16;
const PORT_BITS = 65535;
/** Most mappings at a time, all outside addresses together. */
const MAX_MAPPINGS = 1 << 17;
/** At most half full, so that every probe ends; mostly so empty that the first one hits. */
const SLOTS$1 = MAX_MAPPINGS * 2;
/** Rings in use at a time, an outside address and protocol each. */
const MAX_RINGS = 256;
/** Rings that stay though idle: 400 KB each with the default range. */
const RINGS_KEPT = 16;
/** Ports in use that are looked at to find out whether one address has more than half of them. */
const SAMPLES$1 = 64;
var NatPool = class {
	/** Ports `first`..`last` of each outside address, of them those that lead back to this worker; `seed` int32. */
	constructor(first, last, seed, random, worker = 0, workers = 1, addresses) {
		this.first = first;
		this.last = last;
		this.seed = seed;
		this.random = random;
		this.worker = worker;
		this.workers = workers;
		this.addresses = addresses;
		this.used = 0;
		this.rings = [];
		this.slots = new Int32Array(SLOTS$1);
	}
	/**
	* The mapping of the inside endpoint on `outside`, made if need be; one more flow holds it. -1: there is no port left, not even of an address
	* that has too many. Addresses and `port` raw.
	*/
	acquire(proto, inside, port, outside) {
		const at = this.ringOf(proto, outside);
		if (at === -1) return -1;
		const ring = this.rings[at];
		let slot = this.find(at, inside, port);
		const known = this.slots[slot] - 1;
		if (known !== -1) {
			ring.hold(known & PORT_BITS);
			return known;
		}
		if (this.used === MAX_MAPPINGS) return -1;
		let taken = ring.take();
		if (taken === -1) {
			taken = this.tooMuch(ring, inside);
			if (taken === -1) return -1;
			this.vacate(at << RING_SHIFT | taken, ring.holder(taken), ring.holderPort(taken));
			slot = this.find(at, inside, port);
		} else this.used++;
		return this.assign(slot, at, taken, inside, port);
	}
	/** The mapping of the inside endpoint, if it is, or can be, this very port of `outside` (raw); one more flow holds it. Else -1. */
	reacquire(proto, inside, port, outside, outsidePort) {
		const at = this.ringOf(proto, outside);
		if (at === -1) return -1;
		const ring = this.rings[at];
		const slot = this.find(at, inside, port);
		const known = this.slots[slot] - 1;
		if (known !== -1) {
			if (this.portOf(known) !== outsidePort) return -1;
			ring.hold(known & PORT_BITS);
			return known;
		}
		const taken = this.used === MAX_MAPPINGS ? -1 : ring.takeThis(outsidePort);
		if (taken === -1) return -1;
		this.used++;
		return this.assign(slot, at, taken, inside, port);
	}
	/** Whether but one flow holds the mapping. */
	isNew(id) {
		return this.rings[id >>> RING_SHIFT].flows(id & PORT_BITS) === 1;
	}
	/** One flow of the inside endpoint less holds the mapping, if it is that endpoint's still; with the last one its port is free again. */
	release(id, inside, port) {
		const ring = this.rings[id >>> RING_SHIFT];
		const index = id & PORT_BITS;
		if (!ring.isOf(index, inside, port) || !ring.release(index)) return;
		this.vacate(id, inside, port);
		this.used--;
	}
	/** Outside port of a mapping or candidate, raw. */
	portOf(id) {
		return this.rings[id >>> RING_SHIFT].portOf(id & PORT_BITS);
	}
	/** A port of the one address, other than `inside`, that has more than half of them all; -1: there is none. By a vote of random ports (Boyer and Moore's). */
	tooMuch(ring, inside) {
		let found = -1;
		let votes = 0;
		for (let n = 0; n < SAMPLES$1; n++) {
			const port = ring.any();
			const holder = ring.holder(port);
			if (holder === 0) continue;
			if (votes === 0) found = port;
			votes += holder === ring.holder(found) ? 1 : -1;
		}
		if (found === -1 || ring.holder(found) === inside) return -1;
		let ofIt = 0;
		let all = 0;
		for (let n = 0; n < SAMPLES$1; n++) {
			const holder = ring.holder(ring.any());
			if (holder !== 0) all++;
			if (holder === ring.holder(found)) ofIt++;
		}
		return ofIt * 2 > all ? found : -1;
	}
	assign(slot, ring, index, inside, port) {
		const id = ring << RING_SHIFT | index;
		this.slots[slot] = id + 1;
		this.rings[ring].assign(index, inside, port);
		return id;
	}
	/** Index of the ring, made with the first flow that needs it; -1: there are too many. */
	ringOf(proto, outside) {
		for (let i = 0; i < this.rings.length; i++) if (this.rings[i].address === outside && this.rings[i].proto === proto) return i;
		return this.addRing(proto, outside);
	}
	addRing(proto, outside) {
		const { rings } = this;
		const idle = rings.length < RINGS_KEPT ? -1 : rings.findIndex((ring) => ring.isIdle());
		const i = idle === -1 ? rings.length : idle;
		if (i === MAX_RINGS) return -1;
		const { addresses } = this;
		if (i < rings.length) addresses?.release(rings[i].address);
		addresses?.hold(outside);
		const spread = addresses?.spread(outside) ?? outside;
		rings[i] = new PortRing(proto, outside, this.first, this.last, this.random, this.worker, this.workers, spread);
		return i;
	}
	home(ring, inside, port) {
		const h = Math.imul(Math.imul(inside ^ this.seed, 2654435761) ^ port ^ ring << 24, 2246822507);
		return (h ^ h >>> 15) & 262143;
	}
	/** Slot of the mapping, or the empty one where it would go. */
	find(ring, inside, port) {
		const { slots, rings } = this;
		for (let i = this.home(ring, inside, port);; i = i + 1 & 262143) {
			const id = slots[i] - 1;
			if (id === -1 || id >>> RING_SHIFT === ring && rings[ring].isOf(id & PORT_BITS, inside, port)) return i;
		}
	}
	/** Takes out the mapping of this inside endpoint. */
	vacate(id, inside, port) {
		const { slots, rings } = this;
		let hole = this.home(id >>> RING_SHIFT, inside, port);
		while (slots[hole] !== id + 1) hole = hole + 1 & 262143;
		for (let i = hole + 1 & 262143; slots[i] !== 0; i = i + 1 & 262143) {
			const other = slots[i] - 1;
			const its = rings[other >>> RING_SHIFT];
			const home = this.home(other >>> RING_SHIFT, its.holder(other & PORT_BITS), its.holderPort(other & PORT_BITS));
			if ((i - home & 262143) < (i - hole & 262143)) continue;
			slots[hole] = slots[i];
			hole = i;
		}
		slots[hole] = 0;
	}
};
var Networks = class {
	/** `addresses`: where handles of IPv6 addresses are from. */
	constructor(addresses) {
		this.addresses = addresses;
		this.address = /* @__PURE__ */ new Int32Array(256);
		this.mask = /* @__PURE__ */ new Int32Array(256);
		this.gateway = /* @__PURE__ */ new Int32Array(256);
		this.macHi = /* @__PURE__ */ new Int32Array(256);
		this.macLo = /* @__PURE__ */ new Int32Array(256);
		this.hostPort = (/* @__PURE__ */ new Int32Array(256)).fill(-1);
		this.hostDevice = /* @__PURE__ */ new Int32Array(256);
		this.wayIn = /* @__PURE__ */ new Int32Array(256);
		this.wayIn6 = /* @__PURE__ */ new Int32Array(256);
		this.flags = /* @__PURE__ */ new Uint8Array(256);
		this.remotePort = (/* @__PURE__ */ new Int32Array(256)).fill(-1);
		this.vni = /* @__PURE__ */ new Int32Array(256);
		this.mtu = /* @__PURE__ */ new Int32Array(256);
		this.lanPort = (/* @__PURE__ */ new Int32Array(256)).fill(-1);
		this.outside = /* @__PURE__ */ new Int32Array(256);
		this.gateway6 = /* @__PURE__ */ new Int32Array(256);
		this.outside6 = /* @__PURE__ */ new Int32Array(256);
		this.prefixes6 = new Array(256).fill(null);
		this.used = /* @__PURE__ */ new Uint8Array(256);
		this.end = 0;
	}
	/** The network and its IPv4 subnet; without one `address` is 0 and `prefixLength` 32. IPv6: `set6`. */
	set(id, address, prefixLength, gateway, flags, outside) {
		this.address[id] = address;
		this.mask[id] = rawMask(prefixLength);
		this.gateway[id] = gateway;
		this.flags[id] = flags;
		this.outside[id] = outside;
		this.hostPort[id] = -1;
		this.hostDevice[id] = 0;
		this.wayIn[id] = 0;
		this.wayIn6[id] = 0;
		this.remotePort[id] = -1;
		this.lanPort[id] = -1;
		this.gateway6[id] = 0;
		this.outside6[id] = 0;
		this.prefixes6[id] = null;
		this.used[id] = 1;
		if (id >= this.end) this.end = id + 1;
	}
	/** Gives the network an IPv6 subnet. */
	set6(id, prefix, gateway, outside) {
		this.prefixes6[id] = prefix;
		this.gateway6[id] = gateway;
		this.outside6[id] = outside;
	}
	/** Makes an overlay network of it. */
	setOverlay(id, remotePort, vni, mtu) {
		this.remotePort[id] = remotePort;
		this.vni[id] = vni;
		this.mtu[id] = mtu;
	}
	/** Devices that the host forwards from, by family. Of others it would say that nothing is sent on. */
	setWaysIn(forwarding, forwarding6) {
		for (let id = 0; id < this.end; id++) {
			const device = this.hostDevice[id];
			this.wayIn[id] = forwarding.includes(device) ? device : 0;
			this.wayIn6[id] = forwarding6.includes(device) ? device : 0;
		}
	}
	/** By which device the host's routing is to think that an endpoint's packet to `address` comes in; 0: the uplink. */
	wayInFor(id, address) {
		return isIpv6(address) ? this.wayIn6[id] : this.wayIn[id];
	}
	clear(id) {
		this.used[id] = 0;
		this.remotePort[id] = -1;
		this.lanPort[id] = -1;
		this.gateway6[id] = 0;
		this.hostPort[id] = -1;
		this.hostDevice[id] = 0;
		this.wayIn[id] = 0;
		this.wayIn6[id] = 0;
		while (this.end > 0 && this.used[this.end - 1] === 0) this.end--;
	}
	/** Address of the gateway of the address's family; 0: the network has no subnet of it. */
	gatewayFor(id, address) {
		return isIpv6(address) ? this.gateway6[id] : this.gateway[id];
	}
	/** Address that what leaves for `address` is given instead of the route's; 0: the route's. */
	outsideFor(id, address) {
		return isIpv6(address) ? this.outside6[id] : this.outside[id];
	}
	/** Whether the address lies in the network's subnet of its family. */
	has(id, address) {
		if (isIpv6(address)) return this.prefixes6[id]?.has(address, this.addresses) ?? false;
		return (address & this.mask[id]) === this.address[id];
	}
	/** Whether the address is the last one of the network, which is for all in it (RFC 919 §7). */
	isBroadcast(id, address) {
		return address === (this.address[id] | ~this.mask[id]);
	}
	/** The network that the address belongs to, or -1. For new flows only: it looks at one after the other. */
	of(address) {
		for (let id = 0; id < this.end; id++) if (this.used[id] === 1 && this.has(id, address)) return id;
		return -1;
	}
};
// src/table/ports.ts
/**
* The dataplane's ports by number: what kind of attachment each is, and the one station behind it that the configuration knows.
* Written by the control side; read by stages.
*/
const MAX_PORTS = 1024;
var Ports = class {
	/** Memory for `kind`, `address` and `address6`, MAX_PORTS zeros each; default: its own. */
	constructor(kind = new Uint8Array(MAX_PORTS), address = new Int32Array(MAX_PORTS), address6 = new Int32Array(MAX_PORTS)) {
		this.macHi = new Int32Array(MAX_PORTS);
		this.macLo = new Int32Array(MAX_PORTS);
		this.end = 0;
		this.network = new Uint8Array(MAX_PORTS);
		this.uplink = -1;
		this.kind = kind;
		this.address = address;
		this.address6 = address6;
	}
	set(port, kind, macHi, macLo, address, network, address6 = 0) {
		this.kind[port] = kind;
		this.network[port] = network;
		this.macHi[port] = macHi;
		this.macLo[port] = macLo;
		this.address[port] = address;
		this.address6[port] = address6;
		if (port >= this.end) this.end = port + 1;
		if (kind === 1) this.uplink = port;
	}
	clear(port) {
		if (this.uplink === port) this.uplink = -1;
		this.kind[port] = 0;
		while (this.end > 0 && this.kind[this.end - 1] === 0) this.end--;
	}
};
const NO_NODES$1 = [];
var Remotes = class {
	constructor(addresses, random) {
		this.addresses = addresses;
		this.size = 0;
		this.members = /* @__PURE__ */ new Map();
		this.lists = /* @__PURE__ */ new Map();
		this.freeEndpoints = [];
		this.freeNodes = [];
		this.usedEndpoints = 0;
		this.usedNodes = 0;
		const column = () => /* @__PURE__ */ new Int32Array(64);
		this.node = column();
		this.network = column();
		this.macHi = column();
		this.macLo = column();
		this.address = column();
		this.address6 = column();
		this.nodeAddress = column();
		this.endpointsOf = column();
		this.counts = /* @__PURE__ */ new Float64Array(320);
		this.byMac = new PairMap(random());
		this.byAddress = new PairMap(random());
		this.byNode = new PairMap(random());
	}
	/** The endpoint with that MAC in the network, or NOBODY. */
	ofMac(hi, lo, network) {
		return this.byMac.get(fdbKey(hi, network), lo);
	}
	/** The endpoint with that address in the network, or NOBODY. */
	ofAddress(address, network) {
		return this.byAddress.get(address, network);
	}
	/** The node with that address in the underlay, or NOBODY. */
	ofNode(address) {
		return this.byNode.get(address, 0);
	}
	/** Nodes that have endpoints in the network. */
	nodesOf(network) {
		return this.lists.get(network) ?? NO_NODES$1;
	}
	/** Nodes by number, for people: address and number of endpoints. */
	*nodes() {
		for (let node = 0; node < this.usedNodes; node++) if (this.endpointsOf[node] > 0) yield {
			node,
			address: this.nodeAddress[node],
			endpoints: this.endpointsOf[node]
		};
	}
	count(node, what, n) {
		const at = node * 5 + what;
		this.counts[at] = this.counts[at] + n;
	}
	/**
	* Adds an endpoint, or replaces the one with that MAC; answers as `delete`. The caller holds each address for us, once: it is released with the
	* endpoint. NO_ADDRESS: it has none of that family.
	*/
	set(network, hi, lo, ipv4, ipv6, nodeAddress) {
		const gone = this.delete(network, hi, lo);
		const node = this.takeNode(nodeAddress);
		const id = this.freeEndpoints.pop() ?? this.usedEndpoints++;
		if (id >= this.node.length) this.growEndpoints();
		this.node[id] = node;
		this.network[id] = network;
		this.macHi[id] = hi;
		this.macLo[id] = lo;
		this.address[id] = ipv4;
		this.address6[id] = ipv6;
		this.byMac.set(fdbKey(hi, network), lo, id);
		for (const word of [ipv4, ipv6]) if (word !== 0) this.byAddress.set(word, network, id);
		this.size++;
		const members = this.members.get(network) ?? /* @__PURE__ */ new Map();
		const others = members.get(node) ?? 0;
		members.set(node, others + 1);
		this.members.set(network, members);
		if (others === 0) this.lists.set(network, [...members.keys()]);
		return gone === nodeAddress ? 0 : gone;
	}
	/** Address of the node that is gone with the endpoint, or NO_ADDRESS; nothing happens when there is no such endpoint. */
	delete(network, hi, lo) {
		const id = this.ofMac(hi, lo, network);
		return id === -1 ? 0 : this.remove(id);
	}
	/** All endpoints of the network are gone; addresses of the nodes that are gone with them. */
	clearNetwork(network) {
		const gone = [];
		for (let id = 0; id < this.usedEndpoints; id++) {
			if (this.network[id] !== network || this.ofMac(this.macHi[id], this.macLo[id], network) !== id) continue;
			const node = this.remove(id);
			if (node !== 0) gone.push(node);
		}
		return gone;
	}
	remove(id) {
		const { addresses } = this;
		const network = this.network[id];
		const node = this.node[id];
		this.byMac.delete(fdbKey(this.macHi[id], network), this.macLo[id]);
		for (const word of [this.address[id], this.address6[id]]) {
			if (word !== 0 && this.byAddress.get(word, network) === id) this.byAddress.delete(word, network);
			addresses.release(word);
		}
		this.freeEndpoints.push(id);
		this.size--;
		const members = this.members.get(network);
		const left = members.get(node) - 1;
		if (left > 0) members.set(node, left);
		else {
			members.delete(node);
			this.lists.set(network, [...members.keys()]);
		}
		if (members.size === 0) {
			this.members.delete(network);
			this.lists.delete(network);
		}
		return this.giveNode(node);
	}
	takeNode(address) {
		let node = this.ofNode(address);
		if (node === -1) {
			node = this.freeNodes.pop() ?? this.usedNodes++;
			if (node >= this.nodeAddress.length) this.growNodes();
			this.nodeAddress[node] = address;
			this.endpointsOf[node] = 0;
			this.counts.fill(0, node * 5, (node + 1) * 5);
			this.byNode.set(address, 0, node);
		}
		this.endpointsOf[node] = this.endpointsOf[node] + 1;
		return node;
	}
	giveNode(node) {
		const address = this.nodeAddress[node];
		this.endpointsOf[node] = this.endpointsOf[node] - 1;
		const isGone = this.endpointsOf[node] === 0;
		if (isGone) {
			this.byNode.delete(address, 0);
			this.freeNodes.push(node);
		}
		this.addresses.release(address);
		return isGone ? address : 0;
	}
	growEndpoints() {
		const twice = (column) => {
			const grown = new Int32Array(column.length * 2);
			grown.set(column);
			return grown;
		};
		this.node = twice(this.node);
		this.network = twice(this.network);
		this.macHi = twice(this.macHi);
		this.macLo = twice(this.macLo);
		this.address = twice(this.address);
		this.address6 = twice(this.address6);
	}
	growNodes() {
		const { nodeAddress, endpointsOf, counts } = this;
		this.nodeAddress = new Int32Array(nodeAddress.length * 2);
		this.nodeAddress.set(nodeAddress);
		this.endpointsOf = new Int32Array(endpointsOf.length * 2);
		this.endpointsOf.set(endpointsOf);
		this.counts = new Float64Array(counts.length * 2);
		this.counts.set(counts);
	}
};
// src/wire/route-answer.ts
function isRefused(source) {
	return (source & 255) === 0;
}
const SLOTS = 4096;
const SLOTS6 = 2048;
const WAY = 4;
const ENDS = 8;
const PROTO = ENDS;
const ANSWER = 9;
const SECOND = 10;
const WAY6 = 11;
var Routes = class {
	/** `addresses`: where handles are from. Without a `routing` there is no way anywhere. `seed`: int32, random per process. */
	constructor(addresses, routing, seed) {
		this.addresses = addresses;
		this.routing = routing;
		this.seed = seed;
		this.uplink = 0;
		this.slots = new Int32Array(SLOTS * WAY);
		this.slots6 = new Int32Array(SLOTS6 * WAY6);
		this.ends = new Int32Array(ENDS);
		this.refused = [];
		this.exact = false;
	}
	/** The host has changed. */
	change(refused, exact) {
		this.refused = refused;
		this.exact = exact;
		this.slots.fill(0);
		for (let at = ANSWER; at < this.slots6.length; at += WAY6) this.addresses.release(this.slots6[at]);
		this.slots6.fill(0);
	}
	/**
	* The source that the host gives to what it sends on for `src`, which comes in by device `ingress` (0: the uplink), or a REFUSED_*. A handle holds
	* until the end of the batch. `now` in seconds.
	*/
	via(src, dst, proto, ports, ingress, now) {
		const { routing, slots } = this;
		if (routing === void 0) return 0;
		const wayIn = ingress === 0 ? this.uplink : ingress;
		if (isIpv6(dst)) return this.via6(routing, src, dst, proto, ports, wayIn, now);
		const at = this.slot(src, dst);
		if (slots[at] === src && slots[at + 1] === dst && slots[at + 3] > now - 10 && !this.exact) return slots[at + 2];
		const answer = this.allowed(routing, src, routing.ask(src, dst, proto, ports, wayIn));
		slots[at] = src;
		slots[at + 1] = dst;
		slots[at + 2] = answer;
		slots[at + 3] = now;
		return answer;
	}
	/** The host's own address towards `dst`. */
	sourceTo(dst, now) {
		return this.via(0, dst, 0, 0, 0, now);
	}
	via6(routing, src, dst, proto, ports, wayIn, now) {
		const { addresses, ends, slots6 } = this;
		if (src === 0) ends.fill(0, 0, 4);
		else addresses.copy(src, ends, 0);
		addresses.copy(dst, ends, 4);
		const at = ((addresses.hash(ends, 0) ^ Math.imul(addresses.hash(ends, 4) + proto, 2654435761)) & 2047) * WAY6;
		if (this.isKept(at, proto) && slots6[at + SECOND] > now - 10 && !this.exact) return slots6[at + ANSWER];
		const said = this.allowed(routing, src, routing.ask6(ends, proto, ports, wayIn));
		const handle = said === 1 ? addresses.intern(routing.source6, 0) : said;
		const answer = handle === 0 ? 0 : handle;
		addresses.hold(answer);
		addresses.release(slots6[at + ANSWER]);
		slots6.set(ends, at);
		slots6[at + PROTO] = proto;
		slots6[at + ANSWER] = answer;
		slots6[at + SECOND] = now;
		return answer;
	}
	isKept(at, proto) {
		const { ends, slots6 } = this;
		for (let k = 0; k < ENDS; k++) if (slots6[at + k] !== ends[k]) return false;
		return slots6[at + PROTO] === proto;
	}
	/** The host itself goes everywhere. */
	allowed(routing, src, said) {
		return src === 0 || isRefused(said) || !this.refused.includes(routing.device) ? said : 0;
	}
	slot(src, dst) {
		const h = Math.imul(dst ^ this.seed, 2654435761) ^ Math.imul(src, 2246822507);
		return ((h ^ h >>> 15) & 4095) * WAY;
	}
};
// src/wire/drop.ts
/**
* Why a frame goes no further: one small integer a reason, with a name for people and a counter a port (`engine/counters.ts`).
* DROP_NONE is no reason. Append only: the numbers index counters.
*/
const NAMES = [
	"none",
	"truncated",
	"oversize",
	"vnet-header",
	"source-group",
	"same-port",
	"flood-alone",
	"not-ip",
	"ip-header",
	"ip-fragment",
	"l4-header",
	"protocol",
	"source-spoofed",
	"source-refused",
	"no-flow",
	"not-syn",
	"icmp-type",
	"ttl-exceeded",
	"no-route",
	"table-full",
	"no-port",
	"port-gone",
	"tx-full",
	"tx-error",
	"isolated",
	"rx-error",
	"bad-checksum",
	"source-mac-spoofed",
	"arp-spoofed",
	"rogue-router",
	"quote-spoofed",
	"wrong-port",
	"reserved-group",
	"not-for-host",
	"ip-checksum",
	"csum-place",
	"vlan-depth",
	"limit-client",
	"limit-endpoint",
	"limit-port",
	"limit-target-ports",
	"unreachable",
	"prohibited",
	"blackhole",
	"ipv6-chain",
	"ipv6-routing",
	"untranslatable",
	"fragment-alone",
	"fragment-overlap",
	"fragment-repeated",
	"sctp-fragment",
	"too-long",
	"over-rate",
	"vxlan-outer",
	"vxlan-flags",
	"vxlan-vni",
	"vxlan-node",
	"vxlan-runt",
	"vxlan-source",
	"vxlan-congested",
	"split-horizon",
	"unknown-station",
	"no-target"
];
function reason(name) {
	return NAMES.indexOf(name);
}
const DROP_NONE = reason("none");
const DROP_TRUNCATED = reason("truncated");
const DROP_OVERSIZE = reason("oversize");
const DROP_VNET_HEADER = reason("vnet-header");
const DROP_SOURCE_GROUP = reason("source-group");
const DROP_SAME_PORT = reason("same-port");
const DROP_FLOOD_ALONE = reason("flood-alone");
const DROP_NOT_IP = reason("not-ip");
const DROP_IP_HEADER = reason("ip-header");
const DROP_IP_FRAGMENT = reason("ip-fragment");
const DROP_L4_HEADER = reason("l4-header");
const DROP_PROTOCOL = reason("protocol");
const DROP_SOURCE_SPOOFED = reason("source-spoofed");
const DROP_SOURCE_REFUSED = reason("source-refused");
const DROP_NO_FLOW = reason("no-flow");
const DROP_NOT_SYN = reason("not-syn");
const DROP_ICMP_TYPE = reason("icmp-type");
const DROP_TTL_EXCEEDED = reason("ttl-exceeded");
const DROP_NO_ROUTE = reason("no-route");
const DROP_TABLE_FULL = reason("table-full");
const DROP_NO_PORT = reason("no-port");
const DROP_PORT_GONE = reason("port-gone");
const DROP_TX_FULL = reason("tx-full");
const DROP_TX_ERROR = reason("tx-error");
const DROP_ISOLATED = reason("isolated");
const DROP_RX_ERROR = reason("rx-error");
const DROP_BAD_CHECKSUM = reason("bad-checksum");
const DROP_SOURCE_MAC_SPOOFED = reason("source-mac-spoofed");
const DROP_ARP_SPOOFED = reason("arp-spoofed");
const DROP_ROGUE_ROUTER = reason("rogue-router");
const DROP_QUOTE_SPOOFED = reason("quote-spoofed");
const DROP_WRONG_PORT = reason("wrong-port");
const DROP_RESERVED_GROUP = reason("reserved-group");
const DROP_NOT_FOR_HOST = reason("not-for-host");
const DROP_IP_CHECKSUM = reason("ip-checksum");
const DROP_CSUM_PLACE = reason("csum-place");
const DROP_VLAN_DEPTH = reason("vlan-depth");
const DROP_LIMIT_CLIENT = reason("limit-client");
const DROP_LIMIT_ENDPOINT = reason("limit-endpoint");
const DROP_LIMIT_PORT = reason("limit-port");
const DROP_LIMIT_TARGET_PORTS = reason("limit-target-ports");
const DROP_UNREACHABLE = reason("unreachable");
const DROP_PROHIBITED = reason("prohibited");
const DROP_BLACKHOLE = reason("blackhole");
const DROP_IPV6_CHAIN = reason("ipv6-chain");
const DROP_IPV6_ROUTING = reason("ipv6-routing");
const DROP_UNTRANSLATABLE = reason("untranslatable");
const DROP_FRAGMENT_ALONE = reason("fragment-alone");
const DROP_FRAGMENT_OVERLAP = reason("fragment-overlap");
const DROP_FRAGMENT_REPEATED = reason("fragment-repeated");
const DROP_SCTP_FRAGMENT = reason("sctp-fragment");
const DROP_TOO_LONG = reason("too-long");
const DROP_OVER_RATE = reason("over-rate");
const DROP_VXLAN_OUTER = reason("vxlan-outer");
const DROP_VXLAN_FLAGS = reason("vxlan-flags");
const DROP_VXLAN_VNI = reason("vxlan-vni");
const DROP_VXLAN_NODE = reason("vxlan-node");
const DROP_VXLAN_RUNT = reason("vxlan-runt");
const DROP_VXLAN_SOURCE = reason("vxlan-source");
const DROP_VXLAN_CONGESTED = reason("vxlan-congested");
const DROP_SPLIT_HORIZON = reason("split-horizon");
const DROP_UNKNOWN_STATION = reason("unknown-station");
const DROP_NO_TARGET = reason("no-target");
const DROP_REASONS = NAMES.length;
/** The name of a protocol that has ports, or undefined. */
function protoName(proto) {
	return proto === 6 ? "tcp" : proto === 17 ? "udp" : proto === 132 ? "sctp" : void 0;
}
const TOTAL_LENGTH$1 = 2;
const IDENTIFICATION$1 = 4;
const FRAGMENT$2 = 6;
const TTL$2 = 8;
const PROTOCOL = 9;
const CHECKSUM$3 = 10;
const SRC$1 = 12;
const DST$1 = 16;
/** DF, MF and fragment offset as raw half masks. */
const RAW_DF = 64;
const RAW_MF = 32;
const RAW_OFFSET = 65311;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_COPIED = 128;
/** DROP_NONE if `len` bytes at `off` start with a header whose IHL and total length fit into them. */
function check$6(bytes, off, len) {
	if (len < 20) return DROP_TRUNCATED;
	const first = bytes[off];
	const headerLen = (first & 15) << 2;
	if (first >> 4 !== 4 || headerLen < 20) return DROP_IP_HEADER;
	const total = totalLength$1(bytes, off);
	if (total < headerLen) return DROP_IP_HEADER;
	return total > len ? DROP_TRUNCATED : DROP_NONE;
}
/** Whether the header checksum is right. */
function checksumOk$2(bytes, halves, off) {
	return sum(halves, bytes, off, headerSize(bytes, off)) === 65535;
}
/** Bytes, options included. */
function headerSize(bytes, off) {
	return (bytes[off] & 15) << 2;
}
function totalLength$1(bytes, off) {
	return bytes[off + TOTAL_LENGTH$1] << 8 | bytes[off + TOTAL_LENGTH$1 + 1];
}
function ttl$2(bytes, off) {
	return bytes[off + TTL$2];
}
function protocol(bytes, off) {
	return bytes[off + PROTOCOL];
}
/** First fragment of several, or a later one. */
function isFragment$1(halves, off) {
	return (halves[off + FRAGMENT$2 >> 1] & 65343) !== 0;
}
/** A fragment other than the first: it has no layer-4 header. */
function isLaterFragment$1(halves, off) {
	return (halves[off + FRAGMENT$2 >> 1] & RAW_OFFSET) !== 0;
}
/** Where the fragment's payload lies in the datagram's, in bytes: a multiple of 8. */
function fragmentOffset$1(halves, off) {
	return (rawHalf(halves[off + FRAGMENT$2 >> 1]) & 8191) << 3;
}
/** A fragment other than the last. */
function hasMoreFragments(halves, off) {
	return (halves[off + FRAGMENT$2 >> 1] & RAW_MF) !== 0;
}
function tos(bytes, off) {
	return bytes[off + 1];
}
/** Raw half. */
function identification$1(halves, off) {
	return halves[off + IDENTIFICATION$1 >> 1];
}
/** DONT_FRAGMENT, MORE_FRAGMENTS and the fragment's offset in 8 bytes, host order. */
function fragmentPlace(halves, off) {
	return rawHalf(halves[off + FRAGMENT$2 >> 1]);
}
/** Whether a router may fragment it. */
function mayFragment$1(halves, off) {
	return (halves[off + FRAGMENT$2 >> 1] & RAW_DF) === 0;
}
/**
* Makes the header that of the fragment which begins `done` bytes into the data of a datagram, or of a fragment, whose `fragmentPlace` is `place`;
* `total` bytes long; `more`: others follow. A last one of a fragment has more behind it if that had.
*/
function setFragment$1(bytes, halves, off, total, place, done, more) {
	halves[off + TOTAL_LENGTH$1 >> 1] = rawHalf(total);
	halves[off + FRAGMENT$2 >> 1] = rawHalf(place + (done >> 3) | (more ? MORE_FRAGMENTS : 0));
	fillChecksum$3(bytes, halves, off);
}
/** Of a header of `size` bytes: options that belong into the first fragment alone become "no operation" (RFC 791 §3.1, the copied flag). */
function dropOptionsOfFirst(bytes, off, size) {
	for (let at = off + 20; at < off + size;) {
		const kind = bytes[at];
		if (kind === OPTION_END) return;
		const length = kind === OPTION_NOP ? 1 : Math.max(2, bytes[at + 1]);
		if ((kind & OPTION_COPIED) === 0) bytes.fill(OPTION_NOP, at, Math.min(at + length, off + size));
		at += length;
	}
}
/** What tells the datagrams between two addresses apart: identification, raw, and protocol above it. */
function datagram(bytes, halves, off) {
	return halves[off + IDENTIFICATION$1 >> 1] | protocol(bytes, off) << 16;
}
function src(words, off) {
	return words[off + SRC$1 >> 2];
}
function dst(words, off) {
	return words[off + DST$1 >> 2];
}
/** 224.0.0.0/4 (RFC 5771); `address` raw. */
function isMulticast$1(address) {
	return (address & 240) === 224;
}
/** Writes both addresses; the checksum is the caller's. */
function putAddresses(words, off, src, dst) {
	words[off + SRC$1 >> 2] = src;
	words[off + DST$1 >> 2] = dst;
}
/** Writes both addresses, and the checksum by the delta of the exchange (RFC 1624). */
function setAddresses$1(words, halves, off, src, dst, delta) {
	putAddresses(words, off, src, dst);
	const c = off + CHECKSUM$3 >> 1;
	halves[c] = update$1(halves[c], delta);
}
/** Delta of a TTL less one: in the raw half TTL/protocol that is a difference of 1; this is its one's complement. */
const TTL_DELTA = 65534;
/** TTL less one, checksum too. Precondition: TTL > 0. */
function decrementTtl$1(bytes, halves, off) {
	bytes[off + TTL$2] = bytes[off + TTL$2] - 1;
	const c = off + CHECKSUM$3 >> 1;
	halves[c] = update$1(halves[c], TTL_DELTA);
}
/** Takes DF off, checksum too. */
function allowFragments(halves, off) {
	const f = off + FRAGMENT$2 >> 1;
	if ((halves[f] & RAW_DF) === 0) return;
	halves[f] = halves[f] & -65;
	const c = off + CHECKSUM$3 >> 1;
	halves[c] = update$1(halves[c], 65471);
}
function firstByteOf(firstWord) {
	return firstWord & 255;
}
function tosOf(firstWord) {
	return firstWord >>> 8 & 255;
}
function isFragmentOf(secondWord) {
	return (secondWord >>> 16 & 65343) !== 0;
}
function mayFragmentOf(secondWord) {
	return (secondWord >>> 16 & RAW_DF) === 0;
}
function totalLengthOf(firstWord) {
	return firstWord >>> 8 & 65280 | firstWord >>> 24;
}
function ttlOf(thirdWord) {
	return thirdWord & 255;
}
function protocolOf(thirdWord) {
	return thirdWord >>> 8 & 255;
}
/** Sum of the halves of a header without options, given its five words; not folded. */
function sumOf(first, second, third, src, dst) {
	return (first & 65535) + (first >>> 16) + (second & 65535) + (second >>> 16) + (third & 65535) + (third >>> 16) + (src & 65535) + (src >>> 16) + (dst & 65535) + (dst >>> 16);
}
/** Whether the checksum of a header without options is right, given its five words. */
function isSumOf(first, second, third, src, dst) {
	const sum = (first & 65535) + (first >>> 16) + (second & 65535) + (second >>> 16) + (third & 65535) + (third >>> 16) + (src & 65535) + (src >>> 16) + (dst & 65535) + (dst >>> 16);
	return (sum & 65535) + (sum >>> 16) === 65535;
}
/** The third word with `hops` off the TTL, and the checksum after `delta`, which must count the TTL too. */
function thirdWordAfter(thirdWord, hops, delta) {
	return thirdWord - hops & 65535 | update$1(thirdWord >>> 16, delta) << 16;
}
/** `total`: bytes, header included. */
function setTotalLength(bytes, halves, off, total) {
	halves[off + TOTAL_LENGTH$1 >> 1] = rawHalf(total);
	fillChecksum$3(bytes, halves, off);
}
/** Computes and writes the header checksum. */
function fillChecksum$3(bytes, halves, off) {
	const c = off + CHECKSUM$3 >> 1;
	halves[c] = 0;
	halves[c] = ~sum(halves, bytes, off, headerSize(bytes, off)) & 65535;
}
/** Writes a 20-byte header without options: identification 0, DF set, checksum filled. Addresses raw. */
function emit$3(bytes, halves, words, off, total, timeToLive, proto, src, dst) {
	bytes[off] = 69;
	bytes[off + 1] = 0;
	halves[off + TOTAL_LENGTH$1 >> 1] = rawHalf(total);
	words[off + 4 >> 2] = RAW_DF << 16;
	bytes[off + TTL$2] = timeToLive;
	bytes[off + PROTOCOL] = proto;
	words[off + SRC$1 >> 2] = src;
	words[off + DST$1 >> 2] = dst;
	fillChecksum$3(bytes, halves, off);
}
/** Bits of a `fragmentPlace`. */
const DONT_FRAGMENT = 16384;
const MORE_FRAGMENTS = 8192;
/** As `emit`, of any fragment: `id` raw half, `place` as `fragmentPlace` has it. */
function emitFragment$1(words, off, total, serviceType, id, place, timeToLive, proto, src, dst) {
	const first = 69 | serviceType << 8 | rawHalf(total) << 16;
	const second = id | rawHalf(place) << 16;
	const third = timeToLive | proto << 8;
	const w = off >> 2;
	words[w] = first;
	words[w + 1] = second;
	words[w + 2] = third | ~fold(sumOf(first, second, third, src, dst)) << 16;
	words[w + 3] = src;
	words[w + 4] = dst;
}
/** Folded sum of the pseudo header (RFC 9293 §3.1) for `len` bytes of protocol `proto`. */
function pseudoSum$3(words, off, proto, len) {
	const s = src(words, off), d = dst(words, off);
	return fold((s & 65535) + (s >>> 16) + (d & 65535) + (d >>> 16) + rawHalf(proto) + rawHalf(len));
}
const PAYLOAD_LENGTH$1 = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT$2 = 7;
const SRC = 8;
const DST = 24;
/** The least that every link carries in one piece, in bytes (§5). */
const MIN_MTU = 1280;
/** Extension headers by number (IANA, "IPv6 Extension Header Types"). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const AUTHENTICATION = 51;
const DESTINATION = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;
/** More in one packet is no honest traffic; the walk ends. */
const MAX_EXTENSIONS = 8;
/** DROP_NONE if `len` bytes at `off` start with a header whose payload length fits into them. */
function check$5(bytes, halves, off, len) {
	if (len < 40) return DROP_TRUNCATED;
	if (bytes[off] >> 4 !== 6) return DROP_IP_HEADER;
	return 40 + payloadLength(halves, off) > len ? DROP_TRUNCATED : DROP_NONE;
}
/** Bytes behind the header of 40; 0 for a jumbogram (RFC 2675), which no device here has. */
function payloadLength(halves, off) {
	return rawHalf(halves[off + PAYLOAD_LENGTH$1 >> 1]);
}
/** `length`: bytes behind the header of 40. */
function setPayloadLength(halves, off, length) {
	halves[off + PAYLOAD_LENGTH$1 >> 1] = rawHalf(length);
}
function hopLimit(bytes, off) {
	return bytes[off + HOP_LIMIT$2];
}
/** Protocol behind the header, or number of the first extension header. */
function nextHeader(bytes, off) {
	return bytes[off + NEXT_HEADER];
}
/** Precondition: it is above 0. */
function decrementHopLimit(bytes, off) {
	bytes[off + HOP_LIMIT$2] = bytes[off + HOP_LIMIT$2] - 1;
}
/** Writes a header but for its addresses; traffic class and flow label 0. `payload`: bytes behind it. */
function emit$2(bytes, halves, words, off, payload, next, hops) {
	words[off >> 2] = 96;
	halves[off + PAYLOAD_LENGTH$1 >> 1] = rawHalf(payload);
	bytes[off + NEXT_HEADER] = next;
	bytes[off + HOP_LIMIT$2] = hops;
}
/** Class and explicit congestion notification, as TOS is of IPv4. */
function trafficClass(bytes, off) {
	return bytes[off] << 4 & 240 | bytes[off + 1] >> 4;
}
/** Flow label 0. */
function setTrafficClass(bytes, off, value) {
	bytes[off] = 96 | value >> 4;
	bytes[off + 1] = value << 4 & 240;
}
/**
* Writes a fragment header at `at`: protocol, place in the datagram as IPv4 has it (`ipv4.fragmentPlace`, without DF), and identification, a raw half of
* IPv4, in the low-order half (RFC 7915 §4.1).
*/
function emitFragment(bytes, halves, words, at, proto, place, id) {
	bytes[at] = proto;
	bytes[at + 1] = 0;
	halves[at + 2 >> 1] = rawHalf(place << 3 & 65528 | place >> 13);
	words[at + 4 >> 2] = id << 16;
}
/** Says of the fragment header at `at` where its fragment belongs: `offset` in bytes, a multiple of 8. */
function setFragment(halves, at, offset, more) {
	halves[at + 2 >> 1] = rawHalf(offset | (more ? 1 : 0));
}
/** Of the headers from `off` on, says in the last one before `end` that `next` follows; answers what followed. Precondition: `layer4` has walked them. */
function setLastNextHeader(bytes, off, end, next) {
	let field = off + NEXT_HEADER;
	for (let at = off + 40; at < end;) {
		const size = bytes[field] === AUTHENTICATION ? bytes[at + 1] + 2 << 2 : bytes[at + 1] + 1 << 3;
		field = at;
		at += size;
	}
	const before = bytes[field];
	bytes[field] = next;
	return before;
}
/** Folded sum of the pseudo header (§8.1) for `len` bytes of protocol `proto`. */
function pseudoSum$2(words, off, proto, len) {
	let sum = rawHalf(proto) + rawHalf(len);
	const w = off + SRC >> 2;
	for (let k = 0; k < 8; k++) sum += (words[w + k] & 65535) + (words[w + k] >>> 16);
	return fold(sum);
}
/** Bits of its answer: bytes from the IPv6 header to layer 4 (0..14), first of several fragments, protocol. */
const OFFSET_MASK = 32767;
const FIRST_FRAGMENT = 32768;
const PROTO_SHIFT = 16;
/**
* Where the headers before layer 4 end: to be read by `layer4Offset`, `layer4Proto` and `isFirstFragment`; one of the above if that cannot be
* said. `len` bytes at `off`, at most 0x7fff, may be looked at. A packet without its whole chain is none that a host takes (RFC 7112 §5).
*/
function layer4(bytes, halves, off, len) {
	let next = bytes[off + NEXT_HEADER];
	let at = 40;
	let fragment = 0;
	for (let n = 0; n <= MAX_EXTENSIONS; n++) {
		switch (next) {
			case HOP_BY_HOP:
				if (n > 0) return -2;
				break;
			case ROUTING:
			case DESTINATION:
			case MOBILITY:
			case HIP:
			case SHIM6:
			case 44:
			case AUTHENTICATION: break;
			default: return at > len ? -2 : at | fragment | next << PROTO_SHIFT;
		}
		if (at + 8 > len) return -2;
		const header = off + at;
		if (next === ROUTING && bytes[header + 2] === 0) return -3;
		if (next === 44) {
			const word = rawHalf(halves[header + 2 >> 1]);
			if (word >> 3 !== 0) return -1;
			if ((word & 1) !== 0) fragment = FIRST_FRAGMENT;
			at += 8;
		} else at += next === AUTHENTICATION ? bytes[header + 1] + 2 << 2 : bytes[header + 1] + 1 << 3;
		next = bytes[header];
	}
	return -2;
}
function layer4Offset(answer) {
	return answer & OFFSET_MASK;
}
function layer4Proto(answer) {
	return answer >>> PROTO_SHIFT;
}
function isFirstFragment(answer) {
	return (answer & FIRST_FRAGMENT) !== 0;
}
/**
* Offset of the fragment header of the packet at `off` (§4.5), or -1. Precondition: `layer4` has walked the same `len` bytes, and did not answer NO_END.
* The header: next header (8), reserved (8), offset (13), reserved (2), more (1), identification (32).
*/
function fragmentAt$1(bytes, off, len) {
	let next = bytes[off + NEXT_HEADER];
	let at = 40;
	while (at + 8 <= len) {
		const header = off + at;
		switch (next) {
			case 44: return header;
			case HOP_BY_HOP:
			case ROUTING:
			case DESTINATION:
			case MOBILITY:
			case HIP:
			case SHIM6:
				at += bytes[header + 1] + 1 << 3;
				break;
			case AUTHENTICATION:
				at += bytes[header + 1] + 2 << 2;
				break;
			default: return -1;
		}
		next = bytes[header];
	}
	return -1;
}
/** Of the fragment header at `at`: raw word that tells the packets between two addresses apart. */
function identification(words, at) {
	return words[at + 4 >> 2];
}
/** Of the fragment header at `at`: offset in bytes, and whether more follow. */
function fragmentOffset(halves, at) {
	return rawHalf(halves[at + 2 >> 1]) & 65528;
}
function moreFragments(bytes, at) {
	return (bytes[at + 3] & 1) !== 0;
}
/** Offset of the source address. */
function srcAt(off) {
	return off + SRC;
}
function dstAt(off) {
	return off + DST;
}
/** fe80::/10 (RFC 4291 §2.5.6); `at`: of the address. */
function isLinkLocal(bytes, at) {
	return bytes[at] === 254 && (bytes[at + 1] & 192) === 128;
}
function isMulticast(bytes, at) {
	return bytes[at] === 255;
}
/** The unspecified address, "::". */
function isUnspecified(words, at) {
	const w = at >> 2;
	return (words[w] | words[w + 1] | words[w + 2] | words[w + 3]) === 0;
}
/** Whether the address at `at` is the link-local one that comes of the MAC (RFC 4291 Appendix A); `macHi`, `macLo` raw. */
function isLinkLocalOf(halves, at, macHi, macLo) {
	const h = at >> 1;
	return halves[h] === 33022 && (halves[h + 1] | halves[h + 2] | halves[h + 3]) === 0 && halves[h + 4] === (macHi ^ 2) && halves[h + 5] === (macLo & 255 | 65280) && halves[h + 6] === (254 | macLo & 65280) && halves[h + 7] === macLo >>> 16;
}
/** Raw `Hi` and `Lo` (`ethernet.ts`) of the MAC that the link-local address at `at` comes of. Precondition: it has ff:fe in its middle (`hasMac`). */
function macHiOf(halves, at) {
	return halves[(at >> 1) + 4] ^ 2;
}
function macLoOf(bytes, at) {
	return bytes[at + 10] | bytes[at + 13] << 8 | bytes[at + 14] << 16 | bytes[at + 15] << 24;
}
/** Whether the address is a link-local one that comes of a MAC. */
function hasMac(bytes, halves, at) {
	const h = at >> 1;
	return halves[h] === 33022 && (halves[h + 1] | halves[h + 2] | halves[h + 3]) === 0 && bytes[at + 11] === 255 && bytes[at + 12] === 254;
}
/** Of whole words of the header, as in `ipv4.ts`: of the first; of SECOND_WORD, whose lower half is the payload length. */
function isVersion6(firstWord) {
	return (firstWord & 240) === 96;
}
function trafficClassOf(firstWord) {
	return firstWord << 4 & 240 | firstWord >>> 12 & 15;
}
function payloadLengthOf(secondWord) {
	return (secondWord & 255) << 8 | secondWord >>> 8 & 255;
}
function nextHeaderOf(secondWord) {
	return secondWord >>> 16 & 255;
}
function hopLimitOf(secondWord) {
	return secondWord >>> 24;
}
/** The second word with `hops` off the hop limit. */
function secondWordAfter(secondWord, hops) {
	return secondWord - (hops << 24) | 0;
}
const TCP_OFFSET = 12;
const TCP_FLAGS = 13;
const UDP_LENGTH = 4;
/** DROP_NONE if `len` bytes at `off` start with a TCP header that fits into them. */
function checkTcp(bytes, off, len) {
	if (len < 20) return DROP_TRUNCATED;
	const size = tcpHeaderSize(bytes, off);
	return size < 20 || size > len ? DROP_L4_HEADER : DROP_NONE;
}
/** DROP_NONE if `len` bytes at `off` hold a UDP header whose length is at most `longest`. */
function checkUdp(bytes, off, len, longest = len) {
	if (len < 8) return DROP_TRUNCATED;
	const size = udpLength(bytes, off);
	return size < 8 || size > longest ? DROP_L4_HEADER : DROP_NONE;
}
/** Bytes of the datagram, its header among them. */
function udpLength(bytes, off) {
	return bytes[off + UDP_LENGTH] << 8 | bytes[off + UDP_LENGTH + 1];
}
/** Bytes, options included. */
function tcpHeaderSize(bytes, off) {
	return bytes[off + TCP_OFFSET] >> 4 << 2;
}
/** Upper half of the sequence number, raw. */
function tcpSequenceUpper(halves, off) {
	return halves[off + 4 >> 1];
}
/** Upper half of the acknowledgment number, raw. */
function tcpAcknowledgmentUpper(halves, off) {
	return halves[off + 8 >> 1];
}
/** FIN, SYN, RST, ACK and the rest, as one byte. */
function tcpFlags(bytes, off) {
	return bytes[off + TCP_FLAGS];
}
function tcpHeaderSizeOf(flagsWord) {
	return (flagsWord & 240) >> 2;
}
function tcpFlagsOf(flagsWord) {
	return flagsWord >>> 8 & 255;
}
/** The raw sequence number `n` bytes after a raw one. */
function tcpNumberAfter(raw, n) {
	return rawWord(rawWord(raw) + n | 0);
}
/**
* Writes the header of a reset: raw ports and sequence number, no options; `pseudo`: sum of the pseudo header. One that answers a segment without ACK
* acknowledges it (RFC 9293 §3.10.7.1): `flags` then has TCP_ACK.
*/
function emitReset(bytes, halves, words, off, ports, sequence, acknowledgment, flags, pseudo) {
	for (let at = off; at < off + 20; at += 4) words[at >> 2] = 0;
	words[off >> 2] = ports;
	words[off + 4 >> 2] = sequence;
	words[off + 8 >> 2] = acknowledgment;
	bytes[off + TCP_OFFSET] = 80;
	bytes[off + TCP_FLAGS] = flags;
	halves[off + 16 >> 1] = ~fold(pseudo + sum(halves, bytes, off, 20));
}
/** Raw ports word. */
function ports(words, off) {
	return words[off >> 2];
}
function setPorts$1(words, off, ports) {
	words[off >> 2] = ports;
}
/** Applies deltas to the TCP checksum. A partial one covers the pseudo header alone, so only the addresses' delta counts. */
function updateTcpChecksum(halves, off, partial, addressDelta, allDelta) {
	const c = off + 16 >> 1;
	halves[c] = partial ? updatePartial(halves[c], addressDelta) : update$1(halves[c], allDelta);
}
/** The same for UDP, where 0 means "no checksum" and stays 0, and a result of 0 is sent as 0xffff (RFC 768). */
function updateUdpChecksum(halves, off, partial, addressDelta, allDelta) {
	const c = off + 6 >> 1;
	const old = halves[c];
	if (partial) halves[c] = updatePartial(old, addressDelta);
	else if (old !== 0) halves[c] = update$1(old, allDelta) || 65535;
}
/** Source ports are of the dynamic range (§5, RFC 6335 §6): the first, and how many bits of a hash pick one. */
const FIRST_SOURCE_PORT = 49152;
const FLAGS$1 = 0;
const VNI = 4;
const FLAG_I = 8;
/** DROP_NONE if the `len` bytes at `off` start with a valid header, else the reason to drop. */
function check$4(bytes, off, len) {
	if (len < 8) return DROP_TRUNCATED;
	return (bytes[off + FLAGS$1] & FLAG_I) !== 0 ? DROP_NONE : DROP_VXLAN_FLAGS;
}
/** Network identifier, 0..2^24-1. */
function vni(bytes, off) {
	return bytes[off + VNI] << 16 | bytes[off + VNI + 1] << 8 | bytes[off + VNI + 2];
}
/** Writes all 8 bytes, reserved ones as zero. `id` is 0..2^24-1. */
function emit$1(bytes, off, id) {
	for (let i = 0; i < 8; i++) bytes[off + i] = 0;
	bytes[off + FLAGS$1] = FLAG_I;
	bytes[off + VNI] = id >>> 16;
	bytes[off + VNI + 1] = id >>> 8;
	bytes[off + VNI + 2] = id;
}
// src/table/tunnel.ts
/**
* The one end of all tunnels that this node is: where it is in the underlay, and which network an identifier stands for. Addresses are words
* (`wire/address-word.ts`). Written by the control side; read by stages.
*/
/** UDP and VXLAN header, and the Ethernet header of the frame inside: what an inner IP packet has before it, besides the outer IP header. */
const REST = 30;
/** Bytes that an underlay of that family must carry beside an inner IP packet: 50, or 70. */
function overheadOf(family) {
	return (family === 4 ? 20 : 40) + REST;
}
var Tunnel = class {
	/** `seed`: int32, random per process. */
	constructor(seed) {
		this.port = -1;
		this.device = 0;
		this.local = 0;
		this.udpPort = 0;
		this.checksum = false;
		this.segments = false;
		this.identification = 0;
		this.networks = new PairMap(seed);
		this.identification = seed & 65535;
	}
	/** The underlay is IPv6. */
	get ipv6() {
		return isIpv6(this.local);
	}
	/** From the outer Ethernet header to the inner one. */
	get overhead() {
		return overheadOf(this.ipv6 ? 6 : 4);
	}
	/** Number of the network with that identifier, or -1. */
	networkOf(vni) {
		return this.networks.get(vni, 0);
	}
	addNetwork(vni, network) {
		this.networks.set(vni, 0, network);
	}
	removeNetwork(vni) {
		this.networks.delete(vni, 0);
	}
};
// src/table/tally.ts
/**
* How much is charged to each of a great many keys, in little memory and whatever the keys are: a count-min sketch of two rows. What it answers
* is never less than the truth, and more only where a key meets others in both rows, which the seed keeps from being aimed at.
* Keys are three words: an address, or an address and what it is charged for.
*/
var Tally = class {
	/** `slots`: of a row, a power of two up to 2^20; `seed`: int32, random per process. */
	constructor(slots, seed) {
		this.seed = seed;
		this.counts = new Int32Array(slots * 2);
		this.mask = slots - 1;
	}
	get(a, b = 0, c = 0) {
		const h = this.hash(a, b, c);
		return Math.min(this.counts[this.slot(h)], this.counts[this.otherSlot(h)]);
	}
	/** Charges `n`, or with a negative `n` takes back what was charged. */
	add(n, a, b = 0, c = 0) {
		const h = this.hash(a, b, c);
		const { counts } = this;
		const i = this.slot(h);
		const j = this.otherSlot(h);
		counts[i] = counts[i] + n;
		counts[j] = counts[j] + n;
	}
	/** Charges one, unless that would be more than `limit`. */
	addUpTo(limit, a, b = 0, c = 0) {
		const h = this.hash(a, b, c);
		const { counts } = this;
		const i = this.slot(h);
		const j = this.otherSlot(h);
		if (Math.min(counts[i], counts[j]) >= limit) return false;
		counts[i] = counts[i] + 1;
		counts[j] = counts[j] + 1;
		return true;
	}
	clear() {
		this.counts.fill(0);
	}
	slot(h) {
		return h & this.mask;
	}
	otherSlot(h) {
		return (Math.imul(h, 668265263) >>> 12 & this.mask) + this.mask + 1;
	}
	hash(a, b, c) {
		let h = Math.imul(a ^ this.seed, 2654435761);
		h = Math.imul(h ^ h >>> 15 ^ b, 2246822507);
		h = Math.imul(h ^ h >>> 13 ^ c, 3266489909);
		return h ^ h >>> 16;
	}
};
/** Bytes of a frame, from its Ethernet header on, that lie in the head and so can be looked at. */
const HEAD_ROOM = 2102;
/** Bit of `mark` above EGRESS_*: an IPv6 packet that may be fragmented, since we stand for its sender. */
const MARK_MAY_FRAGMENT = 65536;
var Batch = class {
	constructor(memory) {
		this.memory = memory;
		this.count = 0;
		this.moved = false;
		const column = () => new Int32Array(memory.slots);
		this.at = column().map((_, i) => headAt(i));
		this.ingress = column();
		this.len = column();
		this.tail = column().fill(-1);
		this.device = column();
		this.egress = column();
		this.kind = column();
		this.src = column();
		this.dst = column();
		this.l4 = column();
		this.proto = column();
		this.ports = column();
		this.flow = column();
		this.hash = column();
		this.reason = column();
		this.mark = column();
		this.returned = column();
		this.routed = column();
		this.node = column();
	}
	/** The next batch: all frames start where they were received. */
	reset() {
		this.moved = false;
		for (let i = 0; i < this.at.length; i++) this.at[i] = headAt(i);
	}
	drop(i, reason) {
		this.egress[i] = -1;
		this.reason[i] = reason;
	}
};
const TYPE_ARP = 1544;
const TYPE_RARP = 13696;
const TYPE_IPV6 = 56710;
/** Tags of IEEE 802.1Q-2018 §9.6: a customer's and a service's, each followed by 2 bytes and the next EtherType. */
const TYPE_C_TAG = 129;
const TYPE_S_TAG = 43144;
const TYPE = 12;
/** 01-80-C2-00-00-0x as `Hi` and, with RESERVED_MASK over it, `Lo`. */
const RESERVED_HI = 32769;
const RESERVED_LO = 194;
const RESERVED_MASK = -251658241;
/** Destination bytes 0..1, raw. */
function dstHi(halves, off) {
	return halves[off >> 1];
}
/** Destination bytes 2..5, raw. */
function dstLo(halves, off) {
	const h = off >> 1;
	return halves[h + 1] | halves[h + 2] << 16;
}
/** Source bytes 0..1, raw. */
function srcHi(halves, off) {
	return halves[(off >> 1) + 3];
}
/** Source bytes 2..5, raw. */
function srcLo(halves, off) {
	const h = off >> 1;
	return halves[h + 4] | halves[h + 5] << 16;
}
/** EtherType, raw half. */
function type(halves, off) {
	return halves[off + TYPE >> 1];
}
/** `type` raw half. */
function setType$1(halves, off, type) {
	halves[off + TYPE >> 1] = type;
}
/** The same from the raw word that ends with it, of a frame at 2 mod 4. */
function typeOf(lastWord) {
	return lastWord >>> 16;
}
/** Destination is a multicast or the broadcast address. */
function isGroup(bytes, off) {
	return (bytes[off] & 1) !== 0;
}
/** Destination is one of the sixteen addresses that a bridge never forwards (IEEE 802.1D-2004 §7.12.6): BPDU, PAUSE, LACP, LLDP and the like. */
function isReservedGroup(halves, off) {
	return dstHi(halves, off) === RESERVED_HI && (dstLo(halves, off) & RESERVED_MASK) === RESERVED_LO;
}
/** Whether the EtherType says that a VLAN tag follows. VLAN 0, a mere priority, is what a host takes for no tag at all. */
function isTag(type) {
	return type === TYPE_C_TAG || type === TYPE_S_TAG;
}
/** Source is a group address, which no station may have. */
function isSourceGroup(bytes, off) {
	return (bytes[off + 6] & 1) !== 0;
}
/** Writes both addresses; each as `Hi` (raw bytes 0..1) and `Lo` (raw bytes 2..5). */
function setAddresses(halves, off, dstHi, dstLo, srcHi, srcLo) {
	const h = off >> 1;
	halves[h] = dstHi;
	halves[h + 1] = dstLo;
	halves[h + 2] = dstLo >>> 16;
	halves[h + 3] = srcHi;
	halves[h + 4] = srcLo;
	halves[h + 5] = srcLo >>> 16;
}
/** As `setAddresses`, for frames at 2 mod 4, as all in packet memory are: four stores instead of six. */
function setAddressesAligned(halves, words, off, dstHi, dstLo, srcHi, srcLo) {
	halves[off >> 1] = dstHi;
	words[off + 2 >> 2] = dstLo;
	words[off + 6 >> 2] = srcHi | srcLo << 16;
	halves[off + 10 >> 1] = srcLo >>> 16;
}
/** Raw `Hi` of a MAC address given as six bytes. */
function macHi(mac) {
	return mac[0] | mac[1] << 8;
}
/** Raw `Lo` of a MAC address given as six bytes. */
function macLo(mac) {
	return mac[2] | mac[3] << 8 | mac[4] << 16 | mac[5] << 24;
}
/** "02:42:ac:11:00:04" from `Hi` and `Lo`. */
function formatMac(hi, lo) {
	return macText(Uint8Array.of(hi, hi >> 8, lo, lo >> 8, lo >> 16, lo >> 24));
}
/** The same from six bytes; "" from none. */
function macText(mac) {
	return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
const CHECKSUM$2 = 2;
const IDENTIFIER = 4;
/** A request or a reply of one of the queries. From 13 on the odd types are requests, and each is followed by its reply. */
function isQuery$2(bytes, off) {
	const t = bytes[off];
	return t === 8 || t === 0 || t >= 13 && t <= 18;
}
/** Of a query message: whether it asks. */
function isRequest$2(bytes, off) {
	const t = bytes[off];
	return t === 8 || (t & 1) === 1;
}
/** Which of the queries a message is of, whether it asks or answers: 0 echo, 1 timestamp, 2 information, 3 address mask. */
function query(bytes, off) {
	const t = bytes[off];
	return t < 13 ? 0 : t - 13 + 2 >> 1;
}
/** An error that quotes the datagram that caused it. */
function isError$2(bytes, off) {
	const t = bytes[off];
	return t === 3 || t === 11 || t === 12;
}
/** What only a router says: redirect (RFC 792) and router advertisement (RFC 1256). */
function isOfRouter(bytes, off) {
	const t = bytes[off];
	return t === 5 || t === 9;
}
/** Identifier of a query message, raw half. */
function identifier(halves, off) {
	return halves[off + IDENTIFIER >> 1];
}
/** Writes the identifier (raw half) and applies the delta to the checksum, which covers the ICMP message alone. */
function setIdentifier(halves, off, id, delta) {
	halves[off + IDENTIFIER >> 1] = id;
	updateChecksum(halves, off, delta);
}
function updateChecksum(halves, off, delta) {
	const c = off + CHECKSUM$2 >> 1;
	halves[c] = update$1(halves[c], delta);
}
function checksumOk$1(bytes, halves, off, len) {
	return sum(halves, bytes, off, len) === 65535;
}
/** MTU of "fragmentation needed" (RFC 1191 §4), bytes; 0: who says it is older than that. */
function mtu(halves, off) {
	return rawHalf(halves[off + 6 >> 1]);
}
/** The longest usual MTU below a packet's length (RFC 1191 §7.1). */
function plateauBelow(total) {
	for (const size of PLATEAUS) if (size < total) return size;
	return PLATEAUS[PLATEAUS.length - 1];
}
const PLATEAUS = [
	32e3,
	17914,
	8166,
	4352,
	2002,
	1492,
	1006,
	508,
	296,
	68
];
/** Writes the 8 bytes of an error header for a message of `len` bytes whose quoted datagram is in place already; `rest`: its second word, host order. */
function emitError$1(bytes, halves, off, len, kind, code, rest) {
	const h = off >> 1;
	bytes[off] = kind;
	bytes[off + 1] = code;
	halves[h + 1] = 0;
	halves[h + 2] = rawHalf(rest >>> 16);
	halves[h + 3] = rawHalf(rest & 65535);
	halves[h + 1] = ~sum(halves, bytes, off, len) & 65535;
}
/** Of multicast listeners: query, report, done (RFC 2710), and report of version 2 (RFC 3810). */
const MLD_FIRST = 130;
const MLD_LAST = 132;
const MLD_2 = 143;
const CHECKSUM$1 = 2;
/** Echo request or reply. */
function isQuery$1(bytes, off) {
	return bytes[off] === 128 || bytes[off] === 129;
}
function isRequest$1(bytes, off) {
	return bytes[off] === 128;
}
/** One of the four errors of RFC 4443 that quote the packet that caused them. */
function isError$1(bytes, off) {
	return bytes[off] >= 1 && bytes[off] <= 4;
}
/** What a multicast listener or its router says. */
function isMulticastListener(bytes, off) {
	return bytes[off] >= MLD_FIRST && bytes[off] <= MLD_LAST || bytes[off] === MLD_2;
}
/** Whether the checksum of the message of `len` bytes at `off`, in the packet whose header is at `ip`, is right. All of it lies in one piece. */
function checksumOk(bytes, halves, words, ip, off, len) {
	return combine(pseudoSum$2(words, ip, 58, len), sum(halves, bytes, off, len)) === 65535;
}
/** Computes and writes it. */
function fillChecksum$2(bytes, halves, words, ip, off, len) {
	const c = off + CHECKSUM$1 >> 1;
	halves[c] = 0;
	halves[c] = ~fold(pseudoSum$2(words, ip, 58, len) + sum(halves, bytes, off, len)) & 65535;
}
/** Writes type, code and the 32 bits behind the checksum (host order) of an error. */
function emitError(bytes, halves, off, kind, code, rest) {
	bytes[off] = kind;
	bytes[off + 1] = code;
	halves[off + 4 >> 1] = rawHalf(rest >>> 16);
	halves[off + 6 >> 1] = rawHalf(rest & 65535);
}
/** The 32 bits behind the checksum, host order: of PACKET_TOO_BIG the MTU, of PARAMETER_PROBLEM the pointer. */
function rest(halves, off) {
	return rawHalf(halves[off + 4 >> 1]) << 16 | rawHalf(halves[off + 6 >> 1]);
}
/** Type and code (type << 8 | code) that say of IPv6 what those of an ICMP error say of IPv4 (RFC 7915 §4.2); NONE. */
function ofIcmp(kind, code) {
	switch (kind) {
		case 3:
			if (code === 2) return 1025;
			if (code === 3) return 260;
			if (code === 4) return 512;
			if (code === 9 || code === 10 || code === 13 || code === 15) return 257;
			return code > 15 || code === 14 ? -1 : 256;
		case 11: return 768 | code;
		case 12: return code === 0 || code === 2 ? 1024 : -1;
		default: return -1;
	}
}
/** The reverse (RFC 7915 §5.2). */
function toIcmp(kind, code) {
	switch (kind) {
		case 1:
			if (code === 1) return 778;
			if (code === 4) return 771;
			return code > 4 ? -1 : 769;
		case 2: return 772;
		case 3: return 2816 | code;
		case 4:
			if (code === 0) return 3072;
			return code === 1 ? 770 : -1;
		default: return -1;
	}
}
const GSO_SIZE$1 = 4;
const CSUM_START$1 = 6;
const CSUM_OFFSET$1 = 8;
const HDR_LEN$1 = 2;
const GSO_NONE = 0;
const GSO_UDP_L4 = 5;
const GSO_ECN = 128;
/** DROP_NONE if the header at even offset `off` is true of the `len` bytes of frame that follow it. */
function check$3(bytes, halves, off, len) {
	const h = off >> 1;
	if (halves[h] === 0 && halves[h + 1] <= len) return DROP_NONE;
	if (bytes[off + 1] !== GSO_NONE) {
		const gso = bytes[off + 1] & -129;
		if (gso !== 1 && gso !== 4 && gso !== GSO_UDP_L4) return DROP_VNET_HEADER;
		if (halves[off + GSO_SIZE$1 >> 1] === 0) return DROP_VNET_HEADER;
	}
	if ((bytes[off] & 1) !== 0) {
		const start = halves[off + CSUM_START$1 >> 1];
		if (start < 14 || start + halves[off + CSUM_OFFSET$1 >> 1] + 2 > len) return DROP_VNET_HEADER;
	}
	return halves[off + HDR_LEN$1 >> 1] <= len ? DROP_NONE : DROP_VNET_HEADER;
}
/**
* DROP_NONE if what the header at `off` asks for is meant for the layer-4 header at `l4`, an offset into memory as `off` is: segmentation of
* that protocol, completion of that checksum. The device that carries it out writes two bytes where the sender said and looks at nothing, when
* every check has been passed: so it must not be an address, a length or a port (decision 0051).
* A tunnel's datagram may have its own checksum complete and ask for that of the packet inside it, which nobody here has read.
* `tcpGso`: GSO_TCPV4 or GSO_TCPV6. Precondition: `check` returned DROP_NONE.
*/
function checkLayer4(bytes, halves, off, l4, proto, tcpGso) {
	const gso = bytes[off + 1];
	if (gso !== GSO_NONE) {
		if (proto === 6 ? (gso & -129) !== tcpGso : proto !== 17) return DROP_VNET_HEADER;
		if (proto === 17 && gso !== GSO_UDP_L4) return DROP_VNET_HEADER;
	}
	if ((bytes[off] & 1) === 0) return DROP_NONE;
	const behind = off + 10 + halves[off + CSUM_START$1 >> 1] - l4;
	const field = halves[off + CSUM_OFFSET$1 >> 1];
	switch (proto) {
		case 6: return behind === 0 && field === 16 ? DROP_NONE : DROP_CSUM_PLACE;
		case 17:
			if (behind === 0 && field === 6) return DROP_NONE;
			return behind >= 8 && gso === GSO_NONE ? DROP_NONE : DROP_CSUM_PLACE;
		case 1:
		case 58:
		case 132:
		case -1: return DROP_CSUM_PLACE;
		default: return behind >= 0 ? DROP_NONE : DROP_CSUM_PLACE;
	}
}
/** Neither flags nor segmentation: the header of nearly every small frame. */
function isBare(halves, off) {
	return halves[off >> 1] === 0;
}
/**
* Whether the checksum of the layer-4 header at `l4`, an offset into memory as `off` is, is the partial one. It need not be: of a tunnel's frame
* the inner checksum may be partial and the outer one, at which we look, complete.
*/
function isPartial(bytes, halves, off, l4) {
	return (bytes[off] & 1) !== 0 && off + 10 + halves[off + CSUM_START$1 >> 1] === l4;
}
/** Of a frame that stands for several: bytes from its Ethernet header to the payload. Its checksum is partial, so that says where layer 4 is. */
function headersOf(bytes, halves, off) {
	const start = checksumStart(halves, off);
	if ((bytes[off + 1] & -129) === GSO_UDP_L4) return start + 8;
	return start + tcpHeaderSize(bytes, off + 10 + start);
}
/** From the Ethernet header to the layer-4 header whose checksum is partial. */
function checksumStart(halves, off) {
	return halves[off + CSUM_START$1 >> 1];
}
/** Of a frame that stands for several: bytes of payload of each. */
function gsoSize(halves, off) {
	return halves[off + GSO_SIZE$1 >> 1];
}
/** Where the partial checksum is, in bytes from the layer-4 header on. */
function checksumField(halves, off) {
	return halves[off + CSUM_OFFSET$1 >> 1];
}
/** Says that the checksum `field` bytes into the layer-4 header at `l4` is partial. */
function setPartial(bytes, halves, off, l4, field) {
	bytes[off] = bytes[off] | 1;
	halves[off + CSUM_START$1 >> 1] = l4 - off - 10;
	halves[off + CSUM_OFFSET$1 >> 1] = field;
}
/** Whether the frame stands for several, to be segmented on its way out. */
function isGso(bytes, off) {
	return bytes[off + 1] !== GSO_NONE;
}
/** Length of the headers up to the payload; the kernel allocates as much in one piece when the frame is written. */
function setHdrLen(halves, off, len) {
	halves[off + HDR_LEN$1 >> 1] = len;
}
/** The frame starts at `off` instead of `before`, with other headers: a partial checksum is that of layer 4, which is at `l4`, still. */
function moveStart(bytes, halves, before, off, l4) {
	const from = before >> 1;
	const to = off >> 1;
	const first = halves[from];
	const size = halves[from + 2];
	const start = halves[from + 3];
	const offset = halves[from + 4];
	halves[to] = first;
	halves[to + 2] = size;
	halves[to + 3] = start;
	halves[to + 4] = offset;
	if ((bytes[off] & 1) !== 0) halves[off + CSUM_START$1 >> 1] = l4 - off - 10;
	halves[off + HDR_LEN$1 >> 1] = 0;
}
/** Of a TCP segmentation-offload frame: GSO_TCPV4 or GSO_TCPV6. Of others nothing. */
function setTcpGso(bytes, off, tcpGso) {
	const gso = bytes[off + 1];
	const kind = gso & -129;
	if (kind === 1 || kind === 4) bytes[off + 1] = tcpGso | gso & GSO_ECN;
}
/**
* Writes a header that asks for TCP segmentation: `l4` is where the TCP header is, an offset into memory as `off` is; `headers` bytes of headers, `size` of
* payload a segment; `tcpGso`: GSO_TCPV4 or GSO_TCPV6. The checksum is partial.
*/
function setSegments(bytes, halves, off, l4, headers, size, tcpGso) {
	bytes[off] = 1;
	bytes[off + 1] = tcpGso;
	halves[off + HDR_LEN$1 >> 1] = headers;
	halves[off + GSO_SIZE$1 >> 1] = size;
	halves[off + CSUM_START$1 >> 1] = l4 - off - 10;
	halves[off + CSUM_OFFSET$1 >> 1] = 16;
}
/** Writes a header that asks for nothing: no segmentation, checksums complete. */
function emit(halves, off) {
	for (let i = off >> 1; i < off + 10 >> 1; i++) halves[i] = 0;
}
/**
* Length on the wire of the `len` bytes that follow the header at even offset `off`: with the headers of each segment that a frame to be segmented
* becomes. Precondition: `check` returned DROP_NONE.
*/
function wireLength(bytes, halves, off, len) {
	if (bytes[off + 1] === GSO_NONE) return len;
	const header = halves[off + HDR_LEN$1 >> 1];
	const segments = Math.ceil((len - header) / halves[off + GSO_SIZE$1 >> 1]);
	return segments > 1 ? len + (segments - 1) * header : len;
}
// src/dataplane/packet.ts
/** What stages ask of a packet whatever its family (KIND_IPV4 or KIND_IPV6). */
/** Offset of the IP header. */
function ipAt(b, i) {
	return b.at[i] + 10 + 14;
}
/** Bytes from the IP header to the end of the packet. */
function totalLength(b, i) {
	const ip = ipAt(b, i);
	if (b.kind[i] === 3) return 40 + payloadLength(b.memory.halves, ip);
	return totalLength$1(b.memory.bytes, ip);
}
/** TTL, or hop limit. */
function ttl$1(b, i) {
	return b.kind[i] === 3 ? hopLimit(b.memory.bytes, ipAt(b, i)) : ttl$2(b.memory.bytes, ipAt(b, i));
}
/** Precondition: it is above 0. */
function decrementTtl(b, i) {
	if (b.kind[i] === 3) decrementHopLimit(b.memory.bytes, ipAt(b, i));
	else decrementTtl$1(b.memory.bytes, b.memory.halves, ipAt(b, i));
}
/** Folded sum of the pseudo header for `len` bytes of protocol `proto`. */
function pseudoSum$1(b, i, proto, len) {
	if (b.kind[i] === 3) return pseudoSum$2(b.memory.words, ipAt(b, i), proto, len);
	return pseudoSum$3(b.memory.words, ipAt(b, i), proto, len);
}
/** Offset of the fragment header of an IPv6 packet, or -1. */
function fragmentAt(b, i) {
	const ip = ipAt(b, i);
	return fragmentAt$1(b.memory.bytes, ip, Math.min(totalLength(b, i), b.memory.headEnd(i) - ip));
}
/** First fragment of several, or a later one. */
function isFragment(b, i) {
	if (b.kind[i] !== 3) return isFragment$1(b.memory.halves, ipAt(b, i));
	const { bytes, halves } = b.memory;
	const at = fragmentAt(b, i);
	return at !== -1 && (moreFragments(bytes, at) || fragmentOffset(halves, at) > 0);
}
/** A fragment other than the first: it has no layer-4 header. */
function isLaterFragment(b, i) {
	return b.kind[i] === 3 ? b.proto[i] === 0 : isLaterFragment$1(b.memory.halves, ipAt(b, i));
}
function isIcmp(proto) {
	return proto === 1 || proto === 58;
}
/** Of an ICMP message: whether it asks something, or answers. */
function isQuery(b, i) {
	return b.kind[i] === 3 ? isQuery$1(b.memory.bytes, b.l4[i]) : isQuery$2(b.memory.bytes, b.l4[i]);
}
/** Of a query: whether it asks. */
function isRequest(b, i) {
	return b.kind[i] === 3 ? isRequest$1(b.memory.bytes, b.l4[i]) : isRequest$2(b.memory.bytes, b.l4[i]);
}
/** State of a flow in which this query is asked. */
function queryState(b, i) {
	return b.kind[i] === 3 ? 14 : 14 + query(b.memory.bytes, b.l4[i]);
}
/** Slots of the sketches. Addresses: as many as the table has entries, up to MANY. */
const FEW = 1024;
const MANY = 65536;
const PORT_SLOTS = 4096;
const TARGET_SLOTS = 16384;
var Limits = class {
	/** `sourcePorts`: how many there are towards one target. */
	constructor(options, conntrack, addresses, ports, sourcePorts, random) {
		this.options = options;
		this.conntrack = conntrack;
		this.addresses = addresses;
		this.ports = ports;
		this.sourcePorts = sourcePorts;
		this.flowsByEndpoint = new Int32Array(MAX_PORTS);
		this.newByEndpoint = new Int32Array(MAX_PORTS);
		this.clientFamily = 0;
		this.clientWords = /* @__PURE__ */ new Int32Array(4);
		this.last = (/* @__PURE__ */ new Float64Array(4)).fill(-1);
		const entries = 1 << Math.ceil(Math.log2(conntrack.capacity));
		const slots = Math.min(Math.max(entries, FEW), MANY);
		this.flowsByClient = new Tally(options.flows.client === 0 ? slots : Math.max(slots, entries), random());
		this.newByClient = new Tally(slots, random());
		this.flowsByPort = new Tally(PORT_SLOTS, random());
		this.newByPort = new Tally(PORT_SLOTS, random());
		this.portsToTarget = new Tally(TARGET_SLOTS, random());
		this.portsByClient = new Tally(TARGET_SLOTS, random());
	}
	/** Another second has begun. */
	tick() {
		this.newByClient.clear();
		this.newByPort.clear();
		this.newByEndpoint.fill(0);
	}
	/** Counts one more new flow in this second, or says whose limit that would exceed. */
	countNew(flow) {
		const { client, endpoint, port } = this.options.newFlowsPerSec;
		const ingress = flow.replyEgress & EGRESS_PORT;
		if (this.ports.kind[ingress] === 3) {
			if (this.newByEndpoint[ingress] >= endpoint) return 2;
			this.newByEndpoint[ingress] = this.newByEndpoint[ingress] + 1;
		} else if (!isHosts$1(flow) && !this.newByClient.addUpTo(client, this.addresses.holder(flow.src))) return 1;
		if (!isPublished(flow) || this.newByPort.addUpTo(port, serviceOf(flow.proto, flow.ports >>> 16))) return 0;
		return 3;
	}
	/** Whose limit one more flow would exceed. */
	exceeded(flow) {
		const { client, endpoint, port } = this.options.flows;
		const lastEighth = this.conntrack.held * 8 >= this.conntrack.capacity * 7;
		const ingress = flow.replyEgress & EGRESS_PORT;
		if (this.ports.kind[ingress] === 3) {
			if (this.isFull(this.flowsByEndpoint[ingress], endpoint, lastEighth)) return 2;
		} else if (!isHosts$1(flow) && (client > 0 || lastEighth) && this.isFull(this.flowsByClient.get(this.addresses.holder(flow.src)), client, lastEighth)) return 1;
		if (!isPublished(flow) || port === 0 && !lastEighth) return 0;
		return this.isFull(this.flowsByPort.get(serviceOf(flow.proto, flow.ports >>> 16)), port, lastEighth) ? 3 : 0;
	}
	/** Whether flow `id` counts for the limit that is in the way of `flow`. */
	sharesLimit(limit, flow, id) {
		const { addresses, conntrack } = this;
		if (limit === 1) return addresses.holder(conntrack.tuple(id, 0, 0)) === addresses.holder(flow.src);
		if (limit === 2) return ((conntrack.egress(id, 1) ^ flow.replyEgress) & EGRESS_PORT) === 0;
		return conntrack.isPublished(id) && conntrack.protocol(id) === flow.proto && (conntrack.tuple(id, 0, 2) ^ flow.ports) >>> 16 === 0;
	}
	/** The flow was refused, since that would have exceeded this limit. */
	refuse(limit, flow) {
		const client = this.addresses.holder(flow.src) >>> 0;
		if (limit === 1) this.noteClient(flow.src);
		const service = serviceOf(flow.proto, flow.ports >>> 16);
		this.last[limit] = limit === 1 ? client : limit === 2 ? flow.replyEgress & EGRESS_PORT : service;
	}
	/** Address of the client that was refused last. */
	get lastClient() {
		return isIpv6(this.clientFamily) ? ofBytes(new Uint8Array(this.clientWords.slice().buffer)) : ofIpv4(rawWord(this.clientFamily));
	}
	/** Its handle may soon be another's. */
	noteClient(address) {
		this.clientFamily = address;
		if (isIpv6(address)) this.addresses.copy(address, this.clientWords, 0);
	}
	/** Who was at this limit last, as `refuse` notes it; -1: nobody yet. */
	lastRefused(limit) {
		return this.last[limit];
	}
	/** Whether the opener of the flow may have one more source port to its target. */
	mayTakePort({ proto, src, replySrc, replyDst, replyPorts }) {
		const service = serviceOf(proto, replyPorts & 65535);
		if (this.portsToTarget.get(replySrc, replyDst, service) * 8 < this.sourcePorts * 7) return true;
		return this.portsByClient.get(replySrc, this.addresses.holder(src), service) * 2 < this.sourcePorts;
	}
	/** Flows that this address has opened and that are not CLOSED. */
	flowsOf(address) {
		return this.flowsByClient.get(this.addresses.holder(address));
	}
	/** Flow `id` counts from now on. */
	hold(id) {
		this.count(id, 1);
	}
	/** Flow `id` counts no longer. */
	release(id) {
		this.count(id, -1);
	}
	isFull(flows, limit, lastEighth) {
		return limit === 0 ? lastEighth && flows * 2 >= this.conntrack.capacity : flows >= limit;
	}
	count(id, n) {
		const { conntrack } = this;
		const proto = conntrack.protocol(id);
		const client = this.addresses.holder(conntrack.tuple(id, 0, 0));
		const ingress = conntrack.egress(id, 1) & EGRESS_PORT;
		this.flowsByClient.add(n, client);
		this.flowsByEndpoint[ingress] = this.flowsByEndpoint[ingress] + n;
		if (conntrack.isPublished(id)) this.flowsByPort.add(n, serviceOf(proto, conntrack.tuple(id, 0, 2) >>> 16));
		if (!conntrack.hasOtherSource(id)) return;
		const target = conntrack.tuple(id, 1, 0);
		const service = serviceOf(proto, conntrack.tuple(id, 1, 2) & 65535);
		this.portsToTarget.add(n, target, conntrack.newSrc(id, 0), service);
		this.portsByClient.add(n, target, client, service);
	}
};
/** Opened by a program of the host itself. */
function isHosts$1(flow) {
	return (flow.replyEgress & EGRESS_KEEP_TTL) !== 0;
}
function isPublished(flow) {
	return flow.dst !== flow.replySrc;
}
/** A raw port with its protocol; ICMP has none. */
function serviceOf(proto, port) {
	return isIcmp(proto) ? proto << 16 : port | proto << 16;
}
// src/dataplane/probe.ts
/** Questions a second. */
const PER_SEC = 1e4;
const TTL$1 = 64;
const SIZE$1 = 20;
var Probes = class {
	constructor() {
		this.ids = [];
		this.next = 0;
		this.budget = PER_SEC;
	}
	/** Flow `id` is to be asked about; not in the packet path. */
	add(id) {
		this.ids.push(id);
	}
	/** Once a second. */
	tick() {
		this.budget = PER_SEC;
	}
	/** There is something to ask now. */
	get due() {
		return this.next < 2 * this.ids.length && this.budget > 0;
	}
	/** Fills the batch with questions, as if each end of a flow had sent one to the other. Answers how many. */
	fill(b, tables) {
		if (b.moved) b.reset();
		let n = 0;
		for (; n < b.memory.slots && this.due; this.next++) {
			const id = this.ids[this.next >> 1];
			if (!isTcpHeld(tables, id)) continue;
			put(b, n++, tables, id, this.next & 1);
			this.budget--;
		}
		if (this.next >= 2 * this.ids.length) {
			this.ids.length = 0;
			this.next = 0;
		}
		b.count = n;
		return n;
	}
};
function isTcpHeld({ conntrack }, id) {
	return conntrack.isLive(id) && conntrack.protocol(id) === 6 && PHASES[conntrack.state(id)] === 1;
}
/** Makes frame `i` an acknowledgment of direction `dir` of the flow. */
function put(b, i, { conntrack, addresses, random }, id, dir) {
	const { bytes, halves, words } = b.memory;
	const at = b.at[i];
	const ip = at + 10 + 14;
	const src = conntrack.tuple(id, dir, 0);
	const dst = conntrack.tuple(id, dir, 1);
	const v6 = isIpv6(dst);
	const header = v6 ? 40 : 20;
	for (let k = at; k < ip; k++) bytes[k] = 0;
	emit(halves, at);
	setType$1(halves, ip - 14, v6 ? TYPE_IPV6 : 8);
	if (v6) {
		emit$2(bytes, halves, words, ip, SIZE$1, 6, TTL$1);
		addresses.copy(src, words, (ip >> 2) + 2);
		addresses.copy(dst, words, (ip >> 2) + 6);
	} else emit$3(bytes, halves, words, ip, header + SIZE$1, TTL$1, 6, src, dst);
	const pseudo = v6 ? pseudoSum$2(words, ip, 6, SIZE$1) : pseudoSum$3(words, ip, 6, SIZE$1);
	emitReset(bytes, halves, words, ip + header, conntrack.tuple(id, dir, 2), random(), conntrack.acked(id, dir), 16, pseudo);
	b.ingress[i] = conntrack.egress(id, dir ^ 1) & EGRESS_PORT;
	b.len[i] = 14 + header + SIZE$1;
	b.tail[i] = -1;
	b.device[i] = 0;
}
// src/mem/frame-queue.ts
/**
* Frames that wait to be sent, first in, first out: copied out of packet memory, and back into it. All memory is taken up front. No time here.
*
* Layout: a ring of 32-bit words. A frame is a header of HEADER words (its bytes with the virtio-net header, the port that it goes to, its length as it
* counts), then its bytes, as many words as they take. It lies in one piece: one that does not fit before the ring's end starts at its beginning, and
* SKIP stands in its place.
*/
const HEADER = 3;
const SKIP = -1;
/** Words of the longest frame. */
const LONGEST$1 = 16915;
var FrameQueue = class {
	/** Room for `bytes` and for one frame more. */
	constructor(bytes) {
		this.first = 0;
		this.end = 0;
		this.count = 0;
		this.backlog = 0;
		this.words = new Int32Array(Math.ceil(bytes / 4) + 2 * LONGEST$1);
	}
	/**
	* Copies a frame of `size` bytes, virtio-net header included, that starts at byte `at` of packet memory, a multiple of 4, and goes on in `tail`.
	* `cost`: its length as it counts. False when there is no room.
	*/
	put({ words, slots }, at, tail, size, port, cost) {
		const needed = HEADER + (size + 3 >> 2);
		const start = this.place(needed);
		if (start === SKIP) return false;
		this.words[start] = size;
		this.words[start + 1] = port;
		this.words[start + 2] = cost;
		const head = Math.min(size, inHead(at));
		copy(this.words, start + HEADER, words, at >> 2, head + 3 >> 2);
		if (size > head) copy(this.words, start + HEADER + (head >> 2), words, tailWord(slots, tail), size - head + 3 >> 2);
		this.end = start + needed;
		this.count++;
		this.backlog += cost;
		return true;
	}
	/** Of the first frame, which there must be. */
	get size() {
		return this.words[this.first];
	}
	/** GONE when the port is. */
	get port() {
		return this.words[this.first + 1];
	}
	get cost() {
		return this.words[this.first + 2];
	}
	/** Copies the first frame to head and tail `slot` of packet memory. */
	read({ words, slots }, slot) {
		const { size } = this;
		const head = Math.min(size, HEAD_SIZE);
		copy(words, headAt(slot) >> 2, this.words, this.first + HEADER, head + 3 >> 2);
		if (size > head) copy(words, tailWord(slots, slot), this.words, this.first + HEADER + (head >> 2), size - head + 3 >> 2);
	}
	/** Takes the first frame out. */
	shift() {
		this.backlog -= this.cost;
		this.first = this.after(this.first);
		if (--this.count === 0) {
			this.first = 0;
			this.end = 0;
		}
	}
	/** What waits for `port` has nowhere to go. */
	forget(port) {
		let at = this.first;
		for (let k = 0; k < this.count; k++) {
			if (this.words[at + 1] === port) this.words[at + 1] = -1;
			at = this.after(at);
		}
	}
	/** Index of the header of the frame after the one at `at`; of the last one, of none. */
	after(at) {
		const next = at + HEADER + (this.words[at] + 3 >> 2);
		return next >= this.words.length || this.words[next] === SKIP ? 0 : next;
	}
	/** Where `needed` words go in one piece; SKIP: nowhere. A word is kept free before `first`, and one for SKIP. */
	place(needed) {
		if (this.count > 0 && this.end <= this.first) return this.end + needed < this.first ? this.end : SKIP;
		if (this.end + needed < this.words.length) return this.end;
		if (needed >= this.first) return SKIP;
		this.words[this.end] = SKIP;
		return 0;
	}
};
function tailWord(slots, tail) {
	return headAt(slots) - headAt(0) + tail * TAIL_SIZE >> 2;
}
/** Word by word: `set` would need an object for the part. */
function copy(to, at, from, start, count) {
	for (let k = 0; k < count; k++) to[at + k] = from[start + k];
}
// src/table/bandwidth.ts
/** How fast a port may send and be sent to. */
/** What ports have used of theirs (`dataplane/shaper.ts`), for all workers: a float64 a port and direction. */
function createBuckets() {
	return new SharedArrayBuffer(MAX_PORTS * 2 * Float64Array.BYTES_PER_ELEMENT);
}
const FROM = 1;
const TO = 2;
const NS_PER_SEC = 1e9;
const NS_PER_MS = 1e6;
const MAX_WAIT_NS = 25 * NS_PER_MS;
/** At low rates the queue still takes the first window of a connection, ten segments (RFC 6928). */
const MIN_QUEUE = 16384;
/** What MAX_WAIT is at 1.3 Gbit/s. */
const MAX_QUEUE = 4 << 20;
/** The loop looks after what waits once in a millisecond. A shorter burst would be given away in between. */
const MIN_BURST_NS = 5 * NS_PER_MS;
/** On a busy machine it is late. What waits makes up for so much of that. */
const MAX_LATE_NS = 100 * NS_PER_MS;
var Shaper = class {
	constructor(buckets = createBuckets()) {
		this.limits = 0;
		this.waiting = 0;
		this.limited = new Uint8Array(MAX_PORTS);
		this.queues = new Array(MAX_PORTS * 2).fill(void 0);
		this.nsPerByte = new Float64Array(MAX_PORTS * 2);
		this.burstNs = new Float64Array(MAX_PORTS * 2);
		this.mostBytes = new Float64Array(MAX_PORTS * 2);
		this.inUse = new Int32Array(MAX_PORTS * 2);
		this.now = /* @__PURE__ */ new Float64Array(1);
		this.due = new Float64Array(buckets);
	}
	set(port, { egress, ingress }) {
		if (egress !== void 0) this.add(port, FROM, egress);
		if (ingress !== void 0) this.add(port, TO, ingress);
	}
	/** The port is gone: what waits of it and for it is lost. */
	clear(port) {
		for (let k = this.limits - 1; k >= 0; k--) {
			const n = this.inUse[k];
			if (n >> 1 === port) {
				this.waiting -= this.queues[n].count;
				this.queues[n] = void 0;
				this.inUse[k] = this.inUse[--this.limits];
			} else this.queues[n].forget(port);
		}
		this.limited[port] = 0;
	}
	setTime(sec, ns) {
		this.now[0] = sec * NS_PER_SEC + ns;
	}
	/** Whether some frame of the batch is of or for a port with a limit, if all go to `to`. */
	concerns(b, to) {
		let any = this.limited[to] & TO;
		for (let i = 0; i < b.count; i++) any |= this.limited[b.ingress[i]] & FROM;
		return any !== 0;
	}
	/**
	* Whether frame `i` of the batch may go to `to`: PASSES; WAITS, it was copied; else the port whose limit it was dropped by. `from`: the port that it
	* came by; -1: of that it was asked before.
	*/
	admit(b, i, from, to) {
		const size = b.len[i] + 10;
		const at = b.at[i];
		const cost = wireLength(b.memory.bytes, b.memory.halves, at, b.len[i]);
		if (from >= 0 && (this.limited[from] & FROM) !== 0) {
			const result = this.pass(from * 2, b.memory, at, b.tail[i], size, to, cost);
			if (result !== -1) return result;
		}
		return (this.limited[to] & TO) === 0 ? -1 : this.pass(to * 2 + 1, b.memory, at, b.tail[i], size, to, cost);
	}
	/** Of a frame that goes to several ports, what it takes of its sender's limit: PASSES, or the port whose limit it was dropped by. */
	admitFlood(b, i) {
		const from = b.ingress[i];
		if ((this.limited[from] & FROM) === 0) return -1;
		const n = from * 2;
		if (this.queues[n].count > 0 || !this.conforms(n)) return from;
		this.charge(n, wireLength(b.memory.bytes, b.memory.halves, b.at[i], b.len[i]));
		return -1;
	}
	/**
	* Takes out frames whose time has come, into heads and tails of packet memory from 0 on, which must be free. `send` gets the slot, the port and the
	* size with the virtio-net header; `lost` gets a port to count a drop at, and whether that is since the other port is gone. False: there are more.
	*/
	release(memory, send, lost) {
		let slot = 0;
		for (let k = 0; k < this.limits; k++) {
			const n = this.inUse[k];
			const queue = this.queues[n];
			while (queue.count > 0 && this.conforms(n)) {
				if (slot === memory.slots) return false;
				const { port: to, size, cost } = queue;
				queue.read(memory, slot);
				queue.shift();
				this.waiting--;
				if (to === -1) {
					lost(n >> 1, true);
					continue;
				}
				this.due[n] = Math.max(this.due[n], this.now[0] - MAX_LATE_NS) + cost * this.nsPerByte[n];
				const result = (n & 1) === 0 && (this.limited[to] & TO) !== 0 ? this.pass(to * 2 + 1, memory, headAt(slot), slot, size, to, cost) : -1;
				if (result === -1) send(slot++, to, size);
				else if (result >= 0) lost(result, false);
			}
		}
		return true;
	}
	/** Milliseconds, 1 to `most` (-1: for ever), until something that waits may go. */
	waitMs(most) {
		let first = Number.POSITIVE_INFINITY;
		for (let k = 0; k < this.limits; k++) {
			const n = this.inUse[k];
			if (this.queues[n].count > 0) first = Math.min(first, this.due[n] - this.burstNs[n] - this.now[0]);
		}
		const ms = Math.max(1, Math.ceil(first / NS_PER_MS));
		return most < 0 ? ms : Math.min(ms, most);
	}
	add(port, direction, { rate, burst }) {
		const n = port * 2 + (direction === FROM ? 0 : 1);
		const nsPerBit = NS_PER_SEC / rate;
		this.nsPerByte[n] = nsPerBit * 8;
		this.burstNs[n] = Math.max(burst * nsPerBit, MIN_BURST_NS);
		this.mostBytes[n] = Math.min(Math.max(MAX_WAIT_NS / (nsPerBit * 8), MIN_QUEUE), MAX_QUEUE);
		this.due[n] = 0;
		this.queues[n] = new FrameQueue(this.mostBytes[n]);
		this.limited[port] = this.limited[port] | direction;
		this.inUse[this.limits++] = n;
	}
	pass(n, memory, at, tail, size, to, cost) {
		const queue = this.queues[n];
		if (queue.count === 0 && this.conforms(n)) {
			this.charge(n, cost);
			return -1;
		}
		if (queue.backlog >= this.mostBytes[n] || !queue.put(memory, at, tail, size, to, cost)) return n >> 1;
		this.waiting++;
		return -2;
	}
	conforms(n) {
		return this.due[n] - this.now[0] <= this.burstNs[n];
	}
	charge(n, cost) {
		this.due[n] = Math.max(this.due[n], this.now[0]) + cost * this.nsPerByte[n];
	}
};
// src/dataplane/state.ts
/**
* What the stages share: the tables, and the few facts about the host that NAT decisions need.
* One per worker; changed between batches by the engine at the control side's word. All addresses are words (`wire/address-word.ts`).
*/
const FORGET_MAX = 1024;
/** Of a batch, and of all fragments that wait. */
const ANSWERED_MAX = 256;
/** Steering entries that one batch can ask for: both directions of a flow a frame. */
const MAX_ENTRIES = 64;
var State = class {
	constructor(options) {
		this.newFlow = new NewFlow();
		this.probes = new Probes();
		this.held = new HeldFrames();
		this.links = new Links(secureRandom()());
		this.allow = [];
		this.forget = new FlowEntries(FORGET_MAX);
		this.entries = new FlowEntries(MAX_ENTRIES);
		this.across = new FlowEntries(MAX_ENTRIES, void 0, 36);
		this.uplinkDevice = 0;
		this.reviewAt = Number.MAX_SAFE_INTEGER;
		this.refused = 0;
		this.evicted = 0;
		this.displaced = false;
		this.expired = 0;
		this.settle = () => false;
		this.icmpErrors = 0;
		this.icmpErrorsTo = new Uint16Array(MAX_PORTS);
		this.answered = new Int32Array(ANSWERED_MAX * 2);
		this.answeredCount = 0;
		this.now = 0;
		this.rules = /* @__PURE__ */ new Map();
		this.rulesOf = /* @__PURE__ */ new Map();
		const random = options.random ?? secureRandom();
		this.random = random;
		this.worker = options.worker ?? 0;
		this.workers = options.workers ?? 1;
		this.offloads = options.offload ?? false;
		this.bypass = options.bypass ?? false;
		this.awaitsFormer = options.awaitsFormer ?? false;
		const { memory } = options;
		this.conntrack = new Conntrack(options.conntrackMax, random(), options.timeouts, memory);
		this.ports = new Ports(memory?.portKind, memory?.portAddress, memory?.portAddress6);
		this.shaper = new Shaper(options.buckets);
		this.addresses = new Addresses(addressCapacity(options.conntrackMax), random, memory?.addresses);
		this.anyIpv6 = this.addresses.take({
			family: 6,
			value: 0n
		});
		this.forget6 = new FlowEntries(FORGET_MAX, this.addresses);
		this.entries6 = new FlowEntries(MAX_ENTRIES, this.addresses);
		this.networks = new Networks(this.addresses);
		this.pool = new NatPool(options.masqueradeFirst, options.masqueradeLast, random(), random, this.worker, this.workers, this.addresses);
		const sourcePorts = Math.ceil((options.masqueradeLast - options.masqueradeFirst + 1) / this.workers);
		this.limits = new Limits(options.limits ?? DEFAULT_LIMITS, this.conntrack, this.addresses, this.ports, sourcePorts, random);
		this.masqueradeFirst = options.masqueradeFirst;
		this.masqueradeLast = options.masqueradeLast;
		this.fdb = new Fdb(options.fdbSlots ?? 8192, random());
		this.fragments = new Fragments(random(), (held) => this.loseHeld(held));
		this.ways = new Routes(this.addresses, options.routing, random());
		this.locals = new PairMap(random());
		this.endpoints = new PairMap(random());
		this.remotes = new Remotes(this.addresses, random);
		this.tunnel = new Tunnel(random());
		this.published = new PairMap(random());
	}
	/** Whether it is the port of an endpoint that stands on a LAN. */
	isOnLan(port) {
		return this.ports.kind[port] === 3 && this.networks.lanPort[this.ports.network[port]] !== -1;
	}
	/** The host's port in the network of the bridge port `port`; -1 for the uplink, and for a network without one. */
	hostPortOf(port) {
		return port === this.ports.uplink ? -1 : this.networks.hostPort[this.ports.network[port]];
	}
	mayCountAnswered() {
		return this.answeredCount < ANSWERED_MAX;
	}
	countAnswered(port, reason) {
		this.answered[this.answeredCount * 2] = port;
		this.answered[this.answeredCount++ * 2 + 1] = reason;
		return true;
	}
	/** Drops frames that wait, the list that begins with `list`. Those that went on when they came were copies. */
	loseHeld(list) {
		for (let frame = list; frame !== -1; frame = this.held.drop(frame)) {
			const port = this.held.lostBy(frame);
			if (port !== -1 && this.mayCountAnswered()) this.countAnswered(port, DROP_FRAGMENT_ALONE);
		}
	}
	isLocal(address) {
		return this.locals.get(address, 0) !== -1 || isLoopback(address);
	}
	/** Whether several hosts listen at the address: multicast, the limited broadcast, or that of a network of the host's. */
	isGroup(address) {
		return isGroup$1(address) || this.locals.get(address, 1) !== -1;
	}
	/** Publishes `rule` under the number that the control side gave it, 0..2^31-1, which no other rule may have. */
	publish(id, rule) {
		this.rules.set(id, rule);
		if (rule.selection === null) this.addRuleOf(rule.targets[0].address, rule);
		for (let port = rule.firstPort; port <= rule.lastPort; port++) this.published.set(rule.hostIp, rawHalf(port) | rule.proto << 16, id);
	}
	/** The rule that had the number, or null. Its flows are not touched. */
	withdraw(id) {
		const rule = this.rules.get(id);
		if (rule === void 0) return null;
		for (let port = rule.firstPort; port <= rule.lastPort; port++) {
			const key = rawHalf(port) | rule.proto << 16;
			if (this.published.get(rule.hostIp, key) === id) this.published.delete(rule.hostIp, key);
		}
		this.rules.delete(id);
		if (rule.selection === null) this.removeRuleOf(rule.targets[0].address, rule);
		return rule;
	}
	/** The rule of that number, or undefined. */
	rule(id) {
		return this.rules.get(id);
	}
	addRuleOf(target, rule) {
		const others = this.rulesOf.get(target);
		if (others === void 0) this.rulesOf.set(target, [rule]);
		else others.push(rule);
	}
	removeRuleOf(target, rule) {
		const others = this.rulesOf.get(target);
		if (others.length === 1) this.rulesOf.delete(target);
		else others.splice(others.indexOf(rule), 1);
	}
	/**
	* Port (raw half) of the local address `outside` that `port` (raw half) of the target `inside` is published as; -1: none, or it is one of several
	* targets, so that who calls back there may come to another. Of several the first.
	*/
	publishedAs(inside, port, proto, outside) {
		const rules = this.rulesOf.get(inside);
		if (rules === void 0) return -1;
		const wanted = rawHalf(port);
		for (let k = 0; k < rules.length; k++) {
			const rule = rules[k];
			const hostPort = rule.firstPort + wanted - rule.targets[0].port;
			if (rule.proto !== proto || hostPort < rule.firstPort || hostPort > rule.lastPort) continue;
			const raw = rawHalf(hostPort);
			if (this.publishedAt(outside, raw, proto) === rule) return raw;
		}
		return -1;
	}
	/** Rule for packets to `port` (raw half) of the local address `address`, or null. */
	publishedAt(address, port, proto) {
		let id = this.published.get(address, port | proto << 16);
		if (id === -1) id = this.published.get(isIpv6(address) ? this.anyIpv6 : 0, port | proto << 16);
		return id === -1 ? null : this.rules.get(id);
	}
};
// src/errors.ts
const DENIED = /* @__PURE__ */ new Set([
	"EACCES",
	"EPERM",
	"EROFS"
]);
/** Of a message: a word that somebody sent us may be megabytes long. */
const LONGEST = 300;
var TsproxyError = class TsproxyError extends Error {
	/** `message` says what failed and names the offending word; `hint` says what the user can do. */
	constructor(...[code, kind, message, hint, cause]) {
		super(message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message, cause === void 0 ? void 0 : { cause });
		this.name = "TsproxyError";
		this.code = code;
		this.kind = kind;
		this.hint = hint;
	}
	/** The same error in other words. */
	reworded(message, hint) {
		return new TsproxyError(...[
			this.code,
			this.kind,
			message,
			hint,
			this
		]);
	}
	/** An error that came from another process, maybe of another version. */
	static revived(code, kind, message, hint) {
		return new TsproxyError(...[
			code,
			kind,
			message,
			hint
		]);
	}
	/** Whatever was thrown: a system call of Node's that failed is TSP_ERR_SYSCALL, everything else a fault of ours, TSP_ERR_INTERNAL. */
	static of(error) {
		if (error instanceof TsproxyError) return error;
		const { code, syscall, path, dest } = error ?? {};
		if (typeof code === "string" && typeof syscall === "string") {
			const denied = DENIED.has(code);
			const what = [syscall, path ?? dest].filter((word) => word !== void 0).join(" ");
			return new TsproxyError("TSP_ERR_SYSCALL", denied ? "permission" : "unavailable", `${what} failed (${code})`, denied ? "run as root" : void 0, error);
		}
		const message = `internal error: ${error instanceof Error ? error.message : String(error)}`;
		return new TsproxyError("TSP_ERR_INTERNAL", "internal", message, "please report it (TSP_ERR_INTERNAL); with TSPROXY_DEBUG=1 it says where", error);
	}
	/** One line for people: the message, then the hint. */
	describe() {
		return this.hint === void 0 ? this.message : `${this.message}: ${this.hint}`;
	}
};
// src/sys/native-files.ts
/**
* Where the compiled parts of `native/` lie. A clone has those that it built itself (`native/build/`, by build.sh); a
* package has one for each platform (`native/prebuilt/`, by prebuild.sh). What was built here goes first. Nothing is
* loaded here, so that `tsproxy --version` and `install` need no addon.
*/
/** The package's folder `native/`; `src/` and `dist/` lie side by side, so this holds in both. */
const NATIVE = fileURLToPath(new URL("../../native/", import.meta.url));
/** The command that compiles what `native/` lacks. */
const BUILD_COMMAND = `sh ${NATIVE}build.sh`;
/** Path of the addon that this process loads; null where none was built and the package has none for this platform. */
function addonFile(folder = NATIVE, platform = void 0) {
	return first$1(`${folder}build/tsproxy.node`, () => `${folder}prebuilt/${platform ?? platformName()}/tsproxy.node`);
}
/** As the folders in `native/prebuilt/` are called: `linux-x64-glibc`, `linux-arm64-musl`. */
function platformName() {
	return `linux-${process.arch}-${libc()}`;
}
/** The libc that this process runs on: musl's loader, which is musl, is mapped. (`process.report` says it too, in 4 ms.) */
function libc() {
	try {
		return /\/ld-musl-/.test(readFileSync("/proc/self/maps", "latin1")) ? "musl" : "glibc";
	} catch {
		return "glibc";
	}
}
function first$1(built, prebuilt) {
	if (existsSync(built)) return built;
	const file = prebuilt();
	return existsSync(file) ? file : null;
}
// src/sys/native.ts
/**
* The typed face of the addon in `native/`, and the only code that loads its `.node` file.
* Set-up calls throw a `TsproxyError`; calls that say so return a count or `-errno`.
*/
const ERRNO_NAMES = new Map(Object.entries(os.constants.errno).reverse().map(([name, n]) => [n, name]));
ERRNO_NAMES.set(77, "EBADFD");
ERRNO_NAMES.set(524, "ENOTSUPP");
/** "EPERM" for 1 (or -1). */
function errnoName(errno) {
	return ERRNO_NAMES.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}
const HINTS = {
	EPERM: "run as root, or grant CAP_NET_ADMIN (and CAP_BPF, CAP_SYS_ADMIN for namespaces)",
	EACCES: "run as root, or grant CAP_NET_ADMIN (and CAP_BPF, CAP_SYS_ADMIN for namespaces)",
	ENOENT: "does it exist? for /dev/net/tun: 'modprobe tun', or give the container --device /dev/net/tun",
	ENODEV: "does it exist? for /dev/net/tun: 'modprobe tun', or give the container --device /dev/net/tun",
	EBUSY: "another program uses it",
	EEXIST: "it exists already",
	EMFILE: "too many open files: raise 'ulimit -n'",
	ENFILE: "too many open files on this host: raise fs.file-max",
	ENOMEM: "not enough memory, or the locked-memory limit is too low ('ulimit -l')"
};
/** The kind of a system call's failure. */
function systemErrorKind(errno) {
	const name = errnoName(errno);
	if (name === "EPERM" || name === "EACCES") return "permission";
	return name === "EBUSY" || name === "EEXIST" || name === "EADDRINUSE" ? "conflict" : "unavailable";
}
/** Error for a system call that failed with `errno` (either sign): names the call, the errno and what to do. */
function systemError(call, errno, hint) {
	const name = errnoName(errno);
	return new TsproxyError("TSP_ERR_SYSCALL", systemErrorKind(errno), `${call} failed (${name})`, hint ?? HINTS[name]);
}
function load() {
	const file = addonFile();
	if (file === null) throw addonError(`there is no compiled addon for ${platformName()}`);
	let raw;
	try {
		raw = createRequire(import.meta.url)(file);
	} catch (cause) {
		throw addonError(`the addon ${file} cannot be loaded: ${cause.message}`, cause);
	}
	const wrapped = { ...raw };
	for (const name of Object.keys(raw)) {
		if (name === "ioReceive" || name === "ioTransmit") continue;
		const call = raw[name];
		wrapped[name] = (...args) => {
			try {
				return call(...args);
			} catch (error) {
				const { errno, syscall } = error;
				throw errno === void 0 || syscall === void 0 ? error : systemError(syscall, errno);
			}
		};
	}
	return wrapped;
}
function addonError(message, cause) {
	return new TsproxyError("TSP_ERR_ADDON", "unavailable", message, `compile it: ${BUILD_COMMAND} (needs a C compiler)`, cause);
}
const native = load();
// src/device/packet-io.ts
/** Frames that one `transmit` can take; a flood of more is sent in parts. */
const TX_MAX = 1024;
// src/device/native-io.ts
/** Frames through TAP descriptors, and out of a ring buffer of BPF, by the addon (`native/io.c`). */
var NativeIo = class {
	/** `wakeFd`: an eventfd; a signal on it ends a waiting `receive`. */
	constructor(memory, wakeFd) {
		this.tx = new Int32Array(TX_MAX * 4);
		this.clock = /* @__PURE__ */ new Int32Array(16);
		this.rx = new Int32Array(memory.slots * 4);
		this.handle = native.ioCreate(memory.bytes, memory.slots, 128, HEAD_SIZE, TAIL_SIZE, this.rx, this.tx, this.clock, wakeFd);
	}
	receive(spinNs, timeoutMs) {
		return native.ioReceive(this.handle, spinNs, timeoutMs);
	}
	transmit(count) {
		return native.ioTransmit(this.handle, count);
	}
	addPort(port, fd) {
		native.ioAddPort(this.handle, port, fd);
	}
	addRing(port, fd, size) {
		native.ioAddRing(this.handle, port, fd, size);
	}
	removePort(port) {
		native.ioRemovePort(this.handle, port);
	}
	/** Counts in `clock[2]` when `fd` gets something to read. */
	watch(fd) {
		native.ioWatch(this.handle, fd);
	}
};
// src/sys/bpf.ts
const MAP_LOOKUP = 1;
const MAP_UPDATE_BATCH = 26;
const MAP_DELETE_BATCH = 27;
Buffer.from("Dual MIT/GPL\0");
const { EAGAIN, EPERM, ENOENT, ENODEV, EINVAL: EINVAL$1 } = os.constants.errno;
/** attr of BPF_MAP_LOOKUP_ELEM, as words: map in 0, key pointer in 2 and 3, value pointer in 4 and 5. */
const getAttr = /* @__PURE__ */ new Uint32Array(8);
const getBytes = new Uint8Array(getAttr.buffer);
const getPointers = [
	8,
	getAttr,
	16,
	getAttr
];
/** As `lookupElement`: 0, or -errno (-ENOENT: missing). */
function getElement(mapFd, key, value) {
	getAttr[0] = mapFd;
	getPointers[1] = key;
	getPointers[3] = value;
	return native.bpf(MAP_LOOKUP, getBytes, getPointers);
}
/** attr.batch of BPF_MAP_UPDATE_BATCH, as words: keys pointer in 4 and 5, values pointer in 6 and 7, count in 8, map in 9. */
const putAttr = /* @__PURE__ */ new Uint32Array(14);
const putBytes = new Uint8Array(putAttr.buffer);
const putPointers = [
	16,
	putAttr,
	24,
	putAttr
];
/** As `updateBatch`: 0, or -errno. */
function putBatch(mapFd, keys, values, count) {
	putAttr[8] = count;
	putAttr[9] = mapFd;
	putPointers[1] = keys;
	putPointers[3] = values;
	return native.bpf(MAP_UPDATE_BATCH, putBytes, putPointers);
}
/** attr.batch of BPF_MAP_DELETE_BATCH, as words: keys pointer in 4 and 5, count in 8, map in 9. */
const deleteAttr = /* @__PURE__ */ new Uint32Array(14);
const deleteBytes = new Uint8Array(deleteAttr.buffer);
const deletePointers = [16, deleteAttr];
const NO_POINTERS = [];
/**
* Deletes `count` elements whose keys of `keySize` bytes lie one after another in `keys`; missing ones do not matter.
* Answers how many were there, or -errno.
*/
function deleteBatch(mapFd, keys, keySize, count) {
	let deleted = 0;
	deletePointers[1] = keys;
	for (let left = count; left > 0;) {
		deleteAttr[8] = left;
		deleteAttr[9] = mapFd;
		const result = native.bpf(MAP_DELETE_BATCH, deleteBytes, left === count ? deletePointers : NO_POINTERS);
		if (result < 0 && result !== -ENOENT) return result;
		const done = deleteAttr[8];
		deleted += done;
		if (result === 0) break;
		left -= done + 1;
		const low = deleteAttr[4] + (done + 1) * keySize;
		deleteAttr[4] = low;
		if (low > 4294967295) deleteAttr[5] = deleteAttr[5] + 1;
	}
	return deleted;
}
// src/sys/netlink.ts
const HEADER_SIZE$2 = 16;
const { EINTR } = os.constants.errno;
const LITTLE_ENDIAN = os.endianness() === "LE";
const align4 = (n) => n + 3 & -4;
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** A kernel struct: one digit per field, its width in bytes. `pack("1124", family, 0, type, index)`. */
function pack(widths, ...values) {
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
/** One attribute with its padding. */
function attribute(type, value) {
	const bytes = new Uint8Array(align4(4 + value.length));
	bytes.set(pack("22", 4 + value.length, type));
	bytes.set(value, 4);
	return bytes;
}
/** A whole message; `body`: the fixed struct, then attributes, all of them padded to 4 bytes already. */
function message(type, flags, sequence, ...body) {
	const payload = Buffer.concat(body);
	return Buffer.concat([pack("42244", HEADER_SIZE$2 + payload.length, type, flags, sequence, 0), payload]);
}
// src/sys/rtnetlink-entries.ts
const RTA = {
	DST: 1,
	SRC: 2,
	IIF: 3,
	OIF: 4,
	GATEWAY: 5,
	PRIORITY: 6,
	PREFSRC: 7,
	METRICS: 8,
	MULTIPATH: 9,
	TABLE: 15,
	VIA: 18,
	IP_PROTO: 27,
	SPORT: 28,
	DPORT: 29
};
// src/sys/route-query.ts
/**
* Asks the kernel how it would route one packet: RTM_GETROUTE (rtnetlink(7)), in memory made once, since a worker asks for each new destination.
* It answers as it would for the packet itself, rules and multipath included. Addresses and ports raw.
*
* For a packet that is sent on the kernel does not say which source its own would have. So it is asked three things: the way, as for a packet that
* came in; the entry that this comes from, which may prefer a source; if it does not, the host's own source there, as its MASQUERADE has it: of
* IPv4 the one next to the gateway, of IPv6 the one towards the destination by that device (RFC 6724 §5).
*/
const RTM_GETROUTE = 26;
const NLM_F_REQUEST = 1;
const RTM_F_FIB_MATCH = 8192;
const RTN_UNICAST = 1;
const PROTO_ICMP = 1;
const PROTO_ICMPV6 = 58;
const PROTO_SCTP = 132;
const EACCES = 13;
const EINVAL = 22;
const EHOSTUNREACH = 113;
const TYPE_AT = 4;
const SEQUENCE_AT = 8;
const RTMSG_TYPE_AT = 23;
const RTMSG_FLAGS_AT = 24;
const ERRNO_AT = 16;
const ATTRIBUTES_AT = 28;
const ATTRIBUTE_HEADER = 4;
/** Of an address in words. */
const WORDS6 = 4;
var Request = class {
	/** `words`: of an address; `fields`: RTA_* of one address, or of four bytes or less. */
	constructor(words, ...fields) {
		this.at = /* @__PURE__ */ new Map();
		const isAddress = (field) => field === RTA.DST || field === RTA.SRC;
		const sizeOf = (field) => isAddress(field) ? 4 * words : field === RTA.IP_PROTO ? 1 : field === RTA.SPORT || field === RTA.DPORT ? 2 : 4;
		const bits = 32 * words;
		const header = pack("111111114", words === WORDS6 ? 10 : 2, bits, fields.includes(RTA.SRC) ? bits : 0, 0, 0, 0, 0, 0, 0);
		let end = ATTRIBUTES_AT;
		for (const field of fields) {
			this.at.set(field, end + ATTRIBUTE_HEADER);
			end += ATTRIBUTE_HEADER + (sizeOf(field) + 3 & -4);
		}
		const attributes = fields.map((field) => attribute(field, new Uint8Array(sizeOf(field))));
		this.bytes = Uint8Array.from(message(RTM_GETROUTE, NLM_F_REQUEST, 0, header, ...attributes));
		this.view = new DataView(this.bytes.buffer);
	}
	/** The value's low bytes, as many as the field has. */
	set(field, value) {
		const at = this.at.get(field);
		if (field === RTA.IP_PROTO) this.view.setUint8(at, value);
		else if (field === RTA.SPORT || field === RTA.DPORT) this.view.setUint16(at, value, true);
		else this.view.setInt32(at, value, true);
		return this;
	}
	/** The address whose raw words begin at `words[from]`. */
	setAddress(field, words, from, count) {
		const at = this.at.get(field);
		for (let k = 0; k < count; k++) this.view.setInt32(at + 4 * k, words[from + k], true);
		return this;
	}
	flags(flags) {
		this.view.setUint32(RTMSG_FLAGS_AT, flags, true);
		return this;
	}
};
/** The questions of one family. */
var Questions = class {
	constructor(words) {
		this.words = words;
		this.toSendOn = new Request(words, RTA.DST, RTA.SRC, RTA.IIF, RTA.IP_PROTO);
		this.withPorts = new Request(words, RTA.DST, RTA.SRC, RTA.IIF, RTA.IP_PROTO, RTA.SPORT, RTA.DPORT);
		this.ofAny = new Request(words, RTA.DST, RTA.SRC, RTA.IIF);
		this.own = new Request(words, RTA.DST);
		this.ownByDevice = new Request(words, RTA.DST, RTA.OIF);
	}
};
var RouteQuery = class {
	constructor() {
		this.device = 0;
		this.source6 = new Int32Array(WORDS6);
		this.hasGateway = false;
		this.hasPrefSrc = false;
		this.gateway = new Int32Array(WORDS6);
		this.prefSrc = new Int32Array(WORDS6);
		this.ends = /* @__PURE__ */ new Int32Array(2);
		this.sequence = 0;
		this.fd = native.openNetlink(0, -1, 0);
		this.answer = /* @__PURE__ */ new Uint8Array(8192);
		this.view = new DataView(this.answer.buffer);
		this.ipv4 = new Questions(1);
		this.ipv6 = new Questions(WORDS6);
	}
	/** The source of a packet from `src` (0: the host's own) to `dst` that comes in at device `ingress`, or a REFUSED_*. */
	ask(src, dst, proto, ports, ingress) {
		this.ends[0] = src;
		this.ends[1] = dst;
		const answer = this.askFor(this.ipv4, this.ends, src === 0, proto, ports, ingress);
		if (answer !== 1) return answer;
		return isRefused(this.prefSrc[0]) ? 0 : this.prefSrc[0];
	}
	/** The same of IPv6, source and destination in `ends`: FOUND, and the answer is in `source6`, or a REFUSED_*. */
	ask6(ends, proto, ports, ingress) {
		const isOwn = (ends[0] | ends[1] | ends[2] | ends[3]) === 0;
		const answer = this.askFor(this.ipv6, ends, isOwn, proto, ports, ingress);
		if (answer === 1) this.source6.set(this.prefSrc);
		return answer;
	}
	/** FOUND, and the source is in `prefSrc`; or a REFUSED_*. */
	askFor(q, ends, isOwn, proto, ports, ingress) {
		const { words } = q;
		if (isOwn) return this.look(q.own.setAddress(RTA.DST, ends, words, words), words) === 0 && this.hasPrefSrc ? 1 : 0;
		const forward = forwardOf(q, proto, ports).setAddress(RTA.DST, ends, words, words).setAddress(RTA.SRC, ends, 0, words).set(RTA.IIF, ingress);
		const errno = this.look(forward.flags(0), words);
		if (errno !== 0) return refusal(errno);
		const { device, hasGateway } = this;
		const isFound = this.look(forward.flags(RTM_F_FIB_MATCH), words) === 0 && this.hasPrefSrc || this.findOwn(q, ends, hasGateway, device);
		this.device = device;
		return isFound ? 1 : 0;
	}
	/** Whether the host has a source of its own by the way out of `device`. `gateway` is that way's. */
	findOwn({ ownByDevice, words }, ends, hasGateway, device) {
		const [near, far] = hasGateway ? [this.gateway, 0] : [ends, words];
		const gateway = near.slice(far, far + words);
		const ask = (to, at) => this.look(ownByDevice.setAddress(RTA.DST, to, at, words).set(RTA.OIF, device), words) === 0 && this.hasPrefSrc;
		return words === 1 ? ask(gateway, 0) : ask(ends, words) || ask(gateway, 0);
	}
	close() {
		fs.closeSync(this.fd);
	}
	/** 0 and the way in `device`, `gateway` and `prefSrc`; or an errno. */
	look(request, words) {
		this.sequence = this.sequence + 1 | 0;
		request.view.setInt32(SEQUENCE_AT, this.sequence, true);
		const sent = native.send(this.fd, request.bytes);
		if (sent < 0) return -sent;
		for (;;) {
			const length = native.recv(this.fd, this.answer, 0);
			if (length === -4) continue;
			if (length < 0) return -length;
			if (this.view.getInt32(SEQUENCE_AT, true) === this.sequence) return this.parse(length, words);
		}
	}
	parse(length, words) {
		const { view } = this;
		this.device = 0;
		this.hasGateway = false;
		this.hasPrefSrc = false;
		if (view.getUint16(TYPE_AT, true) === 2) return -view.getInt32(ERRNO_AT, true);
		if (view.getUint8(RTMSG_TYPE_AT) !== RTN_UNICAST) return EHOSTUNREACH;
		for (let at = ATTRIBUTES_AT; at + ATTRIBUTE_HEADER <= length;) {
			const size = view.getUint16(at, true);
			if (size < ATTRIBUTE_HEADER) break;
			const type = view.getUint16(at + 2, true);
			const from = at + ATTRIBUTE_HEADER;
			if (type === RTA.OIF) this.device = view.getInt32(from, true);
			else if (type === RTA.GATEWAY) this.hasGateway = this.read(this.gateway, from, size, words);
			else if (type === RTA.PREFSRC) this.hasPrefSrc = this.read(this.prefSrc, from, size, words);
			at += size + 3 & -4;
		}
		return 0;
	}
	read(to, at, size, words) {
		if (size !== ATTRIBUTE_HEADER + 4 * words) return false;
		for (let k = 0; k < words; k++) to[k] = this.view.getInt32(at + 4 * k, true);
		return true;
	}
};
function forwardOf(q, proto, ports) {
	if (proto === PROTO_SCTP) return q.ofAny;
	if (proto === PROTO_ICMP || proto === PROTO_ICMPV6) return q.toSendOn.set(RTA.IP_PROTO, proto);
	return q.withPorts.set(RTA.IP_PROTO, proto).set(RTA.SPORT, ports).set(RTA.DPORT, ports >>> 16);
}
function refusal(errno) {
	if (errno === EACCES) return 512;
	if (errno === EHOSTUNREACH) return 256;
	return errno === EINVAL ? 768 : 0;
}
// src/wire/crc32c.ts
/**
* CRC32c (RFC 9260 Appendix A; polynomial 0x1EDC6F41, bits reflected), and how it changes when four bytes of a packet do.
*
* A CRC is linear: exchanging bytes changes it by the CRC of the difference followed by as many zeros as there are bytes behind. Zeros are a
* multiplication by a power of x, so the work does not grow with the packet, and a CRC that was wrong stays wrong.
*
* Polynomials over GF(2) of degree below 32 are int32 with the coefficient of x^0 in the highest bit.
*/
const POLYNOMIAL = -2097792136;
const ONE = -2147483648;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
	let crc = byte;
	for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
	return crc;
});
/** x^(8n), and x^(8 * 256 n), for n up to 255. */
const BYTES = powers(8388608);
const PAGES = powers(multiply(BYTES[255], BYTES[1]));
function powers(base) {
	const all = /* @__PURE__ */ new Int32Array(256);
	let power = ONE;
	for (let n = 0; n < 256; n++) {
		all[n] = power;
		power = multiply(power, base);
	}
	return all;
}
/** Product modulo the polynomial. */
function multiply(a, b) {
	let product = 0;
	let shifted = b;
	for (let rest = a; rest !== 0; rest <<= 1) {
		if (rest < 0) product ^= shifted;
		shifted = (shifted & 1) !== 0 ? shifted >>> 1 ^ POLYNOMIAL : shifted >>> 1;
	}
	return product;
}
/** State after the `len` bytes at `off`. */
function update(state, bytes, off, len) {
	let crc = state;
	for (let i = off; i < off + len; i++) crc = TABLE[(crc ^ bytes[i]) & 255] ^ crc >>> 8;
	return crc;
}
/** The CRC, as the raw word (`raw.ts`) that is written into a packet. */
function finish$1(state) {
	return ~state;
}
/** By what the CRC of `len` bytes changes, XOR, when their first raw word does by `change`, XOR. `len`: 4..65535. */
function changeOfFirstWord(change, len) {
	return multiply(change, multiply(BYTES[len & 255], PAGES[len >> 8]));
}
const CHUNK_HEADER_SIZE = 4;
const INIT_SIZE = 20;
const TAG = 4;
const CHECKSUM = 8;
const CHUNK_TYPE = 12;
const CHUNK_FLAGS = 13;
const CHUNK_LENGTH = 14;
const INITIATE_TAG = 16;
/** Of ABORT and SHUTDOWN COMPLETE: the tag is not the receiver's but the sender's own, which it has from the packet that it answers (§8.5.1). */
const FLAG_REFLECTED = 1;
/** DROP_NONE if `len` bytes at `off` hold a common header and a first chunk of at most `longest` bytes with it, else the reason to drop. */
function check$2(bytes, off, len, longest = len) {
	if (len < 16) return DROP_TRUNCATED;
	const size = bytes[off + CHUNK_LENGTH] << 8 | bytes[off + CHUNK_LENGTH + 1];
	if (size < CHUNK_HEADER_SIZE || 12 + size > longest) return DROP_L4_HEADER;
	const type = bytes[off + CHUNK_TYPE];
	return (type === 1 || type === 2) && (size < INIT_SIZE || len < 32) ? DROP_L4_HEADER : DROP_NONE;
}
/** Type of the first chunk. What opens, accepts or ends an association comes first: INIT and SHUTDOWN COMPLETE alone, INIT ACK too (§6.10). */
function chunkType(bytes, off) {
	return bytes[off + CHUNK_TYPE];
}
/** Whether the first chunk, an ABORT or SHUTDOWN COMPLETE, has the sender's own tag. */
function isReflected(bytes, off) {
	return (bytes[off + CHUNK_FLAGS] & FLAG_REFLECTED) !== 0;
}
/** Whether the packet may open an association: one INIT, alone, without a tag (§8.5.1). */
function isOpening$2(bytes, words, off, len) {
	if (bytes[off + CHUNK_TYPE] !== 1 || words[off + TAG >> 2] !== 0 || words[off + INITIATE_TAG >> 2] === 0) return false;
	return 12 + ((bytes[off + CHUNK_LENGTH] << 8 | bytes[off + CHUNK_LENGTH + 1]) + 3 & -4) >= len;
}
/** First half of the verification tag, raw. */
function tagUpper(halves, off) {
	return halves[off + TAG >> 1];
}
/** First half of the tag that an INIT or INIT ACK asks the other end to use, raw. */
function initiateTagUpper(halves, off) {
	return halves[off + INITIATE_TAG >> 1];
}
/** The checksum as a raw word. */
function checksum$1(words, off) {
	return words[off + CHECKSUM >> 2];
}
function setChecksum(words, off, checksum) {
	words[off + CHECKSUM >> 2] = checksum;
}
/** What the checksum of a packet is to be, whose first `len` bytes are at `off` and the other `more` at `tail`. */
function compute(bytes, off, len, tail, more) {
	let crc = update(-1, bytes, off, CHECKSUM);
	crc = update(crc, NO_CHECKSUM, 0, 4);
	crc = update(crc, bytes, off + 12, len - 12);
	return finish$1(update(crc, bytes, tail, more));
}
const NO_CHECKSUM = /* @__PURE__ */ new Uint8Array(4);
/** The tag that an INIT asks the other end to use, raw. */
function initiateTag(words, off) {
	return words[off + INITIATE_TAG >> 2];
}
/** Writes a packet with an ABORT (§3.3.7) of ABORT_SIZE bytes: raw ports and tag. */
function emitAbort(bytes, words, off, ports, tag) {
	words[off >> 2] = ports;
	words[off + TAG >> 2] = tag;
	bytes[off + CHUNK_TYPE] = 6;
	bytes[off + CHUNK_FLAGS] = 0;
	bytes[off + CHUNK_LENGTH] = 0;
	bytes[off + CHUNK_LENGTH + 1] = CHUNK_HEADER_SIZE;
	setChecksum(words, off, compute(bytes, off, 16, 0, 0));
}
/** Writes the raw ports word, and corrects the checksum of a packet of `len` bytes by it. */
function setPorts(words, off, ports, len) {
	const change = words[off >> 2] ^ ports;
	if (change === 0) return;
	words[off >> 2] = ports;
	words[off + CHECKSUM >> 2] = words[off + CHECKSUM >> 2] ^ changeOfFirstWord(change, len);
}
// src/table/selection.ts
const CLIENTS = 16384;
const WAYS = 4;
const TURN = 0;
const LOCK = 1;
const SEED = 2;
const AFFINITY = 3;
const ENTRIES = 4;
/** Looks at a lock that another worker holds: some 100 µs. */
const PATIENCE = 1e4;
var Selection = class {
	constructor(memory) {
		this.words = new Int32Array(memory);
		this.affinitySec = this.words[AFFINITY];
	}
	/** The word that stands for an IPv6 client: for its network of 64 bits, in which it may have any address. Takes the address's first two words. */
	clientOfIpv6(word0, word1) {
		const h = Math.imul(word0 ^ this.words[SEED], 2654435761) + Math.imul(word1, 2246822507);
		return h ^ h >>> 15;
	}
	/**
	* Index in `takers`, of which there is at least one, of the target for a new flow of `client`: an IPv4 address as a raw word, or `clientOfIpv6`.
	* `now`: monotonic seconds, the same for all workers.
	*/
	pick(client, takers, now) {
		if (this.affinitySec === 0 || !this.lock()) return this.turn(takers.length);
		const { words } = this;
		const at = this.find(client, now);
		const former = words[at] === client ? this.targetAt(at, now) : 0;
		let index = 0;
		while (index < takers.length && takers[index].id !== former) index++;
		if (index === takers.length) index = this.turn(takers.length);
		this.enter(at, client, takers[index].id, now);
		Atomics.store(words, LOCK, 0);
		return index;
	}
	/** The client has a flow to target `id`, whose last packet came at `when`: later ones are to go there too. */
	note(client, id, when) {
		if (this.affinitySec === 0 || !this.lock()) return;
		const at = this.find(client, when);
		if (this.words[at] !== client || this.words[at + 32768] <= when) this.enter(at, client, id, when);
		Atomics.store(this.words, LOCK, 0);
	}
	turn(takers) {
		return (Atomics.add(this.words, TURN, 1) >>> 0) % takers;
	}
	lock() {
		for (let n = 0; n < PATIENCE; n++) if (Atomics.compareExchange(this.words, LOCK, 0, 1) === 0) return true;
		return false;
	}
	/** Word of the client's entry, or of the one that it is to have. */
	find(client, now) {
		const { words } = this;
		const h = Math.imul(client ^ words[SEED], 2654435761);
		const bucket = ENTRIES + (h >>> 12 & 16380);
		let best = bucket;
		for (let at = bucket; at < bucket + WAYS; at++) {
			if (words[at] === client && words[at + 16384] !== 0) return at;
			if (this.targetAt(best, now) === 0) continue;
			if (this.targetAt(at, now) === 0 || words[at + 32768] < words[best + 32768]) best = at;
		}
		return best;
	}
	/** Target of the entry; 0: it is free, or its time is over. */
	targetAt(at, now) {
		const { words } = this;
		return now - words[at + 32768] < this.affinitySec ? words[at + CLIENTS] : 0;
	}
	enter(at, client, id, when) {
		const { words } = this;
		words[at] = client;
		words[at + CLIENTS] = id;
		words[at + 2 * CLIENTS] = when;
	}
};
// src/dataplane/turn.ts
/**
* Changes the state of a flow, with all that goes with it. A flow that is CLOSED holds nothing: its port mapping, its share of the ports to its
* target and its place in the limits are given back at once, though its entry stays for late packets. One that comes back to life takes them up again.
*/
/** `when`: second of the packet that is the reason. */
function turn(state, id, next, when) {
	const { conntrack } = state;
	const wasClosed = PHASES[conntrack.state(id)] === 2;
	const isClosed = PHASES[next] === 2;
	conntrack.setState(id, next, when);
	if (wasClosed && !isClosed) takeUp(state, id);
	if (isClosed && !wasClosed) letGo(state, id);
}
/** Gives back all that the flow holds, before it is taken out. */
function end(state, id) {
	if (PHASES[state.conntrack.state(id)] !== 2) letGo(state, id);
}
function letGo({ conntrack, pool, limits }, id) {
	const mapping = conntrack.mapping(id);
	if (mapping !== -1) pool.release(mapping, conntrack.tuple(id, 0, 0), conntrack.tuple(id, 0, 2) & 65535);
	conntrack.close(id);
	limits.release(id);
}
/** The flow has its port still, which is unique to its target; its mapping only if nobody got the port in the meantime. */
function takeUp({ conntrack, pool, limits }, id) {
	conntrack.setMapping(id, -1);
	limits.hold(id);
	if (conntrack.isPublished(id) || !conntrack.hasOtherSource(id)) return;
	const inside = conntrack.tuple(id, 0, 0);
	const port = conntrack.tuple(id, 0, 2) & 65535;
	const outsidePort = conntrack.newPorts(id, 0) & 65535;
	conntrack.setMapping(id, pool.reacquire(conntrack.protocol(id), inside, port, conntrack.newSrc(id, 0), outsidePort));
}
// src/dataplane/retire.ts
/** Ends a flow: gives back what it holds, has its steering entries forgotten, and takes it out of conntrack. */
/** Has the entry of a packet that we send taken out of the steering's map. */
function forgetEntry({ forget, forget6 }, src, dst, ports, proto) {
	const entries = isIpv6(src) ? forget6 : forget;
	if (!entries.isFull) entries.addKey(src, dst, ports, proto);
}
function retire(state, id) {
	const { addresses, conntrack } = state;
	for (let dir = 0; dir < 2; dir++) {
		if ((conntrack.egress(id, dir) & 9216) === 0) continue;
		forgetEntry(state, conntrack.newSrc(id, dir), conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id));
	}
	end(state, id);
	for (let dir = 0; dir < 2; dir++) {
		addresses.release(conntrack.tuple(id, dir, 0));
		addresses.release(conntrack.tuple(id, dir, 1));
	}
	conntrack.remove(id);
}
/** Ends a flow in the middle of a batch, to make room for another. Packets of it in the batch have no flow then: its number is the other's. */
function evict(b, state, id) {
	retire(state, id);
	state.evicted++;
	for (let i = 0; i < b.count; i++) {
		if (b.flow[i] >> 1 !== id) continue;
		b.flow[i] = -1;
		state.displaced = true;
	}
}
// src/dataplane/track-sctp.ts
/** Whether packet `i`, of SCTP, may open an association. */
function isOpening$1(b, i) {
	const { bytes, words } = b.memory;
	return isOpening$2(bytes, words, b.l4[i], totalLength(b, i) - (b.l4[i] - ipAt(b, i)));
}
/** Whether a chunk of this type is sent only by who has, or believes to have, an association. */
function isTraffic(type) {
	return type === 0 || type === 3 || type === 4 || type === 5 || type === 64;
}
function trackSctp(b, i, state, id, dir) {
	const { conntrack, now } = state;
	const { bytes, halves } = b.memory;
	const off = b.l4[i];
	const type = chunkType(bytes, off);
	const old = conntrack.state(id);
	let next = old;
	if (type === 1) {
		next = afterInit(b, i, old, dir);
		if (next === REFUSED_INIT) return;
		conntrack.setAcked(id, dir ^ 1, initiateTagUpper(halves, off));
	} else {
		if (!hasTag(conntrack, id, dir, old, bytes, halves, off, type)) {
			if (type !== 11 || dir === 0 || old !== 21 && old !== 22) return;
			next = 20;
		} else next = nextState(old, type, dir);
		if (type === 2 && next === 19) conntrack.setAcked(id, dir ^ 1, initiateTagUpper(halves, off));
		if (next === 20 || old === 20) conntrack.setAcked(id, dir, tagUpper(halves, off));
	}
	conntrack.touch(id, dir, now);
	if (next !== old) turn(state, id, next, now);
}
/** Answer of `afterInit` for an INIT that changes nothing, and so does not keep the flow alive. */
const REFUSED_INIT = -1;
function afterInit(b, i, old, dir) {
	if (!isOpening$1(b, i)) return REFUSED_INIT;
	if (dir === 0) return old === 21 || old === 22 ? REFUSED_INIT : 18;
	return old === 18 ? 19 : REFUSED_INIT;
}
/** Whether the packet of direction `dir` has the tag that its receiver asks for. */
function hasTag(conntrack, id, dir, state, bytes, halves, off, type) {
	const end = (type === 6 || type === 14) && isReflected(bytes, off) ? dir ^ 1 : dir;
	if (!isKnown$3(state, end)) return state === 20;
	return tagUpper(halves, off) === conntrack.acked(id, end);
}
/** Whether the tag of packets of direction `end` is known: after an INIT the one of its answers, then both. */
function isKnown$3(state, end) {
	if (state === 20) return false;
	return state !== 18 || end === 1;
}
/** State after a packet that begins with a chunk of `type`, but INIT, in direction `dir` (0: from the side that opened). */
function nextState(state, type, dir) {
	if (type === 6 || type === 14) return 23;
	switch (state) {
		case 18: return type === 2 && dir === 1 ? 19 : state;
		case 19: return type === 11 ? 21 : state;
		case 20: return dir === 1 ? 21 : state;
		case 21: return type === 7 || type === 8 ? 22 : state;
		case 22: return state;
		default: return isTraffic(type) ? 20 : state;
	}
}
// src/dataplane/choose-target.ts
/** The target for a new flow of the client with the address `src`; null: none takes it. */
function chooseTarget(state, rule, src) {
	const { takers, selection } = rule;
	if (selection === null) return takers[0];
	if (takers.length === 0) return null;
	const client = clientOf(state, selection, src);
	const first = selection.pick(client, takers, state.now);
	for (let n = 0; n < takers.length; n++) {
		const target = takers[(first + n) % takers.length];
		if (target.network !== -1 && state.endpoints.get(target.address, target.network) === -1) continue;
		if (n > 0) selection.note(client, target.id, state.now);
		return target;
	}
	return null;
}
/** The rule's target with that address and port (raw half) for `port`, host order, of the host; null: it is none. */
function targetOf(rule, address, targetPort, port) {
	const { targets, firstPort } = rule;
	for (let k = 0; k < targets.length; k++) {
		const target = targets[k];
		if (target.address === address && rawHalf(target.port + port - firstPort) === targetPort) return target;
	}
	return null;
}
/** Flow `id`, of a client that was led to `target` before, is known from now on. */
function noteTarget(state, rule, src, target, when) {
	if (rule.selection !== null) rule.selection.note(clientOf(state, rule.selection, src), target.id, when);
}
function clientOf({ addresses }, selection, src) {
	if (!isIpv6(src)) return src;
	const at = rowOf(src) << 2;
	return selection.clientOfIpv6(addresses.words[at], addresses.words[at + 1]);
}
/**
* Whether packet `i` of flow `id` opens a new connection where an old one has ended, to a port with several targets: that is a new flow, which may
* go elsewhere. Then the old one has ended.
*/
function opensAnother(b, i, state, id) {
	const { conntrack } = state;
	if (PHASES[conntrack.state(id)] !== 2 || !conntrack.isPublished(id)) return false;
	const proto = b.proto[i];
	if (proto === 6 ? !isSyn(b, i) : proto === 132 ? !isOpening$1(b, i) : proto !== 17) return false;
	const rule = state.publishedAt(b.dst[i], b.ports[i] >>> 16, proto);
	if (rule === null || rule.selection === null) return false;
	if (proto === 17) {
		const target = targetOf(rule, conntrack.tuple(id, 1, 0), conntrack.tuple(id, 1, 2) & 65535, dstPort(b.ports[i]));
		if (target !== null && target.duty === 0) return false;
	}
	evict(b, state, id);
	return true;
}
function isSyn(b, i) {
	return (tcpFlags(b.memory.bytes, b.l4[i]) & 23) === 2;
}
// src/dataplane/host-port.ts
/** Sends frame `i`, which is for `dst` (raw), to the host's port. False, and nothing is done, if it may not go there. */
function toHostPort(b, i, state, dst) {
	const { networks, ports } = state;
	const host = state.hostPortOf(b.ingress[i]);
	if (host === -1 || state.locals.get(dst, 0) === -1) return false;
	const network = ports.network[b.ingress[i]];
	if ((networks.flags[network] & 1) !== 0 && dst !== networks.gatewayFor(network, dst)) return false;
	b.egress[i] = host;
	return true;
}
// src/dataplane/flow-lookup.ts
/**
* Finds the flow of each packet that is to be routed and that `established` has left; what can have none goes to the host or is dropped.
*
* A flow's packets come by the port that the other direction leaves by. One that looks the same but comes by another port is somebody else's:
* neither of the flow nor the beginning of a new one. Of an ICMP query the opener asks and the other end answers, what it was asked.
*/
function flowLookup(b, state) {
	const { conntrack } = state;
	for (let i = 0; i < b.count; i++) {
		if (b.egress[i] !== -4 || isNobodys(b, i)) continue;
		const proto = b.proto[i];
		if (proto === 6 || proto === 17 || proto === 132 || isIcmp(proto) && isQuery(b, i)) {
			const src = b.src[i];
			const dst = b.dst[i];
			b.hash[i] = conntrack.hash(src, dst, b.ports[i], proto);
			const ref = conntrack.find(b.hash[i], src, dst, b.ports[i], proto);
			if (ref === -1 || (ref & 1) === 0 && opensAnother(b, i, state, ref >> 1)) refuseForeign(b, i, state, src);
			else join(b, i, state, ref);
		} else if (!isIcmp(proto) && !isLaterFragment(b, i)) refuse$1(b, i, state, DROP_PROTOCOL);
	}
}
/** Drops frame `i` if one of its addresses is nobody's: of class E, whose words are IPv6 addresses in our tables, or an IPv4-mapped one. */
function isNobodys(b, i) {
	const src = b.src[i];
	const dst = b.dst[i];
	if (b.kind[i] !== 3) {
		if (!isIpv6(src) && !isIpv6(dst)) return false;
	} else if (sortOf(src) !== 245 && sortOf(dst) !== 245) return false;
	const bySource = b.kind[i] === 3 ? sortOf(src) === 245 : isIpv6(src);
	b.drop(i, bySource ? DROP_SOURCE_SPOOFED : DROP_NO_ROUTE);
	return true;
}
/** Makes frame `i`, which has the flow's tuple, one of the flow, or drops it. */
function join(b, i, { conntrack }, ref) {
	if (!conntrack.comesBy(ref, b.ingress[i])) b.drop(i, DROP_WRONG_PORT);
	else if (isIcmp(b.proto[i]) && !isItsTurn(b, i, ref, conntrack.state(ref >> 1))) b.drop(i, DROP_NO_FLOW);
	else b.flow[i] = ref;
}
/** Whether an ICMP query in the direction of `ref` asks, or answers what was asked last. */
function isItsTurn(b, i, ref, state) {
	if ((ref & 1) === 0) return isRequest(b, i);
	return !isRequest(b, i) && state === queryState(b, i);
}
/** Nobody out there has an address of an own network, but for the host. */
function refuseForeign(b, i, state, src) {
	if (b.ingress[i] === state.ports.uplink && state.networks.of(src) !== -1 && !state.isLocal(src)) b.drop(i, DROP_SOURCE_SPOOFED);
}
/** What has no flow cannot be translated; but what an endpoint sends to the host itself needs no translation. */
function refuse$1(b, i, state, reason) {
	if (!toHostPort(b, i, state, b.dst[i])) b.drop(i, reason);
}
function accepted(b, state) {
	for (let i = 0; i < b.count; i++) {
		if (b.device[i] === 0) continue;
		if (state.ports.kind[b.ingress[i]] === 6) {
			fromNode(b, i);
			continue;
		}
		if (b.egress[i] !== -4 || isNobodys(b, i)) continue;
		const reason = check$1(b, i);
		const port = isLinkLocal$1(b.src[i]) ? originOnLink(b, i, state) : origin(b.device[i], state, b.src[i]);
		b.ingress[i] = port === -1 ? state.ports.uplink : port;
		if (reason !== DROP_NONE || port === -1) {
			b.drop(i, port === -1 ? DROP_SOURCE_SPOOFED : reason);
			continue;
		}
		if (b.proto[i] === 17 && state.isGroup(b.dst[i])) toOwnAddress(b, i, state);
	}
}
/** A frame that came in a datagram to our end of the tunnels: of the packet inside the kernel has looked at nothing. */
function fromNode(b, i) {
	const isIp = b.kind[i] === 2 || b.kind[i] === 3;
	if (b.egress[i] !== -2 || !isIp || b.proto[i] !== 6 && b.proto[i] !== 17 || isFragment(b, i)) return;
	const reason = check$1(b, i);
	if (reason !== DROP_NONE) b.drop(i, reason);
}
/**
* Port by which the sender's other packets come: an endpoint's own, if the kernel had its packet from the network's device; else the uplink. -1
* when an address of an own network came from elsewhere, or is no endpoint's.
*/
function origin(device, state, src) {
	const { endpoints, networks, ports } = state;
	if (device === 1) return ports.uplink;
	const network = networks.of(src);
	if (network === -1 || state.isLocal(src)) return ports.uplink;
	return device === networks.hostDevice[network] ? endpoints.get(src, network) : -1;
}
/** The same of a sender with a link-local address, which says nothing about its network: the device does, and the MAC that the address comes of. */
function originOnLink(b, i, state) {
	const { bytes, halves } = b.memory;
	const { fdb, networks, ports } = state;
	const device = b.device[i];
	const at = srcAt(ipAt(b, i));
	for (let network = 0; network < networks.end; network++) {
		if (networks.hostDevice[network] !== device) continue;
		const port = fdb.lookup(fdbKey(macHiOf(halves, at), network), macLoOf(bytes, at));
		return port !== -1 && ports.kind[port] === 3 && isLinkLocalOf(halves, at, ports.macHi[port], ports.macLo[port]) ? port : -1;
	}
	return ports.uplink;
}
/** DROP_NONE for a TCP segment or UDP datagram with a right checksum, which the header then says to be whole or partial. */
function check$1(b, i) {
	const { bytes, halves } = b.memory;
	const at = b.at[i];
	const off = b.l4[i];
	const proto = b.proto[i];
	if (proto === 132 && !isFragment(b, i)) return checkSctp(b, i, off);
	if (proto !== 6 && proto !== 17 || isFragment(b, i)) return DROP_PROTOCOL;
	if (isPartial(bytes, halves, at, off)) return DROP_NONE;
	const field = proto === 6 ? 16 : 6;
	const found = halves[off + field >> 1];
	if (proto === 17 && found === 0) return DROP_NONE;
	const len = totalLength(b, i) - (off - ipAt(b, i));
	const pseudo = pseudoSum$1(b, i, proto, len);
	const inHead = Math.min(len, b.memory.headEnd(i) - off);
	let all = pseudo + sum(halves, bytes, off, inHead);
	if (len > inHead) all += sum(halves, bytes, b.memory.tailAt(b.tail[i]), len - inHead);
	if (fold(all) === 65535) return DROP_NONE;
	if (found !== pseudo) return DROP_BAD_CHECKSUM;
	setPartial(bytes, halves, at, off, field);
	return DROP_NONE;
}
/** As `check`, of an SCTP packet. Nobody else looks at its checksum. A sender on this machine may have left it to the device: there is none in it then. */
function checkSctp(b, i, off) {
	const { bytes, words } = b.memory;
	const len = totalLength(b, i) - (off - ipAt(b, i));
	const inHead = Math.min(len, b.memory.headEnd(i) - off);
	const right = compute(bytes, off, inHead, len > inHead ? b.memory.tailAt(b.tail[i]) : 0, len - inHead);
	if (checksum$1(words, off) === right) return DROP_NONE;
	if (checksum$1(words, off) !== 0) return DROP_BAD_CHECKSUM;
	setChecksum(words, off, right);
	return DROP_NONE;
}
function toOwnAddress(b, i, state) {
	const { bytes, halves, words } = b.memory;
	const { addresses } = state;
	const ip = ipAt(b, i);
	const src = b.src[i];
	const own = state.ways.sourceTo(src, state.now);
	if (isRefused(own)) {
		b.drop(i, DROP_NO_ROUTE);
		return;
	}
	const off = b.l4[i];
	const change = addresses.delta(b.dst[i], own);
	updateUdpChecksum(halves, off, isPartial(bytes, halves, b.at[i], off), change, change);
	b.dst[i] = own;
	if (b.kind[i] === 3) addresses.copy(own, words, (ip >> 2) + 6);
	else setAddresses$1(words, halves, ip, src, own, change);
}
// src/dataplane/fragment.ts
/**
* Fragments of what is to be routed. The first one has the ports and goes the way of any packet; here it is noted, and the later ones get
* its flow and then new addresses alone. They are sent on one by one; nothing is put together, so what a receiver gets are the fragments that
* the sender made.
*
* One that comes before the first is copied and waits for it (RFC 4787 REQ-14): then it goes through all stages once more (`engine/engine.ts`).
* From an endpoint to the host it goes there as well: if the first one is of no flow, the host puts them together itself. In the
* same way `steer` leaves to the host what it copies to us (`steer/steer-program.ts`).
*
* No byte of a datagram passes twice: with a fragment that covers a part of what another one has, all of it is refused from then on
* (RFC 5722, RFC 1858). One that says the same bytes again is dropped, as the receiver would.
*
* Runs after `admit`, so that the flow may be as new as its first fragment in this very batch.
*/
/** The longest payload of a datagram, in bytes. */
const MAX_PAYLOAD = 65515;
/** Offset of a TCP fragment that begins within the header of the first one, where it could change flags that were looked at already (RFC 1858 §4). */
const OVER_TCP_FLAGS = 8;
/** By answer of `cover`. */
const REASONS = Uint8Array.of(DROP_NONE, DROP_FRAGMENT_REPEATED, DROP_FRAGMENT_OVERLAP);
/** Why `admit` opens no flow: then the rest of the datagram has none either. What was dropped for another reason may be forged, and says nothing. */
const OF_NO_FLOW = new Uint8Array(DROP_REASONS);
for (const reason of [
	DROP_NO_FLOW,
	DROP_NOT_SYN,
	DROP_SOURCE_REFUSED,
	DROP_NO_ROUTE,
	DROP_ISOLATED,
	DROP_NOT_FOR_HOST,
	DROP_TABLE_FULL,
	DROP_NO_PORT,
	DROP_LIMIT_CLIENT,
	DROP_LIMIT_ENDPOINT,
	DROP_LIMIT_PORT,
	DROP_LIMIT_TARGET_PORTS,
	DROP_SCTP_FRAGMENT,
	DROP_UNTRANSLATABLE
]) OF_NO_FLOW[reason] = 1;
function fragment(b, state) {
	for (let i = 0; i < b.count; i++) if (b.proto[i] !== 0) {
		if (isFragment(b, i)) noteFirst(b, i, state);
	} else if (b.egress[i] === -4 && isLaterFragment(b, i)) follow(b, i, state);
}
/** Why packet `i`, which is of no flow yet, may open none, if it is the first of several fragments: then it would be dropped here. Else DROP_NONE. */
function unfit(b, i, state) {
	const { fragments, newFlow, now } = state;
	if (!isFragment(b, i)) return DROP_NONE;
	if (lacksChecksum(b, i, newFlow.replySrc)) return DROP_UNTRANSLATABLE;
	if (b.proto[i] === 132) return DROP_SCTP_FRAGMENT;
	readPlace(b, i);
	if (!hasSoundSize()) return DROP_IP_FRAGMENT;
	const slot = fragments.find(b.src[i], b.dst[i], place.datagram, now);
	if (slot === -1) return DROP_NONE;
	const ref = fragments.ref(slot);
	return ref === -3 || ref >= 0 && !fragments.isStale(slot, now) ? DROP_FRAGMENT_OVERLAP : DROP_NONE;
}
/** A first fragment, that `admit` and the stages before it have seen. */
function noteFirst(b, i, state) {
	const { fragments, now } = state;
	const src = b.src[i];
	const dst = b.dst[i];
	readPlace(b, i);
	const { datagram } = place;
	let isOfFlow = b.egress[i] === -4 && b.flow[i] !== -1;
	const wrong = isOfFlow ? wrongChecksum(b, i, state) : DROP_NONE;
	if (wrong !== DROP_NONE) {
		b.drop(i, wrong);
		isOfFlow = false;
	}
	if (!isOfFlow && (b.egress[i] === -1 ? OF_NO_FLOW[b.reason[i]] === 0 : !state.isLocal(dst))) return;
	if (isOfFlow && !hasSoundSize()) {
		b.drop(i, DROP_IP_FRAGMENT);
		return;
	}
	const ref = isOfFlow ? b.flow[i] : -2;
	let slot = fragments.find(src, dst, datagram, now);
	if (slot === -1) {
		slot = fragments.open(src, dst, datagram, ref, now);
		if (slot === -1) return;
		fragments.become(slot, ref, b.ports[i], now);
	} else {
		const before = fragments.ref(slot);
		const held = fragments.held(slot);
		fragments.setHeld(slot, -1);
		if (before === -1 || before === -2 || before !== -3 && fragments.isStale(slot, now)) fragments.become(slot, ref, b.ports[i], now);
		if (isOfFlow) state.held.release(held);
		else state.loseHeld(held);
	}
	if (!isOfFlow) return;
	if (fragments.ref(slot) === -3) b.drop(i, DROP_FRAGMENT_OVERLAP);
	else cover(b, i, state, slot);
	if (b.egress[i] === -1) forgetUnsent(b, i, state);
}
/** Two datagrams with one number in one batch may both open a flow: that of the second one, of which nothing was sent, is none. */
function forgetUnsent(b, i, state) {
	const { conntrack } = state;
	const id = b.flow[i] >> 1;
	b.flow[i] = -1;
	if (conntrack.packets(id, 0) > 0 || conntrack.packets(id, 1) > 0) return;
	for (let k = 0; k < b.count; k++) if (b.flow[k] >> 1 === id) return;
	retire(state, id);
}
/** A later fragment: it follows the first one, or waits for it. */
function follow(b, i, state) {
	const { fragments, now } = state;
	const src = b.src[i];
	const dst = b.dst[i];
	readPlace(b, i);
	const { datagram } = place;
	if (!hasSoundSize() || place.proto === 6 && place.from === OVER_TCP_FLAGS) {
		refuse$1(b, i, state, DROP_IP_FRAGMENT);
		return;
	}
	let slot = fragments.find(src, dst, datagram, now);
	if (slot === -1) slot = fragments.open(src, dst, datagram, -1, now);
	if (slot !== -1 && fragments.ref(slot) === -1) {
		wait(b, i, state, slot, src, dst);
		return;
	}
	const ref = slot === -1 ? -2 : fragments.ref(slot);
	if (ref === -3) b.drop(i, DROP_FRAGMENT_OVERLAP);
	else if (ref < 0 || !isOf(b, i, state, ref, fragments.ports(slot))) refuse$1(b, i, state, DROP_IP_FRAGMENT);
	else {
		b.flow[i] = ref;
		cover(b, i, state, slot);
	}
}
/** Keeps a copy; the frame itself goes to the host, if it may, or ends here. */
function wait(b, i, state, slot, src, dst) {
	const { fragments, held } = state;
	const goesOn = toHostPort(b, i, state, dst);
	const frame = held.hold(b, i, 10, fragments.held(slot), src, goesOn);
	if (frame !== -1) fragments.setHeld(slot, frame);
	if (goesOn) return;
	if (frame === -1) b.drop(i, DROP_IP_FRAGMENT);
	else b.egress[i] = -6;
}
function cover(b, i, state, slot) {
	const answer = state.fragments.cover(slot, place.from, place.to, !place.more, state.now);
	if (answer !== 0) b.drop(i, REASONS[answer]);
}
/** What `readPlace` found: which part of which datagram the fragment is, in bytes of its payload, and of what protocol it says to be. */
const place = {
	datagram: 0,
	from: 0,
	to: 0,
	more: false,
	proto: 0
};
function readPlace(b, i) {
	const { bytes, halves, words } = b.memory;
	const ip = ipAt(b, i);
	if (b.kind[i] === 3) {
		const at = fragmentAt(b, i);
		place.datagram = identification(words, at);
		place.from = fragmentOffset(halves, at);
		place.to = place.from + ip + totalLength(b, i) - at - 8;
		place.more = moreFragments(bytes, at);
		place.proto = bytes[at];
		return;
	}
	place.datagram = datagram(bytes, halves, ip);
	place.from = fragmentOffset$1(halves, ip);
	place.to = place.from + totalLength$1(bytes, ip) - headerSize(bytes, ip);
	place.more = hasMoreFragments(halves, ip);
	place.proto = protocol(bytes, ip);
}
/**
* Why the checksum of a datagram's first fragment, which is of a flow, cannot become what it should be, or DROP_NONE. SCTP's is a CRC, whose correction
* for another port depends on how long the packet is (`wire/sctp.ts`), and nobody knows that yet; with the same ports there is nothing to correct.
*/
function wrongChecksum(b, i, { conntrack }) {
	const id = b.flow[i] >> 1;
	const dir = b.flow[i] & 1;
	if (b.proto[i] === 132 && conntrack.newPorts(id, dir) !== b.ports[i]) return DROP_SCTP_FRAGMENT;
	return lacksChecksum(b, i, conntrack.newDst(id, dir)) ? DROP_UNTRANSLATABLE : DROP_NONE;
}
/** Whether an IPv4 datagram without a checksum is to become IPv6, which has none without (RFC 7915 §4.5): for a part nobody can compute it. */
function lacksChecksum(b, i, newDst) {
	return b.kind[i] === 2 && b.proto[i] === 17 && isIpv6(newDst) && b.memory.halves[b.l4[i] + 6 >> 1] === 0;
}
/** Whether a fragment has a payload, of whole units of 8 bytes but for the last one (RFC 791 §3.2, RFC 8200 §4.5), inside of what a datagram can be. */
function hasSoundSize() {
	const { from, to, more } = place;
	return to > from && to <= MAX_PAYLOAD && (!more || (to - from & 7) === 0);
}
/** Whether `ref` is still the first fragment's flow, by this port: its number may have been given to another. */
function isOf(b, i, { conntrack }, ref, ports) {
	const id = ref >> 1;
	const dir = ref & 1;
	return conntrack.comesBy(ref, b.ingress[i]) && (b.kind[i] === 3 || conntrack.protocol(id) === place.proto) && conntrack.tuple(id, dir, 0) === b.src[i] && conntrack.tuple(id, dir, 1) === b.dst[i] && conntrack.tuple(id, dir, 2) === ports;
}
// src/dataplane/icmpv6-answer.ts
/**
* As `icmp-answer.ts`, about an IPv6 packet: turns it into an ICMPv6 error that quotes it (RFC 4443 §2.4). Never about an error, a later fragment, what
* was for a group, or from one.
*/
/** An error is at most as long as every link carries (§3.1). */
const MAX_QUOTE$1 = 1232;
const HOP_LIMIT$1 = 64;
/** Whether there may be an error about frame `i`. */
function isAnswerable6(b, i) {
	const src = b.src[i];
	if (b.proto[i] === 0 || isGroup$1(b.dst[i]) || isGroup$1(src) || isUnspecified$1(src)) return false;
	return !isIcmp(b.proto[i]) || isQuery$1(b.memory.bytes, b.l4[i]);
}
/** Address that the error comes from; one that `isRefused` says: there is none. */
function ownAddress6(b, i, state) {
	const asked = b.dst[i];
	if (b.ingress[i] !== state.ports.uplink) return state.networks.gateway6[state.ports.network[b.ingress[i]]];
	return state.isLocal(asked) ? asked : state.ways.sourceTo(b.src[i], state.now);
}
/** Turns frame `i` into the error; `rest`: the 32 bits that depend on the type. Preconditions: the two above. */
function answer6(b, i, state, own, type, code, rest) {
	const { bytes, halves, words } = b.memory;
	const { addresses } = state;
	const ip = ipAt(b, i);
	const sender = b.src[i];
	const quote = Math.min(totalLength(b, i), MAX_QUOTE$1);
	const message = ip + 40;
	const size = 8 + quote;
	bytes.copyWithin(message + 8, ip, ip + quote);
	emit$2(bytes, halves, words, ip, size, 58, HOP_LIMIT$1);
	addresses.copy(own, words, (ip >> 2) + 2);
	addresses.copy(sender, words, (ip >> 2) + 6);
	emitError(bytes, halves, message, type, code, rest);
	fillChecksum$2(bytes, halves, words, ip, message, size);
	emit(halves, b.at[i]);
	b.len[i] = 54 + size;
	b.flow[i] = -1;
	b.egress[i] = b.ingress[i];
	b.mark[i] = 0;
	b.routed[i] = 1;
}
// src/dataplane/icmp-answer.ts
/**
* Answers a packet with an ICMP error about itself (RFC 1812 §4.3.2), back to where it came from, quoting it as its sender knows it. Never
* about an error, a later fragment, or what was for a group (§4.3.2.7), and no more than so many a second (§4.3.2.8).
*/
/** An error quotes as much as fits into 576 bytes (RFC 1812 §4.3.2.3). */
const MAX_QUOTE = 548;
const ERROR_TTL = 64;
/**
* Turns frame `i`, which `parse` has seen, into the error; false, and nothing is changed, where there is to be none. Type and code are ICMP's; of an
* IPv6 packet it becomes what says the same (RFC 7915 §4.2). `mtu`: of "fragmentation needed".
*/
function answer(b, i, state, type, code, mtu = 0) {
	if (b.kind[i] === 3) return answerIpv6(b, i, state, type, code, mtu);
	const { bytes, halves, words } = b.memory;
	const at = b.at[i];
	const ip = at + 10 + 14;
	const sender = src(words, ip);
	const asked = dst(words, ip);
	if (!mayAnswer(state, b.ingress[i]) || b.proto[i] === 0 || (asked & 255) >= 224) return false;
	if (b.proto[i] === 1 && !isQuery$2(bytes, b.l4[i])) return false;
	const own = b.ingress[i] !== state.ports.uplink ? state.networks.gateway[state.ports.network[b.ingress[i]]] : state.isLocal(asked) ? asked : state.ways.sourceTo(sender, state.now);
	if (isRefused(own)) return false;
	state.icmpErrors++;
	state.icmpErrorsTo[b.ingress[i]]++;
	const total = totalLength$1(bytes, ip);
	const quote = Math.min(total, MAX_QUOTE);
	const message = ip + 20;
	bytes.copyWithin(message + 8, ip, ip + quote);
	emit$3(bytes, halves, words, ip, 28 + quote, ERROR_TTL, 1, own, sender);
	emitError$1(bytes, halves, message, 8 + quote, type, code, mtu);
	emit(halves, at);
	b.len[i] = 42 + quote;
	b.flow[i] = -1;
	b.egress[i] = b.ingress[i];
	b.mark[i] = 0;
	b.routed[i] = 1;
	return true;
}
function answerIpv6(b, i, state, type, code, mtu) {
	const said = ofIcmp(type, code);
	if (said === -1 || !mayAnswer(state, b.ingress[i]) || !isAnswerable6(b, i)) return false;
	const own = ownAddress6(b, i, state);
	if (isRefused(own)) return false;
	state.icmpErrors++;
	state.icmpErrorsTo[b.ingress[i]]++;
	const rest = said >> 8 === 2 ? Math.max(mtu, MIN_MTU) : 0;
	answer6(b, i, state, own, said >> 8, said & 255, rest);
	return true;
}
/** Whether `port` may be sent one more answer about a packet in this second. */
function mayAnswer({ icmpErrors, icmpErrorsTo }, port) {
	return icmpErrors < 4e3 && icmpErrorsTo[port] < 1e3;
}
// src/dataplane/make-room.ts
/** A good part of the table is one flow in so many. */
const GOOD_PART = 32;
/** Rows looked at for one whose address has a good part: it is missed once in 1/(1 - 1/32)^64 = 7 times at worst, and an address with a quarter never. */
const SAMPLES = 64;
/** Flows of each state looked at for one that shares the limit which is in the way; in a flood the first will. */
const LOOK_THROUGH = 8;
/** Flows that turn out to be alive in the kernel, before the search is given up. */
const SETTLE_TRIES = 8;
/** Makes room for a flow of `client`; false: there is none to be made. */
function makeRoom(b, state, client) {
	let id = expendable(state);
	if (id === -1) id = ofWhoHasMost(state, client);
	if (id === -1) return false;
	evict(b, state, id);
	return true;
}
/** Ends an UNPROVEN flow that counts for the limit which is in the way of `flow`; false: none found. */
function giveUpOne(b, state, limit, flow) {
	const { conntrack, limits } = state;
	for (let k = 0; k < UNPROVEN_STATES.length; k++) {
		let id = conntrack.oldest(UNPROVEN_STATES[k]);
		for (let n = 0; n < LOOK_THROUGH && id !== -1; n++) {
			const next = conntrack.next(id);
			if (limits.sharesLimit(limit, flow, id) && !isAlive(state, id)) {
				evict(b, state, id);
				return true;
			}
			id = next;
		}
	}
	return false;
}
function expendable(state) {
	const { conntrack, now } = state;
	for (let n = 0; n < SETTLE_TRIES; n++) {
		const unproven = longestSilent(conntrack, UNPROVEN_STATES);
		const closed = unproven !== -1 && now - conntrack.lastSeen(unproven) >= 2 ? -1 : longestSilent(conntrack, CLOSED_STATES);
		const id = closed === -1 ? unproven : closed;
		if (id === -1 || !isAlive(state, id)) return id;
	}
	return longestSilent(conntrack, CLOSED_STATES);
}
/** Of all flows in these states. */
function longestSilent(conntrack, states) {
	let found = -1;
	let since = 0;
	for (let k = 0; k < states.length; k++) {
		const id = conntrack.oldest(states[k]);
		if (id === -1) continue;
		const seen = conntrack.lastSeen(id);
		if (found !== -1 && seen >= since) continue;
		found = id;
		since = seen;
	}
	return found;
}
/** One of the address that has most; -1: that address is not `client`, and has no good part of the table, or hardly more than `client`. */
function ofWhoHasMost(state, client) {
	let id = -1;
	for (let n = 0; n < SETTLE_TRIES; n++) {
		id = sample(state, client);
		if (id === -1 || !isAlive(state, id)) break;
	}
	return id;
}
/** As `ofWhoHasMost`, of the rows looked at; of several the one that has been silent for longest. */
function sample({ addresses, conntrack, limits, random }, client) {
	const { capacity } = conntrack;
	const all = capacity <= SAMPLES;
	const enough = Math.max(Math.ceil(capacity / GOOD_PART), limits.flowsOf(client) + 2);
	let found = -1;
	let most = 0;
	for (let n = 0; n < SAMPLES && n < capacity; n++) {
		const id = all ? n : belowMany(random, capacity);
		if (PHASES[conntrack.state(id)] !== 1) continue;
		const address = conntrack.tuple(id, 0, 0);
		const flows = limits.flowsOf(address);
		if (flows < most || flows < enough && addresses.holder(address) !== addresses.holder(client)) continue;
		if (flows === most && conntrack.lastSeen(id) >= conntrack.lastSeen(found)) continue;
		found = id;
		most = flows;
	}
	return found;
}
/** Whether the kernel has seen more of the flow than we, so that it goes on. */
function isAlive(state, id) {
	return (state.conntrack.egress(id, 0) & 4096) !== 0 && state.settle(id);
}
// src/dataplane/tcp-reset.ts
/**
* Answers a segment of a connection that nobody knows with a reset (RFC 9293 §3.10.7.1), so that its sender does not hang. No more than so many a
* second: the sender's address may be forged, and the answer then goes to who has it.
*/
const TTL = 64;
/** Turns frame `i`, which `parse` has seen, into the reset; false, and nothing is changed, where there is to be none. */
function reset$1(b, i, state) {
	const { bytes, halves, words } = b.memory;
	if (b.proto[i] !== 6 || state.awaitsFormer || !mayAnswer(state, b.ingress[i])) return false;
	const old = b.l4[i];
	if ((tcpFlags(bytes, old) & 20) !== 16) return false;
	const sender = b.src[i];
	if (isGroup$1(b.dst[i]) || isGroup$1(sender) || isUnspecified$1(sender)) return false;
	state.icmpErrors++;
	state.icmpErrorsTo[b.ingress[i]]++;
	const ports$6 = swapPorts(ports(words, old));
	const expected = words[old + 8 >> 2];
	emitReset(bytes, halves, words, turnRound(b, i, state, 20), ports$6, expected, 0, 4, pseudoSum$1(b, i, 6, 20));
	return true;
}
/** Makes frame `i` one of the same protocol the other way, with `size` bytes of layer 4, to be written; answers where they begin. */
function turnRound(b, i, state, size) {
	const off = putIpHeader(b, i, state, size);
	emit(b.memory.halves, b.at[i]);
	b.len[i] = 14 + off - ipAt(b, i) + size;
	b.flow[i] = -1;
	b.egress[i] = b.ingress[i];
	b.mark[i] = 0;
	b.routed[i] = 1;
	return off;
}
function putIpHeader(b, i, { addresses }, size) {
	const { bytes, halves, words } = b.memory;
	const ip = ipAt(b, i);
	const proto = b.proto[i];
	if (b.kind[i] !== 3) {
		emit$3(bytes, halves, words, ip, 20 + size, TTL, proto, b.dst[i], b.src[i]);
		return ip + 20;
	}
	emit$2(bytes, halves, words, ip, size, proto, TTL);
	addresses.copy(b.dst[i], words, (ip >> 2) + 2);
	addresses.copy(b.src[i], words, (ip >> 2) + 6);
	return ip + 40;
}
// src/dataplane/refuse-opening.ts
/** Turns frame `i` into the refusal; false, and nothing is changed, where there is to be none. */
function refuseOpening(b, i, state) {
	const proto = b.proto[i];
	if (proto === 17) return answer(b, i, state, 3, 3);
	if (isGroup$1(b.dst[i]) || isGroup$1(b.src[i]) || isUnspecified$1(b.src[i]) || !mayAnswer(state, b.ingress[i])) return false;
	state.icmpErrors++;
	state.icmpErrorsTo[b.ingress[i]]++;
	if (proto === 6) reset(b, i, state);
	else abort(b, i, state);
	return true;
}
/** Frame `i` is a SYN without ACK. */
function reset(b, i, state) {
	const { bytes, halves, words } = b.memory;
	const old = b.l4[i];
	const data = totalLength(b, i) - (old - ipAt(b, i)) - tcpHeaderSize(bytes, old);
	const ports$4 = swapPorts(ports(words, old));
	const acknowledgment = tcpNumberAfter(words[old + 4 >> 2], 1 + data);
	emitReset(bytes, halves, words, turnRound(b, i, state, 20), ports$4, 0, acknowledgment, 20, pseudoSum$1(b, i, 6, 20));
}
/** Frame `i` is an INIT. */
function abort(b, i, state) {
	const { bytes, words } = b.memory;
	const old = b.l4[i];
	const ports$5 = swapPorts(ports(words, old));
	const tag = initiateTag(words, old);
	emitAbort(bytes, words, turnRound(b, i, state, 16), ports$5, tag);
}
// src/dataplane/source-port.ts
/**
* Ports of its own that an inside endpoint is offered; ports looked at for the best, if several will do; for one at all, by who has too many of
* them already; and by others.
*/
const OWN_TRIES = 8;
const ENOUGH_TRIES = 16;
const FEW_TRIES = 32;
const TRIES = 128;
/**
* What a port is worth to a new flow, by the flow that has the tuple: nothing; for an UNPROVEN one the seconds for which it has been silent; then
* CLOSED ones, in the order in which they closed; those silent for longer than GRACE_SEC; those silent for longer than Linux remembers a connection
* that it has closed (TIME-WAIT, 60 s); at last a tuple that nobody has.
*/
const UNFIT = -1;
const CLOSED_WORTH = 65536;
const GONE = 1 << 27;
const RESTED = 1 << 28;
const FREE = 1 << 29;
const TIME_WAIT_SEC = 60;
/** Gives a flow from `flow.src` behind `flow.replyDst` its port in `flow.replyPorts` (which has the target's), and its mapping. False: there is none left. */
function masquerade(b, state, flow) {
	const { pool } = state;
	const { proto, src, replyDst: outside } = flow;
	const inside = flow.ports & 65535;
	const own = isIcmp(proto) ? -1 : state.publishedAs(src, inside, proto, outside);
	if (own !== -1 && worthOfTuple(b, state, flow, own) !== UNFIT) return settleOn(b, state, flow, own, -1);
	const more = state.limits.mayTakePort(flow);
	for (let n = 0; n < OWN_TRIES; n++) {
		const mapping = pool.acquire(proto, src, inside, outside);
		if (mapping === -1) break;
		const worth = worthOf(b, state, flow, pool.portOf(mapping));
		if (worth >= (pool.isNew(mapping) ? GONE : CLOSED_WORTH) && (worth < FREE || more)) return settleOn(b, state, flow, pool.portOf(mapping), mapping);
		const again = worth === UNFIT && pool.isNew(mapping);
		pool.release(mapping, src, inside);
		if (!again) break;
	}
	if (!anyPort(b, state, flow, more)) return false;
	flow.mapping = pool.reacquire(proto, src, inside, outside, flow.replyPorts >>> 16);
	return true;
}
/** Gives a flow whose target sees the host any port, in `flow.replyPorts` (which has the target's). False: there is none left. */
function shared(b, state, flow) {
	return anyPort(b, state, flow, state.limits.mayTakePort(flow));
}
/** Leaves a flow the port that `flow.replyPorts` has, or, if it will not do, gives it another one. False: there is none left. */
function keep(b, state, flow) {
	const { conntrack } = state;
	const { proto, replySrc, replyDst, replyPorts } = flow;
	if (workerOf(state.addresses.spread(replyDst), replyPorts >>> 16, state.workers) === state.worker && conntrack.lookup(replySrc, replyDst, replyPorts, proto) === -1) return true;
	return anyPort(b, state, flow, true);
}
/** `more`: may have one that no flow has; else only one that another makes free. */
function anyPort(b, state, flow, more) {
	const { masqueradeFirst, masqueradeLast, random } = state;
	const count = masqueradeLast - masqueradeFirst + 1;
	let best = 0;
	let bestWorth = UNFIT;
	const tries = more ? TRIES : FEW_TRIES;
	for (let n = 0; n < tries && bestWorth < RESTED && (n < ENOUGH_TRIES || bestWorth < CLOSED_WORTH); n++) {
		const port = rawHalf(masqueradeFirst + below(random, count));
		if (workerOf(state.addresses.spread(flow.replyDst), port, state.workers) !== state.worker) continue;
		const worth = worthOf(b, state, flow, port);
		if (worth <= bestWorth || worth === FREE && !more) continue;
		best = port;
		bestWorth = worth;
	}
	return bestWorth !== UNFIT && settleOn(b, state, flow, best, -1);
}
function settleOn(b, state, flow, port, mapping) {
	const former = holderOf(state, flow, port);
	if (former !== -1) evict(b, state, former >> 1);
	flow.replyPorts = withPort(flow, port);
	flow.mapping = mapping;
	return true;
}
function worthOf(b, state, flow, port) {
	return state.isLocal(flow.replyDst) && state.publishedAt(flow.replyDst, port, flow.proto) !== null ? UNFIT : worthOfTuple(b, state, flow, port);
}
/** The same, of a port that may be published: the flow's opener is its target. */
function worthOfTuple(b, state, flow, port) {
	const ref = holderOf(state, flow, port);
	if (ref === -1) return FREE;
	const { conntrack, now } = state;
	const id = ref >> 1;
	const phase = PHASES[conntrack.state(id)];
	const silent = now - conntrack.lastSeen(id);
	if (phase === 2) {
		if (isInBatch(b, id)) return UNFIT;
		if (silent < 2) return CLOSED_WORTH + Math.min(conntrack.closedSince(id), 134152191);
		return silent < TIME_WAIT_SEC ? GONE + silent : RESTED;
	}
	if (phase === 1 || (conntrack.egress(id, 0) & 4096) !== 0) return UNFIT;
	return silent >= 2 || conntrack.tuple(id, 0, 0) === flow.src ? silent : UNFIT;
}
function isInBatch(b, id) {
	for (let i = 0; i < b.count; i++) if (b.flow[i] >> 1 === id) return true;
	return false;
}
/** Reference of who has the tuple that the flow would have with this port, or -1. */
function holderOf({ conntrack }, flow, port) {
	return conntrack.lookup(flow.replySrc, flow.replyDst, withPort(flow, port), flow.proto);
}
/** Raw ports of the reply tuple. */
function withPort({ proto, replyPorts }, port) {
	return isIcmp(proto) ? port | port << 16 : replyPorts & 65535 | port << 16;
}
// src/dataplane/ttl.ts
/**
* Takes one off the TTL or hop limit of what is routed, and answers with ICMP time exceeded what has none left (RFC 1812 §5.3.1, RFC 4443 §3.3), so that a traceroute
* shows this hop. Runs before the rewrite: the answer quotes the packet as its sender knows it. One that would open a flow `admit` gives here.
*/
function ttl(b, state) {
	const { conntrack } = state;
	for (let i = 0; i < b.count; i++) {
		const ref = b.flow[i];
		if (ref === -1 || b.egress[i] !== -4 || (conntrack.egress(ref >> 1, ref & 1) & 2048) !== 0) continue;
		if (ttl$1(b, i) > 1) decrementTtl(b, i);
		else expire(b, i, state);
	}
}
/** Answers frame `i`, whose TTL ends here, or drops it. */
function expire(b, i, state) {
	if (!answer(b, i, state, 11, 0)) b.drop(i, DROP_TTL_EXCEEDED);
}
// src/dataplane/admit.ts
/**
* Decides what happens to a packet that belongs to no flow yet: the slow path, once a flow.
*
* - To an address of the host and a published port: DNAT to the target (of several see `choose-target.ts`), once the host's kernel has accepted the packet (`accepted.ts`). To
*   that kernel an endpoint's packet goes first; where its firewall is bypassed, nobody asks it. The client's address is kept, so that the
*   server sees it, unless the target could not answer through us: a client on the target's own network would be answered directly, and a
*   loopback address not at all. Those, and so every program of the host, become the host's address next to the target (hairpin; RFC 4787
*   REQ-9, and as docker-proxy does). So does a client of the other family than the target's (RFC 7915), and one with an address of its link.
* - To another address of the host, from an endpoint: to the host, untranslated.
* - From an endpoint to elsewhere: masquerade behind the address that the host would use on that route; untranslated from a network without
*   masquerade, but still a flow, so that the answers are steered back to us.
* - Anything else opens no flow and is dropped. An endpoint is told so by ICMP if there is no route, no port or no room.
*
* A TCP flow opens with a SYN, an SCTP flow with an INIT. One exception: a segment in the middle of a connection to a published port with one target,
* whose client address is kept, is taken up, since its translation needs no memory. Of others the sender is told by a reset that they are over.
*
* Then nothing may be in the way: a limit (`limits.ts`), the want of a source port (`source-port.ts`), or a full table (`make-room.ts`).
*/
/** One's complement zero: what changes no checksum. */
const NO_DELTA = 0;
/** Target port of DNS, raw. A query is answered at once, and mostly the last from its port (RFC 4787 REQ-5a). */
const DNS = rawHalf(53);
/** Which source port a target sees: the client's, if possible; one of the host's; that of the inside endpoint's mapping; the same in any case. */
const KEPT = 0;
const HOSTS = 1;
const MASQUERADED = 2;
const UNCHANGED = 3;
function admit(b, state) {
	state.displaced = false;
	admitNew(b, state);
	if (state.displaced) admitNew(b, state);
}
function admitNew(b, state) {
	for (let i = 0; i < b.count; i++) {
		if (b.egress[i] !== -4 || b.flow[i] !== -1 || b.proto[i] === 0) continue;
		const src = b.src[i];
		const dst = b.dst[i];
		const ref = state.conntrack.find(b.hash[i], src, dst, b.ports[i], b.proto[i]);
		if (ref !== -1) {
			join(b, i, state, ref);
			continue;
		}
		const reason = b.device[i] !== 0 || state.isLocal(dst) ? toHost(b, i, state, src, dst) : toElsewhere(b, i, state, src, dst);
		if (reason === DROP_TTL_EXCEEDED) expire(b, i, state);
		else if (reason === DROP_NO_TARGET && state.mayCountAnswered() && refuseOpening(b, i, state)) state.countAnswered(b.ingress[i], reason);
		else if (reason !== DROP_NONE && !tell$2(b, i, state, dst, reason) && !isReset(b, i, state, src, dst, reason)) b.drop(i, reason);
	}
}
/**
* Ends the connection for who has sent a segment of one that nobody knows: it cannot go on, and he need not wait to find out. Has the drop
* counted. What came by an entry of the steering's whose flow is over goes to the host's kernel from now on, which decides about it.
*/
function isReset(b, i, state, src, dst, reason) {
	if (reason !== DROP_NOT_SYN && reason !== DROP_NO_FLOW) return false;
	const ingress = b.ingress[i];
	const isSteered = ingress === state.ports.uplink && b.device[i] === 0 && !state.bypass;
	if (reason === DROP_NO_FLOW && !isSteered) return false;
	if (isSteered && !state.awaitsFormer) forgetEntry(state, dst, src, swapPorts(b.ports[i]), b.proto[i]);
	return state.mayCountAnswered() && reset$1(b, i, state) && state.countAnswered(ingress, reason);
}
/**
* Answers an endpoint's packet that was refused for `reason`, if that is one to tell (RFC 1812 §5.2.7.1, RFC 5508 REQ-8), and has the drop counted.
* Whoever sends from outside may have forged his address, and an own network's addresses are reached without us.
*/
function tell$2(b, i, state, dst, reason) {
	const code = codeOf(reason);
	if (code === -1) return false;
	if (b.ingress[i] === state.ports.uplink || state.networks.of(dst) !== -1 || isLoopback(dst)) return false;
	return state.mayCountAnswered() && answer(b, i, state, 3, code) && state.countAnswered(b.ingress[i], reason);
}
/** Code of "destination unreachable" for a refusal, or -1 for one that nobody is told of. */
function codeOf(reason) {
	if (reason === DROP_NO_ROUTE) return 0;
	if (reason === DROP_UNREACHABLE) return 1;
	return reason === DROP_NO_PORT || reason === DROP_TABLE_FULL || reason === DROP_LIMIT_TARGET_PORTS || reason === DROP_PROHIBITED ? 13 : -1;
}
function toHost(b, i, state, src, dst) {
	const proto = b.proto[i];
	const rule = isIcmp(proto) ? null : state.publishedAt(dst, b.ports[i] >>> 16, proto);
	const fromBridge = b.ingress[i] !== state.ports.uplink;
	if (isLoopback(dst) && fromBridge) return DROP_NO_ROUTE;
	if (rule !== null) {
		if (fromBridge && (state.networks.flags[state.ports.network[b.ingress[i]]] & 1) !== 0) return DROP_ISOLATED;
		if (!fromBridge || b.device[i] !== 0 || state.bypass) return publish(b, i, state, rule, src, dst);
	}
	if (toHostPort(b, i, state, dst)) return DROP_NONE;
	return fromBridge ? DROP_NOT_FOR_HOST : DROP_NO_FLOW;
}
function publish(b, i, state, rule, src, dst) {
	if (isMartian(src)) return DROP_SOURCE_SPOOFED;
	const byUplink = b.ingress[i] === state.ports.uplink;
	if (byUplink && b.device[i] === 0 && !state.bypass) return DROP_NO_FLOW;
	const fromHost = byUplink && (b.device[i] === 1 || state.isLocal(src));
	if (!fromHost && !isAllowed(state, src)) return DROP_SOURCE_REFUSED;
	const flow = state.newFlow;
	const proto = b.proto[i];
	if (rule.selection !== null && !opensFlow(b, i)) return DROP_NOT_SYN;
	const target = chooseTarget(state, rule, src);
	if (target === null) return DROP_NO_TARGET;
	const targetPort = rawHalf(target.port + dstPort(b.ports[i]) - rule.firstPort);
	const masked = fromHost || isIpv6(src) !== isIpv6(target.address) || target.onlink.has(src, state.addresses) || isWithoutRoute(src);
	flow.state = 0;
	if (proto === 132) {
		const opens = isOpening$1(b, i);
		if (!opens && (masked || !isSctpInMiddle(b, i))) return DROP_NOT_SYN;
		flow.state = opens ? 18 : 20;
	} else if (proto === 17) flow.state = targetPort === DNS ? 12 : 9;
	else if (!isOpening(b, i)) {
		if (masked || !isInMiddle(b, i)) return DROP_NOT_SYN;
		flow.state = 2;
	}
	const inside = target.network === -1 ? -1 : state.endpoints.get(target.address, target.network);
	if (inside === -1 && (target.network !== -1 || state.ports.uplink === -1)) return DROP_PORT_GONE;
	const keepTtl = fromHost ? EGRESS_KEEP_TTL : 0;
	flow.src = src;
	flow.dst = dst;
	flow.replySrc = target.address;
	flow.replyDst = masked ? target.snatSource : src;
	flow.replyPorts = targetPort | b.ports[i] << 16;
	flow.egress = (inside !== -1 ? inside : state.ports.uplink | EGRESS_RECORD) | keepTtl;
	flow.replyEgress = b.ingress[i] | keepTtl | (byUplink && b.device[i] !== 0 ? EGRESS_ENTER : 0);
	flow.device = b.device[i];
	return open$1(b, i, state, masked ? HOSTS : KEPT);
}
function toElsewhere(b, i, state, src, dst) {
	const { networks, ports } = state;
	if (b.ingress[i] === ports.uplink) return DROP_NO_FLOW;
	const network = ports.network[b.ingress[i]];
	if (!networks.has(network, src)) return DROP_SOURCE_SPOOFED;
	if ((networks.flags[network] & 1) !== 0) return DROP_ISOLATED;
	const other = networks.of(dst);
	if (other !== -1 && other !== network) return DROP_ISOLATED;
	if (isGroup$1(dst) || isLinkLocal$1(dst) || other === network) return DROP_NO_ROUTE;
	const proto = b.proto[i];
	const tuplePorts = b.ports[i];
	const route = state.ways.via(src, dst, proto, tuplePorts, networks.wayInFor(network, dst), state.now);
	if (isRefused(route)) return refusedBy(route);
	if (ports.uplink === -1) return DROP_NO_ROUTE;
	const flow = state.newFlow;
	if (proto === 6) {
		if (!isOpening(b, i)) return DROP_NOT_SYN;
		flow.state = 0;
	} else if (proto === 132) {
		if (!isOpening$1(b, i)) return DROP_NOT_SYN;
		flow.state = 18;
	} else if (proto === 17) flow.state = tuplePorts >>> 16 === DNS ? 12 : 9;
	else {
		if (!isRequest(b, i)) return DROP_NO_FLOW;
		flow.state = queryState(b, i);
	}
	const masked = (networks.flags[network] & 4) === 0;
	flow.src = src;
	flow.dst = dst;
	flow.replySrc = dst;
	const outside = networks.outsideFor(network, dst);
	flow.replyDst = !masked ? src : outside !== 0 ? outside : route;
	flow.replyPorts = swapPorts(tuplePorts);
	flow.egress = ports.uplink | EGRESS_RECORD;
	flow.replyEgress = b.ingress[i];
	flow.device = 0;
	return open$1(b, i, state, masked ? MASQUERADED : UNCHANGED);
}
/** Drop reason for what the host would not send on. */
function refusedBy(answer) {
	if (answer === 256) return DROP_UNREACHABLE;
	return answer === 512 ? DROP_PROHIBITED : answer === 768 ? DROP_BLACKHOLE : DROP_NO_ROUTE;
}
/** Makes the entry of `state.newFlow`, of which `source` says what port the target is to see. What is in the way of it changes nothing, a TTL that ends here first. */
function open$1(b, i, state, source) {
	const { conntrack, limits, newFlow: flow } = state;
	flow.proto = b.proto[i];
	flow.ports = b.ports[i];
	flow.mapping = -1;
	if ((flow.egress & 2048) === 0 && ttl$1(b, i) <= 1) return DROP_TTL_EXCEEDED;
	const part = unfit(b, i, state);
	if (part !== DROP_NONE) return part;
	const tooMany = limits.countNew(flow);
	if (tooMany !== 0) return refused(state, tooMany);
	const full = limits.exceeded(flow);
	if (full !== 0 && !giveUpOne(b, state, full, flow)) return refused(state, full);
	if (!hasPort(b, state, source)) return limits.mayTakePort(flow) ? DROP_NO_PORT : DROP_LIMIT_TARGET_PORTS;
	if (conntrack.used === conntrack.capacity && !makeRoom(b, state, flow.src)) return noRoom(state);
	setDeltas(state);
	if (state.offloads && flow.proto !== 132 && isKernels(state, source)) {
		flow.egress |= EGRESS_OFFLOAD;
		flow.replyEgress |= EGRESS_ENTER;
	}
	const id = conntrack.insert(flow, state.now);
	if (id === -1) return noRoom(state);
	holdAddresses(state);
	limits.hold(id);
	b.flow[i] = id << 1;
	return DROP_NONE;
}
/** Works out the checksum deltas of `state.newFlow`. */
function setDeltas({ addresses, newFlow: flow }) {
	const { proto, src, dst, ports, replySrc, replyDst, replyPorts } = flow;
	flow.addressDelta = combine(addresses.delta(src, replyDst), addresses.delta(dst, replySrc));
	flow.allDelta = combine(proto === 1 ? NO_DELTA : flow.addressDelta, isIcmp(proto) ? delta(ports & 65535, replyPorts & 65535) : delta(ports, swapPorts(replyPorts)));
}
/** The flow that was just made of `state.newFlow` keeps its addresses in their table. */
function holdAddresses({ addresses, newFlow: { src, dst, replySrc, replyDst } }) {
	addresses.hold(src);
	addresses.hold(dst);
	addresses.hold(replySrc);
	addresses.hold(replyDst);
}
function noRoom(state) {
	const { pool, newFlow: flow } = state;
	if (flow.mapping !== -1) pool.release(flow.mapping, flow.src, flow.ports & 65535);
	state.refused++;
	return DROP_TABLE_FULL;
}
/** Gives `state.newFlow` the port that its target sees. */
function hasPort(b, state, source) {
	if (source === KEPT) return keep(b, state, state.newFlow);
	if (source === HOSTS) return shared(b, state, state.newFlow);
	return source === UNCHANGED || masquerade(b, state, state.newFlow);
}
/** Whether the kernel can carry `state.newFlow`: it stays in it, and is translated at one end alone, or across the families. */
function isKernels({ newFlow: flow, ports }, source) {
	if ((flow.egress & 1023) !== ports.uplink || (flow.replyEgress & 1023) !== ports.uplink) return false;
	if (isIpv6(flow.src) !== isIpv6(flow.replySrc)) return source === HOSTS && (flow.egress & 2048) === 0 && !isLinkLocal$1(flow.src);
	return source === KEPT && flow.replyPorts >>> 16 === (flow.ports & 65535);
}
/** Whether packet `i` is the first of a flow, whatever the flow. */
function opensFlow(b, i) {
	const proto = b.proto[i];
	return proto === 17 || (proto === 132 ? isOpening$1(b, i) : isOpening(b, i));
}
function isOpening(b, i) {
	return (tcpFlags(b.memory.bytes, b.l4[i]) & 23) === 2;
}
function isInMiddle(b, i) {
	return (tcpFlags(b.memory.bytes, b.l4[i]) & 22) === 16;
}
/** Whether an SCTP packet shows that its sender has an association. */
function isSctpInMiddle(b, i) {
	return isTraffic(chunkType(b.memory.bytes, b.l4[i]));
}
function refused({ limits, newFlow }, limit) {
	limits.refuse(limit, newFlow);
	return limit === 1 ? DROP_LIMIT_CLIENT : limit === 2 ? DROP_LIMIT_ENDPOINT : DROP_LIMIT_PORT;
}
/** Whether nobody behind us could answer the address: that of who has none yet (DHCP), and one that means something on the client's link alone. */
function isWithoutRoute(src) {
	return isUnspecified$1(src) || isLinkLocal$1(src);
}
function isAllowed(state, src) {
	const { allow } = state;
	if (allow.length === 0) return true;
	for (const prefix of allow) if (prefix.has(src, state.addresses)) return true;
	return false;
}
// src/dataplane/record.ts
/**
* Keeps up the steering's map `flows` where the way out does not (`l2-out.ts`): that enters what is sent to the uplink with the frame itself,
* to targets with each, to clients with the first answer, so that no system call is needed for most flows.
*
* What is left are packets of clients that come by the host's kernel though their flow is known: since nothing has been answered yet, since
* the map has forgotten it, or since they come by another device. They are entered here, before the batch is sent. A SYN is not: it
* comes that way always.
* So are flows of IPv6, and across the families, that the kernel is to carry, whose target's address does not fit into the Ethernet header (`l2-out.ts`).
* The same where the firewall is bypassed and the kernel is to carry the flow, but has forgotten it.
*/
const TURNING$2 = 7;
function record(b, state) {
	const { conntrack } = state;
	for (let i = 0; i < b.count; i++) {
		const ref = b.flow[i];
		if (ref === -1 || (ref & 1) === 1 || b.routed[i] === 0 || b.egress[i] < 0) continue;
		const id = ref >> 1;
		const device = b.device[i];
		const offloaded = (b.mark[i] & EGRESS_OFFLOAD) !== 0;
		if (device === 0 && !(state.bypass && offloaded)) continue;
		if ((conntrack.egress(id, 1) & 24576) === 0) continue;
		if (device !== conntrack.device[id]) {
			conntrack.device[id] = device;
			conntrack.mark(id, 1, EGRESS_ENTER, 0);
		}
		if (isUsual(b, i, state, id, device)) continue;
		enterClient(state, id, device, offloaded);
	}
}
/** Enters what leads the client's packets here, which come in at `device`; of an offloaded flow both directions. */
function enterClient(state, id, device, offloaded) {
	state.conntrack.mark(id, 1, EGRESS_ENTERED, EGRESS_ENTER);
	enter$1(state, id, 1, device, offloaded ? carriedAs(state, id, 1) : 0);
	if (offloaded) enter$1(state, id, 0, 0, carriedAs(state, id, 0));
}
/** What the kernel is to do with answers to what is sent in direction `dir`: OFFLOAD_*. */
function carriedAs({ conntrack }, id, dir) {
	if (isIpv6(conntrack.newSrc(id, 0)) !== isIpv6(conntrack.newSrc(id, 1))) return 3;
	return dir === 0 ? 1 : 2;
}
/** Whether the packet would come this way also if the flow were entered, or is the first of a flow that the answer will enter. */
function isUsual(b, i, state, id, device) {
	if (b.proto[i] === 132) return chunkType(b.memory.bytes, b.l4[i]) === 1;
	if (b.proto[i] !== 6) return state.conntrack.packets(id, 0) === 1;
	return (tcpFlags(b.memory.bytes, b.l4[i]) & (device === 0 ? TURNING$2 : 2)) !== 0;
}
/** Enters what is sent in direction `dir`: answers to it come to us, from `device` alone unless 0, or have their end `offload` translated. */
function enter$1(state, id, dir, device, offload) {
	const { addresses, conntrack } = state;
	const src = conntrack.newSrc(id, dir);
	const entries = isIpv6(src) ? state.entries6 : state.entries;
	const at = entries.add(src, conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id));
	entries.values[at + 0 >> 2] = state.uplinkDevice;
	entries.values[at + 32 >> 2] = device;
	if (offload === 0) return;
	if (offload === 3) {
		entries.valueBytes[at + 10] = offload;
		enterAcross(state, id, dir, entries, at);
		return;
	}
	const address = offload === 2 ? conntrack.newDst(id, 0) : conntrack.newSrc(id, 1);
	if (isIpv6(src)) addresses.copy(address, entries.values, at + 40 >> 2);
	else entries.values[at + 4 >> 2] = address;
	const ports = offload === 2 ? conntrack.newPorts(id, 0) >>> 16 : conntrack.newPorts(id, 1) & 65535;
	entries.valueHalves[at + 8 >> 1] = ports;
	entries.valueBytes[at + 10] = offload;
}
/** The same entry's other part: the tuple that the answers get, of the other family. */
function enterAcross({ across, addresses, conntrack }, id, dir, entries, at) {
	const src = conntrack.newSrc(id, dir ^ 1);
	const dst = conntrack.newDst(id, dir ^ 1);
	const ports = conntrack.newPorts(id, dir ^ 1);
	if (!isIpv6(src)) {
		const w = at + 40 >> 2;
		entries.values[w] = src;
		entries.values[w + 1] = dst;
		entries.values[w + 2] = ports;
		return;
	}
	const more = across.add(conntrack.newSrc(id, dir), conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id)) >> 2;
	addresses.copy(src, across.values, more);
	addresses.copy(dst, across.values, more + 4);
	across.values[more + 8] = ports;
}
// src/dataplane/adopt.ts
/**
* Goes on with the flows of a process before this one, from the files that it left (`table/flow-file.ts`): an upgrade, a restart, a crash.
*
* A row is taken up when what it needs is there again: the published port, with the same target; the endpoint; the address of the host behind
* which it is translated. Until then it waits, since networks and ports come one after the other, some when a launcher comes back. For its port
* alone no flow waits: it goes on, and ends if the port has not come when the waiting ends. What has not come by then is given up. Nothing in a file is trusted (see there); a row that does not fit is no flow.
*
* Numbers of ports may differ from the former process's, so they are found again by what they were. With another number of workers a flow goes to
* whom its packets will come to (`wire/spread.ts`). Where the steering's map is a new one, the flows are entered in it again, and the ends of
* connections are asked whether they go on (`probe.ts`).
*/
/** What becomes of a row: it is a flow, or the same as one that is there; it is one whose port is to come still; it waits; it cannot go on. */
const TAKEN = 0;
const ON_TRUST = 1;
const WAITS = 2;
const OVER = 3;
const ENTERED = 9216;
/** Room that a flow's two directions need in `state.entries`. */
const TWO = 2;
var FormerFlows = class {
	/** `mapIsNew`: the steering's map has none of their entries. */
	constructor(state, files, mapIsNew, hooks) {
		this.state = state;
		this.mapIsNew = mapIsNew;
		this.hooks = hooks;
		this.trusted = /* @__PURE__ */ new Map();
		this.taken = 0;
		this.lost = 0;
		this.waiting = files.map((file) => ({
			file,
			ids: this.rowsOf(file)
		}));
	}
	get left() {
		return this.waiting.reduce((sum, { ids }) => sum + ids.length, this.trusted.size);
	}
	/** Takes up what can be by now. `last`: nothing waits any longer. */
	adopt(last) {
		this.lookAtTrusted(last);
		for (const part of this.waiting) {
			const { file, ids } = part;
			let left = 0;
			for (const id of ids) {
				const fate = this.adoptRow(file, id, last);
				if (fate === TAKEN) this.taken++;
				else if (fate === WAITS && !last) ids[left++] = id;
				else if (fate === ON_TRUST) continue;
				else this.giveUp(file, id);
			}
			part.ids = ids.subarray(0, left);
		}
		this.hooks.record();
		this.hooks.forget();
		this.state.addresses.sweep();
	}
	/** Numbers of the rows in use that are this worker's, by their deadlines. */
	rowsOf(file) {
		const { rows } = file;
		const keys = [];
		for (let id = 0; id < file.capacity; id++) {
			const row = id << 4;
			if ((rows[row + 6] & 255) !== 0 && this.isMine(file, row)) keys.push(rows[row + 7] * file.capacity + id);
		}
		return Int32Array.from(Float64Array.from(keys).sort(), (key) => key % file.capacity);
	}
	isMine(file, row) {
		const { worker, workers } = this.state;
		if (file.workers === workers) return file.worker === worker;
		const { rows } = file;
		const ports = rows[row + 2];
		const fromEndpoint = file.portKind[rows[row + 11] >>> 16 & EGRESS_PORT] === 3;
		return workerOf(spreadWord(file, fromEndpoint ? rows[row + 1] : rows[row + 0]), fromEndpoint ? ports >>> 16 : ports & 65535, workers) === worker;
	}
	/** Those whose port has come are flows like others; at last the rest ends. */
	lookAtTrusted(last) {
		const { conntrack } = this.state;
		for (const [id, name] of this.trusted) {
			const isLive = conntrack.isLive(id) && nameOf$1(conntrack, id) === name;
			const isRight = isLive && this.ruleFate(id) === TAKEN;
			if (isLive && !isRight && !last) continue;
			this.trusted.delete(id);
			if (isRight) this.taken++;
			else if (isLive) {
				this.lost++;
				this.makeRoomToForget();
				retire(this.state, id);
			}
		}
	}
	/** Whether flow `id`, to a published port, is what the port makes of it now. */
	ruleFate(id) {
		const { conntrack } = this.state;
		return this.fateBy(conntrack.protocol(id), conntrack.tuple(id, 0, 1), conntrack.tuple(id, 0, 2), conntrack.tuple(id, 1, 0), conntrack.tuple(id, 1, 2));
	}
	adoptRow(file, id, last) {
		const { conntrack, newFlow: flow, now, offloads } = this.state;
		const { rows } = file;
		const row = id << 4;
		const word = rows[row + 6];
		flow.proto = word & 255;
		flow.state = stateOf(word);
		const before = file.timeouts[flow.state];
		if (!isKnown$2(flow.proto) || flow.state >= PHASES.length || before === void 0) return OVER;
		flow.src = rows[row + 0];
		flow.dst = rows[row + 1];
		flow.ports = rows[row + 2];
		flow.replySrc = rows[row + 3 + 0];
		flow.replyDst = rows[row + 3 + 1];
		flow.replyPorts = rows[row + 3 + 2];
		if (!hasFamilies(word, flow) || !this.translateAddresses(file)) return OVER;
		setDeltas(this.state);
		if (rows[row + 13] !== (flow.addressDelta | flow.allDelta << 16)) return OVER;
		const ways = rows[row + 11];
		const lastSeen = (ways & 4096) !== 0 ? now : rows[row + 7] - before;
		if (lastSeen > now || lastSeen + conntrack.timeouts[flow.state] <= now) return OVER;
		if (conntrack.lookup(flow.src, flow.dst, flow.ports, flow.proto) !== -1) return TAKEN;
		if (conntrack.lookup(flow.replySrc, flow.replyDst, flow.replyPorts, flow.proto) !== -1) return OVER;
		const to = this.portNow(file, ways);
		const back = this.portNow(file, ways >>> 16);
		if (to === -1 || back === -1) return WAITS;
		flow.egress = ways & 64512 | to;
		flow.replyEgress = ways >>> 16 & -1024 | back;
		const isFromOutside = back === this.state.ports.uplink;
		const isPublished = isFromOutside || flow.dst !== flow.replySrc;
		const fate = isPublished ? this.publishedFate() : this.outboundFate(back);
		if (fate !== TAKEN && (fate !== ON_TRUST || last)) return fate === ON_TRUST ? OVER : fate;
		if (!offloads) flow.egress &= -4097;
		if (isFromOutside && !this.state.bypass && (flow.replyEgress & 8192) === 0) flow.replyEgress |= EGRESS_ENTER;
		flow.device = file.device[id];
		flow.mapping = -1;
		const taken = conntrack.insert(flow, lastSeen);
		if (taken === -1) return OVER;
		holdAddresses(this.state);
		this.complete(taken, rows, row, isPublished);
		if (fate === ON_TRUST) this.trusted.set(taken, nameOf$1(conntrack, taken));
		return fate;
	}
	/** The rest of a row that was just taken up, and its entries in the steering's map. */
	complete(id, rows, row, isPublished) {
		const { conntrack, entries, entries6, limits, newFlow: flow, pool } = this.state;
		const at = id << 4;
		for (const word of [
			12,
			14,
			15
		]) conntrack.rows[at + word] = rows[row + word];
		if (PHASES[flow.state] === 2) conntrack.close(id);
		else {
			limits.hold(id);
			if (isPublished) this.noteTarget(id);
			else if (flow.replyDst !== flow.src) conntrack.setMapping(id, pool.reacquire(flow.proto, flow.src, flow.ports & 65535, flow.replyDst, flow.replyPorts >>> 16));
		}
		if (!this.mapIsNew) return;
		const { uplink } = this.state.ports;
		if ((flow.egress & 1023) === uplink && (flow.replyEgress & 1023) === uplink) this.state.probes.add(id);
		const isOffloaded = (flow.egress & EGRESS_OFFLOAD) !== 0;
		if ((flow.egress & ENTERED) !== 0) enter$1(this.state, id, 0, 0, isOffloaded ? carriedAs(this.state, id, 0) : 0);
		if ((flow.replyEgress & ENTERED) !== 0) enter$1(this.state, id, 1, flow.device, isOffloaded ? carriedAs(this.state, id, 1) : 0);
		if (Math.max(entries.count, entries6.count) + TWO > entries.capacity) this.hooks.record();
	}
	/** Flow `id` says which of several targets its client has been led to. */
	noteTarget(id) {
		const { conntrack, newFlow: flow } = this.state;
		const rule = this.state.publishedAt(flow.dst, flow.ports >>> 16, flow.proto);
		const target = rule === null ? null : targetOf(rule, flow.replySrc, flow.replyPorts & 65535, dstPort(flow.ports));
		if (rule !== null && target !== null) noteTarget(this.state, rule, flow.src, target, conntrack.lastSeen(id));
	}
	/** Port of the endpoint with that address that stands on a LAN, or -1. */
	onLan(address) {
		const { endpoints, networks } = this.state;
		for (let id = 0; id < networks.end; id++) {
			const port = networks.lanPort[id] === -1 ? -1 : endpoints.get(address, id);
			if (port !== -1) return port;
		}
		return -1;
	}
	/** Number that the port has now which the former process had under the number in `way`; -1: it is not there, or not yet. */
	portNow(file, way) {
		const { endpoints, networks, ports } = this.state;
		const port = way & EGRESS_PORT;
		const kind = file.portKind[port];
		if (kind === 1) return ports.uplink;
		for (const former of [file.portAddress[port], file.portAddress6[port]]) {
			const address = this.wordNow(file, former);
			if (address === 0) continue;
			const network = networks.of(address);
			if (network === -1 && kind === 3) {
				const onLan = this.onLan(address);
				if (onLan !== -1) return onLan;
			}
			if (network === -1) continue;
			if (kind === 3) return endpoints.get(address, network);
			return kind === 2 ? networks.hostPort[network] : -1;
		}
		return -1;
	}
	/** The words of `state.newFlow` are the file's; makes them ours. False: one is of no address. */
	translateAddresses(file) {
		const flow = this.state.newFlow;
		const words = [
			flow.src,
			flow.dst,
			flow.replySrc,
			flow.replyDst
		].map((former) => isIpv6(former) ? this.wordNow(file, former) : former);
		[flow.src, flow.dst, flow.replySrc, flow.replyDst] = words;
		return !words.some((word, i) => word === 0 && i !== 0);
	}
	/** The address in our table that has the word in the file's; NO_ADDRESS if it has none, or there is no room. Nobody holds it yet. */
	wordNow(file, former) {
		if (!isIpv6(former)) return former;
		const at = rowOf(former) * 4;
		if (at === 0 || at >= file.addressWords.length) return 0;
		const handle = this.state.addresses.intern(file.addressWords, at);
		return handle !== 0 && sortOf(handle) === sortOf(former) ? handle : 0;
	}
	/** Of `state.newFlow`, to a published port. */
	publishedFate() {
		const { state } = this;
		const { proto, src, dst, ports, replySrc, replyDst, replyPorts, replyEgress } = state.newFlow;
		if (replyDst !== src && !state.isLocal(replyDst)) return OVER;
		if ((replyEgress & 2048) === 0 && !isAllowed(state, src)) return OVER;
		return this.fateBy(proto, dst, ports, replySrc, replyPorts);
	}
	fateBy(proto, dst, ports, replySrc, replyPorts) {
		if (isIcmp(proto)) return OVER;
		const rule = this.state.publishedAt(dst, ports >>> 16, proto);
		if (rule === null) return ON_TRUST;
		if (targetOf(rule, replySrc, replyPorts & 65535, dstPort(ports)) !== null) return TAKEN;
		return rule.selection === null ? OVER : ON_TRUST;
	}
	/** Of `state.newFlow`, which the endpoint behind `port` has opened to elsewhere. */
	outboundFate(port) {
		const { state } = this;
		const { networks, ports, newFlow } = state;
		if (ports.kind[port] !== 3 || (networks.flags[ports.network[port]] & 1) !== 0) return OVER;
		return newFlow.replyDst === newFlow.src || state.isLocal(newFlow.replyDst) ? TAKEN : OVER;
	}
	makeRoomToForget() {
		const { forget, forget6 } = this.state;
		if (Math.max(forget.count, forget6.count) + TWO > 1024) this.hooks.forget();
	}
	/** Nothing is steered to us by it any more. */
	giveUp(file, id) {
		const { conntrack } = this.state;
		const { rows } = file;
		const row = id << 4;
		const proto = rows[row + 6] & 255;
		if (PHASES[stateOf(rows[row + 6])] === 1) this.lost++;
		for (const tuple of [row, row + 3]) {
			const src = this.wordNow(file, rows[tuple + 0]);
			const dst = this.wordNow(file, rows[tuple + 1]);
			const ports = rows[tuple + 2];
			if (this.mapIsNew || dst === 0 || conntrack.lookup(src, dst, ports, proto) !== -1) continue;
			this.makeRoomToForget();
			forgetEntry(this.state, dst, src, swapPorts(ports), proto);
		}
	}
};
function nameOf$1(conntrack, id) {
	return [
		0,
		1,
		2
	].flatMap((word) => [conntrack.tuple(id, 0, word), conntrack.tuple(id, 1, word)]).join();
}
function stateOf(word) {
	return word >> 8 & 255;
}
/** Whether the row's addresses are of the families that its state word says, and it says nothing more. */
function hasFamilies(word, { src, dst, replySrc, replyDst }) {
	const [original, reply] = [(word & V6_ORIGINAL) !== 0, (word & V6_REPLY) !== 0];
	return (word & -262144) === 0 && isIpv6(src) === original && isIpv6(dst) === original && isIpv6(replySrc) === reply && isIpv6(replyDst) === reply;
}
/** The file's word for an address as `workerOf` takes it. */
function spreadWord({ addressWords }, former) {
	if (!isIpv6(former)) return former;
	const at = rowOf(former) * 4;
	return foldAddress(addressWords[at] ?? 0, addressWords[at + 1] ?? 0, addressWords[at + 2] ?? 0, addressWords[at + 3] ?? 0);
}
function isKnown$2(proto) {
	return proto === 6 || proto === 17 || proto === 132 || isIcmp(proto);
}
// src/table/prefix.ts
/** A prefix of either family in raw words, to which words of `wire/address-word.ts` belong or do not. */
var Prefix = class {
	constructor({ address, prefixLength }) {
		this.isIpv6 = address.family === 6;
		this.mask = Int32Array.from(rawWords(address), (_, i) => rawMask(Math.min(Math.max(prefixLength - 32 * i, 0), 32)));
		this.net = rawWords(address).map((word, i) => word & this.mask[i]);
	}
	/** `addresses`: where the handle, if it is one, is from. */
	has(address, addresses) {
		const { net, mask } = this;
		if (isIpv6(address) !== this.isIpv6) return false;
		if (!this.isIpv6) return (address & mask[0]) === net[0];
		const { words } = addresses;
		const w = rowOf(address) << 2;
		for (let k = 0; k < 4; k++) if ((words[w + k] & mask[k]) !== net[k]) return false;
		return true;
	}
};
const ROW = 4 + DROP_REASONS;
/** Starts a port's row afresh. */
function clearRow(counters, port) {
	counters.fill(0, port * ROW, (port + 1) * ROW);
}
// src/dataplane/tcp-window.ts
/**
* Tells a RST or FIN that its alleged sender may have sent from one that somebody has forged who does not see the connection.
*
* The end that gets it takes it only inside of its receive window (RFC 9293 §3.10.7.4, RFC 5961 §3), which begins where the last acknowledgment
* that it has sent says. So that is kept of each direction, with every segment: the upper half of the number, since a row has no room for
* more and steps of 64 KiB do. How long the window is, is not kept: 32 MiB are the longest that a Linux of today offers by itself
* (tcp_rmem), so one forged segment of 128 is taken for genuine. For those `track.ts` has a second look: who has not sent a RST goes on.
*
* What is outside changes neither state nor time-out. It is passed on all the same: the receiver knows better (RFC 7857 §2.2).
*
* Not known, so not asked: before both ends have acknowledged something, and what the kernel carries (`engine/offload.ts`), whose segments
* we do not see.
*/
/** Steps of 64 KiB. One more before it: sums of halves are cut off. */
const WINDOW = 512;
const HALF = 65535;
/** Notes what the segment at `off` of direction `dir` acknowledges; of a connection that is opening, too, where its own bytes begin. */
function note(conntrack, id, dir, flags, halves, off) {
	if ((flags & 16) !== 0) conntrack.setAcked(id, dir, tcpAcknowledgmentUpper(halves, off));
	if (!isKnown$1(conntrack.state(id))) conntrack.setAcked(id, dir ^ 1, tcpSequenceUpper(halves, off));
}
/** Whether the segment at `off` of direction `dir` is outside of what its receiver takes. */
function isOutside(conntrack, id, dir, halves, off) {
	if (!isKnown$1(conntrack.state(id)) || (conntrack.egress(id, 0) & 4096) !== 0) return false;
	return (rawHalf(tcpSequenceUpper(halves, off)) - rawHalf(conntrack.acked(id, dir ^ 1)) + 1 & HALF) > WINDOW;
}
/** Whether both ends have acknowledged what the other sent. */
function isKnown$1(state) {
	return state === 3 || state === 4 || state === 5;
}
// src/dataplane/track.ts
/**
* Follows the state of each packet's flow and starts its time-out afresh.
*
* TCP (RFC 5382 §5, RFC 7857 §2): SYN_SENT -> SYN_RECEIVED (answer seen) -> ESTABLISHED (client's ACK) -> FIN_* (one end closed) -> CLOSING
* (both); RST from anywhere -> RESET_*. But a RST or FIN outside of the window changes nothing (`tcp-window.ts`). A connection in whose middle we
* come is TAKEN_UP until its target answers. A flow that is closing or reset lives on for its time-out, since the last ACK may come again; a fresh
* SYN of the client opens it anew. Of a reset that was forged its alleged sender knows nothing: when he goes on, the flow is taken up again (much
* as in RFC 6146 §3.5.2.2, state TRANS).
*
* SCTP: `track-sctp.ts`.
*
* UDP: UNREPLIED -> REPLIED (first answer) -> ASSURED (the opener again, or answers without end). A query of DNS is ANSWERED, which is the end of
* it, unless its port is used on and on. ICMP: what was asked last.
*/
const TURNING$1 = 7;
/** Datagrams of the opener to a DNS port after which it is more than a query or two (A, AAAA, and each once again). */
const QUERIES = 4;
/** Answers to one datagram after which they are a stream. */
const STREAM = 3;
/** Whether so many datagrams of the opener to a DNS port are more than a query or two. */
function isMoreThanQueries(packets) {
	return packets > QUERIES;
}
/** Whether so many answers are a stream, though the opener is silent. */
function isStream(packets) {
	return packets >= STREAM;
}
function track(b, state) {
	const { conntrack, now } = state;
	const { bytes, halves } = b.memory;
	for (let i = 0; i < b.count; i++) {
		const ref = b.flow[i];
		if (ref === -1 || b.egress[i] !== -4 || b.proto[i] === 0) continue;
		const id = ref >> 1;
		const dir = ref & 1;
		if (b.proto[i] === 132) {
			trackSctp(b, i, state, id, dir);
			continue;
		}
		const old = conntrack.state(id);
		const isTcp = b.proto[i] === 6;
		const flags = isTcp ? tcpFlags(bytes, b.l4[i]) : 0;
		if (isTcp) {
			if ((flags & 5) !== 0 && isOutside(conntrack, id, dir, halves, b.l4[i])) continue;
			if ((flags & 4) === 0) note(conntrack, id, dir, flags, halves, b.l4[i]);
		}
		conntrack.touch(id, dir, now);
		let next = old;
		if (b.proto[i] === 17) next = udpNext(old, dir, conntrack.packets(id, dir));
		else if (!isTcp) next = queryState(b, i);
		else {
			if (old === 3 && (flags & TURNING$1) === 0) continue;
			next = tcpNext(old, flags, dir);
		}
		if (next !== old) turn(state, id, next, now);
	}
}
/** State after the `packets`-th datagram of direction `dir` (0: from the side that opened). */
function udpNext(state, dir, packets) {
	switch (state) {
		case 9: return dir === 1 ? 10 : state;
		case 10: return dir === 0 || isStream(packets) ? 11 : state;
		case 12: return dir === 1 ? 13 : state;
		case 13: return dir === 1 ? state : isMoreThanQueries(packets) ? 11 : 12;
		default: return state;
	}
}
/** State after a segment with `flags` in direction `dir` (0: from the side that opened). */
function tcpNext(state, flags, dir) {
	if ((flags & 4) !== 0) return dir === 0 ? 7 : 8;
	const isFirst = (flags & 18) === 2;
	const isAnswer = dir === 1 && (flags & 2) !== 0;
	switch (state) {
		case 0: return isAnswer ? 1 : state;
		case 1:
			if ((flags & 1) !== 0) return dir === 0 ? 4 : 5;
			return dir === 0 && (flags & 18) === 16 ? 3 : state;
		case 2:
			if (dir === 0) return isFirst ? 0 : state;
			return (flags & 1) !== 0 ? 5 : 3;
		case 3:
			if ((flags & 1) === 0) return state;
			return dir === 0 ? 4 : 5;
		case 4:
			if (isAnswer) return 1;
			return (flags & 1) !== 0 && dir === 1 ? 6 : state;
		case 5:
			if (isAnswer) return 1;
			return (flags & 1) !== 0 && dir === 0 ? 6 : state;
		case 6: return dir === 0 && isFirst ? 0 : state;
		default:
			if (dir === 0 && isFirst) return 0;
			return (flags & 2) === 0 && dir === (state === 7 ? 0 : 1) ? 2 : state;
	}
}
// src/engine/offload.ts
var Offload = class {
	/** `lookup` copies the value of a key of the map of that family, or answers false when there is none. */
	constructor(state, lookup) {
		this.state = state;
		this.lookup = lookup;
		this.entry = new FlowEntries(1);
		this.entry6 = new FlowEntries(1, state.addresses);
	}
	/** Brings flow `id` to the state and deadline that its last packet in the kernel gives it; answers whether that is news, and it lives. */
	settle(id) {
		const { conntrack, now } = this.state;
		const old = conntrack.state(id);
		if (old === 6) return false;
		const client = this.read(id, 0, 12);
		const target = this.read(id, 1, 12);
		const next = this.nextState(id, old, client, target);
		const seen = Math.max(client, target);
		const deadline = seen + conntrack.timeouts[next];
		if (deadline <= now || next === old && deadline <= conntrack.deadline(id)) return false;
		turn(this.state, id, next, seen);
		return true;
	}
	/** `client`, `target`: second in which the kernel saw the last packet of each; 0: it saw none. */
	nextState(id, old, client, target) {
		const since = this.state.conntrack.lastSeen(id);
		switch (old) {
			case 1: return client >= since ? 3 : old;
			case 2: return target >= since ? 3 : old;
			case 7:
			case 8: return client > since && target > since ? 3 : old;
			case 9:
			case 10:
				if (old === 9 && target < since) return old;
				return client >= since || isStream(this.allPackets(id, 1)) ? 11 : 10;
			case 12:
			case 13:
				if (old === 12 && target < since) return old;
				return isMoreThanQueries(this.allPackets(id, 0)) ? 11 : 13;
			default: return old;
		}
	}
	/** Packets of direction `dir`, whoever carried them; either part wraps at 2^32. */
	allPackets(id, dir) {
		return this.state.conntrack.packets(id, dir) + this.read(id, dir, 16);
	}
	/** The u32 at `at` in the entry of direction `dir`; 0 if there is none. Its key is a packet that the engine sends the other way. */
	read(id, dir, at) {
		const { conntrack } = this.state;
		const src = conntrack.newSrc(id, dir ^ 1);
		const family = isIpv6(src) ? 6 : 4;
		const entry = family === 6 ? this.entry6 : this.entry;
		entry.count = 0;
		entry.addKey(src, conntrack.newDst(id, dir ^ 1), conntrack.newPorts(id, dir ^ 1), conntrack.protocol(id));
		return this.lookup(entry.keyBytes, entry.valueBytes, family) ? entry.values[at / 4] >>> 0 : 0;
	}
};
// src/engine/overlay-commands.ts
var OverlayCommands = class {
	constructor(state, counters, hooks) {
		this.state = state;
		this.counters = counters;
		this.hooks = hooks;
	}
	/** The own network `id` is an overlay network. */
	add(id, { port, vni, mtu }) {
		const { networks, ports, tunnel } = this.state;
		clearRow(this.counters, port);
		ports.set(port, 6, 0, 0, 0, id);
		networks.setOverlay(id, port, vni, mtu);
		tunnel.addNetwork(vni, id);
	}
	/** It goes, with all that is known of other nodes' endpoints in it. */
	remove(id) {
		const { networks, ports, remotes, tunnel } = this.state;
		for (const node of remotes.clearNetwork(id)) this.forgetNode(node);
		tunnel.removeNetwork(networks.vni[id]);
		ports.clear(networks.remotePort[id]);
	}
	addTunnel(m) {
		const { addresses, ports, tunnel } = this.state;
		clearRow(this.counters, m.port);
		ports.set(m.port, 5, macHi(m.mac), macLo(m.mac), 0, 0);
		tunnel.port = m.port;
		tunnel.device = m.device;
		tunnel.local = addresses.take(m.address);
		tunnel.udpPort = rawHalf(m.udpPort);
		tunnel.checksum = m.checksum;
		tunnel.segments = m.segments;
	}
	removeTunnel() {
		const { addresses, tunnel } = this.state;
		addresses.release(tunnel.local);
		tunnel.port = -1;
	}
	/** `ipv4`, `ipv6`: its addresses, held. */
	setRemote({ network, mac, node }, ipv4, ipv6) {
		const { addresses, remotes } = this.state;
		const address = addresses.take(node);
		if (remotes.ofNode(address) === -1) this.forgetIfElsewhere(address);
		this.forgetNode(remotes.set(network, macHi(mac), macLo(mac), ipv4, ipv6, address));
	}
	removeRemote({ network, mac }) {
		this.forgetNode(this.state.remotes.delete(network, macHi(mac), macLo(mac)));
	}
	/** What a former process has entered may lead to a device that is gone with it. */
	forgetIfElsewhere(address) {
		const { forget, forget6, tunnel } = this.state;
		const entries = tunnel.ipv6 ? forget6 : forget;
		this.hooks.forget();
		entries.addKey(tunnel.local, address, tunnel.udpPort, 17);
		const value = new Uint8Array(tunnel.ipv6 ? 56 : 40);
		const key = entries.keyBytes.slice(0, tunnel.ipv6 ? 40 : 16);
		if (!this.hooks.lookup(key, value, tunnel.ipv6 ? 6 : 4) || new Int32Array(value.buffer)[0] === tunnel.device) entries.count = 0;
		else this.hooks.forget();
	}
	/** What the node at `address` (NO_ADDRESS: none) sends is steered to us no more. */
	forgetNode(address) {
		if (address === 0) return;
		const { forget, forget6, tunnel } = this.state;
		this.hooks.forget();
		(tunnel.ipv6 ? forget6 : forget).addKey(tunnel.local, address, tunnel.udpPort, 17);
		this.hooks.forget();
	}
};
// src/engine/rules.ts
var Rules = class {
	/** `flush` ends the flows for which `matches` holds. */
	constructor(state, flush) {
		this.state = state;
		this.flush = flush;
	}
	/** A rule that has the number already gives way; flows that it has opened stay. */
	publish(id, { hostIp, targets, selection, ...rest }) {
		const taken = this.take(targets);
		const rule = {
			...rest,
			hostIp: this.state.addresses.take(hostIp),
			targets: taken,
			takers: takersOf(taken),
			selection: selection === null ? null : new Selection(selection)
		};
		const before = this.state.withdraw(id);
		this.state.publish(id, rule);
		if (before !== null) this.release(before);
	}
	withdraw(id) {
		const rule = this.state.withdraw(id);
		if (rule === null) return;
		const { conntrack } = this.state;
		this.flush((flow) => rule.targets.some((target) => isOfRule(conntrack, rule, target, flow)));
		this.release(rule);
	}
	/** Other targets, or duties. What a new duty says of the flows that a target has is done at once. */
	retarget(id, published) {
		const { conntrack } = this.state;
		const rule = this.state.rule(id);
		if (rule === void 0) return;
		const before = rule.targets;
		rule.targets = this.take(published);
		rule.takers = takersOf(rule.targets);
		const ending = before.flatMap((target) => {
			const duty = rule.targets.find((other) => other.id === target.id)?.duty ?? 3;
			return duty === target.duty || duty === 0 || duty === 1 ? [] : [{
				target,
				all: duty === 3
			}];
		});
		if (ending.length > 0) this.flush((flow) => ending.some(({ target, all }) => isOfRule(conntrack, rule, target, flow) && (all || mayGoElsewhere(conntrack, flow))));
		this.releaseTargets(before);
	}
	take(targets) {
		const { addresses } = this.state;
		return targets.map(({ address, snatSource, onlink, ...rest }) => ({
			...rest,
			address: addresses.take(address),
			snatSource: addresses.take(snatSource),
			onlink: new Prefix(onlink)
		}));
	}
	release({ hostIp, targets }) {
		this.state.addresses.release(hostIp);
		this.releaseTargets(targets);
	}
	releaseTargets(targets) {
		for (const { address, snatSource } of targets) for (const word of [address, snatSource]) this.state.addresses.release(word);
	}
};
function takersOf(targets) {
	return targets.filter(({ duty }) => duty === 0);
}
/** Whether the flow was opened to the rule's target, by a client or from the target's published port (`source-port.ts`). */
function isOfRule(conntrack, rule, target, flow) {
	return leadsTo(conntrack, rule, target, flow, 0) || leadsTo(conntrack, rule, target, flow, 1);
}
/**
* Whether packets of direction `dir` of the flow come in at one of the rule's ports, and leave for the target's: direction 0 where a client has opened
* it, 1 where the target has. Those that an endpoint sends to the target itself are not the rule's, though the port may be the same.
*/
function leadsTo(conntrack, rule, target, flow, dir) {
	const { proto, firstPort, lastPort } = rule;
	const other = dir === 0 ? 1 : 0;
	const port = dstPort(conntrack.tuple(flow, dir, 2));
	return conntrack.protocol(flow) === proto && port >= firstPort && port <= lastPort && conntrack.tuple(flow, other, 0) === target.address && srcPort(conntrack.tuple(flow, other, 2)) === target.port + port - firstPort && isRuleAddress(rule, target, conntrack.tuple(flow, dir, 1));
}
function isRuleAddress({ hostIp }, target, address) {
	if (!isUnspecified$1(hostIp)) return address === hostIp;
	return isIpv6(address) === isIpv6(hostIp) && address !== target.address;
}
/**
* Whether a flow loses nothing if its next packet opens it anew, at another target: nobody has answered it yet, it is over, or it is datagrams, whose
* sender may never notice that nobody answers.
*/
function mayGoElsewhere(conntrack, flow) {
	return conntrack.protocol(flow) === 17 || PHASES[conntrack.state(flow)] !== 1;
}
// src/wire/address-port.ts
/** Address and port (or range of ports) as one word: an IPv6 address is put in brackets (RFC 5952 §6). */
function addressPort(address, port) {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
// src/engine/views.ts
/** A worker's tables as plain values, for people. Not on the packet path: these allocate. */
/** Rows looked at for who has most, and how many of each kind are told. */
const HOLDER_ROWS = 4096;
const HOLDERS = 3;
function nameOf(proto) {
	return protoName(proto) ?? (proto === 1 ? "icmp" : "icmpv6");
}
function flowRows(state, offload) {
	const { addresses, conntrack } = state;
	const rows = [];
	for (let id = 0; id < conntrack.end; id++) {
		if (!conntrack.isLive(id)) continue;
		const proto = conntrack.protocol(id);
		const side = (dir) => {
			const ports = conntrack.tuple(id, dir, 2);
			return {
				src: addressPort(addresses.text(conntrack.tuple(id, dir, 0)), srcPort(ports)),
				dst: addressPort(addresses.text(conntrack.tuple(id, dir, 1)), dstPort(ports))
			};
		};
		const kernel = (conntrack.egress(id, 0) & 4096) !== 0 ? offload : void 0;
		kernel?.settle(id);
		const packets = (dir) => kernel?.allPackets(id, dir) ?? conntrack.packets(id, dir);
		rows.push({
			proto: nameOf(proto),
			state: STATE_NAMES[conntrack.state(id)],
			original: side(0),
			reply: side(1),
			timeoutSec: Math.max(0, conntrack.deadline(id) - state.now),
			offloaded: kernel !== void 0,
			packets: [packets(0), packets(1)]
		});
	}
	return rows;
}
function fdbRows(state) {
	const rows = [];
	state.fdb.forEach(state.now, (hi, lo, port, ageSec) => rows.push({
		mac: formatMac(hi, lo),
		port,
		ageSec: Math.max(0, ageSec),
		static: ageSec < 0
	}));
	return rows;
}
function nodeRows({ addresses, remotes }) {
	return [...remotes.nodes()].map(({ node, address, endpoints }) => {
		const of = (what) => remotes.counts[node * 5 + what];
		return {
			address: addresses.text(address),
			endpoints,
			rxPackets: of(0),
			rxBytes: of(1),
			txPackets: of(2),
			txBytes: of(3),
			refused: of(4)
		};
	});
}
function summary(state) {
	const { conntrack } = state;
	return {
		active: conntrack.used,
		capacity: conntrack.capacity,
		created: conntrack.created,
		expired: state.expired,
		refused: state.refused,
		evicted: state.evicted
	};
}
/** As limits go by: of IPv6 the network of 64 bits. */
function holderText(client) {
	return client.family === 4 ? formatIp(client) : formatPrefix(prefixOf(client, 64));
}
/** Of each kind those that have most, and who was refused last. In a large table their flows are estimated, by some rows picked at random. */
function holderRows(state) {
	const { addresses, conntrack, limits, ports } = state;
	const looked = Math.min(conntrack.end, HOLDER_ROWS);
	const each = conntrack.end / looked;
	const counts = {
		client: /* @__PURE__ */ new Map(),
		endpoint: /* @__PURE__ */ new Map(),
		port: /* @__PURE__ */ new Map()
	};
	const clients = /* @__PURE__ */ new Map([[limits.lastRefused(1), limits.lastClient]]);
	const count = (map, key) => map.set(key, (map.get(key) ?? 0) + each);
	for (let n = 0; n < looked; n++) {
		const id = looked === conntrack.end ? n : belowMany(state.random, conntrack.end);
		if (!conntrack.isLive(id) || PHASES[conntrack.state(id)] === 2) continue;
		const ingress = conntrack.egress(id, 1) & EGRESS_PORT;
		if (ports.kind[ingress] === 3) count(counts.endpoint, ingress);
		else {
			const client = conntrack.tuple(id, 0, 0);
			const holder = addresses.holder(client) >>> 0;
			count(counts.client, holder);
			clients.set(holder, addresses.toIp(client));
		}
		if (conntrack.isPublished(id)) count(counts.port, serviceOf(conntrack.protocol(id), conntrack.tuple(id, 0, 2) >>> 16));
	}
	const rows = (kind, limit, nameOf) => {
		const last = state.limits.lastRefused(limit);
		const top = [...counts[kind]].sort((a, b) => b[1] - a[1]).slice(0, HOLDERS);
		if (last !== -1 && top.every(([key]) => key !== last)) top.push([last, counts[kind].get(last) ?? 0]);
		return top.map(([key, flows]) => ({
			kind,
			name: nameOf(key),
			flows: Math.round(flows),
			limited: key === last
		}));
	};
	return [
		...rows("client", 1, (holder) => holderText(clients.get(holder))),
		...rows("endpoint", 2, (port) => addresses.text(ports.address[port] || ports.address6[port])),
		...rows("port", 3, (service) => `${rawHalf(service & 65535)}/${protoName(service >>> 16)}`)
	];
}
// src/engine/commands.ts
/**
* What a worker does at the control side's word: carries out the messages of `messages.ts` on its tables and its packet input and output, and
* answers what is asked. Between two batches, never during one.
*/
var Commands = class {
	constructor(state, io, counters, hooks) {
		this.state = state;
		this.io = io;
		this.counters = counters;
		this.hooks = hooks;
		this.running = true;
		this.mapIsNew = true;
		this.unread = /* @__PURE__ */ new Map();
		this.localWords = [];
		this.overlay = new OverlayCommands(state, counters, {
			lookup: (key, value, family) => (family === 4 ? this.flowMap : this.flowMap6)?.lookup(key, value) ?? false,
			forget: () => this.forget()
		});
		this.rules = new Rules(state, (matches) => this.flush(matches));
	}
	carryOut(m) {
		const { state } = this;
		switch (m.type) {
			case "add-port":
				this.addPort(m);
				break;
			case "remove-port":
				this.removePort(m.port);
				break;
			case "add-network":
				this.addNetwork(m.network, m.subnets, m.flags, m.overlay);
				break;
			case "remove-network":
				this.removeNetwork(m.network);
				break;
			case "parent-mac":
				state.networks.macHi[m.network] = macHi(m.mac);
				state.networks.macLo[m.network] = macLo(m.mac);
				break;
			case "add-tunnel":
				this.overlay.addTunnel(m);
				this.read(m.port, () => this.io.addPort(m.port, m.fd));
				break;
			case "set-remote":
				this.overlay.setRemote(m, ...this.wordsOf(m.addresses));
				break;
			case "remove-remote":
				this.overlay.removeRemote(m);
				break;
			case "link":
				this.link(m);
				break;
			case "publish":
				this.rules.publish(m.id, m.rule);
				break;
			case "targets":
				this.rules.retarget(m.id, m.targets);
				break;
			case "withdraw":
				this.rules.withdraw(m.id);
				break;
			case "locals":
				this.setLocals(m.addresses, m.broadcasts);
				break;
			case "routes":
				state.ways.change(m.refused ?? [], m.exact ?? false);
				state.networks.setWaysIn(m.forwarding ?? [], m.forwarding6 ?? []);
				state.reviewAt = 0;
				break;
			case "allow":
				state.allow = m.prefixes.map((prefix) => new Prefix(prefix));
				break;
			case "steering":
				state.uplinkDevice = m.uplinkDevice;
				this.mapIsNew = m.isNew;
				state.ways.uplink = m.uplinkDevice;
				this.useSteering(m.flowsFd, m.flows6Fd, m.acrossFd);
				break;
			case "add-held":
				clearRow(this.counters, m.port);
				state.ports.set(m.port, 4, 0, 0, 0, 0);
				this.read(m.port, () => this.io.addRing(m.port, m.fd, m.size));
				break;
			case "watch":
				this.hooks.watch(m.fd);
				break;
			case "query":
				this.hooks.tell({
					type: "answer",
					id: m.id,
					value: this.answer(m.what)
				});
				break;
			case "end-flows":
				this.hooks.tell({
					type: "answer",
					id: m.id,
					value: this.endFlows(m)
				});
				break;
			case "adopt":
				this.hooks.tell({
					type: "answer",
					id: m.id,
					value: this.adopt(m.last)
				});
				break;
			case "stop": this.running = false;
		}
	}
	portGone(port, errno) {
		this.hooks.tell({
			type: "port-gone",
			port,
			errno
		});
	}
	/** Takes the steering entries of ended flows out of the maps `flows` and `flows6`. */
	forget() {
		const { forget, forget6 } = this.state;
		if (forget.count > 0) this.flowMap?.delete(forget.keyBytes, forget.count);
		if (forget6.count > 0) this.flowMap6?.delete(forget6.keyBytes, forget6.count);
		forget.count = 0;
		forget6.count = 0;
	}
	/** Writes `state.entries` and `entries6` into the maps. */
	record() {
		const { across, entries, entries6 } = this.state;
		if (across.count > 0) this.acrossMap?.put(across.keyBytes, across.valueBytes, across.count);
		if (entries.count > 0) this.flowMap?.put(entries.keyBytes, entries.valueBytes, entries.count);
		if (entries6.count > 0) this.flowMap6?.put(entries6.keyBytes, entries6.valueBytes, entries6.count);
		entries.count = 0;
		entries6.count = 0;
		across.count = 0;
	}
	settle(id) {
		return this.offload?.settle(id) ?? false;
	}
	/** Words of addresses of the configuration, of which at most one is of each family; NO_ADDRESS for the family that is missing. */
	wordsOf(list) {
		const { addresses } = this.state;
		const word = (family) => {
			const address = list.find((each) => each.family === family);
			return address === void 0 ? 0 : addresses.take(address);
		};
		return [word(4), word(6)];
	}
	addNetwork(id, subnets, flags, overlay) {
		const { addresses, networks } = this.state;
		const of = (family) => subnets.find(({ gateway }) => gateway.family === family);
		const take = (address) => address === null ? 0 : addresses.take(address);
		const [ipv4, ipv6] = [of(4), of(6)];
		if (ipv4 === void 0) networks.set(id, -1, 32, 0, flags, 0);
		else networks.set(id, addresses.take(ipv4.prefix.address), ipv4.prefix.prefixLength, take(ipv4.gateway), flags, take(ipv4.outside));
		if (ipv6 !== void 0) networks.set6(id, new Prefix(ipv6.prefix), take(ipv6.gateway), take(ipv6.outside));
		if (overlay !== void 0) this.overlay.add(id, overlay);
	}
	removeNetwork(id) {
		const { addresses, networks } = this.state;
		if (networks.remotePort[id] !== -1) this.overlay.remove(id);
		addresses.release(networks.gateway6[id]);
		addresses.release(networks.outside6[id]);
		networks.clear(id);
	}
	/** Words are held as long as there are ports. */
	link({ client, server, ports }) {
		const { addresses, links } = this.state;
		const words = [addresses.take(client), addresses.take(server)];
		const before = links.delete(...words);
		if (ports.length > 0) links.set(...words, ports);
		for (const word of words) {
			if (before) addresses.release(word);
			if (ports.length === 0) addresses.release(word);
		}
	}
	/**
	* A flow that leaves with an address which the host no longer has ends: its answers come no more. Its next packet opens another, with an address
	* that the host has, as behind the kernel's MASQUERADE.
	*/
	setLocals(own, broadcasts) {
		const { addresses, conntrack, locals } = this.state;
		const before = this.localWords;
		this.localWords = own.map((address) => addresses.take(address));
		locals.clear();
		for (const word of this.localWords) locals.set(word, 0, 1);
		for (const address of broadcasts) locals.set(addresses.take(address), 1, 1);
		const gone = before.filter((word) => !this.localWords.includes(word));
		if (gone.length > 0) this.flush((id) => conntrack.hasOtherSource(id) && gone.includes(conntrack.newSrc(id, 0)));
		for (const word of before) addresses.release(word);
	}
	addPort(m) {
		const { endpoints, fdb, networks, ports, shaper } = this.state;
		const [ipv4, ipv6] = this.wordsOf(m.addresses);
		const hi = macHi(m.mac);
		const lo = macLo(m.mac);
		clearRow(this.counters, m.port);
		ports.set(m.port, m.kind, hi, lo, ipv4, m.network, ipv6);
		if (m.kind === 2 || m.kind === 3) fdb.addStatic(fdbKey(hi, m.network), lo, m.port);
		if (m.kind === 3) {
			for (const word of [ipv4, ipv6]) if (word !== 0) endpoints.set(word, m.network, m.port);
		}
		if (m.kind === 2) {
			networks.hostPort[m.network] = m.port;
			networks.hostDevice[m.network] = m.device;
		}
		if (m.kind === 7) networks.lanPort[m.network] = m.port;
		if (m.kind === 2 || m.kind === 7) {
			networks.macHi[m.network] = hi;
			networks.macLo[m.network] = lo;
		}
		if (m.bandwidth !== void 0) shaper.set(m.port, m.bandwidth);
		this.read(m.port, () => this.io.addPort(m.port, m.fd));
	}
	/** From now on; but what waits to be read may be of flows that a former process knew, so not before these were looked at. */
	read(port, start) {
		if (this.former === void 0 && this.state.awaitsFormer) this.unread.set(port, start);
		else start();
	}
	/** Its flows end too: the number may soon be another port's. */
	removePort(port) {
		const { addresses, conntrack, endpoints, fdb, networks, ports } = this.state;
		if (ports.kind[port] === 0) return;
		if (!this.unread.delete(port)) this.io.removePort(port);
		this.state.shaper.clear(port);
		fdb.flushPort(port);
		const network = ports.network[port];
		if (ports.kind[port] === 3) for (const word of [ports.address[port], ports.address6[port]]) endpoints.delete(word, network);
		addresses.release(ports.address6[port]);
		if (ports.kind[port] === 2) {
			networks.hostPort[network] = -1;
			networks.hostDevice[network] = 0;
			networks.wayIn[network] = 0;
			networks.wayIn6[network] = 0;
		}
		if (ports.kind[port] === 7) networks.lanPort[network] = -1;
		if (ports.kind[port] === 5) this.overlay.removeTunnel();
		ports.clear(port);
		this.flush((id) => (conntrack.egress(id, 0) & 1023) === port || (conntrack.egress(id, 1) & 1023) === port);
	}
	endFlows({ client, port }) {
		const { addresses, conntrack } = this.state;
		const prefix = client === null ? null : new Prefix(client);
		const isMeant = (address) => prefix?.has(address, addresses) ?? true;
		return this.flush((id) => isMeant(conntrack.tuple(id, 0, 0)) && (port === 0 || dstPort(conntrack.tuple(id, 0, 2)) === port));
	}
	/**
	* Ends the flows for which `matches` holds, and their steering at once: with nothing to do the loop may sleep for long before its next turn
	* ends. Answers how many.
	*/
	flush(matches) {
		const { state } = this;
		let ended = 0;
		for (let id = 0; id < state.conntrack.end; id++) {
			if (!state.conntrack.isLive(id) || !matches(id)) continue;
			retire(state, id);
			ended++;
			if (Math.max(state.forget.count, state.forget6.count) >= 1023) this.forget();
		}
		this.forget();
		if (ended > 0) state.fragments.forgetFlows();
		return ended;
	}
	adopt(last) {
		this.former ??= new FormerFlows(this.state, this.hooks.readFormer(), this.mapIsNew, this);
		const { former } = this;
		former.adopt(last);
		this.state.awaitsFormer = former.left > 0;
		for (const start of this.unread.values()) start();
		this.unread.clear();
		return {
			taken: former.taken,
			left: former.left,
			lost: former.lost
		};
	}
	useSteering(flowsFd, flows6Fd, acrossFd) {
		const map = this.hooks.openFlowMap(flowsFd, 4);
		const map6 = flows6Fd === -1 ? void 0 : this.hooks.openFlowMap(flows6Fd, 6);
		this.flowMap = map;
		this.flowMap6 = map6;
		if (acrossFd !== -1) this.acrossMap = this.hooks.openFlowMap(acrossFd, 4);
		if (!this.state.offloads) return;
		this.offload = new Offload(this.state, (key, value, family) => (family === 4 ? map : map6)?.lookup(key, value) ?? false);
	}
	answer(what) {
		if (what === "flows") return flowRows(this.state, this.offload);
		if (what === "nodes") return nodeRows(this.state);
		return what === "fdb" ? fdbRows(this.state) : what === "holders" ? holderRows(this.state) : summary(this.state);
	}
};
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;
/** DROP_NONE if `len` bytes are enough for a message of IPv4 over Ethernet, else the reason to drop. `isEthernetIpv4` says whether it is one. */
function check(len) {
	return len < 28 ? DROP_TRUNCATED : DROP_NONE;
}
function isEthernetIpv4(halves, off) {
	const h = off >> 1;
	return halves[h] === 256 && halves[h + 1] === 8 && halves[h + 2] === 1030;
}
function operation(halves, off) {
	return halves[off + OPERATION >> 1];
}
/** Sender MAC bytes 0..1, raw. */
function senderHi(halves, off) {
	return halves[off + SENDER_MAC >> 1];
}
/** Sender MAC bytes 2..5, raw. */
function senderLo(halves, off) {
	const h = off + SENDER_MAC >> 1;
	return halves[h + 1] | halves[h + 2] << 16;
}
function senderIp(halves, off) {
	const h = off + SENDER_IP >> 1;
	return halves[h] | halves[h + 1] << 16;
}
function targetIp(halves, off) {
	const h = off + TARGET_IP >> 1;
	return halves[h] | halves[h + 1] << 16;
}
/** Turns the request at `off` into the reply that `macHi`/`macLo` owns the address asked for (RFC 826, "Packet Reception"). */
function makeReply(halves, off, macHi, macLo) {
	const ip = targetIp(halves, off);
	halves.copyWithin(off + TARGET_MAC >> 1, off + SENDER_MAC >> 1, off + SENDER_MAC + 10 >> 1);
	const h = off + SENDER_MAC >> 1;
	halves[h] = macHi;
	halves[h + 1] = macLo;
	halves[h + 2] = macLo >>> 16;
	halves[h + 3] = ip;
	halves[h + 4] = ip >>> 16;
	halves[off + OPERATION >> 1] = 512;
}
// src/dataplane/arp-reply.ts
/**
* Answers ARP requests for the gateway and for endpoints that the configuration knows, those behind other nodes among them, instead of flooding them (RFC 826; proxying as
* a bridge with ARP suppression does). Requests for others go on and are flooded. The frame is turned into its answer in place.
*/
function arpReply(b, state) {
	const { halves } = b.memory;
	const { networks, remotes } = state;
	for (let i = 0; i < b.count; i++) {
		if (b.kind[i] !== 1 || b.egress[i] !== -2) continue;
		const frame = b.at[i] + 10;
		const message = frame + 14;
		if (!isEthernetIpv4(halves, message) || operation(halves, message) !== 256) continue;
		const asked = targetIp(halves, message);
		if (asked === senderIp(halves, message)) continue;
		if (isIpv6(asked)) continue;
		const network = state.ports.network[b.ingress[i]];
		const kind = state.ports.kind[b.ingress[i]];
		if (kind === 7) continue;
		const isGateway = asked === networks.gateway[network];
		if (isGateway && kind === 6) continue;
		const owner = isGateway ? networks.hostPort[network] : state.endpoints.get(asked, network);
		if (owner === b.ingress[i]) continue;
		const station = owner === -1 && kind === 3 ? remotes.ofAddress(asked, network) : -1;
		if (owner === -1 && station === -1) continue;
		const hi = owner === -1 ? remotes.macHi[station] : state.ports.macHi[owner];
		const lo = owner === -1 ? remotes.macLo[station] : state.ports.macLo[owner];
		makeReply(halves, message, hi, lo);
		setAddresses(halves, frame, srcHi(halves, frame), srcLo(halves, frame), hi, lo);
		b.egress[i] = b.ingress[i];
	}
}
// src/dataplane/coalesce.ts
/**
* Puts segments of one TCP connection that another node has sent one after the other into one frame, which an endpoint takes with one write, and its stack
* in one go, as from a card with large receive offload that keeps what is needed to cut it again (GRO in Linux, net/ipv4/tcp_offload.c, whose rules
* these are).
* The kernel does this for what it brings; datagrams of tunnels it puts together for its own tunnel devices alone, so they come to us one by one
* from a network card, and from a node that has to make its segments itself.
*
* A segment joins the frame before it if it goes on where that ends, has the same headers but for lengths, checksums and IPv4's identification, and has
* a payload no longer than the first one's. The last one is that which is shorter, or pushes. Since the frame gets a partial checksum, which nobody will
* doubt, the checksum of every segment in it has been verified here.
* Only neighbors in the batch are looked at, so nothing overtakes anything.
*/
const MAX_PACKET = 65535;
const PSH = 8;
const NONE = -1;
/** The frame that grows, where what joins it must begin, the payload of its first segment, and how many there are in it. One worker is one thread. */
let first = NONE;
let nextSequence = 0;
let size = 0;
let segments = 0;
function coalesce(b, state) {
	const { ports } = state;
	let freeTail = 0;
	for (let i = 0; i < b.count; i++) if (b.tail[i] >= freeTail) freeTail = b.tail[i] + 1;
	first = NONE;
	for (let i = 0; i < b.count; i++) {
		const to = b.egress[i];
		if (to < 0 || ports.kind[b.ingress[i]] !== 6 || ports.kind[to] !== 3 || !isSegment(b, i)) {
			first = NONE;
			continue;
		}
		const payload = payloadOf(b, i);
		if (first !== NONE && b.egress[first] === to && joins(b, i, payload) && (b.tail[first] !== NONE || freeTail < b.memory.slots)) {
			if (b.tail[first] === NONE) b.tail[first] = freeTail++;
			append(b, i, payload);
			b.egress[i] = -9;
			if (payload < size || pushes(b, i)) first = NONE;
		} else if (pushes(b, i)) first = NONE;
		else {
			first = i;
			size = payload;
			segments = 1;
			nextSequence = sequenceOf(b, i) + payload | 0;
		}
	}
}
/** A plain segment of an open connection with a payload, whole, in one head, its checksum complete. */
function isSegment(b, i) {
	const { bytes, halves } = b.memory;
	const kind = b.kind[i];
	if (b.proto[i] !== 6 || b.tail[i] !== NONE || !isBare(halves, b.at[i])) return false;
	const ip = ipAt(b, i);
	if (kind === 2) {
		if (bytes[ip] !== 69 || isFragment$1(halves, ip)) return false;
	} else if (kind !== 3 || b.l4[i] !== ip + 40) return false;
	if (totalLength(b, i) !== b.len[i] - 14) return false;
	return (tcpFlags(bytes, b.l4[i]) & -9) === 16 && payloadOf(b, i) > 0;
}
/** Where the payload begins. */
function dataAt(b, i) {
	return b.l4[i] + tcpHeaderSize(b.memory.bytes, b.l4[i]);
}
function payloadOf(b, i) {
	return ipAt(b, i) + totalLength(b, i) - dataAt(b, i);
}
function pushes(b, i) {
	return (tcpFlags(b.memory.bytes, b.l4[i]) & PSH) !== 0;
}
function sequenceOf(b, i) {
	return rawWord(b.memory.words[b.l4[i] + 4 >> 2]);
}
/** Whether segment `i` goes on where the frame `first` ends. */
function joins(b, i, payload) {
	if (payload > size || sequenceOf(b, i) !== nextSequence || b.kind[i] !== b.kind[first]) return false;
	if (b.len[first] - 14 + payload > MAX_PACKET) return false;
	return sameHeaders(b, first, i) && (segments > 1 || isRight(b, first)) && isRight(b, i);
}
function sameHeaders(b, one, other) {
	const { halves, words } = b.memory;
	const e = b.at[one] + 10 >> 1;
	const f = b.at[other] + 10 >> 1;
	for (let k = 0; k < 6; k++) if (halves[e + k] !== halves[f + k]) return false;
	const p = ipAt(b, one) >> 2;
	const q = ipAt(b, other) >> 2;
	if (b.kind[one] === 2) {
		if (((words[p] ^ words[q]) & 65535) !== 0) return false;
		if ((words[p + 1] ^ words[q + 1]) >>> 16 !== 0) return false;
		if (mayFragment$1(halves, q << 2) && !isNextId(halves, p << 2, q << 2)) return false;
		if (((words[p + 2] ^ words[q + 2]) & 65535) !== 0) return false;
		if (words[p + 3] !== words[q + 3] || words[p + 4] !== words[q + 4]) return false;
	} else {
		if (words[p] !== words[q] || (words[p + 1] ^ words[q + 1]) >>> 16 !== 0) return false;
		for (let k = 2; k < 10; k++) if (words[p + k] !== words[q + k]) return false;
	}
	const t = b.l4[one] >> 2;
	const u = b.l4[other] >> 2;
	if (words[t] !== words[u] || words[t + 2] !== words[u + 2]) return false;
	if (((words[t + 3] ^ words[u + 3]) & -2049) !== 0) return false;
	const end = tcpHeaderSize(b.memory.bytes, b.l4[one]) >> 2;
	for (let k = 5; k < end; k++) if (words[t + k] !== words[u + k]) return false;
	return true;
}
/** Whether the identification of `other` is as much further than that of the first as there are segments between: so whoever cuts the frame makes it again. */
function isNextId(halves, one, other) {
	const id = (at) => {
		const raw = identification$1(halves, at);
		return (raw & 255) << 8 | raw >> 8;
	};
	return id(other) === (id(one) + segments & 65535);
}
function isRight(b, i) {
	const { bytes, halves } = b.memory;
	const off = b.l4[i];
	const length = ipAt(b, i) + totalLength(b, i) - off;
	return fold(pseudoSum$1(b, i, 6, length) + sum(halves, bytes, off, length)) === 65535;
}
/** Moves the payload of segment `i` behind that of the frame `first`, and says in the headers what there is now. */
function append(b, i, payload) {
	const { bytes, halves } = b.memory;
	const start = b.at[first] + 10;
	const length = b.len[first];
	const room = b.memory.headEnd(first) - start;
	const from = dataAt(b, i);
	const inHead = Math.max(0, Math.min(payload, room - length));
	bytes.copyWithin(start + length, from, from + inHead);
	if (payload > inHead) {
		const to = b.memory.tailAt(b.tail[first]) + Math.max(0, length - room);
		bytes.copyWithin(to, from + inHead, from + payload);
	}
	b.len[first] = length + payload;
	segments++;
	nextSequence = nextSequence + payload | 0;
	const ip = ipAt(b, first);
	const off = b.l4[first];
	const total = length + payload - 14;
	if (b.kind[first] === 2) setTotalLength(bytes, halves, ip, total);
	else setPayloadLength(halves, ip, total - 40);
	if (pushes(b, i)) bytes[off + 13] = bytes[off + 13] | PSH;
	halves[off + 16 >> 1] = pseudoSum$1(b, first, 6, ip + total - off);
	setSegments(bytes, halves, b.at[first], off, dataAt(b, first) - start, size, b.kind[first] === 2 ? 1 : 4);
}
// src/wire/underlay.ts
/**
* What is before a frame on its way through the underlay: Ethernet, IPv4 (RFC 791) or IPv6 (RFC 8200), and UDP (RFC 768) headers around a VXLAN datagram.
* They lie at any even offset, not at a multiple of 4 as other headers here do: the packet inside does. So they are read and written as halves.
* IPv4 addresses are raw words, IPv6 addresses four of them (`raw.ts`).
*/
/** TTL of what is sent. */
const HOPS = 64;
/** Offsets in the IP headers. */
const SRC4 = 12;
const DST4 = 16;
const SRC6 = 8;
const DST6 = 24;
const CHECKSUM4 = 10;
/** Explicit congestion notification (RFC 3168 §5): the lowest two bits of TOS and traffic class. */
const ECN_MASK = 3;
const ECT_0 = 2;
const CE = 3;
/** A raw word at an even offset. */
function word(halves, off) {
	return halves[off >> 1] | halves[off + 2 >> 1] << 16;
}
function setWord(halves, off, value) {
	halves[off >> 1] = value;
	halves[off + 2 >> 1] = value >>> 16;
}
/** Source and destination of an IPv4 header. */
function src4(halves, ip) {
	return word(halves, ip + SRC4);
}
function dst4(halves, ip) {
	return word(halves, ip + DST4);
}
/** Copies an IPv6 header's source, or destination, to `to[at]` and the next three. */
function copySrc6(halves, ip, to, at) {
	for (let k = 0; k < 4; k++) to[at + k] = word(halves, ip + SRC6 + 4 * k);
}
function copyDst6(halves, ip, to, at) {
	for (let k = 0; k < 4; k++) to[at + k] = word(halves, ip + DST6 + 4 * k);
}
/** Ethernet header with zeros for addresses but `macHi`, `macLo` as destination. */
function emitEthernet(halves, off, macHi, macLo, type) {
	setAddresses(halves, off, macHi, macLo, 0, 0);
	setType$1(halves, off, type);
}
/** A 20-byte header for `payload` bytes of UDP; may be fragmented. `id`: raw half. */
function emitIpv4(bytes, halves, ip, payload, tos, id, src, dst) {
	bytes[ip] = 69;
	bytes[ip + 1] = tos;
	halves[ip + 2 >> 1] = rawHalf(20 + payload);
	halves[ip + 4 >> 1] = id;
	halves[ip + 6 >> 1] = 0;
	bytes[ip + 8] = HOPS;
	bytes[ip + 9] = 17;
	setWord(halves, ip + SRC4, src);
	setWord(halves, ip + DST4, dst);
	fillChecksum$3(bytes, halves, ip);
}
/** The same of IPv6; `flow`: flow label, of which the lowest 16 bits are used (RFC 6438). Source and destination: four raw words at `from[src]`, `from[dst]`. */
function emitIpv6(bytes, halves, ip, payload, trafficClass, flow, from, src, dst) {
	setTrafficClass(bytes, ip, trafficClass);
	halves[ip + 2 >> 1] = flow;
	halves[ip + 4 >> 1] = rawHalf(payload);
	bytes[ip + 6] = 17;
	bytes[ip + 7] = HOPS;
	for (let k = 0; k < 4; k++) {
		setWord(halves, ip + SRC6 + 4 * k, from[src + k]);
		setWord(halves, ip + DST6 + 4 * k, from[dst + k]);
	}
}
/** Folded sum of the pseudo header before `len` bytes of UDP. */
function pseudoSum(bytes, halves, ip, len) {
	const isIpv4 = bytes[ip] >> 4 === 4;
	const from = ip + (isIpv4 ? SRC4 : SRC6) >> 1;
	const count = isIpv4 ? 4 : 16;
	let sum = rawHalf(17) + rawHalf(len);
	for (let k = 0; k < count; k++) sum += halves[from + k];
	return fold(sum);
}
/** UDP header for `len` bytes, itself among them, without a checksum. Ports as raw halves. */
function emitUdp(halves, udp, len, srcPort, dstPort) {
	halves[udp >> 1] = srcPort;
	halves[udp + 2 >> 1] = dstPort;
	halves[udp + 4 >> 1] = rawHalf(len);
	halves[udp + 6 >> 1] = 0;
}
/** What the outer header says about congestion when the inner one has `tos` (RFC 6040 §4.1, normal mode; TOS is not carried along, as Docker does). */
function ecnOutside(tos) {
	const ecn = tos & ECN_MASK;
	return ecn === CE ? ECT_0 : ecn;
}
function isCongested(tos) {
	return (tos & ECN_MASK) === CE;
}
/** Whether the sender understands that it is told of congestion. */
function isEcnCapable(tos) {
	return (tos & ECN_MASK) !== 0;
}
/** Says in the IPv4 header at `ip` that there was congestion. */
function setCongested4(bytes, halves, ip) {
	const before = halves[ip >> 1];
	bytes[ip + 1] = bytes[ip + 1] | CE;
	const change = fold((~before & 65535) + halves[ip >> 1]);
	const sum = (~halves[ip + CHECKSUM4 >> 1] & 65535) + change;
	halves[ip + CHECKSUM4 >> 1] = ~fold(sum);
}
/** The same of IPv6; the flow label stays. */
function setCongested6(bytes, ip) {
	bytes[ip + 1] = bytes[ip + 1] | 48;
}
const HDR_LEN = 2;
const GSO_SIZE = 4;
const CSUM_START = 6;
const CSUM_OFFSET = 8;
const OUTER_TRANSPORT = 20;
const INNER_NETWORK = 22;
const GSO_UDP_TUNNEL_IPV4 = 32;
const GSO_UDP_TUNNEL_IPV6 = 64;
const GSO_UDP_TUNNEL = 96;
/** The outer UDP checksum is wanted, of each segment. */
const FLAG_UDP_TUNNEL_CSUM = 8;
/**
* Of the packet with the header at `from`: writes at `to` the header (`vnet.ts`) of the frame inside, which begins `overhead` bytes behind the outer
* Ethernet header. DROP_NONE or the reason to drop. Offsets are even; the two headers do not overlap.
*/
function unwrap(bytes, halves, from, to, overhead) {
	const gso = bytes[from + 1];
	const start = halves[from + CSUM_START >> 1] - overhead;
	const field = halves[from + CSUM_OFFSET >> 1];
	const size = halves[from + GSO_SIZE >> 1];
	const headers = halves[from + HDR_LEN >> 1] - overhead;
	if (gso !== 0 && (gso & GSO_UDP_TUNNEL) === 0) return DROP_VNET_HEADER;
	const partial = (bytes[from] & 1) !== 0 && start >= 14;
	emit(halves, to);
	if (partial) {
		bytes[to] = 1;
		halves[to + CSUM_START >> 1] = start;
		halves[to + CSUM_OFFSET >> 1] = field;
	}
	if (gso === 0) return DROP_NONE;
	if (!partial || headers <= 0) return DROP_VNET_HEADER;
	bytes[to + 1] = gso & -97;
	halves[to + GSO_SIZE >> 1] = size;
	halves[to + HDR_LEN >> 1] = headers;
	return DROP_NONE;
}
/**
* The opposite: of the frame with the header at `from`, writes at `to` the header of the packet that has it inside. `headers`: bytes of its own headers
* up to the payload, of one with segmentation; `outer`: bytes from the outer Ethernet header to the UDP header; `ipv6`: the outer packet is. `checksum`:
* segments get an outer one.
*/
function wrap$1(bytes, halves, from, to, overhead, outer, headers, ipv6, checksum) {
	const gso = bytes[from + 1] & -129;
	const partial = (bytes[from] & 1) !== 0;
	const start = halves[from + CSUM_START >> 1];
	const field = halves[from + CSUM_OFFSET >> 1];
	const size = halves[from + GSO_SIZE >> 1];
	for (let i = to >> 1; i < to + 24 >> 1; i++) halves[i] = 0;
	if (partial) {
		bytes[to] = 1;
		halves[to + CSUM_START >> 1] = start + overhead;
		halves[to + CSUM_OFFSET >> 1] = field;
	}
	if (gso === 0) return;
	if (checksum) bytes[to] = bytes[to] | FLAG_UDP_TUNNEL_CSUM;
	bytes[to + 1] = gso | (ipv6 ? GSO_UDP_TUNNEL_IPV6 : GSO_UDP_TUNNEL_IPV4);
	halves[to + HDR_LEN >> 1] = headers + overhead;
	halves[to + GSO_SIZE >> 1] = size;
	halves[to + OUTER_TRANSPORT >> 1] = outer;
	halves[to + INNER_NETWORK >> 1] = overhead + 14;
}
// src/dataplane/decapsulate.ts
/**
* Frames of other nodes, out of the VXLAN datagrams that bring them (RFC 7348 §4.1): from here on each is a frame of its network's port of kind
* REMOTE, with `node` saying who sent it. Nothing is copied: a frame begins later, and its virtio-net header is written over what was before it.
*
* Most come by the tunnels' device, where `steer` sends what nodes send that it knows. What it does not know goes up the host's stack, and, accepted
* by the host's firewall, comes as what is for a published port does: then the node is entered, by its address and the interface that it came by, whatever
* the source port. So a node's packets pass the firewall until it has let one through, as a client's do. Such a frame is 2 bytes off, and is moved.
*
* Runs behind `established`, which takes no notice of tunnels, and before `parse`, which looks at the frame as at any other.
*/
/** How much longer the virtio-net header of the tunnels' device is; the engine takes all to have the shorter one. */
const LONGER$1 = 14;
/** What puts a frame from the host's stack, behind the shorter header, where words can be read. */
const SHIFT = 2;
const DST_PORT = 2;
/** An IPv6 address of the underlay; where IPv6 addresses are looked up from. One worker is one thread. */
const scratch = /* @__PURE__ */ new Int32Array(4);
/** Answers whether there was any. */
function decapsulate(b, state) {
	const { ports, tunnel } = state;
	if (tunnel.port === -1) return false;
	let any = false;
	for (let i = 0; i < b.count; i++) {
		if (b.egress[i] !== -2 || b.len[i] < 14) continue;
		const ingress = b.ingress[i];
		if (ingress === tunnel.port) fromDevice(b, i, state);
		else if (ports.kind[ingress] !== 4 && !(state.bypass && ingress === ports.uplink)) continue;
		else if (!isForUs(b, i, state)) continue;
		else fromHost(b, i, state);
		any = true;
	}
	return any;
}
function fromDevice(b, i, state) {
	const header = b.at[i];
	const outer = header + 24;
	const reason = open(b, i, state, outer, b.len[i] - LONGER$1);
	if (reason !== DROP_NONE) {
		refuse(b, i, reason);
		return;
	}
	const { bytes, halves } = b.memory;
	const inner = found;
	const offload = unwrap(bytes, halves, header, inner - 10, inner - outer);
	if (offload !== DROP_NONE) refuse(b, i, offload);
	else deliver(b, i, state, inner, outer);
}
/** Whether a packet that the host's stack has accepted, or that came by the uplink, is a datagram for this node's end of the tunnels. */
function isForUs(b, i, { addresses, tunnel }) {
	const { bytes, halves } = b.memory;
	const frame = b.at[i] + 10;
	const ip = frame + 14;
	const room = Math.min(b.len[i], b.memory.headEnd(i) - frame) - 14;
	if (!tunnel.ipv6) {
		if (type(halves, frame) !== 8 || check$6(bytes, ip, b.len[i] - 14) !== DROP_NONE) return false;
		if (protocol(bytes, ip) !== 17 || isFragment$1(halves, ip) || dst4(halves, ip) !== tunnel.local) return false;
		const udp = headerSize(bytes, ip);
		return udp + 8 <= room && halves[ip + udp + DST_PORT >> 1] === tunnel.udpPort;
	}
	if (type(halves, frame) !== 56710 || room < 48) return false;
	if (nextHeader(bytes, ip) !== 17 || halves[ip + 40 + DST_PORT >> 1] !== tunnel.udpPort) return false;
	copyDst6(halves, ip, scratch, 0);
	return addresses.find(scratch, 0) === tunnel.local;
}
function fromHost(b, i, state) {
	const outer = b.at[i] + 10;
	const reason = open(b, i, state, outer, b.len[i]);
	if (reason !== DROP_NONE) {
		refuse(b, i, reason);
		return;
	}
	enter(b, i, state);
	if (b.tail[i] !== -1) {
		refuse(b, i, DROP_TOO_LONG);
		return;
	}
	const { bytes, halves } = b.memory;
	const inner = found;
	bytes.copyWithin(inner - SHIFT, inner, inner + foundLength);
	emit(halves, inner - SHIFT - 10);
	deliver(b, i, state, inner - SHIFT, outer);
}
/** The node's datagrams are to come by the device from now on, as long as they come in where this one did. */
function enter(b, i, state) {
	const { remotes, tunnel } = state;
	const entries = tunnel.ipv6 ? state.entries6 : state.entries;
	const at = entries.add(tunnel.local, remotes.nodeAddress[foundNode], tunnel.udpPort, 17);
	entries.values[at + 0 >> 2] = tunnel.device;
	entries.values[at + 32 >> 2] = b.device[i];
}
/** What `open` has found: the frame inside, its length, its network and its sender. One worker is one thread. */
let found = 0;
let foundLength = 0;
let foundNetwork = 0;
let foundNode = 0;
/** Looks at the datagram whose Ethernet header is at `outer`, `size` bytes from there on. DROP_NONE, or the reason to drop. */
function open(b, i, state, outer, size) {
	const { bytes, halves } = b.memory;
	const { addresses, remotes, tunnel } = state;
	const ip = outer + 14;
	const room = size - 14;
	const isIpv6 = tunnel.ipv6;
	let udp;
	let rest;
	if (type(halves, outer) !== (isIpv6 ? 56710 : 8)) return DROP_VXLAN_OUTER;
	if (isIpv6) {
		const reason = check$5(bytes, halves, ip, room);
		if (reason !== DROP_NONE) return reason;
		if (nextHeader(bytes, ip) !== 17) return DROP_VXLAN_OUTER;
		udp = ip + 40;
		rest = payloadLength(halves, ip);
		copyDst6(halves, ip, scratch, 0);
		if (addresses.find(scratch, 0) !== tunnel.local) return DROP_VXLAN_OUTER;
		copySrc6(halves, ip, scratch, 0);
	} else {
		const reason = check$6(bytes, ip, room);
		if (reason !== DROP_NONE) return reason;
		if (!checksumOk$2(bytes, halves, ip)) return DROP_IP_CHECKSUM;
		if (protocol(bytes, ip) !== 17 || isFragment$1(halves, ip) || dst4(halves, ip) !== tunnel.local) return DROP_VXLAN_OUTER;
		udp = ip + headerSize(bytes, ip);
		rest = totalLength$1(bytes, ip) - (udp - ip);
	}
	const wrong = checkUdp(bytes, udp, rest);
	if (wrong !== DROP_NONE) return wrong;
	if (halves[udp + DST_PORT >> 1] !== tunnel.udpPort) return DROP_VXLAN_OUTER;
	const header = udp + 8;
	const payload = udpLength(bytes, udp) - 8;
	const flags = check$4(bytes, header, payload);
	if (flags !== DROP_NONE) return flags;
	foundNetwork = tunnel.networkOf(vni(bytes, header));
	if (foundNetwork === -1) return DROP_VXLAN_VNI;
	const sender = isIpv6 ? addresses.find(scratch, 0) : src4(halves, ip);
	foundNode = sender === 0 ? -1 : remotes.ofNode(sender);
	if (foundNode === -1) return DROP_VXLAN_NODE;
	found = header + 8;
	foundLength = payload - 8;
	return foundLength < 14 || found + 14 > b.memory.headEnd(i) ? DROP_VXLAN_RUNT : DROP_NONE;
}
/** The frame inside is the batch's from now on. */
function deliver(b, i, state, inner, outer) {
	if (!carryCongestion(b, inner, outer + 14)) {
		refuse(b, i, DROP_VXLAN_CONGESTED);
		return;
	}
	const { remotes, networks } = state;
	b.at[i] = inner - 10;
	b.moved = true;
	b.len[i] = foundLength;
	b.ingress[i] = networks.remotePort[foundNetwork];
	b.node[i] = foundNode;
	remotes.count(foundNode, 0, 1);
	remotes.count(foundNode, 1, foundLength);
}
/** RFC 6040 §4.2: congestion on the way is the inner packet's business. False where its sender would not understand it. */
function carryCongestion(b, inner, ip) {
	const { bytes, halves } = b.memory;
	if (!isCongested(bytes[ip] >> 4 === 4 ? bytes[ip + 1] : trafficClass(bytes, ip))) return true;
	const packet = inner + 14;
	const type$3 = type(halves, inner);
	if (type$3 === 8 && foundLength >= 34) {
		if (!isEcnCapable(bytes[packet + 1])) return false;
		if (!isCongested(bytes[packet + 1])) setCongested4(bytes, halves, packet);
	} else if (type$3 === 56710 && foundLength >= 54) {
		if (!isEcnCapable(trafficClass(bytes, packet))) return false;
		setCongested6(bytes, packet);
	}
	return true;
}
function refuse(b, i, reason) {
	b.flow[i] = -1;
	b.mark[i] = 0;
	b.proto[i] = 0;
	b.drop(i, reason);
}
// src/dataplane/encapsulate.ts
/**
* Puts frames that go to another node into VXLAN datagrams (RFC 7348 §4.1, §5). The headers are written before the frame, into the headroom; the frame
* stays where it is. One that stands for several segments stays whole where the tunnels' device takes that, its checksum partial still; else the
* engine makes the segments (`engine/segments-out.ts`), and each gets its headers here.
*
* The source port comes of a hash of the flow inside, so that the underlay may spread flows but not the packets of one (§5). Datagrams may be fragmented
* on their way, though we never do it (§4.3): DF is not set, as in Linux.
*/
const MAX_DATAGRAM$1 = 65535;
/** Of GSO frames: bytes of the inner headers up to the payload. */
const NO_HEADERS = 0;
function encapsulate(b, state) {
	const { ports, tunnel } = state;
	if (tunnel.port === -1) return;
	for (let i = 0; i < b.count; i++) {
		const to = b.egress[i];
		if (to < 0 || ports.kind[to] !== 6) continue;
		if (needsSegments(b, i, state)) {
			b.egress[i] = -8;
			continue;
		}
		wrap(b, i, state, ports.network[to], b.node[i]);
		b.egress[i] = tunnel.port;
	}
}
/** Whether frame `i` stands for segments that have to be made before it goes into datagrams. */
function needsSegments(b, i, { tunnel }) {
	if (!isGso(b.memory.bytes, b.at[i])) return false;
	return !tunnel.segments || b.len[i] + tunnel.overhead - 14 > MAX_DATAGRAM$1;
}
/** Makes frame `i` a datagram of `network` to `node`. What `parse` has said of the frame must still be true. */
function wrap(b, i, state, network, node) {
	const { bytes, halves } = b.memory;
	const { addresses, networks, ports, remotes, tunnel } = state;
	const { ipv6: isIpv6, overhead } = tunnel;
	const header = b.at[i];
	const inner = header + 10;
	const length = b.len[i];
	const outer = inner - overhead;
	const start = outer - 24;
	const ip = outer + 14;
	const udp = inner - 8 - 8;
	const gso = isGso(bytes, header);
	const partialAt = gso || (bytes[header] & 1) !== 0 ? checksumStart(halves, header) : -1;
	const partialField = checksumField(halves, header);
	const headers = gso ? headersOf(bytes, halves, header) : NO_HEADERS;
	const hash = flowHash(b, i);
	const tos$2 = b.kind[i] === 2 ? tos(bytes, ipAt(b, i)) : b.kind[i] === 3 ? trafficClass(bytes, ipAt(b, i)) : 0;
	wrap$1(bytes, halves, header, start, overhead, udp - outer, headers, isIpv6, tunnel.checksum);
	const payload = 16 + length;
	const device = tunnel.port;
	emitEthernet(halves, outer, ports.macHi[device], ports.macLo[device], isIpv6 ? TYPE_IPV6 : 8);
	const ecn = ecnOutside(tos$2);
	const to = remotes.nodeAddress[node];
	if (isIpv6) emitIpv6(bytes, halves, ip, payload, ecn, hash & 65535, addresses.words, rowOf(tunnel.local) << 2, rowOf(to) << 2);
	else {
		emitIpv4(bytes, halves, ip, payload, ecn, tunnel.identification, tunnel.local, to);
		const segments = gso ? Math.ceil(length / Math.max(1, gsoSize(halves, start))) : 1;
		tunnel.identification = rawHalf(rawHalf(tunnel.identification) + segments & 65535);
	}
	emitUdp(halves, udp, payload, rawHalf(FIRST_SOURCE_PORT + (hash >>> 18)), tunnel.udpPort);
	emit$1(bytes, udp + 8, networks.vni[network]);
	if (tunnel.checksum) fillChecksum$1(b, i, ip, udp, payload, gso, inner, partialAt, partialField);
	b.at[i] = start;
	b.moved = true;
	b.len[i] = 14 + overhead + length;
	remotes.count(node, 2, 1);
	remotes.count(node, 3, length);
}
/** int32. Of the addresses, protocol and ports that the packet itself has, so that a flow has the same one always; of other frames their MAC addresses. */
function flowHash(b, i) {
	const { halves, words } = b.memory;
	const kind = b.kind[i];
	let hash;
	if (kind === 2 || kind === 3) {
		const proto = isFragment(b, i) ? 0 : b.proto[i];
		const ports$3 = proto === 6 || proto === 17 || proto === 132 ? ports(words, b.l4[i]) : 0;
		const at = ipAt(b, i) >> 2;
		if (kind === 2) hash = mix(words[at + 3]) ^ words[at + 4];
		else {
			const src = at + 2;
			const dst = at + 6;
			hash = mix(foldAddress(words[src], words[src + 1], words[src + 2], words[src + 3])) ^ foldAddress(words[dst], words[dst + 1], words[dst + 2], words[dst + 3]);
		}
		hash = mix(mix(hash) ^ ports$3) ^ proto;
	} else {
		const frame = b.at[i] + 10;
		hash = mix(srcLo(halves, frame)) ^ dstLo(halves, frame);
	}
	return mix(hash);
}
function mix(word) {
	const product = Math.imul(word, SPREAD_FACTOR);
	return product ^ product >>> 15;
}
/**
* The outer UDP checksum. With segmentation the field is what every segment begins with, the sum of the pseudo header. Of a frame with a partial checksum
* all from layer 4 on sums to what is in its field, whatever follows ("local checksum offload" of Linux, Documentation/networking/checksum-offloads.rst).
*/
function fillChecksum$1(b, i, ip, udp, payload, gso, inner, partialAt, partialField) {
	const { bytes, halves } = b.memory;
	const field = udp + 6 >> 1;
	const pseudo = pseudoSum(bytes, halves, ip, payload);
	if (gso) {
		halves[field] = pseudo;
		return;
	}
	let all = pseudo;
	if (partialAt !== -1) {
		const start = inner + partialAt;
		all += sum(halves, bytes, udp, start - udp) + (~halves[start + partialField >> 1] & 65535);
	} else {
		const inHead = Math.min(payload, b.memory.headEnd(i) - udp);
		all += sum(halves, bytes, udp, inHead);
		if (payload > inHead) all += sum(halves, bytes, b.memory.tailAt(b.tail[i]), payload - inHead);
	}
	const whole = ~fold(all) & 65535;
	halves[field] = whole === 0 ? 65535 : whole;
}
// src/dataplane/established-steps.ts
/**
* What the passes over established flows share (`established.ts`, `established6.ts`, `established-across.ts`). They are closures apart, so that V8
* compiles each for its own family, and most of their steps are written out in each: as functions they cost 1 to 5 % (decision 0110).
*/
/** State words of flows whose packets need no other stage; the bits of their families are not in them. */
const TCP_ESTABLISHED = stateWord(6, 3);
const UDP_ASSURED = stateWord(17, 11);
/** Flags of segments that change a flow's state. */
const TURNING = 7;
/** Whether a frame of an endpoint is addressed to the gateway, and from the endpoint's own MAC. */
function isToGateway({ ports, networks }, halves, port, frame) {
	const own = ports.network[port];
	return ports.kind[port] === 3 && dstLo(halves, frame) === networks.macLo[own] && dstHi(halves, frame) === networks.macHi[own] && srcLo(halves, frame) === ports.macLo[port] && srcHi(halves, frame) === ports.macHi[port];
}
// src/dataplane/l2-out.ts
/**
* Writes the Ethernet header of what was routed: to an endpoint from the gateway, or to the uplink, whose steering program reads from it what it
* is to enter into its map (`wire/flow-entry.ts`, `steer/emit-program.ts`).
*/
/** Locally administered 02:74:73:00:00:xx; only xx is read, unless it asks to enter a client. */
const UPLINK_SOURCE_HI = 29698;
const UPLINK_SOURCE_LO = 115;
const LOCALLY_ADMINISTERED = 2;
/** Raw bytes 2..5 of the source address that tells the uplink's program whether to record the flow. */
function uplinkSourceLo(record) {
	return record ? 16777331 : UPLINK_SOURCE_LO;
}
/**
* For a packet of a flow that an endpoint has opened: tells the uplink's program, which is to record it, the source that the endpoint sent it with,
* of IPv6 as the endpoint's port, and `wayIn` of its network.
*/
function setInside(bytes, words, frame, src, ports, wayIn) {
	bytes[frame] = LOCALLY_ADMINISTERED;
	bytes[frame + 1] = ports & 255;
	words[frame + 2 >> 2] = src;
	words[frame + 6 >> 2] = wayIn;
	bytes[frame + 10] = ports >>> 8 & 255;
	bytes[frame + 11] = 9;
}
function l2Out(b, state) {
	const { bytes, halves } = b.memory;
	const { networks, ports } = state;
	for (let i = 0; i < b.count; i++) {
		if (b.routed[i] === 0 || b.egress[i] === -1) continue;
		const port = b.egress[i];
		const frame = b.at[i] + 10;
		const kind = ports.kind[port];
		if (kind === 0) b.drop(i, DROP_PORT_GONE);
		else if (kind === 1) {
			toUplink(b, i, state, frame, port);
			if ((b.mark[i] & 65536) !== 0) bytes[frame + 11] = bytes[frame + 11] | 16;
		} else setAddresses(halves, frame, ports.macHi[port], ports.macLo[port], networks.macHi[ports.network[port]], networks.macLo[ports.network[port]]);
	}
}
function toUplink(b, i, state, frame, port) {
	const { macHi, macLo } = state.ports;
	if ((b.mark[i] & 16384) !== 0) {
		askForClient(b, i, state, frame);
		return;
	}
	if (b.ingress[i] !== port && b.flow[i] !== -1 && (b.flow[i] & 1) === 0 && fromInside(b, i, state, frame)) return;
	const source = uplinkSourceLo((b.mark[i] & EGRESS_RECORD) !== 0);
	setAddresses(b.memory.halves, frame, macHi[port], macLo[port], UPLINK_SOURCE_HI, source);
}
/** As `setInside`; false where the source does not say whose way it is: it is of the other family, or another of a promiscuous endpoint's. */
function fromInside(b, i, { conntrack, networks, ports }, frame) {
	const { bytes, words } = b.memory;
	const id = b.flow[i] >> 1;
	const port = b.ingress[i];
	const src = conntrack.tuple(id, 0, 0);
	if (isIpv6(src) !== (b.kind[i] === 3) || isIpv6(src) && src !== ports.address6[port]) return false;
	setInside(bytes, words, frame, isIpv6(src) ? port : src, conntrack.tuple(id, 0, 2), networks.wayInFor(ports.network[port], src));
	return true;
}
/** The first answer to a client: `emit` is to enter it, so that the client's packets come to us from the device that its first one came by. */
function askForClient(b, i, state, frame) {
	const { bytes, halves, words } = b.memory;
	const { conntrack, ports } = state;
	const id = b.flow[i] >> 1;
	const offloaded = (conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0;
	const target = conntrack.newDst(id, 0);
	if (offloaded && (isIpv6(target) || isIpv6(conntrack.tuple(id, 0, 0)))) {
		enterClient(state, id, conntrack.device[id], true);
		setAddresses(halves, frame, ports.macHi[ports.uplink], ports.macLo[ports.uplink], UPLINK_SOURCE_HI, uplinkSourceLo(false));
		return;
	}
	const targetPort = conntrack.newPorts(id, 0) >>> 16;
	conntrack.mark(id, 1, EGRESS_ENTERED, EGRESS_ENTER);
	bytes[frame] = LOCALLY_ADMINISTERED;
	bytes[frame + 1] = targetPort & 255;
	words[frame + 2 >> 2] = isIpv6(target) ? 0 : target;
	words[frame + 6 >> 2] = conntrack.device[id];
	bytes[frame + 10] = targetPort >>> 8;
	bytes[frame + 11] = offloaded ? 6 : 2;
}
/** Translates the headers of frame `i` for packets from `src` to `dst`, words of the other family. DROP_NONE, or why not; then nothing is changed. */
function translate$2(b, i, state, src, dst) {
	return b.kind[i] === 3 ? toIpv4(b, i, state, src, dst) : toIpv6(b, i, state, src, dst);
}
function toIpv4(b, i, state, src, dst) {
	const { bytes, halves, words } = b.memory;
	const ip = ipAt(b, i);
	const end = ip + totalLength(b, i);
	const fragment = fragmentAt(b, i);
	const later = b.proto[i] === 0;
	const body = later ? fragment + 8 : b.l4[i];
	if (fragment !== -1 && body !== fragment + 8) return DROP_UNTRANSLATABLE;
	const proto = later ? bytes[fragment] : b.proto[i];
	const hops = hopLimit(bytes, ip);
	const trafficClass$1 = trafficClass(bytes, ip);
	const total = 20 + end - body;
	const gso = isGso(bytes, b.at[i]);
	let id = 0;
	let place = gso || total > 1260 ? DONT_FRAGMENT : 0;
	if (fragment !== -1) {
		id = identification(words, fragment) >>> 16;
		place = fragmentOffset(halves, fragment) >> 3 | (moreFragments(bytes, fragment) ? MORE_FRAGMENTS : 0);
	} else if (place === 0) id = state.random() & 65535;
	const head = body - 20;
	moveTo(b, i, head, body);
	emitFragment$1(words, head, total, trafficClass$1, id, place, hops, proto, src, dst);
	setType(b, i, 2, 1);
	return DROP_NONE;
}
function toIpv6(b, i, { addresses }, src, dst) {
	const { bytes, halves, words } = b.memory;
	const ip = ipAt(b, i);
	const body = ip + headerSize(bytes, ip);
	const end = ip + totalLength(b, i);
	const fragment = isFragment$1(halves, ip);
	const proto = protocol(bytes, ip);
	const hops = ttl$2(bytes, ip);
	const tos$1 = tos(bytes, ip);
	const id = identification$1(halves, ip);
	const place = fragmentPlace(halves, ip);
	const size = fragment ? 8 : 0;
	const head = body - size - 40;
	moveTo(b, i, head, body);
	emit$2(bytes, halves, words, head, size + end - body, fragment ? 44 : proto, hops);
	setTrafficClass(bytes, head, tos$1);
	addresses.copy(src, words, (head >> 2) + 2);
	addresses.copy(dst, words, (head >> 2) + 6);
	if (fragment) emitFragment(bytes, halves, words, body - size, proto, place & -16385, id);
	setType(b, i, 3, 4);
	return DROP_NONE;
}
/** Lets frame `i` start such that its IP header is at `ip`; the virtio-net header goes with it, told where layer 4, at `l4`, is now. */
function moveTo(b, i, ip, l4) {
	const { bytes, halves } = b.memory;
	const before = b.at[i];
	const at = ip - 10 - 14;
	b.at[i] = at;
	b.len[i] = b.len[i] + before - at;
	b.moved = true;
	moveStart(bytes, halves, before, at, l4);
}
/** Says of frame `i` that it is of family `kind` now; `tcpGso`: what TCP's segmentation is called there. */
function setType(b, i, kind, tcpGso) {
	const { bytes, halves } = b.memory;
	const at = b.at[i];
	b.kind[i] = kind;
	setType$1(halves, at + 10, kind === 2 ? 8 : TYPE_IPV6);
	setTcpGso(bytes, at, tcpGso);
}
function rewrite(b, state) {
	const { bytes, halves, words } = b.memory;
	const { addresses: table, conntrack } = state;
	for (let i = 0; i < b.count; i++) {
		const ref = b.flow[i];
		if (ref === -1 || b.egress[i] !== -4) continue;
		const id = ref >> 1;
		const dir = ref & 1;
		const off = b.l4[i];
		const addresses = conntrack.addressDelta(id, dir);
		const all = conntrack.allDelta(id, dir);
		const before = b.at[i];
		const partial = isPartial(bytes, halves, before, off);
		const newSrc = conntrack.newSrc(id, dir);
		const newDst = conntrack.newDst(id, dir);
		let whole = b.device[i] !== 0 && b.proto[i] === 17;
		const isOther = isIpv6(newDst) !== (b.kind[i] === 3);
		if (isOther && b.kind[i] === 2) whole ||= mayFragment$1(halves, ipAt(b, i));
		let withoutSum = false;
		if (isOther) {
			withoutSum = b.proto[i] === 17 && b.kind[i] === 2 && !partial && halves[off + 6 >> 1] === 0;
			const reason = translate$2(b, i, state, newSrc, newDst);
			if (reason !== DROP_NONE) {
				b.drop(i, reason);
				continue;
			}
		} else if (b.kind[i] === 3) {
			const w = b.at[i] + 10 + 14 >> 2;
			table.copy(newSrc, words, w + 2);
			table.copy(newDst, words, w + 6);
		} else setAddresses$1(words, halves, b.at[i] + 10 + 14, newSrc, newDst, addresses);
		const at = b.at[i];
		const ports = conntrack.newPorts(id, dir);
		const proto = b.proto[i];
		if (proto === 6) {
			setPorts$1(words, off, ports);
			updateTcpChecksum(halves, off, partial, addresses, all);
			if (isGso(bytes, at)) setHdrLen(halves, at, off + tcpHeaderSize(bytes, off) - at - 10);
		} else if (proto === 17) {
			setPorts$1(words, off, ports);
			updateUdpChecksum(halves, off, partial, addresses, all);
			if (withoutSum) putUdpChecksum(b, i);
			if (at !== before && isGso(bytes, at)) setHdrLen(halves, at, off + 8 - at - 10);
		} else if (proto === 132) setPorts(words, off, ports, totalLength(b, i) - (off - ipAt(b, i)));
		else if (proto === 1 || proto === 58) setIdentifier(halves, off, ports & 65535, all);
		const egress = conntrack.egress(id, dir);
		if (((egress & 2048) !== 0 || isOther && whole) && b.kind[i] === 2 && proto === 17 && b.len[i] > 1280) allowFragments(halves, at + 10 + 14);
		b.egress[i] = egress & EGRESS_PORT;
		b.mark[i] = whole && b.kind[i] === 3 && !isGso(bytes, at) ? egress | MARK_MAY_FRAGMENT : egress;
		b.routed[i] = 1;
	}
}
/** IPv6 knows no datagram without a checksum (RFC 8200 §8.1), so one that was IPv4 gets it (RFC 7915 §4.5). */
function putUdpChecksum(b, i) {
	const { bytes, halves } = b.memory;
	const off = b.l4[i];
	const len = udpLength(bytes, off);
	const inHead = Math.min(len, b.memory.headEnd(i) - off);
	let all = pseudoSum$1(b, i, 17, len) + sum(halves, bytes, off, inHead);
	if (len > inHead) all += sum(halves, bytes, b.memory.tailAt(b.tail[i]), len - inHead);
	halves[off + 6 >> 1] = ~fold(all) & 65535 || 65535;
}
// src/dataplane/established.ts
/**
* The common case in one pass, before all other stages: a TCP or UDP packet of an established flow is checked, found, tracked, rewritten
* and given its Ethernet header. Every other frame it leaves UNDECIDED and untouched for the stages after it, which do the same things
* one by one and know all the other cases. It decides nothing by itself: with this stage taken out the same frames come out, only later
* (a test runs both ways). One difference: the FDB does not learn from what passes here; endpoints' own addresses are in it for good.
*
* All tuples of the batch are hashed first and looked up afterwards: with many flows every look-up misses the cache, and independent misses
* overlap. The columns of conntrack are read here directly, since calls that the JIT does not inline cost as much as the work in them
* (bench: `memory`).
*/
/** Word of the ports behind a plain IPv4 header, counted from that header. */
const PORTS_WORD$1 = 5;
const MIN_LENGTH$2 = 42;
/** The stage for one batch; it answers how many frames it has left. */
function establishedFlows(b, state) {
	const { at, len, ingress, egress, routed } = b;
	const { bytes, halves, words } = b.memory;
	const { conntrack, networks } = state;
	const { rows, rowHalves } = conntrack;
	const establishedSec = conntrack.timeouts[3];
	const assuredSec = conntrack.timeouts[11];
	const { kind, macHi, macLo, network } = state.ports;
	const { macHi: gatewayHi, macLo: gatewayLo } = networks;
	const mine = new Int32Array(b.memory.slots);
	const hashes = new Int32Array(b.memory.slots);
	const refs = new Int32Array(b.memory.slots);
	const states = new Int32Array(b.memory.slots);
	return () => {
		const { count } = b;
		const { now } = state;
		let candidates = 0;
		for (let i = 0; i < count; i++) {
			const frame = at[i] + 10;
			const ip = frame + 14 >> 2;
			egress[i] = -2;
			routed[i] = 0;
			if (len[i] < MIN_LENGTH$2 || typeOf(words[ip - 1]) !== 8) continue;
			const first = words[ip];
			const second = words[ip + 1];
			const third = words[ip + 2];
			if (firstByteOf(first) !== 69 || isFragmentOf(second)) continue;
			const protocol = protocolOf(third);
			if (protocol !== 6 && protocol !== 17) continue;
			const port = ingress[i];
			if (kind[port] !== 1 && !isToGateway(state, halves, port, frame)) continue;
			const src = words[ip + 3];
			const dst = words[ip + 4];
			if (!isSumOf(first, second, third, src, dst)) continue;
			mine[candidates] = i;
			hashes[candidates] = conntrack.hash(src, dst, words[ip + PORTS_WORD$1], protocol);
			candidates++;
		}
		conntrack.findAll(hashes, candidates, refs, states);
		let decided = 0;
		for (let k = 0; k < candidates; k++) {
			const i = mine[k];
			const ref = refs[k];
			const header = at[i];
			const frame = header + 10;
			const off = frame + 14 + 20;
			const ip = frame + 14 >> 2;
			const third = words[ip + 2];
			const tcp = protocolOf(third) === 6;
			if (states[k] !== (tcp ? TCP_ESTABLISHED : UDP_ASSURED)) continue;
			if (!conntrack.isTuple(ref, words[ip + 3], words[ip + 4], words[ip + PORTS_WORD$1])) continue;
			const dir = ref & 1;
			const row = ref >> 1 << 4;
			const ways = rows[row + 11];
			if ((ways >>> ((dir ^ 1) << 4) & 1023) !== ingress[i]) continue;
			const space = len[i] - 14;
			const total = totalLengthOf(words[ip]);
			if (total > space) continue;
			const rest = total - 20;
			if (tcp) {
				const word = words[ip + PORTS_WORD$1 + 3];
				const size = tcpHeaderSizeOf(word);
				if ((tcpFlagsOf(word) & TURNING) !== 0 || size < 20 || size > rest) continue;
			} else if (checkUdp(bytes, off, rest) !== DROP_NONE) continue;
			let partial = false;
			let gso = false;
			if (!isBare(halves, header)) {
				gso = isGso(bytes, header);
				if (gso && total !== space || check$3(bytes, halves, header, len[i]) !== DROP_NONE) continue;
				if (checkLayer4(bytes, halves, header, off, tcp ? 6 : 17, 1) !== DROP_NONE) continue;
				partial = isPartial(bytes, halves, header, off);
			}
			const way = ways >>> (dir << 4);
			const port = way & EGRESS_PORT;
			const portKind = kind[port];
			if (portKind === 0 || (way & 4096) !== 0) continue;
			const hops = (way & 2048) === 0 ? 1 : 0;
			if (hops === 0 && !tcp && len[i] > 1280) continue;
			if (hops === 1 && ttlOf(third) <= 1) continue;
			decided++;
			rows[row + 14 + dir] = rows[row + 14 + dir] + 1 | 0;
			rows[row + 7] = now + (tcp ? establishedSec : assuredSec);
			if (tcp) rowHalves[(row + 12 << 1) + dir] = halves[off + 8 >> 1];
			const deltas = rows[row + 13] ^ -dir;
			const addresses = deltas & 65535;
			const to = row + (dir ^ 1) * 3;
			words[ip + 2] = thirdWordAfter(third, hops, hops === 1 ? combine(addresses, TTL_DELTA) : addresses);
			words[ip + 3] = rows[to + 1];
			words[ip + 4] = rows[to];
			words[ip + PORTS_WORD$1] = swapPorts(rows[to + 2]);
			if (gso && tcp) setHdrLen(halves, header, off + tcpHeaderSize(bytes, off) - frame);
			if (tcp) updateTcpChecksum(halves, off, partial, addresses, deltas >>> 16);
			else updateUdpChecksum(halves, off, partial, addresses, deltas >>> 16);
			egress[i] = port;
			if (portKind === 1) {
				if (dir === 0 && port !== ingress[i]) {
					setInside(bytes, words, frame, rows[row], rows[row + 2], networks.wayIn[network[ingress[i]]]);
					continue;
				}
				const source = uplinkSourceLo((way & EGRESS_RECORD) !== 0);
				setAddressesAligned(halves, words, frame, macHi[port], macLo[port], UPLINK_SOURCE_HI, source);
			} else {
				const own = network[port];
				setAddressesAligned(halves, words, frame, macHi[port], macLo[port], gatewayHi[own], gatewayLo[own]);
			}
		}
		return count - decided;
	};
}
// src/dataplane/established-across.ts
/**
* As `established.ts`, for flows whose two ends are of different families (RFC 7915): one pass for what the passes of both families have left. Whole
* datagrams alone, without options and extension headers; with it taken out the same frames come out.
*
* It looks up again what those have looked up in vain, rather than be told: what they would have to note costs every packet more than this costs here
* (decision 0110). Where no flow goes across, nothing is done.
*
* The new IP header is written right before layer 4, which stays where it is; so the frame starts 20 bytes later or earlier (`translate.ts`).
*/
/** What a virtio-net header asks for: bits, or REFUSED. */
const PARTIAL = 1;
const GSO = 2;
const REFUSED = -1;
const NONE_FOUND = -1;
const MIN_LENGTH$1 = 42;
const MIN_LENGTH_6 = 62;
const MAX_TOTAL = 65535;
/** The stage for one batch; it answers how many of `left` frames it has left. */
function establishedAcross(b, state) {
	const { at, len, ingress, egress } = b;
	const { bytes, halves, words } = b.memory;
	const { addresses, conntrack, networks, ports } = state;
	const { rows, rowHalves, timeouts } = conntrack;
	const { kind, macHi, macLo, network } = ports;
	/** Reference of the flow of the IPv4 packet at word `ip`, if that goes on in IPv6, or NONE_FOUND. */
	function find4(ip) {
		const first = words[ip];
		const second = words[ip + 1];
		const third = words[ip + 2];
		const src = words[ip + 3];
		const dst = words[ip + 4];
		if (firstByteOf(first) !== 69 || isFragmentOf(second)) return NONE_FOUND;
		if (!isSumOf(first, second, third, src, dst)) return NONE_FOUND;
		return find(src, dst, words[ip + 5], protocolOf(third), false);
	}
	/** The same of IPv6. */
	function find6(ip) {
		if (!isVersion6(words[ip])) return NONE_FOUND;
		const src = addresses.find(words, ip + 2);
		const dst = addresses.find(words, ip + 6);
		if (src === 0 || dst === 0) return NONE_FOUND;
		const proto = nextHeaderOf(words[ip + 1]);
		return find(src, dst, words[ip + 10], proto, true);
	}
	function find(src, dst, tuplePorts, proto, isIpv6) {
		if (proto !== 6 && proto !== 17) return NONE_FOUND;
		const ref = conntrack.find(conntrack.hash(src, dst, tuplePorts, proto), src, dst, tuplePorts, proto);
		if (ref === -1) return NONE_FOUND;
		const wanted = proto === 6 ? TCP_ESTABLISHED : UDP_ASSURED;
		const side = ref & 1 ^ (isIpv6 ? 0 : 1);
		return rows[(ref >> 1 << 4) + 6] === (wanted | 65536 << side) ? ref : NONE_FOUND;
	}
	/** Whether `rest` bytes at `off` start with a header of TCP or UDP that `parse` lets pass and that changes no flow's state. */
	function isGoingOn(off, rest, tcp) {
		if (!tcp) return checkUdp(bytes, off, rest) === DROP_NONE;
		const word = words[(off >> 2) + 3];
		const size = tcpHeaderSizeOf(word);
		return (tcpFlagsOf(word) & TURNING) === 0 && size >= 20 && size <= rest;
	}
	/** What the virtio-net header of frame `i` asks for; REFUSED if `parse` would not let it. */
	function asked(i, off, tcp, tcpGso) {
		const header = at[i];
		if (isBare(halves, header)) return 0;
		if (check$3(bytes, halves, header, len[i]) !== DROP_NONE) return REFUSED;
		if (checkLayer4(bytes, halves, header, off, tcp ? 6 : 17, tcpGso) !== DROP_NONE) return REFUSED;
		return (isGso(bytes, header) ? GSO : 0) | (isPartial(bytes, halves, header, off) ? PARTIAL : 0);
	}
	/** Writes an IPv4 header before the `rest` bytes at `off`, in place of the IPv6 one that began with `first`. `to`: its tuple, turned round. */
	function putIpv4(i, off, first, rest, hops, proto, gso, to) {
		const ip = off - 20;
		const total = 20 + rest;
		const whole = gso || total > 1260;
		const id = whole ? 0 : state.random() & 65535;
		const place = whole ? DONT_FRAGMENT : 0;
		moveTo(b, i, ip, off);
		emitFragment$1(words, ip, total, trafficClassOf(first), id, place, hops, proto, rows[to + 1], rows[to]);
		setType(b, i, 2, 1);
	}
	/** The reverse. */
	function putIpv6(i, off, first, rest, hops, proto, to) {
		const ip = off - 40;
		moveTo(b, i, ip, off);
		emit$2(bytes, halves, words, ip, rest, proto, hops);
		setTrafficClass(bytes, ip, tosOf(first));
		addresses.copy(rows[to + 1], words, (ip >> 2) + 2);
		addresses.copy(rows[to], words, (ip >> 2) + 6);
		setType(b, i, 3, 4);
	}
	/** `mayFragment`: it is of IPv6, and we stand for its sender. */
	function putEthernet(i, port, way, mayFragment) {
		const frame = at[i] + 10;
		if (kind[port] === 1) {
			const source = uplinkSourceLo((way & EGRESS_RECORD) !== 0) | (mayFragment ? 16 << 24 : 0);
			setAddressesAligned(halves, words, frame, macHi[port], macLo[port], UPLINK_SOURCE_HI, source);
		} else {
			const own = network[port];
			setAddressesAligned(halves, words, frame, macHi[port], macLo[port], networks.macHi[own], networks.macLo[own]);
		}
	}
	return (left) => {
		if (conntrack.across === 0) return left;
		const { count } = b;
		const { now } = state;
		let decided = 0;
		for (let i = 0; i < count; i++) {
			if (egress[i] !== -2 || len[i] < MIN_LENGTH$1) continue;
			const header = at[i];
			const before = header + 10 + 14;
			const ip = before >> 2;
			const type = typeOf(words[ip - 1]);
			const was6 = type === TYPE_IPV6;
			if (was6 ? len[i] < MIN_LENGTH_6 : type !== 8) continue;
			const from = ingress[i];
			if (kind[from] !== 1 && !isToGateway(state, halves, from, header + 10)) continue;
			const ref = was6 ? find6(ip) : find4(ip);
			if (ref === NONE_FOUND) continue;
			const dir = ref & 1;
			const row = ref >> 1 << 4;
			const ways = rows[row + 11];
			if ((ways >>> ((dir ^ 1) << 4) & 1023) !== from) continue;
			const first = words[ip];
			const second = words[ip + 1];
			const third = words[ip + 2];
			const tcp = conntrack.protocol(ref >> 1) === 6;
			const size = was6 ? 40 : 20;
			const off = before + size;
			const space = len[i] - 14 - size;
			const rest = was6 ? payloadLengthOf(second) : totalLengthOf(first) - size;
			if (rest > space || 20 + rest > MAX_TOTAL || !isGoingOn(off, rest, tcp)) continue;
			const asks = asked(i, off, tcp, was6 ? 4 : 1);
			const gso = (asks & GSO) !== 0;
			if (asks === REFUSED || gso && rest !== space) continue;
			const partial = (asks & PARTIAL) !== 0;
			if (!was6 && !tcp && !partial && halves[off + 6 >> 1] === 0) continue;
			const way = ways >>> (dir << 4);
			const port = way & EGRESS_PORT;
			if (kind[port] === 0 || (way & 4096) !== 0) continue;
			const hops = (way & 2048) === 0 ? 1 : 0;
			if (hops === 0 && !tcp && len[i] > 1280) continue;
			const ttl = was6 ? hopLimitOf(second) : ttlOf(third);
			if (hops === 1 && ttl <= 1) continue;
			decided++;
			rows[row + 14 + dir] = rows[row + 14 + dir] + 1 | 0;
			rows[row + 7] = now + timeouts[tcp ? 3 : 11];
			if (tcp) rowHalves[(row + 12 << 1) + dir] = halves[off + 8 >> 1];
			const deltas = rows[row + 13] ^ -dir;
			const to = row + (dir ^ 1) * 3;
			words[off >> 2] = swapPorts(rows[to + 2]);
			if (tcp) updateTcpChecksum(halves, off, partial, deltas & 65535, deltas >>> 16);
			else updateUdpChecksum(halves, off, partial, deltas & 65535, deltas >>> 16);
			const proto = tcp ? 6 : 17;
			if (was6) putIpv4(i, off, first, rest, ttl - hops, proto, gso, to);
			else putIpv6(i, off, first, rest, ttl - hops, proto, to);
			if (gso) {
				const start = at[i] + 10;
				setHdrLen(halves, at[i], off + (tcp ? tcpHeaderSize(bytes, off) : 8) - start);
			}
			putEthernet(i, port, way, !was6 && !gso && mayFragmentOf(second));
			egress[i] = port;
		}
		return left - decided;
	};
}
// src/dataplane/established6.ts
/**
* As `established.ts`, for IPv6: one pass for the packets of established flows that have no extension header and stay IPv6. It looks at the frames that
* pass has left UNDECIDED, and leaves those that are not its own to the stages in turn; with it taken out the same frames come out.
*
* What is more than in IPv4 are two look-ups of 16 bytes, source and destination. The hashes of all are made first and the slots fetched afterwards, so that
* cache misses overlap. What is less is a header checksum.
*/
const BOTH = 196608;
/** Word of the ports, counted from the IPv6 header. */
const PORTS_WORD = 10;
const MIN_LENGTH = 62;
/** The stage for one batch; it answers how many of `left` frames it has left. */
function establishedFlows6(b, state) {
	const { at, len, ingress, egress } = b;
	const { bytes, halves, words } = b.memory;
	const { addresses, conntrack, networks } = state;
	const { rows, rowHalves } = conntrack;
	const { words: table } = addresses;
	const establishedSec = conntrack.timeouts[3];
	const assuredSec = conntrack.timeouts[11];
	const { address6, kind, macHi, macLo, network } = state.ports;
	const { macHi: gatewayHi, macLo: gatewayLo } = networks;
	const { slots } = b.memory;
	const mine = new Int32Array(slots);
	const wheres = new Int32Array(slots * 2);
	const names = new Int32Array(slots * 2);
	const hashes = new Int32Array(slots);
	const refs = new Int32Array(slots);
	const states = new Int32Array(slots);
	function putAddress(handle, word) {
		const w = rowOf(handle) << 2;
		words[word] = table[w];
		words[word + 1] = table[w + 1];
		words[word + 2] = table[w + 2];
		words[word + 3] = table[w + 3];
	}
	return (left) => {
		if (left === 0 || addresses.used <= 1) return left;
		const { count } = b;
		const { now } = state;
		let candidates = 0;
		for (let i = 0; i < count; i++) {
			const frame = at[i] + 10;
			const ip = frame + 14 >> 2;
			if (egress[i] !== -2 || len[i] < MIN_LENGTH || typeOf(words[ip - 1]) !== 56710) continue;
			const next = nextHeaderOf(words[ip + 1]);
			if (next !== 6 && next !== 17 || !isVersion6(words[ip])) continue;
			const port = ingress[i];
			if (kind[port] !== 1 && !isToGateway(state, halves, port, frame)) continue;
			mine[candidates] = i;
			wheres[candidates << 1] = ip + 2;
			wheres[(candidates << 1) + 1] = ip + 6;
			candidates++;
		}
		if (candidates === 0) return left;
		addresses.findAll(words, wheres, candidates << 1, names);
		let found = 0;
		for (let k = 0; k < candidates; k++) {
			const src = names[k << 1];
			const dst = names[(k << 1) + 1];
			if (src === 0 || dst === 0) continue;
			const ip = wheres[k << 1] - 2;
			mine[found] = mine[k];
			names[found << 1] = src;
			names[(found << 1) + 1] = dst;
			hashes[found] = conntrack.hash(src, dst, words[ip + PORTS_WORD], nextHeaderOf(words[ip + 1]));
			found++;
		}
		conntrack.findAll(hashes, found, refs, states);
		let decided = 0;
		for (let k = 0; k < found; k++) {
			const i = mine[k];
			const ref = refs[k];
			const header = at[i];
			const frame = header + 10;
			const off = frame + 14 + 40;
			const ip = frame + 14 >> 2;
			const second = words[ip + 1];
			const tcp = nextHeaderOf(second) === 6;
			if (states[k] !== ((tcp ? TCP_ESTABLISHED : UDP_ASSURED) | BOTH)) continue;
			if (!conntrack.isTuple(ref, names[k << 1], names[(k << 1) + 1], words[ip + PORTS_WORD])) continue;
			const dir = ref & 1;
			const row = ref >> 1 << 4;
			const ways = rows[row + 11];
			if ((ways >>> ((dir ^ 1) << 4) & 1023) !== ingress[i]) continue;
			const space = len[i] - 14 - 40;
			const rest = payloadLengthOf(second);
			if (rest > space) continue;
			if (tcp) {
				const word = words[ip + PORTS_WORD + 3];
				const size = tcpHeaderSizeOf(word);
				if ((tcpFlagsOf(word) & TURNING) !== 0 || size < 20 || size > rest) continue;
			} else if (checkUdp(bytes, off, rest) !== DROP_NONE) continue;
			let partial = false;
			let gso = false;
			if (!isBare(halves, header)) {
				gso = isGso(bytes, header);
				if (gso && rest !== space || check$3(bytes, halves, header, len[i]) !== DROP_NONE) continue;
				if (checkLayer4(bytes, halves, header, off, tcp ? 6 : 17, 4) !== DROP_NONE) continue;
				partial = isPartial(bytes, halves, header, off);
			}
			const way = ways >>> (dir << 4);
			const port = way & EGRESS_PORT;
			const portKind = kind[port];
			if (portKind === 0 || (way & 4096) !== 0) continue;
			const hops = (way & 2048) === 0 ? 1 : 0;
			if (hops === 1 && hopLimitOf(second) <= 1) continue;
			decided++;
			rows[row + 14 + dir] = rows[row + 14 + dir] + 1 | 0;
			rows[row + 7] = now + (tcp ? establishedSec : assuredSec);
			if (tcp) rowHalves[(row + 12 << 1) + dir] = halves[off + 8 >> 1];
			const deltas = rows[row + 13] ^ -dir;
			const addressDelta = deltas & 65535;
			const to = row + (dir ^ 1) * 3;
			words[ip + 1] = secondWordAfter(second, hops);
			if (rows[to + 1] !== names[k << 1]) putAddress(rows[to + 1], ip + 2);
			if (rows[to] !== names[(k << 1) + 1]) putAddress(rows[to], ip + 6);
			words[ip + PORTS_WORD] = swapPorts(rows[to + 2]);
			if (gso && tcp) setHdrLen(halves, header, off + tcpHeaderSize(bytes, off) - frame);
			if (tcp) updateTcpChecksum(halves, off, partial, addressDelta, deltas >>> 16);
			else updateUdpChecksum(halves, off, partial, addressDelta, deltas >>> 16);
			egress[i] = port;
			if (portKind === 1) {
				const from = ingress[i];
				if (dir === 0 && from !== port && rows[row] === address6[from]) {
					setInside(bytes, words, frame, from, rows[row + 2], networks.wayIn6[network[from]]);
					continue;
				}
				const source = uplinkSourceLo((way & EGRESS_RECORD) !== 0);
				setAddressesAligned(halves, words, frame, macHi[port], macLo[port], UPLINK_SOURCE_HI, source);
			} else {
				const own = network[port];
				setAddressesAligned(halves, words, frame, macHi[port], macLo[port], gatewayHi[own], gatewayLo[own]);
			}
		}
		return left - decided;
	};
}
// src/dataplane/translate-error.ts
/**
* Turns an ICMP error about a flow whose ends are of different families into the other family's, with the packet quoted inside (RFC 7915 §4.2, §4.3,
* §5.2, §5.3). As in `translate.ts` what is behind the IP headers stays in place: here behind those of the quoted packet. Before it two IP headers and an ICMP
* header are written anew.
*
* The error comes from the address that the flow has there: a router of one family has none of the other (RFC 6791 would give it one of a pool).
*/
/** What of the quoted packet behind its IP header an error has room for (RFC 4443 §2.4, RFC 1812 §4.3.2.3). */
const MAX_QUOTE6 = 1192;
const MAX_QUOTE4 = 528;
const LONGER = 20;
/**
* Translates the error of frame `i` about the flow of `ref`, which is of the other family in the direction that it goes. The quoted packet's IP header is at
* `inner`, its layer 4 at `quoted`, of which `present` bytes are there. DROP_NONE, or why not; then nothing is changed.
*/
function translateError(b, i, state, ref, inner, quoted, present) {
	return b.kind[i] === 3 ? errorToIpv4(b, i, state, ref, inner, quoted, present) : errorToIpv6(b, i, state, ref, inner, quoted, present);
}
function errorToIpv6(b, i, state, ref, inner, quoted, present) {
	const { bytes, halves, words } = b.memory;
	const { addresses, conntrack } = state;
	const at = b.l4[i];
	const said = ofIcmp(bytes[at], bytes[at + 1]);
	const rest = said === -1 ? -1 : restOf6(bytes, halves, at, said, totalLength$1(bytes, inner));
	if (rest === -1) return DROP_UNTRANSLATABLE;
	const id = ref >> 1;
	const dir = ref & 1;
	const proto = protocol(bytes, inner);
	const innerPayload = totalLength$1(bytes, inner) - (quoted - inner);
	const innerHops = ttl$2(bytes, inner);
	const innerClass = tos(bytes, inner);
	const hops = ttl$2(bytes, ipAt(b, i));
	const quote = Math.min(present, MAX_QUOTE6);
	const newInner = quoted - 40;
	const message = newInner - 8;
	const ip = message - 40;
	moveTo(b, i, ip, message);
	emit$2(bytes, halves, words, newInner, innerPayload, proto, innerHops);
	setTrafficClass(bytes, newInner, innerClass);
	addresses.copy(conntrack.newDst(id, dir), words, (newInner >> 2) + 2);
	addresses.copy(conntrack.newSrc(id, dir), words, (newInner >> 2) + 6);
	restorePorts(b, state, ref, quoted, present, proto);
	const size = 48 + quote;
	emit$2(bytes, halves, words, ip, size, 58, hops);
	addresses.copy(conntrack.newSrc(id, dir), words, (ip >> 2) + 2);
	addresses.copy(conntrack.newDst(id, dir), words, (ip >> 2) + 6);
	emitError(bytes, halves, message, said >> 8, said & 255, rest);
	fillChecksum$2(bytes, halves, words, ip, message, size);
	finish(b, i, 3, TYPE_IPV6, message, 40 + size);
	return DROP_NONE;
}
function errorToIpv4(b, i, state, ref, inner, quoted, present) {
	const { bytes, halves, words } = b.memory;
	const { conntrack } = state;
	const at = b.l4[i];
	const said = toIcmp(bytes[at], bytes[at + 1]);
	const longer = quoted - inner - 20;
	const rest = said === -1 ? -1 : restOf4(halves, at, said, longer);
	if (rest === -1) return DROP_UNTRANSLATABLE;
	const id = ref >> 1;
	const dir = ref & 1;
	const proto = conntrack.protocol(id);
	const innerTotal = payloadLength(halves, inner) + inner + 40 - quoted + 20;
	const innerHops = hopLimit(bytes, inner);
	const innerClass = trafficClass(bytes, inner);
	const hops = hopLimit(bytes, ipAt(b, i));
	const quote = Math.min(present, MAX_QUOTE4);
	const newInner = quoted - 20;
	const message = newInner - 8;
	const ip = message - 20;
	moveTo(b, i, ip, message);
	const innerSrc = conntrack.newDst(id, dir);
	const innerDst = conntrack.newSrc(id, dir);
	emitFragment$1(words, newInner, innerTotal, innerClass, 0, innerTotal > 1260 ? DONT_FRAGMENT : 0, innerHops, proto, innerSrc, innerDst);
	restorePorts(b, state, ref, quoted, present, proto);
	const size = 28 + quote;
	emit$3(bytes, halves, words, ip, 20 + size, hops, 1, innerDst, innerSrc);
	emitError$1(bytes, halves, message, size, said >> 8, said & 255, rest);
	finish(b, i, 2, 8, message, 20 + size);
	return DROP_NONE;
}
/** Gives the quoted header of layer 4, which is of the flow of `ref`, the ports that its sender put on it. */
function restorePorts(b, { conntrack }, ref, quoted, present, proto) {
	const { halves, words } = b.memory;
	const id = ref >> 1;
	const dir = ref & 1;
	const addresses = conntrack.addressDelta(id, dir);
	const all = conntrack.allDelta(id, dir);
	setPorts$1(words, quoted, swapPorts(conntrack.newPorts(id, dir)));
	if (proto === 17) updateUdpChecksum(halves, quoted, false, addresses, all);
	else if (proto === 6 && present >= 20) updateTcpChecksum(halves, quoted, false, addresses, all);
}
function finish(b, i, kind, type, message, size) {
	const { halves } = b.memory;
	const at = b.at[i];
	emit(halves, at);
	setType$1(halves, at + 10, type);
	b.kind[i] = kind;
	b.l4[i] = message;
	b.len[i] = 14 + size;
}
/** The 32 bits of the ICMPv6 error `said` (type << 8 | code) that the ICMP error at `at` becomes; -1: there is no such. `total`: length of the quoted packet. */
function restOf6(bytes, halves, at, said, total) {
	const kind = said >> 8;
	if (kind === 2) {
		const mtu$1 = mtu(halves, at);
		return Math.max((mtu$1 === 0 ? plateauBelow(total) : mtu$1) + LONGER, MIN_MTU);
	}
	if (kind !== 4) return 0;
	if ((said & 255) === 1) return 6;
	return POINTER6.get(bytes[at + 4]) ?? -1;
}
/**
* The lower 16 bits of the second word of the ICMP error `said`, or its pointer in the upper byte of the upper half. `longer`: bytes that the quoted
* packet's headers have more than those that it was sent with.
*/
function restOf4(halves, at, said, longer) {
	const kind = said >> 8;
	const rest$1 = rest(halves, at);
	if (kind === 3) return (said & 255) === 4 ? Math.min(rest$1 >>> 0, 65535) - longer : 0;
	if (kind !== 12) return 0;
	const pointer = rest$1 >= 24 && rest$1 < 40 ? 16 : rest$1 >= 8 && rest$1 < 24 ? 12 : POINTER4.get(rest$1) ?? -1;
	return pointer === -1 ? -1 : pointer << 24;
}
/** Which field of the other header a pointer means (RFC 7915, figures 3 and 6). */
const POINTER6 = /* @__PURE__ */ new Map([
	[0, 0],
	[1, 1],
	[2, 4],
	[3, 4],
	[8, 7],
	[9, 6],
	[12, 8],
	[16, 24]
]);
const POINTER4 = /* @__PURE__ */ new Map([
	[0, 0],
	[1, 1],
	[4, 2],
	[5, 2],
	[6, 9],
	[7, 8]
]);
// src/dataplane/icmpv6-error.ts
/**
* As `icmp-error.ts`, of IPv6 (RFC 4443 §2.4; RFC 6146 §3.5.3 says the same of NAT64): translates ICMPv6 errors about translated flows, outer addresses and
* the packet quoted inside. The checksum covers both, and is corrected by the difference.
*/
/** Bytes of the quoted packet behind its IP headers that are wanted: the ports, or an ICMP message's identifier. */
const NEEDED = 8;
/** Where the quoted packet is, and of what. One at a time. */
const quote = {
	l4: 0,
	present: 0,
	proto: 0
};
/** DROP_NONE when the error was translated, else the reason why not (and nothing was changed). */
function translateError6(b, i, state) {
	const { bytes, halves, words } = b.memory;
	const { addresses, conntrack } = state;
	const at = b.l4[i];
	if (!isError$1(bytes, at)) return DROP_ICMP_TYPE;
	const len = totalLength(b, i) - (at - ipAt(b, i));
	if (b.len[i] > HEAD_ROOM) return DROP_OVERSIZE;
	const inner = at + 8;
	const reason = readQuote(b, inner, len - 8);
	if (reason !== DROP_NONE) return reason;
	if (!checksumOk(bytes, halves, words, ipAt(b, i), at, len)) return DROP_L4_HEADER;
	const { proto } = quote;
	const identifier$1 = identifier(halves, quote.l4);
	const innerPorts = isIcmp(proto) ? identifier$1 | identifier$1 << 16 : ports(words, quote.l4);
	const src = addresses.find(words, (inner >> 2) + 6);
	const dst = addresses.find(words, (inner >> 2) + 2);
	if (src === 0 || dst === 0) return DROP_NO_FLOW;
	const ref = conntrack.lookup(src, dst, swapPorts(innerPorts), proto);
	if (ref === -1) return DROP_NO_FLOW;
	if (!conntrack.comesBy(ref, b.ingress[i])) return DROP_WRONG_PORT;
	const egress = conntrack.egress(ref >> 1, ref & 1);
	if ((egress & 2048) === 0) {
		if (ttl$1(b, i) <= 1) return DROP_TTL_EXCEEDED;
		decrementTtl(b, i);
	}
	if (!isIpv6(conntrack.newDst(ref >> 1, ref & 1))) {
		const untold = translateError(b, i, state, ref, inner, quote.l4, quote.present);
		if (untold !== DROP_NONE) return untold;
	} else translate$1(b, i, state, ref, inner);
	b.egress[i] = egress & EGRESS_PORT;
	b.mark[i] = 0;
	b.routed[i] = 1;
	return DROP_NONE;
}
/** Reads the quoted packet, of which `len` bytes are there, into `quote`. */
function readQuote(b, inner, len) {
	const { bytes, halves } = b.memory;
	if (len < 48) return DROP_TRUNCATED;
	if (bytes[inner] >> 4 !== 6) return DROP_IP_HEADER;
	const chain = layer4(bytes, halves, inner, len);
	if (chain < 0) return chain === -1 ? DROP_IP_FRAGMENT : DROP_IPV6_CHAIN;
	quote.l4 = inner + layer4Offset(chain);
	quote.present = inner + len - quote.l4;
	quote.proto = layer4Proto(chain);
	if (quote.present < NEEDED) return DROP_TRUNCATED;
	const about = quote.proto;
	if (about === 58) return isQuery$1(bytes, quote.l4) ? DROP_NONE : DROP_ICMP_TYPE;
	return about === 6 || about === 17 || about === 132 ? DROP_NONE : DROP_PROTOCOL;
}
/** Gives the error about the flow of `ref` its addresses, and the quoted packet those that its sender put on it. */
function translate$1(b, i, state, ref, inner) {
	const { addresses, conntrack } = state;
	const { halves, words } = b.memory;
	const bytes = b.memory.bytes;
	const ip = ipAt(b, i);
	const at = b.l4[i];
	const id = ref >> 1;
	const dir = ref & 1;
	const changed = Math.min(quote.present, 20) & -2;
	const end = quote.l4 + changed - inner;
	const before = sum(halves, bytes, inner, end);
	restoreQuoted6(b, state, ref, inner, quote.l4, quote.present, quote.proto);
	const src = b.src[i];
	const newSrc = conntrack.newSrc(id, dir) === conntrack.tuple(id, dir, 0) ? src : conntrack.newSrc(id, dir);
	const newDst = conntrack.newDst(id, dir);
	const outer = combine(addresses.delta(src, newSrc), addresses.delta(b.dst[i], newDst));
	updateChecksum(halves, at, combine(combine(negate(before), sum(halves, bytes, inner, end)), outer));
	addresses.copy(newSrc, words, (ip >> 2) + 2);
	addresses.copy(newDst, words, (ip >> 2) + 6);
}
/**
* Gives the packet at `inner`, which is of the flow of `ref`, the addresses and ports that its sender put on it; its layer 4 is at `quoted`, of which
* `present` bytes are there. SCTP's checksum stays: it depends on what is not quoted.
*/
function restoreQuoted6(b, state, ref, inner, quoted, present, proto) {
	const { halves, words } = b.memory;
	const { addresses, conntrack } = state;
	const id = ref >> 1;
	const dir = ref & 1;
	const addressDelta = conntrack.addressDelta(id, dir);
	const allDelta = conntrack.allDelta(id, dir);
	const ports = swapPorts(conntrack.newPorts(id, dir));
	addresses.copy(conntrack.newDst(id, dir), words, (inner >> 2) + 2);
	addresses.copy(conntrack.newSrc(id, dir), words, (inner >> 2) + 6);
	if (isIcmp(proto)) {
		setIdentifier(halves, quoted, ports & 65535, allDelta);
		return;
	}
	setPorts$1(words, quoted, ports);
	if (proto === 17) updateUdpChecksum(halves, quoted, false, addressDelta, allDelta);
	else if (proto === 6 && present >= 20) updateTcpChecksum(halves, quoted, false, addressDelta, allDelta);
}
// src/dataplane/linked.ts
/**
* Whether a packet between endpoints of a network without ICC passes because one is linked to the other: the client's to the ports that the link
* opens, the server's answers from these ports, and the ICMP errors about both. What would open something in the other direction does not pass: a
* SYN of TCP, an INIT of SCTP. UDP has no such mark, so there the port counts alone, as with Docker's rules. Nothing is remembered: both
* addresses are those of the endpoints that it goes from and to.
*/
/** Of the quoted packet behind its IP header; RFC 792. */
const QUOTED = 8;
/** `port`: of the endpoint that it would go to. */
function isLinked(b, i, state, network, port) {
	if (b.kind[i] !== 2 && b.kind[i] !== 3) return false;
	const { endpoints, links } = state;
	const src = b.src[i];
	const dst = b.dst[i];
	if (!links.join(src, dst) || endpoints.get(src, network) !== b.ingress[i] || endpoints.get(dst, network) !== port) return false;
	if (isLaterFragment(b, i)) return true;
	const proto = b.proto[i];
	if (isIcmp(proto)) return isErrorAboutLink(b, i, state);
	const ports = b.ports[i];
	if (links.has(src, dst, proto, dstPort(ports))) return true;
	return links.has(dst, src, proto, srcPort(ports)) && !opens(b, i, proto);
}
/** Whether it asks for a connection. */
function opens(b, i, proto) {
	const { bytes } = b.memory;
	const at = b.l4[i];
	if (proto === 6) return (tcpFlags(bytes, at) & 18) === 2;
	return proto === 132 && chunkType(bytes, at) === 1;
}
/** About a packet of the link's, in either direction: one that the error's receiver has sent to its sender. */
function isErrorAboutLink(b, i, { links }) {
	const { bytes, halves, words } = b.memory;
	const at = b.l4[i];
	const end = Math.min(ipAt(b, i) + totalLength(b, i), b.memory.headEnd(i));
	const inner = at + 8;
	let proto;
	let innerL4;
	if (b.kind[i] === 2) {
		if (!isError$2(bytes, at) || inner + 20 > end) return false;
		proto = protocol(bytes, inner);
		innerL4 = inner + headerSize(bytes, inner);
	} else {
		if (!isError$1(bytes, at) || inner + 40 > end) return false;
		const chain = layer4(bytes, halves, inner, end - inner);
		if (chain < 0) return false;
		proto = layer4Proto(chain);
		innerL4 = inner + layer4Offset(chain);
	}
	if (innerL4 + QUOTED > end) return false;
	const ports$2 = ports(words, innerL4);
	return links.has(b.dst[i], b.src[i], proto, dstPort(ports$2)) || links.has(b.src[i], b.dst[i], proto, srcPort(ports$2));
}
// src/dataplane/lan-forward.ts
/**
* Bridging in a network whose endpoints stand on a LAN, as behind the kernel's macvlan: by MAC among themselves, and all else by the LAN's port. Behind that are
* the LAN's stations and the host, told apart there (`steer/lan-programs.ts`); nothing of them is learned, and nobody unknown is looked for by flooding.
* What has a VLAN tag is of another LAN, from which nothing comes here: an endpoint's own does not get there either, nor to the host's device on it.
*
* An endpoint is no router's, so it answers a client directly: whatever next hop a frame names, we are its only door. So what belongs to a flow of a published
* port is found by its tuple, and goes to be translated.
*/
/** Decides about frame `i` of a network that has a LAN. */
function lanForward(b, i, state, network) {
	const { bytes, halves } = b.memory;
	const frame = b.at[i] + 10;
	const fromLan = state.ports.kind[b.ingress[i]] === 7;
	if (isGroup(bytes, frame)) {
		if (isReservedGroup(halves, frame)) b.drop(i, DROP_RESERVED_GROUP);
		else b.egress[i] = fromLan || isTagged(b, i) ? -5 : -3;
		return;
	}
	if (!fromLan && (isOfFlow(b, i, state) || isError(b, i))) b.egress[i] = -4;
	else bridge(b, i, state, network, fromLan);
}
/** What an endpoint says of a packet that is of no flow of ours goes the way that its MAC says. */
function bridgeError(b, i, state) {
	bridge(b, i, state, state.ports.network[b.ingress[i]], false);
}
function bridge(b, i, state, network, fromLan) {
	const { halves } = b.memory;
	const { fdb, networks } = state;
	const frame = b.at[i] + 10;
	const port = fdb.lookup(fdbKey(dstHi(halves, frame), network), dstLo(halves, frame));
	if (fromLan) {
		if (port === -1) b.drop(i, DROP_UNKNOWN_STATION);
		else b.egress[i] = port;
	} else if (port === -1 && isTagged(b, i)) b.drop(i, DROP_UNKNOWN_STATION);
	else if (port === -1) b.egress[i] = networks.lanPort[network];
	else if (port === b.ingress[i]) b.drop(i, DROP_SAME_PORT);
	else if ((networks.flags[network] & 2) !== 0 && !isLinked(b, i, state, network, port)) b.drop(i, DROP_ISOLATED);
	else b.egress[i] = port;
}
function isTagged(b, i) {
	return isTag(type(b.memory.halves, b.at[i] + 10));
}
/** An ICMP error may be about a packet of a flow: `icmp-error.ts` finds out, and gives back what is not. */
function isError(b, i) {
	const { bytes } = b.memory;
	if (b.kind[i] === 2) return b.proto[i] === 1 && isError$2(bytes, b.l4[i]);
	return b.kind[i] === 3 && b.proto[i] === 58 && isError$1(bytes, b.l4[i]);
}
/** Whether frame `i`, of an endpoint, belongs to a flow that we translate, and comes by its port. */
function isOfFlow(b, i, { conntrack }) {
	if (b.kind[i] !== 2 && b.kind[i] !== 3) return false;
	const proto = b.proto[i];
	if (proto !== 6 && proto !== 17 && proto !== 132) return false;
	const src = b.src[i];
	const dst = b.dst[i];
	const ref = conntrack.find(conntrack.hash(src, dst, b.ports[i], proto), src, dst, b.ports[i], proto);
	return ref !== -1 && conntrack.comesBy(ref, b.ingress[i]);
}
// src/dataplane/icmp-error.ts
/**
* Translates ICMP errors about translated flows (RFC 5508 §4, RFC 5382 REQ-9): outer addresses, and the datagram quoted inside.
*
* The quoted datagram is one that we sent, so its tuple turned round is a tuple of the flow, of the direction in which the error
* travels. Outer: its destination becomes the flow's. So does its source where the flow's is translated, if it is the flow's end or a router
* before it: nothing of the inside is to be seen outside (REQ-5c). A router on the other side keeps its own. Inner: the translation of that direction undone. An error neither opens, refreshes nor ends a flow (REQ-6, REQ-10).
* The transport checksum inside is corrected where it is present but never checked (REQ-3); but for SCTP's, which depends on what is not quoted.
*/
function icmpError(b, state) {
	for (let i = 0; i < b.count; i++) {
		if (b.egress[i] !== -4 || !isIcmp(b.proto[i]) || isQuery(b, i)) continue;
		const reason = translate(b, i, state);
		if (reason === DROP_NONE) continue;
		if (reason === DROP_WRONG_PORT || reason === DROP_UNTRANSLATABLE) b.drop(i, reason);
		else if (state.isOnLan(b.ingress[i])) bridgeError(b, i, state);
		else refuse$1(b, i, state, reason);
	}
}
/** DROP_NONE when the error was translated, else the reason why not (and nothing was changed). */
function translate(b, i, state) {
	if (b.kind[i] === 3) return translateError6(b, i, state);
	const { bytes, halves, words } = b.memory;
	const { conntrack } = state;
	const ip = b.at[i] + 10 + 14;
	const at = b.l4[i];
	if (b.proto[i] !== 1 || !isError$2(bytes, at)) return DROP_ICMP_TYPE;
	const len = totalLength$1(bytes, ip) - (at - ip);
	const inner = at + 8;
	if (len < 36) return DROP_TRUNCATED;
	const innerSize = headerSize(bytes, inner);
	if (bytes[inner] >> 4 !== 4 || innerSize < 20) return DROP_IP_HEADER;
	const innerL4 = inner + innerSize;
	const present = len - 8 - innerSize;
	if (present < 8) return DROP_TRUNCATED;
	if (isLaterFragment$1(halves, inner)) return DROP_IP_FRAGMENT;
	if (b.len[i] <= HEAD_ROOM && !checksumOk$1(bytes, halves, at, len)) return DROP_L4_HEADER;
	const proto = protocol(bytes, inner);
	let ports$1;
	if (proto === 1) {
		if (!isQuery$2(bytes, innerL4)) return DROP_ICMP_TYPE;
		const id = identifier(halves, innerL4);
		ports$1 = id | id << 16;
	} else ports$1 = ports(words, innerL4);
	if (isIpv6(dst(words, inner)) || isIpv6(src(words, inner))) return DROP_NO_FLOW;
	const ref = conntrack.lookup(dst(words, inner), src(words, inner), swapPorts(ports$1), proto);
	if (ref === -1) return DROP_NO_FLOW;
	if (!conntrack.comesBy(ref, b.ingress[i])) return DROP_WRONG_PORT;
	const id = ref >> 1;
	const dir = ref & 1;
	const egress = conntrack.egress(id, dir);
	if ((egress & 2048) === 0) {
		if (ttl$2(bytes, ip) <= 1) return DROP_TTL_EXCEEDED;
		decrementTtl$1(bytes, halves, ip);
	}
	if (isIpv6(conntrack.newDst(id, dir))) {
		const reason = translateError(b, i, state, ref, inner, innerL4, present);
		if (reason === DROP_NONE) leave(b, i, egress);
		return reason;
	}
	const quoted = innerSize + (present < 20 ? 8 : 20);
	const before = sum(halves, bytes, inner, quoted);
	restoreInner(b, inner, innerL4, present, proto, conntrack, id, dir);
	updateChecksum(halves, at, combine(negate(before), sum(halves, bytes, inner, quoted)));
	const src$2 = src(words, ip);
	const newSrc = conntrack.newSrc(id, dir) === conntrack.tuple(id, dir, 0) ? src$2 : conntrack.newSrc(id, dir);
	const newDst = conntrack.newDst(id, dir);
	setAddresses$1(words, halves, ip, newSrc, newDst, combine(delta(src$2, newSrc), delta(dst(words, ip), newDst)));
	leave(b, i, egress);
	return DROP_NONE;
}
function leave(b, i, egress) {
	b.egress[i] = egress & EGRESS_PORT;
	b.mark[i] = 0;
	b.routed[i] = 1;
}
/** Gives the quoted datagram the addresses and ports that its sender put on it. */
function restoreInner(b, inner, innerL4, present, proto, conntrack, id, dir) {
	const { halves, words } = b.memory;
	const ports = swapPorts(conntrack.newPorts(id, dir));
	const addresses = conntrack.addressDelta(id, dir);
	const all = conntrack.allDelta(id, dir);
	setAddresses$1(words, halves, inner, conntrack.newDst(id, dir), conntrack.newSrc(id, dir), addresses);
	if (proto === 1) {
		setIdentifier(halves, innerL4, ports & 65535, all);
		return;
	}
	setPorts$1(words, innerL4, ports);
	if (proto === 17) updateUdpChecksum(halves, innerL4, false, addresses, all);
	else if (proto === 6 && present >= 20) updateTcpChecksum(halves, innerL4, false, addresses, all);
}
// src/dataplane/remote-forward.ts
/**
* Bridging between this node and the others of an overlay network, of which the store says who is behind which: nothing is learned, and nobody unknown
* is looked for by flooding. What came from a node never goes to one (split horizon). The gateway is this node's own in every network, so neither it
* nor the host is reached from another node, or reaches one.
*/
/** Decides about frame `i` of an overlay network, whose destination, of raw MAC `hi` and `lo`, is behind no port of this node. */
function toRemote(b, i, state, network, hi, lo) {
	const { networks, ports, remotes } = state;
	const kind = ports.kind[b.ingress[i]];
	const station = remotes.ofMac(hi, lo, network);
	if (station === -1) b.drop(i, DROP_UNKNOWN_STATION);
	else if (kind === 6) b.drop(i, DROP_SPLIT_HORIZON);
	else if (kind === 2 || (networks.flags[network] & 2) !== 0) b.drop(i, DROP_ISOLATED);
	else if (!fits(b, i, networks.mtu[network])) tooLong(b, i, state, networks.mtu[network]);
	else {
		b.egress[i] = networks.remotePort[network];
		b.node[i] = remotes.node[station];
	}
}
/** Whether the frame, or each of the segments that it stands for, has an IP packet of `mtu` bytes or less. */
function fits(b, i, mtu) {
	if (b.len[i] - 14 <= mtu) return true;
	const { bytes, halves } = b.memory;
	const at = b.at[i];
	if (!isGso(bytes, at)) return false;
	return headersOf(bytes, halves, at) - 14 + gsoSize(halves, at) <= mtu;
}
/** A tunnel's end never fragments (RFC 7348 §4.3): the sender is told, where it asked not to be fragmented (RFC 1191 §4, RFC 8201 §4). */
function tooLong(b, i, state, mtu) {
	const mayTell = b.kind[i] === 3 || b.kind[i] === 2 && !mayFragment$1(b.memory.halves, ipAt(b, i));
	const port = b.ingress[i];
	if (mayTell && state.mayCountAnswered() && answer(b, i, state, 3, 4, mtu)) state.countAnswered(port, DROP_TOO_LONG);
	else b.drop(i, DROP_TOO_LONG);
}
// src/dataplane/l2-forward.ts
/**
* Decides by destination MAC (IEEE 802.1D-2004 §7.7): to the one port behind which the station is, to all others, or, when it is the
* gateway's and the packet is IP, up to routing and NAT.
*
* The host's port is no way round: its kernel, which may forward, translate and untag, gets ARP, and IPv4 that `host-port.ts` lets through or that
* is for all in the network. Nothing else is bridged to it. Who is behind another node: `remote-forward.ts`; networks
* that stand on a LAN: `lan-forward.ts`.
*/
function l2Forward(b, state) {
	const { bytes, halves } = b.memory;
	const { fdb, networks, ports } = state;
	for (let i = 0; i < b.count; i++) {
		if (b.egress[i] !== -2) continue;
		const frame = b.at[i] + 10;
		const network = ports.network[b.ingress[i]];
		if (networks.lanPort[network] !== -1) {
			lanForward(b, i, state, network);
			continue;
		}
		if (isGroup(bytes, frame)) {
			if (isReservedGroup(halves, frame)) b.drop(i, DROP_RESERVED_GROUP);
			else b.egress[i] = ports.kind[b.ingress[i]] !== 6 && isForAll(b, i, state, network) ? -3 : -5;
			continue;
		}
		const hi = dstHi(halves, frame);
		const lo = dstLo(halves, frame);
		const fromHost = ports.kind[b.ingress[i]] === 2;
		const fromNode = ports.kind[b.ingress[i]] === 6;
		if (lo === networks.macLo[network] && hi === networks.macHi[network] && !fromHost && !fromNode && isRoutable(b, i, state, network)) {
			b.egress[i] = -4;
			continue;
		}
		const port = fdb.lookup(fdbKey(hi, network), lo);
		if (port === -1 && networks.remotePort[network] !== -1) toRemote(b, i, state, network, hi, lo);
		else if (port === -1) b.egress[i] = -5;
		else if (port === b.ingress[i]) b.drop(i, DROP_SAME_PORT);
		else if (ports.kind[port] === 2 && (b.kind[i] !== 1 || fromNode)) b.drop(i, DROP_NOT_FOR_HOST);
		else if ((networks.flags[network] & 2) !== 0 && ports.kind[port] !== 2 && !fromHost && !isLinked(b, i, state, network, port)) b.drop(i, DROP_ISOLATED);
		else b.egress[i] = port;
	}
}
/** IPv4, or IPv6 where the network has a subnet of it. */
function isRoutable(b, i, { networks }, network) {
	return b.kind[i] === 2 || b.kind[i] === 3 && networks.gateway6[network] !== 0;
}
/** ARP, and IPv4 for all or for a group: an address of one station does not become the host's business by a frame to all (RFC 1122 §3.3.6). */
function isForAll(b, i, state, network) {
	if (b.kind[i] !== 2) return b.kind[i] === 1;
	const dst$1 = dst(b.memory.words, b.at[i] + 10 + 14);
	return isMulticast$1(dst$1) || dst$1 === -1 || state.networks.isBroadcast(network, dst$1);
}
// src/dataplane/l2-learn.ts
/** Learns which station is behind which port (IEEE 802.1D-2004 §7.8). */
function l2Learn(b, state) {
	const { halves } = b.memory;
	const { kind, network } = state.ports;
	for (let i = 0; i < b.count; i++) {
		if (b.egress[i] !== -2) continue;
		if (kind[b.ingress[i]] === 6 || kind[b.ingress[i]] === 7) continue;
		const frame = b.at[i] + 10;
		state.fdb.learn(fdbKey(srcHi(halves, frame), network[b.ingress[i]]), srcLo(halves, frame), b.ingress[i], state.now);
	}
}
const FLAGS = 4;
/** Options with the link-layer address of the sender, of the target. */
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
function isDiscovery(type) {
	return type >= 133 && type <= 137;
}
/**
* Whether the options of the message of `len` bytes at `off` name no other link-layer address than this one, and are whole (§6.1.1). Options begin at
* `first`, counted from the message.
*/
function namesOnly(bytes, halves, off, first, len, macHi, macLo) {
	for (let at = first; at < len;) {
		if (at + 8 > len) return false;
		const size = bytes[off + at + 1] << 3;
		if (size === 0 || at + size > len) return false;
		const kind = bytes[off + at];
		if (kind === SOURCE_LINK_LAYER || kind === TARGET_LINK_LAYER) {
			const h = off + at + 2 >> 1;
			if (halves[h] !== macHi || (halves[h + 1] | halves[h + 2] << 16) !== macLo) return false;
		}
		at += size;
	}
	return true;
}
/**
* Writes an advertisement of ADVERTISEMENT_SIZE bytes over the solicitation at `off`, whose target stays: the target has this MAC. The header of the
* packet, at `ip`, must be written before: the checksum covers its addresses.
*/
function makeAdvertisement(bytes, halves, words, ip, off, flags, macHi, macLo) {
	bytes[off] = 136;
	bytes[off + 1] = 0;
	words[off + FLAGS >> 2] = flags;
	const option = off + 24;
	bytes[option] = TARGET_LINK_LAYER;
	bytes[option + 1] = 1;
	const h = option + 2 >> 1;
	halves[h] = macHi;
	halves[h + 1] = macLo;
	halves[h + 2] = macLo >>> 16;
	fillChecksum$2(bytes, halves, words, ip, off, 32);
}
// src/dataplane/ndp-reply.ts
/**
* Answers neighbor solicitations (RFC 4861 §4.3) for the gateway and for endpoints that the configuration knows, instead of flooding them: as
* `arp-reply.ts` does. Known are the addresses that they were given, and the link-local ones that come of their MACs. Those for others go on and are
* flooded; so does what asks from ::, which looks for duplicates (RFC 4862 §5.4): of its own address nobody here is to say anything, and claims to
* others' the source guard has dropped. The frame is turned into its answer in place.
*/
function ndpReply(b, state) {
	for (let i = 0; i < b.count; i++) {
		if (b.kind[i] !== 3 || b.egress[i] !== -2 || b.proto[i] !== 58) continue;
		if (b.memory.bytes[b.l4[i]] !== 135 || !isValid(b, i)) continue;
		const ingress = b.ingress[i];
		if (state.ports.kind[ingress] === 7) continue;
		const target = b.l4[i] + 8;
		const owner = ownerOf(b, state, ingress, target);
		if (owner === ingress) continue;
		if (owner !== -1) {
			const isGateway = owner === state.networks.hostPort[state.ports.network[owner]];
			if (!isGateway || state.ports.kind[ingress] !== 6) advertise(b, i, state.ports.macHi[owner], state.ports.macLo[owner], isGateway);
			continue;
		}
		const station = state.ports.kind[ingress] === 3 ? remoteOf(b, state, ingress, target) : -1;
		if (station !== -1) advertise(b, i, state.remotes.macHi[station], state.remotes.macLo[station], false);
	}
}
/** RFC 4861 §7.1.1; and it does not look for duplicates. What is not valid is no answer's concern, but goes on. */
function isValid(b, i) {
	const { bytes, halves, words } = b.memory;
	const ip = b.at[i] + 10 + 14;
	const at = b.l4[i];
	const len = ip + 40 + payloadLength(halves, ip) - at;
	if (at !== ip + 40 || hopLimit(bytes, ip) !== 255 || bytes[at + 1] !== 0 || len < 24) return false;
	if (isUnspecified$1(b.src[i]) || isMartian(b.src[i]) || len > b.memory.headEnd(i) - at) return false;
	return checksumOk(bytes, halves, words, ip, at, len);
}
/** Port of who has the address at `target` in the network of port `ingress`; -1: nobody known. */
function ownerOf(b, state, ingress, target) {
	const { bytes, halves, words } = b.memory;
	const { addresses, endpoints, fdb, networks, ports } = state;
	const network = ports.network[ingress];
	if (isLinkLocal(bytes, target)) {
		if (!hasMac(bytes, halves, target)) return -1;
		const port = fdb.lookup(fdbKey(macHiOf(halves, target), network), macLoOf(bytes, target));
		if (port === -1 || port === networks.hostPort[network]) return port;
		return ports.kind[port] === 3 && isLinkLocalOf(halves, target, ports.macHi[port], ports.macLo[port]) ? port : -1;
	}
	const address = addresses.find(words, target >> 2);
	if (address === 0) return -1;
	return address === networks.gateway6[network] ? networks.hostPort[network] : endpoints.get(address, network);
}
/** The endpoint behind another node that has the address at `target`, or NOBODY. */
function remoteOf(b, { addresses, ports, remotes }, ingress, target) {
	const { bytes, halves, words } = b.memory;
	const network = ports.network[ingress];
	if (isLinkLocal(bytes, target)) {
		if (!hasMac(bytes, halves, target)) return -1;
		const station = remotes.ofMac(macHiOf(halves, target), macLoOf(bytes, target), network);
		return station !== -1 && isLinkLocalOf(halves, target, remotes.macHi[station], remotes.macLo[station]) ? station : -1;
	}
	const address = addresses.find(words, target >> 2);
	return address === 0 ? -1 : remotes.ofAddress(address, network);
}
/** `hi`, `lo`: MAC of who has the address. */
function advertise(b, i, hi, lo, isGateway) {
	const { bytes, halves, words } = b.memory;
	const frame = b.at[i] + 10;
	const ip = frame + 14;
	const at = b.l4[i];
	words.copyWithin((ip >> 2) + 6, (ip >> 2) + 2, (ip >> 2) + 6);
	words.copyWithin((ip >> 2) + 2, at + 8 >> 2, at + 24 >> 2);
	emit$2(bytes, halves, words, ip, 32, 58, 255);
	makeAdvertisement(bytes, halves, words, ip, at, 96 | (isGateway ? 128 : 0), hi, lo);
	setAddresses(halves, frame, srcHi(halves, frame), srcLo(halves, frame), hi, lo);
	emit(halves, b.at[i]);
	b.len[i] = 86;
	b.egress[i] = b.ingress[i];
}
// src/dataplane/parse.ts
/**
* Says what each frame that `established` has left is and drops what lies about itself, so that later stages need no bounds checks.
* Writes `kind`, `src`, `dst`, `l4`, `proto`, `ports`; resets `flow` and `mark`. A frame from the uplink, or by a held port, must be IPv4 or IPv6
* and is always to be routed.
*/
/** Ethernet and VLAN header, and the longest IP datagram. */
const MAX_DATAGRAM = 65535;
const MAX_FRAME = 65553;
/** The stage for one batch. A closure, made once a worker, so that the JIT knows the arrays' addresses (bench: `memory`, 1.3 times as fast). */
function parser(b, state) {
	const portKind = state.ports.kind;
	const { at, len, egress, kind, flow, mark, routed, proto, ingress } = b;
	const { bytes, halves } = b.memory;
	return () => {
		const { count } = b;
		for (let i = 0; i < count; i++) {
			if (egress[i] !== -2) continue;
			const frame = at[i] + 10;
			const size = len[i];
			flow[i] = -1;
			mark[i] = 0;
			routed[i] = 0;
			proto[i] = 0;
			if (size < 14 || size > MAX_FRAME) {
				b.drop(i, size < 0 ? DROP_RX_ERROR : size < 14 ? DROP_TRUNCATED : DROP_OVERSIZE);
				continue;
			}
			const uplink = portKind[ingress[i]] === 1 || portKind[ingress[i]] === 4;
			egress[i] = uplink ? -4 : -2;
			let reason = check$3(bytes, halves, at[i], size);
			if (reason === DROP_NONE) {
				const type$2 = type(halves, frame);
				kind[i] = type$2 === 8 ? 2 : type$2 === 1544 ? 1 : type$2 === 56710 ? 3 : 0;
				if (type$2 === 8) reason = parseIpv4(b, i, frame + 14, size - 14);
				else if (type$2 === 56710) reason = parseIpv6(b, i, state, frame + 14, size - 14);
				else if (uplink) reason = DROP_NOT_IP;
				else if (type$2 === 1544) reason = check(size - 14);
			}
			if (reason !== DROP_NONE) b.drop(i, reason);
		}
	};
}
/** A protocol number that nothing has (IANA, "Protocol Numbers"): of what is no protocol that we know. */
const RESERVED = 255;
/** The IPv4 part: `len` bytes at `ip`. DROP_NONE or the reason. */
function parseIpv4(b, i, ip, len) {
	const { bytes, halves, words } = b.memory;
	const reason = check$6(bytes, ip, len);
	if (reason !== DROP_NONE) return reason;
	if (!checksumOk$2(bytes, halves, ip)) return DROP_IP_CHECKSUM;
	const size = headerSize(bytes, ip);
	const at = ip + size;
	const total = totalLength$1(bytes, ip);
	const rest = total - size;
	if (total !== len && isGso(bytes, b.at[i])) return DROP_OVERSIZE;
	b.l4[i] = at;
	b.src[i] = src(words, ip);
	b.dst[i] = dst(words, ip);
	const proto = protocol(bytes, ip);
	if (!isBare(halves, b.at[i])) {
		const place = checkLayer4(bytes, halves, b.at[i], at, isFragment$1(halves, ip) ? -1 : proto, 1);
		if (place !== DROP_NONE) return place;
	}
	if (isLaterFragment$1(halves, ip)) return DROP_NONE;
	return parseLayer4(b, i, proto, rest, isFragment$1(halves, ip));
}
/** The IPv6 part: `len` bytes at `ip`. DROP_NONE or the reason. */
function parseIpv6(b, i, { addresses }, ip, len) {
	const { bytes, halves, words } = b.memory;
	const reason = check$5(bytes, halves, ip, len);
	if (reason !== DROP_NONE) return reason;
	const total = 40 + payloadLength(halves, ip);
	if (total !== len && isGso(bytes, b.at[i])) return DROP_OVERSIZE;
	const src = addresses.intern(words, (ip >> 2) + 2);
	const dst = addresses.intern(words, (ip >> 2) + 6);
	if (src === 0 || dst === 0) return DROP_TABLE_FULL;
	b.src[i] = src;
	b.dst[i] = dst;
	const chain = layer4(bytes, halves, ip, Math.min(total, b.memory.headEnd(i) - ip));
	const fragment = chain === -1;
	if (chain < 0 && !fragment) return chain === -3 ? DROP_IPV6_ROUTING : DROP_IPV6_CHAIN;
	const at = fragment ? ip + 40 : ip + layer4Offset(chain);
	const proto = layer4Proto(chain);
	const first = fragment || isFirstFragment(chain);
	b.l4[i] = at;
	if (!isBare(halves, b.at[i])) {
		const place = checkLayer4(bytes, halves, b.at[i], at, first ? -1 : proto, 4);
		if (place !== DROP_NONE) return place;
	}
	return fragment ? DROP_NONE : parseLayer4(b, i, proto, ip + total - at, first);
}
/** `rest` bytes of protocol `proto` at `b.l4`, maybe of a first fragment. */
function parseLayer4(b, i, proto, rest, fragment) {
	const { bytes, halves, words } = b.memory;
	const at = b.l4[i];
	if (proto === (b.kind[i] === 3 ? 1 : 58)) {
		b.proto[i] = RESERVED;
		return DROP_NONE;
	}
	b.proto[i] = proto;
	if (proto === 6 || proto === 17) {
		b.ports[i] = ports(words, at);
		if (proto === 6) return checkTcp(bytes, at, rest);
		return checkUdp(bytes, at, rest, fragment ? MAX_DATAGRAM : rest);
	}
	if (proto === 132) {
		b.ports[i] = ports(words, at);
		return check$2(bytes, at, rest, fragment ? MAX_DATAGRAM : rest);
	}
	if (proto === 1 || proto === 58) {
		if (rest < 8) return DROP_TRUNCATED;
		const id = identifier(halves, at);
		b.ports[i] = id | id << 16;
	}
	return DROP_NONE;
}
// src/dataplane/returned.ts
/**
* Frames of ours that the uplink's program has given back, since the host has no way for them: they do not fit into it, or its routes refuse
* (`steer/emit-program.ts`). They are translated by now. What may be fragmented is sent again in fragments (RFC 791 §3.2): of IPv6 what we stand for
* the sender of (RFC 8200 §4.5, RFC 7915 §4.1). About the rest its sender is told, as by any router (RFC 1812 §5.2.7.1, RFC 1191, RFC 4443 §3), in
* his own terms: the translation is undone before the packet is quoted, that to the other family too.
*
* A frame is known by its EtherType: what comes from elsewhere is IPv4 or IPv6, whoever has sent it. `takeBack` gives it its own again, so that
* `parse` looks at it as at any other; then comes `returned`.
*/
/** What every link must take whole (RFC 791 §3.2). */
const LEAST_MTU = 68;
function takeBack(b, state) {
	const { bytes, halves, words } = b.memory;
	for (let i = 0; i < b.count; i++) {
		b.returned[i] = 0;
		const frame = b.at[i] + 10;
		if (b.egress[i] !== -2 || b.ingress[i] !== state.ports.uplink || b.len[i] <= 14) continue;
		if (type(halves, frame) !== 46472) continue;
		b.returned[i] = words[frame + 6 >> 2];
		words[frame + 6 >> 2] = 0;
		setType$1(halves, frame, bytes[frame + 14] >> 4 === 6 ? TYPE_IPV6 : 8);
	}
}
function returned(b, state) {
	for (let i = 0; i < b.count; i++) {
		if (b.returned[i] === 0 || b.egress[i] !== -4) continue;
		const code = b.returned[i] >>> 8 & 255;
		const mtu = b.returned[i] >>> 16;
		b.flow[i] = -1;
		if (code === 8 && mayFragment(b, i, mtu)) {
			sendAgain(b, i, state, mtu);
			continue;
		}
		const reason = code === 8 ? DROP_TOO_LONG : code === 2 ? DROP_UNREACHABLE : DROP_PROHIBITED;
		if (!tell$1(b, i, state, reason, mtu)) b.drop(i, reason);
	}
}
function mayFragment(b, i, mtu) {
	if (b.kind[i] !== 3) return mtu >= LEAST_MTU && mayFragment$1(b.memory.halves, ipAt(b, i));
	return mtu >= 1280 && (b.memory.bytes[b.at[i] + 10 + 11] & 16) !== 0;
}
/** In fragments. Those of an endpoint's packet go its way still; the rest of the Ethernet header has been read. */
function sendAgain(b, i, state, mtu) {
	const { bytes, halves } = b.memory;
	const { macHi, macLo, uplink } = state.ports;
	const frame = b.at[i] + 10;
	if ((bytes[frame + 11] & 6) !== 0) setAddresses(halves, frame, macHi[uplink], macLo[uplink], UPLINK_SOURCE_HI, uplinkSourceLo(true));
	b.egress[i] = -7;
	b.mark[i] = mtu;
}
/** Answers the sender of the packet that became frame `i`; false where there is none to be told. */
function tell$1(b, i, state, reason, mtu) {
	const { conntrack } = state;
	const proto = b.proto[i];
	if (proto === 0 || isIcmp(proto) && !isQuery(b, i) || !state.mayCountAnswered()) return false;
	const ref = conntrack.lookup(b.dst[i], b.src[i], swapPorts(b.ports[i]), proto);
	if (ref === -1) return false;
	const before = totalLength(b, i);
	if (!restore(b, i, state, ref)) return false;
	const nextHopMtu = reason === DROP_TOO_LONG ? mtu + totalLength(b, i) - before : 0;
	b.ingress[i] = conntrack.egress(ref >> 1, ref & 1) & EGRESS_PORT;
	if (answer(b, i, state, 3, reason === DROP_TOO_LONG ? 4 : reason === DROP_UNREACHABLE ? 1 : 13, nextHopMtu)) return state.countAnswered(state.ports.uplink, reason);
	b.ingress[i] = state.ports.uplink;
	return false;
}
/** Makes of frame `i` the packet that it was, of the flow of `ref`; false, and nothing is changed, where it cannot be. */
function restore(b, i, state, ref) {
	const { conntrack } = state;
	const id = ref >> 1;
	const dir = ref & 1;
	const src = conntrack.newDst(id, dir);
	const dst = conntrack.newSrc(id, dir);
	const ip = ipAt(b, i);
	const proto = b.proto[i];
	if (isIpv6(src) !== (b.kind[i] === 3)) {
		if (!restoreOther(b, i, state, ref, src, dst)) return false;
	} else if (b.kind[i] === 3) restoreQuoted6(b, state, ref, ip, b.l4[i], totalLength(b, i) - (b.l4[i] - ip), proto);
	else restoreInner(b, ip, b.l4[i], totalLength(b, i) - (b.l4[i] - ip), proto, conntrack, id, dir);
	b.src[i] = src;
	b.dst[i] = dst;
	return true;
}
/** The same where it was of the other family (RFC 7915 undone). */
function restoreOther(b, i, state, ref, src, dst) {
	const { halves, words } = b.memory;
	const { conntrack } = state;
	const id = ref >> 1;
	const dir = ref & 1;
	const proto = b.proto[i];
	if (isIcmp(proto) || translate$2(b, i, state, src, dst) !== DROP_NONE) return false;
	const off = b.l4[i];
	setPorts$1(words, off, swapPorts(conntrack.newPorts(id, dir)));
	if (proto === 17) updateUdpChecksum(halves, off, false, conntrack.addressDelta(id, dir), conntrack.allDelta(id, dir));
	else if (proto === 6) updateTcpChecksum(halves, off, false, conntrack.addressDelta(id, dir), conntrack.allDelta(id, dir));
	return true;
}
// src/dataplane/review.ts
/**
* Looks again at flows that were given an address of the host by its routes, after these have changed. One that would be given another now
* ends: its answers would not come, as they go to an address that is elsewhere. Its next packet opens a flow as the host now is; the kernel's
* MASQUERADE does the same. A flow whose destination nothing leads to now stays: its way may come back as it was.
*
* Of IPv6 a host has many addresses on one link, and gives others from time to time (RFC 8981): an address that it has still, of the network of
* the one that it would give now, goes on.
*/
/** Rows looked at between two batches at most. */
const BUDGET = 256;
function review(state) {
	const { conntrack, networks, ports, ways } = state;
	const end = Math.min(state.reviewAt + BUDGET, conntrack.end);
	for (let id = state.reviewAt; id < end; id++) {
		if (!conntrack.isLive(id) || !conntrack.hasOtherSource(id)) continue;
		const inside = conntrack.egress(id, 1) & EGRESS_PORT;
		if (inside === ports.uplink || (conntrack.egress(id, 0) & 1023) !== ports.uplink) continue;
		if (networks.outsideFor(ports.network[inside], conntrack.newSrc(id, 0)) !== 0) continue;
		const dst = conntrack.tuple(id, 0, 1);
		const source = ways.via(conntrack.tuple(id, 0, 0), dst, conntrack.protocol(id), conntrack.tuple(id, 0, 2), networks.wayInFor(ports.network[inside], dst), state.now);
		if (!isRefused(source) && !goesOn(state, conntrack.newSrc(id, 0), source)) retire(state, id);
	}
	state.reviewAt = end < conntrack.end ? end : Number.MAX_SAFE_INTEGER;
}
/** Whether answers to `before` come still, though a new flow would be given `now`. */
function goesOn({ addresses, locals }, before, now) {
	return before === now || isIpv6(before) && locals.get(before, 0) !== -1 && addresses.sameNetwork(before, now);
}
// src/dataplane/source-guard.ts
/**
* Holds each endpoint to its own addresses: a frame of its port has the MAC and the addresses that the configuration gave it, in the headers,
* in ARP, in neighbor discovery and in what an ICMP error quotes; and nobody but us speaks as the gateway or as a router. What other devices call
* port security, IP source guard, dynamic ARP inspection and RA guard (RFC 6105).
*
* VLAN tags are looked behind, up to two, since a host takes a frame of VLAN 0 for an untagged one. Of IPv6 an endpoint has the link-local address
* that comes of its MAC and the one that it was given; who has none yet sends from ::, but nothing except discovery and what a multicast listener
* says. In a network without a subnet of IPv6 nothing is known of other addresses than link-local ones and the host's, so there these are anybody's.
*
* In a network that is PROMISCUOUS endpoints may have other addresses too, but still not the gateway's nor the host's. What comes by the
* host's port was sent by the host, from an address of its own.
*
* Other nodes of an overlay network are held to what the store says in the same way. On a LAN there is no such store: its stations may have any address, but
* for the MAC of an endpoint.
*
* Runs before anything is learned or answered. `established` asks for the MAC by itself; a flow's packets come by the flow's port.
*/
const MAX_TAGS = 2;
function sourceGuard(b, state) {
	const { bytes, halves } = b.memory;
	const { ports } = state;
	for (let i = 0; i < b.count; i++) {
		if (b.egress[i] !== -2) continue;
		const frame = b.at[i] + 10;
		const reason = isSourceGroup(bytes, frame) ? DROP_SOURCE_GROUP : ports.kind[b.ingress[i]] === 3 ? endpoint(b, i, state, halves, frame) : ports.kind[b.ingress[i]] === 6 ? remote(b, i, state, halves, frame) : ports.kind[b.ingress[i]] === 7 ? lan(b, i, state, halves, frame) : host(b, i, state);
		if (reason !== DROP_NONE) b.drop(i, reason);
	}
}
function host(b, i, state) {
	if (b.kind[i] !== 2 && b.kind[i] !== 3) return DROP_NONE;
	const src = b.src[i];
	if (b.kind[i] === 3 && (isUnspecified$1(src) || sortOf(src) === 241)) return DROP_NONE;
	return state.locals.get(src, 0) === -1 ? DROP_SOURCE_SPOOFED : DROP_NONE;
}
function lan(b, i, { fdb, ports }, halves, frame) {
	return fdb.lookup(fdbKey(srcHi(halves, frame), ports.network[b.ingress[i]]), srcLo(halves, frame)) !== -1 ? DROP_SOURCE_MAC_SPOOFED : DROP_NONE;
}
/**
* A node is held to the stations that the store has behind it, and each of these to its own addresses, as an endpoint of this node is: the port, behind
* which there are many, is that of the one whom the frame says it is from.
*/
function remote(b, i, state, halves, frame) {
	const { ports, remotes } = state;
	const port = b.ingress[i];
	const hi = srcHi(halves, frame);
	const lo = srcLo(halves, frame);
	const station = remotes.ofMac(hi, lo, ports.network[port]);
	let reason = DROP_VXLAN_SOURCE;
	if (station !== -1 && remotes.node[station] === b.node[i]) {
		ports.macHi[port] = hi;
		ports.macLo[port] = lo;
		ports.address[port] = remotes.address[station];
		ports.address6[port] = remotes.address6[station];
		reason = endpoint(b, i, state, halves, frame);
	}
	if (reason !== DROP_NONE) remotes.count(b.node[i], 4, 1);
	return reason;
}
function endpoint(b, i, state, halves, frame) {
	const { networks, ports } = state;
	const port = b.ingress[i];
	const network = ports.network[port];
	const hi = srcHi(halves, frame);
	const lo = srcLo(halves, frame);
	if (lo !== ports.macLo[port] || hi !== ports.macHi[port]) {
		if ((networks.flags[network] & 8) === 0) return DROP_SOURCE_MAC_SPOOFED;
		if (lo === networks.macLo[network] && hi === networks.macHi[network]) return DROP_SOURCE_MAC_SPOOFED;
	}
	const packet = frame + 14;
	if (b.kind[i] === 2) return ipv4Packet(b, state, port, packet, b.l4[i], b.proto[i]);
	if (b.kind[i] === 1) return arpMessage(b, state, port, packet);
	if (b.kind[i] === 3) return ipv6Packet(b, i, state, port, packet, b.len[i] - 14);
	return other(b, i, state, port, frame);
}
/** What is neither IP nor ARP, or so behind VLAN tags. */
function other(b, i, state, port, frame) {
	const { bytes, halves } = b.memory;
	const end = frame + b.len[i];
	let packet = frame + 14;
	let type$1 = type(halves, frame);
	for (let tags = 0; isTag(type$1); tags++) {
		if (tags === MAX_TAGS) return isPromiscuous(state, port) ? DROP_NONE : DROP_VLAN_DEPTH;
		packet += 4;
		if (packet > end) return DROP_TRUNCATED;
		type$1 = halves[packet - 2 >> 1];
	}
	const len = end - packet;
	switch (type$1) {
		case 8: {
			const reason = check$6(bytes, packet, len);
			if (reason !== DROP_NONE) return reason;
			const l4 = packet + headerSize(bytes, packet);
			const later = isLaterFragment$1(halves, packet);
			const proto = protocol(bytes, packet);
			if (proto === 1 && !later && l4 + 8 > end) return DROP_TRUNCATED;
			const place = checkLayer4(bytes, halves, b.at[i], l4, isFragment$1(halves, packet) ? -1 : proto, 1);
			return place !== DROP_NONE ? place : ipv4Packet(b, state, port, packet, l4, later ? 0 : proto);
		}
		case TYPE_ARP:
		case TYPE_RARP: return len < 28 ? DROP_TRUNCATED : arpMessage(b, state, port, packet);
		case TYPE_IPV6: return ipv6Packet(b, i, state, port, packet, len);
		default: return DROP_NONE;
	}
}
function isPromiscuous({ networks, ports }, port) {
	return (networks.flags[ports.network[port]] & 8) !== 0;
}
/** `proto`: 0 of a later fragment. */
function ipv4Packet(b, state, port, ip, l4, proto) {
	const { bytes, words } = b.memory;
	const src$1 = src(words, ip);
	if (src$1 !== state.ports.address[port]) {
		if (!isPromiscuous(state, port) || state.isLocal(src$1)) return DROP_SOURCE_SPOOFED;
	}
	if (proto !== 1) return DROP_NONE;
	if (isOfRouter(bytes, l4)) return DROP_ROGUE_ROUTER;
	if (!isError$2(bytes, l4) || isPromiscuous(state, port)) return DROP_NONE;
	const quoted = l4 + 8;
	if (quoted + 20 > ip + totalLength$1(bytes, ip)) return DROP_TRUNCATED;
	return dst(words, quoted) === state.ports.address[port] ? DROP_NONE : DROP_QUOTE_SPOOFED;
}
/** ARP, and RARP (RFC 903), which looks the same. */
function arpMessage(b, state, port, message) {
	const { halves } = b.memory;
	const { networks, ports } = state;
	const promiscuous = isPromiscuous(state, port);
	if (!isEthernetIpv4(halves, message)) return promiscuous ? DROP_NONE : DROP_ARP_SPOOFED;
	const address = senderIp(halves, message);
	if (address !== 0 && address === networks.gateway[ports.network[port]]) return DROP_ARP_SPOOFED;
	if (promiscuous) return DROP_NONE;
	const own = senderLo(halves, message) === ports.macLo[port] && senderHi(halves, message) === ports.macHi[port];
	const probe = address === 0 && operation(halves, message) !== 512;
	return own && (address === ports.address[port] || probe) ? DROP_NONE : DROP_ARP_SPOOFED;
}
function ipv6Packet(b, i, state, port, ip, len) {
	const { bytes, halves, words } = b.memory;
	const reason = check$5(bytes, halves, ip, len);
	if (reason !== DROP_NONE) return reason;
	const src = srcAt(ip);
	const promiscuous = isPromiscuous(state, port);
	const nameless = isUnspecified(words, src);
	if (promiscuous ? isHosts(b, state, src) : isMulticast(bytes, src) || !(nameless || isOwn(b, state, port, src))) return DROP_SOURCE_SPOOFED;
	const inHead = Math.min(40 + payloadLength(halves, ip), b.memory.headEnd(i) - ip);
	const layer4$1 = layer4(bytes, halves, ip, inHead);
	if (layer4$1 === -2) return DROP_IPV6_CHAIN;
	if (layer4$1 === -3) return DROP_IPV6_ROUTING;
	if (layer4$1 === -1) return checkLayer4(bytes, halves, b.at[i], ip, -1, 4);
	const l4 = ip + layer4Offset(layer4$1);
	const fragment = isFirstFragment(layer4$1);
	const proto = layer4Proto(layer4$1);
	const place = fragment || proto === 58 ? -1 : proto;
	const wrong = checkLayer4(bytes, halves, b.at[i], l4, place, 4);
	if (wrong !== DROP_NONE) return wrong;
	if (proto !== 58) return nameless && isKnown(state, port) ? DROP_SOURCE_SPOOFED : DROP_NONE;
	if (l4 >= ip + inHead) return DROP_TRUNCATED;
	if (!isDiscovery(bytes[l4])) return icmpv6Message(b, state, port, ip, inHead, l4, nameless);
	return discovery(b, state, port, l4, ip + inHead - l4, nameless, fragment);
}
/** A message of ICMPv6 at `at` that is none of discovery, of the packet at `ip` whose first `inHead` bytes can be looked at. */
function icmpv6Message(b, state, port, ip, inHead, at, nameless) {
	const { bytes } = b.memory;
	if (nameless && isKnown(state, port) && !isMulticastListener(bytes, at)) return DROP_SOURCE_SPOOFED;
	if (!isError$1(bytes, at) || isPromiscuous(state, port) || !isKnown(state, port)) return DROP_NONE;
	const quoted = at + 8;
	if (quoted + 40 > ip + inHead) return DROP_TRUNCATED;
	return isOwn(b, state, port, dstAt(quoted)) ? DROP_NONE : DROP_QUOTE_SPOOFED;
}
/** A message of neighbor discovery of `len` bytes at `at`. */
function discovery(b, state, port, at, len, nameless, fragment) {
	const { bytes, halves } = b.memory;
	const { ports } = state;
	const promiscuous = isPromiscuous(state, port);
	const type = bytes[at];
	if (type === 134 || type === 137) return promiscuous && !isKnown(state, port) ? DROP_NONE : DROP_ROGUE_ROUTER;
	if (fragment) return DROP_ARP_SPOOFED;
	const first = type === 133 ? 8 : 24;
	if (first > len) return DROP_TRUNCATED;
	if (!promiscuous && !namesOnly(bytes, halves, at, first, len, ports.macHi[port], ports.macLo[port])) return DROP_ARP_SPOOFED;
	if (type === 133) return DROP_NONE;
	const claims = type === 136 || nameless;
	const target = at + 8;
	if (!claims || (promiscuous ? !isHosts(b, state, target) : isOwn(b, state, port, target))) return DROP_NONE;
	return DROP_ARP_SPOOFED;
}
/** Whether the network has a subnet of IPv6, so that it is known who has which address. */
function isKnown({ networks, ports }, port) {
	return networks.gateway6[ports.network[port]] !== 0 || ports.address6[port] !== 0;
}
/**
* Whether the IPv6 address at `at` may be the endpoint's: a link-local one is if it comes of its MAC, another if it was given that one, or, where nothing
* is known, if it is not the host's.
*/
function isOwn(b, state, port, at) {
	const { bytes, halves, words } = b.memory;
	const { addresses, ports } = state;
	if (isLinkLocal(bytes, at)) return isLinkLocalOf(halves, at, ports.macHi[port], ports.macLo[port]);
	if (!isKnown(state, port)) return !isHosts(b, state, at);
	const own = ports.address6[port];
	return own !== 0 && addresses.isAt(own, words, at >> 2);
}
/** Whether the IPv6 address at `at` is one of the host's, the gateway's among them. */
function isHosts(b, { addresses, locals }, at) {
	const address = addresses.find(b.memory.words, at >> 2);
	return address !== 0 && locals.get(address, 0) !== -1;
}
// src/engine/fragments-out.ts
/**
* Sends a datagram that is longer than its way out takes, in fragments (RFC 791 §3.2, RFC 1812 §5.2.1; RFC 8200 §4.5). They are made one after the
* other where the datagram lies, behind its header, and each is sent before the next one is written over it. So no memory is needed. A fragment is as
* long as a frame's head at most, since in a tail nothing can be sent from its middle.
*
* Of IPv6 it may be a fragment already; else it gets the fragment header right before layer 4, and begins so much earlier in its headroom.
*/
/**
* Frame `i` in fragments of `mtu` bytes of IP or less; `send` is called with each in its place. `random`: for the number of an IPv6 datagram.
* Precondition: it has no offload but a partial checksum.
*/
function sendInFragments(b, i, mtu, random, send) {
	if (b.kind[i] === 3) sendInFragments6(b, i, mtu, random, send);
	else sendInFragments4(b, i, mtu, send);
}
function sendInFragments4(b, i, mtu, send) {
	const { bytes, halves } = b.memory;
	const ip = ipAt(b, i);
	const size = headerSize(bytes, ip);
	const data = totalLength$1(bytes, ip) - size;
	const place = fragmentPlace(halves, ip);
	completeChecksum(b, i, data);
	const room = roomFor(b, i, mtu, ip, size);
	if (room <= 0) return;
	for (let done = 0; done < data; done += room) {
		const length = Math.min(room, data - done);
		if (done > 0) moveData$1(b, i, ip + size, done, length);
		setFragment$1(bytes, halves, ip, size + length, place, done, done + length < data);
		b.len[i] = 14 + size + length;
		send();
		if (done === 0) dropOptionsOfFirst(bytes, ip, size);
	}
}
function sendInFragments6(b, i, mtu, random, send) {
	const { bytes, halves } = b.memory;
	const present = fragmentAt(b, i);
	if (present === -1) {
		completeChecksum(b, i, totalLength(b, i) - (b.l4[i] - ipAt(b, i)));
		putFragmentHeader(b, i, random());
	}
	const ip = ipAt(b, i);
	const header = present === -1 ? b.l4[i] - 8 : present;
	const size = header + 8 - ip;
	const data = totalLength(b, i) - size;
	const from = fragmentOffset(halves, header);
	const more = moreFragments(bytes, header);
	emit(halves, b.at[i]);
	const room = roomFor(b, i, mtu, ip, size);
	if (room <= 0) return;
	for (let done = 0; done < data; done += room) {
		const length = Math.min(room, data - done);
		if (done > 0) moveData$1(b, i, ip + size, done, length);
		setFragment(halves, header, from + done, more || done + length < data);
		setPayloadLength(halves, ip, size - 40 + length);
		b.len[i] = 14 + size + length;
		send();
	}
}
/** Moves what is before layer 4 to the front, and puts a fragment header of a whole datagram behind it. */
function putFragmentHeader(b, i, id) {
	const { bytes, halves, words } = b.memory;
	const at = b.at[i];
	const off = b.l4[i];
	const payload = totalLength(b, i) - 40 + 8;
	bytes.copyWithin(at - 8, at, off);
	b.at[i] = at - 8;
	b.moved = true;
	const ip = ipAt(b, i);
	const header = off - 8;
	emitFragment(bytes, halves, words, header, setLastNextHeader(bytes, ip, header, 44), 0, 0);
	words[header + 4 >> 2] = id;
	setPayloadLength(halves, ip, payload);
}
/** Bytes of data that a fragment has room for, whole units of 8. */
function roomFor(b, i, mtu, ip, size) {
	return Math.min(mtu - size, b.memory.headEnd(i) - ip - size) >> 3 << 3;
}
/** The bytes from `done` on of what lies at `to`, over the first ones. */
function moveData$1(b, i, to, done, length) {
	const { bytes } = b.memory;
	const end = b.memory.headEnd(i);
	const from = to + done;
	const inHead = Math.max(0, Math.min(length, end - from));
	bytes.copyWithin(to, from, from + inHead);
	if (inHead === length) return;
	const tail = b.memory.tailAt(b.tail[i]) + Math.max(0, from - end);
	bytes.copyWithin(to + inHead, tail, tail + length - inHead);
}
/** Of a datagram in fragments nobody else can. */
function completeChecksum(b, i, data) {
	const { bytes, halves } = b.memory;
	const at = b.at[i];
	const off = b.l4[i];
	if (isPartial(bytes, halves, at, off)) {
		const inHead = Math.min(data, b.memory.headEnd(i) - off);
		let all = sum(halves, bytes, off, inHead);
		if (data > inHead) all += sum(halves, bytes, b.memory.tailAt(b.tail[i]), data - inHead);
		const whole = ~fold(all) & 65535;
		halves[off + checksumField(halves, at) >> 1] = whole === 0 ? 65535 : whole;
	}
	emit(halves, at);
}
// src/engine/segments-out.ts
/**
* Makes the segments that a frame stands for (RFC 9293, RFC 768; what TSO and USO of a network card do), where the device that it leaves by does not:
* one after the other where the frame lies, behind its headers, and each is sent before the next one is written over it. So no memory is needed.
*/
/** IPv4: total length and identification; IPv6: payload length; TCP: flags of the last segment alone, and of the first. */
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const PAYLOAD_LENGTH = 4;
const TCP_FLAGS_AT = 13;
const LAST_ONLY = 9;
const FIRST_ONLY = 128;
const UDP_LENGTH_AT = 4;
/** Of one frame. A sender that asks for a byte in each would have the loop busy for long with nothing else; 64 bytes make so many of the longest. */
const MAX_SEGMENTS = 1024;
/**
* Frame `i`, which `parse` has seen, in segments; `send` is called with each in its place, as a frame without offload. It may change the frame's `at`,
* `len` and what is before the Ethernet header. False, and nothing is sent, where it is no frame that can be segmented.
*/
function sendInSegments(b, i, send) {
	const { bytes, halves, words } = b.memory;
	const at = b.at[i];
	const frame = at + 10;
	const ip = frame + 14;
	const off = b.l4[i];
	const kind = b.kind[i];
	const tcp = b.proto[i] === 6;
	if (kind !== 2 && kind !== 3 || !tcp && b.proto[i] !== 17) return false;
	const start = off + (tcp ? tcpHeaderSize(bytes, off) : 8);
	const data = b.len[i] - (start - frame);
	const size = gsoSize(halves, at);
	if (data <= 0 || data > size * MAX_SEGMENTS || start > b.memory.headEnd(i)) return false;
	const sequence = tcp ? rawWord(words[off + 4 >> 2]) : 0;
	const flags = tcp ? bytes[off + TCP_FLAGS_AT] : 0;
	const id = kind === 2 ? rawHalf(identification$1(halves, ip)) : 0;
	for (let done = 0, n = 0; done < data; done += size, n++) {
		const length = Math.min(size, data - done);
		if (done > 0) moveData(b, i, start, done, length);
		const rest = start - off + length;
		if (kind === 2) {
			halves[ip + TOTAL_LENGTH >> 1] = rawHalf(off - ip + rest);
			halves[ip + IDENTIFICATION >> 1] = rawHalf(id + n & 65535);
			fillChecksum$3(bytes, halves, ip);
		} else halves[ip + PAYLOAD_LENGTH >> 1] = rawHalf(off - ip - 40 + rest);
		if (tcp) {
			words[off + 4 >> 2] = rawWord(sequence + done | 0);
			bytes[off + TCP_FLAGS_AT] = flags & ~((done + length < data ? LAST_ONLY : 0) | (done > 0 ? FIRST_ONLY : 0));
		} else halves[off + UDP_LENGTH_AT >> 1] = rawHalf(rest);
		fillChecksum(b, i, ip, off, rest, tcp);
		b.at[i] = at;
		b.len[i] = start - frame + length;
		emit(halves, at);
		send();
	}
	return true;
}
/** The `length` bytes from the `done`-th on of what lies at `to`, over the first ones: in the head, and what does not fit there in the tail. */
function moveData(b, i, to, done, length) {
	const { bytes } = b.memory;
	const room = b.memory.headEnd(i) - to;
	const tail = b.memory.tailAt(b.tail[i]);
	const first = Math.min(length, room);
	const inHead = Math.max(0, Math.min(first, room - done));
	bytes.copyWithin(to, to + done, to + done + inHead);
	const from = tail + Math.max(0, done - room);
	bytes.copyWithin(to + inHead, from, from + first - inHead);
	if (length > first) bytes.copyWithin(tail, tail + done, tail + done + length - first);
}
function fillChecksum(b, i, ip, off, len, tcp) {
	const { bytes, halves, words } = b.memory;
	const proto = tcp ? 6 : 17;
	const field = off + (tcp ? 16 : 6) >> 1;
	halves[field] = 0;
	const inHead = Math.min(len, b.memory.headEnd(i) - off);
	let all = b.kind[i] === 2 ? pseudoSum$3(words, ip, proto, len) : pseudoSum$2(words, ip, proto, len);
	all += sum(halves, bytes, off, inHead);
	if (len > inHead) all += sum(halves, bytes, b.memory.tailAt(b.tail[i]), len - inHead);
	const whole = ~fold(all) & 65535;
	halves[field] = whole === 0 && !tcp ? 65535 : whole;
}
// src/engine/nodes-out.ts
/**
* Sends frames of overlay networks that do not leave as one datagram: to several nodes, or as segments that are to be made. Each datagram's headers are
* written before the frame where it lies, sent, and the frame is as it was.
*/
/** `send` takes frame `i`, by then a datagram, to the tunnels' port, and has it sent before it returns. */
function nodesOut(batch, state, send) {
	const { at, len, ingress } = batch;
	const { halves } = batch.memory;
	const header = /* @__PURE__ */ new Uint16Array(5);
	let frame = 0;
	let receivers = [];
	let sender = -1;
	function sendToAll() {
		for (let k = 0; k < receivers.length; k++) sendTo(receivers[k]);
	}
	function sendTo(node) {
		const start = at[frame];
		const length = len[frame];
		for (let k = 0; k < header.length; k++) header[k] = halves[(start >> 1) + k];
		wrap(batch, frame, state, state.ports.network[ingress[frame]], node);
		send(frame, sender);
		at[frame] = start;
		len[frame] = length;
		for (let k = 0; k < header.length; k++) halves[(start >> 1) + k] = header[k];
	}
	return (i, nodes, from) => {
		frame = i;
		receivers = nodes;
		sender = from;
		if (needsSegments(batch, i, state)) return sendInSegments(batch, i, sendToAll);
		sendToAll();
		return true;
	};
}
// src/engine/engine.ts
/**
* The loop: receive a batch, run the stages, transmit grouped by egress, and once a second see to what is old.
*
* One engine a worker thread; nothing is shared with other threads but the counters. All memory is taken when it is made: a batch allocates
* nothing and throws nothing. What goes wrong with a frame is a counted drop (`wire/drop.ts`).
*/
const NO_NODES = [];
/** Flows looked at for expiry between two batches at most. */
const EXPIRE_BUDGET = 1024;
var Engine = class {
	constructor(io, memory, state, counters, hooks) {
		this.batch = new Batch(memory);
		this.turn = makeTurn(io, this.batch, state, counters, hooks);
	}
};
/** The loop's body as a closure, so that the JIT knows every array's address (as in `dataplane/parse.ts`). */
function makeTurn(io, batch, state, counters, hooks) {
	const { rx, tx, clock } = io;
	const { addresses, conntrack, entries, entries6, forget, forget6, held, networks, ports, probes, remotes, shaper, tunnel } = state;
	const { egress } = batch;
	const expiring = /* @__PURE__ */ new Int32Array(256);
	const sent = new Uint8Array(batch.memory.slots);
	const parse = parser(batch, state);
	const established = establishedFlows(batch, state);
	const established6 = establishedFlows6(batch, state);
	const acrossFamilies = establishedAcross(batch, state);
	state.settle = (id) => hooks.settle(id);
	const sendToNodes = nodesOut(batch, state, (i, from) => {
		pushOf(i, from, tunnel.port);
		flush();
	});
	const oneNode = [0];
	let txCount = 0;
	let lastSecond = 0;
	let asked = false;
	/** Once a second. */
	function tick(second) {
		const passed = lastSecond === 0 ? 1 : second - lastSecond;
		lastSecond = second;
		state.now = second;
		state.icmpErrors = 0;
		state.icmpErrorsTo.fill(0);
		state.limits.tick();
		probes.tick();
		state.fragments.expire(second);
		countAnswered();
		state.fdb.age(second, Math.min(passed * (state.fdb.slots >> 4), state.fdb.slots));
	}
	function expire() {
		const count = conntrack.expire(state.now, expiring, EXPIRE_BUDGET);
		for (let k = 0; k < count; k++) {
			const id = expiring[k];
			if ((conntrack.egress(id, 0) & 4096) !== 0 && state.settle(id)) continue;
			retire(state, id);
			state.expired++;
		}
	}
	/** Receive descriptors to batch columns. Counts a run of frames of one port at once. */
	function take(n) {
		const { ingress, len, tail, device } = batch;
		batch.count = n;
		if (batch.moved) batch.reset();
		let from = rx[0];
		let packets = 0;
		let bytes = 0;
		for (let i = 0; i < n; i++) {
			const d = i * 4;
			const port = rx[d];
			const size = rx[d + 1] - 10;
			ingress[i] = port;
			tail[i] = rx[d + 2];
			device[i] = rx[d + 3];
			if (port !== from) {
				countRx(from, packets, bytes);
				from = port;
				packets = 0;
				bytes = 0;
			}
			if (size < 0) {
				takeRunt(i, port, rx[d + 1]);
				continue;
			}
			len[i] = size;
			packets++;
			bytes += size;
		}
		countRx(from, packets, bytes);
	}
	/** A frame without even a header, or, with a negative length, an error instead of one; `parse` drops either. */
	function takeRunt(i, port, result) {
		batch.len[i] = result < 0 ? -1 : 0;
		if (result >= 0 || result === -22) return;
		io.removePort(port);
		hooks.portGone(port, -result);
	}
	function countRx(port, packets, bytes) {
		const at = port * ROW;
		counters[at + 0] = counters[at + 0] + packets;
		counters[at + 1] = counters[at + 1] + bytes;
	}
	/** The stages, in order; each looks only at frames that are its business. */
	function decide() {
		const left = established6(established());
		if (left === 0 || acrossFamilies(left) === 0) return;
		const fromNodes = decapsulate(batch, state);
		if (fromNodes) countFromNodes();
		takeBack(batch, state);
		parse();
		returned(batch, state);
		accepted(batch, state);
		if (networks.end > 0) {
			sourceGuard(batch, state);
			l2Learn(batch, state);
			arpReply(batch, state);
			ndpReply(batch, state);
			l2Forward(batch, state);
		}
		flowLookup(batch, state);
		icmpError(batch, state);
		admit(batch, state);
		fragment(batch, state);
		ttl(batch, state);
		track(batch, state);
		rewrite(batch, state);
		record(batch, state);
		l2Out(batch, state);
		encapsulate(batch, state);
		if (fromNodes) coalesce(batch, state);
		countAnswered();
	}
	function countFromNodes() {
		for (let i = 0; i < batch.count; i++) if (ports.kind[batch.ingress[i]] === 6) countRx(batch.ingress[i], 1, batch.len[i]);
	}
	function countAnswered() {
		for (let k = 0; k < state.answeredCount; k++) countDrop(state.answered[k * 2], state.answered[k * 2 + 1]);
		state.answeredCount = 0;
	}
	/** Transmits what was decided, frames of one egress together and in order. */
	function emit() {
		const { count, len } = batch;
		const first = egress[0];
		let alike = 0;
		let bytes = 0;
		for (; alike < count && egress[alike] === first; alike++) bytes += len[alike];
		if (alike < count || first < 0 || shaper.limits > 0 && shaper.concerns(batch, first)) {
			group();
			flush();
			return;
		}
		for (let i = 0; i < count; i++) push(i, first);
		if (io.transmit(count) === 0) countTx(first, count, bytes);
		else countResults();
		txCount = 0;
	}
	function group() {
		const { count } = batch;
		sent.fill(0, 0, count);
		for (let i = 0; i < count; i++) {
			if (sent[i] === 1) continue;
			const to = egress[i];
			if (to === -3 || to === -5) flood(i, to === -3);
			else if (to === -7) {
				flush();
				sendInFragments(batch, i, batch.mark[i], state.random, () => {
					push(i, ports.uplink);
					flush();
				});
			} else if (to === -8) {
				flush();
				oneNode[0] = batch.node[i];
				toNodes(i, oneNode, batch.ingress[i]);
			} else if (to < 0) {
				if (to !== -6 && to !== -9) countDrop(batch.ingress[i], to === -1 ? batch.reason[i] : DROP_NO_FLOW);
			} else for (let j = i; j < count; j++) {
				if (egress[j] === -7 || egress[j] === -8) break;
				if (egress[j] !== to) continue;
				sent[j] = 1;
				push(j, to);
			}
		}
	}
	/** To every port of the network but the one that the frame came from, and maybe the host's or the LAN's; without icc to and from these alone. */
	function flood(i, toHost) {
		const ingress = batch.ingress[i];
		const network = ports.network[ingress];
		const toHostOnly = (networks.flags[network] & 2) !== 0 && ports.kind[ingress] !== 2 && ports.kind[ingress] !== 7;
		let copies = 0;
		const over = shaper.limits > 0 ? shaper.admitFlood(batch, i) : -1;
		if (over !== -1) {
			countDrop(over, DROP_OVER_RATE);
			return;
		}
		for (let port = 0; port < ports.end; port++) {
			const kind = ports.kind[port];
			if (kind !== 2 && kind !== 7 && kind !== 3) continue;
			if (port === ingress || ports.network[port] !== network) continue;
			if (kind === 3 ? toHostOnly : !toHost) continue;
			pushOf(i, -1, port);
			copies++;
		}
		const nodes = ports.kind[ingress] === 3 && !toHostOnly ? remotes.nodesOf(network) : NO_NODES;
		if (nodes.length > 0 && !fits(batch, i, networks.mtu[network])) countDrop(ingress, DROP_TOO_LONG);
		else if (nodes.length > 0) {
			flush();
			toNodes(i, nodes, -1);
		} else if (copies === 0) countDrop(ingress, DROP_FLOOD_ALONE);
	}
	/** As `sendToNodes`. */
	function toNodes(i, nodes, from) {
		if (!sendToNodes(i, nodes, from)) countDrop(batch.ingress[i], DROP_VNET_HEADER);
	}
	function push(i, port) {
		pushOf(i, batch.ingress[i], port);
	}
	/** `from`: the port whose bandwidth it takes; -1: none's. */
	function pushOf(i, from, port) {
		if (shaper.limits > 0) {
			const result = shaper.admit(batch, i, from, port);
			if (result >= 0) countDrop(result, DROP_OVER_RATE);
			if (result !== -1) return;
		}
		put(port, batch.len[i] + 10, batch.at[i], batch.tail[i]);
	}
	function put(port, size, at, tail) {
		if (txCount === 1024) flush();
		const d = txCount++ * 4;
		tx[d] = port;
		tx[d + 1] = size;
		tx[d + 2] = at;
		tx[d + 3] = tail;
	}
	const putSlot = (slot, port, size) => put(port, size, headAt(slot), slot);
	const countLost = (port, gone) => countDrop(port, gone ? DROP_PORT_GONE : DROP_OVER_RATE);
	/** What waited for its bandwidth. All frames of the batch are sent: its heads and tails are free. */
	function sendWaiting() {
		for (let all = false; !all; flush()) all = shaper.release(batch.memory, putSlot, countLost);
	}
	function flush() {
		if (txCount === 0) return;
		io.transmit(txCount);
		countResults();
		txCount = 0;
	}
	/** Counts what became of the transmit list, a run of frames of one port at once. */
	function countResults() {
		let to = tx[0];
		let packets = 0;
		let bytes = 0;
		for (let k = 0; k < txCount; k++) {
			const port = tx[k * 4];
			const result = tx[k * 4 + 1];
			if (port !== to) {
				countTx(to, packets, bytes);
				to = port;
				packets = 0;
				bytes = 0;
			}
			if (result < 0) {
				countDrop(port, result === -11 || result === -105 || result === -12 ? DROP_TX_FULL : DROP_TX_ERROR);
				continue;
			}
			packets++;
			bytes += result - 10;
		}
		countTx(to, packets, bytes);
	}
	function countTx(port, packets, bytes) {
		const at = port * ROW;
		counters[at + 2] = counters[at + 2] + packets;
		counters[at + 3] = counters[at + 3] + bytes;
	}
	function countDrop(port, reason) {
		const at = port * ROW + 4 + reason;
		counters[at] = counters[at] + 1;
	}
	return (spinNs, timeoutMs) => {
		const waited = held.hasReady;
		const patience = shaper.waiting > 0 ? shaper.waitMs(timeoutMs) : timeoutMs;
		const asks = !waited && !asked && probes.due;
		asked = asks;
		const wait = conntrack.behind || state.reviewAt < conntrack.end || probes.due ? 0 : patience;
		const n = waited ? held.fill(batch, 10) : asks ? probes.fill(batch, state) : io.receive(spinNs, wait);
		const second = clock[0];
		if (shaper.limits > 0) shaper.setTime(second, clock[1]);
		if (second !== lastSecond) tick(second);
		if (n > 0) {
			if (!waited && !asks) take(n);
			decide();
			if (forget.count > 0 || forget6.count > 0) hooks.forget();
			if (entries.count > 0 || entries6.count > 0) hooks.record();
			emit();
		}
		if (shaper.waiting > 0) sendWaiting();
		expire();
		if (state.reviewAt < conntrack.end) review(state);
		if (forget.count > 0 || forget6.count > 0) hooks.forget();
		if (addresses.stale) addresses.sweep();
		return n;
	};
}
// src/table/flow-file.ts
/**
* A worker's flows as a file that outlives the process, for the next one to go on with (`dataplane/adopt.ts`). The file is the memory of the
* tables, mapped: nothing is written twice, and what a SIGKILL leaves is the state of the last packet.
*
* Layout, in the machine's byte order, which is little-endian wherever this runs: a page of header; kind and addresses of each port
* (`ports.ts`), by which a row's port numbers are known again; `device` of each row (`conntrack.ts`); from the next page on the rows; from the next
* on the words of IPv6 addresses (`addresses.ts`), which rows and ports name by handles.
* The rest of the tables, hash slots, lists and port mappings, is made anew from the rows.
*
* Whoever reads a file trusts none of it. The header has a checksum, and says which boot, network namespace and layout it is of. A
* row may be torn, since the process may have died while it wrote one: the checksum deltas that it carries tell
* whether its addresses and ports belong together.
*/
/** "tsfl". */
const MAGIC = 1818653556;
/** Of this layout, of `flow-row.ts` and of the states there; another one is refused. */
const VERSION = 2;
const PAGE = 4096;
/** Words of the header. */
const MAGIC_AT = 0;
const VERSION_AT = 1;
const CHECKSUM_AT = 2;
const CAPACITY_AT = 3;
const WORKER_AT = 4;
const WORKERS_AT = 5;
const ROLE_AT = 6;
const BOOT_AT = 7;
const BOOT_WORDS = 4;
const NETNS_AT = 11;
const TIMEOUTS_AT = 13;
const HEADER_WORDS = 128;
const MAX_STATES = 114;
const KIND_AT = PAGE;
const ADDRESS_AT = 5120;
const ADDRESS6_AT = 9216;
const DEVICE_AT = 13312;
function flowFileSize(capacity) {
	return addressesAt(capacity) + addressBytes(addressCapacity(capacity) + 1);
}
/** Where the words of IPv6 addresses begin. */
function addressesAt(capacity) {
	return Math.ceil((rowsAt(capacity) + rowBytes(capacity)) / PAGE) * PAGE;
}
function addressBytes(count) {
	return count * 16;
}
/** Where the rows begin; what comes before must be there from the start. */
function rowsAt(capacity) {
	return Math.ceil((DEVICE_AT + 4 * capacity) / PAGE) * PAGE;
}
function rowBytes(count) {
	return count * 64;
}
var FlowFile = class {
	/** `buffer`: flowFileSize(capacity) bytes. */
	constructor(buffer, capacity) {
		this.capacity = capacity;
		this.header = new Int32Array(buffer, 0, HEADER_WORDS);
		this.portKind = new Uint8Array(buffer, KIND_AT, MAX_PORTS);
		this.portAddress = new Int32Array(buffer, ADDRESS_AT, MAX_PORTS);
		this.portAddress6 = new Int32Array(buffer, ADDRESS6_AT, MAX_PORTS);
		this.device = new Int32Array(buffer, DEVICE_AT, capacity);
		this.rows = new Int32Array(buffer, rowsAt(capacity), capacity << 4);
		this.addressWords = new Int32Array(buffer, addressesAt(capacity), (addressCapacity(capacity) + 1) * 4);
	}
	get worker() {
		return this.header[WORKER_AT];
	}
	get workers() {
		return this.header[WORKERS_AT];
	}
	/** Seconds by state. */
	get timeouts() {
		return this.header.subarray(14, 14 + this.header[TIMEOUTS_AT]);
	}
	/** Makes the file one that `read` takes. */
	begin(owner, worker, workers, timeouts) {
		const { header } = this;
		if (timeouts.length > MAX_STATES) throw new RangeError(`${timeouts.length} states do not fit into the header`);
		header.fill(0);
		header[VERSION_AT] = VERSION;
		header[CAPACITY_AT] = this.capacity;
		header[WORKER_AT] = worker;
		header[WORKERS_AT] = workers;
		writeOwner(header, owner);
		header[TIMEOUTS_AT] = timeouts.length;
		header.set(timeouts, 14);
		header[CHECKSUM_AT] = checksum(header);
		header[MAGIC_AT] = MAGIC;
	}
};
function writeOwner(header, { role, boot, netns }) {
	header[ROLE_AT] = role;
	header.set(boot.subarray(0, BOOT_WORDS), BOOT_AT);
	header[NETNS_AT] = netns | 0;
	header[12] = Math.floor(netns / 2 ** 32);
}
/** FNV-1a over words, of all but magic and checksum. */
function checksum(header) {
	let hash = -2128831035;
	for (let i = 0; i < HEADER_WORDS; i++) if (i !== MAGIC_AT && i !== CHECKSUM_AT) hash = Math.imul(hash ^ header[i], 16777619);
	return hash;
}
// src/engine/flow-memory.ts
/** A worker's flows in the file that it was given, and those of former processes out of theirs. */
/** Room is made for so many rows at a time: 256 KB of flows, which the kernel has cleared in some 30 µs. */
const STEP = 4096;
/** Bytes read at a time. */
const PIECE = 1 << 24;
/** Memory that is the file, which has room for all but the rows; undefined without one. */
function flowMemory(options) {
	const { flowFile, owner, conntrackMax: capacity, worker, workers, timeouts = DEFAULT_TIMEOUTS } = options;
	if (flowFile === -1 || owner === void 0) return void 0;
	const file = new FlowFile(native.mapFile(flowFile, flowFileSize(capacity)), capacity);
	file.begin(owner, worker, workers, timeouts);
	const { rows, device, portKind, portAddress, portAddress6, addressWords: words } = file;
	return {
		rows,
		device,
		portKind,
		portAddress,
		portAddress6,
		reserve: reserver(flowFile, rowsAt(capacity), rowBytes, capacity),
		addresses: {
			words,
			reserve: reserver(flowFile, addressesAt(capacity), addressBytes, words.length / 4)
		}
	};
}
/** Makes room in the file, from `at` on, for items of which `bytes(n)` is the size of n, `most` of them; answers how many it has room for. */
function reserver(fd, at, bytes, most) {
	let reserved = 0;
	return (count) => {
		const wanted = Math.min(most, Math.ceil(count / STEP) * STEP);
		if (wanted > reserved && native.reserveFile(fd, at + bytes(reserved), bytes(wanted - reserved)) === 0) reserved = wanted;
		return reserved;
	};
}
/** A copy, so that nobody can change what has been checked. A file that is shorter than it says has zeros at its end, which are no flows. */
function readFlowFile({ fd, capacity }) {
	const bytes = new Uint8Array(flowFileSize(capacity));
	for (let at = 0; at < bytes.length;) {
		const got = readSync(fd, bytes, at, Math.min(PIECE, bytes.length - at), at);
		if (got === 0) break;
		at += got;
	}
	return new FlowFile(bytes.buffer, capacity);
}
// src/engine/huge-pages.ts
/**
* Asks for huge pages behind packet memory and conntrack, before either is written. With many flows each packet looks at a slot and a row
* anywhere in the table, and with pages of 4 KiB the processor then looks up their addresses in memory, too (bench: `memory`, 1,000,000
* flows). Only speed depends on it: a kernel that has none to give is not asked twice and nobody is told.
*/
function useHugePages(memory, state) {
	for (const view of [memory.bytes, ...state.conntrack.memory]) native.adviseHugePages(view);
}
// src/engine/jit.ts
/** How V8 is to compile the packet path. To be called before the first packet. */
function tuneJit() {
	setFlagsFromString("--max-inlined-bytecode-size-cumulative=5000");
	setFlagsFromString("--max-inlined-bytecode-size=1000");
	setFlagsFromString("--interrupt-budget=1000000");
}
// src/engine/polling.ts
/**
* Whether the loop, once it has no more frames, polls for a while or sleeps at once.
*
* Polling saves a wake-up, which costs more than most packets. But on a busy machine it takes the core away from the program that would send
* the next packet. The outcome tells which is the case: a poll that finds a frame raises the score, a poll in vain lowers it. At score 0 the
* loop sleeps at once, and polls again only once in TRY_AGAIN turns, to see whether that has changed.
*/
/** Highest score, and the one to start with: so many polls in vain, one after the other, end polling. */
const MOST = 16;
/** Turns without a poll, at score 0, until one is tried. */
const TRY_AGAIN = 64;
var Polling = class {
	constructor() {
		this.score = MOST;
		this.skipped = 0;
	}
	/** Nanoseconds to poll in the next turn: `spinNs` or 0. `received`: frames of the last turn; after a turn without any there is no poll. */
	budget(received, spinNs) {
		if (received === 0) return 0;
		if (this.score > 0 || ++this.skipped >= TRY_AGAIN) return spinNs;
		return 0;
	}
	/** Takes in how a turn went: the nanoseconds that it was to poll, and how it waited (`CLOCK_WAIT`). */
	learn(spinNs, wait) {
		if (spinNs === 0) return;
		if (wait === 1) {
			if (this.score <= 0) this.score = MOST / 2;
			else if (this.score < MOST) this.score++;
			this.skipped = 0;
		} else if (wait === 2) {
			if (this.score > 0) this.score--;
			this.skipped = 0;
		}
	}
};
// src/engine/worker.ts
/**
* Entry point of a worker thread: makes an engine and runs its loop; between batches `commands.ts` does what the control thread says. The
* loop never returns to Node's event loop, so messages are fetched when the mailbox counter moves. Importing this file starts the loop.
*/
/** Idle, the loop wakes once a second for what grows old, or not at all when nothing does. */
const IDLE_MS = 1e3;
const FOREVER_MS = -1;
tuneJit();
const options = workerData;
const control = parentPort;
const mailbox = new Int32Array(options.mailbox);
const counters = new Float64Array(options.counters);
const memory = new PacketMemory();
const io = new NativeIo(memory, options.wakeFd);
const state = new State({
	...options,
	routing: new RouteQuery(),
	memory: flowMemory(options),
	awaitsFormer: options.former.length > 0
});
useHugePages(memory, state);
const polling = new Polling();
const commands = new Commands(state, io, counters, {
	tell,
	watch: (fd) => io.watch(fd),
	openFlowMap: (fd, family) => ({
		lookup: (key, value) => getElement(fd, key, value) === 0,
		put: (keys, values, count) => putBatch(fd, keys, values, count),
		delete: (keys, count) => deleteBatch(fd, keys, family === 4 ? 16 : 40, count)
	}),
	readFormer: () => options.former.map(readFlowFile)
});
const engine = new Engine(io, memory, state, counters, commands);
function tell(message) {
	control.postMessage(message);
}
function readMailbox() {
	for (let next = receiveMessageOnPort(control); next !== void 0; next = receiveMessageOnPort(control)) commands.carryOut(next.message);
}
function loop() {
	let seen = 0;
	let watched = 0;
	let received = 0;
	while (commands.running && Atomics.load(mailbox, 1) === 0) {
		const posted = Atomics.load(mailbox, 0);
		if (posted !== seen) {
			seen = posted;
			readMailbox();
			if (!commands.running) break;
		}
		const spin = polling.budget(received, options.spinNs);
		received = engine.turn(spin, state.conntrack.used > 0 || state.fdb.used > 0 || state.fragments.isWaiting ? IDLE_MS : FOREVER_MS);
		polling.learn(spin, io.clock[3]);
		if (io.clock[2] !== watched) {
			watched = io.clock[2];
			tell({ type: "readable" });
		}
	}
}
tell({ type: "ready" });
loop();
Atomics.store(mailbox, 2, state.conntrack.held);
tell({ type: "stopped" });
export {};

//# sourceMappingURL=worker.js.map