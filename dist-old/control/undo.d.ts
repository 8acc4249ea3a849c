export declare class Undo {
    private readonly steps;
    add(what: string, undo: () => unknown): void;
    /** Undoes everything; a step that fails is reported and does not stop the others. */
    run(): Promise<void>;
}
