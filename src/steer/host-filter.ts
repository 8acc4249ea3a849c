/**
 * A program on a device of the host's by a clsact filter, which the kernel puts there without waiting for anything. A filter stays when its process is
 * killed. So what it runs is a stub, which goes on with the program in an array of one (BPF_MAP_TYPE_PROG_ARRAY): the kernel empties that when its last
 * descriptor is closed (`prog_array_map_clear`, kernel/bpf/arraymap.c), and from then on the filter lets everything pass. It is called `tsproxy-PID`, or
 * `tsproxy-PID-qdisc` if its process has made the device's clsact, and is removed by the next start (`sweepStale`). Who comes to a clsact that a process has
 * made which is no more has made it from then on.
 *
 * Whoever adds or removes a clsact has the kernel drop what the device is to send meanwhile (`qdisc_graft` calls `dev_deactivate`, net/sched). So ours stays as long
 * as the process serves, though no filter be left, and a filter that no packet comes to says whose it is (`giveWay`).
 */
import fs from "node:fs";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import { isAlive } from "../sys/processes.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { Assembler } from "./assembler.js";
import { TC_ACT_UNSPEC } from "./program.js";

/** Filters of all instances share one priority; the kernel tells them apart by handle. */
const PRIORITY = 0x7450;
/** Packets begin at chain 0, and nobody sends them here. */
const ASIDE = 0x7450;
const ATTEMPTS = 3;
const DIRECTIONS = ["ingress", "egress"] as const;
const FILTER_NAME = /^tsproxy-(guard-)?(\d+)(-qdisc)?$/;
/** Without the process id: of the guards of own networks (`host-guard.ts`). */
export const GUARD_NAME = "tsproxy-guard";
/** enum bpf_func_id. */
const TAIL_CALL = 12;
const FIRST = new Uint8Array(4);

export class HostFilter {
  private constructor(
    private readonly socket: RouteSocket,
    private readonly place: bpf.TcxPlace,
    private readonly array: number,
    private readonly handle: number,
    private readonly qdiscs: Set<number>,
  ) {}

  /** `name`: without the process id. `qdiscs`: devices whose clsact this process has made. What fails leaves none that nothing uses. */
  static put(socket: RouteSocket, place: bpf.TcxPlace, progFd: number, name: string, qdiscs: Set<number>): HostFilter {
    let array: number | undefined;
    let stub: number | undefined;
    try {
      array = bpf.createMap({ name: "tsproxy_place", type: bpf.MAP_PROG_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1 });
      enter(array, progFd);
      stub = bpf.loadProgram("tsproxy_stub", stubProgram(array));
      return new HostFilter(socket, place, array, putFilter(socket, place, stub, name, qdiscs), qdiscs);
    } catch (error) {
      if (array !== undefined) fs.closeSync(array);
      giveUpQdisc(socket, place.ifindex, qdiscs);
      throw error;
    } finally {
      if (stub !== undefined) fs.closeSync(stub); // the kernel keeps it as long as it is attached
    }
  }

  /** Descriptor of what keeps the filter in force. */
  get fd(): number {
    return this.array;
  }

  /** Another program, between two packets. False where the kernel refuses, which goes on with the one that there is. */
  replace(progFd: number): boolean {
    try {
      enter(this.array, progFd);
    } catch (error) {
      log.warn(`a filter of ours on device ${this.place.ifindex} goes on as it is: ${(error as Error).message}`);
      return false;
    }
    return true;
  }

  /** Something else has taken its place. The qdisc stays until `removeRest`, marked by a filter with `progFd`, which is never run. */
  giveWay(progFd: number): void {
    const { socket, qdiscs } = this;
    const { ifindex } = this.place;
    try {
      if (
        qdiscs.has(ifindex) &&
        !socket.bpfFilters(ifindex, "ingress").some(({ chain, name }) => chain === ASIDE && isOf(name, process.pid))
      )
        socket.addBpfFilter(ifindex, "ingress", progFd, `tsproxy-${process.pid}-qdisc`, PRIORITY, ASIDE);
    } catch (error) {
      log.warn(`a qdisc of ours on device ${ifindex} is not kept: ${(error as Error).message}`);
    }
    this.detach();
  }

  /** The device may be gone. Where the kernel does not remove it, it stays, and lets everything pass. */
  detach(): void {
    const { socket, qdiscs } = this;
    const { ifindex, direction } = this.place;
    try {
      socket.deleteBpfFilter(ifindex, PRIORITY, this.handle, direction);
      if (qdiscs.has(ifindex) && isUnused(socket, ifindex)) removeQdisc(socket, ifindex, qdiscs);
    } catch (error) {
      log.warn(`a filter of ours stays on device ${ifindex}, and lets everything pass: ${(error as Error).message}`);
    } finally {
      fs.closeSync(this.array);
    }
  }
}

/** Whether a filter has the name of one of tsproxy's, of whatever process. */
export function isOwnFilter(name: string): boolean {
  return FILTER_NAME.test(name);
}

function isOf(name: string, pid: number): boolean {
  return FILTER_NAME.exec(name)?.[2] === String(pid);
}

function enter(array: number, progFd: number): void {
  bpf.updateElement(array, FIRST, new Uint8Array(Uint32Array.of(progFd).buffer));
}

function stubProgram(array: number): Uint8Array {
  return new Assembler().loadMap("r2", array).mov("r3", 0).call(TAIL_CALL).mov("r0", TC_ACT_UNSPEC).exit().assemble();
}

/**
 * Answers the filter's handle. Another instance that starts just then may remove the qdisc that a dead one had made, with what is on it (`removeFilters`): then
 * once more.
 */
function putFilter(socket: RouteSocket, { ifindex, direction }: bpf.TcxPlace, progFd: number, name: string, qdiscs: Set<number>): number {
  for (let attempt = 1; ; attempt++) {
    const fullName = `${name}-${process.pid}${takeQdisc(socket, ifindex, qdiscs) ? "-qdisc" : ""}`;
    try {
      const handle = socket.addBpfFilter(ifindex, direction, progFd, fullName, PRIORITY);
      if (attempt === ATTEMPTS || socket.bpfFilters(ifindex, direction).some((filter) => filter.handle === handle)) return handle;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Sees to it that the device has a clsact; whether it counts as made by this process. */
export function takeQdisc(socket: RouteSocket, ifindex: number, qdiscs: Set<number>): boolean {
  if (socket.addClsact(ifindex) || (!qdiscs.has(ifindex) && isLeft(socket, ifindex))) qdiscs.add(ifindex);
  return qdiscs.has(ifindex);
}

/** Whether a process that is no more has made the device's clsact, as a filter of it says. */
function isLeft(socket: RouteSocket, ifindex: number): boolean {
  return DIRECTIONS.some((direction) =>
    socket.bpfFilters(ifindex, direction).some(({ name }) => {
      const [, , pid, isMaker] = FILTER_NAME.exec(name) ?? [];
      return pid !== undefined && isMaker !== undefined && isOver(pid);
    }),
  );
}

/** The device may be gone. */
function giveUpQdisc(socket: RouteSocket, ifindex: number, qdiscs: Set<number>): void {
  try {
    if (qdiscs.has(ifindex) && isUnused(socket, ifindex)) removeQdisc(socket, ifindex, qdiscs);
  } catch {
    // It is gone, or stays; `removeRest` tries once more.
  }
}

function removeQdisc(socket: RouteSocket, ifindex: number, qdiscs: Set<number>): void {
  socket.deleteClsact(ifindex);
  qdiscs.delete(ifindex);
}

/** Whether nobody has a program on the device's clsact. */
function isUnused(socket: RouteSocket, ifindex: number): boolean {
  return !DIRECTIONS.some((direction) => socket.hasFilters(ifindex, direction));
}

function isOver(pid: string): boolean {
  return !isAlive(Number(pid));
}

/**
 * Removes the device's filters of processes that `match` accepts, and the clsact qdisc if such a process had made it and nothing else uses it. `guards`: those of own
 * networks, too.
 */
function removeFilters(socket: RouteSocket, ifindex: number, match: (pid: string) => boolean, guards: boolean): number {
  let removed = 0;
  let madeQdisc = false;
  for (const direction of DIRECTIONS) {
    for (const { priority, handle, name, chain } of socket.bpfFilters(ifindex, direction)) {
      const parts = FILTER_NAME.exec(name);
      if (parts === null || (parts[1] !== undefined && !guards) || !match(parts[2]!)) continue;
      socket.deleteBpfFilter(ifindex, priority, handle, direction, chain);
      madeQdisc ||= parts[3] !== undefined;
      removed++;
    }
  }
  if (madeQdisc && isUnused(socket, ifindex)) socket.deleteClsact(ifindex);
  return removed;
}

/** Removes from these devices what tsproxy processes that are no more have left. Answers how many filters. `guards`: once there are others in the place of those. */
export function sweepStale(socket: RouteSocket, ifindices: readonly number[], { guards = false } = {}): number {
  return ifindices.reduce((sum, ifindex) => sum + removeFilters(socket, ifindex, isOver, guards), 0);
}

/** Removes the qdiscs, and what has failed in `detach`, when nothing is attached any more. `qdiscs`: as of `HostFilter.put`. */
export function removeRest(socket: RouteSocket, qdiscs: Set<number>): void {
  for (const ifindex of qdiscs) {
    removeFilters(socket, ifindex, (pid) => pid === String(process.pid), true);
    if (isUnused(socket, ifindex)) socket.deleteClsact(ifindex);
  }
  qdiscs.clear();
}
