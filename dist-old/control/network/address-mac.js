/**
 * The MAC address of an IP address, locally administered: of IPv4 with the address in it, as Docker's bridge made them, of IPv6 with a hash of it.
 * So an endpoint keeps its MAC, and a gateway's is the same after a restart, while neighbors still have it in their tables.
 */
import { createHash } from "node:crypto";
import { toBytes } from "../../wire/ip-address.js";
import { eachFamily } from "../../wire/per-family.js";
export function addressMac(address) {
    const bytes = toBytes(address);
    if (address.family === 4)
        return Uint8Array.of(0x02, 0x42, ...bytes);
    return Uint8Array.of(0x06, ...createHash("sha256").update(bytes).digest().subarray(0, 5));
}
/** Of who has an address of one family or of both: that of the IPv4 one where there is one. */
export function stationMac(addresses) {
    return addressMac(eachFamily(addresses)[0]);
}
//# sourceMappingURL=address-mac.js.map