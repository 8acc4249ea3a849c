import { type IpAddress } from "../../wire/ip-address.js";
import { type PerFamily } from "../../wire/per-family.js";
import type { Workers } from "../workers.js";
/** Somebody in the network on another node. */
export interface RemoteEndpoint {
    id: string;
    /** Six bytes, of a station. */
    mac: Uint8Array;
    addresses: PerFamily<IpAddress>;
    /** Address in the underlay of its node. */
    vtep: IpAddress;
    /** Name of its node, for messages. */
    node: string;
}
/** What is removed goes first. Who is put replaces whom has the same id. */
export interface OverlayChange {
    remove?: readonly string[] | undefined;
    put?: readonly RemoteEndpoint[] | undefined;
}
export declare class RemoteEndpoints {
    private readonly workers;
    private readonly network;
    private readonly local;
    private readonly nameNode;
    /** MAC by id, and id by MAC. */
    private readonly macs;
    private readonly owners;
    /** `local`: this node's address in the underlay. `nameNode` is told what a node is called. */
    constructor(workers: Workers, network: number, local: IpAddress, nameNode: (address: IpAddress, name: string) => void);
    /** Ids that are not known are passed over. What cannot be is left out, with a warning. */
    apply({ remove, put }: OverlayChange): void;
    private put;
    private remove;
}
