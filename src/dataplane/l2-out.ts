/**
 * Writes the Ethernet header of what was routed: to an endpoint from the gateway, or to the uplink, whose steering program reads from the
 * last byte of the source address whether to enter the flow (`steer/emit-program.ts`).
 */
import { type Batch, DROPPED } from "../mem/batch.js";
import { EGRESS_RECORD } from "../table/conntrack.js";
import { NONE, UPLINK } from "../table/ports.js";
import { DROP_PORT_GONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { FLAG_RECORD } from "../wire/flow-entry.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import type { State } from "./state.js";

/** Locally administered 02:74:73:00:00:xx; only xx is read. */
export const UPLINK_SOURCE_HI = 0x7402;
const UPLINK_SOURCE_LO = 0x00000073;

/** Raw bytes 2..5 of the source address that tells the uplink's program whether to record the flow. */
export function uplinkSourceLo(record: boolean): number {
  return record ? UPLINK_SOURCE_LO | (FLAG_RECORD << 24) : UPLINK_SOURCE_LO;
}

export function l2Out(b: Batch, state: State): void {
  const { halves } = b.memory;
  const { networks, ports } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.routed[i] === 0 || b.egress[i] === DROPPED) continue;
    const port = b.egress[i]!;
    const frame = b.at[i]! + HEADER_SIZE;
    const kind = ports.kind[port]!;
    if (kind === NONE) {
      b.drop(i, DROP_PORT_GONE);
    } else if (kind === UPLINK) {
      const source = uplinkSourceLo((b.mark[i]! & EGRESS_RECORD) !== 0);
      eth.setAddresses(halves, frame, ports.macHi[port]!, ports.macLo[port]!, UPLINK_SOURCE_HI, source);
    } else {
      eth.setAddresses(
        halves,
        frame,
        ports.macHi[port]!,
        ports.macLo[port]!,
        networks.macHi[ports.network[port]!]!,
        networks.macLo[ports.network[port]!]!,
      );
    }
  }
}
