/**
 * DHCP for IPv4 (RFC 2131 §2), behind a UDP header: operation, hardware type and address length (8 bits each), at FLAGS 16 bits of which the first asks for
 * answers by broadcast, at CLIENT_MAC the client's MAC. Only what tells a client's message that has no address yet.
 */
import { delta } from "./checksum.js";
import { updateUdpChecksum } from "./l4.js";

const UDP_SIZE = 8,
  FLAGS = 10,
  BROADCAST = 0x0080, // raw
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

/** In the message of a client, as `isOfClient` says, asks for answers by broadcast, as who cannot be reached by its MAC does (RFC 2131 §4.1). `partial`: of the checksum. */
export function askBroadcast(halves: Uint16Array, off: number, partial: boolean): void {
  const h = (off + UDP_SIZE + FLAGS) >> 1;
  const before = halves[h]!;
  halves[h] = before | BROADCAST;
  updateUdpChecksum(halves, off, partial, 0, delta(before, halves[h]!));
}
