/** Address and port (or range of ports) as one word: an IPv6 address is put in brackets (RFC 5952 §6). */
export function addressPort(address: string, port: number | string): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
