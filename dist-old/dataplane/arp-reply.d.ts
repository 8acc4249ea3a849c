/**
 * Answers ARP requests for the gateway and for endpoints that the configuration knows, those behind other nodes among them, instead of flooding them (RFC 826; proxying as
 * a bridge with ARP suppression does). Requests for others go on and are flooded. The frame is turned into its answer in place.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function arpReply(b: Batch, state: State): void;
