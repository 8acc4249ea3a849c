import type { Mapping, PortSpec } from "../control/mapping.js";
import type { Link, LinkPorts } from "../control/network/endpoints.js";
import type { IpAddress } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
import type { Found, HostDevices, MadeNetwork, Mechanism } from "./mechanism.js";
import { type EndpointRecord, type NetworkRecord } from "./records.js";
export declare class LiveNetwork {
    readonly record: NetworkRecord;
    private readonly mechanism;
    /** This node's addresses for networks of several nodes. */
    private readonly tunnel;
    private made;
    constructor(record: NetworkRecord, mechanism: Mechanism, 
    /** This node's addresses for networks of several nodes. */
    tunnel: PerFamily<IpAddress>);
    /** Undefined when it could not be made again after a restart. */
    get inDataplane(): MadeNetwork | undefined;
    /** Makes it if it is not there. */
    make(): MadeNetwork;
    remove(): Promise<void>;
}
export declare class LiveEndpoint {
    /** As it was committed. */
    record: EndpointRecord;
    readonly network: LiveNetwork;
    private readonly mechanism;
    private readonly host;
    private device;
    private publications;
    /** With others of its network, from it and to it. */
    private readonly links;
    constructor(
    /** As it was committed. */
    record: EndpointRecord, network: LiveNetwork, mechanism: Mechanism, host: HostDevices);
    /** Its device ended: with its sandbox, or while no process held it. */
    get gone(): boolean;
    get mappings(): Mapping[];
    /** Makes its device, in the host's namespace or in `place`. */
    make(onGone: () => void, place?: {
        name: string;
        nsFd: number;
    }): void;
    /** Takes its device up where an earlier process left it. */
    takeUp(found: Found, onGone: () => void): void;
    /** All of these ports, or none of them. */
    publish(specs: readonly PortSpec[]): Promise<void>;
    withdraw(): Promise<void>;
    /** Opens ports of another endpoint of its network for it, as long as both are there. */
    link(server: LiveEndpoint, ports: readonly LinkPorts[]): Link;
    /** It is gone from now on. `wait`: until its device is no longer to be seen. */
    end({ wait }?: {
        wait?: boolean | undefined;
    }): Promise<void>;
    /** Ends it, and removes what may be left of its device in the host's namespace. */
    remove({ wait }?: {
        wait?: boolean | undefined;
    }): Promise<void>;
    private attach;
}
