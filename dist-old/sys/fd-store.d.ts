export declare class FdStore {
    private readonly keeper;
    private readonly former;
    private works;
    /** A former process had put something there. */
    private readonly hadFormer;
    private constructor();
    /** The one that there is for a daemon with its sockets in `dir`; undefined: there is none. */
    static open(dir: string): FdStore | undefined;
    /** What a former process put there under the name, in that order, which is kept on; empty: nothing. To be asked once. */
    take(name: string): number[];
    /** Whether a former process put something there under the name that nobody has taken. */
    has(name: string): boolean;
    put(name: string, fds: readonly number[]): void;
    remove(name: string): void;
    /** Lets go of what a former process left and nobody has taken. */
    releaseRest(): void;
    /** The process could not start. What a former one left is kept for another try. */
    abandon(): void;
    /** To be called before an orderly end takes things back one by one. */
    end(): void;
}
/** Has a keeper of ours that waits for the next daemon let go of everything at once; false: there is none, or a daemon uses it. */
export declare function releaseKept(dir: string): boolean;
