/** What a worker does at the control side's word about its ports: what is behind each, and from when on it is read. */
import type { State } from "../dataplane/state.js";
import type { PacketIo } from "../device/packet-io.js";
import type { Addresses } from "../table/addresses.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { fdbKey } from "../table/fdb.js";
import { ENDPOINT, HELD, HOST, LAN, NONE, TUNNEL } from "../table/ports.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { macHi, macLo } from "../wire/ethernet.js";
import type { IpAddress } from "../wire/ip-address.js";
import { clearRow } from "./counters.js";
import type { ToWorker } from "./messages.js";

interface PortHooks {
  /** Ends the flows for which `matches` holds. */
  flush(matches: (id: number) => boolean): void;
  /** The port of tunnels goes. */
  tunnelGone(): void;
}

export class PortCommands {
  /** Ports that are not read yet, and how to begin. */
  private readonly unread = new Map<number, () => void>();
  /** What former processes left was looked at. */
  private reads = false;

  constructor(
    private readonly state: State,
    private readonly io: Pick<PacketIo, "addPort" | "addRing" | "removePort">,
    private readonly counters: Float64Array,
    private readonly hooks: PortHooks,
  ) {}

  add(m: Extract<ToWorker, { type: "add-port" }>): void {
    const { addresses, endpoints, fdb, networks, ports, shaper } = this.state;
    const [ipv4, ipv6] = wordsOf(addresses, m.addresses);
    const hi = macHi(m.mac);
    const lo = macLo(m.mac);
    clearRow(this.counters, m.port);
    ports.set(m.port, m.kind, hi, lo, ipv4, m.network, ipv6);
    if (m.kind === HOST || m.kind === ENDPOINT) fdb.addStatic(fdbKey(hi, m.network), lo, m.port);
    if (m.kind === ENDPOINT) for (const word of [ipv4, ipv6]) if (word !== NO_ADDRESS) endpoints.set(word, m.network, m.port);
    if (m.kind === ENDPOINT) {
      ports.device[m.port] = m.device;
      ports.owner[m.port] = m.owner ?? 0;
    }
    if (m.kind === HOST) {
      networks.hostPort[m.network] = m.port;
      networks.hostDevice[m.network] = m.device;
    }
    if (m.kind === LAN) networks.lanPort[m.network] = m.port;
    if (m.kind === HOST || m.kind === LAN) {
      networks.macHi[m.network] = hi;
      networks.macLo[m.network] = lo;
    }
    this.state.stationPairs.takeBack();
    if (m.bandwidth !== undefined) shaper.set(m.port, m.bandwidth);
    this.read(m.port, m.fd);
  }

  /** What the host's kernel has accepted for published ports comes by a ring buffer. */
  addHeld(m: Extract<ToWorker, { type: "add-held" }>): void {
    clearRow(this.counters, m.port);
    this.state.ports.set(m.port, HELD, 0, 0, 0, 0);
    this.readLater(m.port, () => this.io.addRing(m.port, m.fd, m.size));
  }

  /** Frames of a port whose row is set are read by `fd`. */
  read(port: number, fd: number): void {
    this.readLater(port, () => this.io.addPort(port, fd));
  }

  /** What former processes left was looked at: ports that wait are read from now on, and others from when they come. */
  startReading(): void {
    this.reads = true;
    for (const start of this.unread.values()) start();
    this.unread.clear();
  }

  /** Its flows end too: the number may soon be another port's. */
  remove(port: number): void {
    const { addresses, conntrack, endpoints, fdb, networks, ports } = this.state;
    if (ports.kind[port] === NONE) return; // one whose device ended by itself is removed by whoever had it, too
    if (!this.unread.delete(port)) this.io.removePort(port);
    this.state.shaper.clear(port);
    this.state.stationPairs.takeBack();
    fdb.flushPort(port);
    const network = ports.network[port]!;
    if (ports.kind[port] === ENDPOINT) for (const word of [ports.address[port]!, ports.address6[port]!]) endpoints.delete(word, network);
    addresses.release(ports.address6[port]!);
    if (ports.kind[port] === HOST) {
      networks.hostPort[network] = -1;
      networks.hostDevice[network] = 0;
      networks.wayIn[network] = 0;
      networks.wayIn6[network] = 0;
    }
    if (ports.kind[port] === LAN) networks.lanPort[network] = -1;
    if (ports.kind[port] === TUNNEL) this.hooks.tunnelGone();
    ports.clear(port);
    this.hooks.flush((id) => (conntrack.egress(id, 0) & EGRESS_PORT) === port || (conntrack.egress(id, 1) & EGRESS_PORT) === port);
  }

  /** From now on; but what waits to be read may be of flows that a former process knew, so not before these were looked at. */
  private readLater(port: number, start: () => void): void {
    if (!this.reads && this.state.awaitsFormer) this.unread.set(port, start);
    else start();
  }
}

/** Words of addresses of the configuration, of which at most one is of each family, held; NO_ADDRESS for the family that is missing. */
export function wordsOf(addresses: Addresses, list: readonly IpAddress[]): [ipv4: number, ipv6: number] {
  const word = (family: 4 | 6): number => {
    const address = list.find((each) => each.family === family);
    return address === undefined ? NO_ADDRESS : addresses.take(address);
  };
  return [word(4), word(6)];
}
