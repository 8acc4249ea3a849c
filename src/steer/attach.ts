/**
 * How programs get onto devices. Onto our own: by filters that end with the device (`device-filter.ts`). Onto others: by TCX links, which end with the
 * process however it ends; on kernels before 6.6 by clsact filters called `tsproxy-PID`, which `detach` removes, and `sweepStale` after a SIGKILL.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import type { FdStore } from "../sys/fd-store.js";
import type { RouteSocket, TcDirection } from "../sys/rtnetlink.js";
import { attachFilter } from "./device-filter.js";
import { PreparedLinks } from "./prepared-links.js";

export type AttachMode = "tcx" | "clsact";

/** Filters of all instances share one priority; the kernel tells them apart by handle. */
const PRIORITY = 0x7450;
const ATTEMPTS = 3;
const DIRECTIONS = ["ingress", "egress"] as const;
const FILTER_NAME = /^tsproxy-(\d+)(-qdisc)?$/;

export interface Attachment {
  mode: AttachMode;
  detach(): void;
  /** Puts another program in its place, between two packets; false when that cannot be, as the device is gone. There is none without TCX. */
  replace?(progFd: number): boolean;
}

export class Attacher {
  /** Of the names of links in the store, which no other process has given. */
  private readonly series = randomBytes(6).toString("hex");
  private links = 0;
  private prepared: PreparedLinks | undefined;

  /** `useTcx`: where the kernel has it. Without it a route socket is needed. `store`: keeps links while the process is restarted. */
  constructor(
    private readonly routeSocket: RouteSocket | undefined,
    private useTcx: boolean,
    private readonly store?: FdStore,
  ) {}

  /**
   * Begins to make links that `attach` then puts programs into; what is asked for in vain is ended by `releasePrepared`. `begun`: those that were begun
   * before.
   */
  prepare(places: readonly bpf.TcxPlace[], begun?: PreparedLinks): void {
    if (!this.useTcx) return;
    this.prepared = begun ?? new PreparedLinks(places);
    this.useTcx = this.prepared.hasTcx;
  }

  /** Whether a program can take the place of another one; known once links are prepared. */
  get canReplace(): boolean {
    return this.useTcx;
  }

  releasePrepared(): void {
    this.prepared?.release();
  }

  /** A prepared link, with the program in it; undefined when there is none, or it is of no use. */
  private takePrepared(place: bpf.TcxPlace, progFd: number): number | undefined {
    const linkFd = this.prepared?.take(place);
    if (linkFd === undefined) return undefined;
    if (bpf.updateLink(linkFd, progFd)) return linkFd;
    fs.closeSync(linkFd);
    return undefined;
  }

  /** `name`: of the filter where there is no TCX. */
  attach(ifindex: number, progFd: number, direction: TcDirection = "ingress", name = "tsproxy"): Attachment {
    if (this.useTcx) {
      const linkFd = this.takePrepared({ ifindex, direction }, progFd) ?? bpf.createTcxLink(progFd, ifindex, direction);
      if (linkFd !== null) return this.keep(linkFd);
      this.useTcx = false;
    }
    const socket = this.routeSocket;
    if (socket === undefined) throw new Error("without TCX steering needs a route socket");
    putFilter(socket, { ifindex, direction, progFd, name });
    if (direction === "egress") return { mode: "clsact", detach: () => {} };
    return { mode: "clsact", detach: () => removeFilters(socket, ifindex, (pid) => pid === process.pid) };
  }

  /** To the ingress of an uplink or the like, which ends with the process: by a filter, for which the kernel waits for nothing; by TCX where it has none. */
  attachUplink(ifindex: number, progFd: number): Attachment {
    this.prepared?.wait(); // a filter takes the kernel's lock of all devices, which is not free before
    try {
      return this.attachOwn(ifindex, progFd);
    } catch (error) {
      if (!this.useTcx) throw error;
      return this.attach(ifindex, progFd);
    }
  }

  /** To a device of our own that comes and goes in numbers, and goes before its program is detached (`device-filter.ts`). */
  attachOwn(ifindex: number, progFd: number): Attachment {
    if (this.routeSocket === undefined) throw new Error("filters need a route socket");
    return { mode: "clsact", ...attachFilter(this.routeSocket, ifindex, progFd) };
  }

  private keep(linkFd: number): Attachment {
    const name = `link-${this.series}-${this.links++}`;
    this.store?.put(name, [linkFd]);
    const detach = (): void => {
      fs.closeSync(linkFd);
      this.store?.remove(name);
    };
    return { mode: "tcx", detach, replace: (progFd) => bpf.updateLink(linkFd, progFd) };
  }
}

interface FilterPlace {
  ifindex: number;
  direction: TcDirection;
  progFd: number;
  name: string;
}

/** Another instance that starts just then may remove the qdisc that a dead one had made, with what is on it (`removeFilters`): then once more. */
function putFilter(socket: RouteSocket, { ifindex, direction, progFd, name }: FilterPlace): void {
  let madeQdisc = false;
  for (let attempt = 1; ; attempt++) {
    if (socket.addClsact(ifindex)) madeQdisc = true; // else it may be there from the last attempt
    const fullName = `${name}-${process.pid}${madeQdisc ? "-qdisc" : ""}`;
    try {
      const handle = socket.addBpfFilter(ifindex, direction, progFd, fullName, PRIORITY);
      if (attempt === ATTEMPTS || socket.bpfFilters(ifindex, direction).some((filter) => filter.handle === handle)) return;
    } catch (error) {
      if (attempt < ATTEMPTS) continue;
      if (madeQdisc && isUnused(socket, ifindex)) socket.deleteClsact(ifindex);
      throw error;
    }
  }
}

/** Whether nobody has a program on the device's clsact. */
function isUnused(socket: RouteSocket, ifindex: number): boolean {
  return DIRECTIONS.every((direction) => socket.bpfFilters(ifindex, direction).length === 0);
}

/**
 * Removes the device's tsproxy filters whose process id `match` accepts, and the clsact qdisc if such a process had made it and
 * nothing else uses it.
 */
function removeFilters(socket: RouteSocket, ifindex: number, match: (pid: number) => boolean): number {
  let removed = 0;
  let madeQdisc = false;
  for (const direction of DIRECTIONS) {
    for (const { priority, handle, name } of socket.bpfFilters(ifindex, direction)) {
      const parts = FILTER_NAME.exec(name);
      if (parts === null || !match(Number(parts[1]))) continue;
      socket.deleteBpfFilter(ifindex, priority, handle, direction);
      madeQdisc ||= parts[2] !== undefined;
      removed++;
    }
  }
  if (madeQdisc && isUnused(socket, ifindex)) socket.deleteClsact(ifindex);
  return removed;
}

/** Removes the clsact filters of tsproxy processes that are no more from these devices. Answers how many. */
export function sweepStale(socket: RouteSocket, ifindices: readonly number[]): number {
  return ifindices.reduce((sum, ifindex) => sum + removeFilters(socket, ifindex, (pid) => !fs.existsSync(`/proc/${pid}`)), 0);
}
