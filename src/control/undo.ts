/** What has been done and how to undo it, newest first: for a failure half-way and for an orderly end alike. */
import { log } from "../log.js";

const apart = new Set<Promise<void>>();

/** Resolves when nothing is being undone by itself any more (`Undo.runApart`). What that uses, like BPF maps, is to stay until then. */
export async function allUndone(): Promise<void> {
  while (apart.size > 0) await Promise.all(apart);
}

export class Undo {
  private readonly steps: { what: string; undo: () => unknown }[] = [];

  add(what: string, undo: () => unknown): void {
    this.steps.push({ what, undo });
  }

  /** Undoes everything; a step that fails is reported and does not stop the others. */
  async run(): Promise<void> {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        log.warn(`cannot undo '${step.what}': ${(error as Error).message}`);
      }
    }
  }

  /** The same for who fails at once and cannot wait; then `next`. */
  runApart(next: () => unknown = () => {}): void {
    const run = this.run().then(async () => void (await next()));
    apart.add(run);
    void run.finally(() => apart.delete(run));
  }
}
