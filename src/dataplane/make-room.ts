/**
 * Which flow makes room when the table is full. In this order, of each kind the one that has been silent for longest:
 *
 * 1. one that is UNPROVEN, if it has been so for GRACE_SEC: a flood from false addresses meets itself here;
 * 2. one that is CLOSED;
 * 3. one that is UNPROVEN and younger;
 * 4. one of the address that has most flows, if that is the new flow's own, or has a good part of the table.
 *
 * Else the table stays as it is and the new flow is refused: flows that both ends keep up stay. The lists of 1 to 3 are kept in order
 * (`table/ageing.ts`); for 4 a number of rows is looked at, picked at random: who has much of the table is among them. So each is O(1).
 *
 * What the kernel carries (`engine/offload.ts`) looks older than it is: it is asked before such a flow goes.
 */
import type { Batch } from "../mem/batch.js";
import {
  CLOSED_STATES,
  type Conntrack,
  EGRESS_OFFLOAD,
  GRACE_SEC,
  HELD,
  type NewFlow,
  PHASES,
  UNPROVEN_STATES,
} from "../table/conntrack.js";
import { belowMany } from "../table/random.js";
import { evict } from "./retire.js";
import type { State } from "./state.js";

/** A good part of the table is one flow in so many. */
const GOOD_PART = 32;
/** Rows looked at for one whose address has a good part: it is missed once in 1/(1 - 1/32)^64 = 7 times at worst, and an address with a quarter never. */
const SAMPLES = 64;
/** Flows of each state looked at for one that shares the limit which is in the way; in a flood the first will. */
const LOOK_THROUGH = 8;
/** Flows that turn out to be alive in the kernel, before the search is given up. */
const SETTLE_TRIES = 8;

/**
 * Where the table is nearly full of flows, those that the kernel carries are brought up to date, a few at a time: which of them both ends keep up counts
 * for its last eighth (`limits.ts`).
 */
export function catchUp(state: State): void {
  const { conntrack } = state;
  if (!state.offloads || conntrack.used * 8 < conntrack.capacity * 7) return;
  for (let k = 0; k < UNPROVEN_STATES.length; k++) {
    let id = conntrack.oldest(UNPROVEN_STATES[k]!);
    for (let n = 0; n < SETTLE_TRIES && id !== -1; n++) {
      const next = conntrack.next(id);
      isAlive(state, id);
      id = next;
    }
  }
}

/** Makes room for a flow of `client`; false: there is none to be made. */
export function makeRoom(b: Batch, state: State, client: number): boolean {
  let id = expendable(state);
  if (id === -1) id = ofWhoHasMost(state, client);
  if (id === -1) return false;
  evict(b, state, id);
  return true;
}

/** Ends an UNPROVEN flow that counts for the limit which is in the way of `flow`; false: none found. */
export function giveUpOne(b: Batch, state: State, limit: number, flow: NewFlow): boolean {
  const { conntrack, limits } = state;
  for (let k = 0; k < UNPROVEN_STATES.length; k++) {
    let id = conntrack.oldest(UNPROVEN_STATES[k]!);
    for (let n = 0; n < LOOK_THROUGH && id !== -1; n++) {
      const next = conntrack.next(id);
      if (limits.sharesLimit(limit, flow, id) && !isAlive(state, id)) {
        evict(b, state, id);
        return true;
      }
      id = next;
    }
  }
  return false;
}

function expendable(state: State): number {
  const { conntrack, now } = state;
  for (let n = 0; n < SETTLE_TRIES; n++) {
    const unproven = longestSilent(conntrack, UNPROVEN_STATES);
    const ripe = unproven !== -1 && now - conntrack.lastSeen(unproven) >= GRACE_SEC;
    const closed = ripe ? -1 : longestSilent(conntrack, CLOSED_STATES);
    const id = closed === -1 ? unproven : closed;
    if (id === -1 || !isAlive(state, id)) return id;
  }
  return longestSilent(conntrack, CLOSED_STATES);
}

/** Of all flows in these states. */
function longestSilent(conntrack: Conntrack, states: Uint8Array): number {
  let found = -1;
  let since = 0;
  for (let k = 0; k < states.length; k++) {
    const id = conntrack.oldest(states[k]!);
    if (id === -1) continue;
    const seen = conntrack.lastSeen(id);
    if (found !== -1 && seen >= since) continue;
    found = id;
    since = seen;
  }
  return found;
}

/** One of the address that has most; -1: that address is not `client`, and has no good part of the table, or hardly more than `client`. */
function ofWhoHasMost(state: State, client: number): number {
  let id = -1;
  for (let n = 0; n < SETTLE_TRIES; n++) {
    id = sample(state, client);
    if (id === -1 || !isAlive(state, id)) break; // if all of them are alive, one goes all the same
  }
  return id;
}

/** As `ofWhoHasMost`, of the rows looked at; of several the one that has been silent for longest. */
function sample({ addresses, conntrack, limits, random }: State, client: number): number {
  const { capacity } = conntrack;
  const all = capacity <= SAMPLES;
  const enough = Math.max(Math.ceil(capacity / GOOD_PART), limits.flowsOf(client) + 2);
  let found = -1;
  let most = 0;
  for (let n = 0; n < SAMPLES && n < capacity; n++) {
    const id = all ? n : belowMany(random, capacity);
    if (PHASES[conntrack.state(id)] !== HELD) continue;
    const address = conntrack.tuple(id, 0, 0);
    const flows = limits.flowsOf(address);
    if (flows < most || (flows < enough && addresses.holder(address) !== addresses.holder(client))) continue;
    if (flows === most && conntrack.lastSeen(id) >= conntrack.lastSeen(found)) continue;
    found = id;
    most = flows;
  }
  return found;
}

/** Whether the kernel has seen more of the flow than we, so that it goes on. */
function isAlive(state: State, id: number): boolean {
  return (state.conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0 && state.settle(id);
}
