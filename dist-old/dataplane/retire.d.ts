/** Ends a flow: gives back what it holds, has its steering entries forgotten, and takes it out of conntrack. */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Has the entry of a packet that we send taken out of the steering's map. */
export declare function forgetEntry({ forget, forget6 }: State, src: number, dst: number, ports: number, proto: number): void;
export declare function retire(state: State, id: number): void;
/** Ends a flow in the middle of a batch, to make room for another. Packets of it in the batch have no flow then: its number is the other's. */
export declare function evict(b: Batch, state: State, id: number): void;
