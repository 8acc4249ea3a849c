/** The routing of a host in memory: what the kernel would answer. Rules first, then the longest prefix, then the lowest metric. Addresses in text. */
import { rawWords } from "../../src/table/addresses.js";
import type { Routing } from "../../src/table/routes.js";
import { type IpAddress, ofBytes, ofIpv4, parseIp, parsePrefix, prefixContains, sameIp } from "../../src/wire/ip-address.js";
import { rawWord } from "../../src/wire/raw.js";
import { FOUND, REFUSED_NO_ROUTE } from "../../src/wire/route-answer.js";

export interface FakeRoute {
  /** Prefix. */
  dst: string;
  metric?: number;
  /** Source address, or a REFUSED_*. */
  source: string | number;
  device?: number;
  /** Of packets from this address alone, or that come in by this device alone, as a routing rule has it. */
  from?: string;
  by?: number;
}

/** A default route for each source address. */
export function defaults(...sources: string[]): FakeRoute[] {
  return sources.map((source) => ({ dst: source.includes(":") ? "::/0" : "0.0.0.0/0", source }));
}

export class FakeRouting implements Routing {
  device = 0;
  readonly source6 = new Int32Array(4);
  /** Questions so far. */
  asked = 0;
  private sorted: FakeRoute[] = [];

  constructor(...routes: FakeRoute[]) {
    this.replace(routes);
  }

  replace(routes: readonly FakeRoute[]): void {
    const length = ({ dst }: FakeRoute): number => Number(dst.split("/")[1]);
    this.sorted = [...routes].sort(
      (a, b) => Number(isByRule(b)) - Number(isByRule(a)) || length(b) - length(a) || (a.metric ?? 0) - (b.metric ?? 0),
    );
  }

  ask(src: number, dst: number, _proto?: number, _ports?: number, ingress = 0): number {
    const source = this.find(ofIpv4(rawWord(src)), ofIpv4(rawWord(dst)), ingress);
    return typeof source === "number" ? source : rawWords(parseIp(source)!)[0]!;
  }

  ask6(ends: Int32Array, _proto?: number, _ports?: number, ingress = 0): number {
    const at = (from: number): IpAddress => ofBytes(new Uint8Array(ends.slice(from, from + 4).buffer));
    const source = this.find(at(0), at(4), ingress);
    if (typeof source === "number") return source;
    this.source6.set(rawWords(parseIp(source)!));
    return FOUND;
  }

  private find(src: IpAddress, dst: IpAddress, ingress: number): string | number {
    this.asked++;
    for (const { dst: net, source, device = 2, from, by } of this.sorted) {
      if (!prefixContains(parsePrefix(net)!, dst) || (by ?? ingress) !== ingress) continue;
      if (from !== undefined && !sameIp(parseIp(from)!, src)) continue;
      this.device = device;
      return source;
    }
    return REFUSED_NO_ROUTE;
  }
}

function isByRule({ from, by }: FakeRoute): boolean {
  return from !== undefined || by !== undefined;
}
