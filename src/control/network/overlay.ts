/**
 * The kind `overlay`: on this host what a bridge is, with gateway, masquerade and published ports; and its endpoints reach those behind other nodes, which
 * are told, in VXLAN datagrams through an underlay (`tunnels.ts`). Each node has the gateway, with the same address and MAC, for its own endpoints.
 */
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import type { NetworkStations } from "../../steer/stations.js";
import { native } from "../../sys/native.js";
import { overheadOf } from "../../table/tunnel.js";
import type { IpAddress } from "../../wire/ip-address.js";
import { eachFamily, mapFamilies, type PerFamily } from "../../wire/per-family.js";
import { MAX_VNI } from "../../wire/vxlan.js";
import { Undo } from "../undo.js";
import { stationMac } from "./address-mac.js";
import { type Bridged, type BridgeSpec, openBridged } from "./bridge.js";
import { MIN_IPV6_MTU, MIN_MTU } from "./mtu.js";
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
  /** Frames between nodes are sealed, with keys that the nodes are told (`key-ring.ts`); who has none gets nothing. Default: no. */
  encrypted?: boolean | undefined;
  /** Whether datagrams get a UDP checksum. Default: over IPv6 alone, where some receivers want one (RFC 6935). */
  checksum?: boolean | undefined;
}

/** Throws TSP_ERR_NETWORK as a bridge does, and as `Tunnels.use`; invalid: an identifier or MTU out of range. */
export const openOverlay: OpenNetwork<OverlaySpec> = (site, number, spec) => new OverlayNetwork(site, number, spec);

/** Throws TSP_ERR_NETWORK (unavailable) where nothing can be sealed. */
export function checkSealing(): void {
  if (native.sealSupport() !== 0) return;
  throw new TsproxyError(
    "TSP_ERR_NETWORK",
    "unavailable",
    "encrypted networks need OpenSSL's functions, which this Node.js does not export",
    "use Node.js as nodejs.org or the distribution builds it",
  );
}

/** The longest packet that goes whole through an underlay of that family and MTU. */
export function roomInUnderlay(mtu: number, family: 4 | 6, encrypted = false): number {
  return mtu - overheadOf(family, encrypted);
}

/** Through the underlay go packets of `most` bytes. Throws TSP_ERR_NETWORK (invalid) where a network cannot have the MTU `mtu`. */
export function checkOverlayMtu(most: number, mtu: number): void {
  if (most < MIN_MTU)
    throw new TsproxyError(
      "TSP_ERR_NETWORK",
      "invalid",
      `the underlay's MTU is too small for tunnels: it leaves ${most} bytes`,
      "raise the MTU of the underlay's device",
    );
  if (mtu > most)
    throw new TsproxyError(
      "TSP_ERR_NETWORK",
      "invalid",
      `an MTU of ${mtu} is too large: through the underlay go ${most} bytes`,
      `give ${most} or less, or raise the MTU of the underlay's devices`,
    );
}

export class OverlayNetwork implements Network {
  readonly subnets: Network["subnets"];
  readonly hostDevice: string;
  readonly endpoints: Network["endpoints"];
  readonly remotes: RemoteEndpoints;
  private readonly bridge: Bridged;
  /** Whose frames the kernel carries. */
  private readonly stations: NetworkStations | undefined;
  private readonly undo = new Undo();

  constructor(
    { workers, numbers, tunnels, ...site }: Site,
    readonly number: number,
    { vni, local, port: udpPort, checksum, encrypted = false, mtu, ...spec }: OverlaySpec,
  ) {
    const address = eachFamily(local)[0];
    if (address === undefined)
      throw new TsproxyError("TSP_ERR_NETWORK", "invalid", "an overlay network needs an address of this host in the underlay", "give one");
    if (!Number.isInteger(vni) || vni < 1 || vni > MAX_VNI)
      throw new TsproxyError("TSP_ERR_NETWORK", "invalid", `${vni} is no VXLAN network identifier`, `give 1 to ${MAX_VNI}`);
    if (encrypted) checkSealing();
    const most = tunnels.mtu(address, encrypted);
    checkOverlayMtu(most, mtu ?? most);
    try {
      this.undo.add("tunnels", tunnels.use(vni, { address, port: udpPort, checksum }));
      // What its endpoints send each other is settled by who they are, unless something else has a say in it.
      const isSettled = !encrypted && spec.icc !== false && spec.promiscuous !== true;
      const stations = isSettled ? site.stations.ofNetwork(vni, mtu ?? most) : undefined;
      this.stations = stations;
      this.undo.add("what is carried", () => stations?.close());
      const port = numbers.take({ name: `overlay ${vni}`, kind: "remote", carried: stations?.carried });
      this.undo.add("number of the other nodes", () => numbers.give(port));
      const overlay = { port, vni, mtu: mtu ?? most, encrypted };
      this.bridge = openBridged({ workers, numbers, tunnels, ...site }, number, { ...spec, mtu: mtu ?? most }, overlay, stations?.onEnd);
      this.undo.add("bridge", () => this.bridge.close());
      let before = most;
      const follow = (): void => {
        const now = tunnels.mtuNow(address, encrypted);
        if (now === null || now === before) return;
        before = now;
        this.useMtu(mtu ?? now, now, workers);
      };
      this.undo.add("watch of the underlay's MTU", site.host.onChange(follow));
    } catch (error) {
      this.undo.runApart();
      throw error;
    }
    this.subnets = this.bridge.subnets;
    this.hostDevice = this.bridge.hostDevice;
    this.endpoints = this.bridge.endpoints;
    const gateway = stationMac(mapFamilies(this.subnets, ({ gateway }) => gateway));
    const nameNode = (node: IpAddress, name: string): void => tunnels.nameNode(node, name);
    this.remotes = new RemoteEndpoints(workers, number, address, gateway, nameNode, this.stations);
  }

  get mtu(): number {
    return this.bridge.mtu;
  }

  /** The network is to have the MTU `wanted`, and through the underlay go packets of `most` bytes from now on. */
  private useMtu(wanted: number, most: number, workers: Site["workers"]): void {
    const least = this.subnets.ipv6 === undefined ? MIN_MTU : MIN_IPV6_MTU;
    const mtu = Math.max(wanted, least);
    if (most < mtu) log.warn(`the underlay's MTU has changed: through it go ${most} bytes, less than the network's ${mtu}`);
    if (mtu !== this.bridge.mtu) this.bridge.setMtu(mtu);
    this.stations?.setMtu(Math.min(mtu, most));
    workers.post({ type: "remote-mtu", network: this.number, mtu: Math.min(mtu, most) });
  }

  reach(target: IpAddress): Reach | null {
    return this.bridge.reach(target);
  }

  close(): Promise<void> {
    return this.undo.run();
  }
}
