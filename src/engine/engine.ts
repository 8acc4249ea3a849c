/**
 * The loop: receive a batch, run the stages, transmit grouped by egress, and once a second see to what is old.
 *
 * One engine a worker thread; nothing is shared with other threads but the counters. All memory is taken when it is made: a batch allocates
 * nothing and throws nothing. What goes wrong with a frame is a counted drop (`wire/drop.ts`).
 */
import { admit } from "../dataplane/admit.js";
import { arpReply } from "../dataplane/arp-reply.js";
import { flowLookup } from "../dataplane/flow-lookup.js";
import { icmpError } from "../dataplane/icmp-error.js";
import { l2Forward } from "../dataplane/l2-forward.js";
import { l2Learn } from "../dataplane/l2-learn.js";
import { l2Out } from "../dataplane/l2-out.js";
import { parse } from "../dataplane/parse.js";
import { retire } from "../dataplane/retire.js";
import { rewrite } from "../dataplane/rewrite.js";
import { ICMP_PER_SEC, type State } from "../dataplane/state.js";
import { track } from "../dataplane/track.js";
import { ttl } from "../dataplane/ttl.js";
import { DESCRIPTOR, type PacketIo, TX_MAX } from "../device/packet-io.js";
import { Batch, DROPPED, FLOOD } from "../mem/batch.js";
import type { PacketMemory } from "../mem/packet-memory.js";
import { NO_ICC } from "../table/networks.js";
import { HOST, NONE, UPLINK } from "../table/ports.js";
import * as drop from "../wire/drop.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { DROPS, ROW, RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from "./counters.js";

/** errno values that a TAP answers with (asm-generic/errno.h). */
const EAGAIN = 11,
  ENOMEM = 12,
  EINVAL = 22,
  ENOBUFS = 105;
/** Flows looked at for expiry between two batches at most. */
const EXPIRE_BUDGET = 1024;

export interface EngineHooks {
  /** A port's device is gone (EBADFD and the like on read); it will not be read again. */
  portGone(port: number, errno: number): void;
  /** `state.forget` holds `state.forgotten` steering entries to delete; sets the count to 0. */
  forget(): void;
}

export class Engine {
  readonly batch: Batch;
  private readonly expiring = new Int32Array(256);
  private readonly sent: Uint8Array; // by frame: is in the transmit list already
  private txCount = 0;
  private lastSecond = 0;

  constructor(
    private readonly io: PacketIo,
    memory: PacketMemory,
    readonly state: State,
    private readonly counters: Float64Array,
    private readonly hooks: EngineHooks,
  ) {
    this.batch = new Batch(memory);
    this.sent = new Uint8Array(memory.slots);
  }

  /** One turn; returns the number of frames received. */
  turn(spinNs: number, timeoutMs: number): number {
    const n = this.io.receive(spinNs, timeoutMs);
    const second = this.io.clock[0]!;
    if (second !== this.lastSecond) this.tick(second);
    if (n > 0) {
      this.take(n);
      this.decide();
      this.emit();
    }
    this.expire();
    if (this.state.forgotten > 0) this.hooks.forget();
    return n;
  }

  /** Once a second. */
  private tick(second: number): void {
    const { state } = this;
    const passed = this.lastSecond === 0 ? 1 : second - this.lastSecond;
    this.lastSecond = second;
    state.now = second;
    state.icmpBudget = ICMP_PER_SEC;
    state.fdb.age(second, Math.min(passed * (state.fdb.slots >> 4), state.fdb.slots)); // each slot every 16 seconds
  }

  private expire(): void {
    const { state, expiring } = this;
    const count = state.conntrack.expire(state.now, expiring, EXPIRE_BUDGET);
    for (let k = 0; k < count; k++) retire(state, expiring[k]!);
  }

  /** Receive descriptors to batch columns. */
  private take(n: number): void {
    const { batch, io, counters } = this;
    const { rx } = io;
    batch.count = n;
    for (let i = 0; i < n; i++) {
      const d = i * DESCRIPTOR;
      const port = rx[d]!;
      const len = rx[d + 1]!;
      batch.port[i] = port;
      batch.tail[i] = rx[d + 2]!;
      if (len < 0) {
        batch.len[i] = -1; // `parse` drops it
        if (len !== -EINVAL) this.losePort(port, -len);
        continue;
      }
      batch.len[i] = Math.max(len - VNET, 0);
      counters[port * ROW + RX_PACKETS] = counters[port * ROW + RX_PACKETS]! + 1;
      counters[port * ROW + RX_BYTES] = counters[port * ROW + RX_BYTES]! + len - VNET;
    }
  }

  private losePort(port: number, errno: number): void {
    this.io.removePort(port);
    this.hooks.portGone(port, errno);
  }

  /** The stages, in order; each looks only at frames that are its business. */
  private decide(): void {
    const { batch, state } = this;
    parse(batch, state.ports.kind);
    if (state.ports.end > 1) {
      l2Learn(batch, state);
      arpReply(batch, state);
      l2Forward(batch, state);
    }
    flowLookup(batch, state);
    icmpError(batch, state);
    admit(batch, state);
    ttl(batch, state);
    track(batch, state);
    rewrite(batch, state);
    l2Out(batch, state);
  }

  /** Transmits what was decided, frames of one egress together and in order. */
  private emit(): void {
    const { batch, sent } = this;
    sent.fill(0, 0, batch.count);
    for (let i = 0; i < batch.count; i++) {
      if (sent[i] === 1) continue;
      const egress = batch.egress[i]!;
      if (egress === FLOOD) {
        this.flood(i);
      } else if (egress < 0) {
        this.countDrop(batch.port[i]!, egress === DROPPED ? batch.reason[i]! : drop.DROP_NO_FLOW);
      } else {
        for (let j = i; j < batch.count; j++) {
          if (batch.egress[j] !== egress) continue;
          sent[j] = 1;
          this.push(j, egress);
        }
      }
    }
    this.flush();
  }

  /** To every port of the network but the one that the frame came from; without icc between endpoints, to and from the host alone. */
  private flood(i: number): void {
    const { networks, ports } = this.state;
    const ingress = this.batch.port[i]!;
    const network = ports.network[ingress]!;
    const toHostOnly = (networks.flags[network]! & NO_ICC) !== 0 && ports.kind[ingress] !== HOST;
    let copies = 0;
    for (let port = 0; port < ports.end; port++) {
      const kind = ports.kind[port]!;
      if (port === ingress || kind === NONE || kind === UPLINK || ports.network[port] !== network || (toHostOnly && kind !== HOST))
        continue;
      this.push(i, port);
      copies++;
    }
    if (copies === 0) this.countDrop(ingress, drop.DROP_FLOOD_ALONE);
  }

  private push(i: number, port: number): void {
    if (this.txCount === TX_MAX) this.flush();
    const { tx } = this.io;
    const d = this.txCount++ * DESCRIPTOR;
    tx[d] = port;
    tx[d + 1] = this.batch.len[i]! + VNET;
    tx[d + 2] = i;
    tx[d + 3] = this.batch.tail[i]!;
  }

  private flush(): void {
    const { io, counters, txCount } = this;
    if (txCount === 0) return;
    io.transmit(txCount);
    const { tx } = io;
    for (let k = 0; k < txCount; k++) {
      const port = tx[k * DESCRIPTOR]!;
      const result = tx[k * DESCRIPTOR + 1]!;
      if (result < 0) {
        this.countDrop(port, result === -EAGAIN || result === -ENOBUFS || result === -ENOMEM ? drop.DROP_TX_FULL : drop.DROP_TX_ERROR);
        continue;
      }
      counters[port * ROW + TX_PACKETS] = counters[port * ROW + TX_PACKETS]! + 1;
      counters[port * ROW + TX_BYTES] = counters[port * ROW + TX_BYTES]! + result - VNET;
    }
    this.txCount = 0;
  }

  private countDrop(port: number, reason: number): void {
    const at = port * ROW + DROPS + reason;
    this.counters[at] = this.counters[at]! + 1;
  }
}
