import { FOREIGN_DRIVER } from "../model/views.js";
import { formatIp, formatPrefix, parseIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { HOST, NONE } from "./network-catalog.js";
/** `elsewhere`: who is in it on other nodes. */
export function inspectNetwork({ id, name, record }, model, elsewhere = []) {
    if (record === undefined)
        return { ...EMPTY, Name: name, Id: id, Driver: driverOf(name) };
    const members = model.endpoints.filter(({ record: { network }, gone }) => network === record.id && !gone);
    return {
        ...EMPTY,
        Name: record.name ?? "",
        Id: record.id,
        Created: record.about?.created ?? "",
        Scope: record.overlay === undefined ? "local" : "global",
        Driver: record.about?.origin ?? FOREIGN_DRIVER,
        IPAM: { ...EMPTY.IPAM, Config: poolsOf(record) },
        EnableIPv4: record.subnets.ipv4 !== undefined,
        EnableIPv6: record.subnets.ipv6 !== undefined,
        Internal: record.options.internal,
        Containers: Object.fromEntries([
            ...members.map((member) => [member.record.use?.owner ?? member.record.id, memberOf(member.record, record)]),
            ...elsewhere.map((each) => [each.owner || each.id, { ...memberOf({ ...each, use: each }, record), Node: each.node }]),
        ]),
        Options: record.about?.options ?? {},
        Labels: record.about?.labels ?? {},
    };
}
const EMPTY = {
    Name: "",
    Id: "",
    Created: "",
    Scope: "local",
    Driver: "",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: {}, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {},
};
function driverOf(predefined) {
    return predefined === NONE ? "null" : predefined === HOST ? HOST : "bridge";
}
function poolsOf({ subnets, range, ipv6Range, reserved = {} }) {
    return eachFamily(subnets).map(({ prefix, gateway }) => {
        const from = gateway.family === 4 ? range : ipv6Range;
        const own = Object.entries(reserved).filter(([, text]) => parseIp(text)?.family === gateway.family);
        return {
            Subnet: formatPrefix(prefix),
            ...(from !== undefined && { IPRange: from }),
            Gateway: formatIp(gateway),
            ...(own.length > 0 && { AuxiliaryAddresses: Object.fromEntries(own) }),
        };
    });
}
function memberOf({ id, addresses, mac, use }, { subnets }) {
    const text = (address, subnet) => address === undefined || subnet === undefined ? "" : `${formatIp(address)}/${subnet.prefix.prefixLength}`;
    return {
        Name: use?.names[0] ?? "",
        EndpointID: id,
        MacAddress: mac,
        IPv4Address: text(addresses.ipv4, subnets.ipv4),
        IPv6Address: text(addresses.ipv6, subnets.ipv6),
    };
}
//# sourceMappingURL=network-inspect.js.map