import type { State } from "../dataplane/state.js";
import type { Batch } from "../mem/batch.js";
/**
 * Frame `i` to each of `nodes`; false where it cannot be segmented, and nothing is sent. `from`: the port whose bandwidth it takes, or -1. Nothing of it may
 * wait in the transmit list.
 */
export type SendToNodes = (i: number, nodes: readonly number[], from: number) => boolean;
/** `send` takes frame `i`, by then a datagram, to the tunnels' port, and has it sent before it returns. */
export declare function nodesOut(batch: Batch, state: State, send: (i: number, from: number) => void): SendToNodes;
