/**
 * Has the steering's map `flows` changed for what was just decided, before it is sent, so that the entry is there when the answer comes.
 *
 * What the engine sends to the uplink `emit` enters by itself (`l2-out.ts`). Left to this stage are clients of published ports, to whom
 * nothing need have been sent yet. They are entered with the device that the kernel accepted their packet from, once a flow; again when one
 * comes that way again, since then the entry is gone or names another device. And of flows that the kernel is to carry, both
 * directions, with what it is to put into their packets.
 */
import { type Batch, NO_FLOW } from "../mem/batch.js";
import { EGRESS_ENTERED, EGRESS_OFFLOAD } from "../table/conntrack.js";
import {
  FLOW_ADDRESS_AT,
  FLOW_INGRESS_AT,
  FLOW_OFFLOAD_AT,
  FLOW_PORT_AT,
  FLOW_UPLINK_AT,
  OFFLOAD_DESTINATION,
  OFFLOAD_SOURCE,
} from "../wire/flow-entry.js";
import { PROTO_TCP } from "../wire/ipv4.js";
import { TCP_FIN, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import type { State } from "./state.js";

const TURNING = TCP_SYN | TCP_FIN | TCP_RST;

export function record(b: Batch, state: State): void {
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || (ref & 1) === 1 || b.routed[i] === 0 || b.egress[i]! < 0) continue;
    const id = ref >> 1;
    const offloaded = (b.mark[i]! & EGRESS_OFFLOAD) !== 0;
    const accepted = b.device[i] !== 0 && (state.conntrack.egress(id, 1) & EGRESS_ENTERED) !== 0;
    if (!accepted && !(state.bypass && offloaded && isNews(b, i, state, id))) continue;
    enter(state, id, 1, b.device[i]!, offloaded ? OFFLOAD_DESTINATION : 0);
    if (offloaded) enter(state, id, 0, 0, OFFLOAD_SOURCE);
  }
}

/** Of a flow that the kernel carries: its first packet, or one that should not have come here, as the kernel has forgotten the entry. */
function isNews(b: Batch, i: number, state: State, id: number): boolean {
  const turning = b.proto[i] === PROTO_TCP && (tcpFlags(b.memory.bytes, b.l4[i]!) & TURNING) !== 0;
  return !turning || state.conntrack.packets(id, 0) === 1;
}

/** Enters what is sent in direction `dir`: answers to it come to us, from `device` alone unless 0, or have their end `offload` translated. */
function enter(state: State, id: number, dir: number, device: number, offload: number): void {
  const { conntrack, entries } = state;
  const at = entries.add(conntrack.newSrc(id, dir), conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id));
  entries.values[(at + FLOW_UPLINK_AT) >> 2] = state.uplinkDevice;
  entries.values[(at + FLOW_INGRESS_AT) >> 2] = device;
  if (offload === 0) return;
  // What the answers get is the tuple of this direction, turned round: of the client's the target, of the target's where the client sent to.
  entries.values[(at + FLOW_ADDRESS_AT) >> 2] = offload === OFFLOAD_DESTINATION ? conntrack.newDst(id, 0) : conntrack.newSrc(id, 1);
  const ports = offload === OFFLOAD_DESTINATION ? conntrack.newPorts(id, 0) >>> 16 : conntrack.newPorts(id, 1) & 0xffff;
  entries.valueHalves[(at + FLOW_PORT_AT) >> 1] = ports;
  entries.valueBytes[at + FLOW_OFFLOAD_AT] = offload;
}
