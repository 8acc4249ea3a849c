/** As `Undo`, at once: what was undone may be done again in the same turn. */
import { log } from "../../log.js";
import type { Undo } from "../undo.js";

export class Steps implements Pick<Undo, "add"> {
  private readonly steps: { what: string; undo: () => void }[] = [];

  add(what: string, undo: () => void): void {
    this.steps.push({ what, undo });
  }

  /** A step that fails is reported and does not stop the others. */
  run(): void {
    for (const { what, undo } of this.steps.splice(0).reverse()) {
      try {
        undo();
      } catch (error) {
        log.warn(`cannot undo '${what}': ${(error as Error).message}`);
      }
    }
  }
}
