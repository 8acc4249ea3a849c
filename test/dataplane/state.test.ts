/** What the stages share: that its tables are hashed with seeds that nobody can guess, and which rule a packet comes under. */
import { describe, expect, it } from "vitest";
import type { PublishRule } from "../../src/dataplane/published-rules.js";
import { State } from "../../src/dataplane/state.js";
import { Prefix } from "../../src/table/prefix.js";
import { TAKES } from "../../src/table/selection.js";
import { rawHalf } from "../../src/wire/raw.js";
import { prefix, raw } from "../support/dataplane.js";
import { Random } from "../support/random.js";

const OPTIONS = { conntrackMax: 64, masqueradeFirst: 61000, masqueradeLast: 61003 };

/** Of each table that has one, be it in a map of its own. */
function seeds(state: State): Map<string, number> {
  return new Map(
    Object.entries(state as unknown as Record<string, { seed?: number; byPort?: { seed?: number } } | null>).flatMap(([name, table]) => {
      const seed = table?.seed ?? table?.byPort?.seed;
      return typeof seed === "number" ? [[name, seed]] : [];
    }),
  );
}

describe("hash seeds", () => {
  it("differ from table to table, and from one process to the next", () => {
    const states = [new State(OPTIONS), new State(OPTIONS), new State(OPTIONS)];
    const [one] = states.map(seeds);
    expect([...one!.keys()].sort()).toEqual(["conntrack", "endpoints", "fdb", "fragments", "locals", "pool", "published", "ways"]);
    const all = states.flatMap((state) => [...seeds(state).values()]);
    expect(new Set(all).size).toBe(all.length); // 24 of 2^32: alike by chance once in 20 million runs
    for (const seed of all) expect(seed).toBe(seed | 0);
  });

  it("use all 32 bits", () => {
    let set = 0;
    let clear = 0;
    for (let n = 0; n < 20; n++)
      for (const seed of seeds(new State({ ...OPTIONS, random: new Random(n).int32 })).values()) {
        set |= seed;
        clear |= ~seed;
      }
    expect([set, clear]).toEqual([-1, -1]);
  });
});

describe("published ports", () => {
  const rule = ({ targetPort = 80, ...options }: Partial<PublishRule> & { targetPort?: number }): PublishRule => {
    const way = { network: -1, snatSource: raw("172.17.0.1"), onlink: new Prefix(prefix("172.17.0.0/16")) };
    const targets = [{ id: 1, duty: TAKES, address: raw("172.17.0.4"), port: targetPort, ...way }];
    return { proto: 6, hostIp: 0, firstPort: 80, lastPort: 80, targets, takers: targets, selection: null, ...options };
  };
  const at = (state: State, address: string, port: number, proto = 6): number | undefined =>
    state.published.at(raw(address), rawHalf(port), proto)?.targets[0]?.port;

  it("are found by address, port and protocol; the rule of the very address goes before the one of all", () => {
    const state = new State(OPTIONS);
    state.published.add(7, rule({ firstPort: 80, lastPort: 82, targetPort: 1080 }));
    state.published.add(3, rule({ firstPort: 81, lastPort: 81, targetPort: 2081, hostIp: raw("192.0.2.1") }));
    state.published.add(0, rule({ firstPort: 80, lastPort: 80, targetPort: 3080, proto: 17 }));
    expect([79, 80, 81, 82, 83].map((port) => at(state, "192.0.2.1", port))).toEqual([undefined, 1080, 2081, 1080, undefined]);
    expect([80, 81].map((port) => at(state, "192.0.2.2", port))).toEqual([1080, 1080]);
    expect([at(state, "192.0.2.1", 80, 17), at(state, "192.0.2.1", 81, 17)]).toEqual([3080, undefined]);
    expect(state.published.remove(3)?.targets[0]?.port).toBe(2081);
    expect(at(state, "192.0.2.1", 81)).toBe(1080);
    expect(state.published.remove(7)?.targets[0]?.port).toBe(1080);
    expect([80, 81, 82].map((port) => at(state, "192.0.2.1", port))).toEqual([undefined, undefined, undefined]);
    expect([state.published.remove(7), state.published.remove(1)]).toEqual([null, null]);
    expect(at(state, "192.0.2.1", 80, 17)).toBe(3080);
  });

  it("stay with the rule that was published last when the one before it is withdrawn", () => {
    const state = new State(OPTIONS);
    state.published.add(1, rule({ firstPort: 80, lastPort: 81, targetPort: 1080 }));
    state.published.add(2, rule({ firstPort: 81, lastPort: 81, targetPort: 2081 }));
    state.published.remove(1);
    expect([80, 81].map((port) => at(state, "192.0.2.1", port))).toEqual([undefined, 2081]);
  });
});

describe("local addresses", () => {
  it("are those of the host and all of 127/8", () => {
    const state = new State(OPTIONS);
    state.locals.set(raw("192.0.2.1"), 0, 1);
    const local = (address: string): boolean => state.isLocal(raw(address));
    expect(["192.0.2.1", "127.0.0.1", "127.255.0.9"].map(local)).toEqual([true, true, true]);
    expect(["192.0.2.2", "128.0.0.1", "126.0.0.127", "10.0.0.127"].map(local)).toEqual([false, false, false, false]);
  });
});
