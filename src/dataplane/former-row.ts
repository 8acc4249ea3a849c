/** What a row says that a former process left (`table/flow-file.ts`): which are a worker's, and whether it may be one at all. Nothing in it is trusted. */
import * as ct from "../table/conntrack.js";
import type { FlowFile } from "../table/flow-file.js";
import { ENDPOINT } from "../table/ports.js";
import { isIpv6, rowOf } from "../wire/address-word.js";
import { PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { foldAddress, workerOf } from "../wire/spread.js";
import { isIcmp } from "./packet.js";

/** Numbers of the rows in use that are that worker's of so many, in the order of their deadlines. */
export function rowsOf(file: FlowFile, worker: number, workers: number): Int32Array {
  const { rows } = file;
  const keys: number[] = [];
  for (let id = 0; id < file.capacity; id++) {
    const row = id << ct.ROW_SHIFT;
    if ((rows[row + ct.STATE]! & 0xff) !== 0 && isOf(file, row, worker, workers)) keys.push(rows[row + ct.DEADLINE]! * file.capacity + id);
  }
  return Int32Array.from(Float64Array.from(keys).sort(), (key) => key % file.capacity);
}

function isOf(file: FlowFile, row: number, worker: number, workers: number): boolean {
  if (file.workers === workers) return file.worker === worker;
  const { rows } = file;
  const ports = rows[row + ct.PORTS]!;
  const fromEndpoint = file.portKind[rows[row + ct.REPLY + ct.WAY]! & ct.EGRESS_PORT] === ENDPOINT;
  const far = spreadWord(file, fromEndpoint ? rows[row + ct.DST]! : rows[row + ct.SRC]!);
  return workerOf(far, fromEndpoint ? ports >>> 16 : ports & 0xffff, workers) === worker;
}

export function stateOf(word: number): number {
  return (word >> 8) & 0xff;
}

/** Whether the row's addresses are of the families that its state word says, and it says nothing more that it may not. */
export function hasFamilies(word: number, { src, dst, replySrc, replyDst }: ct.NewFlow): boolean {
  const [original, reply] = [(word & ct.V6_ORIGINAL) !== 0, (word & ct.V6_REPLY) !== 0];
  const more = ct.WITHHELD | (stateOf(word) === ct.CLOSING ? ct.TIMESTAMPED : 0);
  const rest = word & ~0xffff & ~(ct.V6_ORIGINAL | ct.V6_REPLY | more);
  return rest === 0 && isIpv6(src) === original && isIpv6(dst) === original && isIpv6(replySrc) === reply && isIpv6(replyDst) === reply;
}

/** The file's word for an address as `workerOf` takes it. */
function spreadWord({ addressWords }: FlowFile, former: number): number {
  if (!isIpv6(former)) return former;
  const at = rowOf(former) * 4;
  return foldAddress(addressWords[at] ?? 0, addressWords[at + 1] ?? 0, addressWords[at + 2] ?? 0, addressWords[at + 3] ?? 0);
}

export function isKnown(proto: number): boolean {
  return proto === PROTO_TCP || proto === PROTO_UDP || proto === PROTO_SCTP || isIcmp(proto);
}
