import { type IpAddress } from "../../wire/ip-address.js";
import { type NetworkOf, type NetworkSpec } from "./kinds.js";
import type { Network } from "./network.js";
import type { Site } from "./site.js";
export declare class NetworkRegistry {
    private readonly site;
    private readonly byNumber;
    constructor(site: Site);
    /** Throws TSP_ERR_NETWORK: unavailable when there are too many, and what the kind throws. */
    add<Spec extends NetworkSpec>(spec: Spec): NetworkOf<Spec>;
    remove(network: Network): Promise<void>;
    /** The network that the address belongs to. */
    of(address: IpAddress): Network | undefined;
    close(): Promise<void>;
}
