/** A network in the shape in which Docker's API has it, so that scripts carry over. */
import type { NetworkInspect } from "../api/network-types.js";
import type { GlobalEndpoint } from "../cluster/records.js";
import type { NetworkModel } from "../model/network-model.js";
import { type FoundNetwork } from "./network-catalog.js";
/** `elsewhere`: who is in it on other nodes. */
export declare function inspectNetwork({ id, name, record }: FoundNetwork, model: NetworkModel, elsewhere?: readonly GlobalEndpoint[]): NetworkInspect;
