/**
 * Whether the loop, once it has no more frames, polls for a while or sleeps at once.
 *
 * Polling saves a wake-up, which costs more than most packets. But on a busy machine it takes the core away from the program that would send
 * the next packet. The outcome tells which is the case: a poll that finds a frame raises the score, a poll in vain lowers it. At score 0 the
 * loop sleeps at once, and polls again only once in TRY_AGAIN turns, to see whether that has changed.
 */
import { WAIT_SLEPT, WAIT_SPUN } from "../device/packet-io.js";
/** Highest score, and the one to start with: so many polls in vain, one after the other, end polling. */
const MOST = 16;
/** Turns without a poll, at score 0, until one is tried. */
const TRY_AGAIN = 64;
export class Polling {
    constructor() {
        this.score = MOST;
        this.skipped = 0;
    }
    /** Nanoseconds to poll in the next turn: `spinNs` or 0. `received`: frames of the last turn; after a turn without any there is no poll. */
    budget(received, spinNs) {
        if (received === 0)
            return 0;
        if (this.score > 0 || ++this.skipped >= TRY_AGAIN)
            return spinNs;
        return 0;
    }
    /** Takes in how a turn went: the nanoseconds that it was to poll, and how it waited (`CLOCK_WAIT`). */
    learn(spinNs, wait) {
        if (spinNs === 0)
            return;
        if (wait === WAIT_SPUN) {
            if (this.score <= 0)
                this.score = MOST / 2;
            else if (this.score < MOST)
                this.score++;
            this.skipped = 0;
        }
        else if (wait === WAIT_SLEPT) {
            if (this.score > 0)
                this.score--;
            this.skipped = 0;
        }
    }
}
//# sourceMappingURL=polling.js.map