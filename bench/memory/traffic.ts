/**
 * Frames for the NAT path without any I/O: 32 resident frames of a published port, of which only the words that the path changes are set
 * anew for each batch. Even frames are a client's, odd ones the target's answers. Flows are visited in strides, so that with many of them
 * every look-up misses the cache. bench/native/nat-path.c does the same.
 */

import { State } from "../../src/dataplane/state.js";
import type { PacketIo } from "../../src/device/packet-io.js";
import { headAt, type PacketMemory } from "../../src/mem/packet-memory.js";
import { EGRESS_RECORD, ESTABLISHED } from "../../src/table/conntrack.js";
import { UPLINK } from "../../src/table/ports.js";
import { combine, delta, fold } from "../../src/wire/checksum.js";
import { rawHalf, rawWord, swapPorts } from "../../src/wire/raw.js";

const STRIDE = 7919;
const VNET = 10,
  ETHERNET = 14,
  TCP = 6;
const HOST_IP = rawWord(0xc0000201 | 0),
  TARGET = rawWord(0xac110004 | 0);
const HOST_PORT = rawHalf(8999),
  TARGET_PORT = rawHalf(8080);
const TTL_AND_PROTOCOL = 64 | (TCP << 8);
const FIRST_BYTE = 0x45;
/** Seconds: any, but not 0. */
export const NOW = 1000;

/** Client k: 256 flows an address. Raw. */
export function client(k: number): number {
  return rawWord((0x0a000001 + (k >> 8)) | 0);
}

export function clientPort(k: number): number {
  return rawHalf(1024 + (k & 255));
}

/** Tables with room for `capacity` flows, and an uplink. */
export function makeState(capacity: number): State {
  const state = new State({ conntrackMax: capacity, masqueradeFirst: 10_240, masqueradeLast: 32_767, random: () => 0x5eed });
  state.now = NOW;
  state.ports.set(0, UPLINK, 0, 0, 0, 0);
  state.locals.set(HOST_IP, 0, 1);
  state.conntrack.expire(NOW, new Int32Array(1), 1); // brings the wheel to the present, as the first turn of an engine does
  return state;
}

/** Adds `flows` established flows of one published port. */
export function fill(state: State, flows: number): void {
  for (let k = 0; k < flows; k++) insertFlow(state, k);
}

function insertFlow(state: State, k: number): void {
  const { newFlow: flow } = state;
  const from = client(k);
  const ports = clientPort(k) | (HOST_PORT << 16);
  const replyPorts = TARGET_PORT | (clientPort(k) << 16);
  flow.proto = TCP;
  flow.state = ESTABLISHED;
  flow.src = from;
  flow.dst = HOST_IP;
  flow.ports = ports;
  flow.replySrc = TARGET;
  flow.replyDst = from;
  flow.replyPorts = replyPorts;
  flow.egress = EGRESS_RECORD;
  flow.replyEgress = 0;
  flow.mapping = -1;
  flow.addressDelta = combine(delta(from, from), delta(HOST_IP, TARGET));
  flow.allDelta = combine(flow.addressDelta, delta(ports, swapPorts(replyPorts)));
  state.conntrack.insert(flow, NOW);
}

/** Gives the engine a full batch whenever asked, and takes what it sends for sent. */
export class ResidentIo implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(1024 * 4);
  readonly clock = Int32Array.of(NOW, 0, 0);
  private next = 0;
  /** Sum of a header without addresses and checksum. */
  private readonly sum: number;

  /** `len`: of a frame, from the Ethernet header on. */
  constructor(
    readonly memory: PacketMemory,
    private readonly flows: number,
    len: number,
  ) {
    const { slots, bytes, halves } = memory;
    this.rx = new Int32Array(slots * 4);
    this.sum = FIRST_BYTE + rawHalf(len - ETHERNET) + TTL_AND_PROTOCOL;
    for (let i = 0; i < slots; i++) {
      const ip = headAt(i) + VNET + ETHERNET;
      halves[(ip - 2) >> 1] = 0x0008;
      bytes[ip] = FIRST_BYTE;
      halves[(ip + 2) >> 1] = rawHalf(len - ETHERNET);
      bytes[ip + 20 + 12] = 0x50;
      bytes[ip + 20 + 13] = 0x10; // ACK
      this.rx[i * 4 + 1] = len + VNET;
      this.rx[i * 4 + 2] = -1;
    }
  }

  receive(): number {
    const { flows, memory } = this;
    const { words, slots } = memory;
    const toHost = this.sum + (HOST_IP & 0xffff) + (HOST_IP >>> 16);
    const fromTarget = this.sum + (TARGET & 0xffff) + (TARGET >>> 16);
    let k = this.next;
    for (let i = 0; i < slots; i++) {
      const ip = headAt(i) + VNET + ETHERNET;
      const word = ip >> 2;
      const address = client(k);
      const port = clientPort(k);
      const sum = ((i & 1) === 0 ? toHost : fromTarget) + (address & 0xffff) + (address >>> 16);
      words[word + 2] = TTL_AND_PROTOCOL | (~fold(sum) << 16);
      if ((i & 1) === 0) {
        words[word + 3] = address;
        words[word + 4] = HOST_IP;
        words[word + 5] = port | (HOST_PORT << 16);
      } else {
        words[word + 3] = TARGET;
        words[word + 4] = address;
        words[word + 5] = TARGET_PORT | (port << 16);
      }
      k += STRIDE;
      if (k >= flows) k %= flows;
    }
    this.next = k;
    return slots;
  }

  transmit(): number {
    return 0;
  }

  addPort(): void {}

  addRing(): void {}

  removePort(): void {}
}

/** Throws unless the last batch was translated: the host's address became the target's and the other way round. */
export function checkTranslated(io: ResidentIo): void {
  const { words, slots } = io.memory;
  for (let i = 0; i < slots; i++) {
    const word = (headAt(i) + VNET + ETHERNET) >> 2;
    const ports = words[word + 5]!;
    const right =
      (i & 1) === 0
        ? words[word + 4] === TARGET && ports >>> 16 === TARGET_PORT
        : words[word + 3] === HOST_IP && (ports & 0xffff) === HOST_PORT;
    if (!right) throw new Error(`frame ${i} was not translated`);
  }
}
