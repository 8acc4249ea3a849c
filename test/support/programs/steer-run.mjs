/**
 * steer-run.mjs, a job (JSON) on standard input: runs `steer` for Ethernet devices, offload included, on frames without sending any
 * (BPF_PROG_TEST_RUN). What it would ask the kernel about routes, it asks this namespace.
 *
 * Job: { uplink: device name, which is put into the entries, entries: [[key, value]] of `flows` in hex, locals: [hex], frames: [hex] }.
 * Answer: for each frame { verdict, frame (hex), counters: names of those that went up }.
 */
import fs from "node:fs";
import { COUNTERS } from "../../../dist/steer/program.js";
import { steerProgram } from "../../../dist/steer/steer-program.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";
import { FLOW_UPLINK_AT, FLOW_VALUE_SIZE } from "../../../dist/wire/flow-entry.js";

const PROG_TEST_RUN = 10;
const job = JSON.parse(fs.readFileSync(0, "utf8"));
const bytes = (hex) => Buffer.from(hex, "hex");

const routes = new RouteSocket();
const uplink = routes.link(job.uplink).index;
const create = (type, keySize, valueSize, maxEntries) => bpf.createMap({ name: "test", type, keySize, valueSize, maxEntries });
const maps = {
  flows: create(bpf.MAP_LRU_HASH, 16, FLOW_VALUE_SIZE, 1000),
  fragments: create(bpf.MAP_LRU_HASH, 16, 8, 1000),
  ports: create(bpf.MAP_HASH, 8, 4, 1),
  own: -1,
  locals: create(bpf.MAP_HASH, 4, 4, 100),
  counters: create(bpf.MAP_PERCPU_ARRAY, 4, 8, COUNTERS.length),
};
for (const address of job.locals) bpf.updateBatch(maps.locals, bytes(address), Buffer.alloc(4), 1);
for (const [key, value] of job.entries) {
  const entry = bytes(value);
  entry.writeUInt32LE(uplink, FLOW_UPLINK_AT);
  bpf.updateBatch(maps.flows, bytes(key), entry, 1);
}
const steer = bpf.loadProgram("test_steer", steerProgram("ethernet", [uplink], maps, { offload: true }));

/** Of all CPUs together. */
function counters() {
  const value = new BigUint64Array(bpf.possibleCpus());
  return COUNTERS.map((_, i) => {
    bpf.lookupElement(maps.counters, Uint8Array.of(i, 0, 0, 0), new Uint8Array(value.buffer));
    return value.reduce((sum, n) => sum + n, 0n);
  });
}

function run(program, frame) {
  const out = Buffer.alloc(frame.length);
  const attr = Buffer.alloc(80);
  attr.writeUInt32LE(program, 0);
  attr.writeUInt32LE(frame.length, 8);
  attr.writeUInt32LE(out.length, 12);
  const result = native.bpf(PROG_TEST_RUN, attr, [16, frame, 24, out]);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN answers ${result}`);
  return { verdict: attr.readInt32LE(4), frame: out.toString("hex", 0, attr.readUInt32LE(12)) };
}

const answers = job.frames.map((frame) => {
  const before = counters();
  const answer = run(steer, bytes(frame));
  return { ...answer, counters: counters().flatMap((n, i) => (n > before[i] ? [COUNTERS[i]] : [])) };
});
console.log(JSON.stringify(answers));
