import { describe, expect, it } from "vitest";
import * as ct from "../../src/table/conntrack.js";
import { combine, delta } from "../../src/wire/checksum.js";
import { swapPorts } from "../../src/wire/raw.js";
import { raw } from "../support/dataplane.js";
import { rawPorts } from "../support/packets.js";

const CLIENT = raw("198.51.100.9"),
  HOST = raw("192.0.2.1"),
  TARGET = raw("172.17.0.4");
const TCP = 6,
  UDP = 17;

/** A published port's flow from client port `n`. */
function add(t: ct.Conntrack, n: number, now = 0, state: number = ct.SYN_SENT, more: Partial<ct.NewFlow> = {}): number {
  const tuples = {
    src: CLIENT,
    dst: HOST,
    ports: rawPorts(n, 8999),
    replySrc: TARGET,
    replyDst: CLIENT,
    replyPorts: rawPorts(8080, n),
  };
  return t.insert(Object.assign(new ct.NewFlow(), { proto: TCP, state, ...tuples, ...more }), now);
}

function find(t: ct.Conntrack, n: number): number {
  return t.lookup(CLIENT, HOST, rawPorts(n, 8999), TCP);
}

it("says by which port packets of each tuple come: by the one that the other direction leaves by", () => {
  const t = new ct.Conntrack(16, 1);
  const id = add(t, 7, 0, ct.SYN_SENT, { egress: 5 | ct.EGRESS_KEEP_TTL, replyEgress: 9 | ct.EGRESS_RECORD });
  const [original, reply] = [id << 1, (id << 1) | 1];
  expect([5, 9, 0].map((port) => [t.comesBy(original, port), t.comesBy(reply, port)])).toEqual([
    [false, true],
    [true, false],
    [false, false],
  ]);
});

/** Ids that expire at `now`, removed as the engine does. */
function expire(t: ct.Conntrack, now: number, room = 256, budget = 1024): number[] {
  const out = new Int32Array(room);
  const ids = [...out.subarray(0, t.expire(now, out, budget))];
  for (const id of ids) t.remove(id);
  return ids;
}

describe("entry", () => {
  it("is found by both tuples, and tells each direction's translation", () => {
    const t = new ct.Conntrack(16, 1);
    const id = add(t, 40000);
    expect(find(t, 40000)).toBe(id * 2);
    expect(t.lookup(TARGET, CLIENT, rawPorts(8080, 40000), TCP)).toBe(id * 2 + 1);
    expect([t.newSrc(id, 0), t.newDst(id, 0), t.newPorts(id, 0)]).toEqual([CLIENT, TARGET, rawPorts(40000, 8080)]);
    expect([t.newSrc(id, 1), t.newDst(id, 1), t.newPorts(id, 1)]).toEqual([HOST, CLIENT, rawPorts(8999, 40000)]);
    expect([t.tuple(id, 0, 0), t.tuple(id, 0, 1), t.tuple(id, 0, 2)]).toEqual([CLIENT, HOST, rawPorts(40000, 8999)]);
    expect([t.isLive(id), t.protocol(id), t.state(id), t.used]).toEqual([true, TCP, ct.SYN_SENT, 1]);
  });

  it("is not found by any tuple that differs in one part", () => {
    const t = new ct.Conntrack(16, 1);
    add(t, 40000);
    const ports = rawPorts(40000, 8999);
    expect(t.lookup(CLIENT, HOST, ports, UDP)).toBe(-1);
    expect(t.lookup(CLIENT, TARGET, ports, TCP)).toBe(-1);
    expect(t.lookup(HOST, HOST, ports, TCP)).toBe(-1);
    expect(t.lookup(CLIENT, HOST, swapPorts(ports), TCP)).toBe(-1);
    expect(t.lookup(HOST, CLIENT, swapPorts(ports), TCP)).toBe(-1);
  });

  it("keeps deltas, egress, mapping and packet counts of each direction", () => {
    const t = new ct.Conntrack(16, 1);
    const addresses = delta(HOST, TARGET),
      all = combine(addresses, delta(rawPorts(40000, 8999), rawPorts(40000, 8080)));
    const egress = { egress: 7 | ct.EGRESS_RECORD, replyEgress: 1023 };
    const id = add(t, 40000, 0, ct.SYN_SENT, { addressDelta: addresses, allDelta: all, mapping: 99, ...egress });
    t.touch(id, 0, 5);
    t.touch(id, 0, 5);
    t.touch(id, 1, 5);
    expect([t.addressDelta(id, 0), t.allDelta(id, 0)]).toEqual([addresses, all]);
    expect([t.addressDelta(id, 1), t.allDelta(id, 1)]).toEqual([~addresses & 0xffff, ~all & 0xffff]);
    expect([t.egress(id, 0), t.egress(id, 1), t.mapping(id)]).toEqual([7 | ct.EGRESS_RECORD, 1023, 99]);
    expect([t.packets(id, 0), t.packets(id, 1)]).toEqual([2, 1]);
  });

  it("starts clean in a row that another flow had", () => {
    const t = new ct.Conntrack(1, 1);
    const id = add(t, 1, 0, ct.ESTABLISHED, { addressDelta: 1, allDelta: 2, egress: 3, replyEgress: 4, mapping: 5 });
    t.touch(id, 1, 0);
    t.remove(id);
    expect(t.isLive(id)).toBe(false);
    expect(add(t, 2)).toBe(id);
    expect([
      t.addressDelta(id, 0),
      t.allDelta(id, 0),
      t.egress(id, 0),
      t.egress(id, 1),
      t.mapping(id),
      t.packets(id, 0),
      t.packets(id, 1),
    ]).toEqual([0, 0, 0, 0, -1, 0, 0]);
    expect(find(t, 1)).toBe(-1);
    expect(t.end).toBe(1);
  });
});

describe("capacity", () => {
  it("refuses the flow after the last, and takes one again when one is gone", () => {
    const t = new ct.Conntrack(100, 1);
    const ids = Array.from({ length: 100 }, (_, n) => add(t, n));
    expect(new Set(ids).size).toBe(100);
    expect(add(t, 100)).toBe(-1);
    expect(t.used).toBe(100);
    expect(find(t, 100)).toBe(-1);
    t.remove(ids[50]!);
    expect(add(t, 100)).toBe(ids[50]);
    expect(find(t, 99)).toBe(ids[99]! * 2);
  });

  it.each([0, -1, (1 << 20) + 1, Number.NaN])("refuses to be made for %d entries", (capacity) => {
    expect(() => new ct.Conntrack(capacity, 1)).toThrow(RangeError);
  });

  it.each([0, 8191, 100_000])("refuses a time-out of %i seconds, which its wheel cannot hold", (seconds) => {
    expect(() => new ct.Conntrack(1, 1, ct.DEFAULT_TIMEOUTS.with(3, seconds))).toThrow(RangeError);
  });

  it.each([1, 2, 3, 1023, 1024, 1025])("works with %i entries, all in use", (capacity) => {
    const t = new ct.Conntrack(capacity, 99);
    for (let n = 0; n < capacity; n++) expect(add(t, n)).toBe(n);
    for (let n = 0; n < capacity; n++) expect(find(t, n)).toBe(n * 2);
    expect(find(t, capacity)).toBe(-1);
  });
});

describe("expiry", () => {
  const NAMES = ct.STATE_NAMES.map((name, state) => [name, state, ct.DEFAULT_TIMEOUTS[state]!] as const);

  it.each(NAMES)("of %s (%i) comes after %i seconds, not one earlier", (_, state, timeout) => {
    const t = new ct.Conntrack(4, 1);
    expire(t, 999);
    const id = add(t, 1, 1000, state);
    expect(t.deadline(id)).toBe(1000 + timeout);
    for (const now of [1000, 1001, 1000 + timeout - 1]) expect(expire(t, now), `at ${now}`).toEqual([]);
    expect(expire(t, 1000 + timeout)).toEqual([id]);
    expect([t.used, find(t, 1)]).toEqual([0, -1]);
  });

  it("starts afresh with each packet", () => {
    const t = new ct.Conntrack(4, 1);
    const id = add(t, 1, 0, ct.ASSURED);
    for (let now = 1; now <= 3000; now++) {
      if (now % 299 === 0) t.touch(id, now & 1, now);
      expect(expire(t, now), `at ${now}`).toEqual([]);
    }
    const last = 2990;
    expect(expire(t, last + 299)).toEqual([]);
    expect(expire(t, last + 300)).toEqual([id]);
  });

  it("is on time for a state that shortens or lengthens the time-out", () => {
    const t = new ct.Conntrack(4, 1);
    const long = add(t, 1, 0, ct.ESTABLISHED),
      short = add(t, 2, 0, ct.SYN_SENT);
    expect(expire(t, 10)).toEqual([]);
    t.setState(long, ct.FIN_REPLY, 10);
    t.setState(short, ct.ESTABLISHED, 10);
    expect(expire(t, 249)).toEqual([]);
    expect(expire(t, 250)).toEqual([long]);
    expect(expire(t, 7449)).toEqual([]);
    expect(expire(t, 7450)).toEqual([short]);
  });

  it("finds everything after a pause longer than the wheel is round", () => {
    const t = new ct.Conntrack(64, 1);
    for (let n = 0; n < 64; n++) add(t, n, n * 37, n % ct.STATE_NAMES.length);
    expire(t, 0);
    expect(expire(t, 30_000)).toHaveLength(64);
    expect(t.used).toBe(0);
  });

  it("hands out a great many in parts: at most as many as there is room for, and goes on", () => {
    const t = new ct.Conntrack(1000, 1);
    for (let n = 0; n < 1000; n++) add(t, n, 0, n % 2 === 0 ? ct.UNREPLIED : ct.SYN_SENT);
    let total = 0;
    for (let turn = 0; turn < 100; turn++) {
      const found = expire(t, 120, 16, 50).length;
      expect(found).toBeLessThanOrEqual(16);
      total += found;
    }
    expect(total).toBe(1000);
  });

  it("finds none twice and misses none when closing flows and others expire together", () => {
    const t = new ct.Conntrack(90, 1);
    for (let n = 0; n < 90; n++) add(t, n, 0, n % 3 === 0 ? ct.CLOSING : n % 3 === 1 ? ct.FIN_ORIGINAL : ct.RESET_REPLY);
    const ids = expire(t, 240);
    expect(new Set(ids).size).toBe(90);
    expect(t.used).toBe(0);
  });
});

describe("the flow of a state that has been silent for longest", () => {
  it("is the one that came into it first, or was heard last in an earlier second", () => {
    const t = new ct.Conntrack(8, 1);
    const ids = [1, 2, 3, 4].map((n) => add(t, n, 0, ct.ESTABLISHED));
    expect(t.oldest(ct.CLOSING)).toBe(-1);
    for (const [i, k] of [2, 0, 3, 1].entries()) t.setState(ids[k]!, ct.CLOSING, i);
    expect(t.oldest(ct.CLOSING)).toBe(ids[2]);
    t.touch(ids[2]!, 0, 5); // another packet: to the end
    expect([t.oldest(ct.CLOSING), t.lastSeen(ids[0]!)]).toEqual([ids[0], 1]);
    t.setState(ids[0]!, ct.SYN_SENT, 6); // opened anew
    expect([t.oldest(ct.CLOSING), t.oldest(ct.SYN_SENT)]).toEqual([ids[3], ids[0]]);
    t.remove(ids[3]!);
    expect([t.oldest(ct.CLOSING), t.next(ids[1]!), t.next(ids[2]!)]).toEqual([ids[1], ids[2], -1]);
    t.remove(ids[1]!);
    t.remove(ids[2]!);
    expect([t.oldest(ct.CLOSING), t.used]).toEqual([-1, 1]);
  });

  it("stays the same however many packets come within one second", () => {
    const t = new ct.Conntrack(8, 1);
    const [first, second] = [add(t, 1, 7), add(t, 2, 7)];
    for (let n = 0; n < 3; n++) t.touch(first, 0, 7);
    expect([t.oldest(ct.SYN_SENT), t.packets(first, 0)]).toEqual([first, 3]);
    t.touch(first, 0, 8);
    expect(t.oldest(ct.SYN_SENT)).toBe(second);
  });

  it("expires in its turn, each state by its own time-out", () => {
    const t = new ct.Conntrack(8, 1);
    const closing = [0, 1, 2].map((n) => add(t, n, n * 10, ct.CLOSING));
    const answered = add(t, 3, 0, ct.ANSWERED);
    expect(expire(t, 9)).toEqual([]);
    expect(expire(t, 10)).toEqual([answered]);
    expect(expire(t, 239)).toEqual([]);
    expect(expire(t, 240)).toEqual([closing[0]]);
    expect(expire(t, 255)).toEqual([closing[1]]);
    expect(expire(t, 260)).toEqual([closing[2]]);
  });
});

it("counts the flows of each state, and those that are held", () => {
  const t = new ct.Conntrack(64, 1);
  const ids = ct.STATE_NAMES.map((_, state) => add(t, state, 0, state));
  expect([...t.population]).toEqual(ct.STATE_NAMES.map(() => 1));
  expect(t.held).toBe(6); // established, two kinds of half-closed, assured; associated, shutdown
  t.setState(ids[ct.SYN_SENT]!, ct.ESTABLISHED, 1);
  t.remove(ids[ct.ASSURED]!);
  expect([t.population[ct.SYN_SENT], t.population[ct.ESTABLISHED], t.population[ct.ASSURED], t.held]).toEqual([0, 2, 0, 6]);
});

it("tells what a flow was opened to, and whether its target sees it", () => {
  const t = new ct.Conntrack(8, 1);
  const published = add(t, 1);
  const masqueraded = add(t, 2, 0, ct.SYN_SENT, { dst: TARGET, replyDst: HOST });
  expect([t.isPublished(published), t.hasOtherSource(published)]).toEqual([true, false]);
  expect([t.isPublished(masqueraded), t.hasOtherSource(masqueraded)]).toEqual([false, true]);
});
