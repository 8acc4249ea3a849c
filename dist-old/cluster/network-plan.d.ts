import { type Obstacle, type Pool } from "../model/pools.js";
import type { NetworkRecord } from "../model/records.js";
import type { NetworkRequest } from "../model/requests.js";
import type { IpAddress, IpPrefix } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
/** A network as it is asked for: what is left out is chosen. */
export interface GlobalNetworkRequest extends Omit<NetworkRequest, "subnets" | "overlay"> {
    readonly name: string;
    /** Of each family that it is to have. */
    readonly subnets: PerFamily<{
        prefix: IpPrefix | undefined;
        gateway: IpAddress | undefined;
    }>;
    readonly vni: number | undefined;
}
/** `obstacle`: what besides networks is in a subnet's way. Throws TSP_ERR_NETWORK: invalid, conflict, unavailable. */
export declare function planNetwork({ subnets: wanted, vni, ...rest }: GlobalNetworkRequest, networks: readonly NetworkRecord[], ipv6Pools: readonly Pool[], obstacle: Obstacle): NetworkRecord;
