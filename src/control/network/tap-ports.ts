/** TAP devices as ports of the dataplane: a queue a worker, a number, and the way back. */
import { closeSync } from "node:fs";
import { openTap, type Tap } from "../../device/tap.js";
import type { Steering } from "../../steer/steering.js";
import type { FdStore } from "../../sys/fd-store.js";
import { native } from "../../sys/native.js";
import { settingUp } from "../../sys/setting-up.js";
import type { Bandwidth } from "../../table/bandwidth.js";
import { ENDPOINT, HOST, LAN } from "../../table/ports.js";
import type { IpAddress } from "../../wire/ip-address.js";
import type { PortInfo, PortNumbers } from "../port-numbers.js";
import type { Undo } from "../undo.js";
import type { Workers } from "../workers.js";

const KINDS = { host: HOST, endpoint: ENDPOINT, lan: LAN } as const;

export interface TapPort extends Omit<PortInfo, "port"> {
  kind: keyof typeof KINDS;
  /** Of the station behind the port; of a LAN's the parent device's. */
  mac: Uint8Array;
  /** At most one of each family. */
  addresses: readonly IpAddress[];
  /** Number of its network. */
  network: number;
  /** Interface index of the host's; of an endpoint's on a veth pair that of the pair's end in the host's namespace. */
  device?: number | undefined;
  /** Of an endpoint, as in `table/ports.ts`. */
  owner?: number | undefined;
  bandwidth?: Bandwidth | undefined;
}

export interface OpenDevice {
  name: string;
  nsFd?: number;
  existing?: { multiQueue: boolean } | undefined;
  keepAs?: string | undefined;
  /** For tunnels. */
  tunnels?: boolean;
}

export class TapPorts {
  /** `steering`: whose program spreads new flows over a device's queues, and who is to know endpoints' addresses. */
  constructor(
    private readonly workers: Workers,
    private readonly numbers: PortNumbers,
    private readonly steering: Pick<Steering, "carriesInside" | "ends" | "queueFd" | "tunnelQueueFd" | "setInside">,
    private readonly store?: FdStore,
  ) {}

  /** Whether devices that are kept may be kept on after an orderly end, for a restart. */
  get outliveEnd(): boolean {
    return this.store?.outlivesEnd === true;
  }

  /** Whether a former process left the device of that name. */
  isKept(name: string): boolean {
    return this.store?.has(`tap-${name}`) === true;
  }

  /**
   * Opens a device in namespace `nsFd` (-1: the host's). Throws as `openTap`. `keepAs`: name under which it is kept while the process is
   * restarted, which no other device has.
   */
  open(device: OpenDevice, undo: Undo): Tap {
    const { keepAs, ...options } = device;
    const kept = keepAs === undefined ? undefined : this.takeKept(`tap-${keepAs}`);
    const tap = openTap({ ...options, queues: this.workers.count, kept });
    undo.add(`device ${tap.name}`, () => tap.close());
    if (keepAs !== undefined) {
      if (kept === undefined) this.store?.put(`tap-${keepAs}`, tap.fds);
      undo.add(`keeping of ${tap.name}`, () => this.store?.remove(`tap-${keepAs}`));
    }
    const program = device.tunnels === true ? this.steering.tunnelQueueFd : this.steering.queueFd;
    if (tap.fds.length > 1) settingUp(tap.name, isTapThere(tap), () => native.tapSteering(tap.fds[0]!, program));
    return tap;
  }

  /** Whether flows to and from endpoints on veth pairs are carried by the kernel, or may be once all is loaded. */
  get carriesInside(): boolean {
    return this.steering.carriesInside;
  }

  /** With a queue for each worker, or not at all. */
  private takeKept(name: string): readonly number[] | undefined {
    const fds = this.store?.take(name) ?? [];
    if (fds.length === 0) return undefined;
    if (fds.length === this.workers.count && fds.every((fd) => native.tapName(fd) !== "")) return fds;
    for (const fd of fds) closeSync(fd);
    this.store?.remove(name);
    return undefined;
  }

  /** Frames flow from now on; answers the port's number. `onGone`: the device ended by itself, with its namespace. */
  attach(tap: Tap, { mac, addresses, network, device = 0, owner, bandwidth, ...info }: TapPort, undo: Undo, onGone?: () => void): number {
    const { ends } = this.steering;
    const port = this.numbers.take(info, onGone);
    undo.add(`number of ${info.name}`, () => this.numbers.give(port));
    for (const address of addresses) if (address.family === 6) this.steering.setInside(port, address);
    // Bandwidth is shaped by the engine, so who has a limit is not carried.
    const mayBe = info.kind === "endpoint" && device !== 0 && bandwidth === undefined && this.steering.carriesInside;
    if (info.kind === "host") undo.add(`host's end of network ${network}`, ends.setHost(network, { ifindex: device, mac, port }));
    // First: of what the kernel has no room for, the engine must know that it is not carried.
    const endCarrying = mayBe ? ends.carry(network, { end: device, port, mac, addresses }) : undefined;
    if (endCarrying !== undefined) undo.add(`carrying of ${info.name}`, endCarrying);
    else if (info.kind !== "lan" && this.steering.carriesInside) ends.moved.clear(port); // whoever had the number before
    const known = info.kind === "host" || endCarrying !== undefined ? device : 0;
    this.workers.addPort({ port, kind: KINDS[info.kind], mac, addresses, network, device: known, owner, bandwidth }, tap.fds);
    undo.add(`port ${info.name}`, () => this.workers.removePort(port));
    return port;
  }
}

/** A TAP that somebody has deleted leaves descriptors that belong to none. */
export function isTapThere({ fds }: Tap): () => boolean {
  return () => native.tapName(fds[0]!) !== "";
}
