/**
 * The common case in one pass, before all other stages: a TCP or UDP packet of an established flow is checked, found, tracked, rewritten
 * and given its Ethernet header. Every other frame it leaves UNDECIDED and untouched for the stages after it, which do the same things
 * one by one and know all the other cases. It decides nothing by itself: with this stage taken out the same frames come out, only later
 * (a test runs both ways). One difference: the FDB does not learn from what passes here; endpoints' own addresses are in it for good.
 *
 * All tuples of the batch are hashed first and looked up afterwards: with many flows every look-up misses the cache, and independent misses
 * overlap. The columns of conntrack are read here directly, since calls that the JIT does not inline cost as much as the work in them
 * (bench: `memory`).
 */
import { type Batch, UNDECIDED } from "../mem/batch.js";
import {
  ACKED,
  ASSURED,
  DEADLINE,
  DELTA,
  EGRESS,
  EGRESS_KEEP_TTL,
  EGRESS_PORT,
  EGRESS_RECORD,
  EGRESS_SLOW,
  ESTABLISHED,
  PACKETS,
  REPLY,
  ROW_SHIFT,
} from "../table/conntrack.js";
import { NONE, UPLINK } from "../table/ports.js";
import { combine } from "../wire/checksum.js";
import { DROP_NONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { isToGateway, TCP_ESTABLISHED, TURNING, UDP_ASSURED } from "./established-steps.js";
import { setInside, UPLINK_SOURCE_HI, uplinkSourceLo } from "./l2-out.js";
import { FITS } from "./rewrite.js";
import type { State } from "./state.js";

/** Word of the ports behind a plain IPv4 header, counted from that header. */
const PORTS_WORD = ipv4.MIN_HEADER_SIZE / 4;
const MIN_LENGTH = eth.HEADER_SIZE + ipv4.MIN_HEADER_SIZE + l4.UDP_HEADER_SIZE;

/** The stage for one batch; it answers how many frames it has left. */
export function establishedFlows(b: Batch, state: State): () => number {
  const { at, len, ingress, egress, routed } = b;
  const { bytes, halves, words } = b.memory;
  const { conntrack, networks } = state;
  const { rows, rowHalves } = conntrack;
  const establishedSec = conntrack.timeouts[ESTABLISHED]!;
  const assuredSec = conntrack.timeouts[ASSURED]!;
  const { kind, macHi, macLo, network } = state.ports;
  const { macHi: gatewayHi, macLo: gatewayLo } = networks;
  // Columns of the frames that this stage may decide: which they are, and what the table says about them.
  const mine = new Int32Array(b.memory.slots);
  const hashes = new Int32Array(b.memory.slots);
  const refs = new Int32Array(b.memory.slots);
  const states = new Int32Array(b.memory.slots);

  return () => {
    const { count } = b;
    const { now } = state;
    let candidates = 0;
    for (let i = 0; i < count; i++) {
      const frame = at[i]! + vnet.HEADER_SIZE;
      const ip = (frame + eth.HEADER_SIZE) >> 2;
      egress[i] = UNDECIDED;
      routed[i] = 0;
      // To be routed, and an IPv4 datagram without options, whole, with ports.
      if (len[i]! < MIN_LENGTH || eth.typeOf(words[ip - 1]!) !== eth.TYPE_IPV4) continue;
      const first = words[ip]!;
      const second = words[ip + ipv4.SECOND_WORD]!;
      const third = words[ip + ipv4.THIRD_WORD]!;
      if (ipv4.firstByteOf(first) !== ipv4.PLAIN_FIRST_BYTE || ipv4.isFragmentOf(second)) continue;
      const protocol = ipv4.protocolOf(third);
      if (protocol !== ipv4.PROTO_TCP && protocol !== ipv4.PROTO_UDP) continue;
      const port = ingress[i]!;
      if (kind[port] !== UPLINK && !isToGateway(state, halves, port, frame)) continue;
      const src = words[ip + ipv4.SRC_WORD]!;
      const dst = words[ip + ipv4.DST_WORD]!;
      if (!ipv4.isSumOf(first, second, third, src, dst)) continue;
      mine[candidates] = i;
      hashes[candidates] = conntrack.hash(src, dst, words[ip + PORTS_WORD]!, protocol);
      candidates++;
    }
    conntrack.findAll(hashes, candidates, refs, states);
    let decided = 0;
    for (let k = 0; k < candidates; k++) {
      const i = mine[k]!;
      const ref = refs[k]!;
      const header = at[i]!;
      const frame = header + vnet.HEADER_SIZE;
      const off = frame + eth.HEADER_SIZE + ipv4.MIN_HEADER_SIZE;
      const ip = (frame + eth.HEADER_SIZE) >> 2;
      const third = words[ip + ipv4.THIRD_WORD]!;
      const tcp = ipv4.protocolOf(third) === ipv4.PROTO_TCP;
      if (states[k] !== (tcp ? TCP_ESTABLISHED : UDP_ASSURED)) continue;
      if (!conntrack.isTuple(ref, words[ip + ipv4.SRC_WORD]!, words[ip + ipv4.DST_WORD]!, words[ip + PORTS_WORD]!)) continue;
      const dir = ref & 1;
      const row = (ref >> 1) << ROW_SHIFT;
      const ways = rows[row + EGRESS]!;
      if (((ways >>> ((dir ^ 1) << 4)) & EGRESS_PORT) !== ingress[i]) continue; // not from where the other direction goes

      // What `parse` would drop goes there, and what changes the flow's state.
      const space = len[i]! - eth.HEADER_SIZE;
      const total = ipv4.totalLengthOf(words[ip]!);
      if (total > space) continue;
      const rest = total - ipv4.MIN_HEADER_SIZE;
      if (tcp) {
        const word = words[ip + PORTS_WORD + l4.TCP_FLAGS_WORD]!;
        const size = l4.tcpHeaderSizeOf(word);
        if ((l4.tcpFlagsOf(word) & TURNING) !== 0 || size < l4.TCP_MIN_HEADER_SIZE || size > rest) continue;
      } else if (l4.checkUdp(bytes, off, rest) !== DROP_NONE) continue;
      let partial = false;
      let gso = false;
      if (!vnet.isBare(halves, header)) {
        gso = vnet.isGso(bytes, header);
        if ((gso && total !== space) || vnet.check(bytes, halves, header, len[i]!) !== DROP_NONE) continue;
        if (vnet.checkLayer4(bytes, halves, header, off, tcp ? ipv4.PROTO_TCP : ipv4.PROTO_UDP, vnet.GSO_TCPV4) !== DROP_NONE) continue;
        partial = vnet.isPartial(bytes, halves, header, off);
      }

      const way = ways >>> (dir << 4);
      const port = way & EGRESS_PORT;
      const portKind = kind[port]!;
      if (portKind === NONE || (way & EGRESS_SLOW) !== 0) continue;
      const hops = (way & EGRESS_KEEP_TTL) === 0 ? 1 : 0;
      if (hops === 0 && !tcp && len[i]! > FITS) continue;
      if (hops === 1 && ipv4.ttlOf(third) <= 1) continue;
      decided++;

      rows[row + PACKETS + dir] = (rows[row + PACKETS + dir]! + 1) | 0;
      rows[row + DEADLINE] = now + (tcp ? establishedSec : assuredSec);
      if (tcp) rowHalves[((row + ACKED) << 1) + dir] = halves[(off + l4.TCP_ACKNOWLEDGMENT) >> 1]!;

      const deltas = rows[row + DELTA]! ^ -dir;
      const addresses = deltas & 0xffff;
      const to = row + (dir ^ 1) * REPLY; // the other direction's tuple, turned round
      words[ip + ipv4.THIRD_WORD] = ipv4.thirdWordAfter(third, hops, hops === 1 ? combine(addresses, ipv4.TTL_DELTA) : addresses);
      words[ip + ipv4.SRC_WORD] = rows[to + 1]!;
      words[ip + ipv4.DST_WORD] = rows[to]!;
      words[ip + PORTS_WORD] = swapPorts(rows[to + 2]!);
      if (gso && tcp) vnet.setHdrLen(halves, header, off + l4.tcpHeaderSize(bytes, off) - frame);
      if (tcp) l4.updateTcpChecksum(halves, off, partial, addresses, deltas >>> 16);
      else l4.updateUdpChecksum(halves, off, partial, addresses, deltas >>> 16);

      egress[i] = port;
      if (portKind === UPLINK) {
        if (dir === 0 && port !== ingress[i]) {
          setInside(bytes, words, frame, rows[row]!, rows[row + 2]!, networks.wayIn[network[ingress[i]!]!]!);
          continue;
        }
        const source = uplinkSourceLo((way & EGRESS_RECORD) !== 0);
        eth.setAddressesAligned(halves, words, frame, macHi[port]!, macLo[port]!, UPLINK_SOURCE_HI, source);
      } else {
        const own = network[port]!;
        eth.setAddressesAligned(halves, words, frame, macHi[port]!, macLo[port]!, gatewayHi[own]!, gatewayLo[own]!);
      }
    }
    return count - decided;
  };
}
