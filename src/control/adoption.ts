/**
 * Has the workers go on with the flows that a former process left (`flow-files.ts`): what is published at the start at once, the rest as networks and
 * ports come again, for some seconds.
 */
import type { Adopted } from "../engine/messages.js";
import { log } from "../log.js";
import type { FlowFiles } from "./flow-files.js";
import type { Workers } from "./workers.js";

/** So long a flow waits for what it needs: launchers come back within a second, and a client's TCP is patient for longer than this. */
const PATIENCE_MS = 10_000;
/** Ports that come together are looked at together. */
const TOGETHER_MS = 20;

export class Adoption {
  private timer: NodeJS.Timeout | undefined;
  private deadline = 0;
  private waiting = false;

  constructor(
    private readonly workers: Workers,
    private readonly files: FlowFiles | undefined,
    private readonly onEnd: () => void,
  ) {}

  /** What is there is there now. `all`: nothing more will come, so what waits still is given up. */
  async begin(all: boolean): Promise<void> {
    if (this.files === undefined || this.files.former.length === 0) return;
    this.waiting = true;
    this.deadline = performance.now() + PATIENCE_MS;
    await this.look(all);
  }

  /** Something was published, or a network or an endpoint was made. */
  soon(): void {
    if (this.waiting) this.lookIn(TOGETHER_MS);
  }

  close(): void {
    this.waiting = false;
    clearTimeout(this.timer);
  }

  private lookIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(performance.now() >= this.deadline), ms);
  }

  private async look(last: boolean): Promise<void> {
    const sum = await this.workers.adopt(last);
    if (!this.waiting) return;
    if (sum.left > 0) this.lookIn(Math.max(0, this.deadline - performance.now()));
    else this.end(sum);
  }

  private end({ taken, lost }: Adopted): void {
    this.close();
    this.files?.endFormer(taken > 0);
    this.onEnd();
    log.info(`flows of the process before: ${taken} go on${lost > 0 ? `, ${lost} could not` : ""}`);
  }
}
