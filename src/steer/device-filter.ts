/**
 * A program on the ingress of a device of our own, by a clsact filter, which ends with the device. For devices that come and go in numbers: to put the first
 * program onto a device by TCX, and to remove a device that has one, the kernel waits 8 ms or more with its lock on all devices held (`tcx_entry_sync`,
 * kernel/bpf/tcx.c). A filter stays when the process is killed: the next one puts its own before it, and then takes it away.
 */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { Assembler } from "./assembler.js";
import { TC_ACT_SHOT } from "./program.js";

export interface DeviceFilter {
  /** The device may be gone. */
  detach(): void;
  /** Puts another program in its place, between two packets; false when the device is gone. */
  replace(progFd: number): boolean;
}

const PRIORITY = 0x7451;
/** No process's: filters called so are not swept (`host-filter.ts`). */
const NAME = "tsproxy-endpoint",
  SHUT = "tsproxy-shut";

/** `socket`: of the device's namespace. */
export function attachFilter(socket: RouteSocket, ifindex: number, progFd: number): DeviceFilter {
  socket.addClsact(ifindex);
  const put = (fd: number): void => putFirst(socket, ifindex, fd, NAME);
  put(progFd);
  const ifThere = (action: () => void): boolean => {
    const isThere = socket.link(ifindex) !== null;
    if (isThere) action();
    return isThere;
  };
  return {
    detach: () => {
      ifThere(() => {
        for (const { handle, name } of socket.bpfFilters(ifindex)) if (name === NAME) socket.deleteBpfFilter(ifindex, PRIORITY, handle);
      });
    },
    replace: (fd) => ifThere(() => put(fd)),
  };
}

/**
 * Drops what comes in by the device, and lets go of what was attached, whoever has done that: until the next `attachFilter`. `isTaken`: another instance has
 * begun to use the device, and is left alone; who does so says so before it attaches. Throws TSP_ERR_BPF.
 */
export function shutDevice(socket: RouteSocket, ifindex: number, isTaken: () => boolean = () => false): void {
  const progFd = bpf.loadProgram("tsproxy_shut", new Assembler().mov("r0", TC_ACT_SHOT).exit().assemble());
  try {
    socket.addClsact(ifindex);
    putFirst(socket, ifindex, progFd, SHUT, isTaken);
  } finally {
    fs.closeSync(progFd);
  }
}

/** A new one comes first, and decides; unless `isTaken` after that: then it goes again, and who takes the device finds it where it is not gone yet. */
function putFirst(socket: RouteSocket, ifindex: number, progFd: number, as: string, isTaken: () => boolean = () => false): void {
  const former = socket.bpfFilters(ifindex).filter(({ name }) => name === NAME || name === SHUT);
  const own = socket.addBpfFilter(ifindex, "ingress", progFd, as, PRIORITY);
  const gone = isTaken() ? [{ handle: own }] : former;
  for (const { handle } of gone) socket.deleteBpfFilter(ifindex, PRIORITY, handle);
}
