/**
 * lan-run.mjs, a job (JSON) on standard input: runs `lan_from` on frames without sending any (BPF_PROG_TEST_RUN), as if they came by the device `end`.
 *
 * Job: { end: device name, station: { network, mac, addresses: hex }, pairs: [[key, value]] of `station_pairs` in hex, frames: [hex] }.
 * Answer: a verdict for each frame.
 */
import { GUARD_SIZE } from "../../../dist/steer/endpoint-programs.js";
import { LanCarry } from "../../../dist/steer/lan-carry.js";
import { lanFromProgram } from "../../../dist/steer/lan-carry-programs.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { ofBytes } from "../../../dist/wire/ip-address.js";
import { bytes, contextOf, indexOf, job, maps, testRun } from "./test-run.mjs";

const WORKERS = 2;
const end = indexOf(job.end);
const guard = bpf.createMap({ name: "test_guard", type: bpf.MAP_HASH, keySize: 4, valueSize: GUARD_SIZE, maxEntries: 1 });
const carry = new LanCarry({ ...maps, guard }, WORKERS);
const { network, mac, addresses } = job.station;
carry.add({ end, network, mac: bytes(mac), addresses: addresses.map((hex) => ofBytes(bytes(hex))) });
for (const [key, value] of job.pairs) bpf.updateElement(carry.maps.stationPairs, bytes(key), bytes(value));
const program = bpf.loadProgram("test_lan_from", lanFromProgram(carry.maps, WORKERS));

console.log(JSON.stringify(job.frames.map((frame) => testRun(program, contextOf(end), frame).verdict)));
