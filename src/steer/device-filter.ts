/**
 * A program on the ingress of a device of our own, by a clsact filter, which ends with the device. For devices that come and go in numbers: to put the first
 * program onto a device by TCX, and to remove a device that has one, the kernel waits 8 ms or more with its lock on all devices held (`tcx_entry_sync`,
 * kernel/bpf/tcx.c). A filter stays when the process is killed: the next one puts its own before it, and then takes it away.
 */
import type { RouteSocket } from "../sys/rtnetlink.js";

export interface DeviceFilter {
  /** The device may be gone. */
  detach(): void;
  /** Puts another program in its place, between two packets; false when the device is gone. */
  replace(progFd: number): boolean;
}

const PRIORITY = 0x7451;
/** No process's: filters called so are not swept (`attach.ts`). */
const NAME = "tsproxy-endpoint";

/** `socket`: of the device's namespace. */
export function attachFilter(socket: RouteSocket, ifindex: number, progFd: number): DeviceFilter {
  socket.addClsact(ifindex);
  // A new one comes first, and decides.
  const put = (fd: number): void => {
    const former = socket.bpfFilters(ifindex).filter(({ name }) => name === NAME);
    socket.addBpfFilter(ifindex, "ingress", fd, NAME, PRIORITY);
    for (const { handle } of former) socket.deleteBpfFilter(ifindex, PRIORITY, handle);
  };
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
