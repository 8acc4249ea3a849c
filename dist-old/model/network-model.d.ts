import { type IpAddress } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
import { type AddressManager } from "./addresses.js";
import { LiveEndpoint, LiveNetwork } from "./live.js";
import type { HostDevices, Mechanism } from "./mechanism.js";
import { type EndpointRecord, type EndpointUse, type NetworkRecord } from "./records.js";
import type { EndpointRequest, NetworkRequest, PortRequest } from "./requests.js";
import type { Store } from "./store.js";
export declare class NetworkModel {
    private readonly mechanism;
    private readonly host;
    private readonly store;
    private readonly addresses;
    private readonly tunnel;
    private readonly networksById;
    private readonly endpointsById;
    private changes;
    private restored;
    /** Settles when all calls so far are done. */
    private turn;
    constructor(mechanism: Mechanism, host: HostDevices, store: Store, addresses?: AddressManager, tunnel?: PerFamily<IpAddress>);
    get networks(): readonly LiveNetwork[];
    get endpoints(): readonly LiveEndpoint[];
    findLive(endpoint: string): LiveEndpoint | undefined;
    /** Another number than before after whatever may have changed it: what is made from networks and endpoints is then to be made anew. */
    get version(): number;
    /** Makes again what an earlier process left: networks, devices where they are now, published ports. To be called once. */
    restore(): Promise<void>;
    createNetwork(request: NetworkRequest): Promise<void>;
    /** With the endpoints in it that have not joined, or are gone. */
    deleteNetwork(id: string): Promise<void>;
    createEndpoint(networkId: string, request: EndpointRequest): Promise<Readonly<EndpointRecord>>;
    /** Joined or not. `wait`: until its device is no longer to be seen; of a sandbox that ends, nobody looks. */
    deleteEndpoint(networkId: string, id: string, { wait }?: {
        wait?: boolean | undefined;
    }): Promise<void>;
    /** Throws TSP_ERR_ENDPOINT (not-found) when the network has none of that id. */
    findEndpoint(networkId: string, id: string): Promise<Readonly<EndpointRecord>>;
    /** Who uses it, and its names, from now on. */
    setUse(networkId: string, id: string, use: EndpointUse): Promise<void>;
    /** Its device is to be moved into `sandbox`, the path of a network namespace. Answers both records. */
    join(networkId: string, id: string, sandbox: string): Promise<{
        endpoint: Readonly<EndpointRecord>;
        network: Readonly<NetworkRecord>;
    }>;
    /** Its device comes back; its ports are withdrawn. */
    leave(networkId: string, id: string): Promise<void>;
    /** Opens ports of an endpoint that has joined: all, or none. */
    publish(networkId: string, id: string, requests: readonly PortRequest[]): Promise<void>;
    withdraw(networkId: string, id: string): Promise<void>;
    /** False when its device ended, so that it is to be forgotten. */
    private restoreEndpoint;
    private endpointOf;
    private onGone;
    /** Endpoints whose device is nowhere any more: a front end that was killed never deletes them. */
    private ended;
    private network;
    private endpoint;
    private update;
    private inTurn;
}
