/**
 * One fuzzed world: batches of mutated frames through the whole engine. Around every slot that a batch does not use there are guard bytes, tails
 * included; every frame must be sent or counted as a drop; each frame that is sent is judged (`oracle.ts`). Everything follows from the seed.
 */
import { DROPS, dropsOf, ROW } from "../../../src/engine/counters.js";
import { DROPPED } from "../../../src/mem/batch.js";
import { HEAD_SIZE, headAt } from "../../../src/mem/packet-memory.js";
import { DROP_REASONS, DROP_UNTRANSLATABLE } from "../../../src/wire/drop.js";
import { formatIp, ofBytes } from "../../../src/wire/ip-address.js";
import { ipBytes, macBytes } from "../../support/packets.js";
import { Random } from "../../support/random.js";
import { ETH, ICMP, ICMPV6, TCP, UDP, u16, VNET, word } from "./bytes.js";
import { built, captured, type Seed } from "./corpus.js";
import { type FuzzIo, MAX_INPUT } from "./fuzz-io.js";
import { Mutator } from "./mutator.js";
import { Oracle } from "./oracle.js";
import { addressAt } from "./packet.js";
import {
  CLIENTS6,
  type Config,
  ENDPOINTS,
  ETH0,
  HELD,
  HELD_LO,
  HOST_IP,
  HOST_IP6,
  isIn,
  KERNEL_TARGET6,
  LO,
  macOf,
  NETWORKS,
  PORT_COUNT,
  PUBLISHED,
  UP,
  World,
} from "./world.js";

/** One frame, or a command, of a history; what a failure is made of. */
export type Event =
  | { port: number; frame: string }
  | { command: "remove" | "add" | "withdraw" | "publish"; index: number }
  | { clock: number };

/** A batch is a list of events; frames of one batch go in together. */
export interface Failure {
  what: string;
  config: Config;
  batches: Event[][];
}

const IPV4 = 0x0800,
  IPV6 = 0x86dd;
const GUARD = 0xa5;
/** Batches that a failure remembers. */
const HISTORY = 200;
/** Packets that the oracle remembers before the world starts anew. */
const MEMORY = 300_000;
const CORPUS = 3000;
/** The tails are 2 MB: looked at once in so many batches. */
const TAILS_EVERY = 500;
const ADDRESSES = [...ENDPOINTS.values()]
  .map((e) => e.address)
  .concat(
    NETWORKS.map((n) => n.gateway),
    HOST_IP,
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "10.0.0.4",
    "198.51.100.9",
    "203.0.113.80",
  );
const ADDRESSES6 = [...ENDPOINTS.values()]
  .map((e) => e.address6)
  .concat(
    NETWORKS.map((n) => n.gateway6),
    [HOST_IP6, "::1", "::", "ff02::1", "ff05::2", "fe80::9", KERNEL_TARGET6, `${CLIENTS6}9`, "2001:db8:80::80", "::ffff:198.51.100.9"],
  );
const MACS = [...ENDPOINTS.values()]
  .map((e) => macOf(e.address))
  .concat(
    NETWORKS.map((n) => macOf(n.gateway)),
    "ff:ff:ff:ff:ff:ff",
    "01:80:c2:00:00:0e",
    "33:33:00:00:00:01",
  );

export class Run {
  readonly world: World;
  readonly oracle: Oracle;
  frames = 0;
  sent = 0;
  private readonly heads: Uint8Array;
  private readonly cleanHeads: Uint8Array;
  private readonly tails: Uint8Array;
  private readonly cleanTails: Uint8Array;
  private readonly inputLengths: Int32Array;
  private readonly inputPorts: Int32Array;
  private wrong: string | null = null;
  /** Frames of the batch in its life. */
  private count = 0;
  /** Fragments that waited before it. */
  private kept = 0;
  /** What was sent of it. */
  private readonly out: { slot: number; egress: number; at: number; len: number }[] = [];
  private batches = 0;

  constructor(config: Config) {
    this.world = new World(config);
    this.oracle = new Oracle(this.world);
    const { io, memory } = this.world;
    const end = memory.tailAt(0);
    this.heads = memory.bytes.subarray(0, end);
    this.cleanHeads = new Uint8Array(end).fill(GUARD);
    this.tails = memory.bytes.subarray(end).fill(GUARD);
    this.cleanTails = this.tails.slice();
    this.inputLengths = new Int32Array(memory.slots);
    this.inputPorts = new Int32Array(memory.slots);
    const { held } = this.world.state;
    const { fill } = held;
    held.fill = (b, headerSize): number => {
      const n = fill.call(held, b, headerSize);
      for (let slot = 0; slot < n; slot++) this.resumed(slot, b.len[slot]! + headerSize, b.ingress[slot]!, b.tail[slot]!);
      this.count = n;
      this.kept = held.kept;
      return n;
    };
    io.judge = (slot, egress, at, len) => {
      this.sent++;
      if (slot >= this.count) this.wrong ??= "a slot without a frame is sent";
      else this.out.push({ slot, egress, at, len });
    };
  }

  /** Puts a frame into the next batch; its bytes are in `io.input[slot]` already. */
  put(slot: number, len: number, port: number): void {
    const { io } = this.world;
    io.lengths[slot] = len;
    io.ingress[slot] = port === HELD_LO ? HELD : port;
    io.device[slot] = port === HELD ? ETH0 : port === HELD_LO ? LO : 0;
    this.inputLengths[slot] = len;
    this.inputPorts[slot] = port;
    io.count = slot + 1;
  }

  /** A fragment that has waited goes on as if it came only now. */
  private resumed(slot: number, len: number, port: number, tail: number): void {
    const { io, memory } = this.world;
    const inHead = Math.min(len, HEAD_SIZE);
    io.input[slot]!.set(memory.bytes.subarray(headAt(slot), headAt(slot) + inHead));
    if (len > inHead) io.input[slot]!.set(memory.bytes.subarray(memory.tailAt(tail), memory.tailAt(tail) + len - inHead), inHead);
    io.tails[slot] = tail;
    this.inputLengths[slot] = len;
    this.inputPorts[slot] = port;
  }

  /** Runs the batch that was put in, and what has waited for it; null, or what is wrong. */
  turn(): string | null {
    const { held } = this.world.state;
    let wrong = this.once();
    while (wrong === null && held.hasReady) wrong = this.once();
    return wrong;
  }

  /** One turn of the engine. */
  private once(): string | null {
    const { oracle } = this;
    const { engine, io, memory } = this.world;
    const { held } = this.world.state;
    this.count = io.count;
    this.kept = held.kept;
    this.heads.fill(GUARD, headAt(this.count));
    this.out.length = 0;
    this.wrong = null;
    const drops = this.drops();
    const refused = oracle.refused;
    try {
      engine.turn(0, 0);
    } catch (error) {
      return `throws ${(error as Error).stack}`;
    }
    const n = this.count;
    const long = this.inputLengths.subarray(0, n).some((len) => len > HEAD_SIZE);
    this.frames += n;
    if (this.wrong !== null) return this.wrong;
    // Frames lie where they were written until the next batch. They came in by slot, and go out by egress.
    this.out.sort((a, b) => a.slot - b.slot);
    oracle.begin();
    for (let slot = 0; slot < n; slot++) {
      const port = this.inputPorts[slot];
      if (port === HELD || port === HELD_LO) oracle.accept(io.input[slot]!, this.inputLengths[slot]!);
      if (engine.batch.egress[slot] === DROPPED && engine.batch.reason[slot] === DROP_UNTRANSLATABLE)
        oracle.untranslatable(io.input[slot]!, this.inputLengths[slot]!, this.inputPorts[slot]!);
    }
    let out = 0;
    let last = -1;
    for (const { slot, egress, at, len } of this.out) {
      if (slot !== last) out++;
      last = slot;
      const wrong = oracle.judge(io.input[slot]!, this.inputLengths[slot]!, this.inputPorts[slot]!, memory.bytes, at, len, egress);
      if (wrong !== null) return wrong;
    }
    const told = oracle.refused - refused;
    const kept = held.kept - this.kept;
    if (this.drops() - drops !== n - out + told - kept)
      return `of ${n} frames ${out} were sent, ${told} of them as refusals, ${kept} wait, and ${this.drops() - drops} are counted as drops`;
    const spare = headAt(n);
    if (Buffer.compare(this.heads.subarray(spare), this.cleanHeads.subarray(spare)) !== 0)
      return `writes outside of the ${n} slots of a batch`;
    if (this.batches++ % TAILS_EVERY === 0 && !long && Buffer.compare(this.tails, this.cleanTails) !== 0) return "writes into a tail";
    if (long) this.tails.fill(GUARD, 0, 32 * 65_536);
    return null;
  }

  /** Carries out what is no frame. */
  command(event: Exclude<Event, { port: number }>): void {
    const { world, oracle } = this;
    if ("clock" in event) {
      world.io.clock[0] = event.clock;
      return;
    }
    const { command, index } = event;
    if (command === "remove") {
      world.removeEndpoint(index);
      oracle.forgetPort(index);
    } else if (command === "add") world.addEndpoint(index);
    else if (command === "withdraw") {
      world.withdraw(PUBLISHED[index]!);
      oracle.forgetPublished(PUBLISHED[index]!);
    } else world.publish(PUBLISHED[index]!);
  }

  /** Drops so far, by reason. */
  reasons(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (let port = 0; port < PORT_COUNT; port++)
      for (const [name, n] of Object.entries(dropsOf(this.world.counters, port))) sum[name] = (sum[name] ?? 0) + n;
    return sum;
  }

  private drops(): number {
    const { counters } = this.world;
    let n = 0;
    for (let port = 0; port < PORT_COUNT; port++) for (let r = 0; r < DROP_REASONS; r++) n += counters[port * ROW + DROPS + r]!;
    return n;
  }
}

/** Runs the world of `config` until `done`; null, or the failure with what led to it. */
export function fuzz(config: Config, done: (run: Run) => boolean): { run: Run; failure: Failure | null } {
  const random = new Random(config.seed);
  const run = new Run(config);
  const { io, memory } = run.world;
  const seeds = [...built(random, CORPUS, config.ipv6), ...captured()];
  const mutator = new Mutator(random, [...ADDRESSES, ...(config.ipv6 === true ? ADDRESSES6 : [])].map(ipBytes), MACS.map(macBytes));
  const removed = new Set<number>();
  const history = new History(memory.slots);
  let now = 1000;
  const copies: Uint8Array[] = [];
  while (!done(run) && run.oracle.size < MEMORY) {
    const events: Event[] = [];
    if (random.below(200) === 0) {
      const event = command(random, run.world, removed);
      events.push(event);
      run.command(event);
    }
    if (random.below(40) === 0) {
      now += random.pick([1, 2, 30, 300]);
      events.push({ clock: now });
      run.command({ clock: now });
    }
    const n = random.below(4) === 0 ? 1 : 1 + random.below(memory.slots - 1);
    for (let slot = 0; slot < n; slot++) {
      const seed: Seed = random.below(3) === 0 && copies.length > 0 ? answerTo(random, copies) : random.pick(seeds);
      const frame = io.input[slot]!;
      frame.set(seed.frame);
      const len = mutator.mutate(frame, Math.min(seed.frame.length, MAX_INPUT));
      const port = random.below(20) === 0 ? random.below(PORT_COUNT) : seed.port;
      // No frame comes by a port that was removed; most of what is for the host itself by its kernel.
      const accepted = port === UP && isForHost(run.world, frame);
      const held = accepted && random.below(3) > 0 ? random.pick([HELD, HELD, HELD_LO]) : port;
      run.put(slot, len, removed.has(port) ? UP : held);
    }
    history.add(events, io, n);
    const wrong = run.turn();
    if (wrong !== null) return { run, failure: { what: wrong, config, batches: history.batches() } };
    remember(run, copies, random);
  }
  return { run, failure: null };
}

/** Whether the kernel may have delivered the frame to a socket of the host. */
function isForHost(world: World, frame: Uint8Array): boolean {
  if (u16(frame, VNET + 12) === IPV6) {
    const isGroup = frame[VNET + ETH + 24] === 0xff && frame[VNET + ETH + 6] === UDP;
    return world.config.ipv6 === true && (isGroup || world.isLocal(addressAt(frame, VNET + ETH + 24, 16)));
  }
  const dst = word(frame, VNET + ETH + 16);
  return world.isLocal(dst) || ((dst & 0xff) >= 224 && frame[VNET + ETH + 9] === UDP);
}

/** The last batches, as bytes: most are never looked at again. */
class History {
  private readonly ring: { events: Event[]; frames: Uint8Array[]; lengths: Int32Array; ports: Int32Array; count: number }[];
  private next = 0;

  constructor(slots: number) {
    this.ring = Array.from({ length: HISTORY }, () => ({
      events: [],
      frames: Array.from({ length: slots }, () => new Uint8Array(MAX_INPUT)),
      lengths: new Int32Array(slots),
      ports: new Int32Array(slots),
      count: 0,
    }));
  }

  /** Of a batch that is put in and has not run. */
  add(events: Event[], io: FuzzIo, count: number): void {
    const batch = this.ring[this.next++ % HISTORY]!;
    batch.events = events;
    batch.count = count;
    batch.lengths.set(io.lengths);
    for (let slot = 0; slot < count; slot++) batch.ports[slot] = io.device[slot] === LO ? HELD_LO : io.ingress[slot]!;
    for (let slot = 0; slot < count; slot++) batch.frames[slot]!.set(io.input[slot]!.subarray(0, io.lengths[slot]!));
  }

  batches(): Event[][] {
    const order = Array.from(
      { length: Math.min(this.next, HISTORY) },
      (_, i) => this.ring[(Math.max(this.next - HISTORY, 0) + i) % HISTORY]!,
    );
    return order.map(({ events, frames, lengths, ports, count }) => [
      ...events,
      ...Array.from({ length: count }, (_, slot) => ({
        port: ports[slot]!,
        frame: Buffer.from(frames[slot]!.subarray(0, lengths[slot]!)).toString("hex"),
      })),
    ]);
  }
}

/** Keeps some of what was sent, for answers to it, and what has become the other family's. */
function remember(run: Run, copies: Uint8Array[], random: Random): void {
  const { memory, io } = run.world;
  const { at, len, moved } = run.world.engine.batch;
  const some = random.below(16);
  if (some > 0 && !moved) return;
  for (let slot = 0; slot < memory.slots; slot++) {
    if (at[slot] === headAt(slot) ? some > 0 || random.below(2) > 0 : random.below(2) > 0) continue;
    const start = at[slot]!;
    const size = io.lengths[slot] === 0 ? 0 : len[slot]! + VNET;
    const type = u16(memory.bytes, start + VNET + 12);
    if ((type !== IPV4 && type !== IPV6) || size < 70 || start + size > memory.headEnd(slot)) continue;
    const copy = memory.bytes.slice(start, start + size);
    if (copies.length < 256) copies.push(copy);
    else copies[random.below(256)] = copy;
  }
}

/** The packet with its ends exchanged, as if its receiver answered. */
function answerTo(random: Random, copies: Uint8Array[]): Seed {
  const f = random.pick(copies).slice();
  const swap = (a: number, b: number, size: number): void => {
    for (let k = 0; k < size; k++) [f[a + k], f[b + k]] = [f[b + k]!, f[a + k]!];
  };
  const ip = VNET + ETH;
  const isIpv4 = u16(f, VNET + 12) === IPV4;
  const dst = formatIp(ofBytes(f.slice(isIpv4 ? ip + 16 : ip + 24, isIpv4 ? ip + 20 : ip + 40)));
  const port = [...ENDPOINTS].find(([, e]) => e.address === dst || e.address6 === dst)?.[0] ?? 0;
  swap(10, 16, 6);
  if (isIpv4) swap(ip + 12, ip + 16, 4);
  else swap(ip + 8, ip + 24, 16);
  const l4 = isIpv4 ? ip + (f[ip]! & 15) * 4 : ip + 40;
  const proto = f[isIpv4 ? ip + 9 : ip + 6];
  if (proto !== ICMP && proto !== ICMPV6) swap(l4, l4 + 2, 2);
  if (proto === TCP) f[l4 + 13] = random.pick([0x12, 0x10, 0x10, 0x18, 0x11, 0x04]);
  if (proto === ICMP && f[l4] === 8) f[l4] = 0;
  if (proto === ICMPV6 && f[l4] === 128) f[l4] = 129;
  return { port, frame: f };
}

function command(random: Random, world: World, removed: Set<number>): Exclude<Event, { port: number } | { clock: number }> {
  if (random.below(2) === 0) {
    const index = random.pick([...PUBLISHED.keys()].filter((k) => isIn(PUBLISHED[k]!, world.config)));
    return { command: world.published.has(PUBLISHED[index]!) ? "withdraw" : "publish", index };
  }
  const [gone] = removed;
  if (gone !== undefined) {
    removed.delete(gone);
    return { command: "add", index: gone };
  }
  const index = random.pick([...ENDPOINTS.keys()]);
  removed.add(index);
  return { command: "remove", index };
}

/** Runs a history from the start in a new world; null, or what is wrong. */
export function replay({ config, batches }: Pick<Failure, "config" | "batches">): string | null {
  const run = new Run(config);
  const removed = new Set<number>();
  for (const batch of batches) {
    let slot = 0;
    for (const event of batch) {
      if (!("port" in event)) {
        run.command(event);
        if ("command" in event && event.command === "remove") removed.add(event.index);
        if ("command" in event && event.command === "add") removed.delete(event.index);
        continue;
      }
      if (removed.has(event.port)) continue; // of a shortened history
      const bytes = Buffer.from(event.frame, "hex");
      run.world.io.input[slot]!.set(bytes);
      run.put(slot++, bytes.length, event.port);
    }
    const wrong = slot === 0 ? null : run.turn();
    if (wrong !== null) return wrong;
  }
  return null;
}

/** The shortest history found that still goes wrong: fewer batches, then fewer events. The failure itself if none does from a new world. */
export function shorten(failure: Failure): Failure {
  const { config } = failure;
  const fails = (batches: Event[][]): boolean => replay({ config, batches }) !== null;
  let batches = failure.batches;
  for (let n = 1; n < batches.length; n *= 2) {
    if (!fails(batches.slice(-n))) continue;
    batches = batches.slice(-n);
    break;
  }
  if (!fails(batches)) return failure;
  for (let i = batches.length - 1; i >= 0; i--) {
    const without = batches.toSpliced(i, 1);
    if (fails(without)) batches = without;
  }
  for (let i = 0; i < batches.length; i++)
    for (let k = batches[i]!.length - 1; k >= 0; k--) {
      const without = batches.with(i, batches[i]!.toSpliced(k, 1));
      if (fails(without)) batches = without;
    }
  return { what: replay({ config, batches })!, config, batches: batches.filter((b) => b.length > 0) };
}
