/**
 * TCX links that are made before there are programs for them: each takes the kernel a grace period of RCU, 8 ms or more in which something else may be
 * done. Meanwhile the kernel's lock of all devices is held, so whoever changes or lists devices waits. Until a link gets its program (`bpf.updateLink`), it
 * lets everything pass.
 */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import { Assembler } from "./assembler.js";
import { linkLayerOf } from "./link-layers.js";

/** TCX_NEXT (linux/bpf.h): the next program decides, or else the packet passes. */
const TCX_NEXT = -1;

/** A device, with its type (ARPHRD_*). */
export interface DeviceToSteer {
  ifindex: number;
  arphrdType: number;
}

export class PreparedLinks {
  /** Whether the kernel has TCX; else there are none. */
  readonly hasTcx: boolean;
  private readonly links = new Map<string, number>();
  private making: (() => void) | undefined;

  /** Begins to make them. Throws what `bpf.loadProgram` throws. */
  constructor(places: readonly bpf.TcxPlace[]) {
    const progFd = bpf.loadProgram("tsproxy_next", new Assembler().mov("r0", TCX_NEXT).exit().assemble());
    this.hasTcx = bpf.hasTcx(progFd);
    const wait = this.hasTcx ? bpf.createTcxLinksApart(progFd, places) : () => [];
    this.making = () => {
      this.making = undefined;
      for (const [i, fd] of wait().entries()) if (fd >= 0) this.links.set(nameOf(places[i]!), fd);
      fs.closeSync(progFd);
    };
  }

  /** Until all are there, or have failed. */
  wait(): void {
    this.making?.();
  }

  /** Descriptor of the link at the place, which is the caller's from now on; undefined when there is none. Waits for all of them. */
  take(place: bpf.TcxPlace): number | undefined {
    this.making?.();
    const fd = this.links.get(nameOf(place));
    this.links.delete(nameOf(place));
    return fd;
  }

  /** Ends those that nobody has taken. May be called again. */
  release(): void {
    this.making?.();
    for (const fd of this.links.values()) fs.closeSync(fd);
    this.links.clear();
  }
}

/** Where programs go that these devices get. */
export function placesFor(devices: readonly DeviceToSteer[]): bpf.TcxPlace[] {
  const ingress = devices.map(({ ifindex }) => ifindex);
  const egress = devices.filter(({ arphrdType }) => linkLayerOf(arphrdType) !== "loopback").map(({ ifindex }) => ifindex);
  const at = (direction: bpf.TcxPlace["direction"]) => (ifindex: number) => ({ ifindex, direction });
  return [...ingress.map(at("ingress")), ...egress.map(at("egress"))];
}

function nameOf({ ifindex, direction }: bpf.TcxPlace): string {
  return `${direction} ${ifindex}`;
}
