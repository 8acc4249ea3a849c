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
  "not-ip", // came by the uplink, which carries IPv4 and IPv6 only
  "ip-header", // version, IHL or total length wrong (RFC 791 §3.1)
  "ip-fragment", // a later fragment whose first one was refused, or a fragment that contradicts itself
  "l4-header", // TCP data offset or UDP length wrong (RFC 9293 §3.1, RFC 768)
  "protocol", // neither TCP, UDP, SCTP nor ICMP
  "source-spoofed", // source address that who sends by this port does not have
  "source-refused", // client not in --allow-from
  "no-flow", // belongs to no flow and may not open one
  "not-syn", // TCP segment or SCTP packet in the middle of a connection that is not known
  "icmp-type", // ICMP message that is neither a query nor an error about a query, TCP or UDP
  "ttl-exceeded", // answered with ICMP time exceeded where allowed (RFC 1812 §5.3.1)
  "no-route", // the host has no route to the destination
  "table-full", // conntrack is at its capacity
  "no-port", // every source port to this target is taken
  "port-gone", // the egress port was removed
  "tx-full", // the device took no more (EAGAIN, ENOBUFS)
  "tx-error", // the device refused the frame (EINVAL, EIO)
  "isolated", // from one network, or endpoint of a network without icc, to another
  "rx-error", // the kernel had a frame that it could not describe (EINVAL on read)
  "bad-checksum", // TCP or SCTP checksum of what came by the host's stack is wrong (RFC 9293 §3.1, RFC 9260 §6.8)
  "source-mac-spoofed", // Ethernet source is not the endpoint's MAC
  "arp-spoofed", // ARP (RFC 826) or neighbor discovery (RFC 4861) about an address that is not the endpoint's
  "rogue-router", // router advertisement or redirect of an endpoint, ICMP or ICMPv6 (RFC 6105)
  "quote-spoofed", // ICMP error of an endpoint about a datagram that was not for it
  "wrong-port", // of a flow whose packets come by another port
  "reserved-group", // to 01-80-C2-00-00-00 to -0F, which a bridge does not forward (IEEE 802.1D-2004 §7.12.6)
  "not-for-host", // to the gateway, but neither IPv4 nor ARP, or not for an address of the host that the endpoint may reach
  "ip-checksum", // IPv4 header checksum wrong (RFC 1812 §5.2.2)
  "csum-place", // a partial checksum that is to be put where no checksum is
  "vlan-depth", // more VLAN tags than two
  "limit-client", // the client has as many flows, or opens as many a second, as one address may
  "limit-endpoint", // the endpoint has, or opens, as many as one may
  "limit-port", // the published port has, or is asked for, as many as one may
  "limit-target-ports", // the address uses as many source ports to this target as one may
  "unreachable", // the host's routes say "unreachable" for the destination
  "prohibited", // they say "prohibit"
  "blackhole", // they say "blackhole": nobody is told
  "ipv6-chain", // IPv6 extension headers: more than 8, cut off, or hop-by-hop options that are not the first (RFC 8200 §4.1, RFC 7112 §5)
  "ipv6-routing", // IPv6 routing header of type 0 (RFC 5095)
  "untranslatable", // IPv6 to IPv4 or the other way round, and RFC 7915 knows no translation
  "fragment-alone", // a later fragment whose first one has not come in time, or to another worker, or to the host
  "fragment-overlap", // a fragment of a datagram of which two cover the same bytes (RFC 5722)
  "fragment-repeated", // a fragment that says again what others have said
  "sctp-fragment", // first fragment of an SCTP packet that needs another port: its checksum depends on the length of all
  "too-long", // does not fit into the way out, and may not be fragmented
  "over-rate", // more than the endpoint's bandwidth, and as much waits as may
  "vxlan-outer", // came by the tunnels' device, but is no VXLAN datagram for this node
  "vxlan-flags", // VXLAN header without the I flag (RFC 7348 §5)
  "vxlan-vni", // VXLAN network identifier of no network here
  "vxlan-node", // VXLAN datagram of who is no node that has endpoints here
  "vxlan-runt", // frame in a VXLAN datagram that is shorter than an Ethernet header
  "vxlan-source", // frame of a node from a station that is not known to be behind it
  "vxlan-congested", // met congestion on its way through the underlay, and its sender does not know of ECN (RFC 6040 §4.2)
  "split-horizon", // came from a node, and is for another one
  "unknown-station", // to a station of an overlay network or of a LAN that nobody knows, or that its VLAN tag puts on another LAN
  "no-target", // none of the published port's targets takes new flows
  "unsealed", // of a node for an encrypted network, but not sealed
  "sealed-key", // sealed under keys that are not known here, or in a form that is not
  "sealed-forged", // sealed, but not as the node that has the keys would have
  "sealed-replayed", // a sealed datagram that has come before, or is older than what is remembered
  "no-key", // for an encrypted network, to a node whose key is not known, or used up
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
export const DROP_NOT_IP = reason("not-ip");
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
export const DROP_SOURCE_MAC_SPOOFED = reason("source-mac-spoofed");
export const DROP_ARP_SPOOFED = reason("arp-spoofed");
export const DROP_ROGUE_ROUTER = reason("rogue-router");
export const DROP_QUOTE_SPOOFED = reason("quote-spoofed");
export const DROP_WRONG_PORT = reason("wrong-port");
export const DROP_RESERVED_GROUP = reason("reserved-group");
export const DROP_NOT_FOR_HOST = reason("not-for-host");
export const DROP_IP_CHECKSUM = reason("ip-checksum");
export const DROP_CSUM_PLACE = reason("csum-place");
export const DROP_VLAN_DEPTH = reason("vlan-depth");
export const DROP_LIMIT_CLIENT = reason("limit-client");
export const DROP_LIMIT_ENDPOINT = reason("limit-endpoint");
export const DROP_LIMIT_PORT = reason("limit-port");
export const DROP_LIMIT_TARGET_PORTS = reason("limit-target-ports");
export const DROP_UNREACHABLE = reason("unreachable");
export const DROP_PROHIBITED = reason("prohibited");
export const DROP_BLACKHOLE = reason("blackhole");
export const DROP_IPV6_CHAIN = reason("ipv6-chain");
export const DROP_IPV6_ROUTING = reason("ipv6-routing");
export const DROP_UNTRANSLATABLE = reason("untranslatable");
export const DROP_FRAGMENT_ALONE = reason("fragment-alone");
export const DROP_FRAGMENT_OVERLAP = reason("fragment-overlap");
export const DROP_FRAGMENT_REPEATED = reason("fragment-repeated");
export const DROP_SCTP_FRAGMENT = reason("sctp-fragment");
export const DROP_TOO_LONG = reason("too-long");
export const DROP_OVER_RATE = reason("over-rate");
export const DROP_VXLAN_OUTER = reason("vxlan-outer");
export const DROP_VXLAN_FLAGS = reason("vxlan-flags");
export const DROP_VXLAN_VNI = reason("vxlan-vni");
export const DROP_VXLAN_NODE = reason("vxlan-node");
export const DROP_VXLAN_RUNT = reason("vxlan-runt");
export const DROP_VXLAN_SOURCE = reason("vxlan-source");
export const DROP_VXLAN_CONGESTED = reason("vxlan-congested");
export const DROP_SPLIT_HORIZON = reason("split-horizon");
export const DROP_UNKNOWN_STATION = reason("unknown-station");
export const DROP_NO_TARGET = reason("no-target");
export const DROP_UNSEALED = reason("unsealed");
export const DROP_SEALED_KEY = reason("sealed-key");
export const DROP_SEALED_FORGED = reason("sealed-forged");
export const DROP_SEALED_REPLAYED = reason("sealed-replayed");
export const DROP_NO_KEY = reason("no-key");

export const DROP_REASONS = NAMES.length;

/** Name of a reason, for counters and traces. */
export function dropName(code: number): DropReason {
  return NAMES[code] ?? "none";
}
