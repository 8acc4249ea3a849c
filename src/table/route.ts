/**
 * The host's IPv4 routes, as far as masquerade needs them: which source address a packet to a destination leaves with.
 * Longest prefix first, then lowest metric; searched one by one, for new flows only. Words raw.
 */
import { rawMask } from "../wire/raw.js";

export interface RouteEntry {
  /** Raw; bits behind the prefix are ignored. */
  dst: number;
  prefixLength: number;
  metric: number;
  /** Source address that the host uses on this route, raw; 0: a route that refuses (blackhole, unreachable). */
  source: number;
}

export class RouteTable {
  private masks = new Int32Array(0);
  private nets = new Int32Array(0);
  private sources = new Int32Array(0);

  /** Replaces all routes. */
  replace(routes: readonly RouteEntry[]): void {
    const sorted = [...routes].sort((a, b) => b.prefixLength - a.prefixLength || a.metric - b.metric);
    this.masks = Int32Array.from(sorted, (r) => rawMask(r.prefixLength));
    this.nets = Int32Array.from(sorted, (r) => r.dst & rawMask(r.prefixLength));
    this.sources = Int32Array.from(sorted, (r) => r.source);
  }

  /** Source address for packets to `dst`, raw; 0 when there is no route. */
  sourceFor(dst: number): number {
    for (let i = 0; i < this.masks.length; i++) if ((dst & this.masks[i]!) === this.nets[i]) return this.sources[i]!;
    return 0;
  }
}
