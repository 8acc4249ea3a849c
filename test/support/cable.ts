/**
 * A cable into a namespace whose other end is the test itself: what it sends are frames made by hand, as no program can send them. The
 * namespace's device is a TAP; the station at our end is 203.0.113.9.
 */
import fs from "node:fs";
import { native } from "../../src/sys/native.js";
import type { Lab } from "./lab.js";
import { frame, macText, VNET } from "./packets.js";
import { sleep } from "./proc.js";

/** linux/if_tun.h */
const IFF_TAP = 0x2,
  IFF_NO_PI = 0x1000,
  IFF_VNET_HDR = 0x4000;
const DEVICE = "wire0";
const MAC = "02:00:00:00:00:09";
const LONGEST = 70_000;

export const STATION = "203.0.113.9",
  WIRE_HOST = "203.0.113.1",
  WIRE_BROADCAST = "203.0.113.255";

export class Cable {
  /** Of the namespace's device. */
  readonly mac: string;
  private readonly fd: number;

  constructor(lab: Lab, ns: string) {
    const nsFd = fs.openSync(`/var/run/netns/${ns}`, "r");
    this.fd = native.openTap(DEVICE, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, nsFd)[0];
    fs.closeSync(nsFd);
    lab.ip(ns, `addr add ${WIRE_HOST}/24 dev ${DEVICE}\nlink set ${DEVICE} up\nneigh add ${STATION} lladdr ${MAC} dev ${DEVICE}`);
    this.mac = (JSON.parse(lab.runSync(ns, ["ip", "-j", "link", "show", DEVICE])) as { address: string }[])[0]!.address;
  }

  /** Sends a datagram as it is; `change` may still change the frame around it (its virtio-net header first). `to`: MAC address. */
  send(datagram: Uint8Array, change: (frame: Uint8Array) => Uint8Array = (f) => f, to = this.mac): void {
    fs.writeSync(this.fd, change(frame(to, MAC, datagram)));
  }

  /** Datagrams that have come since the last call, and in the next `ms`. */
  async received(ms = 200): Promise<Uint8Array[]> {
    await sleep(ms);
    const datagrams: Uint8Array[] = [];
    for (;;) {
      const buffer = new Uint8Array(LONGEST);
      let length: number;
      try {
        length = fs.readSync(this.fd, buffer);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return datagrams;
        throw error;
      }
      const to = macText(buffer.subarray(VNET, VNET + 6));
      if (to === MAC && buffer[VNET + 12] === 8 && buffer[VNET + 13] === 0) datagrams.push(buffer.subarray(VNET + 14, length));
    }
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}
