/**
 * Bridging in a network whose endpoints stand on a LAN, as behind the kernel's macvlan: by MAC among themselves, and all else by the LAN's port. Behind that are
 * the LAN's stations and the host, told apart there (`steer/lan-programs.ts`); nothing of them is learned, and nobody unknown is looked for by flooding.
 * What has a VLAN tag is of another LAN, from which nothing comes here: an endpoint's own does not get there either, nor to the host's device on it.
 *
 * Where there is ONE_MAC, it is put in place of an endpoint's own in what leaves it, in ARP and in discovery too; what is for that MAC goes by its IP address to
 * the endpoint that has this, with the endpoint's own MAC. So each endpoint still has a MAC, and link-local addresses, of its own.
 *
 * An endpoint is no router's, so it answers a client directly: whatever next hop a frame names, we are its only door. So what belongs to a flow of a published
 * port is found by its tuple, and goes to be translated.
 */
import { type Batch, FLOOD, FLOOD_ENDPOINTS, KIND_IPV4, KIND_IPV6, ROUTE } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { NO_ICC, ONE_MAC, PASSTHRU, PROMISCUOUS, VEPA } from "../table/networks.js";
import { LAN } from "../table/ports.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import { PROTO_ICMP, PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { ORDER_MOST, ORDER_TRUSTED } from "../wire/order.js";
import { PAIR_TO_ENDPOINT, PAIR_TO_HOST, PAIR_TO_PARENT, PAIR_TO_PARENT_AS, STATION_PAIR_NO_PORT } from "../wire/station-pair.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { isPlain } from "./carry-pair.js";
import { isLinked } from "./linked.js";
import * as oneMac from "./one-mac.js";
import type { State } from "./state.js";

/** Decides about frame `i` of a network that has a LAN. */
export function lanForward(b: Batch, i: number, state: State, network: number): void {
  const { bytes, halves } = b.memory;
  const frame = b.at[i]! + HEADER_SIZE;
  const fromLan = state.ports.kind[b.ingress[i]!] === LAN;
  if (eth.isGroup(bytes, frame)) {
    if (eth.isReservedGroup(halves, frame)) b.drop(i, drop.DROP_RESERVED_GROUP);
    else group(b, i, state, network, fromLan);
    return;
  }
  if (!fromLan && (isOfFlow(b, i, state) || isError(b, i))) b.egress[i] = ROUTE;
  else bridge(b, i, state, network, fromLan);
}

/** What an endpoint says of a packet that is of no flow of ours goes the way that its MAC says. */
export function bridgeError(b: Batch, i: number, state: State): void {
  bridge(b, i, state, state.ports.network[b.ingress[i]!]!, false);
}

function group(b: Batch, i: number, state: State, network: number, fromLan: boolean): void {
  const flags = state.networks.flags[network]!;
  if (fromLan) b.egress[i] = FLOOD_ENDPOINTS;
  else if ((flags & VEPA) !== 0) outside(b, i, state, network);
  else {
    if ((flags & ONE_MAC) !== 0) oneMac.leave(b, i, state.networks, network);
    b.egress[i] = isTagged(b, i) ? FLOOD_ENDPOINTS : FLOOD;
  }
}

/** To the LAN, whatever it is. */
function outside(b: Batch, i: number, { networks }: State, network: number): void {
  if (isTagged(b, i)) b.drop(i, drop.DROP_UNKNOWN_STATION);
  else b.egress[i] = networks.lanPort[network]!;
}

function bridge(b: Batch, i: number, state: State, network: number, fromLan: boolean): void {
  const { halves } = b.memory;
  const { fdb, networks } = state;
  const flags = networks.flags[network]!;
  if (!fromLan && (flags & (VEPA | PASSTHRU)) !== 0) {
    outside(b, i, state, network);
    return;
  }
  if ((flags & ONE_MAC) !== 0) {
    oneMac.arrive(b, i, state, network);
    if (!fromLan) oneMac.leave(b, i, networks, network);
  }
  const frame = b.at[i]! + HEADER_SIZE;
  const port = fdb.lookup(fdbKey(eth.dstHi(halves, frame), network), eth.dstLo(halves, frame));
  if (fromLan) {
    if (port === -1) b.drop(i, drop.DROP_UNKNOWN_STATION);
    else sendTo(b, i, state, network, port, port);
  } else if (port === -1 && isTagged(b, i)) b.drop(i, drop.DROP_UNKNOWN_STATION);
  else if (port === -1) sendTo(b, i, state, network, networks.lanPort[network]!, b.ingress[i]!);
  else if (port === b.ingress[i]) b.drop(i, drop.DROP_SAME_PORT);
  else if ((networks.flags[network]! & NO_ICC) === 0) sendTo(b, i, state, network, port, b.ingress[i]!);
  else if (isLinked(b, i, state, network, port)) b.egress[i] = port;
  else b.drop(i, drop.DROP_ISOLATED);
}

/** The frame leaves by `port`; so do others between the same two stations, of which `endpoint` is one, and the kernel may carry them. */
function sendTo(b: Batch, i: number, state: State, network: number, port: number, endpoint: number): void {
  b.egress[i] = port;
  if (state.ports.device[port] !== 0 && state.ports.device[endpoint] !== 0) carry(b, i, state, network, port, endpoint);
}

/**
 * Has the kernel carry TCP and UDP between the two stations. Not of endpoints that may have any address, nor of a published port's target: its answers are found
 * by their tuple. Nor for what the programs leave to us, which would ask for it again and again: what is not plain, and what an endpoint sends from an address
 * that it was not given, as one of its link, or one that it has made itself. In a network with ONE_MAC the MAC of a neighbor or the host does not say which of them it is, so only what comes from the LAN or leaves for it.
 */
function carry(b: Batch, i: number, state: State, network: number, port: number, endpoint: number): void {
  const { halves } = b.memory;
  const { stationPairs, networks, ports } = state;
  const flags = networks.flags[network]!;
  if ((flags & (PASSTHRU | PROMISCUOUS | VEPA)) !== 0 || !state.offloads) return;
  if (!isPlain(b, i) || (port !== endpoint && b.src[i] !== (b.kind[i] === KIND_IPV4 ? ports.address : ports.address6)[endpoint])) return;
  if (state.published.isTarget(ports.address[endpoint]!) || state.published.isTarget(ports.address6[endpoint]!)) return;
  const toEndpoint = ports.kind[port] !== LAN;
  if (toEndpoint && (state.published.isTarget(ports.address[port]!) || state.published.isTarget(ports.address6[port]!))) return;
  const frame = b.at[i]! + HEADER_SIZE;
  const dstHi = eth.dstHi(halves, frame);
  const dstLo = eth.dstLo(halves, frame);
  const device = ports.device[port]!;
  if (toEndpoint) {
    if ((flags & ONE_MAC) !== 0 && port !== endpoint) return;
    stationPairs.add(
      network,
      dstHi,
      dstLo,
      eth.srcHi(halves, frame),
      eth.srcLo(halves, frame),
      PAIR_TO_ENDPOINT,
      device,
      port === endpoint ? STATION_PAIR_NO_PORT : endpoint,
      port,
    );
    if (state.order.isKept) stationPairs.setOrder(ORDER_MOST | ORDER_TRUSTED);
    return;
  }
  const hi = networks.macHi[network]!;
  const lo = networks.macLo[network]!;
  const vlan = networks.vlan[network]!;
  const isHosts = vlan === 0 && dstLo === lo && dstHi === hi;
  if (isHosts && (flags & ONE_MAC) !== 0) return;
  const how = isHosts ? PAIR_TO_HOST : (flags & ONE_MAC) !== 0 ? PAIR_TO_PARENT_AS : PAIR_TO_PARENT;
  // As the endpoint has sent it: the source may have been replaced.
  stationPairs.add(network, dstHi, dstLo, ports.macHi[endpoint]!, ports.macLo[endpoint]!, how, device, endpoint, STATION_PAIR_NO_PORT);
  stationPairs.setOut(hi, lo, vlan);
  if (state.order.isKept) stationPairs.setOrder(ORDER_MOST | ORDER_TRUSTED);
}

function isTagged(b: Batch, i: number): boolean {
  return eth.isTag(eth.type(b.memory.halves, b.at[i]! + HEADER_SIZE));
}

/** An ICMP error may be about a packet of a flow: `icmp-error.ts` finds out, and gives back what is not. */
function isError(b: Batch, i: number): boolean {
  const { bytes } = b.memory;
  if (b.kind[i] === KIND_IPV4) return b.proto[i] === PROTO_ICMP && icmp.isError(bytes, b.l4[i]!);
  return b.kind[i] === KIND_IPV6 && b.proto[i] === icmpv6.PROTO_ICMPV6 && icmpv6.isError(bytes, b.l4[i]!);
}

/** Whether frame `i`, of an endpoint, belongs to a flow that we translate, and comes by its port. */
function isOfFlow(b: Batch, i: number, { conntrack }: State): boolean {
  if (b.kind[i] !== KIND_IPV4 && b.kind[i] !== KIND_IPV6) return false;
  const proto = b.proto[i]!;
  if (proto !== PROTO_TCP && proto !== PROTO_UDP && proto !== PROTO_SCTP) return false;
  const src = b.src[i]!;
  const dst = b.dst[i]!;
  const ref = conntrack.find(conntrack.hash(src, dst, b.ports[i]!, proto), src, dst, b.ports[i]!, proto);
  return ref !== -1 && conntrack.comesBy(ref, b.ingress[i]!);
}
