/** What the relay and its listeners, one a port (`tcp.ts`, `udp.ts`), know of each other. */
import { formatIp } from "../wire/ip-address.js";
/** As sockets name it: `fe80::1%eth0`. */
export function hostName({ hostIp, hostZone }) {
    return hostZone === undefined ? formatIp(hostIp) : `${formatIp(hostIp)}%${hostZone}`;
}
//# sourceMappingURL=listener.js.map