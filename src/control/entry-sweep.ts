/**
 * Takes out of the steering's maps of flows what was left behind. A worker takes an entry out when its flow ends. But there may be some of no flow: of a process that was
 * killed, or entered in the very moment in which the flow ended. The maps forget nothing by themselves, so every now and then all entries are looked at, and soon if there
 * is no room for others. Those of other nodes are among them, which lead to the tunnels' device. What leads to a device that is none of ours, any more, leads to nobody.
 */

import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import { FLOW_KEY_SIZE, FLOW_UPLINK_AT, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import type { Workers } from "./workers.js";

const EVERY_MS = 300_000;
/** How soon it is noticed that there is no room for entries. */
const LOOK_MS = 10_000;
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
  /** Of `refused`. */
  private last = 0;
  /** Time of the last sweep, and of the last warning. */
  private sweptAt = performance.now();
  private warnedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly maps: readonly FlowsMap[],
    private readonly workers: Pick<Workers, "sweepEntries">,
    /** Whether a worker is behind the device with that interface index. */
    private readonly isOurs: (ifindex: number) => boolean,
    /** How many entries the kernel has refused since the start, for want of room or memory. */
    private readonly refused: () => number,
  ) {
    this.next();
  }

  /** Flows of a former process have been taken up: what it has left of others is of nobody now. */
  soon(): void {
    this.work(() => this.sweep());
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
    this.timer = setTimeout(() => {
      this.work(() => this.look());
      void this.running.then(() => this.next());
    }, LOOK_MS).unref();
  }

  /** One after the other. */
  private work(action: () => Promise<void>): void {
    this.running = this.running.then(action).catch((error: Error) => log.warn(`entries of no flow stay: ${error.message}`));
  }

  private async look(): Promise<void> {
    const now = performance.now();
    const refused = this.refused();
    const isFull = refused > this.last;
    if (isFull) this.warn(refused - this.last, now);
    this.last = refused;
    if (!isFull && now - this.sweptAt < EVERY_MS) return;
    this.sweptAt = now;
    await this.sweep();
  }

  private warn(entries: number, now: number): void {
    if (now - this.warnedAt < EVERY_MS) return;
    this.warnedAt = now;
    log.warn(
      `the kernel had no room, or no memory, for ${entries} entries of flows ('flow-not-recorded' in 'tsproxy stats'): new connections may fail, and what clients send is carried by TypeScript`,
    );
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
