/**
 * Decides by destination MAC (IEEE 802.1D-2004 §7.7): to the one port behind which the station is, to all others, or, when it is the
 * gateway's and the packet is IPv4, up to routing and NAT.
 */
import { type Batch, FLOOD, KIND_IPV4, ROUTE, UNDECIDED } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { NO_ICC } from "../table/networks.js";
import { HOST } from "../table/ports.js";
import { DROP_ISOLATED, DROP_SAME_PORT } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import type { State } from "./state.js";

export function l2Forward(b: Batch, state: State): void {
  const { bytes, halves } = b.memory;
  const { fdb, networks, ports } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== UNDECIDED) continue;
    const frame = b.at[i]! + HEADER_SIZE;
    if (eth.isGroup(bytes, frame)) {
      b.egress[i] = FLOOD;
      continue;
    }
    const hi = eth.dstHi(halves, frame);
    const lo = eth.dstLo(halves, frame);
    const network = ports.network[b.ingress[i]!]!;
    if (lo === networks.macLo[network] && hi === networks.macHi[network] && b.kind[i] === KIND_IPV4 && ports.kind[b.ingress[i]!] !== HOST) {
      b.egress[i] = ROUTE;
      continue;
    }
    const port = fdb.lookup(fdbKey(hi, network), lo);
    if (port === -1) b.egress[i] = FLOOD;
    else if (port === b.ingress[i]) b.drop(i, DROP_SAME_PORT);
    else if ((networks.flags[network]! & NO_ICC) !== 0 && ports.kind[port] !== HOST && ports.kind[b.ingress[i]!] !== HOST)
      b.drop(i, DROP_ISOLATED);
    else b.egress[i] = port;
  }
}
