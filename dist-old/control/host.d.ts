import { type Steering } from "../steer/steering.js";
import { type Ipv6Conf } from "../sys/ipv6-conf.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { type Link } from "../sys/rtnetlink-entries.js";
import type { Ipv4Conf } from "../sys/rtnetlink-link.js";
import { type IpAddress, type IpPrefix } from "../wire/ip-address.js";
import type { Workers } from "./workers.js";
/** What a device of ours must have. */
export interface OwnConf {
    ipv4: Partial<Ipv4Conf>;
    ipv6?: Partial<Ipv6Conf> | undefined;
    addresses?: readonly {
        address: IpAddress;
        prefixLength: number;
    }[];
}
export declare class Host {
    private readonly socket;
    private readonly workers;
    private readonly steering;
    private readonly onUplinkGone;
    private readonly monitor;
    private links;
    private addresses;
    private routes;
    /** Devices that routes of any table lead out of, by interface index. */
    private routed;
    /** Our devices that the host forwards from, without uplinks. */
    private forwarding;
    private closed;
    /** Our devices by interface index, which are not steered, and what they must have. */
    private readonly ownDevices;
    private readonly listeners;
    /** `uplinks`: their interface indices; `onUplinkGone`: one is no more in this namespace. */
    constructor(socket: RouteSocket, workers: Workers, steering: Steering, uplinks: readonly number[], onUplinkGone?: () => void);
    /** The device with this interface index is ours, until it is disowned. `onGone`: somebody else has deleted it, or moved it away. */
    own(ifindex: number, conf: OwnConf, onGone: () => void): void;
    disown(ifindex: number): void;
    /** To be called when the worker says that the monitor's descriptor is readable. */
    onReadable(): void;
    /** Rereads the host and tells steering and worker. */
    refresh(): void;
    /**
     * Sets right what others have changed in our own devices. Writing net.ipv4.ip_forward, for one, sets every device's `forwarding`: steering needs
     * it on the uplinks, internal networks must not have it. Without them, or the device of the tunnels, nothing is served, so they must be up, and be
     * there.
     */
    private mendDevices;
    /** Calls whenever the host was read again. Answers how to end that. */
    onChange(listener: () => void): () => void;
    /** The device that has the address, or null. */
    linkOf(address: IpAddress): Link | null;
    /** Whether others can reach the host by this address. */
    has(address: IpAddress): boolean;
    /** The host's address next to `target` and their common network, or null when it lies behind a gateway. */
    neighborOf(target: IpAddress, oif: number): {
        address: IpAddress;
        network: IpPrefix;
    } | null;
    /** The network that the host's routes say to be on the link where it reaches `target`; the target alone if they do not. */
    onLink(target: IpAddress, oif: number): IpPrefix;
    /** Whether IPv6 packets are served. */
    get ipv6(): boolean;
    /** Families of which it has addresses and we serve packets. */
    get families(): (4 | 6)[];
    private serves;
    /** The last address of each of its IPv4 networks (RFC 1122 §3.2.1.3). */
    private broadcasts;
    close(): void;
    /** What comes in at our own devices is not to be steered, but packets for their addresses must find their way. */
    private steer;
    /**
     * Whether packets of the host's come and go by the device: it has an address, or the host routes by it without one (links to single containers,
     * uplinks with the address on another device). The ports of a bridge have IPv6 addresses that mean nothing.
     */
    private hasWay;
    /** Addresses of a device that others can reach; null: there is no such device. */
    addressesOn(device: string): IpAddress[] | null;
    /** The device of the default route, for its MTU; null without one. */
    defaultLink(): Link | null;
    /**
     * The address or route of the host that overlaps the network, in words, or null. The default route does not count, nor does what belongs to the
     * device `except`.
     */
    overlap(network: IpPrefix, except?: string): string | null;
}
