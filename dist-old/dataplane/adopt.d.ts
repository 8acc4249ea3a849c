import type { FlowFile } from "../table/flow-file.js";
import { type State } from "./state.js";
export interface AdoptHooks {
    /** Writes `state.entries`; sets the count to 0. */
    record(): void;
    /** Deletes the entries in `state.forget`; sets the count to 0. */
    forget(): void;
}
export declare class FormerFlows {
    private readonly state;
    private readonly mapIsNew;
    private readonly hooks;
    /** Rows that wait, in the order of their last packet, which is that of the lists that age them: file and row number. */
    private waiting;
    /** Flows that go on though their port is not published yet: row number, and what tells that it is still the same flow. */
    private readonly trusted;
    /** Flows taken up so far. */
    taken: number;
    /** Of these files' flows that both ends kept up, those that could not go on. */
    lost: number;
    /** `mapIsNew`: the steering's map has none of their entries. */
    constructor(state: State, files: readonly FlowFile[], mapIsNew: boolean, hooks: AdoptHooks);
    get left(): number;
    /** Takes up what can be by now. `last`: nothing waits any longer. */
    adopt(last: boolean): void;
    /** Numbers of the rows in use that are this worker's, by their deadlines. */
    private rowsOf;
    private isMine;
    /** Those whose port has come are flows like others; at last the rest ends. */
    private lookAtTrusted;
    /** Whether flow `id`, to a published port, is what the port makes of it now. */
    private ruleFate;
    private adoptRow;
    /** The rest of a row that was just taken up, and its entries in the steering's map. */
    private complete;
    /** Flow `id` says which of several targets its client has been led to. */
    private noteTarget;
    /** Port of the endpoint with that address that stands on a LAN, or -1. */
    private onLan;
    /** Number that the port has now which the former process had under the number in `way`; -1: it is not there, or not yet. */
    private portNow;
    /** The words of `state.newFlow` are the file's; makes them ours. False: one is of no address. */
    private translateAddresses;
    /** The address in our table that has the word in the file's; NO_ADDRESS if it has none, or there is no room. Nobody holds it yet. */
    private wordNow;
    /** Of `state.newFlow`, to a published port. */
    private publishedFate;
    private fateBy;
    /** Of `state.newFlow`, which the endpoint behind `port` has opened to elsewhere. */
    private outboundFate;
    private makeRoomToForget;
    /** Nothing is steered to us by it any more. */
    private giveUp;
}
