/**
 * Has the kernel carry frames between two endpoints of a network, or from the host to one, once one was forwarded (`wire/station-pair.ts`). What was decided of it
 * holds for all TCP and UDP from the one MAC to the other: nothing of that is translated, and the program compares an endpoint's MAC and address as the source guard
 * does, of the host that it is one of its own. Whatever else forwarding asks about, ports and their devices, takes back all pairs when it changes.
 */
import { type Batch, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import { NO_ICC, PROMISCUOUS } from "../table/networks.js";
import { ENDPOINT, HOST } from "../table/ports.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import { ORDER_MOST, ORDER_TRUSTED } from "../wire/order.js";
import { PAIR_TO_ENDPOINT } from "../wire/station-pair.js";
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
  const src = b.src[i]!;
  if (!fromHost && src !== ports.address[from] && src !== ports.address6[from]) return; // a link-local one
  const { halves } = b.memory;
  const frame = b.at[i]! + HEADER_SIZE;
  const hi = eth.dstHi(halves, frame);
  const lo = eth.dstLo(halves, frame);
  if (hi !== ports.macHi[port] || lo !== ports.macLo[port]) return; // not said by the configuration
  const srcHi = eth.srcHi(halves, frame);
  const srcLo = eth.srcLo(halves, frame);
  if (srcHi !== ports.macHi[from] || srcLo !== ports.macLo[from]) return;
  stationPairs.add(network, hi, lo, srcHi, srcLo, PAIR_TO_ENDPOINT, ports.device[port]!, from, port);
  if (!fromHost && state.order.isKept) stationPairs.setOrder(ORDER_MOST | ORDER_TRUSTED);
}
