/**
 * The kind `bridge`: a bridge in userspace. The host gets a TAP with the gateway's address, which ends with its descriptors, so also with a
 * killed process; what leaves the network is masqueraded, unless told otherwise.
 */
import type { Overlay } from "../../engine/messages.js";
import { type IpAddress } from "../../wire/ip-address.js";
import { type PerFamily } from "../../wire/per-family.js";
import type { CommonSpec, Network, OpenNetwork } from "./network.js";
import type { Site } from "./site.js";
export interface BridgeSpec extends CommonSpec {
    kind: "bridge";
    /** Nothing is routed out of it or into it. */
    internal?: boolean;
    /** Whether endpoints reach each other; else only the gateway and beyond. Default: yes. */
    icc?: boolean;
    /** Whether what leaves gets an address of the host. Default: yes. */
    masquerade?: boolean;
    /** Whether endpoints may send from other addresses than their own. Default: no. */
    promiscuous?: boolean;
    /** Addresses that what leaves is given instead of the route's. */
    outside?: PerFamily<IpAddress> | undefined;
    /** Name of the host's device; may hold `%d`. */
    hostDevice?: string | undefined;
}
/** Throws TSP_ERR_NETWORK (conflict) when the host has addresses or routes in it. */
export declare const openBridge: OpenNetwork<BridgeSpec>;
/** The same of what is a bridge as far as this host goes; `overlay`: and more than that. */
export declare function openBridged(site: Site, number: number, spec: Omit<BridgeSpec, "kind">, overlay?: Overlay): Network;
