/**
 * How programs get onto devices. Onto our own: by filters that end with the device (`device-filter.ts`). Onto others: by TCX links, which end with the
 * process however it ends; on kernels before 6.6 by filters that let everything pass when it has ended (`host-filter.ts`).
 *
 * For each link the kernel waits for a grace period of RCU, 12 ms or more, with its lock on all devices held (`tcx_entry_sync` in kernel/bpf/tcx.c). So at the
 * start, when somebody waits, filters do what links will do: `makeLinks` puts these in their place. A packet that the one lets pass in that moment comes to the
 * other, too, which does the same with it: nothing is missed.
 */
import fs from "node:fs";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import type { FdStore } from "../sys/fd-store.js";
import { randomHex } from "../sys/random.js";
import type { RouteSocket, TcDirection } from "../sys/rtnetlink.js";
import { Assembler } from "./assembler.js";
import { attachFilter } from "./device-filter.js";
import { sweepStale } from "./filter-sweep.js";
import { HostFilter } from "./host-filter.js";
import { OwnQdiscs } from "./own-qdiscs.js";
import { TC_ACT_UNSPEC } from "./program.js";
import { isInForce } from "./stub.js";

export type AttachMode = "tcx" | "clsact";

export interface Attachment {
  mode: AttachMode;
  detach(): void;
  /** Puts another program in its place, between two packets; false when that cannot be, as the device is gone, say. */
  replace(progFd: number): boolean;
}

/** How names of filters' descriptors begin in the store; the process id follows. */
const FILTER = "filter-";

export class Attacher {
  /** Of the names of what is in the store, which no other process has given. */
  private readonly series = randomHex(6);
  private kept = 0;
  private readonly qdiscs: OwnQdiscs | undefined;
  /** Makes a link of a filter each. */
  private waiting: (() => Promise<void>)[] = [];
  /** A program that lets everything pass; undefined: there will be no links, or nothing waits for them. */
  private passing: number | undefined;
  private isMaking = false;
  private isLeaving = false;
  /** Process ids of those whose place this one takes: their filters are in force still. */
  private readonly formers: ReadonlySet<string>;

  /**
   * `useTcx`: where the kernel has it. Without it a route socket is needed. `store`: keeps what is attached while the process is restarted. `linksLater`: not before
   * `makeLinks`. Throws what `bpf.loadProgram` throws.
   */
  constructor(
    private readonly routeSocket: RouteSocket | undefined,
    private useTcx: boolean,
    private readonly store?: FdStore,
    { linksLater = false } = {},
  ) {
    this.formers = new Set(store?.names(FILTER).map((name) => name.slice(FILTER.length).split("-")[0]!));
    if (routeSocket !== undefined) this.qdiscs = new OwnQdiscs(routeSocket, (fd) => this.keep(FILTER, fd));
    if (!useTcx || !linksLater || routeSocket === undefined) return;
    this.passing = bpf.loadProgram("tsproxy_next", new Assembler().mov("r0", TC_ACT_UNSPEC).exit().assemble());
    this.useTcx = bpf.hasTcx(this.passing);
    if (!this.useTcx) this.endPassing();
  }

  /**
   * To be called when everything is attached, guards too: what processes have left goes which are no more. What is in force still, and not of the process whose place
   * this one takes, is kept for another one, and stays. What fails is left to the next start.
   */
  sweep(): void {
    const { formers, routeSocket } = this;
    if (routeSocket === undefined) return;
    try {
      const indices = routeSocket.links().map(({ index }) => index);
      sweepStale(routeSocket, indices, (pid, program) => formers.has(pid) || !isInForce(program));
    } catch (error) {
      log.warn(`filters of processes that are no more stay, and let everything pass: ${(error as Error).message}`);
    }
  }

  /** `name`: of the filter, if it is one. `atOnce`: no filter instead of a link, as links come before filters, and it is to come before other links. */
  attach(ifindex: number, progFd: number, direction: TcDirection = "ingress", { name = "tsproxy", atOnce = false } = {}): Attachment {
    const place = { ifindex, direction };
    if (this.useTcx) {
      const early = !atOnce && this.passing !== undefined && !this.isMaking ? this.putEarly(place, progFd, name) : undefined;
      if (early !== undefined) return this.linkLater(place, early, progFd);
      const linkFd = bpf.createTcxLink(progFd, ifindex, direction);
      if (linkFd !== null) return this.keepLink(linkFd);
      this.useTcx = false;
    }
    if (this.routeSocket === undefined) throw new Error("without TCX steering needs a route socket");
    return this.keepFilter(HostFilter.put(this.routeSocket, place, progFd, name, this.qdiscs!));
  }

  /** Undefined where somebody else has filters, with an order among them, or the kernel has none. */
  private putEarly(place: bpf.TcxPlace, progFd: number, name: string): HostFilter | undefined {
    const qdiscs = this.qdiscs!;
    const socket = this.routeSocket!;
    try {
      return qdiscs.take(place.ifindex) ? HostFilter.put(socket, place, progFd, name, qdiscs) : undefined;
    } catch {
      return undefined; // if that is not the reason, the link will say it
    }
  }

  private linkLater(place: bpf.TcxPlace, filter: HostFilter, progFd: number): Attachment {
    const early = this.keepFilter(filter);
    let held: Attachment = early;
    let current = progFd;
    let isOver = false;
    this.waiting.push(async () => {
      if (isOver) return;
      const linkFd = await bpf.apart(bpf.linking(this.passing!, place));
      if (linkFd < 0) return; // the device is gone, say; else the filter serves as well
      if (isOver || !bpf.updateLink(linkFd, current)) return fs.closeSync(linkFd);
      held = this.keepLink(linkFd);
      early.detach();
    });
    return {
      mode: "clsact",
      detach: () => {
        isOver = true;
        held.detach();
      },
      replace: (fd) => {
        current = fd;
        return held.replace(fd);
      },
    };
  }

  /** Puts links in the place of filters, one after another, beside everything else. What is attached from now on gets its link at once. */
  async makeLinks(): Promise<void> {
    if (this.isMaking) return;
    this.isMaking = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift())
      await next().catch((error: Error) => log.warn(`steering goes on by a filter, without a TCX link: ${error.message}`));
    this.isMaking = false;
    this.endPassing();
  }

  /** From now on filters and qdiscs are not removed: the process is restarted, and what keeps them in force is kept for the next one. */
  leave(): void {
    this.isLeaving = true;
  }

  /** When all is detached. */
  close(): void {
    this.waiting = [];
    this.endPassing();
    this.qdiscs?.close({ leave: this.isLeaving });
  }

  private endPassing(): void {
    if (this.isMaking || this.passing === undefined) return;
    fs.closeSync(this.passing);
    this.passing = undefined;
  }

  /** To the ingress of an uplink or the like, which ends with the process: by a filter, for which the kernel waits for nothing; by TCX where it has none. */
  attachUplink(ifindex: number, progFd: number): Attachment {
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

  private keepLink(linkFd: number): Attachment {
    const remove = this.keep("link-", linkFd);
    const detach = (): void => {
      fs.closeSync(linkFd);
      remove();
    };
    return { mode: "tcx", detach, replace: (progFd) => bpf.updateLink(linkFd, progFd) };
  }

  private keepFilter(filter: HostFilter): Attachment {
    const remove = this.keep(FILTER, filter.fd);
    const detach = (): void => {
      if (this.isLeaving) filter.leave();
      else filter.detach();
      remove();
    };
    return { mode: "clsact", detach, replace: (progFd) => filter.replace(progFd) };
  }

  /** Answers how to have it no longer kept. */
  private keep(what: string, fd: number): () => void {
    const name = `${what}${process.pid}-${this.series}-${this.kept++}`;
    this.store?.put(name, [fd]);
    return () => this.store?.remove(name);
  }
}
