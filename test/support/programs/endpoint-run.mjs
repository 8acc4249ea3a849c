/**
 * endpoint-run.mjs, a job (JSON) on standard input: runs `from_endpoint` on frames without sending any (BPF_PROG_TEST_RUN), as if they came by the device `end`.
 *
 * With `locals`, the host's addresses in hex: what carries frames of the host to endpoints, instead, as if the station was the host. With `conversation` the host's
 * frames meet that program and the station's the other one: [["endpoint" or "host", or "forwarded" by it, frame]], in place of `frames`.
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
/** Of struct __sk_buff; an interface index. */
const INGRESS_IFINDEX_AT = 36,
  LOOPBACK = 1;
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

const { locals, conversation } = job;
for (const address of (locals ?? []).map(bytes))
  bpf.updateElement(address.length === 4 ? maps.locals : maps.locals6, address, new Uint8Array(4));
const fromHost = bpf.loadProgram("test_from_host", fromHostProgram(ends.loaded.maps, network));
const asHost = locals !== undefined && conversation === undefined;
const program = asHost ? fromHost : programs.get(end);
const left = asHost ? TC_ACT_UNSPEC : TC_ACT_REDIRECT;

function run(frame) {
  const before = ends.moved.at(port).rxPackets;
  const { verdict } = testRun(program, contextOf(end), frame);
  const isCarried = ends.moved.at(port).rxPackets > before;
  if (verdict !== (isCarried ? TC_ACT_REDIRECT : left)) throw new Error(`the verdict is ${verdict}`);
  return isCarried;
}

/** `forwarded`: it came in by a device of the host first. */
function runHost(frame, forwarded) {
  const context = contextOf(tap);
  context.writeUInt32LE(forwarded ? LOOPBACK : 0, INGRESS_IFINDEX_AT);
  return testRun(fromHost, context, frame).verdict === TC_ACT_REDIRECT;
}

const say = ([who, frame]) => (who === "endpoint" ? run(frame) : runHost(frame, who === "forwarded"));
console.log(JSON.stringify(conversation === undefined ? job.frames.map(run) : conversation.map(say)));
