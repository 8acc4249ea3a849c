/**
 * What the host's kernel says about the way of a packet: a source address as a word, or one of these, which no source can be, since their first byte
 * is 0.
 */
// biome-ignore format: a table
export const REFUSED_NO_ROUTE = 0x000, REFUSED_UNREACHABLE = 0x100, REFUSED_PROHIBITED = 0x200, REFUSED_SILENTLY = 0x300;
/** There is a way, and the source is elsewhere: it does not fit into a word. */
export const FOUND = 1;
export function isRefused(source) {
    return (source & 0xff) === 0;
}
//# sourceMappingURL=route-answer.js.map