/** The LANs on which endpoints stand, by their parents, and which networks are on each. */
import { LanCarry } from "../../steer/lan-carry.js";
import type { Undo } from "../undo.js";
import { checkedParent, findParent, type LanParent, type LinkOf, parentError } from "./lan-parent.js";
import { LanSegment, type LanSite, type LanSort, type LanSpec } from "./lan-segment.js";

export class Lans {
  private readonly segments = new Map<string, LanSegment>();
  private carried: LanCarry | undefined;

  constructor(private readonly site: LanSite) {}

  private readonly linkOf: LinkOf = (device) => this.site.socket.link(device);

  /** The parent, which must be there, and on which a network of that mode can be. Throws TSP_ERR_NETWORK. */
  parent(name: string, sort: LanSort): LanParent {
    const found = checkedParent(name, this.linkOf);
    this.checkSort(name, sort);
    return found;
  }

  /**
   * For the network of that number, until `undo`. Networks on one LAN share it, and are of one sort; one in mode passthru is alone there.
   * Throws TSP_ERR_NETWORK.
   */
  join(spec: Omit<LanSpec, "carry" | "holderOf">, undo: Undo): LanSegment {
    this.checkSort(spec.parent, spec.sort);
    const segment =
      this.of(spec.parent) ?? new LanSegment(this.site, { ...spec, carry: this.carry(), holderOf: (parent) => this.holderOf(parent) });
    this.segments.set(segment.parent, segment);
    segment.uses++;
    undo.add("use of the LAN", async () => {
      if (--segment.uses > 0) return;
      this.segments.delete(segment.parent);
      await segment.close();
      for (const other of this.segments.values()) other.look(); // its parent may have been held, under another name
    });
    return segment;
  }

  /** By the parent's name, or by another name of the same device. */
  private of(name: string): LanSegment | undefined {
    const named = this.segments.get(name);
    if (named !== undefined) return named;
    const parent = findParent(name, this.linkOf);
    return parent === null ? undefined : this.holderOf(parent);
  }

  /** Not before there is a LAN. */
  private carry(): LanCarry {
    this.carried ??= new LanCarry({ ...this.site.steering.maps, guard: this.site.steering.ends.guardMap }, this.site.workers.count);
    return this.carried;
  }

  /** Once the workers have stopped. */
  close(): void {
    this.carried?.close();
  }

  private holderOf(parent: LanParent): LanSegment | undefined {
    return [...this.segments.values()].find((each) => each.isOn(parent));
  }

  private checkSort(name: string, { mode, promiscuous }: LanSort): void {
    const other = this.of(name);
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
