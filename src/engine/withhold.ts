/**
 * Moves flows between the kernel and the loop while somebody looks at their packets (`captures.ts`). A flow that is taken back keeps its entries in the
 * steering's maps, which from then on lead its packets here; so none is lost, and the connection goes on. Given back, it is entered as it was decided.
 */
import { hasIpv6End } from "../dataplane/carried-port.js";
import { enterClient } from "../dataplane/record.js";
import type { State } from "../dataplane/state.js";
import { CLOSED, EGRESS_ENTER, EGRESS_ENTERED, EGRESS_OFFLOAD, EGRESS_PORT, EGRESS_WITHHELD, PHASES } from "../table/conntrack.js";
import type { SteeringMaps } from "./steering-maps.js";

export class Withholder {
  constructor(
    private readonly state: State,
    private readonly maps: Pick<SteeringMaps, "offload" | "record">,
  ) {}

  /** Has the loop get all packets of the flows for which `wants` holds, and the kernel the others'. */
  review(wants: (id: number) => boolean): void {
    const { conntrack } = this.state;
    for (let id = 0; id < conntrack.end; id++) {
      if (!conntrack.isLive(id)) continue;
      const way = conntrack.egress(id, 0);
      if ((way & EGRESS_OFFLOAD) !== 0 && wants(id)) this.takeBack(id);
      else if ((way & EGRESS_WITHHELD) !== 0 && !wants(id)) this.giveBack(id);
    }
  }

  /** Once more for those that are taken back: the uplink's program may have entered one with a frame that was on its way. */
  takeBackAgain(): void {
    const { conntrack } = this.state;
    for (let id = 0; id < conntrack.end; id++)
      if (conntrack.isLive(id) && (conntrack.egress(id, 0) & EGRESS_WITHHELD) !== 0) this.maps.offload?.takeBack(id);
  }

  private takeBack(id: number): void {
    const { conntrack, ports } = this.state;
    this.maps.offload?.settle(id);
    conntrack.mark(id, 0, EGRESS_WITHHELD, EGRESS_OFFLOAD);
    conntrack.mark(id, 1, 0, EGRESS_OFFLOAD);
    // What comes by an endpoint's own device needs no entry to come here.
    if ((conntrack.egress(id, 1) & EGRESS_PORT) !== ports.uplink) conntrack.mark(id, 1, 0, EGRESS_ENTER);
    this.maps.offload?.takeBack(id);
  }

  private giveBack(id: number): void {
    const { conntrack, offloads, offloads6 } = this.state;
    const carries = hasIpv6End(this.state, id) ? offloads6 : offloads;
    if (!carries) return; // it may be one that the kernel has refused: as such it stays marked
    conntrack.mark(id, 0, EGRESS_OFFLOAD, EGRESS_WITHHELD);
    conntrack.mark(id, 1, EGRESS_OFFLOAD, 0);
    if (PHASES[conntrack.state(id)] === CLOSED) return;
    if ((conntrack.egress(id, 1) & EGRESS_ENTERED) === 0) {
      conntrack.mark(id, 1, EGRESS_ENTER, 0); // with its next answer
      return;
    }
    enterClient(this.state, id, conntrack.device[id]!, true, true);
    this.maps.record();
  }
}
