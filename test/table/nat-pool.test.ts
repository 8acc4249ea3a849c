import { describe, expect, it } from "vitest";
import { NatPool } from "../../src/table/nat-pool.js";
import { rawHalf } from "../../src/wire/raw.js";
import { workerOf } from "../../src/wire/spread.js";
import { raw } from "../support/dataplane.js";
import { Random } from "../support/random.js";

const UDP = 17,
  TCP = 6;
const OUT = raw("192.0.2.1"),
  OUT2 = raw("192.0.2.2"),
  A = raw("172.17.0.4"),
  B = raw("172.17.0.5");

function pool(first = 61000, last = 61099): NatPool {
  return new NatPool(first, last, 42, new Random(3).next);
}

describe("mapping", () => {
  it("is the same for all flows of an inside endpoint (RFC 4787 REQ-1), and ends with the last", () => {
    const p = pool();
    const id = p.acquire(UDP, A, rawHalf(5000), OUT);
    const port = p.portOf(id);
    expect(p.acquire(UDP, A, rawHalf(5000), OUT)).toBe(id);
    expect(p.acquire(UDP, A, rawHalf(5000), OUT)).toBe(id);
    p.release(id);
    p.release(id);
    expect([p.used, p.portOf(p.acquire(UDP, A, rawHalf(5000), OUT))]).toEqual([1, port]);
    p.release(id);
    p.release(id);
    expect(p.used).toBe(0);
    expect(p.portOf(p.acquire(UDP, A, rawHalf(5000), OUT))).not.toBe(port);
  });

  it("differs by inside address, inside port, protocol and outside address", () => {
    const p = pool();
    const ids = [
      p.acquire(UDP, A, rawHalf(5000), OUT),
      p.acquire(UDP, B, rawHalf(5000), OUT),
      p.acquire(UDP, A, rawHalf(5001), OUT),
      p.acquire(TCP, A, rawHalf(5000), OUT),
      p.acquire(UDP, A, rawHalf(5000), OUT2),
    ];
    expect(new Set(ids).size).toBe(5);
  });

  it("is of one flow alone when exclusive", () => {
    const p = pool();
    const shared = p.acquire(TCP, A, rawHalf(5000), OUT);
    const [x, y] = [p.acquireExclusive(TCP, OUT), p.acquireExclusive(TCP, OUT)];
    expect(new Set([shared, x, y].map((id) => p.portOf(id))).size).toBe(3);
    p.release(x);
    p.release(y);
    expect([p.used, p.acquire(TCP, A, rawHalf(5000), OUT)]).toEqual([1, shared]);
  });
});

describe("ports", () => {
  it("are all of the range, each once (REQ-3), then none", () => {
    const p = pool();
    const ports = Array.from({ length: 100 }, (_, n) => rawHalf(p.portOf(p.acquire(UDP, A, n, OUT))));
    expect(ports.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => 61000 + n));
    expect(ports).not.toEqual(ports.toSorted((a, b) => a - b)); // in no order that one could guess (RFC 6056)
    expect([p.acquire(UDP, A, 100, OUT), p.acquireExclusive(UDP, OUT), p.used]).toEqual([-1, -1, 100]);
    expect(p.acquire(TCP, A, 100, OUT)).not.toBe(-1); // another protocol's are its own
    expect(p.acquire(UDP, A, 100, OUT2)).not.toBe(-1);
    expect(p.acquire(UDP, A, 50, OUT)).not.toBe(-1); // who has one keeps it
  });

  it("rest as long as possible: the one given back first is the next", () => {
    const p = pool();
    const ids = Array.from({ length: 100 }, () => p.acquireExclusive(UDP, OUT));
    const back = [7, 93, 0, 41].map((n) => ids[n]!);
    const ports = back.map((id) => p.portOf(id));
    for (const id of back) p.release(id);
    expect(ports.map(() => p.portOf(p.acquireExclusive(UDP, OUT)))).toEqual(ports);
    expect(p.acquireExclusive(UDP, OUT)).toBe(-1);
  });

  it("of a range of one are given, and given again", () => {
    const p = pool(61000, 61000);
    for (let n = 0; n < 3; n++) {
      const id = p.acquire(UDP, A, n, OUT);
      expect(rawHalf(p.portOf(id))).toBe(61000);
      expect(p.acquire(UDP, B, n, OUT)).toBe(-1);
      p.release(id);
    }
  });

  it.each([2, 3, 8])("are divided between %i workers: none twice, none lost, each leading back to its worker", (workers) => {
    const all: number[] = [];
    for (let worker = 0; worker < workers; worker++) {
      const p = new NatPool(61000, 62023, 42, new Random(worker).next, worker, workers);
      for (let id = p.acquireExclusive(TCP, OUT); id !== -1; id = p.acquireExclusive(TCP, OUT)) {
        all.push(rawHalf(p.portOf(id)));
        expect(workerOf(OUT, p.portOf(id), workers)).toBe(worker);
      }
    }
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 1024 }, (_, n) => 61000 + n));
  });
});

describe("outside addresses", () => {
  const outside = (n: number): number => raw(`198.51.${n >> 8}.${n & 255}`);

  it("come and go without end: the ring of one without flows makes room", () => {
    const p = pool();
    for (let n = 0; n < 1000; n++) {
      const id = p.acquire(TCP, A, rawHalf(5000), outside(n));
      expect(id).not.toBe(-1);
      p.release(id);
    }
    expect(p.used).toBe(0);
  });

  it("keep their ports as long as one flow has one, however many others come", () => {
    const p = pool(61000, 61001);
    const held = Array.from({ length: 255 }, (_, n) => p.acquire(TCP, A, rawHalf(5000), outside(n)));
    for (let n = 300; n < 600; n++) p.release(p.acquire(UDP, B, rawHalf(1), outside(n)));
    for (const [n, id] of held.entries()) {
      expect(p.acquire(TCP, A, rawHalf(5000), outside(n))).toBe(id); // the mapping is found again
      expect(p.portOf(p.acquireExclusive(TCP, outside(n)))).not.toBe(p.portOf(id)); // of the two ports the other one
    }
  });

  it("are refused when 256 are in use, and served when one is free", () => {
    const p = pool();
    const held = Array.from({ length: 256 }, (_, n) => p.acquire(TCP, A, rawHalf(5000), outside(n)));
    expect([p.acquire(TCP, A, rawHalf(5000), outside(256)), p.acquireExclusive(UDP, outside(0))]).toEqual([-1, -1]);
    p.release(held[7]!);
    expect(p.acquire(TCP, A, rawHalf(5000), outside(256))).not.toBe(-1);
    expect(p.acquire(TCP, A, rawHalf(5000), outside(7))).toBe(-1);
  });
});

it.each([1, 2, 3])("never gives a port twice, and loses none, under random operations (seed %i)", (seed) => {
  const random = new Random(seed);
  const p = new NatPool(61000, 61019, random.int32(), random.next);
  const held = new Map<string, { id: number; refs: number }>(); // inside endpoint to mapping
  const exclusive: number[] = [];
  for (let n = 0; n < 20_000; n++) {
    const inside = random.below(8),
      port = random.below(6),
      name = `${inside}/${port}`;
    const known = held.get(name);
    const full = held.size + exclusive.length === 20;
    const what = random.below(10);
    if (what < 4) {
      const id = p.acquire(UDP, inside, port, OUT);
      if (known) {
        expect(id).toBe(known.id);
        known.refs++;
      } else if (full) expect(id).toBe(-1);
      else held.set(name, { id, refs: 1 });
    } else if (what < 5) {
      const id = p.acquireExclusive(UDP, OUT);
      if (full) expect(id).toBe(-1);
      else exclusive.push(id);
    } else if (what < 6 && exclusive.length > 0) p.release(exclusive.splice(random.below(exclusive.length), 1)[0]!);
    else if (known) {
      p.release(known.id);
      if (--known.refs === 0) held.delete(name);
    }
    const ports = [...[...held.values()].map((m) => m.id), ...exclusive].map((id) => p.portOf(id));
    expect(new Set(ports).size).toBe(ports.length);
    expect(p.used).toBe(ports.length);
  }
});
