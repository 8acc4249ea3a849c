/**
 * Puts frames that go to another node into VXLAN datagrams (RFC 7348 §4.1, §5). The headers are written before the frame, into the headroom; the frame
 * stays where it is. One that stands for several segments stays whole where the tunnels' device takes that, its checksum partial still; else the
 * engine makes the segments (`engine/segments-out.ts`), and each gets its headers here. Frames of encrypted networks go on to `datagrams-out.ts`.
 *
 * The source port comes of a hash of the flow inside, so that the underlay may spread flows but not the packets of one (§5). Datagrams may be fragmented
 * on their way, though we never do it (§4.3): DF is not set, as in Linux.
 */
import { type Batch, KIND_IPV4, KIND_IPV6, SEALED, SEGMENTS } from "../mem/batch.js";
import { REMOTE } from "../table/ports.js";
import { NODE_TX_BYTES, NODE_TX_PACKETS } from "../table/remotes.js";
import { rowOf } from "../wire/address-word.js";
import { fold, sum } from "../wire/checksum.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { rawHalf } from "../wire/raw.js";
import { foldAddress, SPREAD_FACTOR } from "../wire/spread.js";
import * as underlay from "../wire/underlay.js";
import * as vnet from "../wire/vnet.js";
import * as tunnelVnet from "../wire/vnet-tunnel.js";
import * as vxlan from "../wire/vxlan.js";
import { ipAt, isFragment } from "./packet.js";
import { fits } from "./remote-forward.js";
import type { State } from "./state.js";

const MAX_DATAGRAM = 65535;
/** Of GSO frames: bytes of the inner headers up to the payload. */
const NO_HEADERS = 0;

export function encapsulate(b: Batch, state: State): void {
  const { networks, ports, tunnel } = state;
  if (tunnel.port === -1) return;
  for (let i = 0; i < b.count; i++) {
    const to = b.egress[i]!;
    if (to < 0 || ports.kind[to] !== REMOTE) continue;
    const network = ports.network[to]!;
    if (networks.sealed[network] !== 0) {
      b.egress[i] = SEALED;
      b.mark[i] = network;
      continue;
    }
    if (needsSegments(b, i, state) || (b.routed[i] === 1 && !fits(b, i, networks.mtu[network]!))) {
      b.egress[i] = SEGMENTS;
      b.mark[i] = network;
      continue;
    }
    wrap(b, i, state, network, b.node[i]!);
    b.egress[i] = tunnel.port;
  }
}

/** Whether frame `i` stands for segments that have to be made before it goes into datagrams. */
export function needsSegments(b: Batch, i: number, { tunnel }: State): boolean {
  if (!vnet.isGso(b.memory.bytes, b.at[i]!)) return false;
  return !tunnel.segments || b.len[i]! + tunnel.overhead - eth.HEADER_SIZE > MAX_DATAGRAM;
}

/** Makes frame `i` a datagram of `network`, which is not encrypted, to `node`. What `parse` has said of the frame must still be true. */
export function wrap(b: Batch, i: number, state: State, network: number, node: number): void {
  const { bytes, halves } = b.memory;
  const { addresses, networks, ports, remotes, tunnel } = state;
  const { ipv6: isIpv6, overhead } = tunnel;
  const header = b.at[i]!;
  const inner = header + vnet.HEADER_SIZE;
  const length = b.len[i]!;
  const outer = inner - overhead;
  const start = outer - tunnelVnet.HEADER_SIZE;
  const ip = outer + eth.HEADER_SIZE;
  const udp = inner - vxlan.HEADER_SIZE - l4.UDP_HEADER_SIZE;
  const gso = vnet.isGso(bytes, header);
  const partialAt = gso || (bytes[header]! & vnet.FLAG_NEEDS_CSUM) !== 0 ? vnet.checksumStart(halves, header) : -1;
  const partialField = vnet.checksumField(halves, header);
  const headers = gso ? vnet.headersOf(bytes, halves, header) : NO_HEADERS;
  const hash = flowHash(b, i);
  const tos = b.kind[i] === KIND_IPV4 ? ipv4.tos(bytes, ipAt(b, i)) : b.kind[i] === KIND_IPV6 ? ipv6.trafficClass(bytes, ipAt(b, i)) : 0;
  // The header that is read lies where the last ones are written.
  tunnelVnet.wrap(bytes, halves, header, start, overhead, udp - outer, headers, isIpv6, tunnel.checksum);
  const payload = l4.UDP_HEADER_SIZE + vxlan.HEADER_SIZE + length;
  const device = tunnel.port;
  underlay.emitEthernet(halves, outer, ports.macHi[device]!, ports.macLo[device]!, isIpv6 ? eth.TYPE_IPV6 : eth.TYPE_IPV4);
  const ecn = underlay.ecnOutside(tos);
  const to = remotes.nodeAddress[node]!;
  if (isIpv6) {
    underlay.emitIpv6(bytes, halves, ip, payload, ecn, hash & 0xffff, addresses.words, rowOf(tunnel.local) << 2, rowOf(to) << 2);
  } else {
    underlay.emitIpv4(bytes, halves, ip, payload, ecn, tunnel.identification, tunnel.local, to);
    // The kernel counts on from there, one a segment.
    const segments = gso ? Math.ceil(length / Math.max(1, vnet.gsoSize(halves, start))) : 1;
    tunnel.identification = rawHalf((rawHalf(tunnel.identification) + segments) & 0xffff);
  }
  const port = vxlan.FIRST_SOURCE_PORT + (hash >>> (32 - vxlan.SOURCE_PORT_BITS));
  underlay.emitUdp(halves, udp, payload, rawHalf(port), tunnel.udpPort);
  vxlan.emit(bytes, udp + l4.UDP_HEADER_SIZE, networks.vni[network]!);
  if (tunnel.checksum) fillChecksum(b, i, ip, udp, payload, gso, inner, partialAt, partialField);
  b.at[i] = start;
  b.moved = true;
  b.len[i] = tunnelVnet.HEADER_SIZE - vnet.HEADER_SIZE + overhead + length;
  remotes.count(node, NODE_TX_PACKETS, 1);
  remotes.count(node, NODE_TX_BYTES, length);
}

/** int32. Of the addresses, protocol and ports that the packet itself has, so that a flow has the same one always; of other frames their MAC addresses. */
export function flowHash(b: Batch, i: number): number {
  const { halves, words } = b.memory;
  const kind = b.kind[i]!;
  let hash: number;
  if (kind === KIND_IPV4 || kind === KIND_IPV6) {
    const proto = isFragment(b, i) ? 0 : b.proto[i]!; // only the first one has more
    const hasPorts = proto === ipv4.PROTO_TCP || proto === ipv4.PROTO_UDP || proto === ipv4.PROTO_SCTP;
    const ports = hasPorts ? l4.ports(words, b.l4[i]!) : 0;
    const at = ipAt(b, i) >> 2;
    if (kind === KIND_IPV4) {
      hash = mix(words[at + ipv4.SRC_WORD]!) ^ words[at + ipv4.DST_WORD]!;
    } else {
      const src = at + ipv6.SRC_WORD;
      const dst = at + ipv6.DST_WORD;
      hash =
        mix(foldAddress(words[src]!, words[src + 1]!, words[src + 2]!, words[src + 3]!)) ^
        foldAddress(words[dst]!, words[dst + 1]!, words[dst + 2]!, words[dst + 3]!);
    }
    hash = mix(mix(hash) ^ ports) ^ proto;
  } else {
    const frame = b.at[i]! + vnet.HEADER_SIZE;
    hash = mix(eth.srcLo(halves, frame)) ^ eth.dstLo(halves, frame);
  }
  return mix(hash);
}

function mix(word: number): number {
  const product = Math.imul(word, SPREAD_FACTOR);
  return product ^ (product >>> 15);
}

/**
 * The outer UDP checksum. With segmentation the field is what every segment begins with, the sum of the pseudo header. Of a frame with a partial checksum
 * all from layer 4 on sums to what is in its field, whatever follows ("local checksum offload" of Linux, Documentation/networking/checksum-offloads.rst).
 */
function fillChecksum(
  b: Batch,
  i: number,
  ip: number,
  udp: number,
  payload: number,
  gso: boolean,
  inner: number,
  partialAt: number,
  partialField: number,
): void {
  const { bytes, halves } = b.memory;
  const field = (udp + l4.UDP_CHECKSUM) >> 1;
  const pseudo = underlay.pseudoSum(bytes, halves, ip, payload);
  if (gso) {
    halves[field] = pseudo;
    return;
  }
  let all = pseudo;
  if (partialAt !== -1) {
    const start = inner + partialAt;
    // Completed, the packet from there on sums to the complement of the pseudo header's sum, which is in the field now.
    all += sum(halves, bytes, udp, start - udp) + (~halves[(start + partialField) >> 1]! & 0xffff);
  } else {
    const inHead = Math.min(payload, b.memory.headEnd(i) - udp);
    all += sum(halves, bytes, udp, inHead);
    if (payload > inHead) all += sum(halves, bytes, b.memory.tailAt(b.tail[i]!), payload - inHead);
  }
  const whole = ~fold(all) & 0xffff;
  halves[field] = whole === 0 ? 0xffff : whole;
}
