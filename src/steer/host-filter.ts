/**
 * A program on a device of the host's by a clsact filter, which the kernel puts there without waiting for anything. A filter stays when its process is
 * killed. So what it runs is a stub (`stub.ts`), which lets everything pass from then on. It is called `tsproxy-PID`, or `tsproxy-PID-qdisc` if its process
 * counts the device's clsact as its own (`own-qdiscs.ts`), and is removed by the next start (`filter-sweep.ts`).
 */
import fs from "node:fs";
import { log } from "../log.js";
import type { TcxPlace } from "../sys/bpf.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { PRIORITY } from "./filter-names.js";
import type { OwnQdiscs } from "./own-qdiscs.js";
import { goOnWith, loadStub } from "./stub.js";

const ATTEMPTS = 3;

export class HostFilter {
  private constructor(
    private readonly socket: RouteSocket,
    private readonly place: TcxPlace,
    private readonly array: number,
    private readonly handle: number,
    private readonly qdiscs: OwnQdiscs,
  ) {}

  /** `name`: without the process id. What fails leaves no qdisc that nothing uses. */
  static put(socket: RouteSocket, place: TcxPlace, progFd: number, name: string, qdiscs: OwnQdiscs): HostFilter {
    let array: number | undefined;
    let program: number | undefined;
    try {
      ({ array, program } = loadStub(progFd));
      return new HostFilter(socket, place, array, putFilter(socket, place, program, name, qdiscs), qdiscs);
    } catch (error) {
      if (array !== undefined) fs.closeSync(array);
      qdiscs.giveUp(place.ifindex);
      throw error;
    } finally {
      if (program !== undefined) fs.closeSync(program); // the kernel keeps it as long as it is attached
    }
  }

  /** Descriptor of what keeps the filter in force. */
  get fd(): number {
    return this.array;
  }

  /** Another program, between two packets. False where the kernel refuses, which goes on with the one that there is. */
  replace(progFd: number): boolean {
    try {
      goOnWith(this.array, progFd);
    } catch (error) {
      log.warn(`a filter of ours on device ${this.place.ifindex} goes on as it is: ${(error as Error).message}`);
      return false;
    }
    return true;
  }

  /** It stays as it is, for the next process, as long as somebody keeps `fd`. */
  leave(): void {
    fs.closeSync(this.array);
  }

  /** The device may be gone. Its qdisc stays. Where the kernel does not remove the filter, that stays, and lets everything pass. */
  detach(): void {
    const { ifindex, direction } = this.place;
    try {
      this.qdiscs.hold(ifindex);
      if (!this.socket.deleteBpfFilter(ifindex, PRIORITY, this.handle, direction)) this.qdiscs.forgetGone(ifindex);
    } catch (error) {
      log.warn(`a filter of ours stays on device ${ifindex}, and lets everything pass: ${(error as Error).message}`);
    } finally {
      fs.closeSync(this.array);
    }
  }
}

/**
 * Answers the filter's handle. Another instance that starts or ends just then may remove the qdisc that nobody else seems to use, with what is on it: then once
 * more.
 */
function putFilter(socket: RouteSocket, { ifindex, direction }: TcxPlace, progFd: number, name: string, qdiscs: OwnQdiscs): number {
  for (let attempt = 1; ; attempt++) {
    const fullName = `${name}-${process.pid}${qdiscs.take(ifindex, { besides: true }) ? "-qdisc" : ""}`;
    try {
      const handle = socket.addBpfFilter(ifindex, direction, progFd, fullName, PRIORITY);
      if (attempt === ATTEMPTS || socket.bpfFilters(ifindex, direction).some((filter) => filter.handle === handle)) return handle;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
