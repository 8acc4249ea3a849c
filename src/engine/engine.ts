/**
 * The loop: receive a batch, run the stages, transmit grouped by egress, and once a second see to what is old.
 *
 * One engine a worker thread; nothing is shared with other threads but the counters. All memory is taken when it is made: a batch allocates
 * nothing and throws nothing. What goes wrong with a frame is a counted drop (`wire/drop.ts`).
 */
import { DatagramsIn } from "../dataplane/datagrams-in.js";
import { retire } from "../dataplane/retire.js";
import { review } from "../dataplane/review.js";
import type { State } from "../dataplane/state.js";
import { unstamp } from "../dataplane/unstamp.js";
import type { PacketIo } from "../device/packet-io.js";
import { Batch } from "../mem/batch.js";
import type { PacketMemory } from "../mem/packet-memory.js";
import { EGRESS_OFFLOAD } from "../table/conntrack.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { PAIRS_REFUSED, PortCounts } from "./counters.js";
import { emitter } from "./emit.js";
import { receiver } from "./receive.js";
import { countAnswered, stages } from "./stages.js";
import { transmitList } from "./transmit.js";

/** Flows looked at for expiry between two batches at most. */
const EXPIRE_BUDGET = 1024;

export interface EngineHooks {
  /** A port's device is gone (EBADFD and the like on read); it will not be read again. */
  portGone(port: number, errno: number): void;
  /** `state.forget` and `forget6` are to be deleted from the steering's maps; empties them. */
  forget(): void;
  /** `state.entries` and `entries6` are to be written to the steering's maps; empties them. */
  record(): void;
  /** The next flows that somebody wants to see go from the kernel to the loop, and others back: `state.withholdAt`. */
  withhold(): void;
  /** Every second. */
  tick(): void;
  /** Takes into an offloaded flow's row what the kernel saw of it; answers whether it so has a later deadline. */
  settle(id: number): boolean;
  /** What the kernel saw of an offloaded flow before now says nothing about what it is after. */
  unsee(id: number): void;
  /** As `State.carriedAck`. */
  carriedAck(id: number, dir: number): number;
  /** As `State.carriedPackets`. */
  carriedPackets(id: number, dir: number): number;
}

export class Engine {
  readonly batch: Batch;
  /** One turn; answers the number of frames that it was about. For the first it polls for `spinNs`, then sleeps up to `timeoutMs` (-1: for ever). */
  readonly turn: (spinNs: number, timeoutMs: number) => number;
  private readonly state: State;

  constructor(io: PacketIo, memory: PacketMemory, state: State, counters: Float64Array, hooks: EngineHooks) {
    this.batch = new Batch(memory);
    this.turn = makeTurn(io, this.batch, state, counters, hooks);
    this.state = state;
  }

  /**
   * Has turns until what was opened for other nodes is on its way. To be called before the control side's word is carried out: it may give a number to
   * another node, or another network, and such frames have only numbers.
   */
  finish(): void {
    while (this.state.datagramsIn!.hasReady) this.turn(0, 0);
  }
}

/** The loop's body as a closure, so that the JIT knows every array's address (as in `dataplane/parse.ts`). */
function makeTurn(io: PacketIo, batch: Batch, state: State, counters: Float64Array, hooks: EngineHooks): Engine["turn"] {
  const { clock } = io;
  const {
    addresses,
    announcements,
    conntrack,
    entries,
    entries6,
    forget,
    forget6,
    held,
    networks,
    order,
    probes,
    shaper,
    stationPairs,
    tunnel,
  } = state;
  const counts = new PortCounts(counters);
  const take = receiver(io, batch, counts, (port, errno) => hooks.portGone(port, errno));
  const decide = stages(batch, state, counts);
  const datagramsIn = new DatagramsIn(batch, state, state.sealer);
  state.datagramsIn = datagramsIn;
  const list = transmitList(io, batch, state, counts);
  const emit = emitter(batch, state, list, counts);
  const expiring = new Int32Array(256);
  state.settle = (id) => hooks.settle(id);
  state.unsee = (id) => hooks.unsee(id);
  state.carriedAck = (id, dir) => hooks.carriedAck(id, dir);
  state.carriedPackets = (id, dir) => hooks.carriedPackets(id, dir);
  let lastSecond = 0;
  let asked = false;

  /** Once a second. */
  function tick(second: number): void {
    const passed = lastSecond === 0 ? 1 : second - lastSecond;
    lastSecond = second;
    state.now = second;
    state.icmpErrors = 0;
    state.icmpErrorsTo.fill(0);
    state.limits.tick();
    probes.tick();
    stationPairs.tick();
    state.capturing?.tick();
    hooks.tick();
    state.fragments.expire(second);
    countAnswered(state, counts);
    state.fdb.age(second, Math.min(passed * (state.fdb.slots >> 4), state.fdb.slots)); // each slot every 16 seconds
  }

  function expire(): void {
    const count = conntrack.expire(state.now, expiring, EXPIRE_BUDGET);
    for (let k = 0; k < count; k++) {
      const id = expiring[k]!;
      if ((conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0 && state.settle(id)) continue; // not over after all
      retire(state, id);
      state.expired++;
    }
  }

  function countRefused(): void {
    const { drops } = datagramsIn;
    datagramsIn.dropped = 0;
    for (let reason = 0; reason < drops.length; reason++) {
      if (drops[reason] === 0) continue;
      counts.drop(tunnel.port, reason, drops[reason]!);
      drops[reason] = 0;
    }
  }

  function enterPairs(): void {
    stationPairs.enter();
    counters[PAIRS_REFUSED] = stationPairs.refused;
  }

  /** Fills the batch with what we have to say. */
  function fillOwn(): number {
    return announcements.due ? announcements.fill(batch, state) : probes.fill(batch, state);
  }

  return (spinNs, timeoutMs) => {
    const waited = held.hasReady; // fragments whose first one was in the last batch
    const patience = shaper.waiting > 0 ? shaper.waitMs(timeoutMs) : timeoutMs;
    const due = probes.due || announcements.due;
    const asks = !waited && !asked && due && !datagramsIn.hasReady; // every other turn: what comes does not wait for all questions
    asked = asks;
    const isBehind = conntrack.behind || state.reviewAt < conntrack.end || state.withholdAt < conntrack.end;
    const wait = isBehind || due ? 0 : patience;
    const opened = datagramsIn.hasReady;
    const n = opened ? datagramsIn.fill() : waited ? held.fill(batch, VNET) : asks ? fillOwn() : io.receive(spinNs, wait);
    const second = clock[0]!;
    if (shaper.limits > 0) shaper.setTime(second, clock[1]!);
    if (second !== lastSecond) tick(second);
    if (n > 0) {
      if (!opened && !waited && !asks) {
        take(n);
        if (networks.end > 0) unstamp(batch, state);
      }
      const capturing = asks ? null : state.capturing; // what we ask ourselves is nobody's packet
      capturing?.before(batch);
      decide(opened);
      capturing?.after(batch);
      if (forget.count > 0 || forget6.count > 0) hooks.forget(); // before: what is recorded or sent now may be the same packets, of a flow that has got the port
      if (entries.count > 0 || entries6.count > 0) hooks.record();
      if (stationPairs.waiting > 0) enterPairs();
      emit();
      if (order.count > 0) order.pass();
      capturing?.done();
    }
    if (datagramsIn.dropped > 0) countRefused();
    if (shaper.waiting > 0) list.sendWaiting();
    expire();
    if (state.reviewAt < conntrack.end) review(state);
    if (state.withholdAt < conntrack.end) hooks.withhold();
    if (forget.count > 0 || forget6.count > 0) hooks.forget();
    if (addresses.stale) addresses.sweep();
    return n;
  };
}
