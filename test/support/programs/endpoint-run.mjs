/**
 * endpoint-run.mjs, a job (JSON) on standard input: runs `from_endpoint` on frames without sending any (BPF_PROG_TEST_RUN), as if they came by the device `end`.
 *
 * With `locals`, the host's addresses in hex: what carries frames of the host to endpoints, instead, as if the station was the host.
 *
 * Job: { end: device name, gateway: MAC in hex, station: { network, port, mac, addresses: hex }, pairs: [[key, value]] of `station_pairs` in hex, frames: [hex] }.
 * Answer: for each frame whether it was carried; else it went to the engine.
 */
import { EndpointEnds } from "../../../dist/steer/endpoint-ends.js";
import { fromHostProgram } from "../../../dist/steer/host-carry.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { ofBytes } from "../../../dist/wire/ip-address.js";
import { bytes, contextOf, indexOf, job, maps, testRun } from "./test-run.mjs";

const TC_ACT_UNSPEC = -1,
  TC_ACT_REDIRECT = 7;
const end = indexOf(job.end);
const tap = end + 1000; // there is none: nothing is sent
const programs = new Map();
const attacher = {
  attachOwn(device, fd) {
    programs.set(device, fd);
    return { mode: "clsact", detach: () => {} };
  },
};
const ends = new EndpointEnds(attacher, maps, { pastBridge: true }, () => ({ ipv4: true, ipv6: true }));
const { network, port, mac, addresses } = job.station;
ends.attach({ end, tap });
ends.setHost(network, { ifindex: tap, mac: bytes(job.gateway) });
ends.carry(network, { end, port, mac: bytes(mac), addresses: addresses.map((hex) => ofBytes(bytes(hex))) });
for (const [key, value] of job.pairs) bpf.updateElement(maps.stationPairs, bytes(key), bytes(value));

const { locals } = job;
for (const address of (locals ?? []).map(bytes))
  bpf.updateElement(address.length === 4 ? maps.locals : maps.locals6, address, new Uint8Array(4));
const program = locals === undefined ? programs.get(end) : bpf.loadProgram("test_from_host", fromHostProgram(maps, network));
const left = locals === undefined ? TC_ACT_REDIRECT : TC_ACT_UNSPEC;

function run(frame) {
  const before = ends.moved.at(port).rxPackets;
  const { verdict } = testRun(program, contextOf(end), frame);
  const isCarried = ends.moved.at(port).rxPackets > before;
  if (verdict !== (isCarried ? TC_ACT_REDIRECT : left)) throw new Error(`the verdict is ${verdict}`);
  return isCarried;
}

console.log(JSON.stringify(job.frames.map(run)));
