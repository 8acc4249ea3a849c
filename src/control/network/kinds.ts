/** Every kind of network. A new one is a file beside `bridge.ts`, its spec in the union and a line in the table. */
import { type BridgeSpec, openBridge } from "./bridge.js";
import { type MacvlanSpec, openMacvlan } from "./macvlan.js";
import type { Network, OpenNetwork } from "./network.js";
import { type OverlayNetwork, type OverlaySpec, openOverlay } from "./overlay.js";
import type { Site } from "./site.js";

export type NetworkSpec = BridgeSpec | MacvlanSpec | OverlaySpec;

/** What a network of that kind is. */
export type NetworkOf<Spec extends NetworkSpec> = Spec extends OverlaySpec ? OverlayNetwork : Network;

const KINDS: { [Kind in NetworkSpec["kind"]]: OpenNetwork<Extract<NetworkSpec, { kind: Kind }>> } = {
  bridge: openBridge,
  macvlan: openMacvlan,
  overlay: openOverlay,
};

/** As `OpenNetwork`. */
export function openNetwork<Spec extends NetworkSpec>(site: Site, number: number, spec: Spec): NetworkOf<Spec> {
  const open = KINDS[spec.kind] as OpenNetwork<Spec>;
  return open(site, number, spec) as NetworkOf<Spec>;
}
