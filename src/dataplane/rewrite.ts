/**
 * Gives each packet of a flow the addresses and ports of its translation, corrects the checksums by the flow's deltas (RFC 1624), and
 * picks the egress port. A partial checksum (NEEDS_CSUM) stays partial, a segmentation-offload frame stays whole.
 */
import { type Batch, NO_FLOW, ROUTE } from "../mem/batch.js";
import { EGRESS_KEEP_TTL, EGRESS_PORT } from "../table/conntrack.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as l4 from "../wire/l4.js";
import * as sctp from "../wire/sctp.js";
import * as vnet from "../wire/vnet.js";
import type { State } from "./state.js";

/** A frame of the host's own up to this long fits into one packet on any way out, in bytes. */
export const FITS = 1280;

export function rewrite(b: Batch, state: State): void {
  const { bytes, halves, words } = b.memory;
  const { conntrack } = state;
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || b.egress[i] !== ROUTE) continue;
    const id = ref >> 1;
    const dir = ref & 1;
    const at = b.at[i]!;
    const ip = at + vnet.HEADER_SIZE + ETHERNET;
    const off = b.l4[i]!;
    const addresses = conntrack.addressDelta(id, dir);
    const all = conntrack.allDelta(id, dir);
    const partial = vnet.isPartial(bytes, halves, at, off);
    ipv4.setAddresses(words, halves, ip, conntrack.newSrc(id, dir), conntrack.newDst(id, dir), addresses);
    const ports = conntrack.newPorts(id, dir);
    const proto = b.proto[i]!; // 0: a later fragment, which has an IP header alone
    if (proto === ipv4.PROTO_TCP) {
      l4.setPorts(words, off, ports);
      l4.updateTcpChecksum(halves, off, partial, addresses, all);
      if (vnet.isGso(bytes, at)) vnet.setHdrLen(halves, at, off + l4.tcpHeaderSize(bytes, off) - at - vnet.HEADER_SIZE);
    } else if (proto === ipv4.PROTO_UDP) {
      l4.setPorts(words, off, ports);
      l4.updateUdpChecksum(halves, off, partial, addresses, all);
    } else if (proto === ipv4.PROTO_SCTP) {
      sctp.setPorts(words, off, ports, ipv4.totalLength(bytes, ip) - (off - ip));
    } else if (proto === ipv4.PROTO_ICMP) {
      icmp.setIdentifier(halves, off, ports & 0xffff, all);
    }
    const egress = conntrack.egress(id, dir);
    // From a program on this host, by lo, whose packets are large: the way out is the first to need fragments, and the sender's kernel allows them.
    if ((egress & EGRESS_KEEP_TTL) !== 0 && proto === ipv4.PROTO_UDP && b.len[i]! > FITS) ipv4.allowFragments(halves, ip);
    b.egress[i] = egress & EGRESS_PORT;
    b.mark[i] = egress;
    b.routed[i] = 1;
  }
}
