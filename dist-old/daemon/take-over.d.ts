/**
 * Ends a daemon that a launcher has started, unless this one is too (`launched`). Throws TSP_ERR_DAEMON (conflict) with how to stop it where another
 * daemon is to stay, or does not end.
 */
export declare function takeOver(launched: boolean): Promise<void>;
