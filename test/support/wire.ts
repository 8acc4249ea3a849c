/** The wire of a namespace: frames by bytes, as `packets.ts` builds them, in and out of one of its devices. */

import type { Lab } from "./lab.js";
import { bytesOf, hex } from "./packets.js";
import { type Proc, sleep } from "./proc.js";

/** Longer than a frame takes that is not dropped, with a machine that is busy. */
const QUIET_MS = 400;

export class Wire {
  private seen = 0;

  private constructor(private readonly proc: Proc) {}

  static async tap(lab: Lab, ns: string, device = "eth0"): Promise<Wire> {
    const program = new URL("programs/frames.py", import.meta.url).pathname;
    const proc = lab.start(ns, ["python3", program, device], { input: "pipe" });
    await proc.until("the wire", () => proc.stdout.startsWith("ready\n"));
    return new Wire(proc);
  }

  send(...frames: Uint8Array[]): void {
    for (const frame of frames) this.proc.write(`${hex(frame)}\n`);
  }

  /** What came in since the last call, once nothing more comes. `match`: of these frames alone. */
  async received(match: (frame: Uint8Array) => boolean = () => true): Promise<Uint8Array[]> {
    await sleep(QUIET_MS);
    const lines = this.proc.stdout.split("\n").slice(1, -1);
    const fresh = lines.slice(this.seen).filter((line) => !line.startsWith("refused"));
    this.seen = lines.length;
    return fresh.map(bytesOf).filter(match);
  }
}
