/**
 * The host's routes, as far as masquerade needs them: which source address a packet to a destination leaves with.
 * Longest prefix first, then lowest metric; searched one by one, for new flows only. Words raw; of IPv6 handles (`wire/address-word.ts`).
 */
import { isIpv6 } from "../wire/address-word.js";
import { rawMask } from "../wire/raw.js";
import type { Addresses } from "./addresses.js";
import type { Prefix } from "./prefix.js";

export interface RouteEntry {
  /** Raw; bits behind the prefix are ignored. */
  dst: number;
  prefixLength: number;
  metric: number;
  /** Source address that the host uses on this route, raw; 0: a route that refuses (blackhole, unreachable). */
  source: number;
}

export interface RouteEntry6 {
  prefix: Prefix;
  prefixLength: number;
  metric: number;
  /** Handle; 0: a route that refuses. */
  source: number;
}

export class RouteTable {
  private masks = new Int32Array(0);
  private nets = new Int32Array(0);
  private sources = new Int32Array(0);
  private routes6: RouteEntry6[] = [];

  /** `addresses`: where handles of IPv6 addresses are from. */
  constructor(private readonly addresses: Addresses) {}

  /** Replaces all routes of IPv6. */
  replace6(routes: readonly RouteEntry6[]): void {
    this.routes6 = [...routes].sort((a, b) => b.prefixLength - a.prefixLength || a.metric - b.metric);
  }

  /** Replaces all routes of IPv4. */
  replace(routes: readonly RouteEntry[]): void {
    const sorted = [...routes].sort((a, b) => b.prefixLength - a.prefixLength || a.metric - b.metric);
    this.masks = Int32Array.from(sorted, (r) => rawMask(r.prefixLength));
    this.nets = Int32Array.from(sorted, (r) => r.dst & rawMask(r.prefixLength));
    this.sources = Int32Array.from(sorted, (r) => r.source);
  }

  /** Source address for packets to `dst`, of its family; 0 when there is no route. */
  sourceFor(dst: number): number {
    if (isIpv6(dst)) return this.sourceFor6(dst);
    for (let i = 0; i < this.masks.length; i++) if ((dst & this.masks[i]!) === this.nets[i]) return this.sources[i]!;
    return 0;
  }

  private sourceFor6(dst: number): number {
    for (const { prefix, source } of this.routes6) if (prefix.has(dst, this.addresses)) return source;
    return 0;
  }
}
