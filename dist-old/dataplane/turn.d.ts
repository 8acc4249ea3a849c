import type { State } from "./state.js";
/** `when`: second of the packet that is the reason. */
export declare function turn(state: State, id: number, next: number, when: number): void;
/** Gives back all that the flow holds, before it is taken out. */
export declare function end(state: State, id: number): void;
