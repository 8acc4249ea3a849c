/**
 * The MAC address of an IPv4 address (int32, host order): locally administered, with the address in it, as Docker's bridge made them. So an
 * endpoint keeps its MAC, and a gateway's is the same after a restart, while neighbors still have it in their ARP tables.
 */
export function addressMac(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0x42, address >>> 24, address >>> 16, address >>> 8, address);
}
