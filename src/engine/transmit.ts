/** The list of frames to transmit: filled one by one, or with a whole batch, and flushed when it is full or when what it points to will be written over. */
import { PASSES } from "../dataplane/shaper.js";
import type { State } from "../dataplane/state.js";
import { DESCRIPTOR, type PacketIo, TX_MAX } from "../device/packet-io.js";
import type { Batch } from "../mem/batch.js";
import { headAt } from "../mem/packet-memory.js";
import * as drop from "../wire/drop.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import type { PortCounts } from "./counters.js";
import { fieldsOf } from "./descriptors.js";

/** errno values that a TAP answers with (asm-generic/errno.h). */
const EAGAIN = 11,
  ENOMEM = 12,
  ENOBUFS = 105;

export interface TransmitList {
  /** Sends the whole batch, if all of it goes to one port that takes it as it is; else false, and nothing is sent. The list must be empty. */
  sendBatch(): boolean;
  /** Adds frame `i`, as it is now. `from`: the port whose bandwidth it takes; -1: none's. */
  push(i: number, from: number, port: number): void;
  /** Sends what was added, and counts what became of it. */
  flush(): void;
  /** What waited for its bandwidth. All frames of the batch are sent: its heads and tails are free. */
  sendWaiting(): void;
}

export function transmitList(io: PacketIo, batch: Batch, state: State, counts: PortCounts): TransmitList {
  const { tx } = io;
  const { shaper } = state;
  const [txPort, txSize, txAt, txTail] = fieldsOf(tx);
  const frameOf = new Int32Array(TX_MAX); // by place in the list: frame of the batch; -1: it is of another
  let txCount = 0;

  function sendBatch(): boolean {
    const { at, count, egress, len, tail } = batch;
    const first = egress[0]!;
    let others = 0; // not 0: not all go to one port
    let bytes = 0;
    // As if all did, as in most batches.
    for (let i = 0; i < count; i++) {
      const d = i * DESCRIPTOR;
      const size = len[i]!;
      txPort[d] = first;
      txSize[d] = (size + VNET) | 0;
      txAt[d] = at[i]!;
      txTail[d] = tail[i]!;
      others |= egress[i]! ^ first;
      bytes = (bytes + size) | 0;
    }
    if (others !== 0 || first < 0 || (shaper.limits > 0 && shaper.concerns(batch, first))) return false;
    // No need to look at each result when none is an error.
    txCount = count;
    if (io.transmit(count) === 0) counts.tx(first, count, bytes);
    else {
      for (let i = 0; i < count; i++) frameOf[i] = i;
      countResults();
    }
    txCount = 0;
    return true;
  }

  function push(i: number, from: number, port: number): void {
    if (shaper.limits > 0) {
      const result = shaper.admit(batch, i, from, port);
      if (result >= 0) {
        counts.drop(result, drop.DROP_OVER_RATE);
        fail(i, drop.DROP_OVER_RATE);
      }
      if (result !== PASSES) return;
    }
    put(i, port, batch.len[i]! + VNET, batch.at[i]!, batch.tail[i]!);
  }

  function put(i: number, port: number, size: number, at: number, tail: number): void {
    if (txCount === TX_MAX) flush();
    frameOf[txCount] = i;
    const d = txCount++ * DESCRIPTOR;
    tx[d] = port;
    tx[d + 1] = size;
    tx[d + 2] = at;
    tx[d + 3] = tail;
  }

  const putSlot = (slot: number, port: number, size: number): void => put(-1, port, size, headAt(slot), slot);
  const countLost = (port: number, gone: boolean): void => counts.drop(port, gone ? drop.DROP_PORT_GONE : drop.DROP_OVER_RATE);

  function sendWaiting(): void {
    for (let all = false; !all; flush()) all = shaper.release(batch.memory, putSlot, countLost);
  }

  function flush(): void {
    if (txCount === 0) return;
    io.transmit(txCount);
    countResults();
    txCount = 0;
  }

  /** One that goes to no single port has been copied, or cut. */
  function fail(i: number, reason: number): void {
    state.capturing?.failed(i, reason, i >= 0 && batch.egress[i]! >= 0);
  }

  /** Counts what became of the transmit list, a run of frames of one port at once. */
  function countResults(): void {
    let to = tx[0]!;
    let packets = 0;
    let bytes = 0;
    for (let k = 0; k < txCount; k++) {
      const port = tx[k * DESCRIPTOR]!;
      const result = tx[k * DESCRIPTOR + 1]!;
      if (port !== to) {
        counts.tx(to, packets, bytes);
        to = port;
        packets = 0;
        bytes = 0;
      }
      if (result < 0) {
        const reason = result === -EAGAIN || result === -ENOBUFS || result === -ENOMEM ? drop.DROP_TX_FULL : drop.DROP_TX_ERROR;
        counts.drop(port, reason);
        fail(frameOf[k]!, reason);
        continue;
      }
      packets++;
      bytes += result - VNET;
    }
    counts.tx(to, packets, bytes);
  }

  return { sendBatch, push, flush, sendWaiting };
}
