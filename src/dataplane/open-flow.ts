/**
 * Makes the entry of a flow that `admit.ts` has decided on, of `state.newFlow`, if nothing is in the way: a limit (`limits.ts`), the want of a
 * source port (`source-port.ts`), a full table (`make-room.ts`).
 */
import type { Batch } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import { isIpv6, isLinkLocal } from "../wire/address-word.js";
import { combine, delta } from "../wire/checksum.js";
import * as drop from "../wire/drop.js";
import * as ipv4 from "../wire/ipv4.js";
import { swapPorts } from "../wire/raw.js";
import { isCarried } from "./carried-port.js";
import { unfit } from "./fragment.js";
import { LIMIT_CLIENT, LIMIT_ENDPOINT, NO_LIMIT } from "./limits.js";
import { catchUp, giveUpOne, makeRoom } from "./make-room.js";
import { isIcmp, ttl } from "./packet.js";
import { keep, masquerade, shared } from "./source-port.js";
import type { State } from "./state.js";

/** One's complement zero: what changes no checksum. */
const NO_DELTA = 0;
/** Which source port a target sees: the client's, if possible; one of the host's; that of the inside endpoint's mapping; the same in any case. */
export const KEPT = 0,
  HOSTS = 1,
  MASQUERADED = 2,
  UNCHANGED = 3;

/** Makes the entry of `state.newFlow`, of which `source` says what port the target is to see. What is in the way of it changes nothing, a TTL that ends here first. */
export function openFlow(b: Batch, i: number, state: State, source: number): number {
  const { conntrack, limits, newFlow: flow } = state;
  flow.proto = b.proto[i]!;
  flow.ports = b.ports[i]!;
  flow.mapping = -1;
  if ((flow.egress & ct.EGRESS_KEEP_TTL) === 0 && ttl(b, i) <= 1) return drop.DROP_TTL_EXCEEDED;
  const part = unfit(b, i, state);
  if (part !== drop.DROP_NONE) return part;
  const tooMany = limits.countNew(flow);
  if (tooMany !== NO_LIMIT) return refused(state, tooMany);
  catchUp(state);
  const full = limits.exceeded(flow);
  if (full !== NO_LIMIT && !giveUpOne(b, state, full, flow)) return refused(state, full);
  if (!hasPort(b, i, state, source)) return limits.mayTakePort(flow) ? drop.DROP_NO_PORT : drop.DROP_LIMIT_TARGET_PORTS;
  if (conntrack.used === conntrack.capacity && !makeRoom(b, state, flow.src)) return noRoom(state);
  setDeltas(state);
  const mayCarry = state.offloads && flow.proto !== ipv4.PROTO_SCTP && isKernels(state, source);
  const isWithheld = mayCarry && state.capturing?.wants(flow) === true;
  if (mayCarry && !isWithheld) {
    flow.egress |= ct.EGRESS_OFFLOAD;
    flow.replyEgress |= ct.EGRESS_OFFLOAD | ct.EGRESS_ENTER;
  }
  const id = conntrack.insert(flow, state.now);
  if (id === -1) return noRoom(state);
  if (isWithheld) conntrack.setWithheld(id, true);
  holdAddresses(state);
  limits.hold(id);
  b.flow[i] = id << 1;
  return drop.DROP_NONE;
}

/** Works out the checksum deltas of `state.newFlow`. */
export function setDeltas({ addresses, newFlow: flow }: State): void {
  const { proto, src, dst, ports, replySrc, replyDst, replyPorts } = flow;
  flow.addressDelta = combine(addresses.delta(src, replyDst), addresses.delta(dst, replySrc));
  flow.allDelta = combine(
    proto === ipv4.PROTO_ICMP ? NO_DELTA : flow.addressDelta, // its checksum covers no addresses
    isIcmp(proto) ? delta(ports & 0xffff, replyPorts & 0xffff) : delta(ports, swapPorts(replyPorts)),
  );
}

/** The flow that was just made of `state.newFlow` keeps its addresses in their table. */
export function holdAddresses({ addresses, newFlow: { src, dst, replySrc, replyDst } }: State): void {
  addresses.hold(src);
  addresses.hold(dst);
  addresses.hold(replySrc);
  addresses.hold(replyDst);
}

function noRoom(state: State): number {
  const { pool, newFlow: flow } = state;
  if (flow.mapping !== -1) pool.release(flow.mapping, flow.src, flow.ports & 0xffff);
  state.refused++;
  return drop.DROP_TABLE_FULL;
}

/** Gives `state.newFlow` the port that its target sees. */
function hasPort(b: Batch, i: number, state: State, source: number): boolean {
  if (source === KEPT) return keep(b, i, state, state.newFlow);
  if (source === HOSTS) return shared(b, i, state, state.newFlow);
  return source === UNCHANGED || masquerade(b, i, state, state.newFlow);
}

/** Whether the kernel can carry `state.newFlow`: it stays in it. Many devices have the same link-local addresses, so those are ours. */
function isKernels(state: State, source: number): boolean {
  const { bare, newFlow: flow, offloads6, ports } = state;
  const to = flow.egress & ct.EGRESS_PORT;
  const back = flow.replyEgress & ct.EGRESS_PORT;
  if (!isCarried(state, to) || !isCarried(state, back)) return false;
  if (isIpv6(flow.src) !== isIpv6(flow.replySrc) && (to !== ports.uplink || back !== ports.uplink)) return false;
  if (bare.has(flow.device)) return false;
  if (!offloads6 && (isIpv6(flow.src) || isIpv6(flow.replySrc))) return false;
  // What an endpoint opens: neither ICMP, nor a query and its answer, which are over before that pays.
  if (source === MASQUERADED || source === UNCHANGED) return !isIcmp(flow.proto) && flow.state !== ct.QUERY;
  return source === KEPT || (source === HOSTS && !isLinkLocal(flow.src));
}

function refused({ limits, newFlow }: State, limit: number): number {
  limits.refuse(limit, newFlow);
  return limit === LIMIT_CLIENT ? drop.DROP_LIMIT_CLIENT : limit === LIMIT_ENDPOINT ? drop.DROP_LIMIT_ENDPOINT : drop.DROP_LIMIT_PORT;
}
