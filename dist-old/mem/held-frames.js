import { HEAD_SIZE } from "./packet-memory.js";
export const HELD_FRAMES = 128;
/** A datagram of 64 KiB in reverse order, in fragments of 1,500 bytes, is 44 of them. */
export const MOST_OF_ONE = 48;
/** A frame of 9,000 bytes with its headers; longer ones do not wait. */
const ROOM = 9 * 1024;
const NONE = -1;
export class HeldFrames {
    constructor() {
        this.bytes = new Uint8Array(HELD_FRAMES * ROOM);
        this.next = new Int32Array(HELD_FRAMES).map((_, n) => (n + 1 < HELD_FRAMES ? n + 1 : NONE));
        this.size = new Int32Array(HELD_FRAMES); // with the virtio-net header; 0: free
        this.port = new Int32Array(HELD_FRAMES);
        this.owner = new Int32Array(HELD_FRAMES);
        this.goesOn = new Uint8Array(HELD_FRAMES);
        this.free = 0;
        /** Frames whose time has come, in the order in which they go on. */
        this.ready = NONE;
    }
    /**
     * Copies frame `i` of the batch before the list that begins with `list`; the new beginning, or -1 when there is no room for it. `owner`: who has
     * sent it, raw address. `goesOn`: the frame itself goes on all the same.
     */
    hold(b, i, headerSize, list, owner, goesOn) {
        const size = b.len[i] + headerSize;
        const slot = this.free;
        if (slot === NONE || size > ROOM || this.countOf(owner) >= MOST_OF_ONE)
            return NONE;
        this.free = this.next[slot];
        const inHead = Math.min(size, HEAD_SIZE);
        put(this.bytes, slot * ROOM, b.memory.bytes, b.at[i], inHead);
        if (size > inHead)
            put(this.bytes, slot * ROOM + inHead, b.memory.bytes, b.memory.tailAt(b.tail[i]), size - inHead);
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
        while (slot !== NONE) {
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
        for (let slot = 0; slot < HELD_FRAMES; slot++)
            if (this.size[slot] !== 0 && this.goesOn[slot] === 0)
                n++;
        return n;
    }
    get hasReady() {
        return this.ready !== NONE;
    }
    /** Fills the batch with frames that are to go on, as they came in, and frees them. Answers how many. */
    fill(b, headerSize) {
        const { memory } = b;
        if (b.moved)
            b.reset();
        let n = 0;
        for (; n < memory.slots && this.ready !== NONE; n++) {
            const slot = this.ready;
            const size = this.size[slot];
            const inHead = Math.min(size, HEAD_SIZE);
            put(memory.bytes, b.at[n], this.bytes, slot * ROOM, inHead);
            if (size > inHead)
                put(memory.bytes, memory.tailAt(n), this.bytes, slot * ROOM + inHead, size - inHead);
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
        for (let slot = 0; slot < HELD_FRAMES; slot++)
            if (this.size[slot] !== 0 && this.owner[slot] === owner)
                n++;
        return n;
    }
}
/** Copies without an object for the part, as `set` and `subarray` would make one. */
function put(to, at, from, start, len) {
    for (let k = 0; k < len; k++)
        to[at + k] = from[start + k];
}
//# sourceMappingURL=held-frames.js.map