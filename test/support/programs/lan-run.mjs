/**
 * lan-run.mjs, a job (JSON) on standard input: runs `lan_from` on frames without sending any (BPF_PROG_TEST_RUN), as if they came by the device `end`.
 *
 * Job: { end: device name, station: { network, mac, addresses: hex }, pairs: [[key, value]] of `station_pairs` in hex, frames: [hex] }.
 * Answer: a verdict for each frame.
 */
import fs from "node:fs";
import { LanCarry } from "../../../dist/steer/lan-carry.js";
import { lanFromProgram } from "../../../dist/steer/lan-carry-programs.js";
import { createMaps } from "../../../dist/steer/maps.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";
import { ofBytes } from "../../../dist/wire/ip-address.js";

const PROG_TEST_RUN = 10;
const job = JSON.parse(fs.readFileSync(0, "utf8"));
const bytes = (hex) => Buffer.from(hex, "hex");

const end = new RouteSocket().link(job.end).index;
const carry = new LanCarry(createMaps({ flowCapacity: 1000, ipv6: true, offload: true }, []));
const { network, mac, addresses } = job.station;
carry.add({ end, network, mac: bytes(mac), addresses: addresses.map((hex) => ofBytes(bytes(hex))) });
for (const [key, value] of job.pairs) bpf.updateElement(carry.maps.stationPairs, bytes(key), bytes(value));
const program = bpf.loadProgram("test_lan_from", lanFromProgram(carry.maps));

/** struct __sk_buff */
const context = Buffer.alloc(192);
context.writeUInt32LE(end, 40);

function run(frame) {
  const attr = Buffer.alloc(80);
  attr.writeUInt32LE(program, 0);
  attr.writeUInt32LE(frame.length, 8);
  attr.writeUInt32LE(context.length, 40);
  const result = native.bpf(PROG_TEST_RUN, attr, [16, frame, 48, context]);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN answers ${result}`);
  return attr.readInt32LE(4);
}

console.log(JSON.stringify(job.frames.map((frame) => run(bytes(frame)))));
