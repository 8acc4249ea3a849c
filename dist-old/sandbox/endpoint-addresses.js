import { formatIp, formatPrefix } from "../wire/ip-address.js";
import { eachFamily, mapFamilies, ofFamily } from "../wire/per-family.js";
export function addressesOf({ addresses }, { subnets }) {
    const all = mapFamilies(addresses, (address, family) => {
        const subnet = ofFamily(subnets, family);
        if (subnet === undefined)
            return undefined;
        const { prefix, gateway } = subnet;
        return { family, address: formatIp(address), prefixLength: prefix.prefixLength, gateway: formatIp(gateway) };
    });
    return eachFamily(all);
}
/** `172.18.0.0/16 or fd00:18::/64` */
export function rangesText({ subnets }) {
    return eachFamily(subnets)
        .map(({ prefix }) => formatPrefix(prefix))
        .join(" or ");
}
//# sourceMappingURL=endpoint-addresses.js.map