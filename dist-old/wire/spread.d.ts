/**
 * Which worker a packet belongs to when there are several. A flow must come to one worker in both directions, and workers share nothing,
 * so the choice depends on what both directions show unchanged: the far end's address and port (the client of a published port, the server
 * that a container talks to). Where the far end is translated, the worker picks a port that leads back to itself.
 * `steer/program.ts` has the same arithmetic in byte code; a test holds them together.
 */
export declare const SPREAD_FACTOR = 2654435761;
/**
 * 0..workers-1. `address`: raw word, `port`: raw half. The number is a share of the product's range, not a remainder: the upper bits of a product
 * depend on all bits of both factors, the lower ones only on bits below them, and an address's last byte is the highest of its raw word.
 */
export declare function workerOf(address: number, port: number, workers: number): number;
/** An IPv6 address, four raw words, as the one word that `workerOf` takes for it. Between the words the upper bits come down to the lower ones. */
export declare function foldAddress(w0: number, w1: number, w2: number, w3: number): number;
