/**
 * What the stages share: the tables, and the few facts about the host that NAT decisions need.
 * One per worker; changed between batches by the engine at the control side's word. All addresses are words (`wire/address-word.ts`).
 */
import { HeldFrames } from "../mem/held-frames.js";
import { Addresses } from "../table/addresses.js";
import { Conntrack, NewFlow } from "../table/conntrack.js";
import { Fdb } from "../table/fdb.js";
import { FlowEntries } from "../table/flow-entries.js";
import type { FlowMemory } from "../table/flow-file.js";
import { Fragments } from "../table/fragments.js";
import { type LimitOptions } from "../table/limit-options.js";
import { Links } from "../table/links.js";
import { NatPool } from "../table/nat-pool.js";
import { Networks } from "../table/networks.js";
import { PairMap } from "../table/pair-map.js";
import { Ports } from "../table/ports.js";
import type { Prefix } from "../table/prefix.js";
import { type RandomInt32 } from "../table/random.js";
import { Remotes } from "../table/remotes.js";
import { Routes, type Routing } from "../table/routes.js";
import type { Selection } from "../table/selection.js";
import { Tunnel } from "../table/tunnel.js";
import { Limits } from "./limits.js";
import { Probes } from "./probe.js";
import { Shaper } from "./shaper.js";
/** Where a published port leads. */
export interface RuleTarget {
    /** 1 and more; the same for as long as the port is published, and no other target's of it. */
    id: number;
    address: number;
    /** Its port, host order, for the rule's first port; the others follow. */
    port: number;
    /** TAKES and so on, of `table/selection.ts`. */
    duty: number;
    /** Own network that the target is an endpoint of; -1: the host's kernel reaches it. */
    network: number;
    /** Address that the target sees instead of a client that it could not answer through us (see `admit.ts`): the host's, next to the target. */
    snatSource: number;
    /** Network that the target shares with `snatSource`: clients in it would be answered directly. */
    onlink: Prefix;
}
/** A published port or range of them. Ports in host order. */
export interface PublishRule {
    proto: number;
    /** 0: any of the host's IPv4 addresses; the handle of ::, any of its IPv6 addresses. */
    hostIp: number;
    firstPort: number;
    lastPort: number;
    targets: readonly RuleTarget[];
    /** Those of them that take new flows. */
    takers: readonly RuleTarget[];
    /** Which of several targets is next; null: there is one alone, and never more. */
    selection: Selection | null;
}
export declare const FORGET_MAX = 1024;
/** ICMP errors a second (RFC 1812 §4.3.2.8): to who sends by one port, and in all. */
export declare const ICMP_PER_SEC = 1000, ICMP_PER_SEC_IN_ALL = 4000;
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
    /** See `State.bypass`. */
    bypass?: boolean;
    fdbSlots?: number;
    timeouts?: Int32Array;
    limits?: LimitOptions;
    /** See `State.awaitsFormer`. */
    awaitsFormer?: boolean;
    /** Of all workers (`table/bandwidth.ts`); default: this one's alone. */
    buckets?: SharedArrayBuffer;
    /** For what is to outlive the process; default: memory that does not. */
    memory?: FlowMemory | undefined;
    /** Seeds and choices that nobody may guess come from it. */
    random?: RandomInt32;
    /** Whom to ask for ways out; default: nobody, and there is none. */
    routing?: Routing;
}
export declare class State {
    readonly conntrack: Conntrack;
    /** What `admit` is about to open. */
    readonly newFlow: NewFlow;
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
    readonly probes: Probes;
    /** Later fragments that wait for their first one. */
    readonly held: HeldFrames;
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
    readonly tunnel: Tunnel;
    /** What endpoints of networks without ICC may send each other all the same. */
    readonly links: Links;
    /** Clients that may open flows to published ports; empty: all may. */
    allow: readonly Prefix[];
    /**
     * Steering entries to take out of the maps `flows` and `flows6` since their flow is gone. The engine empties it after each batch; what does not fit
     * is left to the maps' own eviction.
     */
    readonly forget: FlowEntries;
    readonly forget6: FlowEntries;
    /** Steering entries to be made before the batch is sent (`record.ts`); the engine empties it. */
    readonly entries: FlowEntries;
    readonly entries6: FlowEntries;
    /** What becomes of answers to some of `entries` as IPv6: goes with them. */
    readonly across: FlowEntries;
    /** Interface index of the uplink. */
    uplinkDevice: number;
    /** Flows to published ports may be carried by the steering programs. */
    readonly offloads: boolean;
    /** Flows to published ports open with what comes by the uplink; else with what the host's kernel has accepted alone. */
    readonly bypass: boolean;
    /** Flows of a former process wait to be taken up: what looks unknown may be one of them. */
    awaitsFormer: boolean;
    /** Row of the next flow whose way out is to be looked at again (`review.ts`); conntrack's end or more: none. */
    reviewAt: number;
    /** New flows refused because conntrack was full. */
    refused: number;
    /** Flows ended before their time, to make room for others. */
    evicted: number;
    /** A packet of this batch has lost its flow that way. */
    displaced: boolean;
    /** Flows whose time was over. */
    expired: number;
    /** Takes into an offloaded flow's row what the kernel saw of it; answers whether it so has a later deadline. Set by the engine. */
    settle: (id: number) => boolean;
    /** ICMP errors sent this second, in all and by port. */
    icmpErrors: number;
    readonly icmpErrorsTo: Uint16Array<ArrayBuffer>;
    /** Drops of this batch that the engine is to count though the frame goes on, as the answer about itself: port and reason, `answeredCount` of them. */
    readonly answered: Int32Array<ArrayBuffer>;
    answeredCount: number;
    /** Monotonic seconds; the engine sets it before each batch. */
    now: number;
    private readonly published;
    /** Handle of ::, held. */
    private readonly anyIpv6;
    /** By the control side's number. */
    private readonly rules;
    /** By target, of those that lead to one alone, in the order in which they were published. */
    private readonly rulesOf;
    constructor(options: StateOptions);
    /** Whether it is the port of an endpoint that stands on a LAN. */
    isOnLan(port: number): boolean;
    /** The host's port in the network of the bridge port `port`; -1 for the uplink, and for a network without one. */
    hostPortOf(port: number): number;
    mayCountAnswered(): boolean;
    countAnswered(port: number, reason: number): boolean;
    /** Drops frames that wait, the list that begins with `list`. Those that went on when they came were copies. */
    loseHeld(list: number): void;
    isLocal(address: number): boolean;
    /** Whether several hosts listen at the address: multicast, the limited broadcast, or that of a network of the host's. */
    isGroup(address: number): boolean;
    /** Publishes `rule` under the number that the control side gave it, 0..2^31-1, which no other rule may have. */
    publish(id: number, rule: PublishRule): void;
    /** The rule that had the number, or null. Its flows are not touched. */
    withdraw(id: number): PublishRule | null;
    /** The rule of that number, or undefined. */
    rule(id: number): PublishRule | undefined;
    private addRuleOf;
    private removeRuleOf;
    /**
     * Port (raw half) of the local address `outside` that `port` (raw half) of the target `inside` is published as; -1: none, or it is one of several
     * targets, so that who calls back there may come to another. Of several the first.
     */
    publishedAs(inside: number, port: number, proto: number, outside: number): number;
    /** Rule for packets to `port` (raw half) of the local address `address`, or null. */
    publishedAt(address: number, port: number, proto: number): PublishRule | null;
}
