/** What ADD answers (CNI spec 1.1.0, section 5), and what CHECK compares. */
import { addressesOf } from "../sandbox/endpoint-addresses.js";
import { CniError, CODES } from "./contract.js";
import { string } from "./json.js";
const ANYWHERE = { 4: "0.0.0.0/0", 6: "::/0" };
/** Where names are answered in the container. */
const RESOLVER = "127.0.0.11";
const NOTHING = { interfaces: [], ips: [], routes: [], dns: {} };
/** Behind what plugins before this one have done. */
export function resultOf(config, { ifname, netns }, { network, endpoint }) {
    const { cniVersion, prevResult = NOTHING, searches, options } = config;
    const addresses = addressesOf(endpoint.record, network.record);
    const number = prevResult.interfaces.length;
    const isOld = cniVersion.startsWith("0.");
    const mtu = network.inDataplane?.mtu;
    const own = { name: ifname, mac: endpoint.record.mac, ...(cniVersion === "1.1.0" && mtu !== undefined && { mtu }), sandbox: netns };
    return {
        cniVersion,
        interfaces: [...prevResult.interfaces, own],
        ips: [
            ...prevResult.ips,
            ...addresses.map(({ family, address, prefixLength, gateway }) => ({
                ...(isOld && { version: String(family) }),
                interface: number,
                address: `${address}/${prefixLength}`,
                gateway,
            })),
        ],
        routes: [
            ...prevResult.routes,
            ...(network.record.options.internal ? [] : addresses.map(({ family, gateway }) => ({ dst: ANYWHERE[family], gw: gateway }))),
        ],
        dns: { nameservers: [RESOLVER], search: searches, options },
    };
}
/** Throws CniError where the last ADD's result, as the runtime keeps it, says something else than there is. */
export function checkResult({ prevResult }, { ifname, netns }, { network, endpoint }) {
    if (prevResult === undefined)
        return;
    const own = prevResult.interfaces.findIndex((each) => string(each, "name") === ifname && string(each, "sandbox") === netns);
    const found = prevResult.interfaces[own];
    if (found === undefined)
        throw new CniError(CODES.conflict, `prevResult has no ${ifname} in ${netns}`);
    const mac = string(found, "mac");
    if (mac !== undefined && mac.toLowerCase() !== endpoint.record.mac)
        throw new CniError(CODES.conflict, `Interface ${ifname} Mac ${mac} doesn't match container Mac: ${endpoint.record.mac}`);
    const said = prevResult.ips.map((ip) => string(ip, "address"));
    for (const { address, prefixLength } of addressesOf(endpoint.record, network.record))
        if (!said.includes(`${address}/${prefixLength}`))
            throw new CniError(CODES.conflict, `prevResult does not have the address ${address}/${prefixLength} of ${ifname}`);
}
//# sourceMappingURL=result.js.map