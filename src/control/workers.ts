/**
 * All worker threads, used as if there were one. A message goes to every worker; a question too, and the answers are put together.
 *
 * A port has the same number in every worker. Behind a bridge port's number is one device, with a queue for each worker; behind the uplink's
 * number each worker has a device of its own.
 */

import type { CaptureFilterOptions } from "../dataplane/capture-filter.js";
import { dropsOf, FLOWS_REFUSED, PAIRS_REFUSED, ROW, RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from "../engine/counters.js";
import type { Adopted, Query, ToWorker } from "../engine/messages.js";
import type { FdbRow, FlowRow, HolderRow, NodeRow, StrangerRow, Summary } from "../engine/views.js";
import { createBuckets } from "../table/bandwidth.js";
import { CaptureRing, captureRing } from "../table/capture-ring.js";
import type { RunningCapture } from "./capture/stream.js";
import type { FlowFiles } from "./flow-files.js";
import type { FlowFilter } from "./flow-filter.js";
import { type LimitOptions, partOf } from "./limits.js";
import { Undo } from "./undo.js";
import { WorkerLink } from "./worker-link.js";
import { WorkerThread } from "./worker-thread.js";

export interface WorkersOptions {
  workers: number;
  /** All workers together. */
  conntrackMax: number;
  timeouts: Int32Array;
  masqueradeFirst: number;
  masqueradeLast: number;
  bypass: boolean;
  /** All workers together. */
  limits: LimitOptions;
  /** Where flows lie that are to outlive the process; default: nowhere. */
  files?: FlowFiles | undefined;
  /** Begun before, at most as many. */
  threads?: readonly WorkerThread[] | undefined;
}

export interface WorkersHooks {
  /** Said once a port. */
  portGone(port: number, errno: number): void;
  readable(): void;
  onDeath(error: Error): void;
}

export interface PortCounters {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  drops: Record<string, number>;
}

type AddPort = Omit<Extract<ToWorker, { type: "add-port" }>, "type" | "fd">;

/** Bytes of captured packets that wait to be read, of each worker. */
const CAPTURE_RING_SIZE = 16 << 20;

/** Flows of one worker of several. */
export function partOfTable(conntrackMax: number, workers: number): number {
  return Math.ceil(conntrackMax / workers);
}

export class Workers {
  private readonly links: WorkerLink[] = [];
  private readonly gone = new Set<number>();
  /** What is to be called when there is something in the ring of a capture. */
  private readonly captures = new Map<number, () => void>();
  private nextCapture = 0;

  /** Throws what is in the way of a thread. Those that were begun then end apart (`allUndone`), also what of `threads` had its options already. */
  constructor(options: WorkersOptions, hooks: WorkersHooks) {
    const { workers, files, threads, ...rest } = options;
    const buckets = createBuckets();
    const portGone = (port: number, errno: number): void => {
      if (this.gone.has(port)) return;
      this.gone.add(port);
      hooks.portGone(port, errno);
    };
    const begin = (worker: number, thread: WorkerThread): WorkerLink =>
      new WorkerLink(
        {
          ...rest,
          buckets,
          workers,
          worker,
          conntrackMax: partOfTable(rest.conntrackMax, workers),
          limits: partOf(rest.limits, workers),
          flowFile: files?.fds[worker] ?? -1,
          owner: files?.owner,
          former: files?.former ?? [],
        },
        { ...hooks, portGone, captured: (id) => this.captures.get(id)?.() },
        thread,
      );
    const undo = new Undo();
    try {
      for (let worker = 0; worker < workers; worker++) {
        const thread = threads?.[worker] ?? new WorkerThread();
        undo.add("worker thread", () => thread.discard());
        const link = begin(worker, thread);
        undo.add("worker", () => link.stop());
        this.links.push(link);
      }
    } catch (error) {
      undo.runApart();
      throw error;
    }
  }

  get count(): number {
    return this.links.length;
  }

  /** To every worker. */
  post(message: ToWorker): void {
    for (const link of this.links) link.post(message);
  }

  /** Says when `fd` becomes readable, by the hook. */
  watch(fd: number): void {
    this.links[0]!.post({ type: "watch", fd });
  }

  /** `fds`: one a worker. */
  addPort(port: AddPort, fds: readonly number[]): void {
    this.gone.delete(port.port);
    for (const [i, link] of this.links.entries()) link.post({ type: "add-port", ...port, fd: fds[i]! });
  }

  /** `fds`: one a worker. */
  addTunnel(tunnel: Omit<Extract<ToWorker, { type: "add-tunnel" }>, "type" | "fd">, fds: readonly number[]): void {
    this.gone.delete(tunnel.port);
    for (const [i, link] of this.links.entries()) link.post({ type: "add-tunnel", ...tunnel, fd: fds[i]! });
  }

  /** To one worker: of the devices behind a port number that all share it has one of its own. */
  postTo(worker: number, message: ToWorker): void {
    this.links[worker]!.post(message);
  }

  /** Stops a port and waits until the workers have let go of its descriptors, which may then be closed. */
  async removePort(port: number): Promise<void> {
    this.post({ type: "remove-port", port });
    await this.settled();
  }

  async ready(): Promise<void> {
    await Promise.all(this.links.map((link) => link.ready));
  }

  /** Resolves once all that was posted before has been carried out. */
  async settled(): Promise<void> {
    await Promise.all(this.links.map((link) => link.settled()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.links.map((link) => link.stop()));
  }

  /** Of flows that both ends kept up, how many there were when the workers stopped. */
  get held(): number {
    return this.links.reduce((sum, link) => sum + link.held, 0);
  }

  /** Takes up flows of former processes; `last`: what waits still is given up. */
  async adopt(last: boolean): Promise<Adopted> {
    const sum: Adopted = { taken: 0, left: 0, lost: 0 };
    for (const one of await Promise.all(this.links.map((link) => link.ask<Adopted | undefined>((id) => ({ type: "adopt", id, last })))))
      for (const key of Object.keys(sum) as (keyof Adopted)[]) sum[key] += one?.[key] ?? 0;
    return sum;
  }

  async flows(): Promise<FlowRow[]> {
    return (await this.ask<FlowRow[]>("flows")).flat();
  }

  /** An address that several workers have seen is there once, as the one who saw it last knows it. */
  async fdb(): Promise<FdbRow[]> {
    const rows = (await this.ask<FdbRow[]>("fdb")).flat().sort((a, b) => a.ageSec - b.ageSec);
    return rows.filter((row, i) => rows.findIndex((other) => other.mac === row.mac && other.port === row.port) === i);
  }

  async summary(): Promise<Summary> {
    const sum: Summary = { active: 0, capacity: 0, created: 0, expired: 0, refused: 0, evicted: 0 };
    for (const one of await this.ask<Summary>("summary")) for (const key of Object.keys(sum) as (keyof Summary)[]) sum[key] += one[key];
    return sum;
  }

  /** Ends flows; answers how many. */
  async endFlows({ client, port = 0 }: FlowFilter): Promise<number> {
    const ended = this.links.map((link) => link.ask<number | undefined>((id) => ({ type: "end-flows", id, client: client ?? null, port })));
    return (await Promise.all(ended)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  /** As the message "sweep-entries". */
  async sweepEntries(family: 4 | 6, keys: Int32Array, uplinks: Int32Array): Promise<void> {
    await Promise.all(this.links.map((link) => link.ask((id) => ({ type: "sweep-entries", id, family, keys, uplinks }))));
  }

  /** Has every worker capture, at most `snap` bytes of a packet; `ready` is called when there is something in a ring that has been looked at before. */
  capture(filter: CaptureFilterOptions, snap: number, ready: () => void): RunningCapture {
    const id = this.nextCapture++;
    const memories = this.links.map(() => captureRing(CAPTURE_RING_SIZE)); // first: it throws where there is no memory
    this.captures.set(id, ready);
    const begun = this.links.map((link, n) =>
      link.ask((ask) => ({ type: "capture", id: ask, capture: id, ring: memories[n]!, snap, filter })),
    );
    return {
      begun: Promise.all(begun).then(() => {}),
      rings: memories.map((memory) => new CaptureRing(memory)),
      end: () => {
        if (this.captures.delete(id)) this.post({ type: "end-capture", capture: id });
      },
    };
  }

  /** How many captures run. */
  get capturing(): number {
    return this.captures.size;
  }

  /** Other nodes of overlay networks, what was exchanged with each summed over the workers. */
  async nodes(): Promise<NodeRow[]> {
    const all = new Map<string, NodeRow>();
    for (const row of (await this.ask<NodeRow[]>("nodes")).flat()) {
      const sum = all.get(row.address);
      if (sum === undefined) all.set(row.address, { ...row });
      else
        for (const key of ["rxPackets", "rxBytes", "txPackets", "txBytes", "refused", "unopened", "noKey"] as const) sum[key] += row[key];
    }
    return [...all.values()];
  }

  /** Who sends datagrams for the tunnels and is no node, summed over the workers. */
  async strangers(): Promise<StrangerRow[]> {
    const all = new Map<string, number>();
    for (const { address, datagrams } of (await this.ask<StrangerRow[]>("strangers")).flat())
      all.set(address, (all.get(address) ?? 0) + datagrams);
    return [...all].map(([address, datagrams]) => ({ address, datagrams }));
  }

  /** Of each kind those that have most flows in all workers together. */
  async holders(): Promise<HolderRow[]> {
    const all = new Map<string, HolderRow>();
    for (const row of (await this.ask<HolderRow[]>("holders")).flat()) {
      const other = all.get(`${row.kind} ${row.name}`);
      const sum = { ...row, flows: row.flows + (other?.flows ?? 0), limited: row.limited || (other?.limited ?? false) };
      all.set(`${row.kind} ${row.name}`, sum);
    }
    return [...all.values()].sort((a, b) => a.kind.localeCompare(b.kind) || b.flows - a.flows);
  }

  counters(port: number): PortCounters {
    const sum: PortCounters = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: {} };
    const at = port * ROW;
    for (const { counters } of this.links) {
      sum.rxPackets += counters[at + RX_PACKETS]!;
      sum.rxBytes += counters[at + RX_BYTES]!;
      sum.txPackets += counters[at + TX_PACKETS]!;
      sum.txBytes += counters[at + TX_BYTES]!;
      for (const [name, n] of Object.entries(dropsOf(counters, port))) sum.drops[name] = (sum.drops[name] ?? 0) + n;
    }
    return sum;
  }

  /** Entries of the steering's maps that the workers wanted to make, and the kernel refused: of flows, and of pairs of stations. */
  get refused(): { flows: number; pairs: number } {
    const sum = (at: number): number => this.links.reduce((n, { counters }) => n + counters[at]!, 0);
    return { flows: sum(FLOWS_REFUSED), pairs: sum(PAIRS_REFUSED) };
  }

  /** Answers of all workers that live. */
  private async ask<T>(what: Query): Promise<T[]> {
    return (await Promise.all(this.links.map((link) => link.query<T | undefined>(what)))).filter((answer) => answer !== undefined);
  }
}
