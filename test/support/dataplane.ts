/**
 * An engine on `MemoryIo` with a small host around it: uplink, the host's port on the bridge, two endpoints, a published port.
 * What goes in are frames as `packets.ts` builds them; what comes out is what the engine sent.
 *
 *   client 198.51.100.9 --- 192.0.2.1 host, gateway 172.17.0.1 --- endpoints A 172.17.0.4, B 172.17.0.5
 */

import { expect } from "vitest";
import { type PublishRule, State, type StateOptions } from "../../src/dataplane/state.js";
import { MemoryIo, type SentFrame } from "../../src/device/memory-io.js";
import { createCounters, DROPS, dropsOf, ROW } from "../../src/engine/counters.js";
import { Engine } from "../../src/engine/engine.js";
import { Offload } from "../../src/engine/offload.js";
import { PacketMemory } from "../../src/mem/packet-memory.js";
import { fdbKey } from "../../src/table/fdb.js";
import { ENDPOINT, HOST, UPLINK } from "../../src/table/ports.js";
import { DROP_REASONS } from "../../src/wire/drop.js";
import { macHi, macLo } from "../../src/wire/ethernet.js";
import { parseIpv4 } from "../../src/wire/ipv4-address.js";
import { rawMask, rawWord } from "../../src/wire/raw.js";
import { recordAsEmit } from "./flow-map.js";
import { frame, hex, macBytes, type Parsed, parse, TCP, wrongIn } from "./packets.js";
import { Random } from "./random.js";

/** Number of the own network. */
export const NET = 0;
export const UP = 0,
  HOST_PORT = 1,
  A = 2,
  B = 3,
  C = 4;
export const HOST_IP = "192.0.2.1",
  GATEWAY = "172.17.0.1",
  IP_A = "172.17.0.4",
  IP_B = "172.17.0.5",
  IP_C = "172.17.0.6",
  CLIENT = "198.51.100.9",
  SERVER = "203.0.113.80";
export const MAC_UP = "02:00:00:00:00:00",
  MAC_GATEWAY = "02:42:ac:11:00:01",
  MAC_A = "02:42:ac:11:00:04",
  MAC_B = "02:42:ac:11:00:05",
  MAC_C = "02:42:ac:11:00:06";
/** Source address that the uplink's frames have; not looked at. */
const MAC_ANY = "02:11:22:33:44:55";
export const PUBLISHED = 8999,
  TARGET = 8080;
export const MASQUERADE_FIRST = 61000,
  MASQUERADE_LAST = 65535;

/** Raw word of an address in text. */
export function raw(address: string): number {
  return rawWord(parseIpv4(address)!);
}

export function rule(options: Partial<PublishRule> = {}): PublishRule {
  return {
    proto: TCP,
    hostIp: 0,
    firstPort: PUBLISHED,
    lastPort: PUBLISHED,
    target: raw(IP_A),
    targetPort: TARGET,
    network: NET,
    snatSource: raw(GATEWAY),
    onlinkNet: raw("172.17.0.0"),
    onlinkMask: rawMask(16),
    ...options,
  };
}

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
    state.networks.set(NET, raw("172.17.0.0"), 16, raw(GATEWAY), 0, 0);
    this.addPort(UP, UPLINK, MAC_UP);
    this.addPort(HOST_PORT, HOST, MAC_GATEWAY);
    this.addPort(A, ENDPOINT, MAC_A, IP_A);
    this.addPort(B, ENDPOINT, MAC_B, IP_B);
    for (const address of [HOST_IP, GATEWAY]) state.locals.set(raw(address), 0, 1);
    state.routes.replace([{ dst: 0, prefixLength: 0, metric: 0, source: raw(HOST_IP) }]);
    state.publish(rule());
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
    const { networks, ports, fdb, endpoints } = this.state;
    const hi = macHi(macBytes(mac)),
      lo = macLo(macBytes(mac));
    ports.set(port, kind, hi, lo, raw(address), network);
    if (kind !== UPLINK) fdb.addStatic(fdbKey(hi, network), lo, port);
    if (kind === ENDPOINT) endpoints.set(raw(address), network, port);
    if (kind === HOST) {
      networks.hostPort[network] = port;
      networks.macHi[network] = hi;
      networks.macLo[network] = lo;
    }
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
