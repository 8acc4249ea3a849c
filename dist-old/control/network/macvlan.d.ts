import type { CommonSpec, OpenNetwork } from "./network.js";
export interface MacvlanSpec extends CommonSpec {
    kind: "macvlan";
    /** The host's device on the LAN. */
    parent: string;
    /** Whether endpoints reach each other (macvlan's mode `bridge`, else `private`). Default: yes. */
    icc?: boolean;
    /** Name, no other network's, under which the device is kept while the process is restarted. */
    keepAs: string;
}
/** Throws TSP_ERR_NETWORK as `Lans.open`; invalid: an MTU above the parent's. */
export declare const openMacvlan: OpenNetwork<MacvlanSpec>;
