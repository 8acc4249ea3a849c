/** What must hold of every store of a cluster: run it with a way to connect to one place again and again, as other nodes would. */
import { afterEach, expect, it } from "vitest";
import { type ClusterStore, LeaseLost, MAX_OPERATIONS, type StoreEvent, type Watch } from "../../src/cluster/store.js";
import { eventually } from "../support/proc.js";

export interface StorePlace {
  connect(): ClusterStore;
  /** Forgets what was before now. */
  compact(): Promise<void>;
  /** Time goes by, of leases. */
  advance(seconds: number): Promise<void>;
  /** The shortest that a lease can be. */
  minTtlSec: number;
}

let places = 0;

export function storeContract(place: () => StorePlace): void {
  const watches: Watch[] = [];
  /** A prefix that no other case uses. */
  const fresh = (): string => `/tsproxy/contract-${places++}/`;

  afterEach(() => {
    for (const watch of watches.splice(0)) watch.close();
  });

  function watch(store: ClusterStore, prefix: string, from: number): { events: StoreEvent[]; ends: Error[] } {
    const seen: { events: StoreEvent[]; ends: Error[] } = { events: [], ends: [] };
    const listener = {
      onEvents: (events: readonly StoreEvent[]) => void seen.events.push(...events),
      onEnd: (error: Error) => void seen.ends.push(error),
    };
    watches.push(store.watch(prefix, from, listener));
    return seen;
  }

  const put = (store: ClusterStore, key: string, value = "x") => store.transact({ when: [], change: [{ put: key, value }] });

  it("lists what has a prefix, by key, with values and the revision of each, and nothing else", async () => {
    const store = place().connect();
    const at = fresh();
    const first = await put(store, `${at}b`, "zwei ü");
    const second = await put(store, `${at}a`, "1");
    await put(store, `${at.slice(0, -1)}0`, "after the prefix");
    const { revision, entries } = await place().connect().list(at);
    expect(entries).toEqual([
      { key: `${at}a`, value: "1", revision: second.revision },
      { key: `${at}b`, value: "zwei ü", revision: first.revision },
    ]);
    expect(second.revision).toBeGreaterThan(first.revision);
    expect(revision).toBeGreaterThan(second.revision);
  });

  it("lists thousands of keys at one revision", async () => {
    const store = place().connect();
    const at = fresh();
    const keys = Array.from({ length: 2345 }, (_, i) => `${at}${String(i).padStart(5, "0")}`);
    for (let i = 0; i < keys.length; i += MAX_OPERATIONS)
      await store.transact({ when: [], change: keys.slice(i, i + MAX_OPERATIONS).map((key) => ({ put: key, value: "x" })) });
    expect((await store.list(at)).entries.map(({ key }) => key)).toEqual(keys);
  });

  it("makes a change when its conditions hold, all of it, and else none and reads", async () => {
    const store = place().connect();
    const at = fresh();
    const [a, b, c] = [`${at}a`, `${at}b`, `${at}c`];
    const one = await store.transact({ when: [{ absent: a }], change: [{ put: a, value: "1" }, { put: b, value: "2" }] }); // biome-ignore format: short
    expect(one).toMatchObject({ done: true, found: [] });
    const twice = await store.transact({ when: [{ absent: a }], change: [{ put: c, value: "3" }], orRead: [a, c] });
    expect(twice).toEqual({ done: false, revision: one.revision, found: [{ key: a, value: "1", revision: one.revision }] });
    const holds = async (condition: Parameters<ClusterStore["transact"]>[0]["when"][number]) =>
      (await store.transact({ when: [condition], change: [] })).done;
    expect(await holds({ present: a })).toBe(true);
    expect(await holds({ present: c })).toBe(false);
    expect(await holds({ key: a, value: "1" })).toBe(true);
    expect(await holds({ key: a, value: "2" })).toBe(false);
    expect(await holds({ key: c, value: "" })).toBe(false);
    const swapped = await store.transact({
      when: [{ present: a }, { key: b, value: "2" }],
      change: [{ remove: a }, { put: b, value: "4" }],
    });
    expect(swapped.done).toBe(true);
    expect((await store.list(at)).entries.map(({ key, value }) => [key, value])).toEqual([[b, "4"]]);
  });

  it("has conditions on all keys of a prefix: that there is none, and that none was put since", async () => {
    const store = place().connect();
    const at = fresh();
    const holds = async (condition: Parameters<ClusterStore["transact"]>[0]["when"][number]) =>
      (await store.transact({ when: [condition], change: [] })).done;
    expect(await holds({ absentUnder: at })).toBe(true);
    expect(await holds({ quietUnder: at, since: 0 })).toBe(true);
    const { revision } = await put(store, `${at}a`);
    await put(store, `${at.slice(0, -1)}0`);
    expect(await holds({ absentUnder: at })).toBe(false);
    expect(await holds({ quietUnder: at, since: revision - 1 })).toBe(false);
    expect(await holds({ quietUnder: at, since: revision })).toBe(true);
    await store.transact({ when: [], change: [{ remove: `${at}a` }] });
    expect(await holds({ absentUnder: at })).toBe(true);
  });

  it("gives a thing that a hundred ask for at once to one of them", async () => {
    const stores = Array.from({ length: 10 }, () => place().connect());
    const at = fresh();
    const tries = Array.from({ length: 100 }, (_, i) =>
      stores[i % 10]!.transact({ when: [{ absent: `${at}one` }], change: [{ put: `${at}one`, value: String(i) }], orRead: [`${at}one`] }),
    );
    const outcomes = await Promise.all(tries);
    const winners = outcomes.flatMap(({ done }, i) => (done ? [String(i)] : []));
    expect(winners).toHaveLength(1);
    expect(outcomes.filter(({ done }) => !done).map(({ found }) => found[0]?.value)).toEqual(Array(99).fill(winners[0]));
  });

  it("tells a watch all that is put and removed under its prefix from a revision on, also what was before it began", async () => {
    const store = place().connect();
    const at = fresh();
    const { revision } = await put(store, `${at}a`, "1");
    await put(store, `${at}b`, "2");
    const seen = watch(place().connect(), at, revision);
    await eventually("the past", () => seen.events.length === 2);
    await put(store, `${at.slice(0, -1)}0`, "not");
    const last = await store.transact({ when: [], change: [{ remove: `${at}a` }, { put: `${at}c`, value: "3" }] });
    await eventually("the present", () => seen.events.length === 4);
    expect(seen.events.map(({ key, value }) => [key.slice(at.length), value])).toEqual([["a", "1"], ["b", "2"], ["a", undefined], ["c", "3"]]); // biome-ignore format: short
    expect(seen.events.map((event) => event.revision)).toEqual([revision, revision + 1, last.revision, last.revision]);
    expect(seen.ends).toEqual([]);
  });

  it("ends a watch that asks for what is forgotten", async () => {
    const store = place().connect();
    const at = fresh();
    const { revision } = await put(store, `${at}a`);
    await put(store, `${at}a`);
    await put(store, `${at}a`);
    await place().compact();
    const seen = watch(store, at, revision);
    await eventually("the end", () => seen.ends.length === 1);
    expect(seen.ends[0]!.message).toContain("compacted");
    expect(seen.events).toEqual([]);
    expect((await store.list(at)).entries).toHaveLength(1);
  });

  it("removes what was put under a lease when that is not kept, and tells watches; not what is kept", async () => {
    const store = place().connect();
    const at = fresh();
    const ttl = place().minTtlSec;
    const [kept, left] = [await store.grant(ttl), await store.grant(ttl)];
    const { revision } = await store.transact({
      when: [],
      change: [{ put: `${at}kept`, value: "", lease: kept }, { put: `${at}left`, value: "", lease: left }, { put: `${at}none`, value: "" }], // biome-ignore format: short
    });
    const seen = watch(store, at, revision + 1);
    for (let i = 0; i < 4; i++) {
      await place().advance(ttl / 2);
      expect(await store.keepAlive(kept)).toBe(true);
    }
    await eventually("the removal", () => seen.events.length === 1);
    expect(seen.events[0]).toMatchObject({ key: `${at}left`, value: undefined });
    expect((await store.list(at)).entries.map(({ key }) => key)).toEqual([`${at}kept`, `${at}none`]);
    expect(await store.keepAlive(left)).toBe(false);
    await expect(store.transact({ when: [], change: [{ put: `${at}late`, value: "", lease: left }] })).rejects.toThrow(LeaseLost);
    await store.revoke(kept);
    await store.revoke(left);
    expect((await store.list(at)).entries.map(({ key }) => key)).toEqual([`${at}none`]);
  });

  it("keeps a key under the lease that it was put under last", async () => {
    const store = place().connect();
    const at = fresh();
    const ttl = place().minTtlSec;
    const [before, after] = [await store.grant(ttl), await store.grant(ttl)];
    await store.transact({ when: [], change: [{ put: `${at}a`, value: "1", lease: before }] });
    await store.transact({ when: [], change: [{ put: `${at}a`, value: "1", lease: after }] });
    await store.revoke(before);
    expect((await store.list(at)).entries).toHaveLength(1);
    await store.revoke(after);
    expect((await store.list(at)).entries).toHaveLength(0);
  });
}
