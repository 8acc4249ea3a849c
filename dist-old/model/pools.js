/**
 * The subnets that a network gets which names none, in the order in which container engines give them out; one that the host, or another
 * network, has is passed over: a network that took the LAN's range would cut the host off.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { addressBits, formatIp, formatPrefix, parseIp, parsePrefix, prefixContains, unmapped, } from "../wire/ip-address.js";
/** As container engines have them: 15 subnets of /16, then 16 of /20. */
export const IPV4_POOLS = [
    { base: "172.17.0.0/16", size: 16 },
    { base: "172.18.0.0/16", size: 16 },
    { base: "172.19.0.0/16", size: 16 },
    { base: "172.20.0.0/14", size: 16 },
    { base: "172.24.0.0/14", size: 16 },
    { base: "172.28.0.0/14", size: 16 },
    { base: "192.168.0.0/16", size: 20 },
];
/** The first subnet with nothing in its way. */
export function choosePool(obstacle, pools = IPV4_POOLS) {
    const skipped = [];
    for (const subnet of subnets(pools)) {
        const why = obstacle(subnet);
        if (why === null)
            return { subnet, skipped };
        skipped.push(`${formatPrefix(subnet)}: ${why}`);
    }
    return { subnet: undefined, skipped };
}
/**
 * The /64 networks of a unique local /48 (RFC 4193): its global id is of the host's own id, as container engines make it, so that the networks of two hosts do
 * not meet when they are joined, and one host has the same at each start. The id itself is not to be told (machine-id(5)), hence the hash.
 */
export function uniqueLocalPools(hostId = machineId()) {
    const hash = createHash("sha256").update(`tsproxy ${hostId}`).digest("hex");
    return [{ base: `fd${hash.slice(0, 2)}:${hash.slice(2, 6)}:${hash.slice(6, 10)}::/48`, size: 64 }];
}
/** Without one it is another at each start; networks that are there keep what they have. */
function machineId() {
    try {
        return readFileSync("/etc/machine-id", "utf8").trim() || randomBytes(16).toString("hex");
    }
    catch {
        return randomBytes(16).toString("hex");
    }
}
/** The name server of the host that lies in a subnet: one that is reached by the default route is on no route of its own. */
export function resolverObstacle(file = "/etc/resolv.conf") {
    const servers = nameservers(file);
    return (subnet) => {
        const inside = servers.find((address) => prefixContains(subnet, address));
        return inside === undefined ? null : `name server ${formatIp(inside)} of ${file}`;
    };
}
function nameservers(file) {
    try {
        return [...readFileSync(file, "utf8").matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, word]) => {
            const address = parseIp(word.replace(/%.*/, ""));
            return address === null ? [] : [unmapped(address)];
        });
    }
    catch {
        return []; // no resolver, or none that this process may know
    }
}
function* subnets(pools) {
    for (const { base, size } of pools) {
        const { address, prefixLength } = parsePrefix(base);
        for (let i = 0n; i < 1n << BigInt(size - prefixLength); i++)
            yield { address: { ...address, value: address.value + (i << BigInt(addressBits(address.family) - size)) }, prefixLength: size };
    }
}
//# sourceMappingURL=pools.js.map