/**
 * Moves flows between the kernel and the loop while somebody looks at their packets (`captures.ts`). A flow that is taken back keeps its entries in the
 * steering's maps, which from then on lead its packets here; so none is lost, and the connection goes on. Given back, it is entered as it was decided.
 *
 * What waits for the loop would be overtaken by what the kernel carries then. So flows of datagrams are given back in two passes, STAMPED_SEC from each other: the first
 * has what comes here stamped, and with the second the kernel waits for the last stamp to leave (`table/order.ts`). So while somebody looks, frames come as they were sent;
 * also when he begins between the two: what is taken back has no stamps from then on.
 * A flow so young that it waits for what is in the ring buffer goes on to do so; it takes one pass more.
 *
 * There may be hundreds of thousands, and each that is moved takes some system calls. So one pass over all of them is made in steps, between batches.
 */
import { hasIpv6End } from "../dataplane/carried-port.js";
import { enterClient } from "../dataplane/record.js";
import type { State } from "../dataplane/state.js";
import { CLOSED, EGRESS_ENTER, EGRESS_ENTERED, EGRESS_OFFLOAD, EGRESS_PORT, PHASES } from "../table/conntrack.js";
import { PROTO_TCP } from "../wire/ipv4.js";
import { ORDER_BY_UPLINK, ORDER_MOST } from "../wire/order.js";
import type { SteeringMaps } from "./steering-maps.js";

/** In one step at most: rows looked at, and flows moved. A flow that is moved costs as much as some packets. */
const ROWS = 4096,
  FLOWS = 32;
/** Of one flow, both directions. */
const ENTRIES = 2;
/** More than one second in any case. What came before has left then, or something with a stamp is behind it. */
const STAMPED_SEC = 2;
/** No pass is being made. */
const IDLE = Number.MAX_SAFE_INTEGER;

export class Withholder {
  /** Whether somebody wants the packets of flow `id`. */
  private wants: (id: number) => boolean = () => false;
  /** Flows of datagrams that have stamps are given back in this pass. */
  private givesBack = false;
  /** Until the next such pass. 0: there is none to be. */
  private nextSec = 0;
  private whenDone: (() => void)[] = [];

  constructor(
    private readonly state: State,
    private readonly maps: Pick<SteeringMaps, "offload" | "record">,
  ) {}

  /**
   * Has the loop get all packets of the flows for which `wants` holds, and the kernel the others'. That begins now and goes on with each `step`;
   * `done` is called at its end.
   */
  review(wants: (id: number) => boolean, done?: () => void): void {
    this.wants = wants;
    this.givesBack = false;
    this.nextSec = 0;
    if (done !== undefined) this.whenDone.push(done);
    this.state.withholdAt = 0;
    this.step();
  }

  /** The same once more, if the last is over, as the uplink's program may have entered one with a frame that was on its way. */
  reviewAgain(): boolean {
    if (this.state.withholdAt !== IDLE) return false;
    this.givesBack = false;
    this.state.withholdAt = 0;
    return true;
  }

  /** Every second. */
  tick(): void {
    if (this.nextSec === 0 || this.state.withholdAt !== IDLE || --this.nextSec > 0) return;
    this.givesBack = true;
    this.state.withholdAt = 0;
  }

  /** A part of the pass, which ends with `state.withholdAt` far away. */
  step(): void {
    const { state } = this;
    const { conntrack } = state;
    const end = Math.min(state.withholdAt + ROWS, conntrack.end);
    let id = state.withholdAt;
    for (let moved = 0; id < end && moved < FLOWS; id++) if (conntrack.isLive(id) && this.see(id)) moved++;
    if (state.entries.count > 0 || state.entries6.count > 0) this.maps.record();
    if (id < conntrack.end) {
      state.withholdAt = id;
      return;
    }
    state.withholdAt = IDLE;
    for (const done of this.whenDone.splice(0)) done();
  }

  /** Moves flow `id` to where it belongs; whether that took system calls. */
  private see(id: number): boolean {
    const { conntrack } = this.state;
    if ((conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0) {
      if (!this.wants(id)) return false;
      this.takeBack(id);
      return true;
    }
    if (!conntrack.isWithheld(id)) return false;
    if (!this.wants(id)) this.giveBackInOrder(id);
    else this.maps.offload?.takeBack(id);
    return true;
  }

  private takeBack(id: number): void {
    const { conntrack, ports } = this.state;
    this.maps.offload?.settle(id);
    conntrack.setWithheld(id, true);
    conntrack.mark(id, 0, 0, EGRESS_OFFLOAD);
    conntrack.mark(id, 1, 0, EGRESS_OFFLOAD);
    // What comes by an endpoint's own device needs no entry to come here.
    if ((conntrack.egress(id, 1) & EGRESS_PORT) !== ports.uplink) conntrack.mark(id, 1, 0, EGRESS_ENTER);
    this.maps.offload?.takeBack(id);
  }

  private giveBackInOrder(id: number): void {
    const { conntrack, order } = this.state;
    const isAtOnce = conntrack.protocol(id) === PROTO_TCP || !order.isKept;
    const hadStamps = isAtOnce || this.maps.offload?.stamp(id, !this.givesBack) !== false;
    if (isAtOnce || (this.givesBack && hadStamps)) this.giveBack(id);
    else this.nextSec = STAMPED_SEC;
  }

  private giveBack(id: number): void {
    const { conntrack, entries, entries6, offloads, offloads6 } = this.state;
    conntrack.setWithheld(id, false);
    if (!(hasIpv6End(this.state, id) ? offloads6 : offloads)) {
      conntrack.mark(id, 0, EGRESS_ENTERED, 0); // the kernel has refused to carry any, meanwhile (`flow-commands.ts`)
      return;
    }
    conntrack.mark(id, 0, EGRESS_OFFLOAD, 0);
    conntrack.mark(id, 1, EGRESS_OFFLOAD, 0);
    if (PHASES[conntrack.state(id)] === CLOSED) return;
    if ((conntrack.egress(id, 1) & EGRESS_ENTERED) === 0) {
      conntrack.mark(id, 1, EGRESS_ENTER, 0); // with its next answer
      return;
    }
    enterClient(this.state, id, conntrack.device[id]!, true, ORDER_MOST | ORDER_BY_UPLINK);
    if (Math.max(entries.count, entries6.count) + ENTRIES > entries.capacity) this.maps.record();
  }
}
