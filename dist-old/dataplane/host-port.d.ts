/**
 * What an endpoint sends to the host itself: it goes to the host's device in the network as it is, if it is for an address of the host that the
 * endpoint may reach. Out of an internal network that is the gateway's alone. The kernel must not get anything else there: it would forward it,
 * past isolation and NAT, where it forwards at all.
 */
import type { Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Sends frame `i`, which is for `dst` (raw), to the host's port. False, and nothing is done, if it may not go there. */
export declare function toHostPort(b: Batch, i: number, state: State, dst: number): boolean;
