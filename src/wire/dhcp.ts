/**
 * DHCP for IPv4 (RFC 2131 §2), behind a UDP header: operation, hardware type and address length (8 bits each), then at CLIENT_MAC the client's MAC. Only what tells
 * a client's message that has no address yet.
 */
const UDP_SIZE = 8,
  CLIENT_MAC = 28,
  HEAD = CLIENT_MAC + 6;
/** From port 68 to port 67, raw (`l4.ports`). */
const PORTS = 0x43004400;
const REQUEST = 1,
  ETHERNET = 1,
  MAC_SIZE = 6;

/** Whether the UDP datagram of `len` bytes at `off` is of the DHCP client with this MAC. */
export function isOfClient(
  bytes: Uint8Array,
  halves: Uint16Array,
  words: Int32Array,
  off: number,
  len: number,
  macHi: number,
  macLo: number,
): boolean {
  const at = off + UDP_SIZE;
  if (len < UDP_SIZE + HEAD || words[off >> 2] !== PORTS) return false;
  if (bytes[at] !== REQUEST || bytes[at + 1] !== ETHERNET || bytes[at + 2] !== MAC_SIZE) return false;
  const h = (at + CLIENT_MAC) >> 1;
  return halves[h] === macHi && (halves[h + 1]! | (halves[h + 2]! << 16)) === macLo;
}
