/** What front ends ask the model for. */
import type { PortSpec } from "../control/mapping.js";
import type { Subnet } from "../control/network/subnet.js";
import type { Bandwidth } from "../table/bandwidth.js";
import type { IpAddress, IpPrefix } from "../wire/ip-address.js";
import type { PerFamily } from "../wire/per-family.js";
import type { EndpointUse, LanPlace, NetworkAbout, NetworkOptions, Overlay } from "./records.js";
export interface NetworkRequest {
    /** At least twelve letters and digits. */
    id: string;
    name?: string;
    subnets: PerFamily<Subnet>;
    /** Where endpoints that ask for no address get theirs: a part of each subnet. */
    ranges?: PerFamily<IpPrefix>;
    /** Addresses that no endpoint gets, by what they are for. */
    reserved?: ReadonlyMap<string, IpAddress>;
    options: NetworkOptions;
    overlay?: Overlay;
    lan?: LanPlace;
    about?: NetworkAbout;
}
export interface EndpointRequest {
    /** At least twelve letters and digits. */
    id: string;
    /** One that is missing: any, where the address manager may choose. */
    addresses?: PerFamily<IpAddress>;
    /** Undefined: made from the address. */
    mac?: Uint8Array | undefined;
    use?: EndpointUse;
    bandwidth?: Bandwidth | undefined;
    /** Absolute path of the namespace that its device is to be in: it has joined from the start. */
    sandbox?: string;
    /** Makes the device there, under this name; default: in the host's namespace, from which it is to be moved. */
    place?: {
        nsFd: number;
        name: string;
    };
}
/** Ports of an endpoint, to be published. */
export interface PortRequest extends Omit<PortSpec, "targets"> {
    /** Null: where the network says. */
    hostIp: IpAddress | null;
}
