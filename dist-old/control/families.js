/** What asks for IPv6 on a host that has none is refused, before anything is made. `families`: those of the host (`sys/host-families.ts`). */
import { TsproxyError } from "../errors.js";
import { formatIp, formatPrefix } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { formatMapping } from "./mapping.js";
const SWITCH_ON = "switch it on with 'sysctl -w net.ipv6.conf.all.disable_ipv6=0', or boot without ipv6.disable=1";
/** Throws TSP_ERR_HOST_ADDRESS (not-found) or TSP_ERR_TARGET (unavailable). */
export function checkPortFamilies(spec, families) {
    const { hostIp, targets, several } = spec;
    if (hostIp !== null && !families.includes(hostIp.family))
        throw new TsproxyError("TSP_ERR_HOST_ADDRESS", "not-found", `${formatMapping(spec)}: this host has no IPv${hostIp.family}`, `${SWITCH_ON}; or publish on an IPv4 address`);
    const missing = several?.find(({ ip }) => !families.includes(ip.family))?.ip;
    const all = missing === undefined ? eachFamily(targets) : [missing];
    if (!all.some(({ family }) => families.includes(family)))
        throw new TsproxyError("TSP_ERR_TARGET", "unavailable", `cannot reach target ${all.map(formatIp).join(" or ")}: this host has no IPv${all[0].family}`, `${SWITCH_ON}; or give the target's IPv4 address`);
}
/** Throws TSP_ERR_NETWORK (unavailable). */
export function checkNetworkFamilies(subnets, families) {
    const missing = eachFamily(subnets).find(({ gateway }) => !families.includes(gateway.family));
    if (missing !== undefined)
        throw new TsproxyError("TSP_ERR_NETWORK", "unavailable", `network ${formatPrefix(missing.prefix)}: this host has no IPv${missing.gateway.family}`, `${SWITCH_ON}; or leave IPv6 out`);
}
//# sourceMappingURL=families.js.map