/**
 * The own networks by number: each a bridge domain with a gateway, which is the host's port in it. Addresses are words (`wire/address-word.ts`).
 * A network has a subnet of IPv4, one of IPv6, or both. Written by the control side; read by stages.
 */
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import { rawMask } from "../wire/raw.js";
import type { Addresses } from "./addresses.js";
import type { Prefix } from "./prefix.js";

/** Each takes a port for the host, one for other nodes if it is an overlay, and one for each endpoint: with more there would be no ports left. */
export const MAX_NETWORKS = 1024;
/** Nothing is masqueraded out of it, and nothing else is routed out of or into it. */
export const INTERNAL = 1;
/** Endpoints reach the gateway and beyond, but not each other. */
export const NO_ICC = 2;
/** What leaves keeps its own address. */
export const NO_MASQUERADE = 4;
/** Endpoints may send from other addresses than their own (`dataplane/source-guard.ts`). */
export const PROMISCUOUS = 8;

/** On a LAN: whose switch carries what endpoints send each other, and sends it back (reflective relay, IEEE 802.1Qbg). */
export const VEPA = 16;
/** On a LAN: its one endpoint has the parent device's MAC. */
export const PASSTHRU = 32;
/** On a LAN: there all endpoints have the parent device's MAC, and are told apart by address. */
export const ONE_MAC = 64;

export class Networks {
  readonly address = new Int32Array(MAX_NETWORKS);
  readonly mask = new Int32Array(MAX_NETWORKS);
  readonly gateway = new Int32Array(MAX_NETWORKS);
  /** The gateway's MAC, that is the host port's. */
  readonly macHi = new Int32Array(MAX_NETWORKS);
  readonly macLo = new Int32Array(MAX_NETWORKS);
  /** The host's port in the network; -1: none (yet). */
  readonly hostPort = new Int32Array(MAX_NETWORKS).fill(-1);
  /** Interface index of the device behind it; 0: none. */
  readonly hostDevice = new Int32Array(MAX_NETWORKS);
  /** By which device the host's routing is to think that endpoints' packets come in; 0: the uplink. Of IPv4, and of IPv6. */
  readonly wayIn = new Int32Array(MAX_NETWORKS);
  readonly wayIn6 = new Int32Array(MAX_NETWORKS);
  readonly flags = new Uint8Array(MAX_NETWORKS);
  /** Of an overlay network: the port that stands for its other nodes, of kind REMOTE; -1: it is no overlay. */
  readonly remotePort = new Int32Array(MAX_NETWORKS).fill(-1);
  /** Of an overlay network: its identifier in the underlay, and the longest IP packet that goes to another node. */
  readonly vni = new Int32Array(MAX_NETWORKS);
  readonly mtu = new Int32Array(MAX_NETWORKS);
  /**
   * Of an overlay network: the address that this node has in it for itself, which endpoints on other nodes see as the client of a published port, since
   * their gateway is their own node; and its MAC. 0: none.
   */
  readonly snat = new Int32Array(MAX_NETWORKS);
  readonly snat6 = new Int32Array(MAX_NETWORKS);
  readonly snatHi = new Int32Array(MAX_NETWORKS);
  readonly snatLo = new Int32Array(MAX_NETWORKS);
  /** 1: frames between its nodes are sealed. */
  readonly sealed = new Uint8Array(MAX_NETWORKS);
  /** The port of the LAN that its endpoints stand on; -1: it is a network of its own. With one it has no subnets here, and its MAC is the parent device's. */
  readonly lanPort = new Int32Array(MAX_NETWORKS).fill(-1);
  /** Of one on a LAN: the VLAN that is; 0: none. */
  readonly vlan = new Uint16Array(MAX_NETWORKS);
  /** Address that what leaves is given instead of the route's; 0: the route's. */
  readonly outside = new Int32Array(MAX_NETWORKS);
  /** Gateway's IPv6 address; 0: no IPv6 here. */
  readonly gateway6 = new Int32Array(MAX_NETWORKS);
  /** As `outside`, of IPv6. */
  readonly outside6 = new Int32Array(MAX_NETWORKS);
  private readonly prefixes6: (Prefix | null)[] = new Array<Prefix | null>(MAX_NETWORKS).fill(null);
  private readonly used = new Uint8Array(MAX_NETWORKS);
  /** One past the highest number in use. */
  end = 0;

  /** `addresses`: where handles of IPv6 addresses are from. */
  constructor(private readonly addresses: Addresses) {}

  /** The network and its IPv4 subnet; without one `address` is 0 and `prefixLength` 32. IPv6: `set6`. */
  set(id: number, address: number, prefixLength: number, gateway: number, flags: number, outside: number): void {
    this.address[id] = address;
    this.mask[id] = rawMask(prefixLength);
    this.gateway[id] = gateway;
    this.flags[id] = flags;
    this.outside[id] = outside;
    this.hostPort[id] = -1;
    this.hostDevice[id] = 0;
    this.wayIn[id] = 0;
    this.wayIn6[id] = 0;
    this.remotePort[id] = -1;
    this.setSnat(id, 0, 0, NO_ADDRESS, NO_ADDRESS);
    this.lanPort[id] = -1;
    this.gateway6[id] = 0;
    this.outside6[id] = 0;
    this.prefixes6[id] = null;
    this.used[id] = 1;
    if (id >= this.end) this.end = id + 1;
  }

  /** Gives the network an IPv6 subnet. */
  set6(id: number, prefix: Prefix, gateway: number, outside: number): void {
    this.prefixes6[id] = prefix;
    this.gateway6[id] = gateway;
    this.outside6[id] = outside;
  }

  /** Makes an overlay network of it. */
  setOverlay(id: number, remotePort: number, vni: number, mtu: number, isSealed: boolean): void {
    this.sealed[id] = isSealed ? 1 : 0;
    this.remotePort[id] = remotePort;
    this.vni[id] = vni;
    this.mtu[id] = mtu;
  }

  /** Words of its addresses there, which the caller holds; NO_ADDRESS: none of that family. */
  setSnat(id: number, hi: number, lo: number, ipv4: number, ipv6: number): void {
    this.snatHi[id] = hi;
    this.snatLo[id] = lo;
    this.snat[id] = ipv4;
    this.snat6[id] = ipv6;
  }

  /** This node's address in the network that who has `address` sees as the client; NO_ADDRESS: none of its family. */
  snatFor(id: number, address: number): number {
    return isIpv6(address) ? this.snat6[id]! : this.snat[id]!;
  }

  /** Whether this node has the address in a network. For what happens seldom: it looks at one after the other. */
  isSnat(address: number): boolean {
    for (let id = 0; id < this.end; id++) if (this.snatFor(id, address) === address && address !== NO_ADDRESS) return true;
    return false;
  }

  /** Devices that the host forwards from, by family. Of others it would say that nothing is sent on. */
  setWaysIn(forwarding: readonly number[], forwarding6: readonly number[]): void {
    for (let id = 0; id < this.end; id++) {
      const device = this.hostDevice[id]!;
      this.wayIn[id] = forwarding.includes(device) ? device : 0;
      this.wayIn6[id] = forwarding6.includes(device) ? device : 0;
    }
  }

  /** By which device the host's routing is to think that an endpoint's packet to `address` comes in; 0: the uplink. */
  wayInFor(id: number, address: number): number {
    return isIpv6(address) ? this.wayIn6[id]! : this.wayIn[id]!;
  }

  clear(id: number): void {
    this.used[id] = 0;
    this.remotePort[id] = -1;
    this.setSnat(id, 0, 0, NO_ADDRESS, NO_ADDRESS);
    this.lanPort[id] = -1;
    this.gateway6[id] = 0;
    this.hostPort[id] = -1;
    this.hostDevice[id] = 0;
    this.wayIn[id] = 0;
    this.wayIn6[id] = 0;
    while (this.end > 0 && this.used[this.end - 1] === 0) this.end--;
  }

  /** Address of the gateway of the address's family; 0: the network has no subnet of it. */
  gatewayFor(id: number, address: number): number {
    return isIpv6(address) ? this.gateway6[id]! : this.gateway[id]!;
  }

  /** Address that what leaves for `address` is given instead of the route's; 0: the route's. */
  outsideFor(id: number, address: number): number {
    return isIpv6(address) ? this.outside6[id]! : this.outside[id]!;
  }

  /** Whether the address lies in the network's subnet of its family. */
  has(id: number, address: number): boolean {
    if (isIpv6(address)) return this.prefixes6[id]?.has(address, this.addresses) ?? false;
    return (address & this.mask[id]!) === this.address[id];
  }

  /** Whether the address is the last one of the network, which is for all in it (RFC 919 §7). */
  isBroadcast(id: number, address: number): boolean {
    return address === (this.address[id]! | ~this.mask[id]!);
  }

  /** The network that the address belongs to, or -1. For new flows only: it looks at one after the other. */
  of(address: number): number {
    for (let id = 0; id < this.end; id++) if (this.used[id] === 1 && this.has(id, address)) return id;
    return -1;
  }
}
