/**
 * Why a frame goes no further: one small integer a reason, with a name for people and a counter a port (`engine/counters.ts`).
 * DROP_NONE is no reason. Append only: the numbers index counters.
 */
const NAMES = [
  "none",
  "truncated", // shorter than its own headers say, or than any frame can be
  "oversize", // longer than its IP total length allows with offload, or than a slot
  "vnet-header", // virtio-net header that lies: csum_start, gso_size or hdr_len outside of the frame
  "source-group", // Ethernet source is a group address (IEEE 802.3 §3.2.3)
  "same-port", // destination is behind the port that the frame came from
  "flood-alone", // to be flooded, but there is no other port
  "not-ipv4", // came by the uplink, which carries IPv4 only
  "ip-header", // version, IHL or total length wrong (RFC 791 §3.1)
  "ip-fragment", // a later fragment, and the first one is not known (or came after it)
  "l4-header", // TCP data offset or UDP length wrong (RFC 9293 §3.1, RFC 768)
  "protocol", // neither TCP, UDP nor ICMP
  "source-spoofed", // source address is not of the network that the port belongs to
  "source-refused", // client not in --allow-from
  "no-flow", // belongs to no flow and may not open one
  "not-syn", // TCP segment in the middle of a connection that is not known
  "icmp-type", // ICMP message that is neither a query nor an error about a query, TCP or UDP
  "ttl-exceeded", // answered with ICMP time exceeded where allowed (RFC 1812 §5.3.1)
  "no-route", // the host has no route to the destination
  "table-full", // conntrack is at its capacity
  "no-port", // every port of the masquerade range is taken
  "port-gone", // the egress port was removed
  "tx-full", // the device took no more (EAGAIN, ENOBUFS)
  "tx-error", // the device refused the frame (EINVAL, EIO)
  "isolated", // from one network, or endpoint of a network without icc, to another
  "rx-error", // the kernel had a frame that it could not describe (EINVAL on read)
  "bad-checksum", // TCP checksum of what came by the host's stack is wrong (RFC 9293 §3.1)
] as const;

export type DropReason = (typeof NAMES)[number];

function reason(name: DropReason): number {
  return NAMES.indexOf(name);
}

export const DROP_NONE = reason("none");
export const DROP_TRUNCATED = reason("truncated");
export const DROP_OVERSIZE = reason("oversize");
export const DROP_VNET_HEADER = reason("vnet-header");
export const DROP_SOURCE_GROUP = reason("source-group");
export const DROP_SAME_PORT = reason("same-port");
export const DROP_FLOOD_ALONE = reason("flood-alone");
export const DROP_NOT_IPV4 = reason("not-ipv4");
export const DROP_IP_HEADER = reason("ip-header");
export const DROP_IP_FRAGMENT = reason("ip-fragment");
export const DROP_L4_HEADER = reason("l4-header");
export const DROP_PROTOCOL = reason("protocol");
export const DROP_SOURCE_SPOOFED = reason("source-spoofed");
export const DROP_SOURCE_REFUSED = reason("source-refused");
export const DROP_NO_FLOW = reason("no-flow");
export const DROP_NOT_SYN = reason("not-syn");
export const DROP_ICMP_TYPE = reason("icmp-type");
export const DROP_TTL_EXCEEDED = reason("ttl-exceeded");
export const DROP_NO_ROUTE = reason("no-route");
export const DROP_TABLE_FULL = reason("table-full");
export const DROP_NO_PORT = reason("no-port");
export const DROP_PORT_GONE = reason("port-gone");
export const DROP_TX_FULL = reason("tx-full");
export const DROP_TX_ERROR = reason("tx-error");
export const DROP_ISOLATED = reason("isolated");
export const DROP_RX_ERROR = reason("rx-error");
export const DROP_BAD_CHECKSUM = reason("bad-checksum");

export const DROP_REASONS = NAMES.length;

/** Name of a reason, for counters and traces. */
export function dropName(code: number): DropReason {
  return NAMES[code] ?? "none";
}
