/** State before the first byte. */
export declare const START = -1;
/** State after the `len` bytes at `off`. */
export declare function update(state: number, bytes: Uint8Array, off: number, len: number): number;
/** The CRC, as the raw word (`raw.ts`) that is written into a packet. */
export declare function finish(state: number): number;
/** By what the CRC of `len` bytes changes, XOR, when their first raw word does by `change`, XOR. `len`: 4..65535. */
export declare function changeOfFirstWord(change: number, len: number): number;
