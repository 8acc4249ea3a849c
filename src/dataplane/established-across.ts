/**
 * As `established.ts`, for flows whose two ends are of different families (RFC 7915): one pass for what the passes of both families have left. Whole
 * datagrams alone, without options and extension headers; with it taken out the same frames come out.
 *
 * It looks up again what those have looked up in vain, rather than be told: what they would have to note costs every packet more than this costs here
 * (decision 0110). Where no flow goes across, nothing is done.
 *
 * The new IP header is written right before layer 4, which stays where it is; so the frame starts 20 bytes later or earlier (`translate.ts`).
 */
import { type Batch, KIND_IPV4, KIND_IPV6, UNDECIDED } from "../mem/batch.js";
import {
  ASSURED,
  DEADLINE,
  DELTA,
  EGRESS_KEEP_TTL,
  EGRESS_PORT,
  EGRESS_RECORD,
  EGRESS_SLOW,
  ESTABLISHED,
  PACKETS,
  REPLY,
  REPLY_SHIFT,
  ROW_SHIFT,
  STATE,
  V6_ORIGINAL,
  WAY,
} from "../table/conntrack.js";
import { NONE, UPLINK } from "../table/ports.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { DROP_NONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { FLAG_MAY_FRAGMENT } from "../wire/flow-entry.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { isToGateway, TCP_ESTABLISHED, TURNING, UDP_ASSURED } from "./established-steps.js";
import { UPLINK_SOURCE_HI, uplinkSourceLo } from "./l2-out.js";
import { FITS } from "./rewrite.js";
import type { State } from "./state.js";
import { MAY_FRAGMENT, moveTo, setType } from "./translate.js";

/** What a virtio-net header asks for: bits, or REFUSED. */
const PARTIAL = 1,
  GSO = 2,
  REFUSED = -1;
const NONE_FOUND = -1;
const MIN_LENGTH = eth.HEADER_SIZE + ipv4.MIN_HEADER_SIZE + l4.UDP_HEADER_SIZE,
  MIN_LENGTH_6 = eth.HEADER_SIZE + ipv6.HEADER_SIZE + l4.UDP_HEADER_SIZE;
const MAX_TOTAL = 0xffff;

/** The stage for one batch; it answers how many of `left` frames it has left. */
export function establishedAcross(b: Batch, state: State): (left: number) => number {
  const { at, len, ingress, egress } = b;
  const { bytes, halves, words } = b.memory;
  const { addresses, conntrack, networks, ports } = state;
  const { rows, timeouts } = conntrack;
  const { kind, macHi, macLo, network } = ports;

  /** Reference of the flow of the IPv4 packet at word `ip`, if that goes on in IPv6, or NONE_FOUND. */
  function find4(ip: number): number {
    const first = words[ip]!;
    const second = words[ip + ipv4.SECOND_WORD]!;
    const third = words[ip + ipv4.THIRD_WORD]!;
    const src = words[ip + ipv4.SRC_WORD]!;
    const dst = words[ip + ipv4.DST_WORD]!;
    if (ipv4.firstByteOf(first) !== ipv4.PLAIN_FIRST_BYTE || ipv4.isFragmentOf(second)) return NONE_FOUND;
    if (!ipv4.isSumOf(first, second, third, src, dst)) return NONE_FOUND;
    return find(src, dst, words[ip + (ipv4.MIN_HEADER_SIZE >> 2)]!, ipv4.protocolOf(third), false);
  }

  /** The same of IPv6. */
  function find6(ip: number): number {
    if (!ipv6.isVersion6(words[ip]!)) return NONE_FOUND;
    const src = addresses.find(words, ip + ipv6.SRC_WORD);
    const dst = addresses.find(words, ip + ipv6.DST_WORD);
    if (src === NO_ADDRESS || dst === NO_ADDRESS) return NONE_FOUND; // of no flow
    const proto = ipv6.nextHeaderOf(words[ip + ipv6.SECOND_WORD]!);
    return find(src, dst, words[ip + (ipv6.HEADER_SIZE >> 2)]!, proto, true);
  }

  function find(src: number, dst: number, tuplePorts: number, proto: number, isIpv6: boolean): number {
    if (proto !== ipv4.PROTO_TCP && proto !== ipv4.PROTO_UDP) return NONE_FOUND;
    const ref = conntrack.find(conntrack.hash(src, dst, tuplePorts, proto), src, dst, tuplePorts, proto);
    if (ref === -1) return NONE_FOUND;
    const wanted = proto === ipv4.PROTO_TCP ? TCP_ESTABLISHED : UDP_ASSURED;
    const side = (ref & 1) ^ (isIpv6 ? 0 : 1); // the one that is of IPv6
    return rows[((ref >> 1) << ROW_SHIFT) + STATE] === (wanted | (V6_ORIGINAL << side)) ? ref : NONE_FOUND;
  }

  /** Whether `rest` bytes at `off` start with a header of TCP or UDP that `parse` lets pass and that changes no flow's state. */
  function isGoingOn(off: number, rest: number, tcp: boolean): boolean {
    if (!tcp) return l4.checkUdp(bytes, off, rest) === DROP_NONE;
    const word = words[(off >> 2) + l4.TCP_FLAGS_WORD]!;
    const size = l4.tcpHeaderSizeOf(word);
    return (l4.tcpFlagsOf(word) & TURNING) === 0 && size >= l4.TCP_MIN_HEADER_SIZE && size <= rest;
  }

  /** What the virtio-net header of frame `i` asks for; REFUSED if `parse` would not let it. */
  function asked(i: number, off: number, tcp: boolean, tcpGso: number): number {
    const header = at[i]!;
    if (vnet.isBare(halves, header)) return 0;
    if (vnet.check(bytes, halves, header, len[i]!) !== DROP_NONE) return REFUSED;
    if (vnet.checkLayer4(bytes, halves, header, off, tcp ? ipv4.PROTO_TCP : ipv4.PROTO_UDP, tcpGso) !== DROP_NONE) return REFUSED;
    return (vnet.isGso(bytes, header) ? GSO : 0) | (vnet.isPartial(bytes, halves, header, off) ? PARTIAL : 0);
  }

  /** Writes an IPv4 header before the `rest` bytes at `off`, in place of the IPv6 one that began with `first`. `to`: its tuple, turned round. */
  function putIpv4(i: number, off: number, first: number, rest: number, hops: number, proto: number, gso: boolean, to: number): void {
    const ip = off - ipv4.MIN_HEADER_SIZE;
    const total = ipv4.MIN_HEADER_SIZE + rest;
    const whole = gso || total > MAY_FRAGMENT;
    const id = whole ? 0 : state.random() & 0xffff;
    const place = whole ? ipv4.DONT_FRAGMENT : 0;
    moveTo(b, i, ip, off);
    ipv4.emitFragment(words, ip, total, ipv6.trafficClassOf(first), id, place, hops, proto, rows[to + 1]!, rows[to]!);
    setType(b, i, KIND_IPV4, vnet.GSO_TCPV4);
  }

  /** The reverse. */
  function putIpv6(i: number, off: number, first: number, rest: number, hops: number, proto: number, to: number): void {
    const ip = off - ipv6.HEADER_SIZE;
    moveTo(b, i, ip, off);
    ipv6.emit(bytes, halves, words, ip, rest, proto, hops);
    ipv6.setTrafficClass(bytes, ip, ipv4.tosOf(first));
    addresses.copy(rows[to + 1]!, words, (ip >> 2) + ipv6.SRC_WORD);
    addresses.copy(rows[to]!, words, (ip >> 2) + ipv6.DST_WORD);
    setType(b, i, KIND_IPV6, vnet.GSO_TCPV6);
  }

  /** `mayFragment`: it is of IPv6, and we stand for its sender. */
  function putEthernet(i: number, port: number, way: number, mayFragment: boolean): void {
    const frame = at[i]! + vnet.HEADER_SIZE;
    if (kind[port] === UPLINK) {
      const source = uplinkSourceLo((way & EGRESS_RECORD) !== 0) | (mayFragment ? FLAG_MAY_FRAGMENT << 24 : 0);
      eth.setAddressesAligned(halves, words, frame, macHi[port]!, macLo[port]!, UPLINK_SOURCE_HI, source);
    } else {
      const own = network[port]!;
      eth.setAddressesAligned(halves, words, frame, macHi[port]!, macLo[port]!, networks.macHi[own]!, networks.macLo[own]!);
    }
  }

  return (left) => {
    if (conntrack.across === 0) return left;
    const { count } = b;
    const { now } = state;
    let decided = 0;
    for (let i = 0; i < count; i++) {
      if (egress[i] !== UNDECIDED || len[i]! < MIN_LENGTH) continue;
      const header = at[i]!;
      const before = header + vnet.HEADER_SIZE + eth.HEADER_SIZE;
      const ip = before >> 2;
      const type = eth.typeOf(words[ip - 1]!);
      const was6 = type === eth.TYPE_IPV6;
      if (was6 ? len[i]! < MIN_LENGTH_6 : type !== eth.TYPE_IPV4) continue;
      const from = ingress[i]!;
      if (kind[from] !== UPLINK && !isToGateway(state, halves, from, header + vnet.HEADER_SIZE)) continue;
      const ref = was6 ? find6(ip) : find4(ip);
      if (ref === NONE_FOUND) continue;
      const dir = ref & 1;
      const row = (ref >> 1) << ROW_SHIFT;
      const own = ref << REPLY_SHIFT;
      const other = own ^ REPLY;
      if ((rows[other + WAY]! & EGRESS_PORT) !== from) continue;

      // As in `established.ts`.
      const first = words[ip]!;
      const second = words[ip + 1]!;
      const third = words[ip + 2]!;
      const tcp = conntrack.protocol(ref >> 1) === ipv4.PROTO_TCP;
      const size = was6 ? ipv6.HEADER_SIZE : ipv4.MIN_HEADER_SIZE;
      const off = before + size;
      const space = len[i]! - eth.HEADER_SIZE - size;
      const rest = was6 ? ipv6.payloadLengthOf(second) : ipv4.totalLengthOf(first) - size;
      if (rest > space || ipv4.MIN_HEADER_SIZE + rest > MAX_TOTAL || !isGoingOn(off, rest, tcp)) continue;
      const asks = asked(i, off, tcp, was6 ? vnet.GSO_TCPV6 : vnet.GSO_TCPV4);
      const gso = (asks & GSO) !== 0;
      if (asks === REFUSED || (gso && rest !== space)) continue;
      const partial = (asks & PARTIAL) !== 0;
      if (!was6 && !tcp && !partial && halves[(off + l4.UDP_CHECKSUM) >> 1] === 0) continue; // IPv6 needs one

      const way = rows[own + WAY]!;
      const port = way & EGRESS_PORT;
      if (kind[port] === NONE || (way & EGRESS_SLOW) !== 0) continue;
      const hops = (way & EGRESS_KEEP_TTL) === 0 ? 1 : 0;
      if (hops === 0 && !tcp && len[i]! > FITS) continue;
      const ttl = was6 ? ipv6.hopLimitOf(second) : ipv4.ttlOf(third);
      if (hops === 1 && ttl <= 1) continue;
      decided++;

      rows[own + PACKETS] = (rows[own + PACKETS]! + 1) | 0;
      rows[row + DEADLINE] = now + timeouts[tcp ? ESTABLISHED : ASSURED]!;
      if (tcp) rows[own + WAY] = (way & 0xffff) | (halves[(off + l4.TCP_ACKNOWLEDGMENT) >> 1]! << 16);

      const deltas = rows[row + DELTA]! ^ -dir;
      words[off >> 2] = swapPorts(rows[other + 2]!);
      if (tcp) l4.updateTcpChecksum(halves, off, partial, deltas & 0xffff, deltas >>> 16);
      else l4.updateUdpChecksum(halves, off, partial, deltas & 0xffff, deltas >>> 16);
      const proto = tcp ? ipv4.PROTO_TCP : ipv4.PROTO_UDP;
      if (was6) putIpv4(i, off, first, rest, ttl - hops, proto, gso, other);
      else putIpv6(i, off, first, rest, ttl - hops, proto, other);
      if (gso) {
        const start = at[i]! + vnet.HEADER_SIZE;
        vnet.setHdrLen(halves, at[i]!, off + (tcp ? l4.tcpHeaderSize(bytes, off) : l4.UDP_HEADER_SIZE) - start);
      }
      putEthernet(i, port, way, !was6 && !gso && ipv4.mayFragmentOf(second));
      egress[i] = port;
    }
    return left - decided;
  };
}
