/**
 * What the host's kernel says about the way of a packet: a source address as a word, or one of these, which no source can be, since their first byte
 * is 0.
 */
export declare const REFUSED_NO_ROUTE = 0, REFUSED_UNREACHABLE = 256, REFUSED_PROHIBITED = 512, REFUSED_SILENTLY = 768;
/** There is a way, and the source is elsewhere: it does not fit into a word. */
export declare const FOUND = 1;
export declare function isRefused(source: number): boolean;
