/** From what `network create` was given to a request for the model, or to the error that Docker has for it. */
import type { NetworkCreate } from "../api/network-types.js";
import { type KindOf, TsproxyError } from "../errors.js";
import type { NetworkRequest } from "../model/requests.js";
import { type IpAddress, type IpPrefix } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
/** What was asked for, but for what is chosen afterwards. */
export type Asked = Omit<NetworkRequest, "id" | "subnets" | "about"> & {
    /** Of each family that it is to have; what is undefined is to be chosen. */
    subnets: PerFamily<{
        prefix: IpPrefix | undefined;
        gateway: IpAddress | undefined;
    }>;
    /** As they were typed, with `--mtu` among them. */
    typed: Record<string, string>;
    /** Of an overlay network; undefined: to be chosen. */
    vni: number | undefined;
};
/** Throws TSP_ERR_NETWORK, TSP_ERR_DRIVER_OPTION (invalid). */
export declare function checkCreate(create: NetworkCreate): Asked;
export declare function checkName(what: "network" | "sandbox", name: string): void;
export declare function networkError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint?: string): TsproxyError;
