/**
 * The loop: receive a batch, run the stages, transmit grouped by egress, and once a second see to what is old.
 *
 * One engine a worker thread; nothing is shared with other threads but the counters. All memory is taken when it is made: a batch allocates
 * nothing and throws nothing. What goes wrong with a frame is a counted drop (`wire/drop.ts`).
 */
import { accepted } from "../dataplane/accepted.js";
import { admit } from "../dataplane/admit.js";
import { arpReply } from "../dataplane/arp-reply.js";
import { coalesce } from "../dataplane/coalesce.js";
import { DatagramsIn } from "../dataplane/datagrams-in.js";
import { decapsulate } from "../dataplane/decapsulate.js";
import { encapsulate, needsSegments } from "../dataplane/encapsulate.js";
import { establishedFlows } from "../dataplane/established.js";
import { establishedAcross } from "../dataplane/established-across.js";
import { establishedFlows6 } from "../dataplane/established6.js";
import { flowLookup } from "../dataplane/flow-lookup.js";
import { fragment } from "../dataplane/fragment.js";
import { icmpError } from "../dataplane/icmp-error.js";
import { l2Forward } from "../dataplane/l2-forward.js";
import { l2Learn } from "../dataplane/l2-learn.js";
import { l2Out } from "../dataplane/l2-out.js";
import { ndpReply } from "../dataplane/ndp-reply.js";
import { parser } from "../dataplane/parse.js";
import { record } from "../dataplane/record.js";
import { fitNodes, fits } from "../dataplane/remote-forward.js";
import { retire } from "../dataplane/retire.js";
import { returned, takeBack } from "../dataplane/returned.js";
import { review } from "../dataplane/review.js";
import { rewrite } from "../dataplane/rewrite.js";
import { PASSES } from "../dataplane/shaper.js";
import { sourceGuard } from "../dataplane/source-guard.js";
import type { State } from "../dataplane/state.js";
import { track } from "../dataplane/track.js";
import { ttl } from "../dataplane/ttl.js";
import { DESCRIPTOR, type PacketIo, TX_MAX } from "../device/packet-io.js";
import { Batch, DROPPED, FLOOD, FLOOD_ENDPOINTS, FRAGMENTS, JOINED, KEPT, SEALED, SEGMENTS } from "../mem/batch.js";
import { headAt, type PacketMemory } from "../mem/packet-memory.js";
import { EGRESS_OFFLOAD } from "../table/conntrack.js";
import { NO_ICC, VEPA } from "../table/networks.js";
import { ENDPOINT, HOST, LAN, REMOTE } from "../table/ports.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { field } from "../wire/field.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { DROPS, ROW, RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from "./counters.js";
import { sendInFragments } from "./fragments-out.js";
import { nodesOut } from "./nodes-out.js";
import { tunnelOut } from "./tunnel-out.js";

/** errno values that a TAP answers with (asm-generic/errno.h). */
const EAGAIN = 11,
  ENOMEM = 12,
  EINVAL = 22,
  ENOBUFS = 105;
const NO_NODES: readonly number[] = [];
/** Flows looked at for expiry between two batches at most. */
const EXPIRE_BUDGET = 1024;

export interface EngineHooks {
  /** A port's device is gone (EBADFD and the like on read); it will not be read again. */
  portGone(port: number, errno: number): void;
  /** `state.forget` and `forget6` are to be deleted from the steering's maps; empties them. */
  forget(): void;
  /** `state.entries` and `entries6` are to be written to the steering's maps; empties them. */
  record(): void;
  /** Takes into an offloaded flow's row what the kernel saw of it; answers whether it so has a later deadline. */
  settle(id: number): boolean;
  /** What the kernel saw of an offloaded flow before now says nothing about what it is after. */
  unsee(id: number): void;
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

/** The fields of descriptors; an index is a multiple of DESCRIPTOR. */
function fieldsOf(descriptors: Int32Array): [Int32Array, Int32Array, Int32Array, Int32Array] {
  const nth = (k: number): Int32Array => field(descriptors, k, DESCRIPTOR);
  return [nth(0), nth(1), nth(2), nth(3)];
}

/** The loop's body as a closure, so that the JIT knows every array's address (as in `dataplane/parse.ts`). */
function makeTurn(io: PacketIo, batch: Batch, state: State, counters: Float64Array, hooks: EngineHooks): Engine["turn"] {
  const { rx, tx, clock } = io;
  const [rxPort, rxSize, rxTail, rxDevice] = fieldsOf(rx);
  const [txPort, txSize, txAt, txTail] = fieldsOf(tx);
  const {
    addresses,
    announcements,
    conntrack,
    entries,
    entries6,
    forget,
    forget6,
    held,
    stationPairs,
    networks,
    order,
    ports,
    probes,
    remotes,
    shaper,
    tunnel,
  } = state;
  const { egress } = batch;
  const expiring = new Int32Array(256);
  const sent = new Uint8Array(batch.memory.slots); // by frame: is in the transmit list already
  const parse = parser(batch, state);
  const established = establishedFlows(batch, state);
  const established6 = establishedFlows6(batch, state);
  const acrossFamilies = establishedAcross(batch, state);
  state.settle = (id) => hooks.settle(id);
  state.unsee = (id) => hooks.unsee(id);
  const sendToNodes = nodesOut(batch, state, (i, from) => {
    pushOf(i, from, tunnel.port);
    flush();
  });
  const oneNode = [0];
  const { sealer } = state;
  const datagramsIn = new DatagramsIn(batch, state, sealer);
  state.datagramsIn = datagramsIn;
  const toTunnel = tunnelOut(batch, state, sealer, {
    push: (i, from) => pushOf(i, from, tunnel.port),
    flush: () => flush(),
    countDrop: (port, reason) => countDrop(port, reason),
  });
  let txCount = 0;
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
    state.fragments.expire(second);
    countAnswered();
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

  /** Receive descriptors to batch columns. */
  function take(n: number): void {
    const { ingress, len, tail, device } = batch;
    batch.count = n;
    if (batch.moved) batch.reset();
    const from = rx[0]!;
    let others = 0; // negative or not 0: not all are frames of one port
    let bytes = 0;
    for (let i = 0; i < n; i++) {
      const d = i * DESCRIPTOR;
      const port = rxPort[d]!;
      const size = (rxSize[d]! - VNET) | 0;
      ingress[i] = port;
      len[i] = size;
      tail[i] = rxTail[d]!;
      device[i] = rxDevice[d]!;
      others |= (port ^ from) | (size >> 31);
      bytes = (bytes + size) | 0;
    }
    if (others === 0) countRx(from, n, bytes);
    else takeOthers(n);
  }

  /** Counts a run of frames of one port at once, and sees to what is no frame. */
  function takeOthers(n: number): void {
    const { ingress, len } = batch;
    let from = ingress[0]!;
    let packets = 0;
    let bytes = 0;
    for (let i = 0; i < n; i++) {
      const port = ingress[i]!;
      const size = len[i]!;
      if (port !== from) {
        countRx(from, packets, bytes);
        from = port;
        packets = 0;
        bytes = 0;
      }
      if (size < 0) {
        takeRunt(i, port, size + VNET);
        continue;
      }
      packets++;
      bytes += size;
    }
    countRx(from, packets, bytes);
  }

  /** A frame without even a header, or, with a negative length, an error instead of one; `parse` drops either. */
  function takeRunt(i: number, port: number, result: number): void {
    batch.len[i] = result < 0 ? -1 : 0;
    if (result >= 0 || result === -EINVAL) return;
    io.removePort(port);
    hooks.portGone(port, -result);
  }

  function countRx(port: number, packets: number, bytes: number): void {
    const at = port * ROW;
    counters[at + RX_PACKETS] = counters[at + RX_PACKETS]! + packets;
    counters[at + RX_BYTES] = counters[at + RX_BYTES]! + bytes;
  }

  /** The stages, in order; each looks only at frames that are its business. `opened`: all are of other nodes, out of sealed datagrams. */
  function decide(opened: boolean): void {
    if (!opened) {
      const left = established6(established());
      if (left === 0 || acrossFamilies(left) === 0) return;
    }
    const fromNodes = opened || decapsulate(batch, state);
    if (fromNodes) countFromNodes();
    takeBack(batch, state);
    parse();
    returned(batch, state);
    accepted(batch, state);
    if (networks.end > 0) {
      // There is a bridge, not the uplink alone.
      sourceGuard(batch, state);
      l2Learn(batch, state);
      arpReply(batch, state);
      ndpReply(batch, state);
      l2Forward(batch, state);
    }
    flowLookup(batch, state);
    icmpError(batch, state);
    admit(batch, state);
    fragment(batch, state);
    fitNodes(batch, state);
    ttl(batch, state);
    track(batch, state);
    rewrite(batch, state);
    record(batch, state);
    l2Out(batch, state);
    encapsulate(batch, state);
    if (fromNodes) coalesce(batch, state);
    countAnswered();
  }

  function countFromNodes(): void {
    for (let i = 0; i < batch.count; i++) if (ports.kind[batch.ingress[i]!] === REMOTE) countRx(batch.ingress[i]!, 1, batch.len[i]!);
  }

  function countAnswered(): void {
    for (let k = 0; k < state.answeredCount; k++) countDrop(state.answered[k * 2]!, state.answered[k * 2 + 1]!);
    state.answeredCount = 0;
  }

  function countRefused(): void {
    const { drops } = datagramsIn;
    datagramsIn.dropped = 0;
    for (let reason = 0; reason < drops.length; reason++) {
      if (drops[reason] === 0) continue;
      counters[tunnel.port * ROW + DROPS + reason] = counters[tunnel.port * ROW + DROPS + reason]! + drops[reason]!;
      drops[reason] = 0;
    }
  }

  /** Transmits what was decided, frames of one egress together and in order. */
  function emit(): void {
    const { at, count, len, tail } = batch;
    const first = egress[0]!;
    let others = 0; // not 0: not all go to one port
    let bytes = 0;
    // As if all did, as in most batches.
    for (let i = 0; i < count; i++) {
      const d = i * DESCRIPTOR;
      const size = len[i]!;
      txPort[d] = first;
      txSize[d] = (size + VNET) | 0;
      txAt[d] = at[i]!;
      txTail[d] = tail[i]!;
      others |= egress[i]! ^ first;
      bytes = (bytes + size) | 0;
    }
    if (others !== 0 || first < 0 || (shaper.limits > 0 && shaper.concerns(batch, first))) {
      group();
      flush();
      return;
    }
    // No need to look at each result when none is an error.
    txCount = count;
    if (io.transmit(count) === 0) countTx(first, count, bytes);
    else countResults();
    txCount = 0;
  }

  function group(): void {
    const { count } = batch;
    sent.fill(0, 0, count);
    for (let i = 0; i < count; i++) {
      if (sent[i] === 1) continue;
      const to = egress[i]!;
      if (to === FLOOD || to === FLOOD_ENDPOINTS) {
        flood(i, to === FLOOD);
      } else if (to === FRAGMENTS) {
        flush(); // also what must not be written over yet
        sendInFragments(batch, i, batch.mark[i]!, state.random, () => {
          push(i, ports.uplink);
          flush();
        });
      } else if (to === SEGMENTS) {
        flush();
        oneNode[0] = batch.node[i]!;
        toNodes(i, batch.mark[i]!, oneNode, batch.ingress[i]!);
      } else if (to === SEALED) {
        flush();
        sealAll(i);
      } else if (to < 0) {
        if (to !== KEPT && to !== JOINED) countDrop(batch.ingress[i]!, to === DROPPED ? batch.reason[i]! : drop.DROP_NO_FLOW);
      } else {
        for (let j = i; j < count; j++) {
          if (egress[j] === FRAGMENTS || egress[j] === SEGMENTS) break; // what follows may be of its flow, and does not overtake it
          if (egress[j] !== to) continue;
          sent[j] = 1;
          push(j, to);
        }
      }
    }
  }

  /** Frame `from` and all that are to be sealed behind it. */
  function sealAll(from: number): void {
    for (let i = from; i < batch.count; i++) {
      if (egress[i] !== SEALED) continue;
      sent[i] = 1;
      oneNode[0] = batch.node[i]!;
      toTunnel.add(i, batch.mark[i]!, oneNode, batch.ingress[i]!);
    }
    toTunnel.send();
  }

  /** To every port of the network but the one that the frame came from, and maybe the host's or the LAN's; without icc to and from these alone. */
  function flood(i: number, toHost: boolean): void {
    const ingress = batch.ingress[i]!;
    const network = ports.network[ingress]!;
    const toHostOnly = (networks.flags[network]! & NO_ICC) !== 0 && ports.kind[ingress] !== HOST && ports.kind[ingress] !== LAN;
    const reflected = (networks.flags[network]! & VEPA) !== 0; // the switch sends back to the sender's port, too
    let copies = 0;
    const over = shaper.limits > 0 ? shaper.admitFlood(batch, i) : PASSES;
    if (over !== PASSES) {
      countDrop(over, drop.DROP_OVER_RATE);
      return;
    }
    for (let port = 0; port < ports.end; port++) {
      const kind = ports.kind[port]!;
      if (kind !== HOST && kind !== LAN && kind !== ENDPOINT) continue;
      if (port === ingress || ports.network[port] !== network) continue;
      if (kind === ENDPOINT ? toHostOnly : !toHost) continue;
      if (reflected && isFrom(i, port)) continue;
      pushOf(i, -1, port);
      copies++;
    }
    const nodes = ports.kind[ingress] === ENDPOINT && !toHostOnly ? remotes.nodesOf(network) : NO_NODES;
    if (nodes.length > 0 && !fits(batch, i, networks.mtu[network]!)) countDrop(ingress, drop.DROP_TOO_LONG);
    else if (nodes.length > 0) {
      flush(); // what has been pushed of this frame must not be written over
      toNodes(i, network, nodes, -1);
    } else if (copies === 0) countDrop(ingress, drop.DROP_FLOOD_ALONE);
  }

  /** Whether the station behind the port has sent the frame. */
  function isFrom(i: number, port: number): boolean {
    const { halves } = batch.memory;
    const frame = batch.at[i]! + VNET;
    return eth.srcLo(halves, frame) === ports.macLo[port] && eth.srcHi(halves, frame) === ports.macHi[port];
  }

  /** As `sendToNodes`; sealed in an encrypted network, and several datagrams in one frame where the device makes no segments. */
  function toNodes(i: number, network: number, nodes: readonly number[], from: number): void {
    if (networks.sealed[network] !== 0) {
      toTunnel.add(i, network, nodes, from);
      toTunnel.send();
    } else if (!tunnel.segments && tunnel.datagrams && needsSegments(batch, i, state)) {
      if (!toTunnel.addSegments(i, network, nodes, from)) countDrop(batch.ingress[i]!, drop.DROP_VNET_HEADER);
      toTunnel.send();
    } else if (!sendToNodes(i, network, nodes, from)) countDrop(batch.ingress[i]!, drop.DROP_VNET_HEADER);
  }

  function push(i: number, port: number): void {
    pushOf(i, batch.ingress[i]!, port);
  }

  /** `from`: the port whose bandwidth it takes; -1: none's. */
  function pushOf(i: number, from: number, port: number): void {
    if (shaper.limits > 0) {
      const result = shaper.admit(batch, i, from, port);
      if (result >= 0) countDrop(result, drop.DROP_OVER_RATE);
      if (result !== PASSES) return;
    }
    put(port, batch.len[i]! + VNET, batch.at[i]!, batch.tail[i]!);
  }

  function put(port: number, size: number, at: number, tail: number): void {
    if (txCount === TX_MAX) flush();
    const d = txCount++ * DESCRIPTOR;
    tx[d] = port;
    tx[d + 1] = size;
    tx[d + 2] = at;
    tx[d + 3] = tail;
  }

  const putSlot = (slot: number, port: number, size: number): void => put(port, size, headAt(slot), slot);
  const countLost = (port: number, gone: boolean): void => countDrop(port, gone ? drop.DROP_PORT_GONE : drop.DROP_OVER_RATE);

  /** What waited for its bandwidth. All frames of the batch are sent: its heads and tails are free. */
  function sendWaiting(): void {
    for (let all = false; !all; flush()) all = shaper.release(batch.memory, putSlot, countLost);
  }

  function flush(): void {
    if (txCount === 0) return;
    io.transmit(txCount);
    countResults();
    txCount = 0;
  }

  /** Counts what became of the transmit list, a run of frames of one port at once. */
  function countResults(): void {
    let to = tx[0]!;
    let packets = 0;
    let bytes = 0;
    for (let k = 0; k < txCount; k++) {
      const port = tx[k * DESCRIPTOR]!;
      const result = tx[k * DESCRIPTOR + 1]!;
      if (port !== to) {
        countTx(to, packets, bytes);
        to = port;
        packets = 0;
        bytes = 0;
      }
      if (result < 0) {
        countDrop(port, result === -EAGAIN || result === -ENOBUFS || result === -ENOMEM ? drop.DROP_TX_FULL : drop.DROP_TX_ERROR);
        continue;
      }
      packets++;
      bytes += result - VNET;
    }
    countTx(to, packets, bytes);
  }

  function countTx(port: number, packets: number, bytes: number): void {
    const at = port * ROW;
    counters[at + TX_PACKETS] = counters[at + TX_PACKETS]! + packets;
    counters[at + TX_BYTES] = counters[at + TX_BYTES]! + bytes;
  }

  function countDrop(port: number, reason: number): void {
    const at = port * ROW + DROPS + reason;
    counters[at] = counters[at]! + 1;
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
    const wait = conntrack.behind || state.reviewAt < conntrack.end || due ? 0 : patience;
    const opened = datagramsIn.hasReady;
    const n = opened ? datagramsIn.fill() : waited ? held.fill(batch, VNET) : asks ? fillOwn() : io.receive(spinNs, wait);
    const second = clock[0]!;
    if (shaper.limits > 0) shaper.setTime(second, clock[1]!);
    if (second !== lastSecond) tick(second);
    if (n > 0) {
      if (!opened && !waited && !asks) take(n);
      decide(opened);
      if (forget.count > 0 || forget6.count > 0) hooks.forget(); // before: what is recorded or sent now may be the same packets, of a flow that has got the port
      if (entries.count > 0 || entries6.count > 0) hooks.record();
      if (stationPairs.waiting > 0) stationPairs.enter();
      emit();
      if (order.count > 0) order.pass();
    }
    if (datagramsIn.dropped > 0) countRefused();
    if (shaper.waiting > 0) sendWaiting();
    expire();
    if (state.reviewAt < conntrack.end) review(state);
    if (forget.count > 0 || forget6.count > 0) hooks.forget();
    if (addresses.stale) addresses.sweep();
    return n;
  };
}
