/**
 * Has the kernel carry frames between two endpoints of a network, or from the host to one, once one was forwarded (`wire/station-pair.ts`). What was decided of it
 * holds for all TCP and UDP from the one MAC to the other: nothing of that is translated, and the program compares an endpoint's MAC and address as the source guard
 * does, of the host that it is one of its own. What an endpoint sends to the host is carried where the host's own stack has sent the other way
 * (`steer/host-flow-program.ts`): the pair says that the endpoint may. Whatever else forwarding asks about, ports and their devices, takes back all pairs when it changes.
 */
import { type Batch, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import { INTERNAL, NO_ICC, PROMISCUOUS } from "../table/networks.js";
import { ENDPOINT, HOST } from "../table/ports.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import { ORDER_MOST, ORDER_TRUSTED } from "../wire/order.js";
import { PAIR_TO_ENDPOINT, PAIR_TO_HOST } from "../wire/station-pair.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { isCarried } from "./carried-port.js";
import { ipAt } from "./packet.js";
import type { State } from "./state.js";

/** Whether it is such a frame as the kernel carries between stations: TCP or UDP in an IP packet without options or extensions, whole. */
export function isPlain(b: Batch, i: number): boolean {
  const { bytes, halves } = b.memory;
  const ip = ipAt(b, i);
  let proto = -1;
  if (b.kind[i] === KIND_IPV4 && bytes[ip] === ipv4.PLAIN_FIRST_BYTE && !ipv4.isFragment(halves, ip)) proto = b.proto[i]!;
  else if (b.kind[i] === KIND_IPV6) proto = ipv6.nextHeader(bytes, ip);
  return proto === ipv4.PROTO_TCP || proto === ipv4.PROTO_UDP;
}

/** Frame `i` is bridged to `port`, of the same network. */
export function carryPair(b: Batch, i: number, state: State, network: number, port: number): void {
  const { networks, ports, stationPairs } = state;
  const from = b.ingress[i]!;
  if (ports.device[port] === 0 || ports.kind[port] !== ENDPOINT || !state.offloads) return;
  const fromHost = ports.kind[from] === HOST;
  if (!fromHost && (ports.kind[from] !== ENDPOINT || ports.device[from] === 0)) return;
  if ((networks.flags[network]! & (fromHost ? PROMISCUOUS : NO_ICC | PROMISCUOUS)) !== 0 || !isCarried(state, port) || !isPlain(b, i))
    return;
  if (!fromHost && !isFromItsAddress(b, i, state)) return;
  const { halves } = b.memory;
  const frame = b.at[i]! + HEADER_SIZE;
  const hi = eth.dstHi(halves, frame);
  const lo = eth.dstLo(halves, frame);
  if (hi !== ports.macHi[port] || lo !== ports.macLo[port]) return; // not said by the configuration
  if (!isFromItsMac(b, i, state)) return;
  stationPairs.add(network, hi, lo, ports.macHi[from]!, ports.macLo[from]!, PAIR_TO_ENDPOINT, ports.device[port]!, from, port);
  if (state.order.isKept) stationPairs.setOrder(ORDER_MOST | ORDER_TRUSTED);
}

/** The same of frame `i`, which goes from its endpoint to the host's port `host`, of the same network; TCP alone. Out of an internal one some addresses of the host may not be reached: the engine looks. */
export function carryPairToHost(b: Batch, i: number, state: State, network: number, host: number): void {
  const { networks, ports, stationPairs } = state;
  const from = b.ingress[i]!;
  if (ports.device[from] === 0 || ports.kind[from] !== ENDPOINT || !state.offloads) return;
  if ((networks.flags[network]! & (INTERNAL | PROMISCUOUS)) !== 0 || networks.lanPort[network] !== -1) return;
  if (
    !isCarried(state, from) ||
    b.proto[i] !== ipv4.PROTO_TCP ||
    !isPlain(b, i) ||
    !isFromItsAddress(b, i, state) ||
    !isFromItsMac(b, i, state)
  )
    return;
  const { halves } = b.memory;
  const frame = b.at[i]! + HEADER_SIZE;
  const hi = eth.dstHi(halves, frame);
  const lo = eth.dstLo(halves, frame);
  if (hi !== networks.macHi[network] || lo !== networks.macLo[network]) return;
  stationPairs.add(network, hi, lo, ports.macHi[from]!, ports.macLo[from]!, PAIR_TO_HOST, 0, from, host);
}

/** Frame `i` is from an address that the configuration gave its endpoint, not from a link-local one. */
function isFromItsAddress(b: Batch, i: number, { ports }: State): boolean {
  const from = b.ingress[i]!;
  return b.src[i] === ports.address[from] || b.src[i] === ports.address6[from];
}

function isFromItsMac(b: Batch, i: number, { ports }: State): boolean {
  const { halves } = b.memory;
  const from = b.ingress[i]!;
  const frame = b.at[i]! + HEADER_SIZE;
  return eth.srcHi(halves, frame) === ports.macHi[from] && eth.srcLo(halves, frame) === ports.macLo[from];
}
