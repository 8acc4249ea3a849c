/** The LANs on which endpoints stand, by the name of their parent, and which networks are on each. */
import type { Undo } from "../undo.js";
import { checkedParent, type LanParent, parentError } from "./lan-parent.js";
import { type LanMode, LanSegment, type LanSite } from "./lan-segment.js";

export class Lans {
  private readonly segments = new Map<string, LanSegment>();

  constructor(private readonly site: LanSite) {}

  /** The parent, which must be there, and on which a network of that mode can be. Throws TSP_ERR_NETWORK. */
  parent(name: string, mode: LanMode): LanParent {
    const found = checkedParent(name, (device) => this.site.socket.link(device));
    this.checkMode(name, mode);
    return found;
  }

  /**
   * For network `number`, which `who` names in messages, until `undo`. Networks on one LAN share it, and are of one mode; one in mode passthru is alone there.
   * Throws TSP_ERR_NETWORK.
   */
  join(name: string, mode: LanMode, number: number, who: string, undo: Undo): LanSegment {
    this.checkMode(name, mode);
    const segment = this.segments.get(name) ?? new LanSegment(this.site, number, name, mode, who);
    this.segments.set(name, segment);
    segment.uses++;
    undo.add("use of the LAN", async () => {
      if (--segment.uses > 0) return;
      this.segments.delete(name);
      await segment.close();
    });
    return segment;
  }

  private checkMode(name: string, mode: LanMode): void {
    const other = this.segments.get(name);
    if (other === undefined) return;
    if (mode === "passthru" || other.mode === "passthru")
      throw parentError(
        "conflict",
        `another network is already using parent interface ${name}`,
        "in mode passthru a network is alone there",
      );
    if (other.mode !== mode)
      throw parentError(
        "conflict",
        `another network is already using parent interface ${name} in mode ${other.mode}`,
        "use that mode, another parent, or a VLAN of this one",
      );
  }
}
