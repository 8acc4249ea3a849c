/**
 * Which address of the host's a packet is to have as its source. The host's kernel says so, which is asked about the very packet: routing rules,
 * tables, multipath and preferred sources are its own business. What it says is kept, by source and destination, until the host changes, but for no
 * longer than FRESH_SEC. For new flows only.
 */
import { isIpv6 } from "../wire/address-word.js";
import { isRefused, REFUSED_NO_ROUTE } from "../wire/route-answer.js";
import type { RouteTable } from "./route.js";

/** Whom to ask. All raw; `ports` as in conntrack. */
export interface Routing {
  /** Interface index that the last answer led out of. */
  readonly device: number;
  /** The source of a packet from `src` (0: the host's own) that comes in at device `ingress`, or a REFUSED_* of `wire/route-answer.ts`. */
  ask(src: number, dst: number, proto: number, ports: number, ingress: number): number;
}

export const FRESH_SEC = 10;
const SLOTS = 1 << 12,
  WAY = 4; // words of a slot: source, destination, answer, second

export class Routes {
  /** Interface index of the uplink, by which the kernel gets what is sent on. */
  uplink = 0;
  private readonly slots = new Int32Array(SLOTS * WAY);
  /** Devices that nothing may be sent to. */
  private refused: readonly number[] = [];
  /** Answers hold for the very ports: nothing is kept. */
  private exact = false;

  /** `table`: for IPv6, and where nobody can be asked. `seed`: int32, random per process. */
  constructor(
    private readonly table: RouteTable,
    private readonly routing: Routing | undefined,
    private readonly seed: number,
  ) {}

  /** The host has changed. */
  change(refused: readonly number[], exact: boolean): void {
    this.refused = refused;
    this.exact = exact;
    this.slots.fill(0);
  }

  /** The source that the host gives to what it sends on for `src`, which comes in by device `ingress` (0: the uplink). `now` in seconds. */
  via(src: number, dst: number, proto: number, ports: number, ingress: number, now: number): number {
    if (this.routing === undefined || isIpv6(dst)) return this.table.sourceFor(dst);
    const at = this.slot(src, dst);
    const { slots } = this;
    if (slots[at] === src && slots[at + 1] === dst && slots[at + 3]! > now - FRESH_SEC && !this.exact) return slots[at + 2]!;
    const source = this.routing.ask(src, dst, proto, ports, ingress === 0 ? this.uplink : ingress);
    const isOut = src === 0 || isRefused(source) || !this.refused.includes(this.routing.device); // the host itself goes everywhere
    const answer = isOut ? source : REFUSED_NO_ROUTE;
    slots[at] = src;
    slots[at + 1] = dst;
    slots[at + 2] = answer;
    slots[at + 3] = now;
    return answer;
  }

  /** The host's own address towards `dst`. */
  sourceTo(dst: number, now: number): number {
    return this.via(0, dst, 0, 0, 0, now);
  }

  private slot(src: number, dst: number): number {
    const h = Math.imul(dst ^ this.seed, 0x9e3779b1) ^ Math.imul(src, 0x85ebca6b);
    return ((h ^ (h >>> 15)) & (SLOTS - 1)) * WAY;
  }
}
