/**
 * The common case in one pass, before all other stages: a TCP or UDP packet of an established flow is checked, found, tracked, rewritten
 * and given its Ethernet header. Every other frame it leaves UNDECIDED and untouched for the stages after it, which do the same things
 * one by one and know all the other cases. It decides nothing by itself: with this stage taken out the same frames come out, only later
 * (a test runs both ways). One difference: the FDB does not learn from what passes here; endpoints' own addresses are in it for good.
 *
 * First everything that a frame says by itself, then the look-ups of all, which miss the cache and so overlap, then everything that the flow says.
 * So each of the two loops has few values alive and V8 keeps them in registers. Frames and rows are read and written by fields (`wire/field.ts`), and
 * calls that the JIT does not inline cost as much as the work in them (bench: `memory`; docs/machine-code.md has what each of this is worth).
 */
import { type Batch, UNDECIDED } from "../mem/batch.js";
import {
  ASSURED,
  DEADLINE,
  DELTA,
  DST,
  EGRESS_PORT,
  EGRESS_SLOW,
  ESTABLISHED,
  KEEP_TTL_BIT,
  PACKETS,
  PORTS,
  RECORD_BIT,
  REPLY,
  REPLY_SHIFT,
  SRC,
  WAY,
} from "../table/conntrack.js";
import { NONE, UPLINK } from "../table/ports.js";
import { fold, update, updatePartial } from "../wire/checksum.js";
import { DROP_NONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { field } from "../wire/field.js";
import { FLAG_RECORD } from "../wire/flow-entry.js";
import * as ipv4 from "../wire/ipv4.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { isToGateway, TCP_ESTABLISHED, TURNING, UDP_ASSURED } from "./established-steps.js";
import { setInside, UPLINK_SOURCE_HI, uplinkSourceLo } from "./l2-out.js";
import { FITS } from "./rewrite.js";
import type { State } from "./state.js";

const MIN_SPACE = ipv4.MIN_HEADER_SIZE + l4.UDP_HEADER_SIZE;
/** Words of a frame, from its virtio-net header on, that are looked at: up to the word with the checksum of TCP. */
const FRAME_WORDS = 16;
/** Byte at which layer 4 begins, and word at which the IP header does. */
const L4 = vnet.HEADER_SIZE + eth.HEADER_SIZE + ipv4.MIN_HEADER_SIZE;
const IP = (vnet.HEADER_SIZE + eth.HEADER_SIZE) / 4;
const TCP = L4 / 4;
/** Of what goes to the uplink: first word of the source address, and, shifted, the last half word of one that does not ask to be recorded. */
const UPLINK_SOURCE_FIRST = UPLINK_SOURCE_HI | (uplinkSourceLo(false) << 16);
const UPLINK_SOURCE_LAST = uplinkSourceLo(false) >>> 16;

/** The stage for one batch; it answers how many frames it has left. */
export function establishedFlows(b: Batch, state: State): () => number {
  const { at, len, ingress, egress } = b;
  const { bytes, halves, words } = b.memory;
  const { conntrack, networks } = state;
  const { rows } = conntrack;
  const establishedSec = conntrack.timeouts[ESTABLISHED]!;
  const assuredSec = conntrack.timeouts[ASSURED]!;
  const { kind, macHi, macLo, network } = state.ports;
  const { macHi: gatewayHi, macLo: gatewayLo } = networks;
  // Words of a frame, by its first word's index.
  const word = (k: number): Int32Array => field(words, k, FRAME_WORDS);
  const virtio = word(0); // flags, segmentation, length of the headers
  const dstHi = word(2); // its upper half
  const dstLo = word(3);
  const srcFirst = word(4);
  const lastWord = word(IP - 1); // end of the source address, EtherType
  const first = word(IP);
  const second = word(IP + ipv4.SECOND_WORD);
  const third = word(IP + ipv4.THIRD_WORD);
  const src = word(IP + ipv4.SRC_WORD);
  const dst = word(IP + ipv4.DST_WORD);
  const ports = word(TCP);
  const acknowledgments = word(TCP + l4.TCP_ACKNOWLEDGMENT / 4);
  const flags = word(TCP + l4.TCP_FLAGS_WORD);
  const checksums = word(TCP + l4.TCP_CHECKSUM / 4); // its lower half
  // Words of a row, by that of a direction.
  const own = (k: number): Int32Array => field(rows, k, REPLY);
  const rowSrc = own(SRC);
  const rowDst = own(DST);
  const rowPorts = own(PORTS);
  const rowWay = own(WAY);
  const rowPackets = own(PACKETS);
  const rowDeadline = own(DEADLINE);
  const rowDelta = own(DELTA);
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
      const f = at[i]! >> 2;
      egress[i] = UNDECIDED;
      // To be routed, and an IPv4 datagram without options, whole, with ports. What `parse` would drop goes there, and what changes a flow's state.
      const space = (len[i]! - eth.HEADER_SIZE) | 0;
      if (space < MIN_SPACE || eth.typeOf(lastWord[f]!) !== eth.TYPE_IPV4) continue;
      const w0 = first[f]!;
      const w1 = second[f]!;
      const w2 = third[f]!;
      if (ipv4.firstByteOf(w0) !== ipv4.PLAIN_FIRST_BYTE || ipv4.isFragmentOf(w1) || ipv4.ttlOf(w2) <= 1) continue;
      const port = ingress[i]!;
      if (kind[port] !== UPLINK && !isToGateway(state, halves, port, (f << 2) + vnet.HEADER_SIZE)) continue;
      const total = ipv4.totalLengthOf(w0);
      if (total > space) continue;
      const protocol = ipv4.protocolOf(w2);
      if (protocol === ipv4.PROTO_TCP) {
        const w = flags[f]!;
        const size = l4.tcpHeaderSizeOf(w);
        if ((l4.tcpFlagsOf(w) & TURNING) !== 0 || size < l4.TCP_MIN_HEADER_SIZE || size + ipv4.MIN_HEADER_SIZE > total) continue;
      } else if (protocol !== ipv4.PROTO_UDP || l4.checkUdp(bytes, (f << 2) + L4, total - ipv4.MIN_HEADER_SIZE) !== DROP_NONE) continue;
      if ((virtio[f]! & 0xffff) !== 0) {
        const header = f << 2;
        if ((vnet.isGso(bytes, header) && total !== space) || vnet.check(bytes, halves, header, len[i]!) !== DROP_NONE) continue;
        if (vnet.checkLayer4(bytes, halves, header, header + L4, protocol, vnet.GSO_TCPV4) !== DROP_NONE) continue;
      }
      const from = src[f]!;
      const to = dst[f]!;
      if (!ipv4.isSumOf(w0, w1, w2, from, to)) continue;
      mine[candidates] = i;
      hashes[candidates] = conntrack.hash(from, to, ports[f]!, protocol);
      candidates = (candidates + 1) | 0;
    }
    conntrack.findAll(hashes, candidates, refs, states);
    const tcpDeadline = (now + establishedSec) | 0;
    const udpDeadline = (now + assuredSec) | 0;
    let decided = 0;
    for (let k = 0; k < candidates; k++) {
      const i = mine[k]!;
      const ref = refs[k]!;
      const f = at[i]! >> 2;
      const flowState = states[k]!;
      const w2 = third[f]!;
      const tcp = flowState === TCP_ESTABLISHED;
      if ((!tcp && flowState !== UDP_ASSURED) || ipv4.protocolOf(w2) !== (flowState & 0xff)) continue;
      const one = ref << REPLY_SHIFT;
      if (rowSrc[one] !== src[f] || rowDst[one] !== dst[f] || rowPorts[one] !== ports[f]) continue;
      const other = one ^ REPLY;
      const from = ingress[i]!;
      if ((rowWay[other]! & EGRESS_PORT) !== from) continue; // not from where the other direction goes
      const way = rowWay[one]!;
      const port = way & EGRESS_PORT;
      const portKind = kind[port]!;
      if (portKind === NONE || (way & EGRESS_SLOW) !== 0) continue;
      const hops = ((way >>> KEEP_TTL_BIT) & 1) ^ 1;
      if (hops === 0 && !tcp && len[i]! > FITS) continue;

      const row = one & ~REPLY;
      const deltas = rowDelta[row]! ^ -(ref & 1);
      const partial = (virtio[f]! & 0xffff) !== 0 && vnet.isPartial(bytes, halves, f << 2, (f << 2) + L4);
      rowPackets[one] = (rowPackets[one]! + 1) | 0;
      if (tcp) {
        rowDeadline[row] = tcpDeadline;
        rowWay[one] = (way & 0xffff) | (acknowledgments[f]! << 16);
        const w = checksums[f]!;
        const sum = partial ? updatePartial(w & 0xffff, deltas & 0xffff) : update(w & 0xffff, deltas >>> 16);
        checksums[f] = (w & ~0xffff) | sum;
        if ((virtio[f]! & 0xff00) !== 0) {
          vnet.setHdrLen(halves, f << 2, L4 - vnet.HEADER_SIZE + l4.tcpHeaderSize(bytes, (f << 2) + L4));
        }
      } else {
        rowDeadline[row] = udpDeadline;
        l4.updateUdpChecksum(halves, (f << 2) + L4, partial, deltas & 0xffff, deltas >>> 16);
      }
      // The other direction's tuple, turned round.
      const sum = fold((~w2 >>> 16) + (deltas & 0xffff) + (-hops & ipv4.TTL_DELTA));
      third[f] = ((w2 - hops) & 0xffff) | (~sum << 16);
      src[f] = rowDst[other]!;
      dst[f] = rowSrc[other]!;
      ports[f] = swapPorts(rowPorts[other]!);

      egress[i] = port;
      decided = (decided + 1) | 0;
      if (portKind === UPLINK) {
        if ((ref & 1) === 0 && port !== from) {
          setInside(bytes, words, (f << 2) + vnet.HEADER_SIZE, rowSrc[row]!, rowPorts[row]!, networks.wayIn[network[from]!]!);
          continue;
        }
        dstHi[f] = (dstHi[f]! & 0xffff) | (macHi[port]! << 16);
        dstLo[f] = macLo[port]!;
        srcFirst[f] = UPLINK_SOURCE_FIRST;
        lastWord[f] = UPLINK_SOURCE_LAST | (((way >>> RECORD_BIT) & FLAG_RECORD) << 8) | (eth.TYPE_IPV4 << 16);
      } else {
        const of = network[port]!;
        eth.setAddressesAligned(halves, words, (f << 2) + vnet.HEADER_SIZE, macHi[port]!, macLo[port]!, gatewayHi[of]!, gatewayLo[of]!);
      }
    }
    return count - decided;
  };
}
