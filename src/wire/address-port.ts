/** Both parts of a word that `addressPort` made. */
export function addressOf(word: string): string {
  return word.slice(0, word.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}

export function portOf(word: string): number {
  return Number(word.slice(word.lastIndexOf(":") + 1));
}

/** Address and port (or range of ports) as one word: an IPv6 address is put in brackets (RFC 5952 §6). */
export function addressPort(address: string, port: number | string): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
