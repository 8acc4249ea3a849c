import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NatPool } from "../../src/table/nat-pool.js";
import { secureRandom } from "../../src/table/random.js";
import { rawHalf } from "../../src/wire/raw.js";
import { workerOf } from "../../src/wire/spread.js";
import { raw } from "../support/dataplane.js";
import { Random } from "../support/random.js";

const UDP = 17,
  TCP = 6;
const OUT = raw("192.0.2.1"),
  OUT2 = raw("192.0.2.2"),
  A = raw("172.17.0.4"),
  B = raw("172.17.0.5"),
  C = raw("172.17.0.6");

function pool(first = 61000, last = 61099, seed = 3): NatPool {
  return new NatPool(first, last, 42, new Random(seed).int32);
}

/** `count` new mappings of one inside address, from inside port 0 on. */
function fill(p: NatPool, inside: number, count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, n) => p.acquire(UDP, inside, from + n, OUT));
}

describe("mapping", () => {
  it("is the same for all flows of an inside endpoint (RFC 4787 REQ-1), and ends with the last", () => {
    const p = pool();
    const id = p.acquire(UDP, A, 5000, OUT);
    const port = p.portOf(id);
    expect([p.acquire(UDP, A, 5000, OUT), p.acquire(UDP, A, 5000, OUT)]).toEqual([id, id]);
    for (let n = 0; n < 2; n++) p.release(id, A, 5000);
    expect([p.used, p.portOf(p.acquire(UDP, A, 5000, OUT))]).toEqual([1, port]);
    for (let n = 0; n < 2; n++) p.release(id, A, 5000);
    expect(p.used).toBe(0);
    expect(p.portOf(p.acquire(UDP, A, 5000, OUT))).not.toBe(port);
  });

  it("differs by inside address, inside port, protocol and outside address", () => {
    const p = pool();
    const ids = [
      p.acquire(UDP, A, 5000, OUT),
      p.acquire(UDP, B, 5000, OUT),
      p.acquire(UDP, A, 5001, OUT),
      p.acquire(TCP, A, 5000, OUT),
      p.acquire(UDP, A, 5000, OUT2),
    ];
    expect(new Set(ids).size).toBe(5);
  });

  it("is new while one flow holds it", () => {
    const p = pool();
    const id = p.acquire(UDP, A, 5000, OUT);
    expect(p.isNew(id)).toBe(true);
    p.acquire(UDP, A, 5000, OUT);
    expect(p.isNew(id)).toBe(false);
    p.release(id, A, 5000);
    expect(p.isNew(id)).toBe(true);
  });
});

describe("a port that a flow has had before", () => {
  it("is its endpoint's again, if nobody has it", () => {
    const p = pool();
    const id = p.acquire(UDP, A, 5000, OUT);
    const port = p.portOf(id);
    p.release(id, A, 5000);
    expect([p.reacquire(UDP, A, 5000, OUT, port), p.used]).toEqual([id, 1]);
    expect([p.reacquire(UDP, A, 5000, OUT, port), p.isNew(id)]).toEqual([id, false]);
    expect(fill(p, B, 99)).not.toContain(id); // though it lay in the ring meanwhile
    expect(p.acquire(UDP, B, 99, OUT)).toBe(-1);
    for (let n = 0; n < 2; n++) p.release(id, A, 5000);
    expect(p.acquire(UDP, B, 99, OUT)).toBe(id);
  });

  it("is not, if it is another endpoint's by now, or the endpoint has another one", () => {
    const p = pool(61000, 61001);
    const id = p.acquire(UDP, A, 5000, OUT);
    const port = p.portOf(id);
    p.release(id, A, 5000);
    const others = [p.acquire(UDP, B, 1, OUT), p.acquire(UDP, B, 2, OUT)];
    expect(p.reacquire(UDP, A, 5000, OUT, port)).toBe(-1);
    p.release(others.find((other) => other !== id)!, B, others[0] === id ? 2 : 1);
    expect(p.acquire(UDP, A, 5000, OUT)).not.toBe(id);
    p.release(id, B, others[0] === id ? 1 : 2);
    expect(p.reacquire(UDP, A, 5000, OUT, port)).toBe(-1);
  });
});

describe("ports", () => {
  it("are all of the range, each once (REQ-3), then none", () => {
    const p = pool();
    const ports = fill(p, A, 100).map((id) => rawHalf(p.portOf(id)));
    expect(ports.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => 61000 + n));
    expect([p.acquire(UDP, A, 100, OUT), p.used]).toEqual([-1, 100]);
    expect(p.acquire(TCP, A, 100, OUT)).not.toBe(-1); // another protocol's are its own
    expect(p.acquire(UDP, A, 100, OUT2)).not.toBe(-1);
    expect(p.acquire(UDP, A, 50, OUT)).not.toBe(-1); // who has one keeps it
  });

  it("come in no order that one could learn: not by seeing all of them, given and taken again (RFC 6056)", () => {
    const p = new NatPool(61000, 61099, 42, secureRandom());
    const round = (): number[] =>
      Array.from({ length: 100 }, () => {
        const id = p.acquire(UDP, A, 1, OUT);
        p.release(id, A, 1);
        return p.portOf(id);
      });
    const rounds = [round(), round(), round()];
    for (const [n, ports] of rounds.entries()) {
      expect(ports).not.toEqual(ports.toSorted((a, b) => a - b));
      // Whichever port came after another one, something else comes after it the next time.
      const followers = (all: number[]): Map<number, number> => new Map(all.slice(1).map((port, k) => [all[k]!, port]));
      const before = followers(rounds[(n + 1) % 3]!);
      expect([...followers(ports)].filter(([port, next]) => before.get(port) === next).length).toBeLessThan(20);
    }
  });

  it("rest: one given back is not given again before half of the others", () => {
    const p = pool();
    for (let n = 0; n < 1000; n++) {
      const id = p.acquire(UDP, A, 1, OUT);
      p.release(id, A, 1);
      for (let k = 0; k < 49; k++) {
        const other = p.acquire(UDP, A, 1, OUT);
        expect(other).not.toBe(id);
        p.release(other, A, 1);
      }
    }
  });

  it("of a range of one are given, and given again", () => {
    const p = pool(61000, 61000);
    for (let n = 0; n < 3; n++) {
      const id = p.acquire(UDP, A, n, OUT);
      expect(rawHalf(p.portOf(id))).toBe(61000);
      expect(p.acquire(UDP, A, n + 1, OUT)).toBe(-1);
      p.release(id, A, n);
    }
  });

  it.each([2, 3, 8])("are divided between %i workers: none twice, none lost, each leading back to its worker", (workers) => {
    const all: number[] = [];
    for (let worker = 0; worker < workers; worker++) {
      const p = new NatPool(61000, 62023, 42, new Random(worker).int32, worker, workers);
      for (let n = 0, id = p.acquire(TCP, A, 0, OUT); id !== -1; id = p.acquire(TCP, A, ++n, OUT)) {
        all.push(rawHalf(p.portOf(id)));
        expect(workerOf(OUT, p.portOf(id), workers)).toBe(worker);
      }
    }
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 1024 }, (_, n) => 61000 + n));
  });
});

describe("an inside address that has all ports (RFC 6888 REQ-4)", () => {
  it("keeps them while nobody else wants one, and loses half of them to who does", () => {
    const p = pool();
    const mine = fill(p, A, 100);
    const others = fill(p, B, 100);
    const given = others.filter((id) => id !== -1);
    expect(given.length).toBeGreaterThan(30);
    expect(given.length).toBeLessThanOrEqual(60); // about half: it is found by a vote
    expect(p.used).toBe(100);
    for (const [n, id] of others.entries()) if (id !== -1) expect(p.acquire(UDP, B, n, OUT)).toBe(id); // they keep theirs
    // What the flows of the first give back later is not theirs any more, and changes nothing.
    for (const [n, id] of mine.entries()) p.release(id, A, n);
    expect(p.used).toBe(given.length);
  });

  it("gives nothing to itself", () => {
    const p = pool();
    fill(p, A, 100);
    expect(fill(p, A, 50, 100).every((id) => id === -1)).toBe(true);
  });

  it("is not one that has less than half", () => {
    const p = pool();
    for (const [k, inside] of [A, B, C].entries()) expect(fill(p, inside, k === 0 ? 34 : 33)).not.toContain(-1);
    expect(fill(p, raw("172.17.0.7"), 50).every((id) => id === -1)).toBe(true);
  });

  it("is found among the ports of one worker of several", () => {
    const p = new NatPool(61000, 61999, 42, new Random(1).int32, 0, 8);
    let n = 0;
    while (p.acquire(UDP, A, n, OUT) !== -1) n++;
    expect(fill(p, B, 20)).not.toContain(-1);
  });
});

describe("outside addresses", () => {
  const outside = (n: number): number => raw(`198.51.${n >> 8}.${n & 255}`);

  it("come and go without end: the ring of one without flows makes room", () => {
    const p = pool();
    for (let n = 0; n < 1000; n++) {
      const id = p.acquire(TCP, A, 5000, outside(n));
      expect(id).not.toBe(-1);
      p.release(id, A, 5000);
    }
    expect(p.used).toBe(0);
  });

  it("keep their ports as long as one flow has one, however many others come", () => {
    const p = pool(61000, 61001);
    const held = Array.from({ length: 255 }, (_, n) => p.acquire(TCP, A, 5000, outside(n)));
    for (let n = 300; n < 600; n++) p.release(p.acquire(UDP, B, 1, outside(n)), B, 1);
    for (const [n, id] of held.entries()) {
      expect(p.acquire(TCP, A, 5000, outside(n))).toBe(id); // the mapping is found again
      expect(p.portOf(p.acquire(TCP, B, 1, outside(n)))).not.toBe(p.portOf(id)); // of the two ports the other one
    }
  });

  it("have no mappings when 256 are in use, and have some when one is free", () => {
    const p = pool();
    const held = Array.from({ length: 256 }, (_, n) => p.acquire(TCP, A, 5000, outside(n)));
    expect(p.acquire(TCP, A, 5000, outside(256))).toBe(-1);
    p.release(held[7]!, A, 5000);
    expect(p.acquire(TCP, A, 5000, outside(256))).not.toBe(-1);
    expect(p.acquire(TCP, A, 5000, outside(7))).toBe(-1);
  });
});

it("gives no port to two endpoints, and loses none, whatever is asked of it in which order", () => {
  const PORTS = 12;
  const action = fc.record({
    what: fc.constantFrom("acquire", "acquire", "release", "reacquire"),
    inside: fc.constantFrom(A, B),
    port: fc.integer({ min: 0, max: 9 }),
    proto: fc.constantFrom(UDP, TCP),
    other: fc.integer({ min: 61000, max: 61000 + PORTS - 1 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), fc.integer(), (actions, seed) => {
      const p = pool(61000, 61000 + PORTS - 1, seed);
      const model = new Map<string, { id: number; flows: number }>(); // by endpoint and protocol
      for (const { what, inside, port, proto, other } of actions) {
        const key = `${inside}/${port}/${proto}`;
        const known = model.get(key);
        const inUse = [...model].filter(([k]) => k.endsWith(`/${proto}`));
        if (what === "acquire") {
          const id = p.acquire(proto, inside, port, OUT);
          if (known !== undefined) {
            expect(id).toBe(known.id);
            known.flows++;
          } else if (id === -1) {
            expect(inUse).toHaveLength(PORTS);
          } else {
            for (const [k, entry] of inUse) if (entry.id === id) model.delete(k); // taken from who had too many
            model.set(key, { id, flows: 1 });
          }
        } else if (what === "reacquire") {
          const id = p.reacquire(proto, inside, port, OUT, rawHalf(other));
          const free = inUse.every(([, entry]) => rawHalf(p.portOf(entry.id)) !== other);
          if (known !== undefined) expect(id).toBe(rawHalf(p.portOf(known.id)) === other ? known.id : -1);
          else expect(id !== -1).toBe(free);
          if (id !== -1) model.set(key, { id, flows: (known?.flows ?? 0) + 1 });
        } else if (known !== undefined && what === "release") {
          p.release(known.id, inside, port);
          if (--known.flows === 0) model.delete(key);
        }
        const ids = [...model.values()].map((entry) => entry.id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(p.used).toBe(ids.length);
      }
    }),
    { numRuns: 300 },
  );
});
