/**
 * Decides what happens to a packet that belongs to no flow yet: the slow path, once a flow.
 *
 * - To an address of the host and a published port, accepted by the host's kernel unless its firewall is bypassed: DNAT to the target. The client's address is kept, so that the server sees it, unless the
 *   target could not answer through us: a client on the target's own network would be answered directly, and a loopback address not at
 *   all. Those, and so every program of the host, become the host's address next to the target (hairpin; RFC 4787 REQ-9, and as docker-proxy does).
 * - To another address of the host, from an endpoint: to the host, untranslated.
 * - From an endpoint to elsewhere: masquerade behind the address that the host would use on that route; untranslated from a network without
 *   masquerade, but still a flow, so that the answers are steered back to us.
 * - Anything else opens no flow and is dropped. An endpoint is told so by ICMP if there is no route, no port or no room.
 *
 * A TCP flow opens with a SYN. One exception: a segment in the middle of a connection to a published port whose client address is kept is
 * taken up, since its translation needs no memory: connections survive a restart of ours.
 */
import { type Batch, NO_FLOW, ROUTE } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import { INTERNAL, NO_MASQUERADE } from "../table/networks.js";
import { combine, delta } from "../wire/checksum.js";
import * as drop from "../wire/drop.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import { TCP_ACK, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import { dstPort, rawHalf, swapPorts } from "../wire/raw.js";
import { workerOf } from "../wire/spread.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { join } from "./flow-lookup.js";
import { toHostPort } from "./host-port.js";
import { answer } from "./icmp-answer.js";
import { forgetEntry, retire } from "./retire.js";
import type { PublishRule, State } from "./state.js";
import { expire } from "./ttl.js";

/** Interface index of lo, in every network namespace (LOOPBACK_IFINDEX of include/net/flow.h). */
const LOOPBACK = 1;
/** Tries at another source port when two flows would look the same to the target. */
const CLASH_TRIES = 32;

export function admit(b: Batch, state: State): void {
  const { words } = b.memory;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== ROUTE || b.flow[i] !== NO_FLOW || b.proto[i] === 0) continue; // protocol 0: a later fragment
    const ip = b.at[i]! + VNET + ETHERNET;
    const src = ipv4.src(words, ip);
    const dst = ipv4.dst(words, ip);
    // An earlier packet of this very batch may have opened the flow.
    const ref = state.conntrack.find(b.hash[i]!, src, dst, b.ports[i]!, b.proto[i]!);
    if (ref !== -1) {
      join(b, i, state, ref);
      continue;
    }
    const reason = b.device[i] !== 0 || state.isLocal(dst) ? toHost(b, i, state, src, dst) : toElsewhere(b, i, state, src, dst);
    if (reason === drop.DROP_TTL_EXCEEDED) expire(b, i, state);
    else if (reason !== drop.DROP_NONE && !tell(b, i, state, dst, reason)) b.drop(i, reason);
  }
}

/**
 * Answers an endpoint's packet that was refused for `reason`, if that is one to tell (RFC 1812 §5.2.7.1, RFC 5508 REQ-8), and has the drop counted.
 * Whoever sends from outside may have forged his address, and an own network's addresses are reached without us.
 */
function tell(b: Batch, i: number, state: State, dst: number, reason: number): boolean {
  const code = reason === drop.DROP_NO_ROUTE ? icmp.NET_UNREACHABLE : icmp.PROHIBITED;
  if (reason !== drop.DROP_NO_ROUTE && reason !== drop.DROP_NO_PORT && reason !== drop.DROP_TABLE_FULL) return false;
  if (b.ingress[i] === state.ports.uplink || state.networks.of(dst) !== -1 || (dst & 0xff) === 127) return false;
  return state.mayCountAnswered() && answer(b, i, state, icmp.UNREACHABLE, code) && state.countAnswered(b.ingress[i]!, reason);
}

function toHost(b: Batch, i: number, state: State, src: number, dst: number): number {
  const proto = b.proto[i]!;
  const rule = proto === ipv4.PROTO_ICMP ? null : state.publishedAt(dst, b.ports[i]! >>> 16, proto);
  const fromBridge = b.ingress[i] !== state.ports.uplink;
  if ((dst & 0xff) === 127 && fromBridge) return drop.DROP_NO_ROUTE; // loopback is the host's own (RFC 1122 §3.2.1.3)
  if (rule !== null) {
    // Out of an internal network nothing is routed, whatever address leads out of it.
    if (fromBridge && (state.networks.flags[state.ports.network[b.ingress[i]!]!]! & INTERNAL) !== 0) return drop.DROP_ISOLATED;
    return publish(b, i, state, rule, src, dst);
  }
  if (toHostPort(b, i, state, dst)) return drop.DROP_NONE;
  return fromBridge ? drop.DROP_NOT_FOR_HOST : drop.DROP_NO_FLOW;
}

function publish(b: Batch, i: number, state: State, rule: PublishRule, src: number, dst: number): number {
  if (isMartian(src)) return drop.DROP_SOURCE_SPOOFED;
  const byUplink = b.ingress[i] === state.ports.uplink;
  if (byUplink && b.device[i] === 0 && !state.bypass) {
    // Steered to us by an entry whose flow is over. Without it the next packet goes to the host's kernel, which decides whether it may open one.
    forgetEntry(state, dst, src, swapPorts(b.ports[i]!), b.proto[i]!);
    return drop.DROP_NO_FLOW;
  }
  const fromHost = byUplink && (b.device[i] === LOOPBACK || state.isLocal(src));
  if (!fromHost && !isAllowed(state, src)) return drop.DROP_SOURCE_REFUSED;
  const proto = b.proto[i]!;
  const tuplePorts = b.ports[i]!;
  const masked = fromHost || (src & rule.onlinkMask) === rule.onlinkNet || src === 0; // 0.0.0.0: who has no address yet (DHCP)
  let opening = proto === ipv4.PROTO_UDP ? ct.UNREPLIED : ct.SYN_SENT;
  if (proto === ipv4.PROTO_TCP) {
    const flags = tcpFlags(b.memory.bytes, b.l4[i]!) & (TCP_SYN | TCP_ACK | TCP_RST);
    if (flags !== TCP_SYN) {
      if (masked || flags !== TCP_ACK) return drop.DROP_NOT_SYN;
      opening = ct.ESTABLISHED;
    }
  }

  const inside = rule.network === -1 ? -1 : state.endpoints.get(rule.target, rule.network);
  if (inside === -1 && (rule.network !== -1 || state.ports.uplink === -1)) return drop.DROP_PORT_GONE;
  const targetPort = rawHalf(rule.targetPort + dstPort(tuplePorts) - rule.firstPort);
  const replyDst = masked ? rule.snatSource : src;
  let sourcePort = tuplePorts & 0xffff;
  let mapping = -1;
  if (masked) {
    mapping = state.pool.acquireExclusive(proto, rule.snatSource);
    if (mapping === -1) return drop.DROP_NO_PORT;
    sourcePort = state.pool.portOf(mapping);
  } else {
    sourcePort = unusedSourcePort(state, rule.target, replyDst, targetPort, sourcePort, proto);
    if (sourcePort === -1) return drop.DROP_NO_PORT;
  }

  const keepTtl = fromHost ? ct.EGRESS_KEEP_TTL : 0;
  // The kernel can carry what stays in it and is translated at one end.
  const offloadable = state.offloads && inside === -1 && byUplink && sourcePort === (tuplePorts & 0xffff) && !masked;
  const egress = (inside !== -1 ? inside : state.ports.uplink | ct.EGRESS_RECORD) | keepTtl | (offloadable ? ct.EGRESS_OFFLOAD : 0);
  return open(
    b,
    i,
    state,
    opening,
    src,
    dst,
    rule.target,
    replyDst,
    targetPort | (sourcePort << 16),
    egress,
    b.ingress[i]! | keepTtl | (b.device[i] !== 0 ? ct.EGRESS_ENTERED : 0),
    mapping,
  );
}

function toElsewhere(b: Batch, i: number, state: State, src: number, dst: number): number {
  const { networks, ports } = state;
  if (b.ingress[i] === ports.uplink) return drop.DROP_NO_FLOW;
  const network = ports.network[b.ingress[i]!]!;
  if ((src & networks.mask[network]!) !== networks.address[network]) return drop.DROP_SOURCE_SPOOFED;
  if ((networks.flags[network]! & INTERNAL) !== 0) return drop.DROP_ISOLATED;
  const other = networks.of(dst);
  if (other !== -1 && other !== network) return drop.DROP_ISOLATED;
  // Not through us: multicast and broadcast (first byte 224 and up), and the network's own addresses, which are reached directly.
  if ((dst & 0xff) >= 224 || other === network) return drop.DROP_NO_ROUTE;
  const route = state.routes.sourceFor(dst);
  if (route === 0 || ports.uplink === -1) return drop.DROP_NO_ROUTE;
  const proto = b.proto[i]!;
  const tuplePorts = b.ports[i]!;
  let opening = ct.UNREPLIED;
  if (proto === ipv4.PROTO_TCP) {
    if ((tcpFlags(b.memory.bytes, b.l4[i]!) & (TCP_SYN | TCP_ACK | TCP_RST)) !== TCP_SYN) return drop.DROP_NOT_SYN;
    opening = ct.SYN_SENT;
  }
  if (proto === ipv4.PROTO_ICMP) {
    if (!icmp.isRequest(b.memory.bytes, b.l4[i]!)) return drop.DROP_NO_FLOW; // a reply asked for by nobody
    opening = ct.ECHO + icmp.query(b.memory.bytes, b.l4[i]!);
  }
  const egress = ports.uplink | ct.EGRESS_RECORD;
  if ((networks.flags[network]! & NO_MASQUERADE) !== 0)
    return open(b, i, state, opening, src, dst, dst, src, swapPorts(tuplePorts), egress, b.ingress[i]!, -1);
  const outside = networks.outside[network] !== 0 ? networks.outside[network]! : route;
  const mapping = state.pool.acquire(proto, src, tuplePorts & 0xffff, outside);
  if (mapping === -1) return drop.DROP_NO_PORT;
  const port = state.pool.portOf(mapping);
  const replyPorts = proto === ipv4.PROTO_ICMP ? port | (port << 16) : (tuplePorts >>> 16) | (port << 16);
  return open(b, i, state, opening, src, dst, dst, outside, replyPorts, egress, b.ingress[i]!, mapping);
}

/** Makes the entry; on failure what was acquired is given back. A packet whose TTL ends here opens nothing. */
function open(
  b: Batch,
  i: number,
  state: State,
  opening: number,
  src: number,
  dst: number,
  replySrc: number,
  replyDst: number,
  replyPorts: number,
  egress: number,
  replyEgress: number,
  mapping: number,
): number {
  const { conntrack } = state;
  const proto = b.proto[i]!;
  if ((egress & ct.EGRESS_KEEP_TTL) === 0 && ipv4.ttl(b.memory.bytes, b.at[i]! + VNET + ETHERNET) <= 1) {
    if (mapping !== -1) state.pool.release(mapping);
    return drop.DROP_TTL_EXCEEDED;
  }
  if (conntrack.used === conntrack.capacity) {
    const oldest = conntrack.oldestClosing();
    if (oldest !== -1) {
      retire(state, oldest);
      for (let j = 0; j < b.count; j++) if (b.flow[j]! >> 1 === oldest) b.flow[j] = NO_FLOW; // its number is the new flow's now
    }
  }
  const id = conntrack.insert(proto, opening, src, dst, b.ports[i]!, replySrc, replyDst, replyPorts, state.now);
  if (id === -1) {
    if (mapping !== -1) state.pool.release(mapping);
    state.refused++;
    return drop.DROP_TABLE_FULL;
  }
  const addresses = combine(delta(src, replyDst), delta(dst, replySrc));
  const all =
    proto === ipv4.PROTO_ICMP
      ? delta(b.ports[i]! & 0xffff, replyPorts & 0xffff)
      : combine(addresses, delta(b.ports[i]!, swapPorts(replyPorts)));
  conntrack.setDeltas(id, addresses, all);
  conntrack.setEgress(id, egress, replyEgress);
  conntrack.setMapping(id, mapping);
  b.flow[i] = id << 1;
  return drop.DROP_NONE;
}

/** `port` (raw), or, when it will not do (the target already has a flow from it, to another of our addresses), one of the masquerade range; -1: none found. */
function unusedSourcePort(state: State, target: number, client: number, targetPort: number, port: number, proto: number): number {
  const { conntrack } = state;
  let candidate = port;
  let spread = port;
  for (let n = 0; n <= CLASH_TRIES; n++) {
    const ours = workerOf(client, candidate, state.workers) === state.worker; // else its replies would come to another worker
    if (ours && conntrack.lookup(target, client, targetPort | (candidate << 16), proto) === -1) return candidate;
    spread = (Math.imul(spread, 0x9e3779b1) + 0x7f4a7c15) | 0;
    candidate = rawHalf(state.masqueradeFirst + ((spread >>> 1) % (state.masqueradeLast - state.masqueradeFirst + 1)));
  }
  return -1;
}

/** Nobody's own address: multicast, class E, broadcast, and 0/8 but for 0.0.0.0, which who has no address yet has (RFC 1812 §5.3.7). */
function isMartian(src: number): boolean {
  return (src & 0xff) >= 224 || ((src & 0xff) === 0 && src !== 0);
}

function isAllowed(state: State, src: number): boolean {
  const { allow } = state;
  if (allow.length === 0) return true;
  for (let k = 0; k < allow.length; k += 2) if ((src & allow[k + 1]!) === allow[k]) return true;
  return false;
}
