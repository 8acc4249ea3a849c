import type { State } from "../dataplane/state.js";
import { type Proto } from "../wire/ipv4.js";
import type { Offload } from "./offload.js";
export interface FlowRow {
    proto: Proto | "icmp" | "icmpv6";
    /** `syn-sent`, `established`, `closing`, … for TCP; `unreplied`, `assured`, or what an ICMP query asks for else. */
    state: string;
    /** As `ADDRESS:PORT`, for ICMP `ADDRESS:ID`; an IPv6 address is in brackets. */
    original: {
        src: string;
        dst: string;
    };
    reply: {
        src: string;
        dst: string;
    };
    timeoutSec: number;
    /** The steering programs carry its packets. */
    offloaded: boolean;
    /** In original and reply direction. */
    packets: [number, number];
}
export interface FdbRow {
    mac: string;
    port: number;
    ageSec: number;
    /** Known from the configuration, so neither aged nor moved. */
    static: boolean;
}
/** Who has how many flows that are not closed. */
export interface HolderRow {
    /** As limits go by (`dataplane/limits.ts`): who opens flows, and the published port that they are opened to. */
    kind: "client" | "endpoint" | "port";
    /** Address, of an IPv6 client its network of 64 bits, or `8999/tcp`. */
    name: string;
    flows: number;
    /** The last of its kind that had a flow refused for it. */
    limited: boolean;
}
/** Another node of overlay networks, and what has been exchanged with it. */
export interface NodeRow {
    /** In the underlay. */
    address: string;
    /** Endpoints behind it, of all networks. */
    endpoints: number;
    rxPackets: number;
    rxBytes: number;
    txPackets: number;
    txBytes: number;
    /** Frames that it sent for stations or addresses that are not known to be behind it. */
    refused: number;
}
export interface Summary {
    active: number;
    capacity: number;
    created: number;
    expired: number;
    refused: number;
    evicted: number;
}
export declare function flowRows(state: State, offload: Offload | undefined): FlowRow[];
export declare function fdbRows(state: State): FdbRow[];
export declare function nodeRows({ addresses, remotes }: State): NodeRow[];
export declare function summary(state: State): Summary;
/** Of each kind those that have most, and who was refused last. In a large table their flows are estimated, by some rows picked at random. */
export declare function holderRows(state: State): HolderRow[];
