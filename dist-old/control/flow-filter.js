import { TsproxyError } from "../errors.js";
import { addressOf, portOf } from "../wire/address-port.js";
import { addressBits, formatPrefix, parseIp, parsePrefix, prefixContains, prefixOf, unmapped } from "../wire/ip-address.js";
/** Before the IPv4 address in an IPv4-mapped one. */
const MAPPED_BITS = 96;
/** From words as a user has typed them. Throws TSP_ERR_OPTION (invalid). */
export function parseFlowFilter({ client, port }) {
    const prefix = client === undefined ? undefined : parseClients(client);
    if (typeof prefix === "string")
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", `client '${client}': not an address or a network`, prefix);
    const number = port === undefined ? undefined : /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
    if (number !== undefined && !(number >= 1 && number <= 65_535))
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", `port '${port}': not a port`, "use 1 to 65535");
    return { client: prefix, port: number };
}
export function isMeant({ client, port }, { original }) {
    const from = parseIp(addressOf(original.src));
    return (client === undefined || (from !== null && prefixContains(client, from))) && (port === undefined || portOf(original.dst) === port);
}
/** Of one address, or a network; for what is neither the hint on what to write. */
export function parseClients(text) {
    const address = text.includes("/") ? null : parseIp(text);
    const prefix = address === null ? parsePrefix(text) : prefixOf(address, addressBits(address.family));
    if (prefix === null)
        return "use ADDRESS or ADDRESS/LENGTH, like 192.0.2.0/24 or 2001:db8::/32";
    const ipv4 = unmapped(prefix.address);
    if (ipv4.family === prefix.address.family || prefix.prefixLength < MAPPED_BITS)
        return prefix;
    return `IPv4 clients are written so: ${formatPrefix(prefixOf(ipv4, prefix.prefixLength - MAPPED_BITS))}`;
}
//# sourceMappingURL=flow-filter.js.map