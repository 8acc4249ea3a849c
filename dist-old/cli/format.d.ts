/** How numbers are written for people. */
/** "512 B", "1.5 MB": powers of 1000, as in `docker stats`. */
export declare function formatBytes(bytes: number): string;
/** "9s", "2m 5s", "3h 0m", "4d 2h": the two largest units. */
export declare function formatDuration(seconds: number): string;
/** "no-route 12, ttl 3", largest first; "none". */
export declare function formatCounters(counters: Record<string, number>): string;
