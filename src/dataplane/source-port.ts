/**
 * Picks the source port (of ICMP echo the identifier) that a target sees, such that no other flow looks the same to it.
 *
 * What must be unique is a flow's reply tuple, and conntrack knows all of them: a port can serve any number of flows with different targets
 * (RFC 7857 §3). Which one:
 *
 * - Masqueraded flows have the port that their inside endpoint is published as, so that who hears from it can call back (SIP, WireGuard, BGP).
 *   Else that of the inside endpoint's mapping (`table/nat-pool.ts`). When there are none left for endpoints of their own, they have any.
 * - Clients that the target must see as the host have any.
 * - Clients that keep their address keep their port, unless they have a flow from it to the same target already, by another address of ours.
 *
 * A flow that is CLOSED, or UNPROVEN for some time, makes room for one that wants its tuple. Of several that could, it is one whose target takes the new
 * flow's first segment for what it is (`time-wait.ts`), and that has been silent for longest, so that the target has forgotten it.
 * Ports are random (RFC 6056 §3.1); those that are published here on the same address are left out.
 */
import type { Batch } from "../mem/batch.js";
import { CLOSED, EGRESS_OFFLOAD, GRACE_SEC, HELD, type NewFlow, PHASES } from "../table/conntrack.js";
import { below } from "../table/random.js";
import { rawHalf } from "../wire/raw.js";
import { workerOf } from "../wire/spread.js";
import { isIcmp } from "./packet.js";
import { evict } from "./retire.js";
import type { State } from "./state.js";
import { isTakenAsNew } from "./time-wait.js";

/**
 * Ports of its own that an inside endpoint is offered; ports looked at for the best, if several will do; for one at all that may do, and by who has too
 * many of them already; and by others.
 */
const OWN_TRIES = 8,
  ENOUGH_TRIES = 16,
  FEW_TRIES = 32,
  TRIES = 128;

/**
 * What a port is worth to a new flow, by the flow that has the tuple: nothing; for an UNPROVEN one the seconds for which it has been silent; then
 * CLOSED ones whose target may turn the new flow away, and others, each in the order in which they closed; those silent for longer than GRACE_SEC; those
 * silent for longer than Linux remembers a connection that it has closed (TIME-WAIT, 60 s); at last a tuple that nobody has.
 */
const UNFIT = -1,
  TURNED_AWAY = 1 << 26,
  TAKEN_AS_NEW = 2 << 26,
  GONE = 3 << 26,
  RESTED = 4 << 26,
  FREE = 5 << 26;
/** Flows closed since, told apart. */
const MOST_SINCE = (1 << 26) - 1;
const TIME_WAIT_SEC = 60;

/** Gives a flow from `flow.src` behind `flow.replyDst` its port in `flow.replyPorts` (which has the target's), and its mapping. False: there is none left. */
export function masquerade(b: Batch, i: number, state: State, flow: NewFlow): boolean {
  const { pool } = state;
  const { proto, src, replyDst: outside } = flow;
  const inside = flow.ports & 0xffff;
  const own = isIcmp(proto) ? -1 : state.published.portOf(src, inside, proto, outside);
  if (own !== -1 && worthOfTuple(b, i, state, flow, own) !== UNFIT) return settleOn(b, state, flow, own, -1);
  const more = state.limits.mayTakePort(flow);
  for (let n = 0; n < OWN_TRIES; n++) {
    const mapping = pool.acquire(proto, src, inside, outside);
    if (mapping === -1) break;
    const worth = worthOf(b, i, state, flow, pool.portOf(mapping));
    const isNew = pool.isNew(mapping);
    if (worth >= (isNew ? GONE : TURNED_AWAY) && (worth < FREE || more)) return settleOn(b, state, flow, pool.portOf(mapping), mapping);
    pool.release(mapping, src, inside);
    if (!isNew) break;
  }
  if (!anyPort(b, i, state, flow, more)) return false;
  flow.mapping = pool.reacquire(proto, src, inside, outside, flow.replyPorts >>> 16);
  return true;
}

/** Gives a flow whose target sees the host any port, in `flow.replyPorts` (which has the target's). False: there is none left. */
export function shared(b: Batch, i: number, state: State, flow: NewFlow): boolean {
  return anyPort(b, i, state, flow, state.limits.mayTakePort(flow));
}

/** Leaves a flow the port that `flow.replyPorts` has, or, if it will not do, gives it another one. False: there is none left. */
export function keep(b: Batch, i: number, state: State, flow: NewFlow): boolean {
  const { conntrack } = state;
  const { proto, replySrc, replyDst, replyPorts } = flow;
  const leadsHere = workerOf(state.addresses.spread(replyDst), replyPorts >>> 16, state.workers) === state.worker;
  if (leadsHere && conntrack.lookup(replySrc, replyDst, replyPorts, proto) === -1) return true;
  return anyPort(b, i, state, flow, true);
}

/** `more`: may have one that no flow has; else only one that another makes free. */
function anyPort(b: Batch, i: number, state: State, flow: NewFlow, more: boolean): boolean {
  const { masqueradeFirst, masqueradeLast, random } = state;
  const count = masqueradeLast - masqueradeFirst + 1;
  let best = 0;
  let bestWorth = UNFIT;
  const tries = more ? TRIES : FEW_TRIES;
  for (let n = 0; n < tries && !isEnough(bestWorth, n); n++) {
    const port = rawHalf(masqueradeFirst + below(random, count));
    if (workerOf(state.addresses.spread(flow.replyDst), port, state.workers) !== state.worker) continue;
    const worth = worthOf(b, i, state, flow, port);
    if (worth <= bestWorth || (worth === FREE && !more)) continue;
    best = port;
    bestWorth = worth;
  }
  return bestWorth !== UNFIT && settleOn(b, state, flow, best, -1);
}

/** Whether the best of `n` ports is worth so much that no more need be looked at. */
function isEnough(worth: number, n: number): boolean {
  return worth >= RESTED || (n >= ENOUGH_TRIES && worth >= TAKEN_AS_NEW) || (n >= FEW_TRIES && worth >= TURNED_AWAY);
}

function settleOn(b: Batch, state: State, flow: NewFlow, port: number, mapping: number): boolean {
  const former = holderOf(state, flow, port);
  if (former !== -1) evict(b, state, former >> 1);
  flow.replyPorts = withPort(flow, port);
  flow.mapping = mapping;
  return true;
}

function worthOf(b: Batch, i: number, state: State, flow: NewFlow, port: number): number {
  const isPublished = state.isLocal(flow.replyDst) && state.published.at(flow.replyDst, port, flow.proto) !== null;
  return isPublished ? UNFIT : worthOfTuple(b, i, state, flow, port);
}

/** The same, of a port that may be published: the flow's opener is its target. */
function worthOfTuple(b: Batch, i: number, state: State, flow: NewFlow, port: number): number {
  const ref = holderOf(state, flow, port);
  if (ref === -1) return FREE;
  const { conntrack, now } = state;
  const id = ref >> 1;
  const phase = PHASES[conntrack.state(id)]!;
  const silent = now - conntrack.lastSeen(id);
  if (phase === CLOSED) {
    if (isInBatch(b, id)) return UNFIT; // a SYN, say, that opens it anew
    if (silent >= TIME_WAIT_SEC) return RESTED;
    const since = Math.min(conntrack.closedSince(id), MOST_SINCE);
    if (!isTakenAsNew(b, i, conntrack, id)) return TURNED_AWAY + since;
    return silent < GRACE_SEC ? TAKEN_AS_NEW + since : GONE + silent;
  }
  if (phase === HELD || ((conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0 && state.settle(id))) return UNFIT; // of the latter the kernel knew better
  return silent >= GRACE_SEC || conntrack.tuple(id, 0, 0) === flow.src ? silent : UNFIT;
}

function isInBatch(b: Batch, id: number): boolean {
  for (let i = 0; i < b.count; i++) if (b.flow[i]! >> 1 === id) return true;
  return false;
}

/** Reference of who has the tuple that the flow would have with this port, or -1. */
function holderOf({ conntrack }: State, flow: NewFlow, port: number): number {
  return conntrack.lookup(flow.replySrc, flow.replyDst, withPort(flow, port), flow.proto);
}

/** Raw ports of the reply tuple. */
function withPort({ proto, replyPorts }: NewFlow, port: number): number {
  return isIcmp(proto) ? port | (port << 16) : (replyPorts & 0xffff) | (port << 16);
}
