/**
 * Datagrams to other nodes, several in one frame of the tunnels' device. In encrypted networks (`wire/sealed.ts`) each is sealed, all of a batch with one
 * call of the sealer. In others these are the segments that the engine makes, where the device cannot.
 *
 * Each frame is copied into a datagram of its own behind packet memory's tails, so what lies in the batch stays as it was and can go to several nodes.
 * A frame that stands for several segments comes as these, one after the other (`engine/segments-out.ts`). Datagrams of one flow to one node that follow
 * each other, all of one length but for a shorter last one, are one frame to the tunnels' device, which cuts it (UDP segmentation offload, Linux 6.2).
 * A checksum that is partial stays so: the other node's endpoint need not look at what the tag has vouched for.
 *
 * What could not be sealed is not sent: `finish` answers false, and all is thrown away.
 */
import { type Batch, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import { DATAGRAMS_OUT_SIZE } from "../mem/packet-memory.js";
import { SEAL_DESCRIPTOR, SEAL_MAX, type Sealer } from "../mem/sealer.js";
import { NODE_TX_BYTES, NODE_TX_PACKETS } from "../table/remotes.js";
import { rowOf } from "../wire/address-word.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { rawHalf } from "../wire/raw.js";
import * as sealed from "../wire/sealed.js";
import * as underlay from "../wire/underlay.js";
import * as vnet from "../wire/vnet.js";
import * as tunnelVnet from "../wire/vnet-tunnel.js";
import * as vxlan from "../wire/vxlan.js";
import { flowHash } from "./encapsulate.js";
import { ipAt } from "./packet.js";
import { ReceivingWorkers } from "./receiving-worker.js";
import type { State } from "./state.js";

/** Frames of one call. */
const MAX_FRAMES = 256;
/** Datagrams in one frame (UDP_MAX_SEGMENTS of Linux before 6.9), and bytes of them: the IP packet has 65,535 at most. */
const MAX_DATAGRAMS = 64,
  MAX_PAYLOAD = 65_000;
/** A frame begins where words can be read. */
const ALIGNMENT = 4;

export class DatagramsOut {
  /** Frames to be sent, and of each: which frame of the batch it comes from, its byte offset and its bytes. */
  frames = 0;
  readonly source = new Int32Array(MAX_FRAMES);
  readonly at = new Int32Array(MAX_FRAMES);
  readonly size = new Int32Array(MAX_FRAMES);
  /** Of each frame: its datagrams, the bytes of the first, the node and so on. */
  private readonly datagrams = new Int32Array(MAX_FRAMES);
  private readonly first = new Int32Array(MAX_FRAMES);
  private readonly node = new Int32Array(MAX_FRAMES);
  private readonly port = new Int32Array(MAX_FRAMES);
  private readonly ecn = new Int32Array(MAX_FRAMES);
  private readonly label = new Int32Array(MAX_FRAMES);
  private readonly isPlain = new Uint8Array(MAX_FRAMES);
  private readonly receiver = new Uint8Array(MAX_FRAMES);
  private readonly receivers: ReceivingWorkers;
  /** The last one takes no more. */
  private closed = true;
  private messages = 0;
  private end: number;

  constructor(
    private readonly batch: Batch,
    private readonly state: State,
    private readonly sealer: Sealer | null,
  ) {
    this.end = batch.memory.datagramsOut;
    this.receivers = new ReceivingWorkers(batch, state);
  }

  /** Adds frame `i` for `node`; `key`: of an encrypted network. False, and nothing happens, when there is no room: what there is must be finished, sent and cleared before. */
  add(i: number, network: number, node: number, key: number): boolean {
    const { batch: b, state, sealer } = this;
    const { bytes, halves } = b.memory;
    const header = b.at[i]!;
    const inner = header + vnet.HEADER_SIZE;
    const length = b.len[i]!;
    const isPlain = state.networks.sealed[network] === 0 ? 1 : 0;
    const before = isPlain === 1 ? vxlan.HEADER_SIZE : sealed.BEFORE_FRAME;
    const size = before + length + (isPlain === 1 ? 0 : sealed.TAG_SIZE);
    const hash = flowHash(b, i);
    const port = vxlan.FIRST_SOURCE_PORT + (hash >>> (32 - vxlan.SOURCE_PORT_BITS));
    const kind = b.kind[i];
    const ecn = underlay.ecnOutside(
      kind === KIND_IPV4 ? ipv4.tos(bytes, ipAt(b, i)) : kind === KIND_IPV6 ? ipv6.trafficClass(bytes, ipAt(b, i)) : 0,
    );
    const receiver = isPlain === 1 ? sealed.ANY_WORKER : this.receivers.of(i, state.remotes.nodeAddress[node]!);
    const joins = this.joins(node, port, ecn, size, isPlain, receiver);
    const start = joins ? this.end : (this.end + ALIGNMENT - 1) & -ALIGNMENT;
    const off = joins ? start : start + this.headers;
    if (this.messages === SEAL_MAX || off + size > b.memory.datagramsOut + DATAGRAMS_OUT_SIZE) return false;
    if (!joins) {
      if (this.frames === MAX_FRAMES) return false;
      const n = this.frames++;
      this.source[n] = i;
      this.at[n] = start;
      this.size[n] = this.headers;
      this.datagrams[n] = 0;
      this.first[n] = size;
      this.node[n] = node;
      this.port[n] = port;
      this.ecn[n] = ecn;
      this.label[n] = hash & 0xffff;
      this.isPlain[n] = isPlain;
      this.receiver[n] = receiver;
    }
    const n = this.frames - 1;
    this.datagrams[n] = this.datagrams[n]! + 1;
    this.size[n] = this.size[n]! + size;
    this.closed = !state.tunnel.datagrams || size < this.first[n]!;
    this.end = off + size;
    const to = off + before;
    const vx = to - vxlan.HEADER_SIZE;
    vxlan.emit(bytes, vx, state.networks.vni[network]!);
    const inHead = Math.min(length, b.memory.headEnd(i) - inner);
    bytes.copyWithin(to, inner, inner + inHead);
    if (length > inHead) {
      const tail = b.memory.tailAt(b.tail[i]!);
      bytes.copyWithin(to + inHead, tail, tail + length - inHead);
    }
    if (isPlain === 0) {
      sealed.emit(bytes, off, state.seals.pairOf(key), receiver, state.worker, state.seals.takeCounter(key));
      if (!vnet.isBare(halves, header))
        sealed.setPartial(bytes, vx, vnet.checksumStart(halves, header), vnet.checksumField(halves, header));
      const d = this.messages++ * SEAL_DESCRIPTOR;
      const { work } = sealer!;
      work[d] = key;
      work[d + 1] = off;
      work[d + 2] = size - sealed.TAG_SIZE;
    }
    state.remotes.count(node, NODE_TX_PACKETS, 1);
    state.remotes.count(node, NODE_TX_BYTES, length);
    return true;
  }

  /** Seals all; then the frames can be sent. False: not all could be, and none may be sent. */
  finish(): boolean {
    for (let n = 0; n < this.frames; n++) this.writeHeaders(n);
    return this.messages === 0 || this.sealer!.run(this.messages) === 0;
  }

  clear(): void {
    this.frames = 0;
    this.messages = 0;
    this.closed = true;
    this.end = this.batch.memory.datagramsOut;
  }

  private joins(node: number, port: number, ecn: number, size: number, isPlain: number, receiver: number): boolean {
    if (this.closed) return false;
    const n = this.frames - 1;
    if (this.node[n] !== node || this.port[n] !== port || this.ecn[n] !== ecn || this.isPlain[n] !== isPlain) return false;
    if (this.receiver[n] !== receiver) return false;
    if (size > this.first[n]!) return false;
    return this.datagrams[n]! < MAX_DATAGRAMS && this.size[n]! + size <= MAX_PAYLOAD;
  }

  /** Before the first datagram. */
  private get headers(): number {
    const ip = this.state.tunnel.ipv6 ? ipv6.HEADER_SIZE : ipv4.MIN_HEADER_SIZE;
    return tunnelVnet.HEADER_SIZE + eth.HEADER_SIZE + ip + l4.UDP_HEADER_SIZE;
  }

  private writeHeaders(n: number): void {
    const { bytes, halves } = this.batch.memory;
    const { addresses, ports, remotes, tunnel } = this.state;
    const isIpv6 = tunnel.ipv6;
    const start = this.at[n]!;
    const outer = start + tunnelVnet.HEADER_SIZE;
    const ip = outer + eth.HEADER_SIZE;
    const udp = start + this.headers - l4.UDP_HEADER_SIZE;
    const length = l4.UDP_HEADER_SIZE + this.size[n]! - this.headers;
    const count = this.datagrams[n]!;
    const checksum = tunnel.checksum || count > 1;
    tunnelVnet.emitDatagrams(bytes, halves, start, checksum ? udp - outer : 0, count > 1 ? this.first[n]! : 0);
    const device = tunnel.port;
    underlay.emitEthernet(halves, outer, ports.macHi[device]!, ports.macLo[device]!, isIpv6 ? eth.TYPE_IPV6 : eth.TYPE_IPV4);
    const to = remotes.nodeAddress[this.node[n]!]!;
    if (isIpv6) {
      const { words } = addresses;
      underlay.emitIpv6(bytes, halves, ip, length, this.ecn[n]!, this.label[n]!, words, rowOf(tunnel.local) << 2, rowOf(to) << 2);
    } else {
      underlay.emitIpv4(bytes, halves, ip, length, this.ecn[n]!, tunnel.identification, tunnel.local, to);
      tunnel.identification = rawHalf((rawHalf(tunnel.identification) + count) & 0xffff);
    }
    underlay.emitUdp(halves, udp, length, rawHalf(this.port[n]!), tunnel.udpPort);
    if (checksum) halves[(udp + l4.UDP_CHECKSUM) >> 1] = underlay.pseudoSum(bytes, halves, ip, length);
  }
}
