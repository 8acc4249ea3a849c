/** What has been done and how to undo it, newest first: for a failure half-way and for an orderly end alike. */
import { log } from "../log.js";

const apart = new Set<Promise<unknown>>();

/** Resolves when nothing is being undone by itself any more (`undoneApart`). What that uses, like BPF maps, is to stay until then. */
export async function allUndone(): Promise<void> {
  while (apart.size > 0) await Promise.allSettled(apart);
}

/** Has `allUndone` wait for `work`, too, which nobody else waits for. */
export function undoneApart(work: Promise<unknown>): void {
  apart.add(work);
  void work.finally(() => apart.delete(work));
}

export class Undo {
  private readonly steps: { what: string; undo: () => unknown }[] = [];
  /** What is on its way. */
  private running: Promise<void> | undefined;

  add(what: string, undo: () => unknown): void {
    this.steps.push({ what, undo });
  }

  /** Undoes everything; a step that fails is reported and does not stop the others. Who asks for it while it is on its way waits for all of it, too. */
  run(): Promise<void> {
    const { running } = this;
    this.running = running === undefined ? this.undoSteps() : running.then(() => this.undoSteps());
    return this.running;
  }

  /** The same for who fails at once and cannot wait; then `next`. */
  runApart(next: () => unknown = () => {}): void {
    undoneApart(this.run().then(async () => void (await next())));
  }

  private async undoSteps(): Promise<void> {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        log.warn(`cannot undo '${step.what}': ${(error as Error).message}`);
      }
    }
  }
}
