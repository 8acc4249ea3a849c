/**
 * The dataplane's ports by number: what kind of attachment each is, and the one station behind it that the configuration knows.
 * Written by the control side; read by stages.
 */
export const MAX_PORTS = 1024;
/**
 * No port; the host's steered traffic (layer 3, IPv4 only); the host on the bridge; a network namespace on the bridge; what the host's
 * kernel has accepted for published ports (layer 3, IPv4 only; nothing is sent there); the device of the tunnels to other nodes (VXLAN datagrams of
 * all overlay networks); all other nodes of one overlay network (no device: what goes there leaves by the tunnels' one); the LAN that a network's
 * endpoints stand on, the host itself among its stations.
 */
export const NONE = 0, UPLINK = 1, HOST = 2, ENDPOINT = 3, HELD = 4, TUNNEL = 5, REMOTE = 6, LAN = 7;
export class Ports {
    /** Memory for `kind`, `address` and `address6`, MAX_PORTS zeros each; default: its own. */
    constructor(kind = new Uint8Array(MAX_PORTS), address = new Int32Array(MAX_PORTS), address6 = new Int32Array(MAX_PORTS)) {
        /** MAC of the device behind the port, raw (`wire/ethernet.ts`). */
        this.macHi = new Int32Array(MAX_PORTS);
        this.macLo = new Int32Array(MAX_PORTS);
        /** One past the highest port in use. */
        this.end = 0;
        /** Network (`networks.ts`) that a bridge port belongs to. */
        this.network = new Uint8Array(MAX_PORTS);
        /** Number of the uplink; -1: none. */
        this.uplink = -1;
        this.kind = kind;
        this.address = address;
        this.address6 = address6;
    }
    set(port, kind, macHi, macLo, address, network, address6 = 0) {
        this.kind[port] = kind;
        this.network[port] = network;
        this.macHi[port] = macHi;
        this.macLo[port] = macLo;
        this.address[port] = address;
        this.address6[port] = address6;
        if (port >= this.end)
            this.end = port + 1;
        if (kind === UPLINK)
            this.uplink = port;
    }
    clear(port) {
        if (this.uplink === port)
            this.uplink = -1;
        this.kind[port] = NONE;
        while (this.end > 0 && this.kind[this.end - 1] === NONE)
            this.end--;
    }
}
//# sourceMappingURL=ports.js.map