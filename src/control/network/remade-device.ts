/**
 * A device of ours that somebody else may delete: it is made again, as often as that happens. At once at first; then with growing pauses, so that two who insist
 * keep nobody busy. Whoever deletes it for the last time waits for the pause that there is by then, and no longer.
 */
import { log } from "../../log.js";
import { isDeleted } from "../../sys/setting-up.js";
import { Undo } from "../undo.js";

/** So often it is made again at once. */
const AT_ONCE = 5;
/** Each pause is twice as long as the one before, up to the last. */
const FIRST_PAUSE_MS = 100,
  LONGEST_PAUSE_MS = 10_000;
/** Who leaves it alone for so long has stopped. */
const SETTLED_MS = 10_000;

export interface Remaking {
  /** In messages: what "was deleted by somebody else". */
  what(): string;
  /** Makes the device, up to `undo`. Whoever finds that it is gone calls `onGone`, be it more than once. Throws TSP_ERR_NO_DEVICE if it goes meanwhile. */
  make(undo: Undo, onGone: () => void): void;
  /** It is gone: said at once, before anything of it is undone. */
  onLost?(): void;
  /** It is there again. */
  onRemade?(): void;
  /** It cannot be made again, for another reason than that somebody deletes it. Default: that is said, and it is tried again. */
  onFailure?(error: Error): void;
}

export class RemadeDevice {
  /** Of the device that there is, or is being made. */
  private undo = new Undo();
  private readonly brake = new Brake();
  private work: Promise<void> = Promise.resolve();
  private endPause: () => void = () => {};
  private ends = false;

  constructor(private readonly remaking: Remaking) {}

  /** Makes it for the first time. Throws what `make` throws; `close` then undoes what was done. */
  open(): void {
    const { undo } = this;
    this.remaking.make(undo, () => this.lose(undo));
    this.brake.made(performance.now());
  }

  /** It is not made again from now on. */
  letGo(): void {
    this.ends = true;
    this.endPause();
  }

  /** Ends it. Resolves when nothing of it is left, nor of those before it. */
  async close(): Promise<void> {
    this.letGo();
    await this.work;
    await this.undo.run();
  }

  private lose(gone: Undo): void {
    if (this.ends || gone !== this.undo) return; // of a pair each device is missed, and by each worker
    this.undo = new Undo();
    this.remaking.onLost?.();
    this.work = this.remake(gone);
  }

  /** Never rejects. */
  private async remake(gone: Undo): Promise<void> {
    const { remaking, brake } = this;
    let wasSaid = false;
    let pause = this.sayDeleted();
    for (let former = gone; ; ) {
      await former.run();
      if (pause > 0) await this.pause(pause);
      if (this.ends) return;
      try {
        this.open();
        break;
      } catch (error) {
        former = this.undo;
        this.undo = new Undo();
        if (isDeleted(error)) {
          pause = this.sayDeleted();
          continue;
        }
        if (remaking.onFailure !== undefined) {
          await former.run();
          remaking.onFailure(error as Error);
          return;
        }
        if (!wasSaid) log.warn(`${remaking.what()} cannot be made again, and is tried again: ${(error as Error).message}`);
        wasSaid = true;
        pause = brake.pause(performance.now());
      }
    }
    if (wasSaid) log.warn(`${remaking.what()} is there again`);
    remaking.onRemade?.();
  }

  /** Somebody has deleted it; answers how long to wait. Who does it again and again is told of once. */
  private sayDeleted(): number {
    const { brake } = this;
    const before = brake.isOn;
    const pause = brake.pause(performance.now());
    const what = this.remaking.what();
    if (!brake.isOn) log.warn(`${what} was deleted by somebody else; it is made again`);
    else if (!before)
      log.warn(
        `${what} is deleted by somebody else again and again; it is made again after growing pauses, of ${LONGEST_PAUSE_MS / 1000} s in the end`,
      );
    return pause;
  }

  /** Not longer than until it ends. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** How long to wait before something is tried once more. */
class Brake {
  private tries = 0;
  private madeAt: number | undefined;

  get isOn(): boolean {
    return this.tries > AT_ONCE;
  }

  /** `now`: milliseconds of any clock that does not jump. */
  made(now: number): void {
    this.madeAt = now;
  }

  /** Of the next try. */
  pause(now: number): number {
    if (this.madeAt !== undefined && now - this.madeAt >= SETTLED_MS) this.tries = 0;
    this.madeAt = undefined;
    this.tries++;
    return this.isOn ? Math.min(FIRST_PAUSE_MS * 2 ** (this.tries - AT_ONCE - 1), LONGEST_PAUSE_MS) : 0;
  }
}
