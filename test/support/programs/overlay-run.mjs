/**
 * overlay-run.mjs, a job (JSON) on standard input: runs the programs that carry frames of overlay networks on frames without sending any
 * (BPF_PROG_TEST_RUN). What they would ask the kernel about routes, they ask this namespace.
 *
 * Job: { device: name of the tunnels' device and of the endpoint's end, local: address in the underlay, vni, here: [MAC, ADDRESS, …],
 * behind: [[MAC, NODE, ADDRESS, …]], toNode: [hex], fromNode: [hex] }, frames with their Ethernet headers.
 * Answer: { toNode, fromNode }: for each frame { carried, frame (hex) }.
 */
import fs from "node:fs";
import { V4, V6 } from "../../../dist/steer/family.js";
import { createMaps } from "../../../dist/steer/maps.js";
import { fromNodeProgram, toNodeProgram } from "../../../dist/steer/overlay-programs.js";
import { COUNTERS } from "../../../dist/steer/program.js";
import { Stations } from "../../../dist/steer/stations.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";
import { parseMac } from "../../../dist/wire/ethernet.js";
import { parseIp } from "../../../dist/wire/ip-address.js";
import { perFamily } from "../../../dist/wire/per-family.js";

const PROG_TEST_RUN = 10,
  OVERHEAD = 70;
const job = JSON.parse(fs.readFileSync(0, "utf8"));
const device = new RouteSocket().link(job.device).index;
const maps = createMaps({ flowCapacity: 1000, ipv6: true, offload: true }, []);
const stations = new Stations(maps, true);
const local = parseIp(job.local);
stations.open({ device, port: 4789, local, checksum: false });
const network = stations.ofNetwork(job.vni, 1450);
const addresses = (texts) => perFamily(texts.map(parseIp));
const [mac, ...own] = job.here;
network.onEnd({ mac: parseMac(mac), addresses: addresses(own) }, device);
for (const [other, node, ...theirs] of job.behind)
  network.setBehind(parseMac(other), { addresses: addresses(theirs), node: parseIp(node) });

const family = local.family === 4 ? V4 : V6;
const toNode = bpf.loadProgram("test_to_node", toNodeProgram(maps, family));
const fromNode = bpf.loadProgram("test_from_node", fromNodeProgram(maps, family));

function counted(name) {
  const value = new BigUint64Array(bpf.possibleCpus());
  bpf.lookupElement(maps.counters, Uint8Array.of(COUNTERS.indexOf(name), 0, 0, 0), new Uint8Array(value.buffer));
  return value.reduce((sum, n) => sum + n, 0n);
}

/** struct __sk_buff: interface index, and the TAP in the first word of `cb`. */
const context = Buffer.alloc(192);
context.writeUInt32LE(device, 40);
context.writeUInt32LE(device, 48);

function run(program, counter, hex) {
  const before = counted(counter);
  const frame = Buffer.from(hex, "hex");
  const out = Buffer.alloc(frame.length + OVERHEAD);
  const attr = Buffer.alloc(80);
  attr.writeUInt32LE(program, 0);
  attr.writeUInt32LE(frame.length, 8);
  attr.writeUInt32LE(out.length, 12);
  attr.writeUInt32LE(context.length, 40);
  const result = native.bpf(PROG_TEST_RUN, attr, [16, frame, 24, out, 48, context]);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN answers ${result}`);
  return { carried: counted(counter) > before, frame: out.toString("hex", 0, attr.readUInt32LE(12)) };
}

const answers = {
  toNode: job.toNode.map((hex) => run(toNode, "to-node", hex)),
  fromNode: job.fromNode.map((hex) => run(fromNode, "from-node", hex)),
};
console.log(JSON.stringify(answers));
