import type { Bandwidth } from "../../table/bandwidth.js";
import type { LinkPorts } from "../../table/links.js";
import { type IpAddress } from "../../wire/ip-address.js";
import { type PerFamily } from "../../wire/per-family.js";
import type { Site } from "./site.js";
import type { Subnet } from "./subnet.js";
export type { LinkPorts };
export interface EndpointSpec {
    /** A name in /run/netns, a process id in decimal, or an absolute path. */
    netns: string;
    addresses: PerFamily<IpAddress>;
}
export interface DeviceSpec {
    /** In namespace `nsFd` (-1: the host's). */
    name: string;
    nsFd: number;
    addresses: PerFamily<IpAddress>;
    mac: Uint8Array;
    bandwidth?: Bandwidth | undefined;
    /** Name under which it is kept while the process is restarted. */
    keepAs?: string;
    /** It is there already, from an earlier process. */
    existing?: {
        multiQueue: boolean;
    } | undefined;
    /** It ended, with the namespace that it was in. */
    onGone(): void;
}
/** A TAP that its user sets up. */
export interface Device {
    /** Ends it, wherever it is. */
    remove(): Promise<void>;
    /** The same without waiting for the kernel: for 20 ms or so it may still be there, though nothing comes or goes by it. */
    dismiss(): Promise<void>;
}
/** What one endpoint may reach of another. */
export interface Link {
    /** Takes it back; once more does nothing. */
    close(): void;
}
/** What an endpoint must know of its network. */
export interface EndpointNetwork {
    readonly number: number;
    readonly mtu: number;
    readonly subnets: PerFamily<Subnet>;
    /** Is told of each endpoint's MAC, and answers what to do when it goes. */
    readonly onStation?: (mac: Uint8Array) => () => void;
}
export declare class Endpoints {
    private readonly site;
    private readonly network;
    private readonly namespaces;
    private readonly devices;
    private readonly links;
    constructor(site: Site, network: EndpointNetwork);
    /** Whether devices that are made now serve several workers. */
    get multiQueue(): boolean;
    /** Puts the namespace into the network; on failure nothing is left of it. */
    add(spec: EndpointSpec): void;
    private makeDevice;
    /** We hold the namespace, so it is there still: the device was deleted in it. */
    private remake;
    /**
     * Makes a persistent TAP with MAC and MTU, or takes up one again; whoever asks does the rest. On failure no new device is left.
     */
    addDevice(spec: DeviceSpec): Device;
    /**
     * Lets `client` reach those ports of `server`, both endpoints here, where endpoints do not reach each other. At most one link from one to the
     * other; it is to be closed before one of the addresses becomes another's.
     */
    link(client: PerFamily<IpAddress>, server: PerFamily<IpAddress>, ports: readonly LinkPorts[]): Link;
    /** Devices that were handed out stay, without us. */
    close(): Promise<void>;
    private prepare;
    private setUp;
    private attach;
    private checkNamespace;
}
