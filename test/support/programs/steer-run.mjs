/**
 * steer-run.mjs, a job (JSON) on standard input: runs the steering programs on frames without sending any (BPF_PROG_TEST_RUN): `emit` on
 * those that open flows, then `steer` for Ethernet devices, offload included. What they would ask the kernel about routes, they ask this namespace.
 *
 * Job: { uplink, device: device names, opening: [hex], put: [[key, value]], across: [[key, value]], locals: [hex], frames: [hex] }; the frames come in
 * at `device`. `put` is entered into `flows` or `flows6` beside what `emit` enters, with the uplink's interface index, `across` into the map of that
 * name; addresses are of 4 or 16 bytes.
 * Answer: { entries: [[key, value]] of `flows` and then `flows6` in hex, opened, answers: for each opening frame, and for each other one, { verdict,
 * frame (hex), counters: names of those that went up }, carried, openedAgain: `flows` by key after all, and when `emit` has had the opening ones again }.
 */
import fs from "node:fs";
import { CarriedCounts } from "../../../dist/steer/carried.js";
import { emitProgram } from "../../../dist/steer/emit-program.js";
import { createMaps } from "../../../dist/steer/maps.js";
import { COUNTERS as OF_EACH } from "../../../dist/steer/program.js";
import { steerProgram } from "../../../dist/steer/steer-program.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../../../dist/wire/flow-entry.js";

const MAP_GET_NEXT_KEY = 4,
  PROG_TEST_RUN = 10;
const job = JSON.parse(fs.readFileSync(0, "utf8"));
const bytes = (hex) => Buffer.from(hex, "hex");

const routes = new RouteSocket();
const uplink = routes.link(job.uplink).index;
const maps = createMaps({ flowCapacity: 1000, ipv6: true, offload: true }, []);
for (const address of job.locals) {
  const key = bytes(address);
  bpf.updateElement(key.length === 4 ? maps.locals : maps.locals6, key, Buffer.alloc(4));
}
const emit = bpf.loadProgram("test_emit", emitProgram(uplink, maps, { ipv6: true }));
const steer = bpf.loadProgram("test_steer", steerProgram("ethernet", [uplink], maps, { offload: true, ipv6: true }));

const COUNTERS = [...OF_EACH, "offloaded"];
const carriedCounts = new CarriedCounts(maps.carried);

/** Of all CPUs together. */
function counters() {
  const value = new BigUint64Array(bpf.possibleCpus());
  const counts = OF_EACH.map((_, i) => {
    bpf.lookupElement(maps.counters, Uint8Array.of(i, 0, 0, 0), new Uint8Array(value.buffer));
    return value.reduce((sum, n) => sum + n, 0n);
  });
  return [...counts, BigInt(carriedCounts.total().packets)];
}

/** struct __sk_buff */
const context = Buffer.alloc(192);
context.writeUInt32LE(routes.link(job.device).index, 40);

function run(program, frame) {
  const out = Buffer.alloc(frame.length + 20); // as IPv6 it is longer
  const attr = Buffer.alloc(80);
  attr.writeUInt32LE(program, 0);
  attr.writeUInt32LE(frame.length, 8);
  attr.writeUInt32LE(out.length, 12);
  attr.writeUInt32LE(context.length, 40);
  const result = native.bpf(PROG_TEST_RUN, attr, [16, frame, 24, out, 48, context]);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN answers ${result}`);
  return { verdict: attr.readInt32LE(4), frame: out.toString("hex", 0, attr.readUInt32LE(12)) };
}

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
    all.push([next.toString("hex"), value.toString("hex")]);
    key = next;
  }
}

function observed(program, frame) {
  const before = counters();
  const answer = run(program, bytes(frame));
  return { ...answer, counters: counters().flatMap((n, i) => (n > before[i] ? [COUNTERS[i]] : [])) };
}

const opened = job.opening.map((frame) => observed(emit, frame));
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
