/**
 * Decides what happens to a packet that belongs to no flow yet: the slow path, once a flow.
 *
 * - To an address of the host and a published port: DNAT to the target (of several see `choose-target.ts`), once the host's kernel has accepted the packet (`accepted.ts`). To
 *   that kernel an endpoint's packet goes first; where its firewall is bypassed, nobody asks it. The client's address is kept, so that the
 *   server sees it, unless the target could not answer through us: a client on the target's own network would be answered directly, a
 *   loopback address not at all, and a target behind another node answers by way of that one, but for this node's own address in its network. Those, and so every program of the host, become the host's address next to the target (hairpin; RFC 4787
 *   REQ-9, and as docker-proxy does). So does a client of the other family than the target's (RFC 7915), and one with an address of its link.
 * - To another address of the host, from an endpoint: to the host, untranslated.
 * - From an endpoint to elsewhere: masquerade behind the address that the host would use on that route; untranslated from a network without
 *   masquerade, but still a flow, so that the answers are steered back to us.
 * - From the host to an endpoint behind another node: from this node's own address in the network, if it has one.
 * - Anything else opens no flow and is dropped. An endpoint is told so by ICMP if there is no route, no port or no room.
 *
 * A TCP flow opens with a SYN, an SCTP flow with an INIT. One exception: a segment in the middle of a connection to a published port with one target,
 * whose client address is kept, is taken up, since its translation needs no memory. Of others the sender is told by a reset that they are over.
 *
 * `open-flow.ts` makes the entry.
 */
import { type Batch, NO_FLOW, ROUTE } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import { INTERNAL, NO_MASQUERADE } from "../table/networks.js";
import { HOST, REMOTE } from "../table/ports.js";
import { isGroup, isIpv6, isLinkLocal, isLoopback, isMartian, isUnspecified, NO_ADDRESS } from "../wire/address-word.js";
import * as drop from "../wire/drop.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import { dstPort, rawHalf, swapPorts } from "../wire/raw.js";
import { isRefused, REFUSED_PROHIBITED, REFUSED_SILENTLY, REFUSED_UNREACHABLE } from "../wire/route-answer.js";
import { LOOPBACK } from "./accepted.js";
import { chooseTarget } from "./choose-target.js";
import { join } from "./flow-lookup.js";
import { toHostPort } from "./host-port.js";
import { answer } from "./icmp-answer.js";
import { HOSTS, KEPT, MASQUERADED, openFlow, UNCHANGED } from "./open-flow.js";
import { DNS, isInMiddle, isOpening, isSctpInMiddle, opening, opensFlow } from "./opening.js";
import { isIcmp } from "./packet.js";
import type { PublishRule } from "./published-rules.js";
import { refuseOpening } from "./refuse-opening.js";
import { portOf } from "./remote-forward.js";
import { forgetEntry } from "./retire.js";
import type { State } from "./state.js";
import { reset } from "./tcp-reset.js";
import * as sctpTrack from "./track-sctp.js";
import { expire } from "./ttl.js";

export function admit(b: Batch, state: State): void {
  state.displaced = false;
  admitNew(b, state);
  if (state.displaced) admitNew(b, state); // a SYN, say, that would have opened a closed flow anew
}

function admitNew(b: Batch, state: State): void {
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== ROUTE || b.flow[i] !== NO_FLOW || b.proto[i] === 0) continue; // protocol 0: a later fragment
    const src = b.src[i]!;
    const dst = b.dst[i]!;
    // An earlier packet of this very batch may have opened the flow.
    const ref = state.conntrack.find(b.hash[i]!, src, dst, b.ports[i]!, b.proto[i]!);
    if (ref !== -1) {
      join(b, i, state, ref);
      continue;
    }
    const reason = toAny(b, i, state, src, dst);
    if (reason === drop.DROP_TTL_EXCEEDED) expire(b, i, state);
    else if (reason === drop.DROP_NO_TARGET && state.mayCountAnswered() && refuseOpening(b, i, state))
      state.countAnswered(b.ingress[i]!, reason, i);
    else if (reason !== drop.DROP_NONE && !tell(b, i, state, dst, reason) && !isReset(b, i, state, src, dst, reason)) b.drop(i, reason);
  }
}

function toAny(b: Batch, i: number, state: State, src: number, dst: number): number {
  const from = state.ports.kind[b.ingress[i]!]!;
  if (from === REMOTE) return drop.DROP_NO_FLOW; // it may only answer
  if (b.device[i] !== 0 || state.isLocal(dst)) return toHost(b, i, state, src, dst);
  return from === HOST ? toNode(b, i, state, src, dst) : toElsewhere(b, i, state, src, dst);
}

/**
 * Ends the connection for who has sent a segment of one that nobody knows: it cannot go on, and he need not wait to find out. Has the drop
 * counted. What came by an entry of the steering's whose flow is over goes to the host's kernel from now on, which decides about it.
 */
function isReset(b: Batch, i: number, state: State, src: number, dst: number, reason: number): boolean {
  if (reason !== drop.DROP_NOT_SYN && reason !== drop.DROP_NO_FLOW) return false;
  const ingress = b.ingress[i]!;
  const isSteered = ingress === state.ports.uplink && b.device[i] === 0 && !state.bypass;
  if (reason === drop.DROP_NO_FLOW && !isSteered) return false;
  if (isSteered && !state.awaitsFormer) forgetEntry(state, dst, src, swapPorts(b.ports[i]!), b.proto[i]!);
  return state.mayCountAnswered() && reset(b, i, state) && state.countAnswered(ingress, reason, i);
}

/**
 * Answers an endpoint's packet that was refused for `reason`, if that is one to tell (RFC 1812 §5.2.7.1, RFC 5508 REQ-8), and has the drop counted.
 * Whoever sends from outside may have forged his address, and an own network's addresses are reached without us.
 */
function tell(b: Batch, i: number, state: State, dst: number, reason: number): boolean {
  const code = codeOf(reason);
  if (code === -1) return false;
  if (b.ingress[i] === state.ports.uplink || state.networks.of(dst) !== -1 || isLoopback(dst)) return false;
  return state.mayCountAnswered() && answer(b, i, state, icmp.UNREACHABLE, code) && state.countAnswered(b.ingress[i]!, reason, i);
}

/** Code of "destination unreachable" for a refusal, or -1 for one that nobody is told of. */
function codeOf(reason: number): number {
  if (reason === drop.DROP_NO_ROUTE) return icmp.NET_UNREACHABLE;
  if (reason === drop.DROP_UNREACHABLE) return icmp.HOST_UNREACHABLE;
  const noRoom = reason === drop.DROP_NO_PORT || reason === drop.DROP_TABLE_FULL || reason === drop.DROP_LIMIT_TARGET_PORTS;
  return noRoom || reason === drop.DROP_PROHIBITED ? icmp.PROHIBITED : -1;
}

function toHost(b: Batch, i: number, state: State, src: number, dst: number): number {
  const proto = b.proto[i]!;
  const rule = isIcmp(proto) ? null : state.published.at(dst, b.ports[i]! >>> 16, proto);
  const fromBridge = b.ingress[i] !== state.ports.uplink;
  if (isLoopback(dst) && fromBridge) return drop.DROP_NO_ROUTE; // loopback is the host's own (RFC 1122 §3.2.1.3)
  if (rule !== null) {
    // Out of an internal network nothing is routed, whatever address leads out of it.
    if (fromBridge && (state.networks.flags[state.ports.network[b.ingress[i]!]!]! & INTERNAL) !== 0) return drop.DROP_ISOLATED;
    if (!fromBridge || b.device[i] !== 0 || state.bypass) return publish(b, i, state, rule, src, dst);
    // Else to the host, whose kernel decides about endpoints' packets too, and brings them back by the held port.
  }
  if (toHostPort(b, i, state, dst)) return drop.DROP_NONE;
  return fromBridge ? drop.DROP_NOT_FOR_HOST : drop.DROP_NO_FLOW;
}

function publish(b: Batch, i: number, state: State, rule: PublishRule, src: number, dst: number): number {
  if (isMartian(src)) return drop.DROP_SOURCE_SPOOFED;
  const byUplink = b.ingress[i] === state.ports.uplink;
  // Steered to us by an entry whose flow is over: the host's kernel is to decide whether it may open one.
  if (byUplink && b.device[i] === 0 && !state.bypass) return drop.DROP_NO_FLOW;
  const fromHost = byUplink && (b.device[i] === LOOPBACK || state.isLocal(src));
  if (!fromHost && !isAllowed(state, src)) return drop.DROP_SOURCE_REFUSED;
  const flow = state.newFlow;
  const proto = b.proto[i]!;
  // In the middle of a connection nobody knows any more which of several targets has its other end.
  if (rule.selection !== null && !opensFlow(b, i)) return drop.DROP_NOT_SYN;
  const target = chooseTarget(state, rule, src);
  if (target === null) return drop.DROP_NO_TARGET;
  const targetPort = rawHalf(target.port + dstPort(b.ports[i]!) - rule.firstPort);
  const inside = target.network === -1 ? -1 : portOf(state, target.address, target.network);
  const isElsewhere = inside !== -1 && state.ports.kind[inside] === REMOTE;
  const masked =
    isElsewhere || fromHost || isIpv6(src) !== isIpv6(target.address) || target.onlink.has(src, state.addresses) || isWithoutRoute(src);
  flow.state = ct.SYN_SENT;
  if (proto === ipv4.PROTO_SCTP) {
    const opens = sctpTrack.isOpening(b, i);
    if (!opens && (masked || !isSctpInMiddle(b, i))) return drop.DROP_NOT_SYN;
    flow.state = opens ? ct.COOKIE_WAIT : ct.SCTP_TAKEN_UP;
  } else if (proto === ipv4.PROTO_UDP) {
    flow.state = targetPort === DNS ? ct.QUERY : ct.UNREPLIED;
  } else if (!isOpening(b, i)) {
    if (masked || !isInMiddle(b, i)) return drop.DROP_NOT_SYN;
    flow.state = ct.TAKEN_UP;
  }
  if (inside === -1 && (target.network !== -1 || state.ports.uplink === -1)) return drop.DROP_PORT_GONE;
  const keepTtl = fromHost ? ct.EGRESS_KEEP_TTL : 0;
  flow.src = src;
  flow.dst = dst;
  flow.replySrc = target.address;
  flow.replyDst = isElsewhere ? state.networks.snatFor(target.network, target.address) : masked ? target.snatSource : src;
  flow.replyPorts = targetPort | (b.ports[i]! << 16);
  flow.egress = (inside !== -1 ? inside : state.ports.uplink | ct.EGRESS_RECORD) | keepTtl | (isElsewhere ? ct.EGRESS_NODE : 0);
  flow.replyEgress = b.ingress[i]! | keepTtl | (byUplink && b.device[i] !== 0 ? ct.EGRESS_ENTER : 0);
  flow.device = b.device[i]!;
  return openFlow(b, i, state, masked ? HOSTS : KEPT);
}

/** From the host to an endpoint behind another node. */
function toNode(b: Batch, i: number, state: State, src: number, dst: number): number {
  const { networks, newFlow: flow, ports } = state;
  const network = ports.network[b.ingress[i]!]!;
  const egress = portOf(state, dst, network);
  if (egress === -1 || ports.kind[egress] !== REMOTE) return drop.DROP_NO_ROUTE;
  const reason = opening(b, i, state);
  if (reason !== drop.DROP_NONE) return reason;
  flow.src = src;
  flow.dst = dst;
  flow.replySrc = dst;
  flow.replyDst = networks.snatFor(network, dst);
  flow.replyPorts = swapPorts(b.ports[i]!);
  flow.egress = egress | ct.EGRESS_NODE | ct.EGRESS_KEEP_TTL;
  flow.replyEgress = b.ingress[i]! | ct.EGRESS_KEEP_TTL;
  flow.device = 0;
  return openFlow(b, i, state, HOSTS);
}

function toElsewhere(b: Batch, i: number, state: State, src: number, dst: number): number {
  const { networks, ports } = state;
  if (b.ingress[i] === ports.uplink) return drop.DROP_NO_FLOW;
  const network = ports.network[b.ingress[i]!]!;
  if (!networks.has(network, src)) return drop.DROP_SOURCE_SPOOFED;
  if ((networks.flags[network]! & INTERNAL) !== 0) return drop.DROP_ISOLATED;
  const other = networks.of(dst);
  if (other !== -1 && other !== network) return drop.DROP_ISOLATED;
  // Not through us: multicast and broadcast, addresses of the link, and the network's own addresses, which are reached directly.
  if (isGroup(dst) || isLinkLocal(dst) || other === network) return drop.DROP_NO_ROUTE;
  const proto = b.proto[i]!;
  const tuplePorts = b.ports[i]!;
  const route = state.ways.via(src, dst, proto, tuplePorts, networks.wayInFor(network, dst), state.now);
  if (isRefused(route)) return refusedBy(route);
  if (ports.uplink === -1) return drop.DROP_NO_ROUTE;
  const reason = opening(b, i, state);
  if (reason !== drop.DROP_NONE) return reason;
  const flow = state.newFlow;
  const masked = (networks.flags[network]! & NO_MASQUERADE) === 0;
  flow.src = src;
  flow.dst = dst;
  flow.replySrc = dst;
  const outside = networks.outsideFor(network, dst);
  flow.replyDst = !masked ? src : outside !== NO_ADDRESS ? outside : route;
  flow.replyPorts = swapPorts(tuplePorts);
  flow.egress = ports.uplink | ct.EGRESS_RECORD;
  flow.replyEgress = b.ingress[i]!;
  flow.device = 0;
  return openFlow(b, i, state, masked ? MASQUERADED : UNCHANGED);
}

/** Drop reason for what the host would not send on. */
function refusedBy(answer: number): number {
  if (answer === REFUSED_UNREACHABLE) return drop.DROP_UNREACHABLE;
  return answer === REFUSED_PROHIBITED ? drop.DROP_PROHIBITED : answer === REFUSED_SILENTLY ? drop.DROP_BLACKHOLE : drop.DROP_NO_ROUTE;
}

/** Whether nobody behind us could answer the address: that of who has none yet (DHCP), and one that means something on the client's link alone. */
function isWithoutRoute(src: number): boolean {
  return isUnspecified(src) || isLinkLocal(src);
}

export function isAllowed(state: State, src: number): boolean {
  const { allow } = state;
  if (allow.length === 0) return true;
  for (const prefix of allow) if (prefix.has(src, state.addresses)) return true;
  return false;
}
