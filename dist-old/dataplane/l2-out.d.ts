/**
 * Writes the Ethernet header of what was routed: to an endpoint from the gateway, or to the uplink, whose steering program reads from it what it
 * is to enter into its map (`wire/flow-entry.ts`, `steer/emit-program.ts`).
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Locally administered 02:74:73:00:00:xx; only xx is read, unless it asks to enter a client. */
export declare const UPLINK_SOURCE_HI = 29698;
/** Raw bytes 2..5 of the source address that tells the uplink's program whether to record the flow. */
export declare function uplinkSourceLo(record: boolean): number;
/**
 * For a packet of a flow that an endpoint has opened: tells the uplink's program, which is to record it, the source that the endpoint sent it with,
 * of IPv6 as the endpoint's port, and `wayIn` of its network.
 */
export declare function setInside(bytes: Uint8Array, words: Int32Array, frame: number, src: number, ports: number, wayIn: number): void;
export declare function l2Out(b: Batch, state: State): void;
