/**
 * Two nodes of an encrypted network, and somebody on the way who reads, keeps, changes, cuts, mixes and repeats what they send each other, while their keys
 * change. Whatever he does: no engine throws; an endpoint gets nothing but what the other one has sent, as it was, and once; and all that leaves a node
 * is sealed. What he leaves alone arrives. Everything follows from the seed.
 */
import { SETTLED_MS } from "../../../src/control/network/key-ring.js";
import type { PacketMemory } from "../../../src/mem/packet-memory.js";
import type { Sealer } from "../../../src/mem/sealer.js";
import { arriving, E, IP_E, IP_R, MAC_E, MAC_R, OTHERS, TUNNEL } from "../../support/overlay.js";
import * as p from "../../support/packets.js";
import { Random } from "../../support/random.js";
import { datagrams, SealedNode } from "../../support/sealed-pair.js";

/** Datagrams of the past that he still has. */
const KEPT = 300;
const SEALED = 0x80;
const HEADER = 16,
  TAG = 16;
/** Before the identifier of what an endpoint has sent: Ethernet, IPv4, UDP or TCP. */
const ID_AT = { [p.UDP]: p.VNET + 14 + 20 + 8, [p.TCP]: p.VNET + 14 + 20 + 20 } as Record<number, number>;
const SIZES = [4, 5, 40, 200, 900, 1366, 1400];

interface Heard {
  from: Side;
  bytes: Uint8Array;
}

type Side = "a" | "b";

export interface SealedOptions {
  /** Default: that of the tests. */
  sealer?: (memory: PacketMemory) => Sealer;
}

export class SealedRun {
  /** Datagrams that he has sent; those of them that nobody had changed; frames that endpoints got. */
  datagrams = 0;
  genuine = 0;
  delivered = 0;
  private readonly random: Random;
  private readonly nodes: Record<Side, SealedNode>;
  private readonly heard: Heard[] = [];
  /** Payload by identifier, of what was sent and has not come. */
  private readonly expected: Record<Side, Map<number, string>> = { a: new Map(), b: new Map() };
  private nextId = 1;
  private now = 0;

  constructor(seed: number, { sealer }: SealedOptions = {}) {
    this.random = new Random(seed);
    const aes = this.random.below(2) === 0;
    const options = { aes, now: () => this.now, ...(sealer && { sealer }) };
    this.nodes = {
      a: new SealedNode("192.0.2.1", MAC_E, IP_E, { ...options, datagrams: this.random.below(3) > 0 }),
      b: new SealedNode("192.0.2.2", MAC_R, IP_R, { ...options, datagrams: this.random.below(3) > 0 }),
    };
    this.meet();
  }

  /** Drops by reason, of both. */
  reasons(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const { d } of [this.nodes.a, this.nodes.b])
      for (const port of [TUNNEL, E, OTHERS]) for (const [name, n] of Object.entries(d.drops(port))) sum[name] = (sum[name] ?? 0) + n;
    return sum;
  }

  /** One thing that happens; null, or what is wrong. */
  step(): string | null {
    try {
      const what = this.random.below(40);
      if (what === 0) return this.rekey(this.random.pick(["a", "b"]));
      if (what < 16) return this.exchange(this.random.pick(["a", "b"]));
      return this.attack();
    } catch (error) {
      return `throws ${(error as Error).stack}`;
    }
  }

  /** Both know each other's keys: then what one sends reaches the other, whatever was before. */
  end(): string | null {
    this.meet();
    for (const from of ["a", "b"] as const) {
      const before = this.delivered;
      const wrong = this.exchange(from, false);
      if (wrong !== null) return wrong;
      if (this.delivered === before) return "what was left alone does not arrive in the end";
    }
    this.close();
    return null;
  }

  close(): void {
    for (const { ring } of [this.nodes.a, this.nodes.b]) ring.close();
  }

  private meet(): void {
    const { a, b } = this.nodes;
    a.ring.told();
    b.ring.told();
    a.know(b);
    b.know(a);
  }

  private rekey(side: Side): null {
    const { ring } = this.nodes[side];
    if (ring.canRotate) ring.rotate();
    this.meet();
    this.now += this.random.pick([0, 1000, SETTLED_MS]);
    for (const node of [this.nodes.a, this.nodes.b]) node.ring.settle();
    return null;
  }

  /** An endpoint sends, and the other gets all of it. */
  private exchange(from: Side, mayLose = true): string | null {
    const to = from === "a" ? "b" : "a";
    const before = this.expected[from].size;
    const written = this.nodes[from].send(this.frame(from));
    const count = this.expected[from].size - before;
    for (const bytes of written) {
      const all = datagrams(bytes);
      if (all.some((each) => each[0] !== SEALED)) return "something leaves that is not sealed";
      for (const each of all) this.keep({ from, bytes: each.slice() });
    }
    if (mayLose && this.random.below(4) === 0) return null; // it is lost, or comes later
    this.datagrams += count;
    this.genuine += count;
    const got = this.delivered;
    const wrong = this.take(to, from, written);
    if (wrong !== null) return wrong;
    return this.delivered - got === count ? null : `of ${count} that were left alone ${this.delivered - got} arrive`;
  }

  private keep(heard: Heard): void {
    if (this.heard.length < KEPT) this.heard.push(heard);
    else this.heard[this.random.below(KEPT)] = heard;
  }

  /** What the endpoint sends next: a packet, or several segments in one frame, each with a number of its own. */
  private frame(from: Side): Uint8Array {
    const { random } = this;
    const [src, dst, mac, own] = from === "a" ? [IP_E, IP_R, MAC_R, MAC_E] : [IP_R, IP_E, MAC_E, MAC_R];
    const size = random.pick(SIZES);
    const parts = random.below(3) === 0 ? 1 + random.below(30) : 1;
    const data = p.join(
      ...Array.from({ length: parts }, (_, n) => this.numbered(from, n === parts - 1 ? Math.min(size, 4 + random.below(size)) : size)),
    );
    const ports = { sport: 40000 + random.below(4), dport: 80 };
    const body =
      parts === 1 && random.below(2) === 0
        ? p.tcp({ src, dst }, { ...ports, seq: random.int32() >>> 0, data })
        : p.udp({ src, dst }, { ...ports, data });
    const frame = p.frame(mac, own, body);
    return parts === 1 ? frame : p.partial(frame, p.GSO_UDP_L4, size);
  }

  private numbered(from: Side, size: number): Uint8Array {
    const id = this.nextId++;
    const bytes = Uint8Array.from({ length: size }, () => this.random.below(256));
    new DataView(bytes.buffer).setUint32(0, id);
    this.expected[from].set(id, p.hex(bytes));
    return bytes;
  }

  /** Gives the node what came from the other, as it says, and judges what its endpoint gets. */
  private take(to: Side, from: Side, written: Uint8Array[]): string | null {
    const expected = this.expected[from];
    for (const frame of this.nodes[to].receive(...written)) {
      const at = ID_AT[frame[p.VNET + 14 + 9]!];
      if (at === undefined || frame.length < at + 4) return "an endpoint gets what nobody has sent";
      const payload = frame.subarray(at);
      const id = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
      if (!expected.has(id)) return `an endpoint gets what nobody has sent, or gets it again (${id})`;
      if (expected.get(id) !== p.hex(payload)) return `an endpoint gets other bytes than were sent (${id})`;
      expected.delete(id);
      this.delivered++;
    }
    return null;
  }

  /** He sends something: changed, cut, from another time, elsewhere, or several in one frame. */
  private attack(): string | null {
    const { random } = this;
    if (this.heard.length === 0) return null;
    const to = random.pick(["a", "b"] as const);
    const from = to === "a" ? "b" : "a";
    const count = random.below(3) === 0 ? 1 + random.below(20) : 1;
    const all = Array.from({ length: count }, () => this.changed(random.pick(this.heard)));
    this.datagrams += count;
    const [src, dst] = [random.below(12) === 0 ? "192.0.2.77" : this.nodes[from].local, this.nodes[to].local];
    // A frame of several datagrams may say anything about where one ends.
    const size = count === 1 ? random.pick([0, 0, 0, 1, 40]) : random.pick([all[0]!.length, all[0]!.length, 1, 39, 40, 41, 1460]);
    const data = p.join(...all);
    const packet = p.udp({ src, dst }, { sport: 50000 + random.below(9), dport: 4789, data: data.subarray(0, 60_000), checksum: size > 0 });
    const header = size === 0 ? {} : { flags: 1, gso: p.GSO_UDP_L4, headers: 42, size, start: 34, field: 6 };
    return this.take(to, from, [arriving(packet, header)]);
  }

  private changed({ bytes }: Heard): Uint8Array {
    const { random } = this;
    const out = bytes.slice();
    const change = random.pick(["none", "none", "header", "byte", "bits", "cut", "longer", "counter", "keys", "plain"]);
    if (change === "header") out[random.below(HEADER)] = random.below(256);
    if (change === "byte") out[random.below(out.length)]! ^= 1 << random.below(8);
    if (change === "bits") for (let n = random.below(20); n >= 0; n--) out[random.below(out.length)] = random.below(256);
    if (change === "cut")
      return out.slice(0, random.pick([0, 1, HEADER - 1, HEADER, HEADER + 8 + TAG - 1, HEADER + 8 + TAG, random.below(out.length)]));
    if (change === "longer") return p.join(out, new Uint8Array(1 + random.below(40)));
    if (change === "counter")
      new DataView(out.buffer).setBigUint64(
        8,
        random.pick([0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n]),
      );
    if (change === "keys") out.set(random.pick(this.heard).bytes.subarray(2, 6), 2);
    if (change === "plain") out.set([8, 0, 0, 0, 1, 0x23, 0x45, 0]);
    return out;
  }
}

/** All follows from the seed; `datagrams`: how many there were at most. */
export interface SealedFailure {
  what: string;
  sealed: number;
  datagrams: number;
}

/** Until `done`; null, or what went wrong. */
export function fuzzSealed(
  seed: number,
  done: (run: SealedRun) => boolean,
  options: SealedOptions = {},
): { run: SealedRun; wrong: string | null } {
  const run = new SealedRun(seed, options);
  let wrong: string | null = null;
  while (wrong === null && !done(run)) wrong = run.step();
  wrong ??= run.end();
  run.close();
  return { run, wrong };
}
