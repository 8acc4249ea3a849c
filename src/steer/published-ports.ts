/** Ports that are published, as the programs know them. */
import * as bpf from "../sys/bpf.js";
import type { IpAddress } from "../wire/ip-address.js";
import { PROTO_SCTP } from "../wire/ipv4.js";
import { acceptRawProgram } from "./accept-program.js";
import type { Descriptors } from "./descriptors.js";
import { bytes, portKeys } from "./maps.js";
import type { MapFds } from "./program.js";
import { RawSctp } from "./raw-sctp.js";
import type { SteeringOptions } from "./steering-options.js";

export class PublishedPorts {
  private readonly rawSctp = new RawSctp((family) => this.rawFilter(family));
  private readonly rawFilters = new Map<4 | 6, number>();
  /** Something was written for what is carried, though nothing may be by now. */
  private countsCarried = false;

  /** `rings`: of the workers. */
  constructor(
    private readonly options: Pick<SteeringOptions, "bypass">,
    private readonly maps: MapFds,
    private readonly descriptors: Descriptors,
    private readonly rings: readonly number[],
  ) {}

  /**
   * Takes ports `firstPort` to `lastPort`, both included, of `hostIp` (unspecified: any address of the host of that family). `proto`: IANA's number.
   * Unless the firewall is bypassed, the sockets that hold the ports do it, and here is written but where what is carried is counted: `carried`. SCTP may
   * have no sockets.
   */
  publish(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number, carried = 0): void {
    const takes = this.options.bypass === true || proto === PROTO_SCTP;
    if (!takes && carried === 0) return;
    const ports = this.portsOf(hostIp.family);
    const keys = portKeys(proto, hostIp, firstPort, lastPort);
    const count = lastPort - firstPort + 1;
    this.countsCarried ||= carried !== 0;
    try {
      bpf.updateBatch(ports, keys, bytes(new Int32Array(count).fill(carried)), count);
      if (takes && this.options.bypass !== true) this.rawSctp.add(hostIp, count);
    } catch (error) {
      bpf.deleteBatch(ports, keys, keys.length / count, count);
      if (takes) throw error; // else what is carried counts in all alone
    }
  }

  /** The opposite of `publish`. */
  withdraw(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number): void {
    const takes = this.options.bypass === true || proto === PROTO_SCTP;
    if (!takes && !this.countsCarried) return;
    const keys = portKeys(proto, hostIp, firstPort, lastPort);
    const count = lastPort - firstPort + 1;
    bpf.deleteBatch(this.portsOf(hostIp.family), keys, keys.length / count, count);
    if (takes && this.options.bypass !== true) this.rawSctp.remove(hostIp, count);
  }

  private rawFilter(family: 4 | 6): number {
    const known = this.rawFilters.get(family);
    if (known !== undefined) return known;
    const fd = this.descriptors.load("accept_raw", acceptRawProgram(this.rings, this.maps, family), bpf.PROG_TYPE_SOCKET_FILTER);
    this.rawFilters.set(family, fd);
    return fd;
  }

  private portsOf(family: 4 | 6): number {
    return family === 4 ? this.maps.ports : this.maps.ports6;
  }

  close(): void {
    this.rawSctp.close();
  }
}
