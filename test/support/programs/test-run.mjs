/** What the programs have in common that run BPF programs on frames without sending any (BPF_PROG_TEST_RUN): their job, maps, the run, the counters. */
import fs from "node:fs";
import { createMaps } from "../../../dist/steer/maps.js";
import { COUNTERS } from "../../../dist/steer/program.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";

const PROG_TEST_RUN = 10;
/** struct __sk_buff: its size, interface index, first word of `cb`. */
const CONTEXT_SIZE = 192,
  IFINDEX_AT = 40,
  CB_AT = 48;

export const job = JSON.parse(fs.readFileSync(0, "utf8"));
export const maps = createMaps({ flowCapacity: 1000, ipv6: true, offload: true, workers: job.workers }, []);
export const bytes = (hex) => Buffer.from(hex, "hex");

const routes = new RouteSocket();
export const indexOf = (device) => routes.link(device).index;

/** What programs see of packets that came by the device. */
export function contextOf(ifindex, cb = 0) {
  const context = Buffer.alloc(CONTEXT_SIZE);
  context.writeUInt32LE(ifindex, IFINDEX_AT);
  context.writeUInt32LE(cb, CB_AT);
  return context;
}

/** `frame` in hex; it may become longer by `room`. Answers the verdict and the frame as it is then, in hex. */
export function testRun(program, context, frame, room = 0) {
  const before = bytes(frame);
  const after = Buffer.alloc(before.length + room);
  const attr = Buffer.alloc(80);
  attr.writeUInt32LE(program, 0);
  attr.writeUInt32LE(before.length, 8);
  attr.writeUInt32LE(after.length, 12);
  attr.writeUInt32LE(context.length, 40);
  const result = native.bpf(PROG_TEST_RUN, attr, [16, before, 24, after, 48, context]);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN answers ${result}`);
  return { verdict: attr.readInt32LE(4), frame: after.toString("hex", 0, attr.readUInt32LE(12)) };
}

/** Of all CPUs together. */
export function counted(name) {
  const value = new BigUint64Array(bpf.possibleCpus());
  bpf.lookupElement(maps.counters, Uint8Array.of(COUNTERS.indexOf(name), 0, 0, 0), new Uint8Array(value.buffer));
  return value.reduce((sum, n) => sum + n, 0n);
}
