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
  EGRESS_KEEP_TTL,
  EGRESS_OFFLOAD,
  EGRESS_PORT,
  EGRESS_RECORD,
  ESTABLISHED,
  PACKETS,
  REPLY,
  REPLY_SHIFT,
  ROW_SHIFT,
  V6_ORIGINAL,
  V6_REPLY,
  WAY,
} from "../table/conntrack.js";
import { NONE, UPLINK } from "../table/ports.js";
import { NO_ADDRESS, rowOf } from "../wire/address-word.js";
import { DROP_NONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { isToGateway, TCP_ESTABLISHED, TURNING, UDP_ASSURED } from "./established-steps.js";
import { setInside, UPLINK_SOURCE_HI, uplinkSourceLo } from "./l2-out.js";
import type { State } from "./state.js";

const BOTH = V6_ORIGINAL | V6_REPLY;

/** Word of the ports, counted from the IPv6 header. */
const PORTS_WORD = ipv6.HEADER_SIZE / 4;
const MIN_LENGTH = eth.HEADER_SIZE + ipv6.HEADER_SIZE + l4.UDP_HEADER_SIZE;

/** The stage for one batch; it answers how many of `left` frames it has left. */
export function establishedFlows6(b: Batch, state: State): (left: number) => number {
  const { at, len, ingress, egress } = b;
  const { bytes, halves, words } = b.memory;
  const { addresses, conntrack, networks } = state;
  const { rows } = conntrack;
  const { words: table } = addresses;
  const establishedSec = conntrack.timeouts[ESTABLISHED]!;
  const assuredSec = conntrack.timeouts[ASSURED]!;
  const { address6, kind, macHi, macLo, network } = state.ports;
  const { macHi: gatewayHi, macLo: gatewayLo } = networks;
  const { slots } = b.memory;
  const mine = new Int32Array(slots);
  const wheres = new Int32Array(slots * 2); // word index of source and destination of each candidate
  const names = new Int32Array(slots * 2); // their hashes, then their handles
  const hashes = new Int32Array(slots);
  const refs = new Int32Array(slots);
  const states = new Int32Array(slots);

  function putAddress(handle: number, word: number): void {
    const w = rowOf(handle) << 2;
    words[word] = table[w]!;
    words[word + 1] = table[w + 1]!;
    words[word + 2] = table[w + 2]!;
    words[word + 3] = table[w + 3]!;
  }

  return (left) => {
    if (left === 0 || addresses.used <= 1) return left; // no IPv6 here: :: is always known
    const { count } = b;
    const { now } = state;
    let candidates = 0;
    for (let i = 0; i < count; i++) {
      const frame = at[i]! + vnet.HEADER_SIZE;
      const ip = (frame + eth.HEADER_SIZE) >> 2;
      if (egress[i] !== UNDECIDED || len[i]! < MIN_LENGTH || eth.typeOf(words[ip - 1]!) !== eth.TYPE_IPV6) continue;
      const next = ipv6.nextHeaderOf(words[ip + ipv6.SECOND_WORD]!);
      if ((next !== PROTO_TCP && next !== PROTO_UDP) || !ipv6.isVersion6(words[ip]!)) continue;
      const port = ingress[i]!;
      if (kind[port] !== UPLINK && !isToGateway(state, halves, port, frame)) continue;
      mine[candidates] = i;
      wheres[candidates << 1] = ip + ipv6.SRC_WORD;
      wheres[(candidates << 1) + 1] = ip + ipv6.DST_WORD;
      candidates++;
    }
    if (candidates === 0) return left;
    addresses.findAll(words, wheres, candidates << 1, names);
    let found = 0;
    for (let k = 0; k < candidates; k++) {
      const src = names[k << 1]!;
      const dst = names[(k << 1) + 1]!;
      if (src === NO_ADDRESS || dst === NO_ADDRESS) continue; // of no flow
      const ip = wheres[k << 1]! - ipv6.SRC_WORD;
      mine[found] = mine[k]!;
      names[found << 1] = src;
      names[(found << 1) + 1] = dst;
      hashes[found] = conntrack.hash(src, dst, words[ip + PORTS_WORD]!, ipv6.nextHeaderOf(words[ip + ipv6.SECOND_WORD]!));
      found++;
    }
    conntrack.findAll(hashes, found, refs, states);
    let decided = 0;
    for (let k = 0; k < found; k++) {
      const i = mine[k]!;
      const ref = refs[k]!;
      const header = at[i]!;
      const frame = header + vnet.HEADER_SIZE;
      const off = frame + eth.HEADER_SIZE + ipv6.HEADER_SIZE;
      const ip = (frame + eth.HEADER_SIZE) >> 2;
      const second = words[ip + ipv6.SECOND_WORD]!;
      const tcp = ipv6.nextHeaderOf(second) === PROTO_TCP;
      if (states[k] !== ((tcp ? TCP_ESTABLISHED : UDP_ASSURED) | BOTH)) continue;
      if (!conntrack.isTuple(ref, names[k << 1]!, names[(k << 1) + 1]!, words[ip + PORTS_WORD]!)) continue;
      const dir = ref & 1;
      const row = (ref >> 1) << ROW_SHIFT;
      const own = ref << REPLY_SHIFT;
      const other = own ^ REPLY;
      if ((rows[other + WAY]! & EGRESS_PORT) !== ingress[i]) continue; // not from where the other direction goes

      // What `parse` would drop goes there, and what changes the flow's state.
      const space = len[i]! - eth.HEADER_SIZE - ipv6.HEADER_SIZE;
      const rest = ipv6.payloadLengthOf(second);
      if (rest > space) continue;
      if (tcp) {
        const word = words[ip + PORTS_WORD + l4.TCP_FLAGS_WORD]!;
        const size = l4.tcpHeaderSizeOf(word);
        if ((l4.tcpFlagsOf(word) & TURNING) !== 0 || size < l4.TCP_MIN_HEADER_SIZE || size > rest) continue;
      } else if (l4.checkUdp(bytes, off, rest) !== DROP_NONE) continue;
      let partial = false;
      let gso = false;
      if (!vnet.isBare(halves, header)) {
        gso = vnet.isGso(bytes, header);
        if ((gso && rest !== space) || vnet.check(bytes, halves, header, len[i]!) !== DROP_NONE) continue;
        if (vnet.checkLayer4(bytes, halves, header, off, tcp ? PROTO_TCP : PROTO_UDP, vnet.GSO_TCPV6) !== DROP_NONE) continue;
        partial = vnet.isPartial(bytes, halves, header, off);
      }

      const way = rows[own + WAY]!;
      const port = way & EGRESS_PORT;
      const portKind = kind[port]!;
      if (portKind === NONE || (way & EGRESS_OFFLOAD) !== 0) continue;
      const hops = (way & EGRESS_KEEP_TTL) === 0 ? 1 : 0;
      if (hops === 1 && ipv6.hopLimitOf(second) <= 1) continue;
      decided++;

      rows[own + PACKETS] = (rows[own + PACKETS]! + 1) | 0;
      rows[row + DEADLINE] = now + (tcp ? establishedSec : assuredSec);
      if (tcp) rows[own + WAY] = (way & 0xffff) | (halves[(off + l4.TCP_ACKNOWLEDGMENT) >> 1]! << 16);

      const deltas = rows[row + DELTA]! ^ -dir;
      const addressDelta = deltas & 0xffff;
      words[ip + ipv6.SECOND_WORD] = ipv6.secondWordAfter(second, hops);
      if (rows[other + 1] !== names[k << 1]) putAddress(rows[other + 1]!, ip + ipv6.SRC_WORD);
      if (rows[other] !== names[(k << 1) + 1]) putAddress(rows[other]!, ip + ipv6.DST_WORD);
      words[ip + PORTS_WORD] = swapPorts(rows[other + 2]!);
      if (gso && tcp) vnet.setHdrLen(halves, header, off + l4.tcpHeaderSize(bytes, off) - frame);
      if (tcp) l4.updateTcpChecksum(halves, off, partial, addressDelta, deltas >>> 16);
      else l4.updateUdpChecksum(halves, off, partial, addressDelta, deltas >>> 16);

      egress[i] = port;
      if (portKind === UPLINK) {
        const from = ingress[i]!;
        if (dir === 0 && from !== port && rows[row] === address6[from]) {
          setInside(bytes, words, frame, from, rows[row + 2]!, networks.wayIn6[network[from]!]!);
          continue;
        }
        const source = uplinkSourceLo((way & EGRESS_RECORD) !== 0);
        eth.setAddressesAligned(halves, words, frame, macHi[port]!, macLo[port]!, UPLINK_SOURCE_HI, source);
      } else {
        const own = network[port]!;
        eth.setAddressesAligned(halves, words, frame, macHi[port]!, macLo[port]!, gatewayHi[own]!, gatewayLo[own]!);
      }
    }
    return left - decided;
  };
}
