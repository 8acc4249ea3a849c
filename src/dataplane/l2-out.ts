/**
 * Writes the Ethernet header of what was routed: to an endpoint from the gateway, or to the uplink, whose steering program reads from it what it
 * is to enter into its map (`wire/flow-entry.ts`, `steer/emit-program.ts`).
 */
import { type Batch, DROPPED, KIND_IPV6, MARK_MAY_FRAGMENT, NO_FLOW } from "../mem/batch.js";
import { EGRESS_ENTER, EGRESS_ENTERED, EGRESS_OFFLOAD, EGRESS_PORT, EGRESS_RECORD } from "../table/conntrack.js";
import { NONE, REMOTE, UPLINK } from "../table/ports.js";
import { isIpv6 } from "../wire/address-word.js";
import { DROP_PORT_GONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import {
  ASK_ADDRESS_AT,
  ASK_FLAGS_AT,
  ASK_INGRESS_AT,
  ASK_PORT_AT,
  ASK_PORT_END_AT,
  FLAG_CLIENT,
  FLAG_INSIDE,
  FLAG_MAY_FRAGMENT,
  FLAG_OFFLOAD,
  FLAG_PAIR,
  FLAG_RECORD,
  OFFLOAD_DESTINATION,
} from "../wire/flow-entry.js";
import { PROTO_UDP } from "../wire/ipv4.js";
import { ORDER_MOST } from "../wire/order.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { carriedAs, enterClient } from "./record.js";
import { toNode } from "./remote-forward.js";
import type { State } from "./state.js";

/** Locally administered 02:74:73:00:00:xx; only xx is read, unless it asks to enter a client. */
export const UPLINK_SOURCE_HI = 0x7402;
const UPLINK_SOURCE_LO = 0x00000073,
  LOCALLY_ADMINISTERED = 0x02;

/** Raw bytes 2..5 of the source address that tells the uplink's program whether to record the flow. */
export function uplinkSourceLo(record: boolean): number {
  return record ? UPLINK_SOURCE_LO | (FLAG_RECORD << 24) : UPLINK_SOURCE_LO;
}

/**
 * For a packet of a flow that an endpoint has opened: tells the uplink's program, which is to record it, the source that the endpoint sent it with,
 * of IPv6 as the endpoint's port, and `wayIn` of its network.
 */
export function setInside(bytes: Uint8Array, words: Int32Array, frame: number, src: number, ports: number, wayIn: number): void {
  bytes[frame] = LOCALLY_ADMINISTERED;
  bytes[frame + ASK_PORT_AT] = ports & 0xff;
  words[(frame + ASK_ADDRESS_AT) >> 2] = src;
  words[(frame + ASK_INGRESS_AT) >> 2] = wayIn;
  bytes[frame + ASK_PORT_END_AT] = (ports >>> 8) & 0xff;
  bytes[frame + ASK_FLAGS_AT] = FLAG_RECORD | FLAG_INSIDE;
}

export function l2Out(b: Batch, state: State): void {
  const { bytes, halves } = b.memory;
  const { networks, ports } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.routed[i] === 0 || b.egress[i] === DROPPED) continue;
    const port = b.egress[i]!;
    const frame = b.at[i]! + HEADER_SIZE;
    const kind = ports.kind[port]!;
    if (kind === NONE) {
      b.drop(i, DROP_PORT_GONE);
    } else if (kind === UPLINK) {
      toUplink(b, i, state, frame, port);
      if ((b.mark[i]! & MARK_MAY_FRAGMENT) !== 0) bytes[frame + ASK_FLAGS_AT] = bytes[frame + ASK_FLAGS_AT]! | FLAG_MAY_FRAGMENT;
    } else if (kind === REMOTE) {
      toNode(b, i, state, frame);
    } else {
      // The first answer to an endpoint, of a flow that the kernel is to carry.
      if ((b.mark[i]! & EGRESS_ENTER) !== 0) enterClient(state, b.flow[i]! >> 1, 0, true, b.proto[i] === PROTO_UDP ? ORDER_MOST : 0);
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

function toUplink(b: Batch, i: number, state: State, frame: number, port: number): void {
  const { macHi, macLo } = state.ports;
  if ((b.mark[i]! & EGRESS_ENTER) !== 0) {
    askForClient(b, i, state, frame);
    return;
  }
  if (b.ingress[i] !== port && b.flow[i] !== NO_FLOW && (b.flow[i]! & 1) === 0 && fromInside(b, i, state, frame)) return;
  const source = uplinkSourceLo((b.mark[i]! & EGRESS_RECORD) !== 0);
  eth.setAddresses(b.memory.halves, frame, macHi[port]!, macLo[port]!, UPLINK_SOURCE_HI, source);
}

/** As `setInside`; false where the source does not say whose way it is: it is of the other family, or another of a promiscuous endpoint's. */
function fromInside(b: Batch, i: number, { conntrack, networks, ports }: State, frame: number): boolean {
  const { bytes, words } = b.memory;
  const id = b.flow[i]! >> 1;
  const port = b.ingress[i]!;
  const src = conntrack.tuple(id, 0, 0);
  if (isIpv6(src) !== (b.kind[i] === KIND_IPV6) || (isIpv6(src) && src !== ports.address6[port])) return false;
  setInside(bytes, words, frame, isIpv6(src) ? port : src, conntrack.tuple(id, 0, 2), networks.wayInFor(ports.network[port]!, src));
  return true;
}

/** The first answer to a client: `emit` is to enter it, so that the client's packets come to us from the device that its first one came by. */
function askForClient(b: Batch, i: number, state: State, frame: number): void {
  const { bytes, halves, words } = b.memory;
  const { conntrack, ports } = state;
  const id = b.flow[i]! >> 1;
  const offloaded = (conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0;
  const target = conntrack.newDst(id, 0);
  const isToEndpoint = (conntrack.egress(id, 0) & EGRESS_PORT) !== ports.uplink;
  if (offloaded && (isToEndpoint || isIpv6(target) || carriedAs(state, id, 1) !== OFFLOAD_DESTINATION)) {
    enterClient(state, id, conntrack.device[id]!, true, b.proto[i] === PROTO_UDP ? ORDER_MOST : 0);
    eth.setAddresses(halves, frame, ports.macHi[ports.uplink]!, ports.macLo[ports.uplink]!, UPLINK_SOURCE_HI, uplinkSourceLo(false));
    bytes[frame] = LOCALLY_ADMINISTERED;
    words[(frame + ASK_INGRESS_AT) >> 2] = conntrack.device[id]!;
    bytes[frame + ASK_FLAGS_AT] = FLAG_PAIR;
    return;
  }
  const targetPort = conntrack.newPorts(id, 0) >>> 16;
  conntrack.mark(id, 1, EGRESS_ENTERED, EGRESS_ENTER);
  bytes[frame] = LOCALLY_ADMINISTERED;
  bytes[frame + ASK_PORT_AT] = targetPort & 0xff;
  words[(frame + ASK_ADDRESS_AT) >> 2] = isIpv6(target) ? 0 : target;
  words[(frame + ASK_INGRESS_AT) >> 2] = conntrack.device[id]!;
  bytes[frame + ASK_PORT_END_AT] = targetPort >>> 8;
  bytes[frame + ASK_FLAGS_AT] = offloaded ? FLAG_CLIENT | FLAG_OFFLOAD : FLAG_CLIENT;
}
