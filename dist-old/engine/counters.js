/**
 * Counters, one row a port: received and sent packets and bytes, then one counter a drop reason. One Float64Array over shared memory,
 * written by the worker alone and read by anybody at any time; a reader may see a packet counted and its bytes not yet.
 */
import { MAX_PORTS } from "../table/ports.js";
import { DROP_REASONS, dropName } from "../wire/drop.js";
export const RX_PACKETS = 0, RX_BYTES = 1, TX_PACKETS = 2, TX_BYTES = 3, DROPS = 4;
export const ROW = DROPS + DROP_REASONS;
export function createCounters() {
    return new Float64Array(new SharedArrayBuffer(MAX_PORTS * ROW * 8));
}
/** Starts a port's row afresh. */
export function clearRow(counters, port) {
    counters.fill(0, port * ROW, (port + 1) * ROW);
}
/** Drops of one port by reason name, those that happened. */
export function dropsOf(counters, port) {
    const drops = {};
    for (let r = 0; r < DROP_REASONS; r++) {
        const n = counters[port * ROW + DROPS + r];
        if (n > 0)
            drops[dropName(r)] = n;
    }
    return drops;
}
//# sourceMappingURL=counters.js.map