import { type NetworkRecord } from "../model/records.js";
import { type IpAddress } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
export interface NodeRecord {
    readonly name: string;
    /** Which daemon's folder it is: so one that was killed is not taken for a second of its name. */
    readonly instance: string;
    /** Where the others send what is for its endpoints. */
    readonly tunnel: PerFamily<IpAddress>;
}
export interface GlobalEndpoint {
    readonly id: string;
    readonly network: string;
    /** Name of the node that it is on, and that node's tunnel addresses. */
    readonly node: string;
    readonly tunnel: PerFamily<IpAddress>;
    readonly addresses: PerFamily<IpAddress>;
    readonly mac: string;
    /** Id of who uses it there. */
    readonly owner: string;
    /** The main one first. */
    readonly names: readonly string[];
}
/** Who has an address. */
export interface Holder {
    readonly node: string;
    readonly endpoint: string;
}
/** A record, or what is wrong with a value that should be one. */
export type Parsed<T> = {
    readonly record: T;
} | {
    readonly problem: string;
};
/** `lease`: the one that it is put under. */
export declare function nodeText({ name, instance, tunnel }: NodeRecord, lease: string): string;
export declare function parseNode(text: string): Parsed<NodeRecord & {
    lease: string;
}>;
export declare function networkText(record: NetworkRecord): string;
export declare function parseNetwork(text: string): Parsed<NetworkRecord>;
export declare function endpointText({ tunnel, addresses: own, ...rest }: GlobalEndpoint): string;
export declare function parseEndpoint(text: string): Parsed<GlobalEndpoint>;
/** The same text for the same holder: it is compared with. */
export declare function holderText({ node, endpoint }: Holder): string;
export declare function parseHolder(text: string): Parsed<Holder>;
export declare function beaconText(node: string): string;
export declare function fenceText(nonce: string): string;
