/**
 * This node's end of the tunnels to others, one for all overlay networks of the process: a TAP in the host's namespace, which VXLAN datagrams come in
 * and leave by, and a socket that holds the UDP port on this node's address in the underlay. It is there as long as a network uses it.
 *
 * The socket is held as that of a published port: the kernel lets in what the host's firewall lets in, and the program on it gives that to the
 * engine, which enters the node that sent it; from then on the steering brings its datagrams (`dataplane/decapsulate.ts`).
 */
import { closeSync } from "node:fs";
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import type { Steering } from "../../steer/steering.js";
import { errnoName, native, systemError } from "../../sys/native.js";
import { bindError } from "../../sys/port-owner.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import { overheadOf } from "../../table/tunnel.js";
import { addressPort } from "../../wire/address-port.js";
import { formatIp, type IpAddress, sameIp, toBytes } from "../../wire/ip-address.js";
import { PROTO_UDP } from "../../wire/ipv4.js";
import { HEADER_SIZE } from "../../wire/vnet.js";
import { HEADER_SIZE as TUNNEL_HEADER_SIZE } from "../../wire/vnet-tunnel.js";
import { PORT } from "../../wire/vxlan.js";
import type { Host } from "../host.js";
import type { PortNumbers } from "../port-numbers.js";
import { Undo } from "../undo.js";
import { setUpUplink } from "../uplink.js";
import type { PortCounters, Workers } from "../workers.js";
import { watchNodes } from "./node-watch.js";
import type { TapPorts } from "./tap-ports.js";

const DEVICE = "tspvx%d",
  KEPT = "tunnels";

/** Of the tunnels' device, whose frames have a longer virtio-net header than the engine counts off: what its bytes are on the wire. */
export function tunnelCounters(counters: PortCounters): PortCounters {
  const longer = TUNNEL_HEADER_SIZE - HEADER_SIZE;
  const { rxPackets, rxBytes, txPackets, txBytes } = counters;
  return { ...counters, rxBytes: Math.max(0, rxBytes - rxPackets * longer), txBytes: Math.max(0, txBytes - txPackets * longer) };
}

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

interface Open {
  address: IpAddress;
  port: number;
  checksum: boolean;
  undo: Undo;
  vnis: Set<number>;
}

export class Tunnels {
  private open: Open | undefined;
  /** Of nodes, by address. */
  private readonly names = new Map<string, string>();

  constructor(private readonly site: TunnelsSite) {}

  /**
   * For the network with that identifier; answers how to end it. Throws TSP_ERR_NETWORK: not-found without such an address on the host; conflict where
   * another network has the identifier, or other ideas about the underlay; TSP_ERR_PORT_TAKEN and the like.
   */
  use(vni: number, { address, port = PORT, checksum: asked }: Underlay): () => Promise<void> {
    const { open } = this;
    const checksum = asked ?? address.family === 6;
    if (open !== undefined && (!sameIp(open.address, address) || open.port !== port || open.checksum !== checksum))
      throw new TsproxyError(
        "TSP_ERR_NETWORK",
        "conflict",
        `this node is ${addressPort(formatIp(open.address), open.port)} in the underlay already, ${open.checksum ? "with" : "without"} UDP checksums`,
        "give the same for all overlay networks",
      );
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new TsproxyError("TSP_ERR_NETWORK", "invalid", `${port} is no UDP port for tunnels`, "give 1 to 65535");
    if (open?.vnis.has(vni))
      throw new TsproxyError("TSP_ERR_NETWORK", "conflict", `another network has the VXLAN identifier ${vni}`, "give another one");
    const used = open ?? this.start(address, port, checksum, asked === true);
    used.vnis.add(vni);
    return async () => {
      used.vnis.delete(vni);
      if (used.vnis.size > 0 || this.open !== used) return;
      this.open = undefined;
      await used.undo.run();
    };
  }

  /** The longest IP packet that goes through the underlay whole: what its device carries, less what is put before it. */
  mtu(address: IpAddress, encrypted = false): number {
    const link = this.linkOf(address);
    return link.mtu - overheadOf(address.family, encrypted);
  }

  /** The same as it is now; null while the host has no such address. */
  mtuNow(address: IpAddress, encrypted = false): number | null {
    return this.site.host.has(address) ? this.mtu(address, encrypted) : null;
  }

  private linkOf(address: IpAddress): { name: string; mtu: number } {
    const link = this.site.host.has(address) ? this.site.host.linkOf(address) : null;
    if (link !== null) return link;
    throw new TsproxyError(
      "TSP_ERR_NETWORK",
      "not-found",
      `${formatIp(address)} is no address of this host, so no tunnel can end there`,
      "give an address that the other nodes reach this host by; see 'ip address'",
    );
  }

  /** `always`: that datagrams have a checksum was asked for. */
  private start(address: IpAddress, udpPort: number, checksum: boolean, always: boolean): Open {
    const { socket, workers, host, steering, numbers, taps } = this.site;
    this.linkOf(address);
    if (address.family === 6 && !host.ipv6)
      throw new TsproxyError(
        "TSP_ERR_NETWORK",
        "unavailable",
        "no tunnel can end at an IPv6 address: net.ipv6.conf of our devices cannot be written",
        "mount /proc/sys writable, or give an IPv4 address",
      );
    const undo = new Undo();
    try {
      const fd = native.holdPort(PROTO_UDP, toBytes(address), udpPort, steering.acceptFd, 0);
      if (fd < 0) throw bindError("udp", address, udpPort, errnoName(fd));
      undo.add("port of the tunnels", () => closeSync(fd));
      const errno = address.family === 6 ? native.udpNoCheck6(fd) : 0;
      if (errno < 0) throw systemError("setsockopt(UDP_NO_CHECK6_RX)", errno);
      const isNew = !taps.isKept(KEPT);
      const tap = taps.open({ name: DEVICE, keepAs: KEPT, tunnels: true }, undo);
      const { ifindex, mac } = setUpUplink(tap, socket, isNew);
      undo.add("way out of the tunnels", steering.addTunnel({ device: ifindex, port: udpPort, local: address, checksum: always }));
      if (!tap.tunnelGso) log.info(`${tap.name}: the kernel has no segmentation offload in tunnels (Linux 6.17), so it is done here`);
      const port = numbers.take({ name: tap.name, kind: "tunnel", address: formatIp(address) });
      undo.add("number of the tunnels", () => numbers.give(port));
      workers.addTunnel({ port, mac, device: ifindex, address, udpPort, checksum, segments: tap.tunnelGso, datagrams: tap.uso }, tap.fds);
      undo.add("tunnels", () => workers.removePort(port));
      steering.publish(PROTO_UDP, address, udpPort, udpPort);
      undo.add("steering of the tunnels", () => steering.withdraw(PROTO_UDP, address, udpPort, udpPort));
      undo.add("watch of the nodes", watchNodes(workers, this.names));
      undo.add("watch of the underlay", this.watchAddress(address));
    } catch (error) {
      undo.runApart();
      throw error;
    }
    this.open = { address, port: udpPort, checksum, undo, vnis: new Set() };
    return this.open;
  }

  /** What a node is called, for messages. */
  nameNode(address: IpAddress, name: string): void {
    this.names.set(formatIp(address), name);
  }

  /** Says when nobody can send to this node any more. Answers how to end that. */
  private watchAddress(address: IpAddress): () => void {
    const { host } = this.site;
    let there = true;
    return host.onChange(() => {
      const before = there;
      there = host.has(address);
      const what = `${formatIp(address)}, where this node's tunnels end,`;
      if (before && !there) log.warn(`${what} is no address of this host: overlay networks reach no other node`);
      if (!before && there) log.warn(`${what} is an address of this host again`);
    });
  }
}
