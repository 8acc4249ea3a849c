/**
 * Asks both ends of connections that a former process has left whether they know of them still. While nobody held the port, the host's own stack
 * answered what came for it, with a reset; the other end, if it only listens, would wait for ever.
 *
 * A segment outside of its receiver's window is answered with an acknowledgment that has the right numbers (RFC 9293 §3.10.7.4). Like any other
 * packet of the flow the answer goes to the other end. One that knows the connection takes no notice; one that does not resets it, with the number
 * that the first end expects (§3.10.7.1). So a question needs none of the numbers, which a row does not have. Each end is asked as if the other did.
 *
 * The sequence number is any: one of some ten thousand lies in the window, and then there is no answer, and no harm.
 */
import type { Batch } from "../mem/batch.js";
import type { Addresses } from "../table/addresses.js";
import { type Conntrack } from "../table/conntrack.js";
import type { RandomInt32 } from "../table/random.js";
/** What is needed of `State`. */
interface Tables {
    readonly conntrack: Conntrack;
    readonly addresses: Addresses;
    readonly random: RandomInt32;
}
export declare class Probes {
    private readonly ids;
    private next;
    private budget;
    /** Flow `id` is to be asked about; not in the packet path. */
    add(id: number): void;
    /** Once a second. */
    tick(): void;
    /** There is something to ask now. */
    get due(): boolean;
    /** Fills the batch with questions, as if each end of a flow had sent one to the other. Answers how many. */
    fill(b: Batch, tables: Tables): number;
}
export {};
