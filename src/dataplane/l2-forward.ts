/**
 * Decides by destination MAC (IEEE 802.1D-2004 §7.7): to the one port behind which the station is, to all others, or, when it is the
 * gateway's and the packet is IPv4, up to routing and NAT.
 */
import { type Batch, FLOOD, KIND_IPV4, ROUTE, UNDECIDED } from "../mem/batch.js";
import { DROP_SAME_PORT } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { HOST } from "../table/ports.js";
import type { State } from "./state.js";

export function l2Forward(b: Batch, state: State): void {
  const { bytes, halves } = b.memory;
  const { fdb, gatewayHi, gatewayLo, ports } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== UNDECIDED) continue;
    const frame = b.at[i]! + HEADER_SIZE;
    if (eth.isGroup(bytes, frame)) {
      b.egress[i] = FLOOD;
      continue;
    }
    const hi = eth.dstHi(halves, frame);
    const lo = eth.dstLo(halves, frame);
    if (lo === gatewayLo && hi === gatewayHi && b.kind[i] === KIND_IPV4 && ports.kind[b.port[i]!] !== HOST) {
      b.egress[i] = ROUTE;
      continue;
    }
    const port = fdb.lookup(hi, lo);
    if (port === -1) b.egress[i] = FLOOD;
    else if (port !== b.port[i]) b.egress[i] = port;
    else b.drop(i, DROP_SAME_PORT);
  }
}
