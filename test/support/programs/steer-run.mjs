/**
 * steer-run.mjs, a job (JSON) on standard input: runs the steering programs on frames without sending any (BPF_PROG_TEST_RUN): `emit` on
 * those that open flows, then `steer` for Ethernet devices, offload included. What they would ask the kernel about routes, they ask this namespace.
 *
 * Job: { uplink, device: device names, opening: [hex], put: [[key, value]], across: [[key, value]], locals: [hex], frames: [hex] }; the frames come in
 * at `device`. With `ports`, keys of the map of that name in hex, the host's firewall is bypassed. `put` is entered into `flows` or `flows6` beside what `emit` enters, with the uplink's interface index, `across` into the map of that
 * name; addresses are of 4 or 16 bytes. `full`: `flows` has no room any more when so many opening frames have been.
 * Answer: { entries: [[key, value]] of `flows` and then `flows6` in hex, opened, answers: for each opening frame, and for each other one, { verdict,
 * frame (hex), counters: names of those that went up }, carried, openedAgain: `flows` by key after all, and when `emit` has had the opening ones again }.
 */
import { CarriedCounts } from "../../../dist/steer/carried.js";
import { emitProgram } from "../../../dist/steer/emit-program.js";
import { COUNTERS as OF_EACH } from "../../../dist/steer/program.js";
import { steerProgram } from "../../../dist/steer/steer-program.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../../../dist/wire/flow-entry.js";
import { bytes, contextOf, counted, indexOf, job, maps, testRun } from "./test-run.mjs";

const MAP_GET_NEXT_KEY = 4;
const MORE = 20; // as IPv6 a frame is longer

const uplink = indexOf(job.uplink);
for (const address of job.locals) {
  const key = bytes(address);
  bpf.updateElement(key.length === 4 ? maps.locals : maps.locals6, key, Buffer.alloc(4));
}
const emit = bpf.loadProgram("test_emit", emitProgram(uplink, maps, { ipv6: true }));
const steer = bpf.loadProgram(
  "test_steer",
  steerProgram("ethernet", [uplink], maps, { offload: true, ipv6: true, bypass: job.ports !== undefined }),
);
for (const key of job.ports ?? []) bpf.updateElement(maps.ports, bytes(key), Buffer.alloc(4));

const COUNTERS = [...OF_EACH, "offloaded"];
const carriedCounts = new CarriedCounts(maps.carried);

const counters = () => [...OF_EACH.map(counted), BigInt(carriedCounts.total().packets)];
const context = contextOf(indexOf(job.device));

/** All of a map, one key after another. */
function entries(map, keySize, valueSize) {
  const all = [];
  const attr = Buffer.alloc(32);
  attr.writeUInt32LE(map, 0);
  for (let key; ; ) {
    const next = Buffer.alloc(keySize);
    if (native.bpf(MAP_GET_NEXT_KEY, attr, key === undefined ? [16, next] : [8, key, 16, next]) < 0) return all;
    const value = Buffer.alloc(valueSize);
    bpf.lookupElement(map, next, value);
    if (!next.every((byte) => byte >= 0xfe)) all.push([next.toString("hex"), value.toString("hex")]);
    key = next;
  }
}

function observed(program, frame) {
  const before = counters();
  const answer = testRun(program, context, frame, MORE);
  return { ...answer, counters: counters().flatMap((n, i) => (n > before[i] ? [COUNTERS[i]] : [])) };
}

/** Takes all the room there is in `flows`, with keys of bytes that are 0xfe and more. */
function fill() {
  for (let n = 0, isFull = false; !isFull; n++) {
    const key = Buffer.from(Array.from({ length: FLOW_KEY_SIZE }, (_, bit) => 0xfe + ((n >> bit) & 1)));
    isFull = bpf.putBatch(maps.flows, key, Buffer.alloc(FLOW_VALUE_SIZE), 1) === 0;
  }
}

const opened = job.opening.map((frame, n) => {
  if (n === job.full) fill();
  return observed(emit, frame);
});
const recorded = [...entries(maps.flows, FLOW_KEY_SIZE, FLOW_VALUE_SIZE), ...entries(maps.flows6, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE)];
for (const [key, rest] of job.put ?? []) {
  const value = bytes(rest);
  value.writeUInt32LE(uplink, 0);
  const all = bytes(key);
  bpf.updateElement(all.length === FLOW_KEY_SIZE ? maps.flows : maps.flows6, all, value);
}
for (const [key, value] of job.across ?? []) bpf.updateElement(maps.across, bytes(key), bytes(value));
const answers = job.frames.map((frame) => observed(steer, frame));
const carried = Object.fromEntries(entries(maps.flows, FLOW_KEY_SIZE, FLOW_VALUE_SIZE));
for (const frame of job.opening) observed(emit, frame);
const openedAgain = Object.fromEntries(entries(maps.flows, FLOW_KEY_SIZE, FLOW_VALUE_SIZE));
console.log(JSON.stringify({ entries: recorded, opened, answers, carried, openedAgain }));
