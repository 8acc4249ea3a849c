/** The LANs on which endpoints stand, by the name of their parent, and which networks are on each. */
import type { Undo } from "../undo.js";
import { checkedParent, type LanParent, parentError } from "./lan-parent.js";
import { LanSegment, type LanSite, type LanSort } from "./lan-segment.js";

export class Lans {
  private readonly segments = new Map<string, LanSegment>();

  constructor(private readonly site: LanSite) {}

  /** The parent, which must be there, and on which a network of that mode can be. Throws TSP_ERR_NETWORK. */
  parent(name: string, sort: LanSort): LanParent {
    const found = checkedParent(name, (device) => this.site.socket.link(device));
    this.checkSort(name, sort);
    return found;
  }

  /**
   * For network `number`, which `who` names in messages, until `undo`. Networks on one LAN share it, and are of one sort; one in mode passthru is alone there.
   * Throws TSP_ERR_NETWORK.
   */
  join(name: string, sort: LanSort, number: number, who: string, undo: Undo): LanSegment {
    this.checkSort(name, sort);
    const segment = this.segments.get(name) ?? new LanSegment(this.site, number, name, sort, who);
    this.segments.set(name, segment);
    segment.uses++;
    undo.add("use of the LAN", async () => {
      if (--segment.uses > 0) return;
      this.segments.delete(name);
      await segment.close();
    });
    return segment;
  }

  private checkSort(name: string, { mode, promiscuous }: LanSort): void {
    const other = this.segments.get(name);
    if (other === undefined) return;
    if (mode === "passthru" || other.sort.mode === "passthru")
      throw parentError(
        "conflict",
        `another network is already using parent interface ${name}`,
        "in mode passthru a network is alone there",
      );
    if (other.sort.mode !== mode)
      throw parentError(
        "conflict",
        `another network is already using parent interface ${name} in mode ${other.sort.mode}`,
        "use that mode, another parent, or a VLAN of this one",
      );
    if (other.sort.promiscuous !== promiscuous)
      throw parentError(
        "conflict",
        `another network is already using parent interface ${name} with tsproxy.spoof=${other.sort.promiscuous ? "allow" : "refuse"}`,
        "use the same, another parent, or a VLAN of this one",
      );
  }
}
