/**
 * CRC32c (RFC 9260 Appendix A; polynomial 0x1EDC6F41, bits reflected), and how it changes when four bytes of a packet do.
 *
 * A CRC is linear: exchanging bytes changes it by the CRC of the difference followed by as many zeros as there are bytes behind. Zeros are a
 * multiplication by a power of x, so the work does not grow with the packet, and a CRC that was wrong stays wrong.
 *
 * Polynomials over GF(2) of degree below 32 are int32 with the coefficient of x^0 in the highest bit.
 */
const POLYNOMIAL = 0x82f63b78 | 0;
const ONE = 0x80000000 | 0;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++)
        crc = (crc & 1) !== 0 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
});
/** x^(8n), and x^(8 * 256 n), for n up to 255. */
const BYTES = powers(0x00800000);
const PAGES = powers(multiply(BYTES[255], BYTES[1]));
function powers(base) {
    const all = new Int32Array(256);
    let power = ONE;
    for (let n = 0; n < 256; n++) {
        all[n] = power;
        power = multiply(power, base);
    }
    return all;
}
/** Product modulo the polynomial. */
function multiply(a, b) {
    let product = 0;
    let shifted = b;
    for (let rest = a; rest !== 0; rest <<= 1) {
        if (rest < 0)
            product ^= shifted;
        shifted = (shifted & 1) !== 0 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
    }
    return product;
}
/** State before the first byte. */
export const START = -1;
/** State after the `len` bytes at `off`. */
export function update(state, bytes, off, len) {
    let crc = state;
    for (let i = off; i < off + len; i++)
        crc = TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
    return crc;
}
/** The CRC, as the raw word (`raw.ts`) that is written into a packet. */
export function finish(state) {
    return ~state;
}
/** By what the CRC of `len` bytes changes, XOR, when their first raw word does by `change`, XOR. `len`: 4..65535. */
export function changeOfFirstWord(change, len) {
    return multiply(change, multiply(BYTES[len & 0xff], PAGES[len >> 8]));
}
//# sourceMappingURL=crc32c.js.map