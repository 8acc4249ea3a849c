/**
 * Takes one off the TTL or hop limit of what is routed, and answers with ICMP time exceeded what has none left (RFC 1812 §5.3.1, RFC 4443 §3.3), so that a traceroute
 * shows this hop. Runs before the rewrite: the answer quotes the packet as its sender knows it. One that would open a flow `admit` gives here.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function ttl(b: Batch, state: State): void;
/** Answers frame `i`, whose TTL ends here, or drops it. */
export declare function expire(b: Batch, i: number, state: State): void;
