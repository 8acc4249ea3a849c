/**
 * Keeps up the steering's map `flows` where the way out does not (`l2-out.ts`): that enters what is sent to the uplink with the frame itself,
 * to targets with each, to clients with the first answer, so that no system call is needed for most flows.
 *
 * What is left are packets of clients that come by the host's kernel though their flow is known: since nothing has been answered yet, since
 * the map has forgotten it, or since they come by another device. They are entered here, before the batch is sent. A SYN is not: it
 * comes that way always.
 * So are flows that the kernel is to carry for which there is no room in the Ethernet header (`l2-out.ts`): of IPv6, across the families, and those
 * translated at both ends.
 * So are, with their second datagram, flows that an endpoint opens to the outside, and nobody has answered.
 * The same where the firewall is bypassed and the kernel is to carry the flow, but has forgotten it.
 */
import { type Batch, NO_FLOW } from "../mem/batch.js";
import { EGRESS_ENTER, EGRESS_ENTERED, EGRESS_KEEP_TTL, EGRESS_OFFLOAD, EGRESS_PORT } from "../table/conntrack.js";
import type { FlowEntries } from "../table/flow-entries.js";
import { isEntered } from "../table/order.js";
import { isIpv6 } from "../wire/address-word.js";
import {
  FLOW_ADDRESS_AT,
  FLOW_CARRIED_AT,
  FLOW_DESTINATION_AT,
  FLOW_DESTINATION_PORT_AT,
  FLOW_HOPS_AT,
  FLOW_INGRESS_AT,
  FLOW_OFFLOAD_AT,
  FLOW_ORDER_AT,
  FLOW_PORT_AT,
  FLOW_UPLINK_AT,
  FLOW_WAY_IN_AT,
  FLOW6_ADDRESS_AT,
  FLOW6_DESTINATION_AT,
  OFFLOAD_ACROSS,
  OFFLOAD_BOTH,
  OFFLOAD_DESTINATION,
  OFFLOAD_INSIDE,
  OFFLOAD_SOURCE,
} from "../wire/flow-entry.js";
import { PROTO_SCTP, PROTO_TCP } from "../wire/ipv4.js";
import { TCP_FIN, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import { ORDER_MOST } from "../wire/order.js";
import { chunkType, INIT } from "../wire/sctp.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import type { State } from "./state.js";
import { forgetAcked } from "./tcp-window.js";

const TURNING = TCP_SYN | TCP_FIN | TCP_RST;

export function record(b: Batch, state: State): void {
  const { conntrack } = state;
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || (ref & 1) === 1 || b.routed[i] === 0 || b.egress[i]! < 0) continue;
    const id = ref >> 1;
    const device = b.device[i]!;
    const offloaded = (b.mark[i]! & EGRESS_OFFLOAD) !== 0;
    if (device === 0 && !(offloaded && (state.bypass || isUnanswered(state, id)))) continue;
    if ((conntrack.egress(id, 1) & (EGRESS_ENTER | EGRESS_ENTERED)) === 0) continue; // an endpoint's, whose packets are not steered
    const moved = device !== conntrack.device[id];
    if (moved) {
      conntrack.device[id] = device;
      conntrack.mark(id, 1, EGRESS_ENTER, 0);
    }
    if (isUsual(b, i, state, id, device)) continue;
    if (!moved && isEntered(b.memory.halves, b.memory.words, b.at[i]! + HEADER_SIZE)) continue;
    enterClient(state, id, device, offloaded, ORDER_MOST);
  }
}

/**
 * Enters what leads the client's packets here, which come in at `device`; of an offloaded flow both directions. `wait`: 0, or how many may wait for those that are on
 * their way already, as FLOW_ORDER_AT says it.
 */
export function enterClient(state: State, id: number, device: number, offloaded: boolean, wait: number): void {
  if ((state.conntrack.egress(id, 1) & EGRESS_ENTERED) !== 0) {
    state.entries.mayBeThere = true;
    state.entries6.mayBeThere = true;
    if (offloaded) forgetAcked(state.conntrack, id, 1); // what the kernel has noted goes, too
  }
  state.conntrack.mark(id, 1, EGRESS_ENTERED, EGRESS_ENTER);
  enter(state, id, 1, device, offloaded ? carriedAs(state, id, 1) : 0, wait);
  if (offloaded) enter(state, id, 0, 0, carriedAs(state, id, 0), wait);
}

/** Whether an endpoint has opened the flow. */
function isInside({ conntrack, ports }: State, id: number): boolean {
  return (conntrack.egress(id, 0) & EGRESS_PORT) === ports.uplink && (conntrack.egress(id, 1) & EGRESS_PORT) !== ports.uplink;
}

/** What the kernel is to do with answers to what is sent in direction `dir`: OFFLOAD_*. */
export function carriedAs(state: State, id: number, dir: number): number {
  const { conntrack } = state;
  const src = conntrack.newSrc(id, 0);
  if (isIpv6(src) !== isIpv6(conntrack.newSrc(id, 1))) return OFFLOAD_ACROSS;
  if (isInside(state, id)) return dir === 0 ? OFFLOAD_DESTINATION : OFFLOAD_INSIDE;
  const keepsClient = src === conntrack.tuple(id, 0, 0) && ((conntrack.newPorts(id, 0) ^ conntrack.tuple(id, 0, 2)) & 0xffff) === 0;
  if (!keepsClient) return OFFLOAD_BOTH;
  return dir === 0 ? OFFLOAD_SOURCE : OFFLOAD_DESTINATION;
}

/** Whether an endpoint has opened the flow to the outside, and nobody has answered: the first answer would enter it else. */
function isUnanswered(state: State, id: number): boolean {
  return (state.conntrack.egress(id, 1) & EGRESS_ENTER) !== 0 && isInside(state, id);
}

/** Whether the packet would come this way also if the flow were entered, or is the first of a flow that the answer will enter. */
function isUsual(b: Batch, i: number, state: State, id: number, device: number): boolean {
  if (b.proto[i] === PROTO_SCTP) return chunkType(b.memory.bytes, b.l4[i]!) === INIT;
  if (b.proto[i] !== PROTO_TCP) return state.conntrack.packets(id, 0) === 1;
  return (tcpFlags(b.memory.bytes, b.l4[i]!) & (device === 0 ? TURNING : TCP_SYN)) !== 0;
}

/**
 * Enters what is sent in direction `dir`: answers to it come to us, from `device` alone unless 0, or have their end `offload` translated. Those of an endpoint
 * come by its own device. `wait`: as of `enterClient`.
 */
export function enter(state: State, id: number, dir: number, device: number, offload: number, wait = 0): void {
  const { addresses, conntrack, networks, order, ports } = state;
  const from = conntrack.egress(id, dir) & EGRESS_PORT;
  const src = conntrack.newSrc(id, dir);
  const entries = isIpv6(src) ? state.entries6 : state.entries;
  const at = entries.add(src, conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id));
  entries.values[(at + FLOW_UPLINK_AT) >> 2] = state.uplinkDevice;
  entries.values[(at + FLOW_INGRESS_AT) >> 2] = from === ports.uplink ? device : ports.device[from]!;
  if (order.isKept) entries.values[(at + FLOW_ORDER_AT) >> 2] = wait;
  if (offload === 0) return;
  entries.valueBytes[at + FLOW_OFFLOAD_AT] = offload;
  const inside = isInside(state, id);
  if (offload === OFFLOAD_INSIDE) entries.values[(at + FLOW_WAY_IN_AT) >> 2] = networks.wayInFor(ports.network[from]!, src);
  entries.values[(at + FLOW_CARRIED_AT) >> 2] = inside
    ? 0
    : (state.published.at(conntrack.tuple(id, 0, 1), conntrack.tuple(id, 0, 2) >>> 16, conntrack.protocol(id))?.carried ?? 0);
  if (offload === OFFLOAD_ACROSS || offload === OFFLOAD_BOTH) {
    entries.valueBytes[at + FLOW_HOPS_AT] = (conntrack.egress(id, dir ^ 1) & EGRESS_KEEP_TTL) === 0 ? 1 : 0;
    if (offload === OFFLOAD_ACROSS) enterAcross(state, id, dir, entries, at);
    else enterBoth(state, id, dir, entries, at);
    return;
  }
  // What the answers get is the tuple of this direction, turned round: of the client's the target, of the target's where the client sent to.
  const other = dir ^ 1;
  const address = offload === OFFLOAD_DESTINATION ? conntrack.newDst(id, other) : conntrack.newSrc(id, other);
  if (isIpv6(src)) addresses.copy(address, entries.values, (at + FLOW6_ADDRESS_AT) >> 2);
  else entries.values[(at + FLOW_ADDRESS_AT) >> 2] = address;
  const both = conntrack.newPorts(id, other);
  entries.valueHalves[(at + FLOW_PORT_AT) >> 1] = offload === OFFLOAD_DESTINATION ? both >>> 16 : both & 0xffff;
}

/** What both ends of the answers get: the other direction's tuple. */
function enterBoth({ addresses, conntrack }: State, id: number, dir: number, entries: FlowEntries, at: number): void {
  const src = conntrack.newSrc(id, dir ^ 1);
  const dst = conntrack.newDst(id, dir ^ 1);
  const ports = conntrack.newPorts(id, dir ^ 1);
  if (isIpv6(src)) {
    addresses.copy(src, entries.values, (at + FLOW6_ADDRESS_AT) >> 2);
    addresses.copy(dst, entries.values, (at + FLOW6_DESTINATION_AT) >> 2);
  } else {
    entries.values[(at + FLOW_ADDRESS_AT) >> 2] = src;
    entries.values[(at + FLOW_DESTINATION_AT) >> 2] = dst;
  }
  entries.valueHalves[(at + FLOW_PORT_AT) >> 1] = ports & 0xffff;
  entries.valueHalves[(at + FLOW_DESTINATION_PORT_AT) >> 1] = ports >>> 16;
}

/** The same entry's other part: the tuple that the answers get, of the other family. */
function enterAcross({ across, addresses, conntrack }: State, id: number, dir: number, entries: FlowEntries, at: number): void {
  const src = conntrack.newSrc(id, dir ^ 1);
  const dst = conntrack.newDst(id, dir ^ 1);
  const ports = conntrack.newPorts(id, dir ^ 1);
  if (!isIpv6(src)) {
    const w = (at + FLOW6_ADDRESS_AT) >> 2;
    entries.values[w] = src;
    entries.values[w + 1] = dst;
    entries.values[w + 2] = ports;
    return;
  }
  const more = across.add(conntrack.newSrc(id, dir), conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id)) >> 2;
  addresses.copy(src, across.values, more);
  addresses.copy(dst, across.values, more + 4);
  across.values[more + 8] = ports;
}
