/** The traffic of `traffic.ts` in IPv6: as many flows, as many an address. */
import type { State } from "../../src/dataplane/state.js";
import type { PacketIo } from "../../src/device/packet-io.js";
import { headAt, type PacketMemory } from "../../src/mem/packet-memory.js";
import { EGRESS_RECORD, ESTABLISHED } from "../../src/table/conntrack.js";
import { combine, delta } from "../../src/wire/checksum.js";
import { type IpAddress, parseIp, toBytes } from "../../src/wire/ip-address.js";
import { rawHalf, rawWord, swapPorts } from "../../src/wire/raw.js";
import { clientPort, NOW } from "./traffic.js";

const STRIDE = 7919;
const VNET = 10,
  ETHERNET = 14,
  TCP = 6;
const HOST_IP = parseIp("2001:db8::1")!,
  TARGET = parseIp("fd00::4")!,
  CLIENTS = parseIp("2001:db8:9::")!;
const HOST_PORT = rawHalf(8999),
  TARGET_PORT = rawHalf(8080);
const words = (address: IpAddress): Int32Array => new Int32Array(toBytes(address).buffer);
const [HOST_WORDS, TARGET_WORDS, CLIENT_WORDS] = [HOST_IP, TARGET, CLIENTS].map(words) as [Int32Array, Int32Array, Int32Array];

/** Last word of client k's address: 256 flows an address. */
function clientWord(k: number): number {
  return rawWord(1 + (k >> 8));
}

/** Adds `flows` established flows of one published port. */
export function fill6(state: State, flows: number): void {
  for (let k = 0; k < flows; k++) insertFlow(state, k);
}

function insertFlow(state: State, k: number): void {
  const { addresses, newFlow: flow } = state;
  const client = addresses.intern(CLIENT_WORDS.with(3, clientWord(k)), 0);
  const host = addresses.take(HOST_IP);
  const target = addresses.take(TARGET);
  addresses.hold(client);
  const ports = clientPort(k) | (HOST_PORT << 16);
  const replyPorts = TARGET_PORT | (clientPort(k) << 16);
  flow.proto = TCP;
  flow.state = ESTABLISHED;
  flow.src = client;
  flow.dst = host;
  flow.ports = ports;
  flow.replySrc = target;
  flow.replyDst = client;
  flow.replyPorts = replyPorts;
  flow.egress = EGRESS_RECORD;
  flow.replyEgress = 0;
  flow.mapping = -1;
  flow.addressDelta = combine(addresses.delta(client, client), addresses.delta(host, target));
  flow.allDelta = combine(flow.addressDelta, delta(ports, swapPorts(replyPorts)));
  state.conntrack.insert(flow, NOW);
}

/** As `ResidentIo` of `traffic.ts`. */
export class ResidentIo6 implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(1024 * 4);
  readonly clock = Int32Array.of(NOW, 0, 0);
  private next = 0;
  private readonly second: number;

  /** `len`: of a frame, from the Ethernet header on. */
  constructor(
    readonly memory: PacketMemory,
    private readonly flows: number,
    len: number,
  ) {
    const { slots, bytes, halves, words } = memory;
    this.rx = new Int32Array(slots * 4);
    this.second = rawHalf(len - ETHERNET - 40) | (TCP << 16) | (64 << 24);
    for (let i = 0; i < slots; i++) {
      const ip = headAt(i) + VNET + ETHERNET;
      halves[(ip - 2) >> 1] = 0xdd86;
      words[ip >> 2] = 0x60;
      words.set(CLIENT_WORDS, (ip + ((i & 1) === 0 ? 8 : 24)) >> 2);
      bytes[ip + 40 + 12] = 0x50;
      bytes[ip + 40 + 13] = 0x10; // ACK
      this.rx[i * 4 + 1] = len + VNET;
      this.rx[i * 4 + 2] = -1;
    }
  }

  receive(): number {
    const { flows, memory } = this;
    const { words, slots } = memory;
    let k = this.next;
    for (let i = 0; i < slots; i++) {
      const word = (headAt(i) + VNET + ETHERNET) >> 2;
      const port = clientPort(k);
      words[word + 1] = this.second;
      if ((i & 1) === 0) {
        words[word + 5] = clientWord(k);
        for (let n = 0; n < 4; n++) words[word + 6 + n] = HOST_WORDS[n]!;
        words[word + 10] = port | (HOST_PORT << 16);
      } else {
        for (let n = 0; n < 4; n++) words[word + 2 + n] = TARGET_WORDS[n]!;
        words[word + 9] = clientWord(k);
        words[word + 10] = TARGET_PORT | (port << 16);
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
export function checkTranslated6(io: ResidentIo6): void {
  const { words, slots } = io.memory;
  for (let i = 0; i < slots; i++) {
    const word = (headAt(i) + VNET + ETHERNET) >> 2;
    const at = (i & 1) === 0 ? word + 6 : word + 2;
    const now = (i & 1) === 0 ? TARGET_WORDS : HOST_WORDS;
    if (now.some((part, n) => words[at + n] !== part)) throw new Error(`frame ${i} was not translated`);
  }
}
