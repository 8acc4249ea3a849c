/**
 * Which worker a packet belongs to when there are several. A flow must come to one worker in both directions, and workers share nothing,
 * so the choice depends on what both directions show unchanged: the far end's address and port (the client of a published port, the server
 * that a container talks to). Where the far end is translated, the worker picks a port that leads back to itself.
 * `steer/program.ts` has the same arithmetic in byte code; a test holds them together.
 */
export const SPREAD_FACTOR = 0x9e3779b1;
/**
 * 0..workers-1. `address`: raw word, `port`: raw half. The number is a share of the product's range, not a remainder: the upper bits of a product
 * depend on all bits of both factors, the lower ones only on bits below them, and an address's last byte is the highest of its raw word.
 */
export function workerOf(address, port, workers) {
    return ((Math.imul(address ^ (port | (port << 16)), SPREAD_FACTOR) >>> 16) * workers) >>> 16;
}
/** An IPv6 address, four raw words, as the one word that `workerOf` takes for it. Between the words the upper bits come down to the lower ones. */
export function foldAddress(w0, w1, w2, w3) {
    return mix(mix(mix(w0) ^ w1) ^ w2) ^ w3;
}
function mix(word) {
    const product = Math.imul(word, SPREAD_FACTOR);
    return product ^ (product >>> 16);
}
//# sourceMappingURL=spread.js.map