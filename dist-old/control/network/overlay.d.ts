import type { IpAddress } from "../../wire/ip-address.js";
import { type PerFamily } from "../../wire/per-family.js";
import { type BridgeSpec } from "./bridge.js";
import type { Network, OpenNetwork, Reach } from "./network.js";
import { RemoteEndpoints } from "./remote-endpoints.js";
import type { Site } from "./site.js";
export interface OverlaySpec extends Omit<BridgeSpec, "kind"> {
    kind: "overlay";
    /** VXLAN network identifier, 1..2^24-1, which no other network of the process has. */
    vni: number;
    /** This node's addresses in the underlay, one a family at most: addresses of the host. IPv4 is taken of both. The same for all overlay networks of a process. */
    local: PerFamily<IpAddress>;
    /** UDP port of the tunnels, on all nodes. Default: 4789. */
    port?: number | undefined;
    /** Whether datagrams get a UDP checksum. Default: over IPv6 alone, where some receivers want one (RFC 6935). */
    checksum?: boolean | undefined;
}
/** Throws TSP_ERR_NETWORK as a bridge does, and as `Tunnels.use`; invalid: an identifier or MTU out of range. */
export declare const openOverlay: OpenNetwork<OverlaySpec>;
export declare class OverlayNetwork implements Network {
    readonly number: number;
    readonly subnets: Network["subnets"];
    readonly mtu: number;
    readonly hostDevice: string;
    readonly endpoints: Network["endpoints"];
    readonly remotes: RemoteEndpoints;
    private readonly bridge;
    private readonly undo;
    constructor({ workers, numbers, tunnels, ...site }: Site, number: number, { vni, local, port: udpPort, checksum, mtu, ...spec }: OverlaySpec);
    reach(target: IpAddress): Reach | null;
    close(): Promise<void>;
}
