/** The routing of a host in memory: what the kernel would answer. Longest prefix first, then lowest metric. */
import type { Routing } from "../../src/table/routes.js";
import { rawMask } from "../../src/wire/raw.js";
import { REFUSED_NO_ROUTE } from "../../src/wire/route-answer.js";

export interface FakeRoute {
  /** Raw. */
  dst: number;
  prefixLength: number;
  metric?: number;
  /** Raw source address, or a REFUSED_*. */
  source: number;
  device?: number;
  /** Of packets from this address alone, or that come in by this device alone, as a routing rule has it; raw. */
  from?: number;
  by?: number;
}

export class FakeRouting implements Routing {
  device = 0;
  /** Questions so far. */
  asked = 0;
  private sorted: FakeRoute[] = [];

  constructor(...routes: FakeRoute[]) {
    this.replace(routes);
  }

  replace(routes: readonly FakeRoute[]): void {
    this.sorted = [...routes].sort(
      (a, b) => Number(isByRule(b)) - Number(isByRule(a)) || b.prefixLength - a.prefixLength || (a.metric ?? 0) - (b.metric ?? 0),
    );
  }

  ask(src: number, dst: number, _proto?: number, _ports?: number, ingress = 0): number {
    this.asked++;
    for (const { from, by, prefixLength, dst: net, source, device = 2 } of this.sorted) {
      if (((dst ^ net) & rawMask(prefixLength)) !== 0 || (from ?? src) !== src || (by ?? ingress) !== ingress) continue;
      this.device = device;
      return source;
    }
    return REFUSED_NO_ROUTE;
  }
}

function isByRule({ from, by }: FakeRoute): boolean {
  return from !== undefined || by !== undefined;
}
