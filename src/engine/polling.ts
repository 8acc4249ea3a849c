/**
 * Whether to look on for frames after the last one, or to sleep at once.
 *
 * Looking on saves the wake-up, which costs more than most packets; but where every core is busy it takes the core from the very program
 * that would send the next packet. Which of both it is shows in the outcome: so each look that finds something speaks for looking, each in
 * vain against it, and once in a while it is tried again.
 */
import { WAIT_SLEPT, WAIT_SPUN } from "../device/packet-io.js";

const MOST = 16;
const TRY_AGAIN = 64;

export class Polling {
  private score = MOST;
  private skipped = 0;

  /** How long to look before sleeping; `received`: frames of the last turn (after a turn without any it sleeps at once). */
  budget(received: number, spinNs: number): number {
    if (received === 0) return 0;
    if (this.score > 0 || ++this.skipped >= TRY_AGAIN) return spinNs;
    return 0;
  }

  /** What came of the turn: the budget that it had, and how it waited (`CLOCK_WAIT`). */
  learn(spinNs: number, wait: number): void {
    if (spinNs === 0) return;
    if (wait === WAIT_SPUN) {
      if (this.score <= 0) this.score = MOST / 2;
      else if (this.score < MOST) this.score++;
      this.skipped = 0;
    } else if (wait === WAIT_SLEPT) {
      if (this.score > 0) this.score--;
      this.skipped = 0;
    }
  }
}
