/**
 * An engine on `MemoryIo` with the host of `host.ts` around it. What goes in are frames as `packets.ts` builds them; what comes out is what
 * the engine sent.
 */
import { expect } from "vitest";
import { State, type StateOptions } from "../../src/dataplane/state.js";
import { MemoryIo, type SentFrame } from "../../src/device/memory-io.js";
import { createCounters, DROPS, dropsOf, ROW } from "../../src/engine/counters.js";
import { Engine } from "../../src/engine/engine.js";
import { Offload } from "../../src/engine/offload.js";
import { PacketMemory } from "../../src/mem/packet-memory.js";
import { DROP_REASONS } from "../../src/wire/drop.js";
import { recordAsEmit } from "./flow-map.js";
import {
  A,
  addPort,
  B,
  HOST_PORT,
  MAC_A,
  MAC_B,
  MAC_C,
  MAC_GATEWAY,
  MAC_UP,
  MASQUERADE_FIRST,
  MASQUERADE_LAST,
  NET,
  setUpHost,
  UP,
} from "./host.js";
import { frame, hex, type Parsed, parse, wrongIn } from "./packets.js";
import { Random } from "./random.js";

export * from "./host.js";

/** Source address that the uplink's frames have; not looked at. */
const MAC_ANY = "02:11:22:33:44:55";

export class Dataplane {
  readonly memory = new PacketMemory();
  readonly io = new MemoryIo(this.memory);
  readonly state: State;
  readonly counters = createCounters();
  readonly engine: Engine;
  readonly gone: [port: number, errno: number][] = [];
  /** Steering entries that the engine wanted forgotten: source, destination, ports, protocol. */
  readonly forgotten: number[][] = [];
  /** Offloaded flows in the steering's `flows` map, keys and values in hex. */
  readonly flowMap = new Map<string, string>();
  readonly offload: Offload;

  constructor(options: Partial<StateOptions> = {}) {
    this.state = new State({
      conntrackMax: 1024,
      masqueradeFirst: MASQUERADE_FIRST,
      masqueradeLast: MASQUERADE_LAST,
      random: new Random(1).next,
      ...options,
    });
    const { state } = this;
    setUpHost(state);
    for (const port of [UP, HOST_PORT, A, B]) this.io.addPort(port);
    this.offload = new Offload(state, (key, value) => {
      const found = this.flowMap.get(hex(key));
      if (found !== undefined) value.set(Buffer.from(found, "hex"));
      return found !== undefined;
    });
    this.engine = new Engine(this.io, this.memory, state, this.counters, {
      portGone: (port, errno) => this.gone.push([port, errno]),
      forget: () => {
        for (let i = 0; i < state.forgotten; i++) {
          const key = state.forget.slice(i * 4, i * 4 + 4);
          this.forgotten.push([...key]);
          this.flowMap.delete(hex(new Uint8Array(key.buffer)));
        }
        state.forgotten = 0;
      },
      settle: (id) => this.offload.settle(id),
    });
    this.io.clock[0] = 1000;
  }

  /** As the worker does at the control side's word. */
  addPort(port: number, kind: number, mac: string, address = "0.0.0.0", network = NET): void {
    addPort(this.state, port, kind, mac, address, network);
    this.io.addPort(port);
  }

  /** Lets the clock stand at `sec` and the engine have turns until all it was given is done. */
  at(sec: number): void {
    this.io.clock[0] = sec;
    this.run();
  }

  get now(): number {
    return this.io.clock[0]!;
  }

  run(): SentFrame[] {
    do this.engine.turn(0, 0);
    while (this.io.pending > 0);
    const sent = this.io.sent.splice(0);
    for (const { port, bytes } of sent) if (port === UP) recordAsEmit(this.flowMap, bytes);
    return sent;
  }

  /** A frame comes in at `port`; what the engine sends. */
  send(port: number, bytes: Uint8Array): SentFrame[] {
    this.io.put(port, bytes);
    return this.run();
  }

  /** An IPv4 datagram comes in by the uplink. */
  fromUplink(datagram: Uint8Array): SentFrame[] {
    return this.send(UP, frame(MAC_UP, MAC_ANY, datagram));
  }

  /** An endpoint sends an IPv4 datagram by its gateway. */
  fromEndpoint(port: number, datagram: Uint8Array): SentFrame[] {
    return this.send(port, frame(MAC_GATEWAY, port === A ? MAC_A : port === B ? MAC_B : MAC_C, datagram));
  }

  drops(port: number): Record<string, number> {
    return dropsOf(this.counters, port);
  }

  /** All drops of all ports. */
  dropTotal(): number {
    let n = 0;
    for (let port = 0; port < 8; port++) for (let r = 0; r < DROP_REASONS; r++) n += this.counters[port * ROW + DROPS + r]!;
    return n;
  }

  count(port: number, what: number): number {
    return this.counters[port * ROW + what]!;
  }
}

/** The one frame that was sent: where to, and what is in it. Its checksums verify by a full recompute. */
export function only(sent: SentFrame[]): Parsed & { port: number; bytes: Uint8Array } {
  expect(sent).toHaveLength(1);
  expect(wrongIn(sent[0]!.bytes)).toEqual([]);
  return { ...parse(sent[0]!.bytes), port: sent[0]!.port, bytes: sent[0]!.bytes };
}
