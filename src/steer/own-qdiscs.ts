/**
 * The clsact qdiscs that tsproxy has made on the host's devices. Whoever adds or removes one has the kernel drop what the device is to send meanwhile
 * (`qdisc_graft` calls `dev_deactivate`, net/sched). So one that is there is used, whichever instance has made it, and stays until nobody uses it any more:
 *
 * - Filters on it are called `…-qdisc` by every instance that counts it as its own: who has made it; who has found one of a process that is no more; and
 *   on kernels without links who has found another instance's. The last of them that ends in order removes it.
 * - It stays while its instance serves. Before the last filter goes, one where no packet comes is put there (`hold`), which says whose it is.
 * - Who starts after a SIGKILL takes it over, and removes what is left on it after that (`filter-sweep.ts`).
 */
import fs from "node:fs";
import { log } from "../log.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { DIRECTIONS, isOver, isUnused, PRIORITY, parseName } from "./filter-names.js";
import { removeOwn } from "./filter-sweep.js";
import { loadStub, type Stub } from "./stub.js";

/** Packets begin at chain 0, and nobody sends them here. */
const ASIDE = 0x7450;

export class OwnQdiscs {
  private readonly counted = new Set<number>();
  private readonly held = new Set<number>();
  private stub: Stub | undefined;
  private letGo: (() => void) | undefined;

  /** `keep`: has a descriptor kept while the process is restarted; answers how to end that. */
  constructor(
    private readonly socket: RouteSocket,
    private readonly keep: (fd: number) => () => void,
  ) {}

  /** Sees to it that the device has a clsact; whether it counts as made by this process. `besides`: also if another instance has made it that lives. */
  take(ifindex: number, { besides = false } = {}): boolean {
    if (this.socket.addClsact(ifindex)) {
      this.counted.add(ifindex);
      this.held.delete(ifindex);
    } else if (!this.counted.has(ifindex) && this.makers(ifindex).some((pid) => besides || isOver(pid))) this.counted.add(ifindex);
    return this.counted.has(ifindex);
  }

  /** Process ids of those who count it as theirs, as their filters say. */
  private makers(ifindex: number): string[] {
    return DIRECTIONS.flatMap((direction) =>
      this.socket.bpfFilters(ifindex, direction).flatMap(({ name }) => {
        const parts = parseName(name);
        return parts?.countsQdisc === true ? parts.pid : [];
      }),
    );
  }

  /** To be called before a filter goes: the qdisc is to be known as ours without it. */
  hold(ifindex: number): void {
    if (!this.counted.has(ifindex) || this.held.has(ifindex)) return;
    try {
      if (this.stub === undefined) {
        this.stub = loadStub();
        this.letGo = this.keep(this.stub.array);
      }
      this.socket.addBpfFilter(ifindex, "ingress", this.stub.program, `tsproxy-${process.pid}-qdisc`, PRIORITY, ASIDE);
      this.held.add(ifindex);
    } catch (error) {
      if (!this.forgetGone(ifindex))
        log.warn(`a qdisc of ours on device ${ifindex} will stay if this process is killed: ${(error as Error).message}`);
    }
  }

  /** Whether the device is gone; then so is its qdisc. */
  forgetGone(ifindex: number): boolean {
    if (this.socket.link(ifindex) !== null) return false;
    this.forget(ifindex);
    return true;
  }

  private forget(ifindex: number): void {
    this.counted.delete(ifindex);
    this.held.delete(ifindex);
  }

  /** Where nothing could be attached: one that nobody uses goes again. The device may be gone. */
  giveUp(ifindex: number): void {
    try {
      this.removeUnused(ifindex);
    } catch {
      // It is gone, or stays; `close` tries once more.
    }
  }

  /** When nothing is attached any more, with what the kernel had refused to remove. `leave`: they stay for the next process. */
  close({ leave = false } = {}): void {
    for (const ifindex of leave ? [] : this.counted) {
      try {
        removeOwn(this.socket, ifindex);
        this.removeUnused(ifindex);
      } catch (error) {
        log.warn(`the qdisc and filters of device ${ifindex} stay until the next start: ${(error as Error).message}`);
      }
    }
    this.counted.clear();
    this.held.clear();
    this.letGo?.();
    this.letGo = undefined;
    for (const fd of this.stub === undefined ? [] : [this.stub.array, this.stub.program]) fs.closeSync(fd);
    this.stub = undefined;
  }

  private removeUnused(ifindex: number): void {
    if (!this.counted.has(ifindex) || !isUnused(this.socket, ifindex)) return;
    this.socket.deleteClsact(ifindex);
    this.forget(ifindex);
  }
}
