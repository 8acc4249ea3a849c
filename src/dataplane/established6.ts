/**
 * As `established.ts`, for IPv6: one pass for the packets of established flows that have no extension header and stay IPv6. It looks at the frames that
 * pass has left UNDECIDED, and leaves those that are not its own to the stages in turn; with it taken out the same frames come out.
 *
 * What is more than in IPv4 are two look-ups of 16 bytes, source and destination. The hashes of all are made first and the slots fetched afterwards, so that
 * cache misses overlap. What is less is a header checksum.
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
  V6_ORIGINAL,
  V6_REPLY,
  WAY,
} from "../table/conntrack.js";
import { NONE, UPLINK } from "../table/ports.js";
import { NO_ADDRESS, rowOf } from "../wire/address-word.js";
import { update, updatePartial } from "../wire/checksum.js";
import { DROP_NONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { field, Quads } from "../wire/field.js";
import { FLAG_RECORD } from "../wire/flow-entry.js";
import { PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { isToGateway, TCP_ESTABLISHED, TURNING, UDP_ASSURED } from "./established-steps.js";
import { setInside, UPLINK_SOURCE_HI, uplinkSourceLo } from "./l2-out.js";
import type { State } from "./state.js";

const BOTH = V6_ORIGINAL | V6_REPLY;

const FRAME_WORDS = 21;
const MIN_SPACE = l4.UDP_HEADER_SIZE;
/** Byte at which layer 4 begins, and word at which the IP header does. */
const L4 = vnet.HEADER_SIZE + eth.HEADER_SIZE + ipv6.HEADER_SIZE;
const IP = (vnet.HEADER_SIZE + eth.HEADER_SIZE) / 4;
const TCP = L4 / 4;
const UPLINK_SOURCE_FIRST = UPLINK_SOURCE_HI | (uplinkSourceLo(false) << 16);
const UPLINK_SOURCE_LAST = uplinkSourceLo(false) >>> 16;

/** The stage for one batch; it answers how many of `left` frames it has left. */
export function establishedFlows6(b: Batch, state: State): (left: number) => number {
  const { at, len, ingress, egress } = b;
  const { bytes, halves, words } = b.memory;
  const { addresses, conntrack, networks } = state;
  const { rows } = conntrack;
  const establishedSec = conntrack.timeouts[ESTABLISHED]!;
  const assuredSec = conntrack.timeouts[ASSURED]!;
  const { address6, kind, macHi, macLo, network } = state.ports;
  const { macHi: gatewayHi, macLo: gatewayLo } = networks;
  const { slots } = b.memory;
  // Words of a frame, by its first word's index; those of an address, by that of its own (`field.ts`); of a row, by that of a direction.
  const word = (k: number): Int32Array => field(words, k, FRAME_WORDS);
  const virtio = word(0);
  const dstHi = word(2);
  const dstLo = word(3);
  const srcFirst = word(4);
  const lastWord = word(IP - 1);
  const first = word(IP);
  const second = word(IP + ipv6.SECOND_WORD);
  const ports = word(TCP);
  const acknowledgments = word(TCP + l4.TCP_ACKNOWLEDGMENT / 4);
  const flags = word(TCP + l4.TCP_FLAGS_WORD);
  const checksums = word(TCP + l4.TCP_CHECKSUM / 4);
  const inFrame = new Quads(words);
  const inTable = new Quads(addresses.words);
  const own = (k: number): Int32Array => field(rows, k, REPLY);
  const rowSrc = own(SRC);
  const rowDst = own(DST);
  const rowPorts = own(PORTS);
  const rowWay = own(WAY);
  const rowPackets = own(PACKETS);
  const rowDeadline = own(DEADLINE);
  const rowDelta = own(DELTA);
  const mine = new Int32Array(slots);
  const wheres = new Int32Array(slots * 2); // word index of source and destination of each candidate
  const names = new Int32Array(slots * 2); // their hashes, then their handles
  const hashes = new Int32Array(slots);
  const refs = new Int32Array(slots);
  const states = new Int32Array(slots);

  function putAddress(handle: number, at: number): void {
    const w = rowOf(handle) << 2;
    inFrame.word0[at] = inTable.word0[w]!;
    inFrame.word1[at] = inTable.word1[w]!;
    inFrame.word2[at] = inTable.word2[w]!;
    inFrame.word3[at] = inTable.word3[w]!;
  }

  return (left) => {
    if (left === 0 || addresses.used <= 1) return left; // no IPv6 here: :: is always known
    const { count } = b;
    const { now } = state;
    let candidates = 0;
    for (let i = 0; i < count; i++) {
      const f = at[i]! >> 2;
      const space = (len[i]! - eth.HEADER_SIZE - ipv6.HEADER_SIZE) | 0;
      if (egress[i] !== UNDECIDED || space < MIN_SPACE || eth.typeOf(lastWord[f]!) !== eth.TYPE_IPV6) continue;
      const w1 = second[f]!;
      if (!ipv6.isVersion6(first[f]!) || ipv6.hopLimitOf(w1) <= 1) continue;
      const port = ingress[i]!;
      if (kind[port] !== UPLINK && !isToGateway(state, halves, port, (f << 2) + vnet.HEADER_SIZE)) continue;
      // What `parse` would drop goes there, and what changes the flow's state.
      const rest = ipv6.payloadLengthOf(w1);
      if (rest > space) continue;
      const next = ipv6.nextHeaderOf(w1);
      if (next === PROTO_TCP) {
        const w = flags[f]!;
        const size = l4.tcpHeaderSizeOf(w);
        if ((l4.tcpFlagsOf(w) & TURNING) !== 0 || size < l4.TCP_MIN_HEADER_SIZE || size > rest) continue;
      } else if (next !== PROTO_UDP || l4.checkUdp(bytes, (f << 2) + L4, rest) !== DROP_NONE) continue;
      if ((virtio[f]! & 0xffff) !== 0) {
        const header = f << 2;
        if ((vnet.isGso(bytes, header) && rest !== space) || vnet.check(bytes, halves, header, len[i]!) !== DROP_NONE) continue;
        if (vnet.checkLayer4(bytes, halves, header, header + L4, next, vnet.GSO_TCPV6) !== DROP_NONE) continue;
      }
      mine[candidates] = i;
      wheres[candidates << 1] = f + IP + ipv6.SRC_WORD;
      wheres[(candidates << 1) + 1] = f + IP + ipv6.DST_WORD;
      candidates = (candidates + 1) | 0;
    }
    if (candidates === 0) return left;
    addresses.findAll(inFrame, wheres, candidates << 1, names);
    let found = 0;
    for (let k = 0; k < candidates; k++) {
      const source = names[k << 1]!;
      const target = names[(k << 1) + 1]!;
      if (source === NO_ADDRESS || target === NO_ADDRESS) continue; // of no flow
      const i = mine[k]!;
      const f = at[i]! >> 2;
      mine[found] = i;
      names[found << 1] = source;
      names[(found << 1) + 1] = target;
      hashes[found] = conntrack.hash(source, target, ports[f]!, ipv6.nextHeaderOf(second[f]!));
      found = (found + 1) | 0;
    }
    conntrack.findAll(hashes, found, refs, states);
    const tcpDeadline = (now + establishedSec) | 0;
    const udpDeadline = (now + assuredSec) | 0;
    let decided = 0;
    for (let k = 0; k < found; k++) {
      const i = mine[k]!;
      const ref = refs[k]!;
      const f = at[i]! >> 2;
      const flowState = states[k]!;
      const w1 = second[f]!;
      const tcp = flowState === (TCP_ESTABLISHED | BOTH);
      if ((!tcp && flowState !== (UDP_ASSURED | BOTH)) || ipv6.nextHeaderOf(w1) !== (flowState & 0xff)) continue;
      const source = names[k << 1]!;
      const target = names[(k << 1) + 1]!;
      const one = ref << REPLY_SHIFT;
      if (rowSrc[one] !== source || rowDst[one] !== target || rowPorts[one] !== ports[f]) continue;
      const other = one ^ REPLY;
      const from = ingress[i]!;
      if ((rowWay[other]! & EGRESS_PORT) !== from) continue; // not from where the other direction goes
      const way = rowWay[one]!;
      const port = way & EGRESS_PORT;
      const portKind = kind[port]!;
      if (portKind === NONE || (way & EGRESS_SLOW) !== 0) continue;
      const hops = ((way >>> KEEP_TTL_BIT) & 1) ^ 1;

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
      second[f] = ipv6.secondWordAfter(w1, hops);
      if (rowDst[other] !== source) putAddress(rowDst[other]!, f + IP + ipv6.SRC_WORD);
      if (rowSrc[other] !== target) putAddress(rowSrc[other]!, f + IP + ipv6.DST_WORD);
      ports[f] = swapPorts(rowPorts[other]!);

      egress[i] = port;
      decided = (decided + 1) | 0;
      if (portKind === UPLINK) {
        if ((ref & 1) === 0 && from !== port && rowSrc[row] === address6[from]) {
          setInside(bytes, words, (f << 2) + vnet.HEADER_SIZE, from, rowPorts[row]!, networks.wayIn6[network[from]!]!);
          continue;
        }
        dstHi[f] = (dstHi[f]! & 0xffff) | (macHi[port]! << 16);
        dstLo[f] = macLo[port]!;
        srcFirst[f] = UPLINK_SOURCE_FIRST;
        lastWord[f] = UPLINK_SOURCE_LAST | (((way >>> RECORD_BIT) & FLAG_RECORD) << 8) | (eth.TYPE_IPV6 << 16);
      } else {
        const of = network[port]!;
        eth.setAddressesAligned(halves, words, (f << 2) + vnet.HEADER_SIZE, macHi[port]!, macLo[port]!, gatewayHi[of]!, gatewayLo[of]!);
      }
    }
    return left - decided;
  };
}
