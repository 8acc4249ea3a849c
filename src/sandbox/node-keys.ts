/** Keys of encrypted networks: this node's change from time to time, and those of other nodes, as the cluster tells them, are told the dataplane. */
import type { Cluster } from "../cluster/cluster.js";
import type { NodeRecord } from "../cluster/records.js";
import type { KeyRing } from "../control/network/key-ring.js";
import { log } from "../log.js";
import { type IpAddress, sameIp } from "../wire/ip-address.js";
import type { PerFamily } from "../wire/per-family.js";

/** This node's keys, and those of others. */
export interface OverlayKeys {
  readonly ring: Pick<KeyRing, "canRotate" | "rotate" | "setPeer" | "knows">;
  /** How often this node makes another key. */
  readonly rekeySec: number;
}

export class NodeKeys {
  /** Nodes that were said to have no key. */
  private readonly keyless = new Set<string>();
  /** Nodes that have endpoints in encrypted networks that are here: where each was when its keys were told. */
  private readonly met = new Map<string, IpAddress>();
  private rekeying: NodeJS.Timeout | undefined;

  /** `vtepOf`: the address of a node's tunnels that this node reaches. */
  constructor(
    private readonly cluster: Cluster,
    private readonly keys: OverlayKeys,
    private readonly vtepOf: (tunnel: PerFamily<IpAddress>) => IpAddress | undefined,
  ) {}

  start(): void {
    this.rekeying = setInterval(() => this.rekey(), this.keys.rekeySec * 1000).unref();
  }

  close(): void {
    clearInterval(this.rekeying);
  }

  /** Whether what is for the node's endpoints in encrypted networks can go there; undefined where nobody here has had to know. */
  isKnown(node: string): boolean | undefined {
    const at = this.met.get(node);
    return at && this.keys.ring.knows(at);
  }

  /** The node, whose tunnels are at that address, has somebody in an encrypted network that is here. */
  meet(node: string, at: IpAddress): void {
    if (this.met.has(node)) return;
    this.met.set(node, at);
    this.tell(node);
  }

  private rekey(): void {
    const { ring } = this.keys;
    if (!ring.canRotate) return; // others may not know the last one yet, as the store is away
    ring.rotate();
    this.cluster.tellKeys();
  }

  /** What is known of the node's keys is told the dataplane, if the node was met. */
  tell(node: string): void {
    const record = this.cluster.view.nodes.get(node);
    const before = this.met.get(node);
    if (before === undefined) return;
    const at = record && this.vtepOf(record.tunnel);
    if (at === undefined || !sameIp(at, before)) this.keys.ring.setPeer(before, this.keysAt(before, node));
    if (at === undefined) return;
    this.met.set(node, at);
    this.keys.ring.setPeer(at, record!.keys);
    if (record!.keys === undefined && !this.keyless.has(node))
      log.warn(`node ${node} has told no key: its endpoints in encrypted networks are not reached; is it of an older version?`);
    if (record!.keys === undefined) this.keyless.add(node);
    else this.keyless.delete(node);
  }

  /** Keys of another node that is at `address` now: one may have come back by another name before its former one ends. */
  private keysAt(address: IpAddress, former: string): NodeRecord["keys"] {
    for (const name of this.met.keys()) {
      const record = name === former ? undefined : this.cluster.view.nodes.get(name);
      const at = record && this.vtepOf(record.tunnel);
      if (at !== undefined && sameIp(at, address)) return record!.keys;
    }
    return undefined;
  }
}
