/** How much one client, endpoint or published port may have, and what happens at the limit. */
import { describe, expect, it } from "vitest";
import type { StateOptions } from "../../src/dataplane/state.js";
import type { LimitOptions } from "../../src/table/limit-options.js";
import { A, B, CLIENT, Dataplane, HOST_IP, IP_A, IP_B, PUBLISHED, SERVER, UP } from "../support/dataplane.js";
import { Flow } from "../support/flows.js";
import { ACK, SYN, TCP, UDP } from "../support/packets.js";

const ANY = 1_000_000;

/** `client`, `endpoint` and `port` as given, else without a limit. */
function limited(flows: Partial<LimitOptions["flows"]>, perSec: Partial<LimitOptions["flows"]> = {}, more: Partial<StateOptions> = {}) {
  const all = { client: ANY, endpoint: ANY, port: ANY };
  return new Dataplane({ limits: { flows: { ...all, ...flows }, newFlowsPerSec: { ...all, ...perSec } }, ...more });
}

const client = (d: Dataplane, src: string, sport: number, dport = PUBLISHED): Flow =>
  new Flow(d, { from: UP, src, sport, dst: HOST_IP, dport });
const outwards = (d: Dataplane, from: number, sport: number, proto: number = TCP): Flow =>
  new Flow(d, { from, src: from === A ? IP_A : IP_B, sport, dst: SERVER, dport: 4000 }, proto);
const OTHER = "198.51.100.77";

/** Who has the limit of 3 or 10, how it opens the n-th flow, what others do, and what it is called. */
const HOLDERS = [
  ["client", (d: Dataplane, n: number) => client(d, CLIENT, 1 + n), (d: Dataplane, n: number) => client(d, OTHER, 1 + n), UP],
  ["endpoint", (d: Dataplane, n: number) => outwards(d, A, 1 + n), (d: Dataplane, n: number) => outwards(d, B, 1 + n), A],
  [
    "port",
    (d: Dataplane, n: number) => client(d, `10.0.0.${1 + n}`, 1),
    (d: Dataplane, n: number) => client(d, `10.0.0.${1 + n}`, 1, 9000),
    UP,
  ],
] as const;

describe.each(HOLDERS)("flows of one %s", (who, open, others, port) => {
  const make = (): Dataplane => {
    const d = limited({ [who]: 10 });
    d.publish({ firstPort: 9000, lastPort: 9000 });
    return d;
  };

  it("are as many as its limit, and what is over is counted", () => {
    const d = make();
    const flows = Array.from({ length: 15 }, (_, n) => open(d, n));
    expect(flows.map((flow) => flow.open())).toEqual(flows.map((_, n) => n < 10));
    expect(d.drops(port)).toEqual({ [`limit-${who}`]: 5 });
    expect(flows.slice(0, 10).every((flow) => flow.ask() && flow.answer())).toBe(true);
    expect([0, 1].map((n) => others(d, n).open())).toEqual([true, true]);
    expect(flows[4]!.close()).toBe(true); // over, though its entry stays
    expect([open(d, 20).open(), open(d, 21).open()]).toEqual([true, false]);
  });

  it("are not more if all are opened at once: one that nobody has answered makes room for the next", () => {
    const d = make();
    const flows = Array.from({ length: 40 }, (_, n) => open(d, n));
    expect(flows.every((flow) => flow.ask(SYN))).toBe(true);
    expect(flows.map((flow) => flow.answer(SYN | ACK))).toEqual(flows.map((_, n) => n >= 30));
    expect([d.state.conntrack.used, d.drops(port)]).toEqual([10, {}]);
  });

  it("are as many a second as its limit, and the next second as many again", () => {
    const d = limited({}, { [who]: 3 });
    d.publish({ firstPort: 9000, lastPort: 9000 });
    const opened = (): boolean[] => Array.from({ length: 5 }, (_, n) => open(d, n + (d.now - 1000) * 5).ask(SYN));
    d.at(1000);
    for (let second = 0; second < 3; second++) {
      expect(opened()).toEqual([true, true, true, false, false]);
      expect(others(d, second).ask(SYN)).toBe(true);
      d.at(d.now + 1);
    }
    expect(d.drops(port)).toEqual({ [`limit-${who}`]: 6 });
  });
});

describe("the host's own programs", () => {
  it("are no clients", () => {
    const d = limited({ client: 2 }, { client: 2 });
    const flows = Array.from(
      { length: 20 },
      (_, n) => new Flow(d, { from: UP, src: "127.0.0.1", sport: 1 + n, dst: "127.0.0.1", dport: PUBLISHED }),
    );
    expect(flows.every((flow) => flow.open())).toBe(true);
  });
});

describe("a flow that is refused", () => {
  it("holds nothing: no port, no mapping, no place", () => {
    const d = limited({ endpoint: 1 });
    expect(outwards(d, A, 1).open()).toBe(true);
    for (let n = 0; n < 10; n++) expect(outwards(d, A, 2 + n).ask(SYN)).toBe(false);
    expect([d.state.conntrack.used, d.state.pool.used, d.state.limits.flowsOf(0)]).toEqual([1, 1, 0]);
  });
});

describe("without a number of flows", () => {
  it("an address has the table while there is room, and of its last eighth none once it has half", () => {
    const d = new Dataplane({ conntrackMax: 64 });
    const flows = Array.from({ length: 70 }, (_, n) => client(d, CLIENT, 1 + n));
    expect(flows.filter((flow) => flow.open())).toHaveLength(56);
    expect(d.drops(UP)).toEqual({ "limit-client": 14 });
    const others = Array.from({ length: 8 }, (_, n) => outwards(d, n % 2 === 0 ? A : B, 1 + n));
    expect(others.every((flow) => flow.open())).toBe(true);
    expect(flows.slice(0, 56).every((flow) => flow.answer())).toBe(true);
  });

  it("so has a published port, whoever its clients are, and an endpoint", () => {
    const d = new Dataplane({ conntrackMax: 64 });
    const flows = Array.from({ length: 70 }, (_, n) => client(d, `10.0.0.${n}`, 1));
    expect(flows.filter((flow) => flow.open())).toHaveLength(56);
    expect(d.drops(UP)).toEqual({ "limit-port": 14 });
    const e = new Dataplane({ conntrackMax: 64 });
    const theirs = Array.from({ length: 70 }, (_, n) => outwards(e, A, 1 + n, UDP));
    expect(theirs.filter((flow) => flow.open())).toHaveLength(56);
    expect(e.drops(A)).toEqual({ "limit-endpoint": 14 });
  });

  it("what nobody answers does not fill the table for that", () => {
    const d = new Dataplane({ conntrackMax: 64 });
    for (let n = 0; n < 500; n++) expect(outwards(d, A, 1 + n, UDP).ask()).toBe(true);
    expect(d.drops(A)).toEqual({});
  });
});

it("counts all down again to nothing when all flows have ended, in whatever way", () => {
  const d = limited({ client: 50, endpoint: 50, port: 50 }, {}, { conntrackMax: 64 });
  for (let round = 0; round < 3; round++) {
    const flows = Array.from({ length: 12 }, (_, n) => [
      client(d, CLIENT, 1 + n),
      outwards(d, A, 1 + n),
      outwards(d, B, 1 + n, UDP),
    ]).flat();
    for (const [n, flow] of flows.entries()) {
      expect(flow.open()).toBe(true);
      if (n % 3 === 0) flow.close();
      if (n % 5 === 0) flow.open();
    }
    d.at(d.now + 8000);
    d.at(d.now + 1);
    expect(d.state.conntrack.used).toBe(0);
  }
  const { limits } = d.state as unknown as { limits: Record<string, { counts?: Int32Array } | Int32Array> };
  for (const [name, table] of Object.entries(limits)) {
    if (name.startsWith("new")) continue;
    const counts = table instanceof Int32Array ? table : table.counts;
    if (counts instanceof Int32Array)
      expect(
        counts.every((n) => n === 0),
        name,
      ).toBe(true);
  }
});
