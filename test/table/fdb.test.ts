import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGEING_SEC, Fdb, fdbKey } from "../../src/table/fdb.js";

/** All that is known, for comparison: "hi/lo" to "port/age". */
function contents(fdb: Fdb, now: number): Map<string, string> {
  const all = new Map<string, string>();
  fdb.forEach(now, (hi, lo, port, age) => all.set(`${hi}/${lo}`, `${port}/${age}`));
  return all;
}

describe("learning (IEEE 802.1D-2004 §7.8)", () => {
  it("learns, refreshes and moves a station", () => {
    const fdb = new Fdb(64, 1);
    expect(fdb.lookup(1, 2)).toBe(-1);
    expect(fdb.learn(1, 2, 5, 10)).toBe(true);
    expect(fdb.lookup(1, 2)).toBe(5);
    expect(fdb.learn(1, 2, 6, 20)).toBe(true);
    expect(fdb.lookup(1, 2)).toBe(6);
    expect(contents(fdb, 25)).toEqual(new Map([["1/2", "6/5"]]));
    expect(fdb.used).toBe(1);
  });

  it("keeps the same MAC in two networks apart", () => {
    const fdb = new Fdb(64, 1);
    for (const network of [0, 1, 255]) fdb.learn(fdbKey(0xffff, network), 2, network + 1, 0);
    for (const network of [0, 1, 255]) expect(fdb.lookup(fdbKey(0xffff, network), 2)).toBe(network + 1);
    expect(fdb.lookup(fdbKey(0xffff, 2), 2)).toBe(-1);
  });

  it("learns no more than half of its slots, counts what it could not, and keeps what it knows", () => {
    const fdb = new Fdb(64, 1);
    for (let n = 0; n < 40; n++) expect(fdb.learn(0, n, 3, 0), `${n}`).toBe(n < 32);
    expect([fdb.used, fdb.full]).toEqual([32, 8]);
    expect(fdb.lookup(0, 31)).toBe(3);
    expect(fdb.lookup(0, 32)).toBe(-1);
    expect(fdb.learn(0, 5, 4, 0)).toBe(true); // who is known may still move
    expect(fdb.lookup(0, 5)).toBe(4);
  });
});

describe("static entries", () => {
  it("neither move nor age", () => {
    const fdb = new Fdb(64, 1);
    fdb.addStatic(1, 2, 5);
    expect(fdb.learn(1, 2, 6, 10)).toBe(false);
    expect(fdb.learn(1, 2, 5, 10)).toBe(true);
    fdb.age(1_000_000, 64);
    expect(fdb.lookup(1, 2)).toBe(5);
    expect(contents(fdb, 10)).toEqual(new Map([["1/2", "5/-1"]]));
  });

  it("take the place of a learned one", () => {
    const fdb = new Fdb(64, 1);
    fdb.learn(1, 2, 6, 10);
    fdb.addStatic(1, 2, 5);
    fdb.learn(1, 2, 6, 20);
    expect(fdb.lookup(1, 2)).toBe(5);
  });

  it("are taken even when learned ones have filled the table: nobody can crowd out a configured endpoint", () => {
    const fdb = new Fdb(64, 1);
    for (let n = 0; n < 40; n++) fdb.learn(0, n, 3, 0);
    fdb.addStatic(1, 2, 5);
    expect(fdb.lookup(1, 2)).toBe(5);
    expect(fdb.learn(1, 2, 3, 0)).toBe(false);
  });
});

describe("ageing (IEEE 802.1D-2004 §7.9.2)", () => {
  it("forgets a station 300 seconds after its last frame, not earlier", () => {
    const fdb = new Fdb(64, 1);
    fdb.learn(1, 2, 5, 0);
    fdb.learn(1, 2, 5, 100);
    fdb.age(100 + AGEING_SEC - 1, 64);
    expect(fdb.lookup(1, 2)).toBe(5);
    fdb.age(100 + AGEING_SEC, 64);
    expect(fdb.lookup(1, 2)).toBe(-1);
    expect([fdb.used, AGEING_SEC]).toEqual([0, 300]);
  });

  it("sweeps the whole table in shares", () => {
    const fdb = new Fdb(64, 1);
    for (let n = 0; n < 32; n++) fdb.learn(0, n, 3, 0);
    for (let share = 0; share < 16; share++) fdb.age(1000, 4);
    expect(fdb.used).toBe(0);
  });
});

it("flushes what is behind one port, and only that", () => {
  for (let seed = 0; seed < 200; seed++) {
    const fdb = new Fdb(16, seed);
    for (let n = 0; n < 8; n++) fdb.learn(0, n, n % 2, 0);
    fdb.flushPort(1);
    for (let n = 0; n < 8; n++) expect(fdb.lookup(0, n), `seed ${seed}, station ${n}`).toBe(n % 2 === 0 ? 0 : -1);
  }
});

/** Few stations, so that they meet again and clusters are long; more than fit. */
const operation = fc.record({
  what: fc.oneof(
    { weight: 70, arbitrary: fc.constant("learn" as const) },
    { weight: 2, arbitrary: fc.constant("addStatic" as const) },
    { weight: 4, arbitrary: fc.constant("flushPort" as const) },
    { weight: 8, arbitrary: fc.constant("age" as const) },
    { weight: 16, arbitrary: fc.constant("lookup" as const) },
  ),
  hi: fc.nat(2),
  lo: fc.nat(19),
  port: fc.nat(3),
  seconds: fc.nat(199),
});

it("does what a Map does, whatever the order of operations", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(operation, { minLength: 100, maxLength: 300 }), (seed, operations) => {
      const fdb = new Fdb(64, seed | 0);
      const model = new Map<string, { port: number; seen: number; fixed: boolean }>();
      let now = 0;
      for (const { what, hi, lo, port, seconds } of operations) {
        const known = model.get(`${hi}/${lo}`);
        const room = known !== undefined || model.size < 32;
        if (what === "learn") {
          expect(fdb.learn(hi, lo, port, now)).toBe(room && (!known?.fixed || known.port === port));
          if (room && !known?.fixed) model.set(`${hi}/${lo}`, { port, seen: now, fixed: false });
        } else if (what === "addStatic" && room && !known?.fixed) {
          fdb.addStatic(hi, lo, port);
          model.set(`${hi}/${lo}`, { port, seen: -1, fixed: true });
        } else if (what === "flushPort") {
          fdb.flushPort(port);
          for (const [k, v] of model) if (v.port === port) model.delete(k);
        } else if (what === "age") {
          now += seconds;
          fdb.age(now, 64);
          for (const [k, v] of model) if (!v.fixed && now - v.seen >= AGEING_SEC) model.delete(k);
        } else if (what === "lookup") expect(fdb.lookup(hi, lo)).toBe(known?.port ?? -1);
        expect(fdb.used).toBe(model.size);
      }
      expect(contents(fdb, now)).toEqual(new Map([...model].map(([k, v]) => [k, `${v.port}/${v.fixed ? -1 : now - v.seen}`])));
      for (const [k, { port }] of model) expect(fdb.lookup(...(k.split("/").map(Number) as [number, number]))).toBe(port);
    }),
  );
});
