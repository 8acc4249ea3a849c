import { firstAddress } from "../model/addresses.js";
import { checkNetwork, networkError } from "../model/checks.js";
import { choosePool } from "../model/pools.js";
import { mapFamilies, ofFamily } from "../wire/per-family.js";
import { freeVni, OVERLAY_POOLS, otherNetwork } from "./allocate.js";
/** `obstacle`: what besides networks is in a subnet's way. Throws TSP_ERR_NETWORK: invalid, conflict, unavailable. */
export function planNetwork({ subnets: wanted, vni, ...rest }, networks, ipv6Pools, obstacle) {
    if (networks.some(({ name }) => name === rest.name))
        throw networkError("conflict", `network with name ${rest.name} already exists`, "choose another name, or remove it");
    const user = vni === undefined ? undefined : networks.find(({ overlay }) => overlay?.vni === vni);
    if (user !== undefined)
        throw networkError("conflict", `VNI ${vni} is that of network ${user.name}`, "choose another one, or none");
    const inUse = otherNetwork(networks);
    const known = (prefix) => inUse(prefix) ?? obstacle(prefix);
    const subnets = mapFamilies(wanted, ({ prefix, gateway }, family) => {
        const other = prefix === undefined ? null : known(prefix);
        if (other !== null) {
            const message = `invalid pool request: Pool overlaps with other one on this address space (${other})`;
            throw networkError("conflict", message, "use another --subnet");
        }
        const chosen = prefix ?? choosePool(known, family === 4 ? OVERLAY_POOLS : ipv6Pools).subnet;
        if (chosen === undefined)
            throw networkError("unavailable", "all predefined address pools have been fully subnetted", "name a range by --subnet");
        return { prefix: chosen, gateway: gateway ?? firstAddress(chosen, ofFamily(rest.ranges ?? {}, family)) };
    });
    return checkNetwork({ ...rest, subnets, overlay: { vni: vni ?? freeVni(networks) } }, networks);
}
//# sourceMappingURL=network-plan.js.map