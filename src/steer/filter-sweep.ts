/** Removes filters of tsproxy's from devices of the host's: those that processes have left which are no more, and at the end of this process its own. */
import type { RouteSocket } from "../sys/rtnetlink.js";
import { DIRECTIONS, isOver, isUnused, parseName } from "./filter-names.js";

/** A filter, by the process id in its name, and the number of the program that it runs. */
type Match = (pid: string, program: number) => boolean;

/** Answers how many, and whether a process of these counted the qdisc as its own. */
function removeFilters(socket: RouteSocket, ifindex: number, match: Match): { removed: number; countedQdisc: boolean } {
  let removed = 0;
  let countedQdisc = false;
  for (const direction of DIRECTIONS) {
    for (const { priority, handle, name, chain, program } of socket.bpfFilters(ifindex, direction)) {
      const parts = parseName(name);
      if (parts === null || !match(parts.pid, program)) continue;
      socket.deleteBpfFilter(ifindex, priority, handle, direction, chain);
      countedQdisc ||= parts.countsQdisc;
      removed++;
    }
  }
  return { removed, countedQdisc };
}

/**
 * Removes from these devices what tsproxy processes that are no more have left, and the clsact qdisc if one of these counted it as its own and nothing else uses it.
 * Answers how many filters. `mayGo`: not all of that. Who starts does so when he has attached
 * what he needs, guards too, so that he has taken over the qdiscs.
 */
export function sweepStale(socket: RouteSocket, ifindices: readonly number[], mayGo: Match = () => true): number {
  const isStale: Match = (pid, program) => isOver(pid) && mayGo(pid, program);
  let sum = 0;
  for (const ifindex of ifindices) {
    const { removed, countedQdisc } = removeFilters(socket, ifindex, isStale);
    if (countedQdisc && isUnused(socket, ifindex)) socket.deleteClsact(ifindex);
    sum += removed;
  }
  return sum;
}

/** Removes filters that this process has left on the device. */
export function removeOwn(socket: RouteSocket, ifindex: number): void {
  removeFilters(socket, ifindex, (pid) => pid === String(process.pid));
}
