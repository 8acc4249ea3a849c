/**
 * What the stages share: the tables, and the few facts about the host that NAT decisions need.
 * One per worker; changed between batches by the engine at the control side's word. All addresses are words (`wire/address-word.ts`).
 */
import type { Batch } from "../mem/batch.js";
import { HeldFrames } from "../mem/held-frames.js";
import { SLOTS } from "../mem/packet-memory.js";
import type { Sealer, TakenDatagrams } from "../mem/sealer.js";
import { Addresses, addressCapacity } from "../table/addresses.js";
import { Conntrack, NewFlow } from "../table/conntrack.js";
import { Fdb } from "../table/fdb.js";
import { FlowEntries } from "../table/flow-entries.js";
import type { FlowMemory } from "../table/flow-file.js";
import { Fragments } from "../table/fragments.js";
import { DEFAULT_LIMITS, type LimitOptions } from "../table/limit-options.js";
import { Links } from "../table/links.js";
import { NatPool } from "../table/nat-pool.js";
import { Networks } from "../table/networks.js";
import { Order } from "../table/order.js";
import { PairMap } from "../table/pair-map.js";
import { ENDPOINT, MAX_PORTS, Ports } from "../table/ports.js";
import type { Prefix } from "../table/prefix.js";
import { type RandomInt32, secureRandom } from "../table/random.js";
import { Remotes } from "../table/remotes.js";
import { Routes, type Routing } from "../table/routes.js";
import { Seals } from "../table/seals.js";
import { StationPairs } from "../table/station-pairs.js";
import { Strangers } from "../table/strangers.js";
import { Tunnel } from "../table/tunnel.js";
import * as word from "../wire/address-word.js";
import { DROP_FRAGMENT_ALONE } from "../wire/drop.js";
import { ACROSS_VALUE_SIZE } from "../wire/flow-entry.js";
import { Announcements } from "./announce.js";
import { Limits } from "./limits.js";
import { Probes } from "./probe.js";
import { PublishedRules } from "./published-rules.js";
import { Shaper } from "./shaper.js";

/** Who looks at packets on their way (`engine/captures.ts`). */
export interface Capturing {
  /** Whether somebody wants to see the packets of a flow that is to be opened: then the kernel must not carry them. */
  wants(flow: NewFlow): boolean;
  /** The batch as it came in. */
  before(b: Batch): void;
  /** The batch as it is to be sent. */
  after(b: Batch): void;
  /** Frame `i` is an ICMP error about the flow of that reference, whose direction it goes in. Before `after`. */
  about(i: number, ref: number): void;
  /** Who has sent frame `i` gets an answer in its place, for that reason. Before `after`. */
  answered(i: number, reason: number): void;
  /** Frame `i` is not sent after all, or, if not `isWhole`, one of its copies or pieces is not. After `after`; -1: which one it was is not known. */
  failed(i: number, reason: number, isWhole: boolean): void;
  /** The batch is sent. */
  done(): void;
  /** Every second. */
  tick(): void;
}

export const FORGET_MAX = 1024;
/** Of one worker. */
const MAX_STATION_PAIRS = 4096;
/** Of a batch, and of all fragments that wait. */
const ANSWERED_MAX = 256;
/** Steering entries that one batch can ask for: both directions of a flow a frame. */
const MAX_ENTRIES = 2 * SLOTS;
/** ICMP errors a second (RFC 1812 §4.3.2.8): to who sends by one port, and in all. */
export const ICMP_PER_SEC = 1000,
  ICMP_PER_SEC_IN_ALL = 4000;

export interface StateOptions {
  conntrackMax: number;
  /** Ports for masquerade, host order. */
  masqueradeFirst: number;
  masqueradeLast: number;
  /** Which of how many workers this is; default: the only one. */
  worker?: number;
  workers?: number;
  /** See `State.offloads`. */
  offload?: boolean;
  /** See `State.offloads6`; default: as `offload`. */
  offload6?: boolean;
  /** See `State.bypass`. */
  bypass?: boolean;
  fdbSlots?: number;
  timeouts?: Int32Array;
  limits?: LimitOptions;
  /** See `State.awaitsFormer`. */
  awaitsFormer?: boolean;
  /** Of all workers (`table/bandwidth.ts`); default: this one's alone. */
  buckets?: SharedArrayBuffer;
  /** Memory of so many bytes, zeros, for what every packet reads; default: V8's. */
  allocate?: ((size: number) => ArrayBuffer) | undefined;
  /** For what is to outlive the process; default: memory that does not. */
  memory?: FlowMemory | undefined;
  /** Seeds and choices that nobody may guess come from it. */
  random?: RandomInt32;
  /** What seals for encrypted networks; default: nothing, and there are none. */
  sealer?: Sealer;
  /** Whom to ask for ways out; default: nobody, and there is none. */
  routing?: Routing;
}

export class State {
  readonly conntrack: Conntrack;
  /** What `admit` is about to open. */
  readonly newFlow = new NewFlow();
  readonly pool: NatPool;
  readonly limits: Limits;
  readonly random: RandomInt32;
  /** Which of how many workers this is. */
  readonly worker: number;
  readonly workers: number;
  /** Ports for masquerade, host order. */
  readonly masqueradeFirst: number;
  readonly masqueradeLast: number;
  readonly fdb: Fdb;
  readonly fragments: Fragments;
  /** Connections of a former process whose ends are to be asked. */
  readonly probes = new Probes();
  /** Endpoints that are to be announced on their LAN. */
  readonly announcements = new Announcements();
  /** Stations of networks between whom the kernel carries frames. */
  readonly stationPairs = new StationPairs(MAX_STATION_PAIRS);
  /** Later fragments that wait for their first one. */
  readonly held = new HeldFrames();
  readonly published: PublishedRules;
  readonly ports: Ports;
  readonly shaper: Shaper;
  /** IPv6 addresses, as the handles that everything else knows them by. Who keeps one holds it. */
  readonly addresses: Addresses;
  readonly networks: Networks;
  /** The host's routing. */
  readonly ways: Routes;
  /** The host's own addresses: (address, 0) to 1; the broadcast addresses of its networks: (address, 1) to 1. */
  readonly locals: PairMap;
  /** Endpoints: (address, network) to port. */
  readonly endpoints: PairMap;
  /** Endpoints behind other nodes. */
  readonly remotes: Remotes;
  /** Who sends datagrams for the tunnels and is no node. */
  readonly strangers = new Strangers();
  readonly tunnel: Tunnel;
  /** Keys of other nodes, by number; the keys themselves are the sealer's. */
  readonly seals: Seals;
  readonly sealer: Sealer | null;
  /** Datagrams of other nodes whose frames go on in batches of their own. Set by the engine. */
  datagramsIn: TakenDatagrams | null = null;
  /** What endpoints of networks without ICC may send each other all the same. */
  readonly links: Links;
  /** Clients that may open flows to published ports; empty: all may. */
  allow: readonly Prefix[] = [];
  /**
   * Steering entries to take out of the maps `flows` and `flows6` since their flow is gone. The engine empties it after each batch; what does not fit
   * is left to the sweep (`control/entry-sweep.ts`).
   */
  readonly forget = new FlowEntries(FORGET_MAX);
  readonly forget6: FlowEntries;
  /** Steering entries to be made before the batch is sent (`record.ts`); the engine empties it. */
  readonly entries = new FlowEntries(MAX_ENTRIES);
  readonly entries6: FlowEntries;
  /** What becomes of answers to some of `entries` as IPv6: goes with them. */
  readonly across = new FlowEntries(MAX_ENTRIES, undefined, ACROSS_VALUE_SIZE);
  /** Of packets that change from one way to another. */
  readonly order = new Order(SLOTS);
  /** Interface index of the uplink. */
  uplinkDevice = 0;
  /** Flows to published ports may be carried by the steering programs. */
  offloads: boolean;
  /** Those too one of whose ends is of IPv6. */
  offloads6: boolean;
  /** Interface indices of devices whose packets the steering programs cannot carry. */
  bare: ReadonlySet<number> = new Set();
  /** Flows to published ports open with what comes by the uplink; else with what the host's kernel has accepted alone. */
  readonly bypass: boolean;
  /** While somebody captures packets. */
  capturing: Capturing | null = null;
  /** Flows of a former process wait to be taken up: what looks unknown may be one of them. */
  awaitsFormer: boolean;
  /** Row of the next flow whose way out is to be looked at again (`review.ts`); conntrack's end or more: none. */
  reviewAt = Number.MAX_SAFE_INTEGER;
  /** The same of the next that the kernel may have to give back, or get again (`engine/withhold.ts`). */
  withholdAt = Number.MAX_SAFE_INTEGER;
  /** New flows refused because conntrack was full. */
  refused = 0;
  /** Flows ended before their time, to make room for others. */
  evicted = 0;
  /** A packet of this batch has lost its flow that way. */
  displaced = false;
  /** Flows whose time was over. */
  expired = 0;
  /** Takes into an offloaded flow's row what the kernel saw of it; answers whether it so has a later deadline. Set by the engine. */
  settle: (id: number) => boolean = () => false;
  /** What the kernel saw of an offloaded flow before now says nothing about what it is after. Set by the engine. */
  unsee: (id: number) => void = () => {};
  /** Upper half, raw, of what the last segment of direction `dir` acknowledged that the kernel has carried of an offloaded flow; 0: not known. Set by the engine. */
  carriedAck: (id: number, dir: number) => number = () => 0;
  /** Packets of direction `dir` that the kernel has carried of an offloaded flow. Set by the engine. */
  carriedPackets: (id: number, dir: number) => number = () => 0;
  /** ICMP errors sent this second, in all and by port. */
  icmpErrors = 0;
  readonly icmpErrorsTo = new Uint16Array(MAX_PORTS);
  /** Drops of this batch that the engine is to count though the frame goes on, as the answer about itself: port and reason, `answeredCount` of them. */
  readonly answered = new Int32Array(ANSWERED_MAX * 2);
  answeredCount = 0;
  /** Monotonic seconds; the engine sets it before each batch. */
  now = 0;
  constructor(options: StateOptions) {
    const random = options.random ?? secureRandom();
    this.random = random;
    this.links = new Links(random());
    this.worker = options.worker ?? 0;
    this.workers = options.workers ?? 1;
    this.offloads = options.offload ?? false;
    this.offloads6 = this.offloads && (options.offload6 ?? true);
    this.bypass = options.bypass ?? false;
    this.awaitsFormer = options.awaitsFormer ?? false;
    const { memory } = options;
    this.conntrack = new Conntrack(options.conntrackMax, random(), options.timeouts, memory, options.allocate);
    this.ports = new Ports(memory?.portKind, memory?.portAddress, memory?.portAddress6, memory?.portOwner);
    this.shaper = new Shaper(options.buckets);
    this.addresses = new Addresses(addressCapacity(options.conntrackMax), random, memory?.addresses, options.allocate);
    const anyIpv6 = this.addresses.take({ family: 6, value: 0n });
    this.forget6 = new FlowEntries(FORGET_MAX, this.addresses);
    this.entries6 = new FlowEntries(MAX_ENTRIES, this.addresses);
    this.networks = new Networks(this.addresses);
    this.pool = new NatPool(options.masqueradeFirst, options.masqueradeLast, random(), random, this.worker, this.workers, this.addresses);
    const sourcePorts = Math.ceil((options.masqueradeLast - options.masqueradeFirst + 1) / this.workers);
    this.limits = new Limits(options.limits ?? DEFAULT_LIMITS, this.conntrack, this.addresses, this.ports, sourcePorts, random);
    this.masqueradeFirst = options.masqueradeFirst;
    this.masqueradeLast = options.masqueradeLast;
    this.fdb = new Fdb(options.fdbSlots ?? 8192, random());
    this.fragments = new Fragments(random(), (held) => this.loseHeld(held));
    this.ways = new Routes(this.addresses, options.routing, random());
    this.locals = new PairMap(random());
    this.endpoints = new PairMap(random());
    this.remotes = new Remotes(this.addresses, random);
    this.tunnel = new Tunnel(random());
    this.seals = new Seals(this.addresses, random);
    this.sealer = options.sealer ?? null;
    this.published = new PublishedRules(anyIpv6, random(), () => this.stationPairs.takeBack());
  }

  /** Whether it is the port of an endpoint that stands on a LAN. */
  isOnLan(port: number): boolean {
    return this.ports.kind[port] === ENDPOINT && this.networks.lanPort[this.ports.network[port]!] !== -1;
  }

  /** The host's port in the network of the bridge port `port`; -1 for the uplink, and for a network without one. */
  hostPortOf(port: number): number {
    return port === this.ports.uplink ? -1 : this.networks.hostPort[this.ports.network[port]!]!;
  }

  mayCountAnswered(): boolean {
    return this.answeredCount < ANSWERED_MAX;
  }

  /** `i`: the frame of the batch whose place the answer takes; -1: none's. */
  countAnswered(port: number, reason: number, i = -1): boolean {
    if (i !== -1) this.capturing?.answered(i, reason);
    this.answered[this.answeredCount * 2] = port;
    this.answered[this.answeredCount++ * 2 + 1] = reason;
    return true;
  }

  /** Drops frames that wait, the list that begins with `list`. Those that went on when they came were copies. */
  loseHeld(list: number): void {
    for (let frame = list; frame !== -1; frame = this.held.drop(frame)) {
      const port = this.held.lostBy(frame);
      if (port !== -1 && this.mayCountAnswered()) this.countAnswered(port, DROP_FRAGMENT_ALONE);
    }
  }

  isLocal(address: number): boolean {
    return this.locals.get(address, 0) !== -1 || word.isLoopback(address);
  }

  /** Whether several hosts listen at the address: multicast, the limited broadcast, or that of a network of the host's. */
  isGroup(address: number): boolean {
    return word.isGroup(address) || this.locals.get(address, 1) !== -1;
  }
}
