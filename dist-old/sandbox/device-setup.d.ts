import type { SandboxCreate } from "../api/sandbox-types.js";
import { type IpAddress } from "../wire/ip-address.js";
import type { EndpointAddress } from "./endpoint-addresses.js";
import type { SandboxRecord } from "./records.js";
type Family = IpAddress["family"];
export interface DefaultRoute {
    device: string;
    /** Address of the family that the route is of. */
    gateway: string;
}
/** A device as a sandbox is to have it. */
export interface SandboxDevice {
    name: string;
    addresses: readonly Pick<EndpointAddress, "family" | "address" | "prefixLength">[];
}
/** A namespace, open as long as somebody sets it up. */
export declare class Namespace {
    readonly fd: number;
    readonly path: string;
    private readonly socket;
    private constructor();
    /** Throws TSP_ERR_NETNS, or TSP_ERR_SANDBOX for the namespace that the daemon itself is in. `inode`: that it must have. */
    static open(spec: string, inode?: number): Namespace;
    get inode(): number;
    has(device: string): boolean;
    hasAddress(device: string, address: string): boolean;
    hasDefaultRoute(of?: Family): boolean;
    /** The first of `eth0`, `eth1`, … that is free here. */
    freeName(prefix: string): string;
    /** Sets up the device that was made here. */
    setUpDevice({ name, addresses }: SandboxDevice): void;
    /** Takes back the default route that was set before, and sets another of that family. False when there is somebody else's, which stays. */
    setDefaultRoute(before: DefaultRoute | undefined, after: DefaultRoute | undefined): boolean;
    private routeBy;
    close(): void;
}
/** Whether the path leads to that namespace still. What may not be looked at does. */
export declare function leadsTo(path: string, inode: number): boolean;
/**
 * The namespace that a sandbox is to be in: that of `target`, or its own; undefined for the host's. Throws TSP_ERR_NETNS, or TSP_ERR_SANDBOX where
 * there is none.
 */
export declare function openNamespace(create: SandboxCreate, target: SandboxRecord | undefined, mode: string): Namespace | undefined;
export {};
