/**
 * An engine on `MemoryIo` with the host of `host.ts` around it. What goes in are frames as `packets.ts` builds them; what comes out is what
 * the engine sent.
 */

import assert from "node:assert/strict";
import { State, type StateOptions } from "../../src/dataplane/state.js";
import { MemoryIo, type SentFrame } from "../../src/device/memory-io.js";
import { Commands } from "../../src/engine/commands.js";
import { createCounters, DROPS, dropsOf, ROW } from "../../src/engine/counters.js";
import { Engine } from "../../src/engine/engine.js";
import type { FromWorker, ToWorker } from "../../src/engine/messages.js";
import type { FlowRow } from "../../src/engine/views.js";
import { PacketMemory } from "../../src/mem/packet-memory.js";
import type { FlowFile } from "../../src/table/flow-file.js";
import { MAX_PORTS } from "../../src/table/ports.js";
import { DROP_REASONS } from "../../src/wire/drop.js";
import { ACROSS_VALUE_SIZE, FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../../src/wire/flow-entry.js";
import { STATION_PAIR_KEY_SIZE, STATION_PAIR_VALUE_SIZE } from "../../src/wire/station-pair.js";
import { defaults, FakeRouting } from "../table/fake-routing.js";
import { enterAsEmit } from "./flow-map.js";
import {
  A,
  addPort,
  B,
  HELD_PORT,
  HOST_IP,
  hostMessages,
  MAC_A,
  MAC_B,
  MAC_C,
  MAC_GATEWAY,
  MAC_UP,
  MASQUERADE_FIRST,
  MASQUERADE_LAST,
  type RuleOptions,
  rule,
  UP,
} from "./host.js";
import { frame, hex, type Parsed, parse, wrongIn } from "./packets.js";
import { Random } from "./random.js";

export * from "./host.js";

/** Source address that the uplink's frames have; not looked at. */
const MAC_ANY = "02:11:22:33:44:55";
const ACROSS_FD = 5;

export class Dataplane {
  readonly io: MemoryIo;
  readonly state: State;
  /** What the host's kernel says of ways out, if no other routing was given. */
  readonly hostRouting = new FakeRouting(...defaults(HOST_IP));
  readonly counters = createCounters();
  readonly engine: Engine;
  readonly commands: Commands;
  /** What the worker would have told the control side. */
  readonly told: FromWorker[] = [];
  /** Steering entries that the engine wanted forgotten: source, destination (four words each, of IPv6), ports, protocol. */
  readonly forgotten: number[][] = [];
  /** What the engine has entered into the steering's maps `flows` and `flows6`, keys and values in hex. */
  readonly flowMap = new Map<string, string>();
  /** Keys of those, one for each time that an entry was written. */
  readonly flowsWritten: string[] = [];
  /** Whether the kernel refuses an entry with this key, in hex: of those maps, of `across`, or of `station_pairs`. */
  refuses: (key: string) => boolean = () => false;
  /** The same of the map `across`. */
  readonly acrossMap = new Map<string, string>();
  /** What the engine has entered in the steering's map `station_pairs`, keys and values in hex. */
  readonly stationPairs = new Map<string, string>();
  private rules = 1;

  /** `former`: what a process before this one left; its flows wait for the message "adopt". */
  constructor(
    options: Partial<StateOptions> = {},
    former: FlowFile[] = [],
    readonly memory = new PacketMemory(),
  ) {
    this.io = new MemoryIo(memory);
    this.state = new State({
      conntrackMax: 1024,
      masqueradeFirst: MASQUERADE_FIRST,
      masqueradeLast: MASQUERADE_LAST,
      random: new Random(1).int32,
      bypass: true, // most tests open flows with what comes by the uplink
      awaitsFormer: former.length > 0,
      routing: this.hostRouting,
      ...options,
    });
    this.commands = new Commands(this.state, this.io, this.counters, {
      tell: (message) => this.told.push(message),
      watch: () => {},
      openFlowMap: (fd, family) => ({
        lookup: (key, value) => {
          const found = this.flowMap.get(hex(key));
          if (found !== undefined) value.set(Buffer.from(found, "hex"));
          return found !== undefined;
        },
        put: (keys, values, count) => this.putFlows(keys, values, count, fd === ACROSS_FD ? "across" : family),
        delete: (keys, count) => this.deleteFlows(keys, count, family),
      }),
      mapOrder: () => new ArrayBuffer(0),
      openStationPairs: () => ({
        put: (keys, values, count) => {
          for (let k = 0; k < count; k++) {
            const key = hex(keys.subarray(k * STATION_PAIR_KEY_SIZE, (k + 1) * STATION_PAIR_KEY_SIZE));
            if (this.refuses(key)) return k;
            this.stationPairs.set(key, hex(values.subarray(k * STATION_PAIR_VALUE_SIZE, (k + 1) * STATION_PAIR_VALUE_SIZE)));
          }
          return count;
        },
        delete: (keys, count) => {
          for (let k = 0; k < count; k++)
            this.stationPairs.delete(hex(keys.subarray(k * STATION_PAIR_KEY_SIZE, (k + 1) * STATION_PAIR_KEY_SIZE)));
        },
      }),
      readFormer: () => former,
    });
    this.engine = new Engine(this.io, this.memory, this.state, this.counters, this.commands);
    const { offloads: ipv4, offloads6 } = this.state;
    const offload = { ipv4, ipv6: offloads6 };
    this.say(...hostMessages(), {
      type: "steering",
      offload,
      flowsFd: 3,
      flows6Fd: 4,
      acrossFd: ACROSS_FD,
      orderFd: -1,
      uplinkDevice: 7,
      isNew: true,
    });
    this.io.clock[0] = 1000;
  }

  /** The control side says something. */
  say(...messages: ToWorker[]): void {
    this.engine.finish(); // as the worker does
    for (const message of messages) this.commands.carryOut(message);
  }

  /** From now on the host has a default route for each of these source addresses, and no other. */
  route(...sources: string[]): void {
    this.hostRouting.replace(defaults(...sources));
    this.say({ type: "routes" });
  }

  addPort(port: number, kind: number, mac: string, address?: string, network?: number): void {
    this.say(addPort(port, kind, mac, address, network));
  }

  /** Publishes `rule(options)`; its number. */
  publish(options?: Partial<RuleOptions>): number {
    const id = this.rules++;
    this.say({ type: "publish", id, rule: rule(options) });
    return id;
  }

  withdraw(id: number): void {
    this.say({ type: "withdraw", id });
  }

  /** What `tsproxy flows` would show. */
  flows(): FlowRow[] {
    this.say({ type: "query", id: 0, what: "flows" });
    const answer = this.told.pop();
    return (answer as Extract<FromWorker, { type: "answer" }>).value as FlowRow[];
  }

  /** Ports that the engine said are gone. */
  get gone(): [port: number, errno: number][] {
    return this.told.flatMap((m): [number, number][] => (m.type === "port-gone" ? [[m.port, m.errno]] : []));
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
    while (this.io.pending > 0 || this.state.held.hasReady || this.state.datagramsIn?.hasReady || this.state.announcements.due);
    const sent = this.io.sent.splice(0);
    for (const { port, bytes } of sent) if (port === UP) enterAsEmit(this.flowMap, bytes, this.state.order.isKept);
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

  /** The host's kernel has accepted an IPv4 datagram for a published port; it had come in at `device`. */
  fromHeld(datagram: Uint8Array, device = 2): SentFrame[] {
    this.io.put(HELD_PORT, frame(MAC_UP, MAC_ANY, datagram), device);
    return this.run();
  }

  /** An endpoint sends an IPv4 datagram by its gateway. */
  fromEndpoint(port: number, datagram: Uint8Array): SentFrame[] {
    return this.send(port, frame(MAC_GATEWAY, port === A ? MAC_A : port === B ? MAC_B : MAC_C, datagram));
  }

  private putFlows(keys: Uint8Array, values: Uint8Array, count: number, which: 4 | 6 | "across"): number {
    const keySize = which === 6 ? FLOW6_KEY_SIZE : FLOW_KEY_SIZE;
    const valueSize = which === 4 ? FLOW_VALUE_SIZE : which === 6 ? FLOW6_VALUE_SIZE : ACROSS_VALUE_SIZE;
    const map = which === "across" ? this.acrossMap : this.flowMap;
    for (let i = 0; i < count; i++) {
      const key = hex(keys.subarray(i * keySize, (i + 1) * keySize));
      if (this.refuses(key)) return i;
      if (which !== "across") this.flowsWritten.push(key);
      map.set(key, hex(values.subarray(i * valueSize, (i + 1) * valueSize)));
    }
    return count;
  }

  private deleteFlows(keys: Uint8Array, count: number, family: 4 | 6): void {
    const size = family === 4 ? FLOW_KEY_SIZE : FLOW6_KEY_SIZE;
    for (let at = 0; at < count * size; at += size) {
      const key = keys.slice(at, at + size);
      this.forgotten.push([...new Int32Array(key.buffer)]);
      this.flowMap.delete(hex(key));
    }
  }

  drops(port: number): Record<string, number> {
    return dropsOf(this.counters, port);
  }

  /** All drops of all ports. */
  dropTotal(): number {
    let n = 0;
    for (let port = 0; port < MAX_PORTS; port++) for (let r = 0; r < DROP_REASONS; r++) n += this.counters[port * ROW + DROPS + r]!;
    return n;
  }

  count(port: number, what: number): number {
    return this.counters[port * ROW + what]!;
  }
}

/** The one frame that was sent: where to, and what is in it. Its checksums verify by a full recompute. */
export function only(sent: SentFrame[]): Parsed & { port: number; bytes: Uint8Array } {
  assert.equal(sent.length, 1, `frames sent to ports ${sent.map(({ port }) => port).join()}`);
  assert.deepEqual(wrongIn(sent[0]!.bytes), []);
  return { ...parse(sent[0]!.bytes), port: sent[0]!.port, bytes: sent[0]!.bytes };
}
