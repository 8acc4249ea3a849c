/**
 * Holds each endpoint to its own addresses: a frame of its port has the MAC and the addresses that the configuration gave it, in the headers,
 * in ARP, in neighbor discovery and in what an ICMP error quotes; and nobody but us speaks as the gateway or as a router. What other devices call
 * port security, IP source guard, dynamic ARP inspection and RA guard (RFC 6105).
 *
 * VLAN tags are looked behind, up to two, since a host takes a frame of VLAN 0 for an untagged one. Of IPv6 an endpoint has the link-local address
 * that comes of its MAC and the one that it was given; who has none yet sends from ::, but nothing except discovery and what a multicast listener
 * says. In a network without a subnet of IPv6 nothing is known of other addresses than link-local ones and the host's, so there these are anybody's.
 *
 * In a network that is PROMISCUOUS endpoints may have other addresses too, but still not the gateway's nor the host's. What comes by the
 * host's port was sent by the host, from an address of its own.
 *
 * Other nodes of an overlay network are held to what the store says in the same way. On a LAN there is no such store: its stations may have any address, but
 * for the MAC of an endpoint.
 *
 * An endpoint on a LAN may ask a DHCP server there for its address, as itself.
 *
 * Runs before anything is learned or answered. `established` asks for the MAC by itself; a flow's packets come by the flow's port.
 */
import { type Batch, KIND_ARP, KIND_IPV4, KIND_IPV6, UNDECIDED } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { PASSTHRU, PROMISCUOUS, VEPA } from "../table/networks.js";
import { ENDPOINT, LAN, REMOTE } from "../table/ports.js";
import { NOBODY, NODE_REFUSED } from "../table/remotes.js";
import { isUnspecified, LINK_LOCAL, NO_ADDRESS, sortOf } from "../wire/address-word.js";
import * as arp from "../wire/arp.js";
import * as dhcp from "../wire/dhcp.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as ndp from "../wire/ndp.js";
import * as vnet from "../wire/vnet.js";
import type { State } from "./state.js";

const MAX_TAGS = 2;

export function sourceGuard(b: Batch, state: State): void {
  const { bytes, halves } = b.memory;
  const { ports } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== UNDECIDED) continue; // dropped, or from the uplink, which is no bridge port
    const frame = b.at[i]! + vnet.HEADER_SIZE;
    const reason = eth.isSourceGroup(bytes, frame)
      ? drop.DROP_SOURCE_GROUP
      : ports.kind[b.ingress[i]!] === ENDPOINT
        ? endpoint(b, i, state, halves, frame)
        : ports.kind[b.ingress[i]!] === REMOTE
          ? remote(b, i, state, halves, frame)
          : ports.kind[b.ingress[i]!] === LAN
            ? lan(b, i, state, halves, frame)
            : host(b, i, state);
    if (reason !== drop.DROP_NONE) b.drop(i, reason);
  }
}

function host(b: Batch, i: number, state: State): number {
  if (b.kind[i] !== KIND_IPV4 && b.kind[i] !== KIND_IPV6) return drop.DROP_NONE;
  const src = b.src[i]!;
  if (b.kind[i] === KIND_IPV6 && (isUnspecified(src) || sortOf(src) === LINK_LOCAL)) return drop.DROP_NONE; // its kernel's own discovery
  return state.locals.get(src, 0) === -1 ? drop.DROP_SOURCE_SPOOFED : drop.DROP_NONE;
}

/** From where the switch sends back, or the host has the endpoint's MAC, that may well come. */
function lan(b: Batch, i: number, { fdb, networks, ports }: State, halves: Uint16Array, frame: number): number {
  if ((networks.flags[ports.network[b.ingress[i]!]!]! & (VEPA | PASSTHRU)) !== 0) return drop.DROP_NONE;
  const isOurs = fdb.lookup(fdbKey(eth.srcHi(halves, frame), ports.network[b.ingress[i]!]!), eth.srcLo(halves, frame)) !== -1;
  return isOurs ? drop.DROP_SOURCE_MAC_SPOOFED : drop.DROP_NONE;
}

/**
 * A node is held to the stations that the store has behind it, and each of these to its own addresses, as an endpoint of this node is: the port, behind
 * which there are many, is that of the one whom the frame says it is from.
 */
function remote(b: Batch, i: number, state: State, halves: Uint16Array, frame: number): number {
  const { ports, remotes } = state;
  const port = b.ingress[i]!;
  const hi = eth.srcHi(halves, frame);
  const lo = eth.srcLo(halves, frame);
  const station = remotes.ofMac(hi, lo, ports.network[port]!);
  let reason = drop.DROP_VXLAN_SOURCE;
  if (station !== NOBODY && remotes.node[station] === b.node[i]) {
    ports.macHi[port] = hi;
    ports.macLo[port] = lo;
    ports.address[port] = remotes.address[station]!;
    ports.address6[port] = remotes.address6[station]!;
    reason = endpoint(b, i, state, halves, frame);
  }
  if (reason !== drop.DROP_NONE) remotes.count(b.node[i]!, NODE_REFUSED, 1);
  return reason;
}

function endpoint(b: Batch, i: number, state: State, halves: Uint16Array, frame: number): number {
  const { networks, ports } = state;
  const port = b.ingress[i]!;
  const network = ports.network[port]!;
  const hi = eth.srcHi(halves, frame);
  const lo = eth.srcLo(halves, frame);
  if (lo !== ports.macLo[port] || hi !== ports.macHi[port]) {
    if ((networks.flags[network]! & PROMISCUOUS) === 0) return drop.DROP_SOURCE_MAC_SPOOFED;
    if (lo === networks.macLo[network] && hi === networks.macHi[network]) return drop.DROP_SOURCE_MAC_SPOOFED;
  }
  const packet = frame + eth.HEADER_SIZE;
  if (b.kind[i] === KIND_IPV4) return ipv4Packet(b, state, port, packet, b.l4[i]!, b.proto[i]!);
  if (b.kind[i] === KIND_ARP) return arpMessage(b, state, port, packet);
  if (b.kind[i] === KIND_IPV6) return ipv6Packet(b, i, state, port, packet, b.len[i]! - eth.HEADER_SIZE);
  return other(b, i, state, port, frame);
}

/** What is neither IP nor ARP, or so behind VLAN tags. */
function other(b: Batch, i: number, state: State, port: number, frame: number): number {
  const { bytes, halves } = b.memory;
  const end = frame + b.len[i]!;
  let packet = frame + eth.HEADER_SIZE;
  let type = eth.type(halves, frame);
  for (let tags = 0; eth.isTag(type); tags++) {
    if (tags === MAX_TAGS) return isPromiscuous(state, port) ? drop.DROP_NONE : drop.DROP_VLAN_DEPTH;
    packet += eth.TAG_SIZE;
    if (packet > end) return drop.DROP_TRUNCATED;
    type = halves[(packet - 2) >> 1]!;
  }
  const len = end - packet;
  switch (type) {
    case eth.TYPE_IPV4: {
      const reason = ipv4.check(bytes, packet, len);
      if (reason !== drop.DROP_NONE) return reason;
      const l4 = packet + ipv4.headerSize(bytes, packet);
      const later = ipv4.isLaterFragment(halves, packet);
      const proto = ipv4.protocol(bytes, packet);
      if (proto === ipv4.PROTO_ICMP && !later && l4 + icmp.HEADER_SIZE > end) return drop.DROP_TRUNCATED;
      const place = vnet.checkLayer4(bytes, halves, b.at[i]!, l4, ipv4.isFragment(halves, packet) ? vnet.FRAGMENT : proto, vnet.GSO_TCPV4);
      return place !== drop.DROP_NONE ? place : ipv4Packet(b, state, port, packet, l4, later ? 0 : proto);
    }
    case eth.TYPE_ARP:
    case eth.TYPE_RARP:
      return len < arp.SIZE ? drop.DROP_TRUNCATED : arpMessage(b, state, port, packet);
    case eth.TYPE_IPV6:
      return ipv6Packet(b, i, state, port, packet, len);
    default:
      return drop.DROP_NONE;
  }
}

function isPromiscuous({ networks, ports }: State, port: number): boolean {
  return (networks.flags[ports.network[port]!]! & PROMISCUOUS) !== 0;
}

/** On a LAN, whose DHCP server may have the address that an endpoint was given for it: the endpoint asks as itself alone. */
function asksForLease(b: Batch, state: State, port: number, ip: number, l4: number): boolean {
  const { bytes, halves, words } = b.memory;
  const { networks, ports } = state;
  if (networks.lanPort[ports.network[port]!] === -1 || ipv4.dst(words, ip) !== ipv4.BROADCAST || ipv4.isFragment(halves, ip)) return false;
  return dhcp.isOfClient(bytes, halves, words, l4, ip + ipv4.totalLength(bytes, ip) - l4, ports.macHi[port]!, ports.macLo[port]!);
}

/** `proto`: 0 of a later fragment. */
function ipv4Packet(b: Batch, state: State, port: number, ip: number, l4: number, proto: number): number {
  const { bytes, words } = b.memory;
  const src = ipv4.src(words, ip);
  if (src !== state.ports.address[port]) {
    if (src === 0 && proto === ipv4.PROTO_UDP && asksForLease(b, state, port, ip, l4)) return drop.DROP_NONE;
    if (!isPromiscuous(state, port) || state.isLocal(src)) return drop.DROP_SOURCE_SPOOFED;
  }
  if (proto !== ipv4.PROTO_ICMP) return drop.DROP_NONE;
  if (icmp.isOfRouter(bytes, l4)) return drop.DROP_ROGUE_ROUTER;
  if (!icmp.isError(bytes, l4) || isPromiscuous(state, port)) return drop.DROP_NONE;
  // An error says what became of a datagram: of one that was sent to it, since it is no router.
  const quoted = l4 + icmp.HEADER_SIZE;
  if (quoted + ipv4.MIN_HEADER_SIZE > ip + ipv4.totalLength(bytes, ip)) return drop.DROP_TRUNCATED;
  return ipv4.dst(words, quoted) === state.ports.address[port] ? drop.DROP_NONE : drop.DROP_QUOTE_SPOOFED;
}

/** ARP, and RARP (RFC 903), which looks the same. */
function arpMessage(b: Batch, state: State, port: number, message: number): number {
  const { halves } = b.memory;
  const { networks, ports } = state;
  const promiscuous = isPromiscuous(state, port);
  // Hosts take other kinds of hardware for Ethernet as well (Linux IEEE 802), so what cannot be read does not pass.
  if (!arp.isEthernetIpv4(halves, message)) return promiscuous ? drop.DROP_NONE : drop.DROP_ARP_SPOOFED;
  const address = arp.senderIp(halves, message);
  if (address !== NO_ADDRESS && address === networks.gateway[ports.network[port]!]) return drop.DROP_ARP_SPOOFED;
  if (promiscuous) return drop.DROP_NONE;
  const own = arp.senderLo(halves, message) === ports.macLo[port] && arp.senderHi(halves, message) === ports.macHi[port];
  // Who has no address yet probes from 0.0.0.0 (RFC 5227 §2.1); nobody answers from there.
  const probe = address === 0 && arp.operation(halves, message) !== arp.REPLY;
  return own && (address === ports.address[port] || probe) ? drop.DROP_NONE : drop.DROP_ARP_SPOOFED;
}

function ipv6Packet(b: Batch, i: number, state: State, port: number, ip: number, len: number): number {
  const { bytes, halves, words } = b.memory;
  const reason = ipv6.check(bytes, halves, ip, len);
  if (reason !== drop.DROP_NONE) return reason;
  const src = ipv6.srcAt(ip);
  const promiscuous = isPromiscuous(state, port);
  const nameless = ipv6.isUnspecified(words, src);
  if (promiscuous ? isHosts(b, state, src) : ipv6.isMulticast(bytes, src) || !(nameless || isOwn(b, state, port, src)))
    return drop.DROP_SOURCE_SPOOFED;
  const inHead = Math.min(ipv6.HEADER_SIZE + ipv6.payloadLength(halves, ip), b.memory.headEnd(i) - ip);
  const layer4 = ipv6.layer4(bytes, halves, ip, inHead);
  if (layer4 === ipv6.NO_END) return drop.DROP_IPV6_CHAIN;
  if (layer4 === ipv6.ROUTING_0) return drop.DROP_IPV6_ROUTING;
  if (layer4 === ipv6.LATER_FRAGMENT) return vnet.checkLayer4(bytes, halves, b.at[i]!, ip, vnet.FRAGMENT, vnet.GSO_TCPV6);
  const l4 = ip + ipv6.layer4Offset(layer4);
  const fragment = ipv6.isFirstFragment(layer4);
  const proto = ipv6.layer4Proto(layer4);
  // The checksum of discovery is never left to a device, and nothing behind it may be written.
  const place = fragment || proto === icmpv6.PROTO_ICMPV6 ? vnet.FRAGMENT : proto;
  const wrong = vnet.checkLayer4(bytes, halves, b.at[i]!, l4, place, vnet.GSO_TCPV6);
  if (wrong !== drop.DROP_NONE) return wrong;
  if (proto !== icmpv6.PROTO_ICMPV6) return nameless && isKnown(state, port) ? drop.DROP_SOURCE_SPOOFED : drop.DROP_NONE;
  if (l4 >= ip + inHead) return drop.DROP_TRUNCATED;
  if (!ndp.isDiscovery(bytes[l4]!)) return icmpv6Message(b, state, port, ip, inHead, l4, nameless);
  return discovery(b, state, port, l4, ip + inHead - l4, nameless, fragment);
}

/** A message of ICMPv6 at `at` that is none of discovery, of the packet at `ip` whose first `inHead` bytes can be looked at. */
function icmpv6Message(b: Batch, state: State, port: number, ip: number, inHead: number, at: number, nameless: boolean): number {
  const { bytes } = b.memory;
  if (nameless && isKnown(state, port) && !icmpv6.isMulticastListener(bytes, at)) return drop.DROP_SOURCE_SPOOFED;
  if (!icmpv6.isError(bytes, at) || isPromiscuous(state, port) || !isKnown(state, port)) return drop.DROP_NONE;
  // An error says what became of a packet: of one that was sent to it, since it is no router.
  const quoted = at + icmpv6.HEADER_SIZE;
  if (quoted + ipv6.HEADER_SIZE > ip + inHead) return drop.DROP_TRUNCATED;
  return isOwn(b, state, port, ipv6.dstAt(quoted)) ? drop.DROP_NONE : drop.DROP_QUOTE_SPOOFED;
}

/** A message of neighbor discovery of `len` bytes at `at`. */
function discovery(b: Batch, state: State, port: number, at: number, len: number, nameless: boolean, fragment: boolean): number {
  const { bytes, halves } = b.memory;
  const { ports } = state;
  const promiscuous = isPromiscuous(state, port);
  const type = bytes[at]!;
  if (type === ndp.ROUTER_ADVERTISEMENT || type === ndp.REDIRECT)
    return promiscuous && !isKnown(state, port) ? drop.DROP_NONE : drop.DROP_ROGUE_ROUTER; // there may be a router of their own
  if (fragment) return drop.DROP_ARP_SPOOFED; // no host takes it (RFC 6980 §5)
  const first = type === ndp.ROUTER_SOLICITATION ? icmpv6.HEADER_SIZE : ndp.DISCOVERY_SIZE;
  if (first > len) return drop.DROP_TRUNCATED;
  if (!promiscuous && !ndp.namesOnly(bytes, halves, at, first, len, ports.macHi[port]!, ports.macLo[port]!)) return drop.DROP_ARP_SPOOFED;
  if (type === ndp.ROUTER_SOLICITATION) return drop.DROP_NONE;
  // Who asks from nowhere claims the address (RFC 4862 §5.4.3); who has a source asks about others.
  const claims = type === ndp.NEIGHBOR_ADVERTISEMENT || nameless;
  const target = at + ndp.TARGET;
  if (!claims || (promiscuous ? !isHosts(b, state, target) : isOwn(b, state, port, target))) return drop.DROP_NONE;
  return drop.DROP_ARP_SPOOFED;
}

/** Whether the network has a subnet of IPv6, so that it is known who has which address. */
function isKnown({ networks, ports }: State, port: number): boolean {
  return networks.gateway6[ports.network[port]!] !== NO_ADDRESS || ports.address6[port] !== NO_ADDRESS;
}

/**
 * Whether the IPv6 address at `at` may be the endpoint's: a link-local one is if it comes of its MAC, another if it was given that one, or, where nothing
 * is known, if it is not the host's.
 */
function isOwn(b: Batch, state: State, port: number, at: number): boolean {
  const { bytes, halves, words } = b.memory;
  const { addresses, ports } = state;
  if (ipv6.isLinkLocal(bytes, at)) return ipv6.isLinkLocalOf(halves, at, ports.macHi[port]!, ports.macLo[port]!);
  if (!isKnown(state, port)) return !isHosts(b, state, at);
  const own = ports.address6[port]!;
  return own !== NO_ADDRESS && addresses.isAt(own, words, at >> 2);
}

/** Whether the IPv6 address at `at` is one of the host's, the gateway's among them. */
function isHosts(b: Batch, { addresses, locals }: State, at: number): boolean {
  const address = addresses.find(b.memory.words, at >> 2);
  return address !== NO_ADDRESS && locals.get(address, 0) !== -1;
}
