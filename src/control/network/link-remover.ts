/**
 * Removes devices of the host's namespace, all at once that are asked for in one turn of the event loop: the kernel waits for each step, not for each
 * device.
 */
import type { RouteSocket } from "../../sys/rtnetlink.js";

export class LinkRemover {
  private waiting: { indices: number[]; done: Promise<void> } | undefined;

  constructor(private readonly socket: Pick<RouteSocket, "deleteLinks">) {}

  /** By interface index. Resolves when they are gone; they may have been before. */
  remove(...indices: number[]): Promise<void> {
    this.waiting ??= this.begin();
    this.waiting.indices.push(...indices);
    return this.waiting.done;
  }

  private begin(): { indices: number[]; done: Promise<void> } {
    const indices: number[] = [];
    const done = new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        this.waiting = undefined;
        try {
          this.socket.deleteLinks(indices);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    return { indices, done };
  }
}
