import type { FdStore } from "../sys/fd-store.js";
import type { Ipv6Conf } from "../sys/ipv6-conf.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import type { Ipv4Conf } from "../sys/rtnetlink-link.js";
import { type IpAddress, type IpPrefix } from "../wire/ip-address.js";
import { RING_SIZE } from "./accept-program.js";
import { Attacher, type AttachMode } from "./attach.js";
import { type MapFds } from "./program.js";
/**
 * net.ipv6.conf of the uplink, and of no other device. `forwarding` as above; `forceForwarding` (Linux 6.17) lets the host's stack forward what it
 * is handed, though the host is no router.
 */
export declare const UPLINK_IPV6_CONF: Partial<Ipv6Conf>;
/**
 * net.ipv4.conf of the uplink, and of no other device. `forwarding`: else bpf_fib_lookup answers nothing. The others let the host's
 * own stack take packets from and to its own addresses, 127/8 among them, off this device. rp_filter is loose mode since the kernel
 * uses the larger value of this and `all`; it needs some address on the device (UPLINK_ADDRESS), else it drops what comes from the host.
 */
export declare const UPLINK_CONF: Partial<Ipv4Conf>;
/**
 * Address for the uplink, /32 of scope host, if it has no other: loose rp_filter wants one. Being in 127/8 it is nobody else's, is not
 * reachable from outside, and with scope host the kernel never picks it as a source.
 */
export declare const UPLINK_ADDRESS = "127.84.83.80";
/** Whether steering can work on devices of this type (ARPHRD_*, `/sys/class/net/NAME/type`). */
export declare function isSteerable(arphrdType: number): boolean;
export { RING_SIZE };
export interface SteeringOptions {
    /** Interface indices of the uplinks, one a worker. */
    uplinks: readonly number[];
    /** Flows that `flows` holds without forgetting one. */
    flowCapacity: number;
    /** Takes packets for published ports before the host's firewall, and whatever else its kernel checks, sees them. */
    bypass?: boolean;
    /** The kernel has IPsec: `setIpsec` says what its policies are about. */
    ipsec?: boolean;
    /** The kernel has IPv6. */
    ipv6?: boolean;
    /** The programs are to carry out what the engine enters into `flows` (offload-program.ts). Needs Linux 5.11. */
    offload?: boolean;
    /** Do not use TCX even where the kernel has it. */
    forceClsact?: boolean;
    /** Needed where TCX is missing. */
    routeSocket?: RouteSocket;
    /** Keeps what is attached, and flows, while the process is restarted. */
    store?: FdStore | undefined;
    /** The uplinks are those of the process before, so the flows that it entered in the map, if that was kept, lead to them. */
    sameUplinks?: boolean;
}
export declare class Steering {
    private readonly options;
    readonly maps: MapFds;
    private readonly programs;
    private readonly attachments;
    private readonly homes;
    private readonly fds;
    private readonly emitters;
    private readonly tunnelDevices;
    private readonly rings;
    /** Descriptor of the program for sockets that hold published ports; -1 where the firewall is bypassed: they are to drop all. */
    readonly acceptFd: number;
    private readonly homeFds;
    private readonly rawSctp;
    private readonly rawFilters;
    private readonly locals;
    private readonly ipsec;
    readonly attacher: Attacher;
    /** Nothing has been entered in `flows` yet. */
    readonly flowsAreNew: boolean;
    private queue;
    /**
     * Makes the maps, and attaches to the uplinks. Throws `TSP_ERR_BPF` of kind permission where BPF is not allowed, `TSP_ERR_OFFLOAD` where
     * the kernel knows too little for offload.
     */
    constructor(options: SteeringOptions);
    /** Interface indices of the uplinks. */
    get uplinks(): readonly number[];
    /** Interface indices of the devices of tunnels. */
    get tunnels(): readonly number[];
    /** Whether the engine sends by the device: it is an uplink, or one of tunnels. */
    isUplink(ifindex: number): boolean;
    /**
     * What the engine writes to the device of tunnels, which is set up as an uplink is, finds its way out as from there; `port`: what comes in at that UDP
     * port may be from nodes that are entered without theirs. Answers how to end that.
     */
    addTunnel(ifindex: number, port: number): () => void;
    /** Descriptor of the `flows` map. */
    get flowsFd(): number;
    /** Descriptor of the `across` map. */
    get acrossFd(): number;
    /** Descriptor of the `flows6` map. */
    get flows6Fd(): number;
    /** Whether IPv6 is steered. */
    get ipv6(): boolean;
    /** Descriptors of the workers' ring buffers, of RING_SIZE bytes; none where the firewall is bypassed. */
    get ringFds(): readonly number[];
    /** Starts to steer what comes in at a host interface; it may be attached already. `arphrdType`: its `/sys/class/net/NAME/type`. */
    attach(ifindex: number, arphrdType: number): AttachMode;
    /** The same for the host's device in a network of our own, where nothing is to be taken: the engine has seen it. */
    attachOwn(ifindex: number): void;
    /** Also for a device that is gone. Nothing happens when it was not attached. */
    detach(ifindex: number): void;
    /** Interface indices of what was attached to, the uplinks not among them. */
    attached(): number[];
    /**
     * Takes ports `firstPort` to `lastPort`, both included, of `hostIp` (unspecified: any address of the host of that family). `proto`: IANA's number.
     * Nothing to be done unless the firewall is bypassed: the sockets that hold the ports do it. SCTP may have none.
     */
    publish(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number): void;
    /** The opposite of `publish`. */
    withdraw(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number): void;
    private rawFilter;
    /** Program for `native.tapSteering` of a bridge TAP with a queue a worker. */
    get queueFd(): number;
    /** What the engine sends for its port `port` is of the endpoint with this address, an IPv6 one. */
    setInside(port: number, address: IpAddress): void;
    /** The host's own addresses, and the interface index of each one's device; 127/8 and ::1 need not be among them. */
    setLocals(addresses: readonly {
        address: IpAddress;
        ifindex: number;
    }[]): void;
    /** Networks that IPsec policies of the host are about: packets to them the host forwards, and those from them come to us if they came by IPsec. */
    setIpsec(networks: readonly IpPrefix[]): void;
    /** Packets since the start, by the names in COUNTERS. */
    stats(): Record<string, number>;
    /** Detaches everything and gives the maps back. */
    close(): void;
    /** Those that are steered. */
    private get families();
    private mapsOf;
    private attachHome;
    private load;
}
/**
 * Descriptor, also added to `fds`, of the program that Ethernet devices get with offload. It is one a family, the second called by the first:
 * the verifier would find both together too complex, for who lacks CAP_PERFMON. `TSP_ERR_OFFLOAD`: the kernel refuses it.
 */
export declare function loadOffload(options: Pick<SteeringOptions, "uplinks" | "bypass" | "ipsec" | "ipv6" | "store">, maps: MapFds, fds: number[]): number;
