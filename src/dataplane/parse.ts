/**
 * First stage: says what each frame is and drops what lies about itself, so that later stages need no bounds checks.
 * Writes `kind`, `l4`, `proto`, `ports`; resets `flow`, `mark` and `routed`. A frame from the uplink must be IPv4 and is always to be routed.
 */
import { type Batch, KIND_ARP, KIND_IPV4, KIND_OTHER, NO_FLOW, ROUTE, UNDECIDED } from "../mem/batch.js";
import { UPLINK } from "../table/ports.js";
import * as arp from "../wire/arp.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as l4 from "../wire/l4.js";
import * as vnet from "../wire/vnet.js";

/** Ethernet and VLAN header, and the longest IP datagram. */
const MAX_FRAME = eth.HEADER_SIZE + 4 + 65535;

export function parse(b: Batch, portKind: Uint8Array): void {
  const { bytes, halves } = b.memory;
  for (let i = 0; i < b.count; i++) {
    const at = b.at[i]!;
    const frame = at + vnet.HEADER_SIZE;
    const len = b.len[i]!;
    b.egress[i] = UNDECIDED;
    b.flow[i] = NO_FLOW;
    b.mark[i] = 0;
    b.routed[i] = 0;
    b.proto[i] = 0;
    if (len < eth.HEADER_SIZE) {
      b.drop(i, len < 0 ? drop.DROP_RX_ERROR : drop.DROP_TRUNCATED);
      continue;
    }
    if (len > MAX_FRAME) {
      b.drop(i, drop.DROP_OVERSIZE);
      continue;
    }
    const lie = vnet.check(bytes, halves, at, len);
    if (lie !== drop.DROP_NONE) {
      b.drop(i, lie);
      continue;
    }
    const uplink = portKind[b.port[i]!] === UPLINK;
    const type = eth.type(halves, frame);
    if (type === eth.TYPE_IPV4) {
      b.kind[i] = KIND_IPV4;
      if (uplink) b.egress[i] = ROUTE;
      const reason = parseIpv4(b, i, frame + eth.HEADER_SIZE, len - eth.HEADER_SIZE);
      if (reason !== drop.DROP_NONE) b.drop(i, reason);
    } else if (uplink) {
      b.drop(i, drop.DROP_NOT_IPV4);
    } else if (type === eth.TYPE_ARP) {
      b.kind[i] = KIND_ARP;
      const reason = arp.check(len - eth.HEADER_SIZE);
      if (reason !== drop.DROP_NONE) b.drop(i, reason);
    } else {
      b.kind[i] = KIND_OTHER;
    }
  }
}

/** The IPv4 part: `len` bytes at `ip`. DROP_NONE or the reason. */
function parseIpv4(b: Batch, i: number, ip: number, len: number): number {
  const { bytes, halves, words } = b.memory;
  const reason = ipv4.check(bytes, ip, len);
  if (reason !== drop.DROP_NONE) return reason;
  const size = ipv4.headerSize(bytes, ip);
  const at = ip + size;
  const total = ipv4.totalLength(bytes, ip);
  const rest = total - size;
  // Padding behind a short datagram is usual; behind a segmented one the kernel would send it as data.
  if (total !== len && vnet.isGso(bytes, b.at[i]!)) return drop.DROP_OVERSIZE;
  b.l4[i] = at;
  if (ipv4.isFragment(halves, ip)) return drop.DROP_NONE; // protocol stays 0: it may be bridged, but not translated
  const proto = ipv4.protocol(bytes, ip);
  if (proto === ipv4.PROTO_TCP) {
    const bad = l4.checkTcp(bytes, at, rest);
    if (bad !== drop.DROP_NONE) return bad;
    b.ports[i] = l4.ports(words, at);
  } else if (proto === ipv4.PROTO_UDP) {
    const bad = l4.checkUdp(bytes, at, rest);
    if (bad !== drop.DROP_NONE) return bad;
    b.ports[i] = l4.ports(words, at);
  } else if (proto === ipv4.PROTO_ICMP) {
    if (rest < icmp.HEADER_SIZE) return drop.DROP_TRUNCATED;
    const id = icmp.identifier(halves, at);
    b.ports[i] = id | (id << 16);
  }
  b.proto[i] = proto;
  return drop.DROP_NONE;
}
