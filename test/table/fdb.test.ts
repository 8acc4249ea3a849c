import { describe, expect, it } from "vitest";
import { AGEING_SEC, Fdb, fdbKey } from "../../src/table/fdb.js";
import { Random } from "../support/random.js";

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

it.each([1, 2, 3, 4])("does what a Map does under random operations (seed %i)", (seed) => {
  const random = new Random(seed);
  const fdb = new Fdb(64, random.int32());
  const model = new Map<string, { port: number; seen: number; fixed: boolean }>();
  let now = 0;
  for (let n = 0; n < 10_000; n++) {
    const hi = random.below(3),
      lo = random.below(20),
      port = random.below(4);
    const known = model.get(`${hi}/${lo}`);
    const what = random.below(100);
    if (what < 70) {
      const room = known !== undefined || model.size < 32;
      expect(fdb.learn(hi, lo, port, now)).toBe(room && (!known?.fixed || known.port === port));
      if (room && !known?.fixed) model.set(`${hi}/${lo}`, { port, seen: now, fixed: false });
    } else if (what < 72 && (known === undefined ? model.size < 32 : !known.fixed)) {
      fdb.addStatic(hi, lo, port);
      model.set(`${hi}/${lo}`, { port, seen: -1, fixed: true });
    } else if (what < 76) {
      fdb.flushPort(port);
      for (const [k, v] of model) if (v.port === port) model.delete(k);
    } else if (what < 84) {
      now += random.below(200);
      fdb.age(now, 64);
      for (const [k, v] of model) if (!v.fixed && now - v.seen >= AGEING_SEC) model.delete(k);
    } else expect(fdb.lookup(hi, lo)).toBe(known?.port ?? -1);
    if (n % 50 === 0)
      expect(contents(fdb, now)).toEqual(new Map([...model].map(([k, v]) => [k, `${v.port}/${v.fixed ? -1 : now - v.seen}`])));
  }
});
