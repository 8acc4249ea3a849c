export declare class Process {
    private readonly fd;
    private handle;
    private constructor();
    /** Calls back once, when it has ended. Undefined: there is no such process; with `startTime` that of an earlier one does not count. */
    static watch(pid: number, startTime: string | undefined, onEnd: () => void): Process | undefined;
    /** False when it has ended. */
    signal(signal: number): boolean;
    kill(): boolean;
    /** It is watched no more. */
    close(): void;
}
/** When the process started, in clock ticks since the boot (proc(5), field 22 of stat); undefined where there is none. */
export declare function startTimeOf(pid: number): string | undefined;
