/** The sockets of published ports in the descriptor store, so that they are held while this process is restarted. */
import { closeSync } from "node:fs";
import type { FdStore } from "../sys/fd-store.js";
import { native } from "../sys/native.js";
import { formatIp } from "../wire/ip-address.js";
import { PROTOCOLS } from "../wire/ipv4.js";
import type { HeldPorts } from "./held-ports.js";
import { formatMapping, type OneSpec } from "./mapping.js";
import type { Undo } from "./undo.js";

export class KeptPorts {
  constructor(private readonly store?: FdStore) {}

  /** The sockets that a former process held these ports with, which hold them still. */
  take(spec: OneSpec, filterFd: number): HeldPorts | undefined {
    if (spec.pickFromRange || spec.hostPort === 0) return undefined;
    const name = nameOf(spec, spec.hostPort, spec.hostPortEnd);
    const fds = this.store?.take(name) ?? [];
    if (fds.length === 0) return undefined;
    const isRight = (fd: number, i: number): boolean => {
      const [proto, port, address] = native.boundTo(fd) ?? [];
      return proto === PROTOCOLS[spec.proto] && port === spec.hostPort + i && address === formatIp(spec.hostIp);
    };
    const count = Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
    if (fds.length === count && fds.every(isRight) && fds.every((fd) => native.setFilter(fd, filterFd) === 0))
      return { firstPort: spec.hostPort, fds };
    for (const fd of fds) closeSync(fd);
    this.store?.remove(name);
    return undefined;
  }

  /** As long as `undo` is not run. `isKept`: they came of the store. */
  keep(spec: OneSpec, { firstPort, fds }: HeldPorts, isKept: boolean, undo: Undo): void {
    const name = nameOf(spec, firstPort, firstPort + fds.length - 1);
    if (!isKept) this.store?.put(name, fds);
    undo.add(`keeping of ${formatMapping(spec)}`, () => this.store?.remove(name));
  }
}

/** What the sockets of these ports are kept as; a colon may be in no name of systemd's. */
function nameOf({ proto, hostIp, hostZone = "" }: OneSpec, first: number, last: number): string {
  return `port-${proto}-${formatIp(hostIp).replaceAll(":", "_")}-${hostZone}-${first}-${last}`;
}
