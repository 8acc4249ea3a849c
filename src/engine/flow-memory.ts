/** A worker's flows in the file that it was given, and those of former processes out of theirs. */
import { readSync } from "node:fs";
import { native } from "../sys/native.js";
import { DEFAULT_TIMEOUTS } from "../table/conntrack.js";
import { addressBytes, addressesAt, FlowFile, type FlowMemory, flowFileSize, rowBytes, rowsAt } from "../table/flow-file.js";
import type { FormerFile, WorkerOptions } from "./messages.js";

/** Room is made for so many rows at a time: 256 KB of flows, which the kernel has cleared in some 30 µs. */
const STEP = 4096;
/** Bytes read at a time. */
const PIECE = 1 << 24;

/** Memory that is the file, which has room for all but the rows; undefined without one. */
export function flowMemory(options: WorkerOptions): FlowMemory | undefined {
  const { flowFile, owner, conntrackMax: capacity, worker, workers, timeouts = DEFAULT_TIMEOUTS } = options;
  if (flowFile === -1 || owner === undefined) return undefined;
  const file = new FlowFile(native.mapFile(flowFile, flowFileSize(capacity)), capacity);
  file.begin(owner, worker, workers, timeouts);
  return file.memory(
    reserver(flowFile, rowsAt(capacity), rowBytes, capacity),
    reserver(flowFile, addressesAt(capacity), addressBytes, file.addressWords.length / 4),
  );
}

/** Makes room in the file, from `at` on, for items of which `bytes(n)` is the size of n, `most` of them; answers how many it has room for. */
function reserver(fd: number, at: number, bytes: (count: number) => number, most: number): (count: number) => number {
  let reserved = 0;
  return (count) => {
    const wanted = Math.min(most, Math.ceil(count / STEP) * STEP);
    if (wanted > reserved && native.reserveFile(fd, at + bytes(reserved), bytes(wanted - reserved)) === 0) reserved = wanted;
    return reserved;
  };
}

/** A copy, so that nobody can change what has been checked. A file that is shorter than it says has zeros at its end, which are no flows. */
export function readFlowFile({ fd, capacity }: FormerFile): FlowFile {
  const bytes = new Uint8Array(flowFileSize(capacity));
  for (let at = 0; at < bytes.length; ) {
    const got = readSync(fd, bytes, at, Math.min(PIECE, bytes.length - at), at);
    if (got === 0) break;
    at += got;
  }
  return new FlowFile(bytes.buffer, capacity);
}
