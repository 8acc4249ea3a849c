/**
 * Answers neighbor solicitations (RFC 4861 §4.3) for the gateway and for endpoints that the configuration knows, instead of flooding them: as
 * `arp-reply.ts` does. Known are the addresses that they were given, and the link-local ones that come of their MACs. Those for others go on and are
 * flooded; so does what asks from ::, which looks for duplicates (RFC 4862 §5.4): of its own address nobody here is to say anything, and claims to
 * others' the source guard has dropped. The frame is turned into its answer in place.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function ndpReply(b: Batch, state: State): void;
