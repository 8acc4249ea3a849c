/** What was received, as columns of the batch, and counted. */
import { DESCRIPTOR, type PacketIo } from "../device/packet-io.js";
import type { Batch } from "../mem/batch.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import type { PortCounts } from "./counters.js";
import { fieldsOf } from "./descriptors.js";

/** errno value of asm-generic/errno.h. */
const EINVAL = 22;

/** Answers what takes the first `n` receive descriptors. `portGone`: a port's device is gone; it will not be read again. */
export function receiver(
  io: PacketIo,
  batch: Batch,
  counts: PortCounts,
  portGone: (port: number, errno: number) => void,
): (n: number) => void {
  const { rx } = io;
  const [rxPort, rxSize, rxTail, rxDevice] = fieldsOf(rx);

  /** Receive descriptors to batch columns. */
  function take(n: number): void {
    const { ingress, len, tail, device } = batch;
    batch.count = n;
    if (batch.moved) batch.reset();
    const from = rx[0]!;
    let others = 0; // negative or not 0: not all are frames of one port
    let bytes = 0;
    for (let i = 0; i < n; i++) {
      const d = i * DESCRIPTOR;
      const port = rxPort[d]!;
      const size = (rxSize[d]! - VNET) | 0;
      ingress[i] = port;
      len[i] = size;
      tail[i] = rxTail[d]!;
      device[i] = rxDevice[d]!;
      others |= (port ^ from) | (size >> 31);
      bytes = (bytes + size) | 0;
    }
    if (others === 0) counts.rx(from, n, bytes);
    else takeOthers(n);
  }

  /** Counts a run of frames of one port at once, and sees to what is no frame. */
  function takeOthers(n: number): void {
    const { ingress, len } = batch;
    let from = ingress[0]!;
    let packets = 0;
    let bytes = 0;
    for (let i = 0; i < n; i++) {
      const port = ingress[i]!;
      const size = len[i]!;
      if (port !== from) {
        counts.rx(from, packets, bytes);
        from = port;
        packets = 0;
        bytes = 0;
      }
      if (size < 0) {
        takeRunt(i, port, size + VNET);
        continue;
      }
      packets++;
      bytes += size;
    }
    counts.rx(from, packets, bytes);
  }

  /** A frame without even a header, or, with a negative length, an error instead of one; `parse` drops either. */
  function takeRunt(i: number, port: number, result: number): void {
    batch.len[i] = result < 0 ? -1 : 0;
    if (result >= 0 || result === -EINVAL) return;
    io.removePort(port);
    portGone(port, -result);
  }

  return take;
}
