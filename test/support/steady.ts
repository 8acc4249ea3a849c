/**
 * steady.ts PACKETS [across|shaped]: an engine in its steady state, over a packet input and output that allocates nothing: PACKETS packets of all common
 * kinds, flows that grow old and come anew among them; `across`: of flows whose ends are of different families; `shaped`: of an endpoint with a limited bandwidth. Prints what V8 has to say of garbage collections and deoptimisations meanwhile, a line
 * each, and then one line of JSON. To be bundled, as the worker is, and run with `node --expose-gc`.
 */
import { setFlagsFromString } from "node:v8";
import { State } from "../../src/dataplane/state.js";
import type { PacketIo } from "../../src/device/packet-io.js";
import { Commands } from "../../src/engine/commands.js";
import { createCounters, ROW, TX_PACKETS } from "../../src/engine/counters.js";
import { Engine } from "../../src/engine/engine.js";
import { tuneJit } from "../../src/engine/jit.js";
import { headAt, PacketMemory } from "../../src/mem/packet-memory.js";
import { REFUSED_NO_ROUTE } from "../../src/wire/route-answer.js";
import { CLIENT6, dualMessages, GATEWAY6, HOST_IP6, IP6_A, TO_A6 } from "./dual-host.js";
import {
  A,
  B,
  CLIENT,
  GATEWAY,
  HOST_IP,
  hostMessages,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  MAC_UP,
  MASQUERADE_FIRST,
  MASQUERADE_LAST,
  PUBLISHED,
  raw,
  rule,
  SERVER,
  TARGET,
  UP,
} from "./host.js";
import * as p from "./packets.js";

export interface Steady {
  sent: number;
  /** Flows opened and grown old since the start. */
  created: number;
  expired: number;
  /** Of the heap, bytes. */
  growth: number;
  /** Microseconds a batch: p50, p99, p99.9, the longest; of as many packets again, with a clock read around each batch. */
  batchUs: [p50: number, p99: number, p999: number, max: number];
}

const WARM_UP = 3_000_000;
/** So small that hashes collide all the time: what had never happened before would be compiled anew when it does. */
const TABLE = 16;
const CLOCK_STEP_SEC = 10_000,
  TURNS_A_STEP = 100;

const up = (d: Uint8Array): [number, Uint8Array] => [UP, p.frame(MAC_UP, MAC_A, d)];
const out = (d: Uint8Array): [number, Uint8Array] => [A, p.frame(MAC_GATEWAY, MAC_A, d)];
const toHost = { src: CLIENT, dst: HOST_IP },
  toClient = { src: IP_A, dst: CLIENT };

/** [port, frame] of all common kinds, in the order in which a flow sends them. */
const FRAMES: [number, Uint8Array][] = [
  // A connection that opens, carries data, closes, and opens anew.
  up(p.tcp(toHost, { sport: 1, dport: PUBLISHED, flags: p.SYN })),
  out(p.tcp(toClient, { sport: TARGET, dport: 1, flags: p.SYN | p.ACK })),
  up(p.tcp(toHost, { sport: 1, dport: PUBLISHED, data: p.payload(100) })),
  p.partial(out(p.tcp(toClient, { sport: TARGET, dport: 1, data: p.payload(1400) }))[1], p.GSO_TCPV4, 500),
  up(p.tcp(toHost, { sport: 1, dport: PUBLISHED, flags: p.FIN | p.ACK })),
  out(p.tcp(toClient, { sport: TARGET, dport: 1, flags: p.FIN | p.ACK })),
  // One that stays.
  up(p.tcp(toHost, { sport: 2, dport: PUBLISHED, flags: p.SYN })),
  out(p.tcp(toClient, { sport: TARGET, dport: 2, flags: p.SYN | p.ACK })),
  up(p.tcp(toHost, { sport: 2, dport: PUBLISHED })),
  up(p.udp(toHost, { sport: 1, dport: PUBLISHED })),
  out(p.udp(toClient, { sport: TARGET, dport: 1 })),
  out(p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 53 })),
  out(p.tcp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 80, flags: p.SYN })),
  out(p.echo({ src: IP_A, dst: SERVER }, 7)),
  out(p.udp({ src: IP_A, dst: SERVER, ttl: 1 }, { sport: 1, dport: 33434 })),
  [B, p.frame(MAC_GATEWAY, MAC_B, p.tcp({ src: IP_B, dst: HOST_IP }, { sport: 1, dport: PUBLISHED, flags: p.SYN }))],
  up(p.icmpError({ src: SERVER, dst: HOST_IP }, p.PORT_UNREACHABLE, p.tcp({ src: HOST_IP, dst: CLIENT }, { sport: PUBLISHED, dport: 2 }))),
  // The bridge.
  [A, p.frame(MAC_B, MAC_A, p.tcp({ src: IP_A, dst: IP_B }, { sport: 1, dport: 2 }))],
  [A, p.frame(p.BROADCAST, MAC_A, p.payload(50), 0x86dd)],
  [A, p.arpFrame(p.BROADCAST, { senderMac: MAC_A, senderIp: IP_A, targetIp: "172.17.0.1" })],
  // What is dropped.
  up(p.tcp(toHost, { sport: 3, dport: 1, flags: p.SYN })),
  [UP, p.frame(MAC_UP, MAC_A, p.payload(40), 0x86dd)],
].map((f) => (f instanceof Uint8Array ? [A, f] : f) as [number, Uint8Array]);

/** Flows across the families: opened, answered, and gone on with in both directions, in segments and datagrams. The host has one port for each target. */
function acrossFrames(client: string, host: string, target: string, gateway: string): [number, Uint8Array][] {
  const isIpv6 = (ip: string): boolean => ip.includes(":");
  const [to, back] = [
    { src: client, dst: host },
    { src: target, dst: gateway },
  ];
  const [gsoIn, gsoOut] = [client, target].map((ip) => (isIpv6(ip) ? p.GSO_TCPV6 : p.GSO_TCPV4));
  const mapped = MASQUERADE_FIRST;
  const [toHost, toTarget] = [
    { sport: 1, dport: PUBLISHED },
    { sport: TARGET, dport: mapped },
  ];
  return [
    up(p.tcp(to, { ...toHost, flags: p.SYN })),
    out(p.tcp(back, { ...toTarget, flags: p.SYN | p.ACK })),
    up(p.tcp(to, { ...toHost, data: p.payload(100) })),
    out(p.tcp(back, { ...toTarget, data: p.payload(1400) })),
    [UP, p.partial(up(p.tcp(to, { ...toHost, data: p.payload(1900) }))[1], gsoIn, 500)],
    [A, p.partial(out(p.tcp(back, { ...toTarget, data: p.payload(1900) }))[1], gsoOut, 500)],
    up(p.udp(to, toHost)),
    out(p.udp(back, toTarget)),
    out(p.udp(back, { ...toTarget, data: p.payload(300) })),
  ];
}

const ACROSS = [acrossFrames(CLIENT6, HOST_IP6, IP_A, GATEWAY), acrossFrames(CLIENT, HOST_IP, IP6_A, GATEWAY6)].flat();

/** Reproducible, and without a number that has a fraction, which would be allocated. */
function xorshift(): () => number {
  let n = 1;
  return () => {
    n ^= n << 13;
    n ^= n >>> 17;
    n ^= n << 5;
    return n;
  };
}

/** Gives the same frames over and over, each a whole batch of one kind and then all kinds mixed; throws away what is sent. */
class Loop implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(1024 * 4);
  readonly clock = new Int32Array(16).fill(1000, 0, 1);
  private at = 0;
  private turns = 0;

  constructor(
    private readonly memory: PacketMemory,
    private readonly frames: [number, Uint8Array][],
  ) {
    this.rx = new Int32Array(memory.slots * 4);
  }

  receive(): number {
    const mixed = (this.turns & 1) === 0;
    if (!mixed) this.at = (this.at + 1) % this.frames.length;
    for (let i = 0; i < this.memory.slots; i++) {
      if (mixed) this.at = (this.at + 1) % this.frames.length;
      const [port, bytes] = this.frames[this.at]!;
      this.memory.bytes.set(bytes, headAt(i));
      this.rx[i * 4] = port;
      this.rx[i * 4 + 1] = bytes.length;
      this.rx[i * 4 + 2] = -1;
    }
    if (this.turns % 10 === 0) this.clock[1] = (this.clock[1]! + 1_000_000) % 1_000_000_000;
    if (++this.turns % TURNS_A_STEP === 0) this.clock[0] = this.clock[0]! + CLOCK_STEP_SEC; // every flow and learned station grows old, and comes anew
    return this.memory.slots;
  }

  transmit(): number {
    return 0;
  }

  addPort(): void {}

  addRing(): void {}

  removePort(): void {}
}

const OWN = raw(HOST_IP);

tuneJit(); // as a worker does
const packets = Number(process.argv[2]);
const isAcross = process.argv[3] === "across";
/** A may send and be sent 10 Mbit/s; the clock goes on by a millisecond in ten turns, so that frames go at once, wait, go later and are dropped. */
const isShaped = process.argv[3] === "shaped";
const memory = new PacketMemory();
const state = new State({
  conntrackMax: TABLE,
  masqueradeFirst: MASQUERADE_FIRST,
  masqueradeLast: isAcross ? MASQUERADE_FIRST : MASQUERADE_LAST,
  random: xorshift(),
  routing: { device: 2, source6: new Int32Array(4), ask: () => OWN, ask6: () => REFUSED_NO_ROUTE },
  bypass: true,
});
const counters = createCounters();
const io = new Loop(memory, isAcross ? ACROSS : FRAMES);
const commands = new Commands(state, io, counters, {
  tell() {},
  watch() {},
  openFlowMap: () => ({ lookup: () => false, put: (_, __, count) => count, delete() {} }),
  mapOrder: () => new ArrayBuffer(0),
  readFormer: () => [],
  openStationPairs: () => ({ put: (_keys, _values, count) => count, delete: () => {} }),
});
for (const message of [...hostMessages(), ...(isAcross ? dualMessages() : [])]) commands.carryOut(message);
if (isAcross) {
  commands.carryOut({ type: "withdraw", id: 0 });
  for (const [k, proto] of [p.TCP, p.UDP].entries()) {
    commands.carryOut({ type: "publish", id: 1 + k, rule: rule({ proto, hostIp: "::" }) });
    commands.carryOut({ type: "publish", id: 3 + k, rule: rule({ ...TO_A6, proto, hostIp: "0.0.0.0" }) });
  }
} else commands.carryOut({ type: "publish", id: 1, rule: rule({ proto: p.UDP }) });
if (isShaped) state.shaper.set(A, { egress: { rate: 10e6, burst: 1e5 }, ingress: { rate: 10e6, burst: 1e5 } });
const engine = new Engine(io, memory, state, counters, commands);

function run(count: number): void {
  for (let done = 0; done < count; ) done += engine.turn(0, 0);
}

function timed(count: number): Float64Array {
  const times = new Float64Array(Math.ceil(count / memory.slots));
  for (let k = 0; k < times.length; k++) {
    const start = performance.now();
    engine.turn(0, 0);
    times[k] = (performance.now() - start) * 1000;
  }
  return times.sort();
}

run(WARM_UP);
(globalThis as { gc?: () => void }).gc!();
const before = process.memoryUsage().heapUsed;
setFlagsFromString("--trace-gc");
setFlagsFromString("--trace-deopt");
run(packets);
setFlagsFromString("--no-trace-gc");
setFlagsFromString("--no-trace-deopt");
const growth = process.memoryUsage().heapUsed - before;
const times = timed(packets);
const at = (share: number): number => times[Math.min(Math.floor(times.length * share), times.length - 1)]!;
let sent = 0;
for (let port = 0; port < state.ports.end; port++) sent += counters[port * ROW + TX_PACKETS]!;
const { expired } = state;
const { created } = state.conntrack;
console.log(JSON.stringify({ sent, created, expired, growth, batchUs: [at(0.5), at(0.99), at(0.999), at(1)] } satisfies Steady));
