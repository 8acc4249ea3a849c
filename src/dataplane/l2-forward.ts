/**
 * Decides by destination MAC (IEEE 802.1D-2004 §7.7): to the one port behind which the station is, to all others, or, when it is the
 * gateway's and the packet is IP, up to routing and NAT.
 *
 * The host's port is no way round: its kernel, which may forward, translate and untag, gets ARP, and IPv4 that `host-port.ts` lets through or that
 * is for all in the network. Nothing else is bridged to it. Who is behind another node: `remote-forward.ts`; networks
 * that stand on a LAN: `lan-forward.ts`.
 */
import { type Batch, FLOOD, FLOOD_ENDPOINTS, KIND_ARP, KIND_IPV4, KIND_IPV6, ROUTE, UNDECIDED } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { NO_ICC } from "../table/networks.js";
import { HOST, REMOTE } from "../table/ports.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { DROP_ISOLATED, DROP_NOT_FOR_HOST, DROP_RESERVED_GROUP, DROP_SAME_PORT } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { carryPair } from "./carry-pair.js";
import { lanForward } from "./lan-forward.js";
import { isLinked } from "./linked.js";
import { toRemote } from "./remote-forward.js";
import type { State } from "./state.js";

export function l2Forward(b: Batch, state: State): void {
  const { bytes, halves } = b.memory;
  const { fdb, networks, ports } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== UNDECIDED) continue;
    const frame = b.at[i]! + HEADER_SIZE;
    const network = ports.network[b.ingress[i]!]!;
    if (networks.lanPort[network] !== -1) {
      lanForward(b, i, state, network);
      continue;
    }
    if (eth.isGroup(bytes, frame)) {
      if (eth.isReservedGroup(halves, frame)) b.drop(i, DROP_RESERVED_GROUP);
      else b.egress[i] = ports.kind[b.ingress[i]!] !== REMOTE && isForAll(b, i, state, network) ? FLOOD : FLOOD_ENDPOINTS;
      continue;
    }
    const hi = eth.dstHi(halves, frame);
    const lo = eth.dstLo(halves, frame);
    const fromHost = ports.kind[b.ingress[i]!] === HOST;
    const fromNode = ports.kind[b.ingress[i]!] === REMOTE;
    if (lo === networks.macLo[network] && hi === networks.macHi[network] && !fromHost && !fromNode && isRoutable(b, i, state, network)) {
      b.egress[i] = ROUTE;
      continue;
    }
    const port = fdb.lookup(fdbKey(hi, network), lo);
    if (port === -1 && networks.remotePort[network] !== -1) toRemote(b, i, state, network, hi, lo);
    else if (port === -1) b.egress[i] = FLOOD_ENDPOINTS;
    else if (port === b.ingress[i]) b.drop(i, DROP_SAME_PORT);
    else if (ports.kind[port] === HOST && (b.kind[i] !== KIND_ARP || fromNode)) b.drop(i, DROP_NOT_FOR_HOST);
    else if ((networks.flags[network]! & NO_ICC) !== 0 && ports.kind[port] !== HOST && !fromHost && !isLinked(b, i, state, network, port))
      b.drop(i, DROP_ISOLATED);
    else {
      b.egress[i] = port;
      carryPair(b, i, state, network, port);
    }
  }
}

/** IPv4, or IPv6 where the network has a subnet of it. */
function isRoutable(b: Batch, i: number, { networks }: State, network: number): boolean {
  return b.kind[i] === KIND_IPV4 || (b.kind[i] === KIND_IPV6 && networks.gateway6[network] !== NO_ADDRESS);
}

/** ARP, and IPv4 for all or for a group: an address of one station does not become the host's business by a frame to all (RFC 1122 §3.3.6). */
function isForAll(b: Batch, i: number, state: State, network: number): boolean {
  if (b.kind[i] !== KIND_IPV4) return b.kind[i] === KIND_ARP;
  const dst = ipv4.dst(b.memory.words, b.at[i]! + HEADER_SIZE + eth.HEADER_SIZE);
  return ipv4.isMulticast(dst) || dst === ipv4.BROADCAST || state.networks.isBroadcast(network, dst);
}
