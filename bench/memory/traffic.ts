/**
 * Frames for the NAT path without any I/O: 32 resident frames of a published port, of which the headers are set anew for each batch. Even frames
 * are a client's, odd ones the target's answers; each side is of one family. Flows are visited in strides, so that with many of them every look-up
 * misses the cache. bench/native/nat-path.c does the same for IPv4.
 */

import { State } from "../../src/dataplane/state.js";
import type { PacketIo } from "../../src/device/packet-io.js";
import { headAt, type PacketMemory } from "../../src/mem/packet-memory.js";
import type { Addresses } from "../../src/table/addresses.js";
import { EGRESS_RECORD, ESTABLISHED } from "../../src/table/conntrack.js";
import { UPLINK } from "../../src/table/ports.js";
import { combine, delta, fold } from "../../src/wire/checksum.js";
import { parseIp, toBytes } from "../../src/wire/ip-address.js";
import { rawHalf, rawWord, swapPorts } from "../../src/wire/raw.js";

const STRIDE = 7919;
const VNET = 10,
  ETHERNET = 14,
  TCP = 6;
const HOST_PORT = rawHalf(8999),
  TARGET_PORT = rawHalf(8080);
const TTL_AND_PROTOCOL = 64 | (TCP << 8);
const FIRST_BYTE = 0x45;
/** Seconds: any, but not 0. */
export const NOW = 1000;

/** Families of the client and of the target. */
export const TRAFFIC = { ipv4: [4, 4], ipv6: [6, 6], nat64: [6, 4], nat46: [4, 6] } as const;
export type Traffic = keyof typeof TRAFFIC;

type Family = 4 | 6;
/** Raw words of the addresses, and where the IP header has them. */
interface Layout {
  type: number;
  headerSize: number;
  src: number;
  dst: number;
  words: number;
  host: Int32Array;
  target: Int32Array;
  /** Of peer 0. The target sees the clients as they are, or as hosts of its own family. */
  peer: Int32Array;
}

const words = (address: string): Int32Array => new Int32Array(toBytes(parseIp(address)!).buffer);
const LAYOUTS: Record<Family, Layout> = {
  4: {
    type: 0x0008,
    headerSize: 20,
    src: 3,
    dst: 4,
    words: 1,
    host: words("192.0.2.1"),
    target: words("172.17.0.4"),
    peer: words("10.0.0.1"),
  },
  6: {
    type: 0xdd86,
    headerSize: 40,
    src: 2,
    dst: 6,
    words: 4,
    host: words("2001:db8::1"),
    target: words("fd00::4"),
    peer: words("2001:db8:9::1"),
  },
};

/** Last word of peer k's address, given that of peer 0's in host order: 256 flows an address. Raw. */
function peerWord(first: number, k: number): number {
  return rawWord((first + (k >> 8)) | 0);
}

function lastWord(address: Int32Array): number {
  return rawWord(address[address.length - 1]!);
}

/** IPv4 client k. Raw. */
export function client(k: number): number {
  return peerWord(lastWord(LAYOUTS[4].peer), k);
}

export function clientPort(k: number): number {
  return rawHalf(1024 + (k & 255));
}

/** Tables with room for `capacity` flows, and an uplink. */
export function makeState(capacity: number, allocate?: (size: number) => ArrayBuffer): State {
  const state = new State({ allocate, conntrackMax: capacity, masqueradeFirst: 10_240, masqueradeLast: 32_767, random: () => 0x5eed });
  state.now = NOW;
  state.ports.set(0, UPLINK, 0, 0, 0, 0);
  state.locals.set(LAYOUTS[4].host[0]!, 0, 1);
  state.conntrack.expire(NOW, new Int32Array(1), 1); // brings the wheel to the present, as the first turn of an engine does
  return state;
}

/** Adds `flows` established flows of one published port. */
export function fill(state: State, flows: number, traffic: Traffic = "ipv4"): void {
  const { addresses } = state;
  const [outer, inner] = TRAFFIC[traffic].map((family) => LAYOUTS[family]) as [Layout, Layout];
  const host = held(addresses, outer.host);
  const target = held(addresses, inner.target);
  for (let k = 0; k < flows; k++) {
    const from = held(addresses, peer(outer, k));
    insertFlow(state, k, host, target, from, inner === outer ? from : held(addresses, peer(inner, k)));
  }
}

function peer({ peer: first }: Layout, k: number): Int32Array {
  return first.with(-1, peerWord(lastWord(first), k));
}

/** The address as tables know it. */
function held(addresses: Addresses, address: Int32Array): number {
  if (address.length === 1) return address[0]!;
  const handle = addresses.intern(address, 0);
  addresses.hold(handle);
  return handle;
}

function insertFlow(state: State, k: number, host: number, target: number, from: number, seen: number): void {
  const { addresses, newFlow: flow } = state;
  const ports = clientPort(k) | (HOST_PORT << 16);
  const replyPorts = TARGET_PORT | (clientPort(k) << 16);
  flow.proto = TCP;
  flow.state = ESTABLISHED;
  flow.src = from;
  flow.dst = host;
  flow.ports = ports;
  flow.replySrc = target;
  flow.replyDst = seen;
  flow.replyPorts = replyPorts;
  flow.egress = EGRESS_RECORD;
  flow.replyEgress = 0;
  flow.mapping = -1;
  flow.addressDelta = combine(addresses.delta(from, seen), addresses.delta(host, target));
  flow.allDelta = combine(flow.addressDelta, delta(ports, swapPorts(replyPorts)));
  state.conntrack.insert(flow, NOW);
}

/** One side's frames: what they have in common, and which words of it are a flow's. Words are counted from the virtio-net header on. */
class Side {
  readonly ip = (VNET + ETHERNET) >> 2;
  readonly template: Int32Array;
  readonly peer: number;
  readonly first: number;
  readonly ports: number;
  /** Place of the word with the checksum, and the sum without the peer's address; IPv6 has none: 0. */
  readonly third: number;
  readonly sum: number;

  /** `len`: of a frame of IPv4, from the Ethernet header on; one of IPv6 is longer. */
  constructor(
    readonly layout: Layout,
    readonly isClient: boolean,
    readonly len: number,
  ) {
    const { headerSize, type, src, dst } = layout;
    const isIpv4 = layout === LAYOUTS[4];
    this.ports = this.ip + headerSize / 4;
    this.template = new Int32Array(this.ports + 1);
    this.template[this.ip - 1] = type << 16;
    const length = rawHalf(len - ETHERNET - headerSize + (isIpv4 ? headerSize : 0));
    if (isIpv4) {
      this.template[this.ip] = FIRST_BYTE | (length << 16);
      this.template[this.ip + 2] = TTL_AND_PROTOCOL;
    } else {
      this.template[this.ip] = 0x60;
      this.template[this.ip + 1] = length | (TCP << 16) | (64 << 24);
    }
    const [own, at] = isClient ? [layout.host, dst] : [layout.target, src];
    this.template.set(own, this.ip + at);
    this.template.set(layout.peer, this.ip + (isClient ? src : dst));
    this.peer = this.ip + (isClient ? src : dst) + layout.words - 1;
    this.first = lastWord(layout.peer);
    this.third = isIpv4 ? this.ip + 2 : 0;
    this.sum = isIpv4 ? FIRST_BYTE + length + TTL_AND_PROTOCOL + (own[0]! & 0xffff) + (own[0]! >>> 16) : 0;
  }

  /** What follows the words of the template, which no batch changes. */
  prepare({ bytes }: PacketMemory, at: number): void {
    const tcp = at + this.ports * 4;
    bytes[tcp + 12] = 0x50;
    bytes[tcp + 13] = 0x10; // ACK
  }

  /** Flow k's frame. */
  write(to: Int32Array, at: number, k: number): void {
    const { template, third, ports } = this;
    const address = peerWord(this.first, k);
    const port = clientPort(k);
    for (let n = 0; n < ports; n++) to[at + n] = template[n]!;
    to[at + this.peer] = address;
    to[at + ports] = this.isClient ? port | (HOST_PORT << 16) : TARGET_PORT | (port << 16);
    if (third !== 0) to[at + third] = TTL_AND_PROTOCOL | (~fold(this.sum + (address & 0xffff) + (address >>> 16)) << 16);
  }
}

/** Gives the engine a full batch whenever asked, and takes what it sends for sent. */
export class ResidentIo implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(1024 * 4);
  readonly clock = Int32Array.of(NOW, 0, 0);
  readonly sides: readonly [client: Side, target: Side];
  private next = 0;

  /** `len`: of a frame of IPv4, from the Ethernet header on; one of IPv6 is 20 bytes longer. */
  constructor(
    readonly memory: PacketMemory,
    private readonly flows: number,
    len: number,
    traffic: Traffic = "ipv4",
  ) {
    const { slots } = memory;
    this.rx = new Int32Array(slots * 4);
    const [outer, inner] = TRAFFIC[traffic];
    const side = (family: Family, isClient: boolean): Side => new Side(LAYOUTS[family], isClient, len + LAYOUTS[family].headerSize - 20);
    this.sides = [side(outer, true), side(inner, false)];
    for (let i = 0; i < slots; i++) {
      const { [i & 1]: mine } = this.sides;
      mine!.prepare(memory, headAt(i));
      this.rx[i * 4 + 1] = mine!.len + VNET;
      this.rx[i * 4 + 2] = -1;
    }
  }

  receive(): number {
    const { flows, memory } = this;
    const { words, slots } = memory;
    const [fromClient, fromTarget] = this.sides;
    let k = this.next;
    for (let i = 0; i < slots; i += 2) {
      fromClient.write(words, headAt(i) >> 2, k);
      k = this.after(k, flows);
      fromTarget.write(words, headAt(i + 1) >> 2, k);
      k = this.after(k, flows);
    }
    this.next = k;
    return slots;
  }

  private after(k: number, flows: number): number {
    return k + STRIDE < flows ? k + STRIDE : (k + STRIDE) % flows;
  }

  transmit(): number {
    return 0;
  }

  addPort(): void {}

  addRing(): void {}

  removePort(): void {}
}

/** Throws unless the last batch was translated: the host's address became the target's and the other way round, in the other side's family. */
export function checkTranslated(io: ResidentIo): void {
  const { words, slots } = io.memory;
  for (let i = 0; i < slots; i++) {
    const { [i & 1]: was, [(i & 1) ^ 1]: is } = io.sides;
    const l4 = (headAt(i) >> 2) + was!.ports; // stays where it is
    const { headerSize, host, target, src, dst } = is!.layout;
    const [own, at] = was!.isClient ? [target, dst] : [host, src];
    const word = l4 - headerSize / 4 + at;
    const ports = words[l4]!;
    const isRight = was!.isClient ? ports >>> 16 === TARGET_PORT : (ports & 0xffff) === HOST_PORT;
    if (!isRight || own.some((part, n) => words[word + n] !== part)) throw new Error(`frame ${i} was not translated`);
  }
}
