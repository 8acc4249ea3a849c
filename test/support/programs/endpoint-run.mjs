/**
 * endpoint-run.mjs, a job (JSON) on standard input: runs `from_endpoint` on frames without sending any (BPF_PROG_TEST_RUN), as if they came by the device `end`.
 *
 * With `locals`, the host's addresses in hex: what carries frames of the host to endpoints, instead, as if the station was the host. With `conversation` the host's
 * frames meet that program and the station's the other one: [["endpoint" or "host", or "forwarded" by it, frame]], in place of `frames`. With "again" it is the host's,
 * of a flow that was noted long ago, at a device that is gone: whether it is noted at this one then.
 *
 * Job: { end: device name, gateway: MAC in hex, station: { network, port, mac, addresses: hex }, pairs: [[key, value]] of `station_pairs` in hex, frames: [hex] }.
 * Answer: for each frame whether it was carried; else it went to the engine.
 *
 * With `steps` as well, `uplink`: device name, workers: how many, instead: each step is { frame: hex }, { entry: [key, value] of `flows` or `flows6` in hex }, which get
 * the uplink's interface index and the end's, { pair: [key, value] }, or { passed: number }, a stamp that the engine has sent on, of the place of the last one.
 * Answer: for each frame { carried, stamp: { place, number, worker } or null }.
 */
import { EndpointEnds } from "../../../dist/steer/endpoint-ends.js";
import { fromHostProgram } from "../../../dist/steer/host-carry.js";
import { HOST_FLOW_DEVICE_AT } from "../../../dist/steer/host-flow-program.js";
import * as bpf from "../../../dist/sys/bpf.js";
import { FLOW_INGRESS_AT, FLOW_KEY_SIZE, FLOW_UPLINK_AT } from "../../../dist/wire/flow-entry.js";
import { ofBytes } from "../../../dist/wire/ip-address.js";
import {
  INSIDE_MARK,
  INSIDE_MARK_AT,
  INSIDE_PLACE_SHIFT,
  INSIDE_STAMP_AT,
  insidePlace,
  ORDER_PASSED_AT,
  ORDER_VALUE_SIZE,
} from "../../../dist/wire/order.js";
import { bytes, contextOf, indexOf, job, maps, testRun } from "./test-run.mjs";

const TC_ACT_UNSPEC = -1,
  TC_ACT_REDIRECT = 7;
/** Of struct __sk_buff; an interface index. */
const INGRESS_IFINDEX_AT = 36,
  LOOPBACK = 1;
const TCP = 6; // of IP
const end = indexOf(job.end);
const tap = end + 1000; // there is none: nothing is sent
const programs = new Map();
const attacher = {
  attachOwn(device, fd) {
    programs.set(device, fd);
    return { mode: "clsact", detach: () => {} };
  },
};
const { workers = 1 } = job;
const ends = new EndpointEnds(attacher, maps, { pastBridge: true, uplinks: Array(workers) }, () => ({ ipv4: true, ipv6: true }));
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
  const { verdict, frame: after } = testRun(program, contextOf(end), frame);
  const carried = ends.moved.at(port).rxPackets > before;
  if (verdict !== (carried ? TC_ACT_REDIRECT : left)) throw new Error(`the verdict is ${verdict}`);
  return { carried, after };
}

let last;
const counts = new Map();
/** The stamp in the frame, whose place the map has at `last` from then on; and nothing else of it has changed. */
function stampIn(before, after) {
  if (after === before) return null;
  const frame = bytes(after);
  const word = frame.readUInt32LE(INSIDE_MARK_AT);
  const rest = (hex) => hex.slice(0, INSIDE_MARK_AT * 2) + hex.slice(INSIDE_MARK_AT * 2 + 12);
  if ((word & 0xffffff) !== INSIDE_MARK || rest(before) !== rest(after)) throw new Error(`the frame became ${after}`);
  const place = word >>> INSIDE_PLACE_SHIFT;
  const number = frame.readUInt16LE(INSIDE_STAMP_AT);
  const places = Array.from({ length: workers }, (_, worker) => insidePlace(workers, worker, port) + place);
  const worker = places.findIndex((at) => handed(at) === number && (counts.get(at) ?? 0) === number - 1);
  last = places[worker];
  counts.set(last, number);
  return { place, number, worker };
}

function handed(place) {
  const value = Buffer.alloc(ORDER_VALUE_SIZE);
  bpf.lookupElement(maps.order, Buffer.from(Uint32Array.of(place).buffer), value);
  return value.readUInt16LE(0);
}

function pass(number) {
  const key = Buffer.from(Uint32Array.of(last).buffer);
  const value = Buffer.alloc(ORDER_VALUE_SIZE);
  bpf.lookupElement(maps.order, key, value);
  value.writeUInt32LE(number >>> 0, ORDER_PASSED_AT);
  bpf.updateElement(maps.order, key, value);
}

function enter([key, rest]) {
  const value = bytes(rest);
  value.writeUInt32LE(indexOf(job.uplink), FLOW_UPLINK_AT);
  value.writeUInt32LE(end, FLOW_INGRESS_AT);
  bpf.updateElement(bytes(key).length === FLOW_KEY_SIZE ? maps.flows : maps.flows6, bytes(key), value);
}

/** `forwarded`: it came in by a device of the host first. */
function runHost(frame, forwarded) {
  const context = contextOf(end); // any that is there
  context.writeUInt32LE(forwarded ? LOOPBACK : 0, INGRESS_IFINDEX_AT);
  return testRun(fromHost, context, frame).verdict === TC_ACT_REDIRECT;
}

function step({ frame, entry, pair, passed }) {
  if (entry !== undefined) enter(entry);
  if (pair !== undefined) bpf.updateElement(maps.stationPairs, ...pair.map(bytes));
  if (passed !== undefined) pass(passed);
  if (frame === undefined) return [];
  const { carried, after } = run(frame);
  return [{ carried, stamp: carried ? null : stampIn(frame, after) }];
}

function again(frame) {
  const packet = bytes(frame);
  const isIpv6 = packet[12] === 0x86;
  const { hostFlows, hostFlows6 } = ends.loaded.maps;
  const map = isIpv6 ? hostFlows6 : hostFlows;
  const tuple = isIpv6 ? packet.subarray(22, 58) : packet.subarray(26, 38);
  const key = Buffer.concat([tuple, Buffer.from(Uint32Array.of(TCP).buffer)]);
  const value = Buffer.from(Uint32Array.of(1, LOOPBACK).buffer);
  bpf.updateElement(map, key, value);
  runHost(frame, false);
  bpf.lookupElement(map, key, value);
  return value.readUInt32LE(HOST_FLOW_DEVICE_AT) === end;
}

function say([who, frame]) {
  if (who === "endpoint") return run(frame).carried;
  return who === "again" ? again(frame) : runHost(frame, who === "forwarded");
}

function answer() {
  if (job.steps !== undefined) return job.steps.flatMap(step);
  return conversation === undefined ? job.frames.map((frame) => run(frame).carried) : conversation.map(say);
}

console.log(JSON.stringify(answer()));
