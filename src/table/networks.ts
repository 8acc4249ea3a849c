/**
 * The own networks by number: each a bridge domain with a gateway, which is the host's port in it. Raw words (`wire/raw.ts`).
 * Written by the control side; read by stages.
 */
import { rawMask } from "../wire/raw.js";

export const MAX_NETWORKS = 256;
/** Nothing is masqueraded out of it, and nothing else is routed out of or into it. */
export const INTERNAL = 1;
/** Endpoints reach the gateway and beyond, but not each other. */
export const NO_ICC = 2;
/** What leaves keeps its own address. */
export const NO_MASQUERADE = 4;
/** Endpoints may send from other addresses than their own (`dataplane/source-guard.ts`). */
export const PROMISCUOUS = 8;

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
  readonly flags = new Uint8Array(MAX_NETWORKS);
  /** Address that what leaves is given instead of the route's; 0: the route's. */
  readonly outside = new Int32Array(MAX_NETWORKS);
  private readonly used = new Uint8Array(MAX_NETWORKS);
  /** One past the highest number in use. */
  end = 0;

  set(id: number, address: number, prefixLength: number, gateway: number, flags: number, outside: number): void {
    this.address[id] = address;
    this.mask[id] = rawMask(prefixLength);
    this.gateway[id] = gateway;
    this.flags[id] = flags;
    this.outside[id] = outside;
    this.hostPort[id] = -1;
    this.hostDevice[id] = 0;
    this.used[id] = 1;
    if (id >= this.end) this.end = id + 1;
  }

  clear(id: number): void {
    this.used[id] = 0;
    this.hostPort[id] = -1;
    this.hostDevice[id] = 0;
    while (this.end > 0 && this.used[this.end - 1] === 0) this.end--;
  }

  /** Whether the address is the last one of the network, which is for all in it (RFC 919 §7). */
  isBroadcast(id: number, address: number): boolean {
    return address === (this.address[id]! | ~this.mask[id]!);
  }

  /** The network that the address belongs to, or -1. For new flows only: it looks at one after the other. */
  of(address: number): number {
    for (let id = 0; id < this.end; id++) if (this.used[id] === 1 && (address & this.mask[id]!) === this.address[id]) return id;
    return -1;
  }
}
