/**
 * Where warnings go. `cli/` points it at standard error; tests collect. Nothing on the packet path logs; what may be said as often as somebody
 * outside wishes (a target that refuses connections, say) cannot fill a disk: after BURST warnings come PER_SEC a second, and how many were left out.
 */
export type LogSink = (level: "info" | "warn", message: string) => void;
/** `now`: milliseconds, of a clock that never goes back. */
export declare function setLogSink(next: LogSink, now?: () => number): void;
declare function warn(message: string): void;
export declare const log: {
    info: (message: string) => void;
    warn: typeof warn;
    /** A fault of ours that ends nothing; with TSPROXY_DEBUG set, where it happened. */
    fault: (what: string, error: unknown) => void;
};
export {};
