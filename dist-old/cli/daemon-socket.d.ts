/** Throws TSP_ERR_INSTANCE (not-found) when none runs, or permission when this user may not ask it. */
export declare function daemonSocket(): Promise<string>;
