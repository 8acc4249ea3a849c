/**
 * The one end of all tunnels that this node is: where it is in the underlay, and which network an identifier stands for. Addresses are words
 * (`wire/address-word.ts`). Written by the control side; read by stages.
 */
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import * as vxlan from "../wire/vxlan.js";
import { PairMap } from "./pair-map.js";
/** UDP and VXLAN header, and the Ethernet header of the frame inside: what an inner IP packet has before it, besides the outer IP header. */
const ETHERNET = 14, REST = l4.UDP_HEADER_SIZE + vxlan.HEADER_SIZE + ETHERNET;
/** Bytes that an underlay of that family must carry beside an inner IP packet: 50, or 70. */
export function overheadOf(family) {
    return (family === 4 ? ipv4.MIN_HEADER_SIZE : ipv6.HEADER_SIZE) + REST;
}
export class Tunnel {
    /** `seed`: int32, random per process. */
    constructor(seed) {
        /** Port of the tunnels' device; -1: there is none, and no overlay network. */
        this.port = -1;
        /** Its interface index. */
        this.device = 0;
        /** This node's address in the underlay. */
        this.local = NO_ADDRESS;
        /** UDP port, raw half. */
        this.udpPort = 0;
        /** Datagrams get a UDP checksum. */
        this.checksum = false;
        /** The device takes frames with segmentation. */
        this.segments = false;
        /** Of the next datagram (RFC 791 §3.1): nobody but who has to fragment one looks at it. */
        this.identification = 0;
        this.networks = new PairMap(seed);
        this.identification = seed & 0xffff;
    }
    /** The underlay is IPv6. */
    get ipv6() {
        return isIpv6(this.local);
    }
    /** From the outer Ethernet header to the inner one. */
    get overhead() {
        return overheadOf(this.ipv6 ? 6 : 4);
    }
    /** Number of the network with that identifier, or -1. */
    networkOf(vni) {
        return this.networks.get(vni, 0);
    }
    addNetwork(vni, network) {
        this.networks.set(vni, 0, network);
    }
    removeNetwork(vni) {
        this.networks.delete(vni, 0);
    }
}
//# sourceMappingURL=tunnel.js.map