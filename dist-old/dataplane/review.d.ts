import type { State } from "./state.js";
export declare function review(state: State): void;
