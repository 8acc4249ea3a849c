/**
 * Bridging between this node and the others of an overlay network, of which the store says who is behind which: nothing is learned, and nobody unknown
 * is looked for by flooding. What came from a node never goes to one (split horizon). The gateway is this node's own in every network, so neither it
 * nor the host is reached from another node. What this node opens there, by a published port or as the host, it opens from an address of its own in the
 * network, if it has one: then the answers find back (decision 150).
 */
import { type Batch, KIND_IPV4, KIND_IPV6, NO_FLOW, ROUTE } from "../mem/batch.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { NO_ICC } from "../table/networks.js";
import { HOST, REMOTE } from "../table/ports.js";
import { NOBODY } from "../table/remotes.js";
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as vnet from "../wire/vnet.js";
import { answer } from "./icmp-answer.js";
import { ipAt } from "./packet.js";
import type { State } from "./state.js";

/** By how much a packet grows that becomes one of IPv6. */
const ACROSS = ipv6.HEADER_SIZE - ipv4.MIN_HEADER_SIZE;

/** Decides about frame `i` of an overlay network, whose destination, of raw MAC `hi` and `lo`, is behind no port of this node. */
export function toRemote(b: Batch, i: number, state: State, network: number, hi: number, lo: number): void {
  const { networks, ports, remotes } = state;
  const kind = ports.kind[b.ingress[i]!]!;
  const station = remotes.ofMac(hi, lo, network);
  if (station === NOBODY) {
    if (kind === REMOTE && isForSnat(b, i, state, network, hi, lo)) b.egress[i] = ROUTE;
    else b.drop(i, drop.DROP_UNKNOWN_STATION);
  } else if (kind === REMOTE) b.drop(i, drop.DROP_SPLIT_HORIZON);
  else if (kind === HOST && isIp(b, i) && networks.snatFor(network, b.dst[i]!) !== NO_ADDRESS) b.egress[i] = ROUTE;
  else if (kind === HOST || (networks.flags[network]! & NO_ICC) !== 0) b.drop(i, drop.DROP_ISOLATED);
  else if (!fits(b, i, networks.mtu[network]!)) tooLong(b, i, state, networks.mtu[network]!);
  else {
    b.egress[i] = networks.remotePort[network]!;
    b.node[i] = remotes.node[station]!;
  }
}

/** Whether a node's frame is for this node's own address in the network. It gets no further than to a flow that was opened from there. */
function isForSnat(b: Batch, i: number, { networks }: State, network: number, hi: number, lo: number): boolean {
  if (hi !== networks.snatHi[network] || lo !== networks.snatLo[network] || !isIp(b, i)) return false;
  const dst = b.dst[i]!;
  return dst !== NO_ADDRESS && networks.snatFor(network, dst) === dst;
}

function isIp(b: Batch, i: number): boolean {
  return b.kind[i] === KIND_IPV4 || b.kind[i] === KIND_IPV6;
}

/** The port by which a flow reaches the endpoint `address` of the network: its own, or that of the other nodes; -1: nobody has it, or it is not reached. */
export function portOf({ endpoints, networks, remotes }: State, address: number, network: number): number {
  const local = endpoints.get(address, network);
  if (local !== -1 || networks.remotePort[network] === -1 || networks.snatFor(network, address) === NO_ADDRESS) return local;
  return remotes.ofAddress(address, network) === NOBODY ? -1 : networks.remotePort[network]!;
}

/** Tells the senders of what is of a flow to another node, and would not fit into a datagram. Runs before the translation, in whose terms they are told. */
export function fitNodes(b: Batch, state: State): void {
  const { conntrack, networks, ports, tunnel } = state;
  if (tunnel.port === -1) return;
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || b.egress[i] !== ROUTE) continue;
    const port = conntrack.egress(ref >> 1, ref & 1) & EGRESS_PORT;
    if (ports.kind[port] !== REMOTE) continue;
    const toIpv6 = isIpv6(conntrack.newDst(ref >> 1, ref & 1));
    const grows = toIpv6 === (b.kind[i] === KIND_IPV6) ? 0 : toIpv6 ? ACROSS : -ACROSS;
    const mtu = networks.mtu[ports.network[port]!]! - grows;
    if (fits(b, i, mtu)) continue;
    const mayCut = b.kind[i] === KIND_IPV4 && ipv4.mayFragment(b.memory.halves, ipAt(b, i)) && !vnet.isGso(b.memory.bytes, b.at[i]!);
    if (!mayCut) tooLong(b, i, state, mtu); // else `engine/nodes-out.ts` does
  }
}

/** Sends what was routed, of a flow to another node, to the station that has its destination. */
export function toNode(b: Batch, i: number, { addresses, networks, ports, remotes }: State, frame: number): void {
  const { halves, words } = b.memory;
  const network = ports.network[b.egress[i]!]!;
  const ip = (frame + eth.HEADER_SIZE) >> 2;
  const dst = b.kind[i] === KIND_IPV6 ? addresses.find(words, ip + ipv6.DST_WORD) : words[ip + ipv4.DST_WORD]!;
  const station = dst === NO_ADDRESS ? NOBODY : remotes.ofAddress(dst, network);
  if (station === NOBODY) {
    b.drop(i, drop.DROP_UNKNOWN_STATION);
    return;
  }
  eth.setAddresses(halves, frame, remotes.macHi[station]!, remotes.macLo[station]!, networks.snatHi[network]!, networks.snatLo[network]!);
  b.node[i] = remotes.node[station]!;
}

/** Whether the frame, or each of the segments that it stands for, has an IP packet of `mtu` bytes or less. */
export function fits(b: Batch, i: number, mtu: number): boolean {
  const length = b.len[i]! - eth.HEADER_SIZE;
  if (length <= mtu) return true;
  const { bytes, halves } = b.memory;
  const at = b.at[i]!;
  if (!vnet.isGso(bytes, at)) return false;
  return vnet.headersOf(bytes, halves, at) - eth.HEADER_SIZE + vnet.gsoSize(halves, at) <= mtu;
}

/** A tunnel's end never fragments (RFC 7348 §4.3): the sender is told, where it asked not to be fragmented (RFC 1191 §4, RFC 8201 §4). */
function tooLong(b: Batch, i: number, state: State, mtu: number): void {
  const mayTell = b.kind[i] === KIND_IPV6 || (b.kind[i] === KIND_IPV4 && !ipv4.mayFragment(b.memory.halves, ipAt(b, i)));
  const port = b.ingress[i]!;
  if (mayTell && state.mayCountAnswered() && answer(b, i, state, icmp.UNREACHABLE, icmp.FRAGMENTATION_NEEDED, mtu))
    state.countAnswered(port, drop.DROP_TOO_LONG, i);
  else b.drop(i, drop.DROP_TOO_LONG);
}
