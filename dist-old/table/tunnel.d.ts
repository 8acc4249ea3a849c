/** Bytes that an underlay of that family must carry beside an inner IP packet: 50, or 70. */
export declare function overheadOf(family: 4 | 6): number;
export declare class Tunnel {
    /** Port of the tunnels' device; -1: there is none, and no overlay network. */
    port: number;
    /** Its interface index. */
    device: number;
    /** This node's address in the underlay. */
    local: number;
    /** UDP port, raw half. */
    udpPort: number;
    /** Datagrams get a UDP checksum. */
    checksum: boolean;
    /** The device takes frames with segmentation. */
    segments: boolean;
    /** Of the next datagram (RFC 791 §3.1): nobody but who has to fragment one looks at it. */
    identification: number;
    private readonly networks;
    /** `seed`: int32, random per process. */
    constructor(seed: number);
    /** The underlay is IPv6. */
    get ipv6(): boolean;
    /** From the outer Ethernet header to the inner one. */
    get overhead(): number;
    /** Number of the network with that identifier, or -1. */
    networkOf(vni: number): number;
    addNetwork(vni: number, network: number): void;
    removeNetwork(vni: number): void;
}
