/**
 * Decides by destination MAC (IEEE 802.1D-2004 §7.7): to the one port behind which the station is, to all others, or, when it is the
 * gateway's and the packet is IP, up to routing and NAT.
 *
 * The host's port is no way round: its kernel, which may forward, translate and untag, gets ARP, and IPv4 that `host-port.ts` lets through or that
 * is for all in the network. Nothing else is bridged to it. Who is behind another node: `remote-forward.ts`; networks
 * that stand on a LAN: `lan-forward.ts`.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function l2Forward(b: Batch, state: State): void;
