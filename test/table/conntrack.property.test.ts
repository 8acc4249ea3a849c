/** Conntrack against a plain Map that does the same the obvious way, under thousands of random operations. */
import { describe, expect, it } from "vitest";
import { Conntrack, DEFAULT_TIMEOUTS, HELD, NewFlow, PHASES } from "../../src/table/conntrack.js";
import { Random } from "../support/random.js";

interface Entry {
  id: number;
  proto: number;
  state: number;
  tuples: [number[], number[]];
  deadline: number;
  packets: [number, number];
  /** Order of coming into its state, or of the first packet of a second. */
  order: number;
}

const key = (proto: number, tuple: number[]): string => `${proto}/${tuple.join("/")}`;

class Model {
  readonly entries = new Map<number, Entry>();
  readonly tuples = new Map<string, number>();
  private serial = 0;

  constructor(
    private readonly real: Conntrack,
    private readonly random: Random,
    private now = 5000,
  ) {}

  /** Few values, so that tuples collide and clusters are long. */
  private tuple(): number[] {
    return [this.random.below(6), this.random.below(6), this.random.below(40)];
  }

  private setState(entry: Entry, state: number): void {
    entry.state = state;
    entry.deadline = this.now + this.real.timeouts[state]!;
    entry.order = ++this.serial;
  }

  private any(): Entry | undefined {
    return this.entries.size === 0 ? undefined : this.random.pick([...this.entries.values()]);
  }

  private forget(entry: Entry): void {
    this.real.remove(entry.id);
    this.entries.delete(entry.id);
    for (const tuple of entry.tuples) this.tuples.delete(key(entry.proto, tuple));
  }

  insert(): void {
    const proto = this.random.pick([6, 17, 1]);
    const tuples: [number[], number[]] = [this.tuple(), this.tuple()];
    const keys = tuples.map((tuple) => key(proto, tuple));
    if (keys[0] === keys[1] || keys.some((k) => this.tuples.has(k))) return;
    const state = this.random.below(DEFAULT_TIMEOUTS.length);
    const [a, b] = tuples as [[number, number, number], [number, number, number]];
    const [src, dst, ports] = a;
    const [replySrc, replyDst, replyPorts] = b;
    const flow = Object.assign(new NewFlow(), { proto, state, src, dst, ports, replySrc, replyDst, replyPorts });
    const id = this.real.insert(flow, this.now);
    expect(id === -1).toBe(this.entries.size === this.real.capacity);
    if (id === -1) return;
    expect(this.entries.has(id)).toBe(false);
    const entry: Entry = { id, proto, state, tuples, deadline: 0, packets: [0, 0], order: 0 };
    this.setState(entry, state);
    this.entries.set(id, entry);
    for (const [dir, k] of keys.entries()) this.tuples.set(k, id * 2 + dir);
  }

  step(): void {
    const entry = this.any();
    const what = this.random.below(100);
    if (what < 45 || entry === undefined) this.insert();
    else if (what < 65) this.forget(entry);
    else if (what < 80) {
      const state = this.random.below(DEFAULT_TIMEOUTS.length);
      this.real.setState(entry.id, state, this.now);
      this.setState(entry, state);
    } else if (what < 92) {
      const dir = this.random.below(2);
      this.real.touch(entry.id, dir, this.now);
      const deadline = this.now + this.real.timeouts[entry.state]!;
      if (deadline !== entry.deadline) entry.order = ++this.serial;
      entry.deadline = deadline;
      entry.packets[dir]!++;
    } else this.pass(this.random.pick([1, 1, 7, 61, 300]));
  }

  /** Time goes by; exactly those whose deadline came are collected. */
  private pass(seconds: number): void {
    this.now += seconds;
    const due = [...this.entries.values()].filter((entry) => entry.deadline <= this.now);
    const out = new Int32Array(this.real.capacity);
    const found = [...out.subarray(0, this.real.expire(this.now, out, 1 << 20))];
    expect(found.sort((a, b) => a - b)).toEqual(due.map((entry) => entry.id).sort((a, b) => a - b));
    for (const entry of due) this.forget(entry);
  }

  check(): void {
    expect(this.real.used).toBe(this.entries.size);
    for (const [state, phase] of PHASES.entries()) {
      const all = [...this.entries.values()].filter((entry) => entry.state === state).sort((a, b) => a.order - b.order);
      expect(this.real.population[state]).toBe(all.length);
      if (phase !== HELD) expect(this.inOrder(state)).toEqual(all.map((entry) => entry.id));
    }
    for (const { id, proto, state, deadline, packets, tuples } of this.entries.values()) {
      expect([this.real.isLive(id), this.real.protocol(id), this.real.state(id), this.real.deadline(id)]).toEqual([
        true,
        proto,
        state,
        deadline,
      ]);
      expect([this.real.packets(id, 0), this.real.packets(id, 1)]).toEqual(packets);
      for (const dir of [0, 1] as const) expect(this.lookup(proto, tuples[dir])).toBe(id * 2 + dir);
    }
    for (let n = 0; n < 50; n++) {
      const [proto, tuple] = [this.random.pick([6, 17, 1]), this.tuple()];
      expect(this.lookup(proto, tuple)).toBe(this.tuples.get(key(proto, tuple)) ?? -1);
    }
  }

  private inOrder(state: number): number[] {
    const ids: number[] = [];
    for (let id = this.real.oldest(state); id !== -1; id = this.real.next(id)) ids.push(id);
    return ids;
  }

  private lookup(proto: number, tuple: number[]): number {
    return this.real.lookup(tuple[0]!, tuple[1]!, tuple[2]!, proto);
  }
}

describe.each([1, 7, 64, 300])("with %i entries", (capacity) => {
  it.each([1, 2, 3])("does what the model does (seed %i)", (seed) => {
    const random = new Random(seed * 7919 + capacity);
    const real = new Conntrack(capacity, random.int32());
    real.expire(5000, new Int32Array(1), 1);
    const model = new Model(real, random);
    for (let n = 0; n < 4000; n++) {
      model.step();
      if (n % 40 === 0) model.check();
    }
    model.check();
  });
});

it("finds all others when tuples with the same home slot come and go (clusters that wrap round the end)", () => {
  const t = new Conntrack(16, 12345); // 64 slots
  const home = (n: number): number => t.hash(n, 1, 1, 6) & 63;
  for (const slot of [0, 62, 63]) {
    const sources: number[] = [];
    for (let n = 0; sources.length < 12; n++) if (home(n) === slot || home(n) === ((slot + 1) & 63)) sources.push(n);
    const tuples = { dst: 1, ports: 1, replyDst: 2, replyPorts: 2 };
    const ids = sources.map((n) => t.insert(Object.assign(new NewFlow(), { proto: 6, src: n, replySrc: n, ...tuples }), 0));
    const left = new Map(sources.map((n, i) => [n, ids[i]!]));
    for (const n of [3, 0, 11, 5, 7, 1, 2, 4, 6, 8, 9, 10].map((i) => sources[i]!)) {
      t.remove(left.get(n)!);
      left.delete(n);
      expect(t.lookup(n, 1, 1, 6)).toBe(-1);
      for (const [other, id] of left) expect(t.lookup(other, 1, 1, 6), `slot ${slot}`).toBe(id * 2);
    }
  }
});
