/**
 * Frames of other nodes, out of the VXLAN datagrams that bring them (RFC 7348 §4.1): from here on each is a frame of its network's port of kind
 * REMOTE, with `node` saying who sent it. Nothing is copied: a frame begins later, and its virtio-net header is written over what was before it.
 *
 * Most come by the tunnels' device, where `steer` sends what nodes send that it knows. What it does not know goes up the host's stack, and, accepted
 * by the host's firewall, comes as what is for a published port does: then the node is entered, by its address and the interface that it came by, whatever
 * the source port. So a node's packets pass the firewall until it has let one through, as a client's do. Such a frame is 2 bytes off, and is moved.
 *
 * Runs behind `established`, which takes no notice of tunnels, and before `parse`, which looks at the frame as at any other.
 */
import { type Batch, KEPT, NO_FLOW, UNDECIDED } from "../mem/batch.js";
import { HELD } from "../table/ports.js";
import { NOBODY, NODE_RX_BYTES, NODE_RX_PACKETS, NODE_UNOPENED } from "../table/remotes.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { FLOW_INGRESS_AT, FLOW_UPLINK_AT } from "../wire/flow-entry.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import * as sealed from "../wire/sealed.js";
import * as underlay from "../wire/underlay.js";
import * as vnet from "../wire/vnet.js";
import * as tunnelVnet from "../wire/vnet-tunnel.js";
import * as vxlan from "../wire/vxlan.js";
import { carryCongestion } from "./congestion.js";
import type { State } from "./state.js";

/** How much longer the virtio-net header of the tunnels' device is; the engine takes all to have the shorter one. */
const LONGER = tunnelVnet.HEADER_SIZE - vnet.HEADER_SIZE;
/** What puts a frame from the host's stack, behind the shorter header, where words can be read. */
const SHIFT = 2;
const DST_PORT = 2;
/** Datagrams in one frame (UDP_MAX_SEGMENTS of include/linux/udp.h, Linux 6.9; 64 before): who says more, as a guest on the way could, keeps us busy. */
const MAX_DATAGRAMS = 128;

/** An address of the underlay, four raw words; where IPv6 addresses are looked up from. One worker is one thread. */
const scratch = new Int32Array(4);

/** Answers whether there was any. */
export function decapsulate(b: Batch, state: State): boolean {
  const { ports, tunnel } = state;
  if (tunnel.port === -1) return false;
  let any = false;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== UNDECIDED || b.len[i]! < eth.HEADER_SIZE) continue;
    const ingress = b.ingress[i]!;
    if (ingress === tunnel.port) fromDevice(b, i, state);
    else if (ports.kind[ingress] !== HELD && !(state.bypass && ingress === ports.uplink)) continue;
    else if (!isForUs(b, i, state)) continue;
    else fromHost(b, i, state);
    any = true;
  }
  if (any) state.datagramsIn!.open();
  return any;
}

function fromDevice(b: Batch, i: number, state: State): void {
  const header = b.at[i]!;
  const outer = header + tunnelVnet.HEADER_SIZE;
  const reason = open(b, i, state, outer, b.len[i]! - LONGER);
  if (reason !== drop.DROP_NONE) {
    refuse(b, i, reason);
    return;
  }
  const { bytes, halves } = b.memory;
  const size = tunnelVnet.datagramSize(bytes, halves, header);
  if ((foundSealed && size < 0) || (size > 0 && foundLength > size * MAX_DATAGRAMS)) {
    refuse(b, i, drop.DROP_VNET_HEADER);
    return;
  }
  if (foundSealed) {
    takeAway(b, i, state, outer, found, foundLength, size);
    return;
  }
  if (size > 0 || (size === 0 && state.datagramsIn!.isTaking)) {
    takeAway(b, i, state, outer, found - vxlan.HEADER_SIZE, foundLength + vxlan.HEADER_SIZE, size);
    return;
  }
  const inner = found;
  const offload = tunnelVnet.unwrap(bytes, halves, header, inner - vnet.HEADER_SIZE, inner - outer);
  if (offload !== drop.DROP_NONE) refuse(b, i, offload);
  else deliver(b, i, state, inner, outer);
}

/** Whether a packet that the host's stack has accepted, or that came by the uplink, is a datagram for this node's end of the tunnels. */
function isForUs(b: Batch, i: number, { addresses, tunnel }: State): boolean {
  const { bytes, halves } = b.memory;
  const frame = b.at[i]! + vnet.HEADER_SIZE;
  const ip = frame + eth.HEADER_SIZE;
  const room = Math.min(b.len[i]!, b.memory.headEnd(i) - frame) - eth.HEADER_SIZE;
  if (!tunnel.ipv6) {
    if (eth.type(halves, frame) !== eth.TYPE_IPV4 || ipv4.check(bytes, ip, b.len[i]! - eth.HEADER_SIZE) !== drop.DROP_NONE) return false;
    if (ipv4.protocol(bytes, ip) !== ipv4.PROTO_UDP || ipv4.isFragment(halves, ip) || underlay.dst4(halves, ip) !== tunnel.local)
      return false;
    const udp = ipv4.headerSize(bytes, ip);
    return udp + l4.UDP_HEADER_SIZE <= room && halves[(ip + udp + DST_PORT) >> 1] === tunnel.udpPort;
  }
  if (eth.type(halves, frame) !== eth.TYPE_IPV6 || room < ipv6.HEADER_SIZE + l4.UDP_HEADER_SIZE) return false;
  if (ipv6.nextHeader(bytes, ip) !== ipv4.PROTO_UDP || halves[(ip + ipv6.HEADER_SIZE + DST_PORT) >> 1] !== tunnel.udpPort) return false;
  underlay.copyDst6(halves, ip, scratch, 0);
  return addresses.find(scratch, 0) === tunnel.local;
}

function fromHost(b: Batch, i: number, state: State): void {
  const outer = b.at[i]! + vnet.HEADER_SIZE;
  const reason = open(b, i, state, outer, b.len[i]!);
  if (reason !== drop.DROP_NONE) {
    refuse(b, i, reason);
    return;
  }
  enter(b, i, state);
  if (foundSealed) {
    takeAway(b, i, state, outer, found, foundLength, 0);
    return;
  }
  if (b.tail[i] !== -1) {
    refuse(b, i, drop.DROP_TOO_LONG); // all of it would have to be moved; the next one comes by the device
    return;
  }
  const { bytes, halves } = b.memory;
  const inner = found;
  bytes.copyWithin(inner - SHIFT, inner, inner + foundLength);
  vnet.emit(halves, inner - SHIFT - vnet.HEADER_SIZE);
  deliver(b, i, state, inner - SHIFT, outer);
}

/** The node's datagrams are to come by the device from now on, as long as they come in where this one did. */
function enter(b: Batch, i: number, state: State): void {
  const { remotes, tunnel } = state;
  const entries = tunnel.ipv6 ? state.entries6 : state.entries;
  const at = entries.add(tunnel.local, remotes.nodeAddress[foundNode]!, tunnel.udpPort, ipv4.PROTO_UDP);
  entries.values[(at + FLOW_UPLINK_AT) >> 2] = tunnel.device;
  entries.values[(at + FLOW_INGRESS_AT) >> 2] = b.device[i]!;
}

/** The datagrams in frame `i` go on when they are opened, or when this batch is over. */
function takeAway(b: Batch, i: number, state: State, outer: number, at: number, length: number, size: number): void {
  state.datagramsIn!.take(i, foundNode, tosAt(b, outer + eth.HEADER_SIZE), at, length, size);
  refuse(b, i, drop.DROP_NONE);
  b.egress[i] = KEPT;
}

/** What `open` has found: the frame inside, its length, its network and its sender; or sealed datagrams and their length. One worker is one thread. */
let found = 0,
  foundLength = 0,
  foundSealed = false,
  foundNetwork = 0,
  foundNode = 0;

/** Looks at the datagram whose Ethernet header is at `outer`, `size` bytes from there on. DROP_NONE, or the reason to drop. */
function open(b: Batch, i: number, state: State, outer: number, size: number): number {
  const { bytes, halves } = b.memory;
  const { addresses, networks, remotes, tunnel } = state;
  const ip = outer + eth.HEADER_SIZE;
  const room = size - eth.HEADER_SIZE;
  const isIpv6 = tunnel.ipv6;
  let udp: number;
  let rest: number;
  if (eth.type(halves, outer) !== (isIpv6 ? eth.TYPE_IPV6 : eth.TYPE_IPV4)) return drop.DROP_VXLAN_OUTER;
  if (isIpv6) {
    const reason = ipv6.check(bytes, halves, ip, room);
    if (reason !== drop.DROP_NONE) return reason;
    if (ipv6.nextHeader(bytes, ip) !== ipv4.PROTO_UDP) return drop.DROP_VXLAN_OUTER;
    udp = ip + ipv6.HEADER_SIZE;
    rest = ipv6.payloadLength(halves, ip);
    underlay.copyDst6(halves, ip, scratch, 0);
    if (addresses.find(scratch, 0) !== tunnel.local) return drop.DROP_VXLAN_OUTER;
    underlay.copySrc6(halves, ip, scratch, 0);
  } else {
    const reason = ipv4.check(bytes, ip, room);
    if (reason !== drop.DROP_NONE) return reason;
    if (!ipv4.checksumOk(bytes, halves, ip)) return drop.DROP_IP_CHECKSUM;
    if (ipv4.protocol(bytes, ip) !== ipv4.PROTO_UDP || ipv4.isFragment(halves, ip) || underlay.dst4(halves, ip) !== tunnel.local)
      return drop.DROP_VXLAN_OUTER;
    udp = ip + ipv4.headerSize(bytes, ip);
    rest = ipv4.totalLength(bytes, ip) - (udp - ip);
  }
  const wrong = l4.checkUdp(bytes, udp, rest);
  if (wrong !== drop.DROP_NONE) return wrong;
  if (halves[(udp + DST_PORT) >> 1] !== tunnel.udpPort) return drop.DROP_VXLAN_OUTER;
  const header = udp + l4.UDP_HEADER_SIZE;
  const payload = l4.udpLength(bytes, udp) - l4.UDP_HEADER_SIZE;
  const sender = isIpv6 ? addresses.find(scratch, 0) : underlay.src4(halves, ip);
  foundNode = sender === NO_ADDRESS ? NOBODY : remotes.ofNode(sender);
  foundSealed = sealed.isSealed(bytes, header, payload);
  if (foundSealed) {
    if (foundNode === NOBODY) return strange(state, sender);
    found = header;
    foundLength = payload;
    return drop.DROP_NONE;
  }
  const flags = vxlan.check(bytes, header, payload);
  if (flags !== drop.DROP_NONE) return flags;
  foundNetwork = tunnel.networkOf(vxlan.vni(bytes, header));
  if (foundNetwork === -1) return drop.DROP_VXLAN_VNI;
  if (foundNode === NOBODY) return strange(state, sender);
  if (networks.sealed[foundNetwork] !== 0) {
    remotes.count(foundNode, NODE_UNOPENED, 1);
    b.ingress[i] = networks.remotePort[foundNetwork]!; // which it is counted at
    return drop.DROP_UNSEALED;
  }
  found = header + vxlan.HEADER_SIZE;
  foundLength = payload - vxlan.HEADER_SIZE;
  return foundLength < eth.HEADER_SIZE || found + eth.HEADER_SIZE > b.memory.headEnd(i) ? drop.DROP_VXLAN_RUNT : drop.DROP_NONE;
}

/** It is of nobody that is known; an IPv6 address is in `scratch`. */
function strange({ now, strangers, tunnel }: State, sender: number): number {
  if (!tunnel.ipv6) {
    scratch.fill(0);
    scratch[0] = sender;
  }
  strangers.note(scratch, now);
  return drop.DROP_VXLAN_NODE;
}

/** The frame inside is the batch's from now on. */
function deliver(b: Batch, i: number, state: State, inner: number, outer: number): void {
  if (!carryCongestion(b.memory, inner, foundLength, tosAt(b, outer + eth.HEADER_SIZE))) {
    refuse(b, i, drop.DROP_VXLAN_CONGESTED);
    return;
  }
  const { remotes, networks } = state;
  b.at[i] = inner - vnet.HEADER_SIZE;
  b.moved = true;
  b.len[i] = foundLength;
  b.ingress[i] = networks.remotePort[foundNetwork]!;
  b.node[i] = foundNode;
  remotes.count(foundNode, NODE_RX_PACKETS, 1);
  remotes.count(foundNode, NODE_RX_BYTES, foundLength);
}

/** TOS, or traffic class, of the IP header at `ip`. */
function tosAt(b: Batch, ip: number): number {
  const { bytes } = b.memory;
  return bytes[ip]! >> 4 === 4 ? bytes[ip + 1]! : ipv6.trafficClass(bytes, ip);
}

function refuse(b: Batch, i: number, reason: number): void {
  b.flow[i] = NO_FLOW;
  b.mark[i] = 0;
  b.proto[i] = 0;
  b.drop(i, reason);
}
