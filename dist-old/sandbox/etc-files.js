/** The files that a sandbox's programs see in /etc, as Docker writes them (libnetwork's etchosts and resolvconf). Pure. */
import { isIPv6 } from "node:net";
const STANDARD = [
    { address: "127.0.0.1", names: ["localhost"] },
    { address: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
    { address: "fe00::", names: ["ip6-localnet"] },
    { address: "ff00::", names: ["ip6-mcastprefix"] },
    { address: "ff02::1", names: ["ip6-allnodes"] },
    { address: "ff02::2", names: ["ip6-allrouters"] },
];
/** `ipv6`: whether there is any; without it what tries ::1 first would wait for nothing. */
export function hostsFile(entries, ipv6 = true) {
    const standard = STANDARD.filter(({ address }) => ipv6 || !isIPv6(address));
    return [...standard, ...entries].map(({ address, names }) => `${address}\t${names.join(" ")}\n`).join("");
}
/** The resolver of this address answers in sandboxes on networks that people make. */
export const EMBEDDED = "127.0.0.11";
/** What Docker takes where the host names no server that a namespace could reach. */
const FALLBACK = ["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"];
export function parseResolvConf(text) {
    const conf = { servers: [], search: [], options: [] };
    for (const line of text.split("\n")) {
        const [keyword, ...words] = line
            .replace(/[#;].*$/, "")
            .trim()
            .split(/\s+/);
        if (keyword === "nameserver" && words[0] !== undefined)
            conf.servers.push(words[0]);
        if (keyword === "search")
            conf.search = words; // the last one counts, resolv.conf(5)
        if (keyword === "domain")
            conf.search = words.slice(0, 1);
        if (keyword === "options")
            conf.options.push(...words);
    }
    return conf;
}
/**
 * `given` goes before the host's, each part by itself. `embedded`: whether names are answered inside. `families`: in which servers are reached. A
 * server with a zone is on a link of the host's, which is none of the sandbox's.
 */
export function resolvConf(host, given, embedded, families = [4, 6]) {
    const isReached = (server) => families.includes(isIPv6(server) ? 6 : 4);
    const reachable = host.servers.filter((server) => isReached(server) && !/^127\.|^::1$|%/.test(server));
    const servers = embedded ? [EMBEDDED] : or(given.servers, or(reachable, FALLBACK.filter(isReached)));
    const search = or(given.search, host.search).filter((domain) => domain !== "."); // `--dns-search .`: none at all
    const asked = or(given.options, host.options);
    const options = embedded && !asked.some((option) => option.startsWith("ndots:")) ? [...asked, "ndots:0"] : asked;
    return [
        ...servers.map((server) => `nameserver ${server}`),
        ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
        ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
        "",
    ].join("\n");
}
function or(first, second) {
    return first.length > 0 ? first : second;
}
//# sourceMappingURL=etc-files.js.map