import { describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS } from "../../src/control/limits.js";
import { allUndone } from "../../src/control/undo.js";
import { Workers, type WorkersHooks } from "../../src/control/workers.js";
import {
  createCounters,
  DROPS,
  FLOWS_REFUSED,
  PAIRS_REFUSED,
  ROW,
  RX_BYTES,
  RX_PACKETS,
  TX_BYTES,
  TX_PACKETS,
} from "../../src/engine/counters.js";
import type { ToWorker } from "../../src/engine/messages.js";
import { ENDPOINT } from "../../src/table/ports.js";
import { DROP_NO_FLOW, DROP_NOT_SYN } from "../../src/wire/drop.js";
import { prefix } from "../support/ip.js";

/** A worker thread that takes notes, and answers what it is told to. */
class FakeLink {
  readonly posted: ToWorker[] = [];
  readonly counters = createCounters();
  readonly ready = Promise.resolve();
  readonly answers: Record<string, unknown> = {};
  readonly calls: string[] = [];

  constructor(
    readonly options: Record<string, unknown>,
    readonly hooks: WorkersHooks,
    readonly thread: unknown,
  ) {
    if (options.worker === failing) throw new Error("no thread is left");
    links.push(this);
  }

  post(message: ToWorker): void {
    this.posted.push(message);
  }

  async query(what: string): Promise<unknown> {
    return this.answers[what];
  }

  async ask(message: (id: number) => ToWorker): Promise<unknown> {
    const said = message(9);
    this.post(said);
    return this.answers[said.type];
  }

  async settled(): Promise<void> {
    this.calls.push(`settled after ${this.posted.length}`);
  }

  async stop(): Promise<void> {
    this.calls.push("stop");
  }
}

class FakeThread {
  discarded = false;
  constructor() {
    threads.push(this);
  }
  async discard(): Promise<void> {
    this.discarded = true;
  }
}

const links: FakeLink[] = [];
const threads: FakeThread[] = [];
/** The worker that cannot be made. */
let failing = -1;
vi.mock("../../src/control/worker-thread.js", () => ({
  get WorkerThread() {
    return FakeThread;
  },
}));
vi.mock("../../src/control/worker-link.js", () => ({
  get WorkerLink() {
    return FakeLink;
  },
}));

const hooks = (): WorkersHooks & { gone: unknown[] } => {
  const gone: unknown[] = [];
  return { gone, portGone: (...args) => gone.push(args), readable: () => {}, onDeath: () => {} };
};

function make(workers: number, given: WorkersHooks = hooks()): Workers {
  links.length = 0;
  threads.length = 0;
  const ports = { masqueradeFirst: 1, masqueradeLast: 2 };
  const options = {
    workers,
    conntrackMax: 1001,
    timeouts: Int32Array.of(1),
    limits: DEFAULT_LIMITS,
    bypass: false,
    ...ports,
  };
  return new Workers(options, given);
}

const PORT = { port: 3, kind: ENDPOINT, mac: new Uint8Array(6), addresses: [], network: 0, device: 0 };

describe("workers", () => {
  it("are numbered, and share the entries of conntrack and the limits, rounded up", () => {
    const workers = make(3);
    expect(workers.count).toBe(3);
    expect(links.map(({ options }) => [options.worker, options.workers, options.conntrackMax])).toEqual([
      [0, 3, 334],
      [1, 3, 334],
      [2, 3, 334],
    ]);
    const client = Math.ceil(DEFAULT_LIMITS.newFlowsPerSec.client / 3);
    for (const { options } of links) expect(options).toMatchObject({ limits: { newFlowsPerSec: { client } } });
  });

  it("are all told what is said to all, one what is for one, each its queue of a port", () => {
    const workers = make(2);
    workers.post({ type: "remove-network", network: 1 });
    workers.postTo(1, { type: "remove-port", port: 9 });
    workers.addPort(PORT, [50, 51]);
    workers.watch(7);
    expect(links.map(({ posted }) => posted)).toEqual([
      [
        { type: "remove-network", network: 1 },
        { type: "add-port", ...PORT, fd: 50 },
        { type: "watch", fd: 7 },
      ],
      [
        { type: "remove-network", network: 1 },
        { type: "remove-port", port: 9 },
        { type: "add-port", ...PORT, fd: 51 },
      ],
    ]);
  });

  it("let go of a port before it counts as removed", async () => {
    await make(2).removePort(3);
    for (const { posted, calls } of links) expect([posted, calls]).toEqual([[{ type: "remove-port", port: 3 }], ["settled after 1"]]);
  });

  it("are ready and stopped when all are", async () => {
    const workers = make(2);
    await workers.ready();
    await workers.settled();
    await workers.stop();
    for (const { calls } of links) expect(calls).toEqual(["settled after 0", "stop"]);
  });

  it("end where one of them cannot be begun", async () => {
    failing = 2;
    expect(() => make(3)).toThrow("no thread is left");
    failing = -1;
    await allUndone();
    expect(links.map(({ calls }) => calls)).toEqual([["stop"], ["stop"]]);
    expect(threads.map(({ discarded }) => discarded)).toEqual([true, true, true]); // of which one that is taken takes no notice
  });

  it("report the end of a port once, and again for the next port with its number", () => {
    const given = hooks();
    const workers = make(2, given);
    for (const link of links) link.hooks.portGone(3, 77);
    expect(given.gone).toEqual([[3, 77]]);
    links[1]!.hooks.portGone(4, 77);
    workers.addPort(PORT, [1, 2]);
    links[1]!.hooks.portGone(3, 19);
    expect(given.gone).toEqual([
      [3, 77],
      [4, 77],
      [3, 19],
    ]);
  });

  it("end the flows that are meant, and say how many all of them have ended", async () => {
    const workers = make(3);
    links[0]!.answers["end-flows"] = 3;
    links[2]!.answers["end-flows"] = 4; // the one between has died
    const client = prefix("192.0.2.0/24");
    expect(await workers.endFlows({ client, port: 8999 })).toBe(7);
    for (const { posted } of links) expect(posted).toEqual([{ type: "end-flows", id: 9, client, port: 8999 }]);
    await workers.endFlows({ client: undefined, port: undefined });
    expect(links[0]!.posted[1]).toEqual({ type: "end-flows", id: 9, client: null, port: 0 });
  });
});

describe("what is asked of all", () => {
  it("is put together: flows one after the other, figures as sums, without those that died", async () => {
    const workers = make(3);
    links[0]!.answers.flows = ["a", "b"];
    links[2]!.answers.flows = ["c"];
    links[0]!.answers.summary = { active: 1, capacity: 10, created: 100, expired: 1000, refused: 10_000, evicted: 100_000 };
    links[2]!.answers.summary = { active: 2, capacity: 20, created: 200, expired: 2000, refused: 20_000, evicted: 200_000 };
    expect(await workers.flows()).toEqual(["a", "b", "c"]);
    expect(await workers.summary()).toEqual({ active: 3, capacity: 30, created: 300, expired: 3000, refused: 30_000, evicted: 300_000 });
  });

  it("shows each station of the FDB once, as the worker that saw it last does", async () => {
    const workers = make(2);
    const row = (mac: string, port: number, ageSec: number) => ({ mac, port, ageSec, static: false });
    links[0]!.answers.fdb = [row("a", 1, 5), row("b", 1, 7), row("c", 1, 1)];
    links[1]!.answers.fdb = [row("a", 1, 3), row("b", 2, 9), row("c", 1, 4)];
    expect(await workers.fdb()).toEqual([row("c", 1, 1), row("a", 1, 3), row("b", 1, 7), row("b", 2, 9)]);
  });

  it("counts the flows of who has most over all workers, by kind", async () => {
    const workers = make(2);
    const row = (kind: string, name: string, flows: number, limited = false) => ({ kind, name, flows, limited });
    links[0]!.answers.holders = [row("port", "80/tcp", 5), row("client", "192.0.2.1", 1, true), row("client", "192.0.2.2", 3)];
    links[1]!.answers.holders = [row("client", "192.0.2.1", 9), row("port", "80/tcp", 2, true)];
    expect(await workers.holders()).toEqual([
      row("client", "192.0.2.1", 10, true),
      row("client", "192.0.2.2", 3),
      row("port", "80/tcp", 7, true),
    ]);
  });

  it("counts a port's packets, bytes and drops in all of them", () => {
    const workers = make(2);
    const count = (worker: number, port: number, what: number, n: number): void => {
      links[worker]!.counters[port * ROW + what] = n;
    };
    for (const [i, what] of [RX_PACKETS, RX_BYTES, TX_PACKETS, TX_BYTES].entries()) {
      count(0, 2, what, 10 ** i);
      count(1, 2, what, 2 * 10 ** i);
      count(1, 3, what, 7);
    }
    count(0, 2, DROPS + DROP_NO_FLOW, 4);
    count(1, 2, DROPS + DROP_NO_FLOW, 5);
    count(1, 2, DROPS + DROP_NOT_SYN, 6);
    const drops = { "no-flow": 9, "not-syn": 6 };
    expect(workers.counters(2)).toEqual({ rxPackets: 3, rxBytes: 30, txPackets: 300, txBytes: 3000, drops });
    for (const [at, what] of [FLOWS_REFUSED, PAIRS_REFUSED].entries())
      for (const [i, { counters }] of links.entries()) counters[what] = 10 * at + i + 1;
    expect(workers.refused).toEqual({ flows: 3, pairs: 23 });
    expect(workers.counters(4)).toEqual({ rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: {} });
  });
});
