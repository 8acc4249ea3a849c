export declare class Polling {
    private score;
    private skipped;
    /** Nanoseconds to poll in the next turn: `spinNs` or 0. `received`: frames of the last turn; after a turn without any there is no poll. */
    budget(received: number, spinNs: number): number;
    /** Takes in how a turn went: the nanoseconds that it was to poll, and how it waited (`CLOCK_WAIT`). */
    learn(spinNs: number, wait: number): void;
}
