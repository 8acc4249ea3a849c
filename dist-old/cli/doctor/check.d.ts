export interface Check {
    name: string;
    /** `unknown`: could not be tried, since something else is missing. */
    status: "ok" | "missing" | "unknown";
    /** Without it the dataplane cannot run. */
    essential: boolean;
    meaning: string;
    fix?: string;
}
/** Records whether `action` works; its result, or null. Without a `fix` an error's own hint says what to do. */
export declare function attempt<T>(checks: Check[], what: {
    name: string;
    essential: boolean;
    good: string;
    bad: string;
    fix?: string;
}, action: () => T | Promise<T>): Promise<T | null>;
/** A line a finding, and another for what to do. */
export declare function formatChecks(checks: Check[]): string;
