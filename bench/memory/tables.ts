/** Tables by themselves, one process a case: `node tables.js insert|expire|ports|bytes COUNT`. Prints one line of JSON. */
import type { State } from "../../src/dataplane/state.js";
import { tuneJit } from "../../src/engine/jit.js";
import { Conntrack } from "../../src/table/conntrack.js";
import { NatPool } from "../../src/table/nat-pool.js";
import { secureRandom } from "../../src/table/random.js";
import { time } from "./timing.js";
import { client, clientPort, fill, makeState, NOW } from "./traffic.js";

/** As the wheel in the engine: per call at most so many are looked at. */
const BUDGET = 1024;
const ESTABLISHED_SEC = 7440;
const TCP = 6;

/** Nanoseconds of one thing when `action` does `count` of them, once: what fills or empties a table cannot be repeated in place. */
function once(count: number, action: () => void): number {
  const start = process.hrtime.bigint();
  action();
  return Number(process.hrtime.bigint() - start) / count;
}

/** Compiled code, as in a process that has run for a while. */
function warmTables(): void {
  for (let round = 0; round < 20; round++) expireAll(filled(2000));
}

function filled(count: number): State {
  const state = makeState(count);
  fill(state, count);
  return state;
}

function expireAll(state: State): void {
  const { conntrack } = state;
  const out = new Int32Array(256);
  while (conntrack.used > 0) {
    const found = conntrack.expire(NOW + ESTABLISHED_SEC + 1, out, BUDGET);
    for (let i = 0; i < found; i++) conntrack.remove(out[i]!);
  }
}

const cases: Record<string, (count: number) => Record<string, number>> = {
  insert: (count) => {
    warmTables();
    const state = makeState(count);
    return { ns: once(count, () => fill(state, count)) };
  },

  expire: (count) => {
    warmTables();
    const state = filled(count);
    return { ns: once(count, () => expireAll(state)) };
  },

  /** Takes and gives back one port of an address that has 1 % of its ports left, and for comparison of one with all of them. */
  ports: () => {
    const first = 10_240,
      last = 32_767;
    const outside = client(0);
    const measure = (taken: number): number => {
      const pool = new NatPool(first, last, 0x5eed, secureRandom());
      for (let k = 0; k < taken; k++) pool.acquire(TCP, client(k), clientPort(k), outside);
      let k = taken;
      const step = (): void => {
        pool.release(pool.acquire(TCP, client(k), clientPort(k), outside), client(k), clientPort(k));
        k = k === 60_000 ? taken : k + 1;
      };
      return time("ports", 1, step, 1).ns;
    };
    return { ns: measure(Math.floor((last - first + 1) * 0.99)), empty: measure(0) };
  },

  /** What all typed arrays of the table take, by entry. */
  bytes: (count) => {
    const columns = Object.values(new Conntrack(count, 1)).filter((column) => ArrayBuffer.isView(column));
    const memory = new Set(columns.map(({ buffer }) => buffer)); // one may be seen as words and as half words
    const total = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { bytes: total / count };
  },
};

tuneJit();
const [name = "", count = "100000"] = process.argv.slice(2);
console.log(JSON.stringify(cases[name]!(Number(count))));
