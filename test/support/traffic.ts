/**
 * An engine with the host of `host.ts`, and packets by the million: frames are written straight into packet memory and read back from it, as
 * a few words each, so that minutes of a busy host take seconds. Frames have headers alone, and no checksum but that of the IP header.
 */
import { State, type StateOptions } from "../../src/dataplane/state.js";
import { DESCRIPTOR, type PacketIo } from "../../src/device/packet-io.js";
import { Commands } from "../../src/engine/commands.js";
import { createCounters, dropsOf } from "../../src/engine/counters.js";
import { Engine } from "../../src/engine/engine.js";
import { headAt, PacketMemory } from "../../src/mem/packet-memory.js";
import { rawHalf } from "../../src/wire/raw.js";
import { defaults, FakeRouting } from "../table/fake-routing.js";
import { A, B, HOST_IP, hostMessages, MAC_A, MAC_B, MAC_GATEWAY, UP } from "./host.js";
import { macBytes, TCP } from "./packets.js";

/** A packet is so many words: port that it goes in or out by, source, destination, raw ports, protocol with TCP flags above. */
export const WORDS = 5;
export const PORT = 0,
  SRC = 1,
  DST = 2,
  PORTS = 3;
const KIND = 4;
const ROOM = 1 << 14;
const VNET = 10,
  ETHERNET = 14,
  TCP_SIZE = 40,
  UDP_SIZE = 28;
const DEFAULT_RANGE = { masqueradeFirst: 10_240, masqueradeLast: 32_767 };

class WordIo implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(1024 * DESCRIPTOR);
  readonly clock = Int32Array.of(1000, 0, 0, 0);
  readonly in = new Int32Array(ROOM * WORDS);
  readonly out = new Int32Array(ROOM * WORDS);
  inCount = 0;
  outCount = 0;
  private read = 0;
  /** By port: the words of its Ethernet header, of which the first half is the frame's first two bytes. */
  private readonly ethernet = [UP, A, B].map((port) => ethernetHalves(port));

  constructor(private readonly memory: PacketMemory) {
    this.rx = new Int32Array(memory.slots * DESCRIPTOR);
  }

  get pending(): boolean {
    return this.read < this.inCount;
  }

  receive(): number {
    const { words, halves, slots } = this.memory;
    const count = Math.min(slots, this.inCount - this.read);
    for (let i = 0; i < count; i++) {
      const from = this.read++ * WORDS;
      const port = this.in[from + PORT]!;
      const kind = this.in[from + KIND]!;
      const ip = (headAt(i) + VNET + ETHERNET) >> 2;
      const size = (kind & 0xff) === TCP ? TCP_SIZE : UDP_SIZE;
      halves.set(this.ethernet[port === UP ? 0 : port === A ? 1 : 2]!, headAt(i) >> 1);
      words[ip] = 0x45 | (rawHalf(size) << 16);
      words[ip + 1] = 0;
      words[ip + 2] = 64 | ((kind & 0xff) << 8);
      words[ip + 3] = this.in[from + SRC]!;
      words[ip + 4] = this.in[from + DST]!;
      words[ip + 5] = this.in[from + PORTS]!;
      words[ip + 6] = size === TCP_SIZE ? 0 : rawHalf(8);
      words[ip + 8] = 0x50 | (kind & 0xff00);
      let sum = 0;
      for (let half = ip << 1; half < (ip << 1) + 10; half++) sum += halves[half]!;
      sum = (sum & 0xffff) + (sum >> 16);
      halves[(ip << 1) + 5] = ~((sum & 0xffff) + (sum >> 16));
      this.rx[i * DESCRIPTOR] = port;
      this.rx[i * DESCRIPTOR + 1] = VNET + ETHERNET + size;
      this.rx[i * DESCRIPTOR + 2] = -1;
    }
    if (!this.pending) {
      this.inCount = 0;
      this.read = 0;
    }
    return count;
  }

  transmit(count: number): number {
    const { words } = this.memory;
    for (let k = 0; k < count; k++) {
      const ip = (this.tx[k * DESCRIPTOR + 2]! + VNET + ETHERNET) >> 2;
      const to = this.outCount++ * WORDS;
      const proto = (words[ip + 2]! >> 8) & 0xff;
      this.out[to + PORT] = this.tx[k * DESCRIPTOR]!;
      this.out[to + SRC] = words[ip + 3]!;
      this.out[to + DST] = words[ip + 4]!;
      this.out[to + PORTS] = words[ip + 5]!;
      this.out[to + KIND] = proto === TCP ? proto | (words[ip + 8]! & 0xff00) : proto;
    }
    return 0;
  }

  addPort(): void {}

  addRing(): void {}

  removePort(): void {}
}

/** Virtio-net and Ethernet header of a frame that comes in by this port. */
function ethernetHalves(port: number): Uint16Array {
  const bytes = new Uint8Array(VNET + ETHERNET);
  bytes.set(macBytes(MAC_GATEWAY), VNET);
  bytes.set(macBytes(port === B ? MAC_B : MAC_A), VNET + 6);
  bytes[VNET + 12] = 8;
  return new Uint16Array(bytes.buffer);
}

export class Traffic {
  readonly state: State;
  readonly commands: Commands;
  private readonly memory = new PacketMemory();
  private readonly io = new WordIo(this.memory);
  private readonly counters = createCounters();
  private readonly engine: Engine;

  constructor(options: Partial<StateOptions> = {}) {
    this.state = new State({
      conntrackMax: 262_144,
      bypass: true,
      routing: new FakeRouting(...defaults(HOST_IP)),
      ...DEFAULT_RANGE,
      ...options,
    });
    this.commands = new Commands(this.state, this.io, this.counters, {
      tell() {},
      watch() {},
      openFlowMap: () => ({ lookup: () => false, put: (_, __, count) => count, delete() {} }),
      mapOrder: () => new ArrayBuffer(0),
      readFormer: () => [],
      openStationPairs: () => ({ put: (_keys, _values, count) => count, delete: () => {} }),
    });
    for (const message of hostMessages()) this.commands.carryOut(message);
    this.engine = new Engine(this.io, this.memory, this.state, this.counters, this.commands);
  }

  get now(): number {
    return this.io.clock[0]!;
  }

  set now(second: number) {
    this.io.clock[0] = second;
  }

  /** Another packet that waits to come in. */
  put(port: number, src: number, dst: number, ports: number, kind: number): void {
    const at = this.io.inCount++ * WORDS;
    const to = this.io.in;
    to[at + PORT] = port;
    to[at + SRC] = src;
    to[at + DST] = dst;
    to[at + PORTS] = ports;
    to[at + KIND] = kind;
  }

  /** Lets all that waits come in; what the engine sends is in `out`, so many packets. */
  run(): number {
    this.io.outCount = 0;
    do this.engine.turn(0, 0);
    while (this.io.pending || this.state.conntrack.behind);
    return this.io.outCount;
  }

  get out(): Int32Array {
    return this.io.out;
  }

  drops(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const port of [UP, A, B]) for (const [name, n] of Object.entries(dropsOf(this.counters, port))) all[name] = (all[name] ?? 0) + n;
    return all;
  }
}
