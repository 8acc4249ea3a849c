import { type KindOf, TsproxyError } from "../errors.js";
import { type AddressManager } from "./addresses.js";
import { type EndpointRecord, type NetworkRecord } from "./records.js";
import type { EndpointRequest, NetworkRequest } from "./requests.js";
/** Throws TSP_ERR_NETWORK: invalid, or conflict with one of `others`. */
export declare function checkNetwork(request: NetworkRequest, others: readonly NetworkRecord[]): NetworkRecord;
/** What an endpoint must not have. */
export type Neighbor = Pick<EndpointRecord, "id" | "addresses" | "mac">;
/** `neighbors`: the other endpoints of the network. Throws TSP_ERR_ENDPOINT: invalid, or conflict with one of them. */
export declare function checkEndpoint({ id, addresses: wanted, mac: wantedMac, use, bandwidth, sandbox }: EndpointRequest, network: NetworkRecord, neighbors: readonly Neighbor[], manager: AddressManager): Omit<EndpointRecord, "multiQueue">;
export declare function networkError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint?: string): TsproxyError;
export declare function endpointError(kind: KindOf<"TSP_ERR_ENDPOINT">, message: string, hint?: string): TsproxyError;
