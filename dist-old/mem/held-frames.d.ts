/**
 * Frames that are to wait for another one, as later fragments do for the first (`dataplane/fragment.ts`): copied out of the batch, whose heads
 * are needed for the next frames, and put into a batch of their own when their time has come.
 *
 * `HELD_FRAMES` slots of `ROOM` bytes, taken up front; nobody has more than `MOST_OF_ONE` of them. Frames that wait for the same one are a list,
 * newest first. No time here.
 */
import type { Batch } from "./batch.js";
export declare const HELD_FRAMES = 128;
/** A datagram of 64 KiB in reverse order, in fragments of 1,500 bytes, is 44 of them. */
export declare const MOST_OF_ONE = 48;
export declare class HeldFrames {
    private readonly bytes;
    private readonly next;
    private readonly size;
    private readonly port;
    private readonly owner;
    private readonly goesOn;
    private free;
    /** Frames whose time has come, in the order in which they go on. */
    private ready;
    /**
     * Copies frame `i` of the batch before the list that begins with `list`; the new beginning, or -1 when there is no room for it. `owner`: who has
     * sent it, raw address. `goesOn`: the frame itself goes on all the same.
     */
    hold(b: Batch, i: number, headerSize: number, list: number, owner: number, goesOn: boolean): number;
    /** The frames of the list are to go on, oldest first. */
    release(list: number): void;
    /** Frees the first of the list, which is of no use; the rest of it, or -1. */
    drop(list: number): number;
    /** Port that a frame came in by; -1: it went on when it came. */
    lostBy(slot: number): number;
    /** Frames here that did not go on when they came: each is to be sent or to be counted as a drop. */
    get kept(): number;
    get hasReady(): boolean;
    /** Fills the batch with frames that are to go on, as they came in, and frees them. Answers how many. */
    fill(b: Batch, headerSize: number): number;
    private countOf;
}
