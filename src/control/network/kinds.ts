/** Every kind of network. A new one is a file beside `bridge.ts`, its spec in the union and a line in the table. */
import { type BridgeSpec, openBridge } from "./bridge.js";
import type { Network } from "./network.js";
import type { Site } from "./site.js";

export type NetworkSpec = BridgeSpec;

const KINDS = { bridge: openBridge } as const;

/** As `OpenNetwork`. */
export function openNetwork(site: Site, number: number, spec: NetworkSpec): Network {
  return KINDS[spec.kind](site, number, spec);
}
