/** Every kind of network. A new one is a file beside `bridge.ts`, its spec in the union and a line in the table. */
import { type BridgeSpec } from "./bridge.js";
import { type MacvlanSpec } from "./macvlan.js";
import type { Network } from "./network.js";
import { type OverlayNetwork, type OverlaySpec } from "./overlay.js";
import type { Site } from "./site.js";
export type NetworkSpec = BridgeSpec | MacvlanSpec | OverlaySpec;
/** What a network of that kind is. */
export type NetworkOf<Spec extends NetworkSpec> = Spec extends OverlaySpec ? OverlayNetwork : Network;
/** As `OpenNetwork`. */
export declare function openNetwork<Spec extends NetworkSpec>(site: Site, number: number, spec: Spec): NetworkOf<Spec>;
