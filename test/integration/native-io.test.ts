/** The packet input and output contract on TAP devices: what one end of a pair of TAPs writes, the other reads, by a kernel bridge in a namespace. */
import fs from "node:fs";
import { describe, expect, it } from "vitest";
import { NativeIo } from "../../src/device/native-io.js";
import { DESCRIPTOR } from "../../src/device/packet-io.js";
import { openTap, type Tap } from "../../src/device/tap.js";
import { PacketMemory } from "../../src/mem/packet-memory.js";
import { native } from "../../src/sys/native.js";
import { openNetns } from "../../src/sys/netns.js";
import { packetIoContract, TEST_TYPE } from "../device/packet-io.contract.js";
import { Lab } from "../support/lab.js";

const isRoot = process.getuid?.() === 0;
/** Longest that a TAP takes: 65,535 bytes with the Ethernet header. */
const MTU = 65521;

/** Makes the TAPs near0 far0 near1 far1, each pair on a bridge of its own, silent by themselves. */
function pairs(lab: Lab, ns: string, nsFd: number): Tap[] {
  const taps: Tap[] = [];
  for (const n of [0, 1]) {
    lab.ip(ns, `link add br${n} mtu ${MTU} type bridge mcast_snooping 0`);
    for (const name of [`near${n}`, `far${n}`]) {
      taps.push(openTap({ name, nsFd }));
      lab.ip(ns, `link set ${name} mtu ${MTU} master br${n}`);
    }
    for (const name of [`br${n}`, `near${n}`, `far${n}`]) {
      lab.sysctl(ns, `net.ipv6.conf.${name}.disable_ipv6`, 1);
      lab.ip(ns, `link set ${name} up`);
    }
  }
  return taps;
}

/** Test frames that are ready to be read from a TAP, without virtio-net header; waits until none came for a while. */
async function drain(fd: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const buffer = Buffer.alloc(70_000);
  for (let quiet = 0; quiet < 5; ) {
    try {
      const frame = Uint8Array.from(buffer.subarray(0, fs.readSync(fd, buffer)));
      if (((frame[22]! << 8) | frame[23]!) === TEST_TYPE) frames.push(frame.subarray(10));
      quiet = 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      quiet++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  return frames;
}

describe.skipIf(!isRoot)(`NativeIo${isRoot ? "" : " (skipped: needs root to make TAP devices)"}`, () => {
  packetIoContract(() => {
    const lab = new Lab();
    const ns = openNetns(lab.addNamespace("io"));
    const [near0, far0, near1, far1] = pairs(lab, ns.name, ns.fd) as [Tap, Tap, Tap, Tap];
    const memory = new PacketMemory();
    const wakeFd = native.eventfd();
    const io = new NativeIo(memory, wakeFd);
    io.addPort(3, near0.fds[0]!);
    io.addPort(7, near1.fds[0]!);
    const far = (port: number): number => (port === 3 ? far0.fds[0]! : far1.fds[0]!);
    return {
      memory,
      io,
      ports: [3, 7],
      deliver: (port, bytes) => void fs.writeSync(far(port), bytes),
      delivered: (port) => drain(far(port)),
      breakPort: (port) => lab.ip(ns.name, `link set ${port === 3 ? "near0" : "near1"} down`),
      longest: 10 + 14 + MTU,
      close: async () => {
        for (const tap of [near0, far0, near1, far1]) tap.close();
        fs.closeSync(wakeFd);
        fs.closeSync(ns.fd);
        await lab.close();
      },
    };
  });
});

it("sends also to what io_uring cannot write to without waiting, as TAPs before Linux 6.4", () => {
  const wakeFd = native.eventfd();
  const fd = fs.openSync("/dev/ptmx", fs.constants.O_RDWR | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY);
  try {
    const io = new NativeIo(new PacketMemory(), wakeFd);
    io.addPort(0, fd);
    for (let turn = 0; turn < 2; turn++) {
      for (let k = 0; k < 8; k++) io.tx.set([0, 40 + k, k, -1], k * DESCRIPTOR);
      expect(io.transmit(8)).toBe(0);
      expect([...Array(8).keys()].map((k) => io.tx[k * DESCRIPTOR + 1])).toEqual([40, 41, 42, 43, 44, 45, 46, 47]);
    }
    io.removePort(0);
  } finally {
    fs.closeSync(fd);
    fs.closeSync(wakeFd);
  }
});
