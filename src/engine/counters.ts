/**
 * Counters, one row a port: received and sent packets and bytes, then one counter a drop reason; behind the rows, entries that the kernel has refused. One
 * Float64Array over shared memory, written by the worker alone and read by anybody at any time; a reader may see a packet counted and its bytes not yet.
 */
import { MAX_PORTS } from "../table/ports.js";
import { DROP_REASONS, dropName } from "../wire/drop.js";

export const RX_PACKETS = 0,
  RX_BYTES = 1,
  TX_PACKETS = 2,
  TX_BYTES = 3,
  DROPS = 4;
export const ROW = DROPS + DROP_REASONS;
/** Entries that the kernel has refused: of flows, and of pairs of stations. */
export const FLOWS_REFUSED = MAX_PORTS * ROW,
  PAIRS_REFUSED = FLOWS_REFUSED + 1;
const COUNTERS = PAIRS_REFUSED + 1;

export function createCounters(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(COUNTERS * 8));
}

/** Starts a port's row afresh. */
export function clearRow(counters: Float64Array, port: number): void {
  counters.fill(0, port * ROW, (port + 1) * ROW);
}

/** Drops of one port by reason name, those that happened. */
export function dropsOf(counters: Float64Array, port: number): Record<string, number> {
  const drops: Record<string, number> = {};
  for (let r = 0; r < DROP_REASONS; r++) {
    const n = counters[port * ROW + DROPS + r]!;
    if (n > 0) drops[dropName(r)] = n;
  }
  return drops;
}

/** Counts into the rows. */
export class PortCounts {
  constructor(private readonly counters: Float64Array) {}

  rx(port: number, packets: number, bytes: number): void {
    const { counters } = this;
    const at = port * ROW;
    counters[at + RX_PACKETS] = counters[at + RX_PACKETS]! + packets;
    counters[at + RX_BYTES] = counters[at + RX_BYTES]! + bytes;
  }

  tx(port: number, packets: number, bytes: number): void {
    const { counters } = this;
    const at = port * ROW;
    counters[at + TX_PACKETS] = counters[at + TX_PACKETS]! + packets;
    counters[at + TX_BYTES] = counters[at + TX_BYTES]! + bytes;
  }

  drop(port: number, reason: number, packets = 1): void {
    const { counters } = this;
    const at = port * ROW + DROPS + reason;
    counters[at] = counters[at]! + packets;
  }
}
