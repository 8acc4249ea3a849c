/**
 * overlay-run.mjs, a job (JSON) on standard input: runs the programs that carry frames of overlay networks on frames without sending any
 * (BPF_PROG_TEST_RUN). What they would ask the kernel about routes, they ask this namespace.
 *
 * Job: { device: name of the tunnels' device and of the endpoint's end, local: address in the underlay, vni, here: [MAC, ADDRESS, …],
 * behind: [[MAC, NODE, ADDRESS, …]], toNode: [hex], fromNode: [hex] }, frames with their Ethernet headers.
 * Answer: { toNode, fromNode }: for each frame { carried, frame (hex) }.
 */
import { V4, V6 } from "../../../dist/steer/family.js";
import { fromNodeProgram } from "../../../dist/steer/from-node-program.js";
import { Stations } from "../../../dist/steer/stations.js";
import { toNodeProgram } from "../../../dist/steer/to-node-program.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { parseMac } from "../../../dist/wire/ethernet.js";
import { parseIp } from "../../../dist/wire/ip-address.js";
import { perFamily } from "../../../dist/wire/per-family.js";
import { contextOf, counted, indexOf, job, maps, testRun } from "./test-run.mjs";

const OVERHEAD = 70;
const device = indexOf(job.device);
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

/** What is not carried goes to the TAP in the first word of `cb`. */
const context = contextOf(device, device);

function run(program, counter, hex) {
  const before = counted(counter);
  const { frame } = testRun(program, context, hex, OVERHEAD);
  return { carried: counted(counter) > before, frame };
}

const answers = {
  toNode: job.toNode.map((hex) => run(toNode, "to-node", hex)),
  fromNode: job.fromNode.map((hex) => run(fromNode, "from-node", hex)),
};
console.log(JSON.stringify(answers));
