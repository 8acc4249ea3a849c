/**
 * Batches of reads in `native/io.c`, compiled over a ring that answers as the test says (`test/support/native/scripted-ring.c`): frames that
 * come between two reads of one batch, errors among them, and ports that share a batch.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DESCRIPTOR } from "../../src/device/packet-io.js";
import { HEAD_SIZE, HEADROOM, headAt, PacketMemory, TAIL_SIZE } from "../../src/mem/packet-memory.js";
import type { IoHandle, Native } from "../../src/sys/native.js";
import { payload } from "../support/packets.js";
import { Random } from "../support/random.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EINTR = 4,
  EAGAIN = 11,
  EINVAL = 22,
  EBADFD = 77,
  EOPNOTSUPP = 95;

interface ScriptedRing extends Pick<Native, "ioCreate" | "ioAddPort" | "ioRemovePort" | "ioReceive" | "ioWatch"> {
  /** What the reads of a batch answer, from now on; 0: what the port says. Returns how many batches there were. */
  script(answers: readonly number[]): number;
  pair(): [near: number, far: number];
}

interface Received {
  port: number;
  /** Or -errno. */
  bytes: string | number;
}

let addon: ScriptedRing;
let folder: string;
let memory: PacketMemory;
let io: IoHandle;
let rx: Int32Array;
let clock: Int32Array;
let wake: [number, number];
const pairs: [number, number][] = [];

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-ring-"));
  const file = path.join(folder, "scripted-ring.node");
  const sources = ["test/support/native/scripted-ring.c", "native/io.c", "native/ringbuf.c", "native/util.c"];
  const flags = [
    "-std=gnu11",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Wno-cast-function-type",
    "-fPIC",
    "-shared",
    "-Inode_modules/node-api-headers/include",
  ];
  execFileSync(process.env.CC ?? "cc", [...flags, "-o", file, ...sources], { cwd: ROOT, stdio: "pipe" });
  addon = createRequire(import.meta.url)(file) as ScriptedRing;
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

beforeEach(() => {
  memory = new PacketMemory();
  rx = new Int32Array(memory.slots * DESCRIPTOR);
  clock = new Int32Array(16);
  wake = addon.pair();
  io = addon.ioCreate(memory.bytes, memory.slots, HEADROOM, HEAD_SIZE, TAIL_SIZE, rx, new Int32Array(4), clock, wake[0]);
  addon.script([]);
});
afterEach(() => {
  for (const fd of [...pairs.splice(0), wake].flat()) fs.closeSync(fd);
});

/** Opens so many ports, 0 and up. */
function open(count: number): void {
  for (let port = 0; port < count; port++) {
    const pair = addon.pair();
    pairs.push(pair);
    addon.ioAddPort(io, port, pair[0]);
  }
}

function deliver(port: number, ...frames: Uint8Array[]): void {
  for (const frame of frames) fs.writeSync(pairs[port]![1], frame);
}

/** One batch, as it lies in packet memory. */
function receive(): Received[] {
  memory.bytes.fill(0xee); // what was there before is no frame
  const n = addon.ioReceive(io, 0, 0);
  return Array.from({ length: n }, (_, i) => {
    const [port = -1, len = 0, tail = -1] = rx.subarray(i * DESCRIPTOR);
    if (len < 0) return { port, bytes: len };
    const head = memory.bytes.subarray(headAt(i), headAt(i) + Math.min(len, HEAD_SIZE));
    const at = memory.tailAt(tail);
    return { port, bytes: hex(tail === -1 ? head : Buffer.concat([head, memory.bytes.subarray(at, at + len - HEAD_SIZE)])) };
  });
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const LONG = HEAD_SIZE + 900;
/** Short ones and long ones, all different. */
const frames = (count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, n) => payload((from + n) % 3 === 1 ? LONG + n : 60 + n, from + n));
/** The next batch of port 0 is then read by the ring, in up to `count` reads and one more. */
function warmUp(count: number): void {
  deliver(0, ...frames(count));
  expect(receive()).toHaveLength(count);
}

describe("a batch of reads", () => {
  it("brings whole and in order the frames that come after a read that found nothing", () => {
    open(1);
    for (const answers of [[-EAGAIN], [0, -EAGAIN], [-EAGAIN, 0, -EAGAIN, -EINTR], [0, 0, -EAGAIN, 0, 0, -EAGAIN]]) {
      addon.script([]);
      warmUp(6);
      const batches = addon.script(answers);
      const sent = frames(6, 7);
      deliver(0, ...sent);
      const got = receive();
      expect(addon.script([]), "the ring was used").toBe(batches + 1);
      expect(got.length).toBeGreaterThan(0);
      got.push(...receive());
      expect(got.map(({ bytes }) => bytes)).toEqual(sent.map(hex));
    }
  });

  it.each([1, 2, 3])("loses, doubles and mixes up nothing, whichever reads find nothing (seed %i)", (seed) => {
    const random = new Random(seed);
    open(3);
    const sent: string[][] = [[], [], []];
    const got: string[][] = [[], [], []];
    let from = 0;
    for (let round = 0; round < 300; round++) {
      const port = random.below(3);
      const more = frames(random.below(12), from);
      from += more.length;
      deliver(port, ...more);
      sent[port]!.push(...more.map(hex));
      addon.script(Array.from({ length: 16 }, () => (random.below(3) === 0 ? random.pick([-EAGAIN, -EINTR]) : 0)));
      for (const { port: at, bytes } of receive()) got[at]!.push(bytes as string);
    }
    addon.script([]);
    for (let turn = 0; turn < 100; turn++) for (const { port, bytes } of receive()) got[port]!.push(bytes as string);
    expect(got).toEqual(sent);
    expect(from).toBeGreaterThan(1000);
  });

  it("tells of a frame that could not be described, and brings the others", () => {
    open(1);
    warmUp(5);
    addon.script([0, -EINVAL]);
    const sent = frames(3, 9);
    deliver(0, ...sent);
    expect(receive().map(({ bytes }) => bytes)).toEqual([hex(sent[0]!), -EINVAL, hex(sent[1]!), hex(sent[2]!)]);
  });

  it("tells once that the device is gone", () => {
    open(1);
    warmUp(5);
    addon.script([0, ...Array(10).fill(-EBADFD)]);
    deliver(0, ...frames(1, 9));
    expect(receive().map(({ bytes }) => bytes)).toEqual([hex(frames(1, 9)[0]!), -EBADFD]);
  });

  it("reads one by one where the ring cannot, from then on", () => {
    open(1);
    warmUp(5);
    const batches = addon.script(Array(64).fill(-EOPNOTSUPP));
    for (let turn = 1; turn <= 3; turn++) {
      const sent = frames(5, 20 * turn);
      deliver(0, ...sent);
      expect(receive().map(({ bytes }) => bytes)).toEqual(sent.map(hex));
    }
    expect(addon.script([])).toBe(batches + 1);
  });
});

describe("ports that are busy", () => {
  it.each([2, 3])("leave the others of %i their turn within as many batches", (count) => {
    open(count);
    for (let round = 0; round < 5; round++) {
      for (let quiet = 1; quiet < count; quiet++) deliver(quiet, payload(60, quiet));
      const ports = new Set<number>();
      for (let batch = 0; batch < count; batch++) {
        deliver(0, ...Array.from({ length: 40 }, () => payload(60)));
        for (const { port } of receive()) ports.add(port);
      }
      expect([...ports].sort()).toEqual([...Array(count).keys()]);
    }
  });

  it("share each batch where they are more", () => {
    open(5);
    for (let port = 0; port < 5; port++) deliver(port, ...Array.from({ length: 50 }, () => payload(60, port)));
    for (let batch = 0; batch < 3; batch++) {
      const got = receive();
      expect(got).toHaveLength(memory.slots);
      const share = [0, 1, 2, 3, 4].map((each) => got.filter(({ port }) => port === each).length);
      for (const each of share) expect(each, `${share}`).toBeGreaterThanOrEqual(4);
    }
  });

  it("do not keep watched and wake descriptors from being noticed", () => {
    open(1);
    const watched = addon.pair();
    pairs.push(watched);
    addon.ioWatch(io, watched[0]);
    fs.writeSync(watched[1], "x");
    for (let call = 0; call < 70; call++) {
      deliver(0, payload(60), payload(60));
      receive();
    }
    expect(clock[2]).toBe(1);
  });
});

describe("a port that is removed", () => {
  it("is read no more, the others are, and its number may be another's", () => {
    open(3);
    for (let port = 0; port < 3; port++) deliver(port, payload(60, port));
    addon.ioRemovePort(io, 0);
    addon.ioRemovePort(io, 9); // there is none
    expect(
      receive()
        .map(({ port }) => port)
        .sort(),
    ).toEqual([1, 2]);
    const next = addon.pair();
    pairs.push(next);
    addon.ioAddPort(io, 0, next[0]);
    fs.writeSync(next[1], payload(60, 77));
    expect(receive()).toEqual([{ port: 0, bytes: hex(payload(60, 77)) }]);
  });
});
