/** Reads what the kernel reports a change of. Nobody waits for that who could be told of a failure: it is said, and read once more in a second, as often as it fails. */
import { log } from "../log.js";

const AGAIN_MS = 1000;

export class Reread {
  private later: NodeJS.Timeout | undefined;

  /** `what`: as in "… cannot be read". */
  constructor(
    private readonly what: string,
    private readonly read: () => void,
  ) {}

  /** `first`: instead of `read`, this once. */
  run(first = this.read): void {
    try {
      first();
    } catch (error) {
      this.again(error as Error);
    }
  }

  close(): void {
    clearTimeout(this.later);
  }

  /** Further failures until then do not put it off. */
  private again(error: Error): void {
    if (this.later !== undefined) return;
    log.warn(`${this.what} cannot be read, and will be once more in a second: ${error.message}`);
    this.later = setTimeout(() => {
      this.later = undefined;
      this.run();
    }, AGAIN_MS);
    this.later.unref();
  }
}
