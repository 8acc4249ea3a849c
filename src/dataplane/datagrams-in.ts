/**
 * Datagrams of other nodes that were sealed (`wire/sealed.ts`), or came several in one frame of the tunnels' device, which may hold 64 (UDP segmentation
 * offload). They are copied behind packet memory's tails, and opened there if they are sealed, all of a batch with one call of the sealer. Their frames
 * fill batches of their own, in the order in which they came, before anything else is received.
 *
 * What is not authentic, or has come before, is counted and gone. A datagram is believed to be of the node that has the keys, which must be
 * where it came from; what is inside is held to that node as every frame is.
 */
import { type Batch, UNDECIDED } from "../mem/batch.js";
import { headAt } from "../mem/packet-memory.js";
import { SEAL_DESCRIPTOR, SEAL_MAX, SEAL_RESULT, type Sealer, type TakenDatagrams } from "../mem/sealer.js";
import { NODE_RX_BYTES, NODE_RX_PACKETS, NODE_UNOPENED } from "../table/remotes.js";
import { NO_KEY } from "../table/seals.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as sealed from "../wire/sealed.js";
import * as vnet from "../wire/vnet.js";
import * as tunnelVnet from "../wire/vnet-tunnel.js";
import * as vxlan from "../wire/vxlan.js";
import { carryCongestion } from "./congestion.js";
import type { State } from "./state.js";

export class DatagramsIn implements TakenDatagrams {
  /** Drops by reason, which the engine counts at the tunnels' port, and sets to 0. */
  readonly drops = new Int32Array(drop.DROP_REASONS);
  /** How many they are together; set to 0 with them. */
  dropped = 0;
  /** Datagrams: those to be opened, then those whose frames wait. */
  private count = 0;
  private next = 0;
  private readonly node = new Int32Array(SEAL_MAX);
  /** The outer header's TOS or traffic class. */
  private readonly tos = new Int32Array(SEAL_MAX);
  private readonly network = new Int32Array(SEAL_MAX);
  private readonly at = new Int32Array(SEAL_MAX);
  private readonly length = new Int32Array(SEAL_MAX);
  /** Of a partial checksum: where layer 4 begins, from the frame on, and the field in it; -1: there is none. */
  private readonly partialStart = new Int32Array(SEAL_MAX);
  private readonly partialField = new Int32Array(SEAL_MAX);
  /** Which of the sealer's messages; -1: it is not sealed. */
  private readonly message = new Int32Array(SEAL_MAX);
  private messages = 0;
  private end: number;
  private isOpen = false;

  constructor(
    private readonly batch: Batch,
    private readonly state: State,
    private readonly sealer: Sealer | null,
  ) {
    this.end = batch.memory.datagramsIn;
  }

  /** Opened frames wait for `fill`. */
  get hasReady(): boolean {
    return this.isOpen && this.next < this.count;
  }

  get isTaking(): boolean {
    return !this.isOpen && this.count > 0;
  }

  take(i: number, node: number, tos: number, at: number, length: number, size: number): void {
    const { memory } = this.batch;
    const { bytes } = memory;
    const start = this.end;
    const inHead = Math.min(length, memory.headEnd(i) - at);
    bytes.copyWithin(start, at, at + inHead);
    if (length > inHead) {
      const tail = memory.tailAt(this.batch.tail[i]!);
      bytes.copyWithin(start + inHead, tail, tail + length - inHead);
    }
    this.end = start + length;
    const address = this.state.remotes.nodeAddress[node]!;
    const step = size === 0 ? length : size;
    for (let off = start; off < this.end; off += step) {
      const one = Math.min(step, this.end - off);
      if (sealed.isSealed(bytes, off, one)) this.add(node, address, tos, off, one);
      else if (this.addPlain(node, tos, off, one) && size === 0) this.keepPartial(i, at);
    }
  }

  /** A datagram that is alone may have a partial checksum of the frame inside: one of the device's frame `i`, from `at` on. */
  private keepPartial(i: number, at: number): void {
    const { bytes, halves } = this.batch.memory;
    const header = this.batch.at[i]!;
    const inner = at + vxlan.HEADER_SIZE - header - tunnelVnet.HEADER_SIZE;
    const start = tunnelVnet.partialStart(bytes, halves, header) - inner;
    if (start < eth.HEADER_SIZE) return;
    this.partialStart[this.count - 1] = start;
    this.partialField[this.count - 1] = tunnelVnet.partialField(halves, header);
  }

  /** The VXLAN datagram at `off`, which is not sealed. Answers whether it is right. */
  private addPlain(node: number, tos: number, off: number, length: number): boolean {
    const { networks, tunnel } = this.state;
    const { bytes } = this.batch.memory;
    let reason = vxlan.check(bytes, off, length);
    const network = reason === drop.DROP_NONE ? tunnel.networkOf(vxlan.vni(bytes, off)) : -1;
    if (reason === drop.DROP_NONE) {
      if (network === -1) reason = drop.DROP_VXLAN_VNI;
      else if (networks.sealed[network] !== 0) reason = drop.DROP_UNSEALED;
      else if (length < vxlan.HEADER_SIZE + eth.HEADER_SIZE) reason = drop.DROP_VXLAN_RUNT;
      else if (this.count === SEAL_MAX) reason = drop.DROP_TX_FULL;
    }
    if (reason !== drop.DROP_NONE) {
      this.countDrop(reason);
      if (reason === drop.DROP_UNSEALED) this.state.remotes.count(node, NODE_UNOPENED, 1);
      return false;
    }
    const n = this.count++;
    this.message[n] = -1;
    this.node[n] = node;
    this.tos[n] = tos;
    this.network[n] = network;
    this.at[n] = off + vxlan.HEADER_SIZE;
    this.length[n] = length - vxlan.HEADER_SIZE;
    this.partialStart[n] = -1;
    return true;
  }

  private add(node: number, address: number, tos: number, off: number, length: number): void {
    const { bytes } = this.batch.memory;
    const key = sealed.check(bytes, off, length) ? this.state.seals.fromNode(address, sealed.keys(bytes, off)) : NO_KEY;
    if (key === NO_KEY || this.count === SEAL_MAX) {
      this.refuse(node, key === NO_KEY ? drop.DROP_SEALED_KEY : drop.DROP_TX_FULL);
      return;
    }
    const n = this.count++;
    this.message[n] = this.messages;
    const d = this.messages++ * SEAL_DESCRIPTOR;
    const { work } = this.sealer!; // there is a key
    work[d] = key;
    work[d + 1] = off;
    work[d + 2] = length - sealed.TAG_SIZE;
    this.node[n] = node;
    this.tos[n] = tos;
  }

  open(): void {
    if (this.count === 0) return;
    if (this.messages > 0) this.openSealed();
    this.messages = 0;
    this.next = 0;
    this.isOpen = this.count > 0;
    this.end = this.batch.memory.datagramsIn;
  }

  private openSealed(): void {
    const { bytes } = this.batch.memory;
    const { work } = this.sealer!;
    this.sealer!.run(this.messages);
    let ready = 0;
    for (let n = 0; n < this.count; n++) {
      if (this.message[n] === -1) {
        this.network[ready] = this.network[n]!;
        this.at[ready] = this.at[n]!;
        this.length[ready] = this.length[n]!;
        this.tos[ready] = this.tos[n]!;
        this.partialStart[ready] = this.partialStart[n]!;
        this.partialField[ready] = this.partialField[n]!;
        this.node[ready++] = this.node[n]!;
        continue;
      }
      const d = this.message[n]! * SEAL_DESCRIPTOR;
      const off = work[d + 1]!;
      const node = this.node[n]!;
      const length = work[d + 2]! - sealed.BEFORE_FRAME;
      const reason = work[d + SEAL_RESULT] === 0 ? this.look(work[d]!, off, length) : drop.DROP_SEALED_FORGED;
      if (reason !== drop.DROP_NONE) {
        this.refuse(node, reason);
        continue;
      }
      const vx = off + sealed.HEADER_SIZE;
      this.network[ready] = this.state.tunnel.networkOf(vxlan.vni(bytes, vx));
      this.at[ready] = vx + vxlan.HEADER_SIZE;
      this.length[ready] = length;
      this.tos[ready] = this.tos[n]!;
      this.partialStart[ready] = sealed.isPartial(bytes, vx) ? sealed.partialStart(bytes, vx) : -1;
      this.partialField[ready] = sealed.partialField(bytes, vx);
      this.node[ready++] = node;
    }
    this.count = ready;
  }

  /** Of an authentic datagram: DROP_NONE, or the reason. */
  private look(key: number, off: number, length: number): number {
    const { networks, seals, tunnel } = this.state;
    const { bytes } = this.batch.memory;
    if (!seals.accept(key, sealed.worker(bytes, off), sealed.counter(bytes, off))) return drop.DROP_SEALED_REPLAYED;
    const flags = vxlan.check(bytes, off + sealed.HEADER_SIZE, vxlan.HEADER_SIZE);
    if (flags !== drop.DROP_NONE) return flags;
    const network = tunnel.networkOf(vxlan.vni(bytes, off + sealed.HEADER_SIZE));
    if (network === -1 || networks.sealed[network] === 0) return drop.DROP_VXLAN_VNI;
    return length < eth.HEADER_SIZE ? drop.DROP_VXLAN_RUNT : drop.DROP_NONE;
  }

  /** Fills the batch with opened frames, as those of their networks' port of kind REMOTE. Answers how many. */
  fill(): number {
    const { batch: b } = this;
    const { memory } = b;
    if (b.moved) b.reset();
    let n = 0;
    for (; n < memory.slots && this.next < this.count; this.next++) if (this.put(n, this.next)) n++;
    b.count = n;
    if (this.next < this.count) return n;
    this.isOpen = false;
    this.count = 0;
    return n;
  }

  private put(n: number, from: number): boolean {
    const { batch: b, state } = this;
    const { bytes, halves } = b.memory;
    const length = this.length[from]!;
    const node = this.node[from]!;
    const port = state.networks.remotePort[this.network[from]!]!;
    if (port === -1) {
      this.refuse(node, drop.DROP_VXLAN_VNI); // the network has gone since it was opened
      return false;
    }
    const header = headAt(n);
    const inner = header + vnet.HEADER_SIZE;
    const frame = this.at[from]!;
    const inHead = Math.min(length, b.memory.headEnd(n) - inner);
    bytes.copyWithin(inner, frame, frame + inHead);
    if (length > inHead) {
      const tail = b.memory.tailAt(n);
      bytes.copyWithin(tail, frame + inHead, frame + length);
    }
    vnet.emit(halves, header);
    if (this.partialStart[from] !== -1) vnet.setPartial(bytes, halves, header, inner + this.partialStart[from]!, this.partialField[from]!);
    if (!carryCongestion(b.memory, inner, length, this.tos[from]!)) {
      this.refuse(node, drop.DROP_VXLAN_CONGESTED);
      return false;
    }
    b.ingress[n] = port;
    b.len[n] = length;
    b.tail[n] = length > inHead ? n : -1;
    b.device[n] = 0;
    b.node[n] = node;
    b.egress[n] = UNDECIDED;
    b.routed[n] = 0;
    state.remotes.count(node, NODE_RX_PACKETS, 1);
    state.remotes.count(node, NODE_RX_BYTES, length);
    return true;
  }

  private refuse(node: number, reason: number): void {
    this.countDrop(reason);
    this.state.remotes.count(node, NODE_UNOPENED, 1);
  }

  private countDrop(reason: number): void {
    this.drops[reason] = this.drops[reason]! + 1;
    this.dropped++;
  }
}
