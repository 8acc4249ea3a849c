/**
 * Where the kernel has no SCTP sockets: one raw socket a family, open while ports are published, whose filter gives the engine what is for them
 * (`acceptRawProgram`). While it is there the kernel answers no SCTP packet with "protocol unreachable".
 */
import fs from "node:fs";
import { native, systemError } from "../sys/native.js";
import { familyNumber } from "../sys/rtnetlink-entries.js";
import { type IpAddress, toBytes } from "../wire/ip-address.js";
import { PROTO_SCTP } from "../wire/ipv4.js";

/** linux/net.h */
const SOCK_RAW = 3;

export class RawSctp {
  private readonly sockets = new Map<IpAddress["family"], number>();
  private readonly ports = new Map<IpAddress["family"], number>();

  /** `filter`: descriptor of the program for a family. */
  constructor(private readonly filter: (family: IpAddress["family"]) => number) {}

  /** `count` more ports are published at an address. Where the kernel has SCTP sockets, these do it. */
  add(host: IpAddress, count: number): void {
    if (native.hasSctp()) return;
    if (!this.sockets.has(host.family)) this.open(host);
    this.ports.set(host.family, (this.ports.get(host.family) ?? 0) + count);
  }

  /** The opposite of `add`. */
  remove({ family }: IpAddress, count: number): void {
    const left = (this.ports.get(family) ?? 0) - count;
    this.ports.set(family, left);
    const fd = this.sockets.get(family);
    if (left > 0 || fd === undefined) return;
    this.sockets.delete(family);
    fs.closeSync(fd);
  }

  close(): void {
    for (const fd of this.sockets.values()) fs.closeSync(fd);
    this.sockets.clear();
  }

  private open(host: IpAddress): void {
    const fd = native.socket(familyNumber(toBytes(host)), SOCK_RAW, PROTO_SCTP, -1);
    const errno = native.setFilter(fd, this.filter(host.family));
    if (errno !== 0) {
      fs.closeSync(fd);
      throw systemError("putting a filter on the raw socket for SCTP", errno);
    }
    this.sockets.set(host.family, fd);
  }
}
