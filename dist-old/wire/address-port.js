/** Both parts of a word that `addressPort` made. */
export function addressOf(word) {
    return word.slice(0, word.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}
export function portOf(word) {
    return Number(word.slice(word.lastIndexOf(":") + 1));
}
/** Address and port (or range of ports) as one word: an IPv6 address is put in brackets (RFC 5952 §6). */
export function addressPort(address, port) {
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
//# sourceMappingURL=address-port.js.map