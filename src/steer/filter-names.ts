/** How filters on the host's devices are called, which says whose they are: `tsproxy-PID`; `tsproxy-PID-qdisc`, if that process counts the qdisc as its own. */
import { isAlive } from "../sys/processes.js";
import type { RouteSocket } from "../sys/rtnetlink.js";

/** Filters of all instances share one priority; the kernel tells them apart by handle. */
export const PRIORITY = 0x7450;
export const DIRECTIONS = ["ingress", "egress"] as const;
/** Without the process id: of the guards of own networks (`host-guard.ts`). */
export const GUARD_NAME = "tsproxy-guard";
const FILTER_NAME = /^tsproxy-(?:guard-)?(\d+)(-qdisc)?$/;

/** Null: it is another program's, or on a device of our own (`device-filter.ts`). */
export function parseName(name: string): { pid: string; countsQdisc: boolean } | null {
  const [, pid, mark] = FILTER_NAME.exec(name) ?? [];
  return pid === undefined ? null : { pid, countsQdisc: mark !== undefined };
}

/** Whether a filter has the name of one of tsproxy's, of whatever process. */
export function isOwnFilter(name: string): boolean {
  return parseName(name) !== null;
}

/** Whether the process is no more. */
export function isOver(pid: string): boolean {
  return !isAlive(Number(pid));
}

/** Whether nobody has a program on the device's clsact. */
export function isUnused(socket: RouteSocket, ifindex: number): boolean {
  return !DIRECTIONS.some((direction) => socket.hasFilters(ifindex, direction));
}
