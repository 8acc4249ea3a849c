/**
 * Answers a packet with an ICMP error about itself (RFC 1812 §4.3.2), back to where it came from, quoting it as its sender knows it. Never
 * about an error, a later fragment, or what was for a group (§4.3.2.7), and no more than so many a second (§4.3.2.8).
 */
import { type Batch } from "../mem/batch.js";
import { type State } from "./state.js";
/**
 * Turns frame `i`, which `parse` has seen, into the error; false, and nothing is changed, where there is to be none. Type and code are ICMP's; of an
 * IPv6 packet it becomes what says the same (RFC 7915 §4.2). `mtu`: of "fragmentation needed".
 */
export declare function answer(b: Batch, i: number, state: State, type: number, code: number, mtu?: number): boolean;
/** Whether `port` may be sent one more answer about a packet in this second. */
export declare function mayAnswer({ icmpErrors, icmpErrorsTo }: State, port: number): boolean;
