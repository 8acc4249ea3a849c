/** TAP devices as ports of the dataplane: a queue a worker, a number, and the way back. */
import { openTap, type Tap } from "../../device/tap.js";
import { native } from "../../sys/native.js";
import { ENDPOINT, HOST } from "../../table/ports.js";
import type { IpAddress } from "../../wire/ip-address.js";
import type { PortInfo, PortNumbers } from "../port-numbers.js";
import type { Undo } from "../undo.js";
import type { Workers } from "../workers.js";

export interface TapPort extends Omit<PortInfo, "port"> {
  kind: "host" | "endpoint";
  /** Of the station behind the port. */
  mac: Uint8Array;
  /** At most one of each family. */
  addresses: readonly IpAddress[];
  /** Number of its network. */
  network: number;
  /** The host's: interface index. */
  device?: number;
}

export class TapPorts {
  /** `queueFd`: descriptor of the program that spreads new flows over a device's queues. */
  constructor(
    private readonly workers: Workers,
    private readonly numbers: PortNumbers,
    private readonly queueFd: number,
  ) {}

  /** Opens a device in namespace `nsFd` (-1: the host's). Throws as `openTap`. */
  open(device: { name: string; nsFd?: number; existing?: { multiQueue: boolean } | undefined }, undo: Undo): Tap {
    const tap = openTap({ ...device, queues: this.workers.count });
    undo.add(`device ${tap.name}`, () => tap.close());
    if (tap.fds.length > 1) native.tapSteering(tap.fds[0]!, this.queueFd);
    return tap;
  }

  /** Frames flow from now on. `onGone`: the device ended by itself, with its namespace. */
  attach(tap: Tap, { mac, addresses, network, device = 0, ...info }: TapPort, undo: Undo, onGone?: () => void): void {
    const port = this.numbers.take(info, onGone);
    undo.add(`number of ${info.name}`, () => this.numbers.give(port));
    this.workers.addPort({ port, kind: info.kind === "host" ? HOST : ENDPOINT, mac, addresses, network, device }, tap.fds);
    undo.add(`port ${info.name}`, () => this.workers.removePort(port));
  }
}
