import type { Steering } from "./steering.js";
export declare class HostGuard {
    private readonly steering;
    private maps;
    private readonly programs;
    constructor(steering: Steering);
    /** From now on, for the host's device in a network; answers with the way back. `internal`: lets not even answers through. */
    attach(ifindex: number, internal: boolean): () => void;
    close(): void;
    private program;
    private createAsked;
}
