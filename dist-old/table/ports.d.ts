/**
 * The dataplane's ports by number: what kind of attachment each is, and the one station behind it that the configuration knows.
 * Written by the control side; read by stages.
 */
export declare const MAX_PORTS = 1024;
/**
 * No port; the host's steered traffic (layer 3, IPv4 only); the host on the bridge; a network namespace on the bridge; what the host's
 * kernel has accepted for published ports (layer 3, IPv4 only; nothing is sent there); the device of the tunnels to other nodes (VXLAN datagrams of
 * all overlay networks); all other nodes of one overlay network (no device: what goes there leaves by the tunnels' one); the LAN that a network's
 * endpoints stand on, the host itself among its stations.
 */
export declare const NONE = 0, UPLINK = 1, HOST = 2, ENDPOINT = 3, HELD = 4, TUNNEL = 5, REMOTE = 6, LAN = 7;
export declare class Ports {
    readonly kind: Uint8Array;
    /** MAC of the device behind the port, raw (`wire/ethernet.ts`). */
    readonly macHi: Int32Array<ArrayBuffer>;
    readonly macLo: Int32Array<ArrayBuffer>;
    /** IPv4 address, raw, of an endpoint, or of the host in the network. */
    readonly address: Int32Array;
    /** Its IPv6 address, a handle (`wire/address-word.ts`); 0: none. */
    readonly address6: Int32Array;
    /** One past the highest port in use. */
    end: number;
    /** Network (`networks.ts`) that a bridge port belongs to. */
    readonly network: Uint8Array<ArrayBuffer>;
    /** Number of the uplink; -1: none. */
    uplink: number;
    /** Memory for `kind`, `address` and `address6`, MAX_PORTS zeros each; default: its own. */
    constructor(kind?: Uint8Array, address?: Int32Array, address6?: Int32Array);
    set(port: number, kind: number, macHi: number, macLo: number, address: number, network: number, address6?: number): void;
    clear(port: number): void;
}
