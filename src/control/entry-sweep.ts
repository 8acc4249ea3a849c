/**
 * Takes out of the steering's maps of flows what was left behind. A worker takes an entry out when its flow ends. But there may be some of no flow: of a process that was
 * killed, or entered in the very moment in which the flow ended. The maps forget nothing by themselves, so every now and then all entries are looked at, those of
 * other nodes among them, which lead to the tunnels' device. What leads to a device that is none of ours, any more, leads to nobody.
 */

import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import { FLOW_KEY_SIZE, FLOW_UPLINK_AT, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import type { Workers } from "./workers.js";

const EVERY_MS = 300_000;
/** Entries that are looked at together: few, as packets wait meanwhile. */
const AT_ONCE = 1024;

/** One of the maps, and whose packets' keys are in it. */
export interface FlowsMap {
  fd: number;
  family: 4 | 6;
}

export class EntrySweep {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly maps: readonly FlowsMap[],
    private readonly workers: Pick<Workers, "sweepEntries">,
    /** Whether a worker is behind the device with that interface index. */
    private readonly isOurs: (ifindex: number) => boolean,
  ) {
    this.next();
  }

  /** Goes through all the maps once. */
  async sweep(): Promise<void> {
    for (const { fd, family } of this.maps) await this.sweepOne(fd, family);
  }

  /** To be waited for before the maps are closed. */
  close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    return this.running;
  }

  private next(): void {
    if (this.closed) return;
    const run = (): void => {
      this.running = this.sweep()
        .catch((error: Error) => log.warn(`entries of no flow stay: ${error.message}`))
        .then(() => this.next());
    };
    this.timer = setTimeout(run, EVERY_MS).unref();
  }

  private async sweepOne(fd: number, family: 4 | 6): Promise<void> {
    const [keyWords, valueWords] = (family === 4 ? [FLOW_KEY_SIZE, FLOW_VALUE_SIZE] : [FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE]).map(
      (size) => size / 4,
    ) as [number, number];
    const keys = new Int32Array(AT_ONCE * keyWords);
    const values = new Int32Array(AT_ONCE * valueWords);
    const position = new bpf.MapPosition();
    while (!this.closed && !position.isLast) {
      const count = await bpf.apart(position.read(fd, keys, values, AT_ONCE));
      if (this.closed || count === 0) continue;
      const uplinks = Int32Array.from({ length: count }, (_, i) => values[i * valueWords + FLOW_UPLINK_AT / 4]!);
      this.takeOutLost(fd, keys, keyWords, uplinks);
      await this.workers.sweepEntries(family, keys.subarray(0, count * keyWords), uplinks);
    }
  }

  /** Those that lead to no device of ours, which no worker answers for. */
  private takeOutLost(fd: number, keys: Int32Array, keyWords: number, uplinks: Int32Array): void {
    const lost = new Int32Array(uplinks.length * keyWords);
    let count = 0;
    for (const [i, uplink] of uplinks.entries())
      if (!this.isOurs(uplink)) lost.set(keys.subarray(i * keyWords, (i + 1) * keyWords), count++ * keyWords);
    if (count > 0) bpf.deleteBatch(fd, new Uint8Array(lost.buffer), keyWords * 4, count);
  }
}
