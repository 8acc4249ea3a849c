/** What a sandbox's programs see in /etc: who it is, whom it is linked to, and who answers names. */
import { existsSync, readFileSync } from "node:fs";
import { shortId } from "../model/records.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily, mapFamilies, ofFamily } from "../wire/per-family.js";
import { addressesOf } from "./endpoint-addresses.js";
import { hostsFile, parseResolvConf, resolvConf } from "./etc-files.js";
import { gatewaysOf } from "./gateways.js";
import { BRIDGE, HOST } from "./network-catalog.js";
import { checkExtraHost } from "./sandbox-request.js";
/** Which names it is told by the resolver inside; undefined: on `bridge` alone, or nowhere, there is none. */
export function scopeOf(record, members) {
    const networks = members.map(({ network }) => network.record).filter(({ name }) => name !== BRIDGE);
    if (networks.length === 0)
        return undefined;
    return {
        id: record.id,
        networks: networks.map(({ id }) => id),
        links: record.links.map(({ target, alias }) => ({ owner: target, alias })),
        servers: record.dns,
        internal: members.every(({ network }) => network.record.options.internal),
    };
}
export function writeFiles(folders, record, members, linked) {
    const { id, mode, hostname, dns, dnsSearch, dnsOptions, extraHosts } = record;
    const asHost = mode === HOST;
    if (!asHost || extraHosts.length > 0) {
        const entries = hostEntries(record, members, linked);
        folders.write(id, "hosts", asHost ? `${readFileSync("/etc/hosts", "utf8")}${lines(entries)}` : hostsFile(entries, kernelHasIpv6()));
    }
    const given = { servers: dns, search: dnsSearch, options: dnsOptions };
    if (!asHost || [dns, dnsSearch, dnsOptions].some((words) => words.length > 0))
        folders.write(id, "resolv.conf", resolvConf(hostResolver(), given, scopeOf(record, members) !== undefined, familiesOf(members, mode)));
    if (hostname !== "")
        folders.write(id, "hostname", `${hostname}\n`);
}
/** Every namespace then has ::1, whatever the host's own settings are. */
function kernelHasIpv6() {
    return existsSync("/proc/self/net/if_inet6");
}
/** In which it reaches name servers; where it has the host's stack, or is wired by hand, nothing is known against either. */
function familiesOf(members, mode) {
    if (mode === HOST || members.length === 0)
        return [4, 6];
    return [4, 6].filter((family) => members.some(({ endpoint }) => ofFamily(endpoint.record.addresses, family) !== undefined));
}
/** Of one whose namespace another has too: it sees what that sees. */
export function copyFiles(folders, from, to) {
    for (const name of ["hosts", "resolv.conf", "hostname"]) {
        const content = folders.read(from, name);
        if (content !== undefined)
            folders.write(to, name, content);
    }
}
/** Name servers of the host as they are now. */
export function hostResolver() {
    try {
        return parseResolvConf(readFileSync("/etc/resolv.conf", "utf8"));
    }
    catch {
        return parseResolvConf("");
    }
}
function hostEntries({ hostname, extraHosts, links }, members, linked) {
    const gateways = mapFamilies(gatewaysOf(members), ({ network }, family) => ofFamily(network.record.subnets, family).gateway);
    const extra = extraHosts.flatMap((text) => {
        const { name, address } = checkExtraHost(text);
        const found = address === "host-gateway" ? eachFamily(gateways).map(formatIp) : [address];
        return found.map((each) => ({ address: each, names: [name] }));
    });
    // On a network whose names are answered, a link is one more name; files have those of `bridge`.
    const others = links.flatMap(({ target, alias }) => {
        const other = linked.find(({ record }) => record.id === target);
        const there = other?.members.find(({ network }) => network.record.name === BRIDGE);
        if (other === undefined || there === undefined)
            return [];
        return entriesOf(there, [...new Set([alias, other.record.name, shortId(target)])]);
    });
    return [...extra, ...others, ...(hostname === "" ? [] : members.flatMap((member) => entriesOf(member, [hostname])))];
}
function entriesOf({ endpoint, network }, names) {
    return addressesOf(endpoint.record, network.record).map(({ address }) => ({ address, names }));
}
function lines(entries) {
    return entries.map(({ address, names }) => `${address}\t${names.join(" ")}\n`).join("");
}
//# sourceMappingURL=sandbox-files.js.map