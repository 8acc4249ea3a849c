import { type IpAddress } from "../../wire/ip-address.js";
import { type PerFamily } from "../../wire/per-family.js";
export declare function addressMac(address: IpAddress): Uint8Array;
/** Of who has an address of one family or of both: that of the IPv4 one where there is one. */
export declare function stationMac(addresses: PerFamily<IpAddress>): Uint8Array;
