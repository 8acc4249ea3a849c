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
  /** Of packets from this address alone, as a routing rule has it; raw. */
  from?: number;
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
      (a, b) =>
        Number(b.from !== undefined) - Number(a.from !== undefined) || b.prefixLength - a.prefixLength || (a.metric ?? 0) - (b.metric ?? 0),
    );
  }

  ask(src: number, dst: number): number {
    this.asked++;
    for (const { from, prefixLength, dst: net, source, device = 2 } of this.sorted) {
      if (((dst ^ net) & rawMask(prefixLength)) !== 0 || (from !== undefined && from !== src)) continue;
      this.device = device;
      return source;
    }
    return REFUSED_NO_ROUTE;
  }
}
