/** Learns which station is behind which port (IEEE 802.1D-2004 §7.8). Also refuses senders with a group address. */
import { type Batch, UNDECIDED } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { DROP_SOURCE_GROUP } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import type { State } from "./state.js";

export function l2Learn(b: Batch, state: State): void {
  const { bytes, halves } = b.memory;
  const { network } = state.ports;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== UNDECIDED) continue; // dropped, or from the uplink, which is no bridge port
    const frame = b.at[i]! + HEADER_SIZE;
    if (eth.isSourceGroup(bytes, frame)) b.drop(i, DROP_SOURCE_GROUP);
    else state.fdb.learn(fdbKey(eth.srcHi(halves, frame), network[b.ingress[i]!]!), eth.srcLo(halves, frame), b.ingress[i]!, state.now);
  }
}
