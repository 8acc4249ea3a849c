/**
 * The dataplane's ports by number: what kind of attachment each is, and the one station behind it that the configuration knows.
 * Written by the control side; read by stages.
 */
/** As many as EGRESS_PORT has numbers for (`flow-row.ts`). */
export const MAX_PORTS = 2048;
/**
 * No port; the host's steered traffic (layer 3, IPv4 only); the host on the bridge; a network namespace on the bridge; what the host's
 * kernel has accepted for published ports (layer 3, IPv4 only; nothing is sent there); the device of the tunnels to other nodes (VXLAN datagrams of
 * all overlay networks); all other nodes of one overlay network (no device: what goes there leaves by the tunnels' one); the LAN that a network's
 * endpoints stand on, the host itself among its stations.
 */
export const NONE = 0,
  UPLINK = 1,
  HOST = 2,
  ENDPOINT = 3,
  HELD = 4,
  TUNNEL = 5,
  REMOTE = 6,
  LAN = 7;

export class Ports {
  readonly kind: Uint8Array;
  /** MAC of the device behind the port, raw (`wire/ethernet.ts`). */
  readonly macHi = new Int32Array(MAX_PORTS);
  readonly macLo = new Int32Array(MAX_PORTS);
  /** IPv4 address, raw, of an endpoint, or of the host in the network. */
  readonly address: Int32Array;
  /** Its IPv6 address, a handle (`wire/address-word.ts`); 0: none. */
  readonly address6: Int32Array;
  /** Of an endpoint: a number that no other one has that may get its address, from one process to the next; 0: not known. */
  readonly owner: Int32Array;
  /** Of an endpoint that the kernel can carry packets to and from: interface index of the device in the host's namespace that they come by; 0: it can not. */
  readonly device = new Int32Array(MAX_PORTS);
  /** One past the highest port in use. */
  end = 0;
  /** Network (`networks.ts`) that a bridge port belongs to. */
  readonly network = new Uint16Array(MAX_PORTS);
  /** Number of the uplink; -1: none. */
  uplink = -1;

  /** Memory for `kind`, `address`, `address6` and `owner`, MAX_PORTS zeros each; default: its own. */
  constructor(
    kind: Uint8Array = new Uint8Array(MAX_PORTS),
    address: Int32Array = new Int32Array(MAX_PORTS),
    address6: Int32Array = new Int32Array(MAX_PORTS),
    owner: Int32Array = new Int32Array(MAX_PORTS),
  ) {
    this.kind = kind;
    this.address = address;
    this.address6 = address6;
    this.owner = owner;
  }

  set(port: number, kind: number, macHi: number, macLo: number, address: number, network: number, address6 = 0): void {
    this.kind[port] = kind;
    this.device[port] = 0;
    this.network[port] = network;
    this.macHi[port] = macHi;
    this.macLo[port] = macLo;
    this.address[port] = address;
    this.address6[port] = address6;
    this.owner[port] = 0;
    if (port >= this.end) this.end = port + 1;
    if (kind === UPLINK) this.uplink = port;
  }

  clear(port: number): void {
    if (this.uplink === port) this.uplink = -1;
    this.kind[port] = NONE;
    while (this.end > 0 && this.kind[this.end - 1] === NONE) this.end--;
  }
}
