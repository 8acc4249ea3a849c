import type { Steering } from "../../steer/steering.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import { type IpAddress } from "../../wire/ip-address.js";
import type { Host } from "../host.js";
import type { PortNumbers } from "../port-numbers.js";
import type { PortCounters, Workers } from "../workers.js";
import type { TapPorts } from "./tap-ports.js";
/** Of the tunnels' device, whose frames have a longer virtio-net header than the engine counts off: what its bytes are on the wire. */
export declare function tunnelCounters(counters: PortCounters): PortCounters;
export interface Underlay {
    /** This node's address there: one of the host's. All nodes' addresses are of its family. */
    address: IpAddress;
    port?: number | undefined;
    /** Whether datagrams get a UDP checksum. */
    checksum?: boolean | undefined;
}
interface TunnelsSite {
    readonly socket: RouteSocket;
    readonly workers: Workers;
    readonly host: Host;
    readonly steering: Steering;
    readonly numbers: PortNumbers;
    readonly taps: TapPorts;
}
export declare class Tunnels {
    private readonly site;
    private open;
    /** Of nodes, by address. */
    private readonly names;
    constructor(site: TunnelsSite);
    /**
     * For the network with that identifier; answers how to end it. Throws TSP_ERR_NETWORK: not-found without such an address on the host; conflict where
     * another network has the identifier, or other ideas about the underlay; TSP_ERR_PORT_TAKEN and the like.
     */
    use(vni: number, { address, port, checksum }: Underlay): () => Promise<void>;
    /** The longest IP packet that goes through the underlay whole: what its device carries, less what is put before it. */
    mtu(address: IpAddress): number;
    private linkOf;
    private start;
    /** What a node is called, for messages. */
    nameNode(address: IpAddress, name: string): void;
    /** Says when nobody can send to this node any more. Answers how to end that. */
    private watchAddress;
    /** Says which node sends for stations that are not known to be behind it. Answers how to end that. */
    private watchNodes;
}
export {};
