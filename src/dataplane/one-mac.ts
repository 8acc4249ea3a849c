/**
 * One MAC for all endpoints of a network on a LAN: that of the parent device, which is the network's. Endpoints have others, which nobody on the LAN sees.
 */
import { type Batch, KIND_ARP, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import type { Networks } from "../table/networks.js";
import * as arp from "../wire/arp.js";
import * as dhcp from "../wire/dhcp.js";
import * as eth from "../wire/ethernet.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import { PROTO_UDP } from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as ndp from "../wire/ndp.js";
import { HEADER_SIZE, isPartial } from "../wire/vnet.js";
import { portOfAddress6 } from "./neighbor-port.js";
import type { State } from "./state.js";

/**
 * What an endpoint sends gets that MAC, where it names its own in ARP and in discovery too. The source guard has seen that it names no other. A DHCP client goes on
 * naming its own, which nobody out there can send to: it is answered by broadcast.
 */
export function leave(b: Batch, i: number, networks: Networks, network: number): void {
  const { bytes, halves } = b.memory;
  const frame = b.at[i]! + HEADER_SIZE;
  const hi = networks.macHi[network]!;
  const lo = networks.macLo[network]!;
  if (b.kind[i] === KIND_IPV4 && b.proto[i] === PROTO_UDP && b.src[i] === 0) askBroadcast(b, i);
  eth.setSource(halves, frame, hi, lo);
  if (b.kind[i] === KIND_ARP) arp.setSender(halves, frame + eth.HEADER_SIZE, hi, lo);
  if (b.kind[i] !== KIND_IPV6 || b.proto[i] !== icmpv6.PROTO_ICMPV6) return;
  const ip = frame + eth.HEADER_SIZE;
  const at = b.l4[i]!;
  const type = bytes[at]!;
  if (!ndp.isDiscovery(type)) return;
  const end = Math.min(ip + ipv6.HEADER_SIZE + ipv6.payloadLength(halves, ip), b.memory.headEnd(i));
  const first = type === ndp.ROUTER_SOLICITATION ? icmpv6.HEADER_SIZE : ndp.DISCOVERY_SIZE;
  ndp.rename(bytes, halves, at, first, end - at, hi, lo);
}

/** Of a DHCP client that has no address yet. */
function askBroadcast(b: Batch, i: number): void {
  const { bytes, halves, words } = b.memory;
  const frame = b.at[i]! + HEADER_SIZE;
  const ip = frame + eth.HEADER_SIZE;
  const at = b.l4[i]!;
  const len = Math.min(ip + ipv4.totalLength(bytes, ip), b.memory.headEnd(i)) - at;
  if (dhcp.isOfClient(bytes, halves, words, at, len, eth.srcHi(halves, frame), eth.srcLo(halves, frame)))
    dhcp.askBroadcast(halves, at, isPartial(bytes, halves, b.at[i]!, at));
}

/** What is for that MAC gets the one of the endpoint that has the address, if one has. */
export function arrive(b: Batch, i: number, state: State, network: number): void {
  const { halves } = b.memory;
  const { networks, ports } = state;
  const frame = b.at[i]! + HEADER_SIZE;
  if (eth.dstLo(halves, frame) !== networks.macLo[network] || eth.dstHi(halves, frame) !== networks.macHi[network]) return;
  const port = portOf(b, i, state, network);
  if (port === -1) return;
  eth.setDestination(halves, frame, ports.macHi[port]!, ports.macLo[port]!);
}

/** Of the endpoint that the frame is for by its IP address; -1: of none. */
function portOf(b: Batch, i: number, state: State, network: number): number {
  const ip = b.at[i]! + HEADER_SIZE + eth.HEADER_SIZE;
  if (b.kind[i] === KIND_IPV6) return portOfAddress6(b, state, network, ipv6.dstAt(ip));
  if (b.kind[i] === KIND_IPV4) return state.endpoints.get(b.dst[i]!, network);
  if (b.kind[i] !== KIND_ARP || !arp.isEthernetIpv4(b.memory.halves, ip)) return -1;
  return state.endpoints.get(arp.targetIp(b.memory.halves, ip), network);
}
