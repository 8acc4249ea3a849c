/**
 * Ranges of addresses as a configuration has them, for our own address management: `subnet` and `gateway` under `ipam` or beside it, or lists of
 * ranges as host-local takes them (`ipam.ranges`, and the capability `ipRanges`), of which we take one a family.
 */
import { formatPrefix, parseIp, parsePrefix } from "../wire/ip-address.js";
import { CniError, CODES } from "./contract.js";
import { get, string } from "./json.js";
/** Throws CniError. */
export function rangesOf(json, ipam, runtime) {
    const lists = [get(runtime, "ipRanges"), get(ipam, "ranges")].find((value) => Array.isArray(value) && value.length > 0);
    const plain = string(ipam, "subnet") === undefined ? json : ipam;
    const entries = lists === undefined ? (string(plain, "subnet") === undefined ? [] : [plain]) : lists.map(only);
    const ranges = entries.map(rangeOf);
    if (new Set(ranges.map(({ family }) => family)).size < ranges.length)
        throw new CniError(CODES.unsupportedField, "several ranges of one family are not supported", "give one of IPv4 and one of IPv6");
    return ranges;
}
/** Host-local may have several alternatives of a range. */
function only(set) {
    const [first, ...others] = Array.isArray(set) ? set : [set];
    if (typeof first !== "object" || first === null)
        throw new CniError(CODES.decodingFailure, "a range is not an object");
    if (others.length > 0)
        throw new CniError(CODES.unsupportedField, "several ranges of one set are not supported", "give one");
    return first;
}
function rangeOf(entry) {
    const subnet = string(entry, "subnet") ?? "";
    const prefix = parsePrefix(subnet);
    if (prefix === null)
        throw new CniError(CODES.invalidConfig, `invalid CIDR address: ${subnet}`, "subnet of the network configuration");
    const [start, end] = [string(entry, "rangeStart"), string(entry, "rangeEnd")];
    const part = start === undefined && end === undefined ? undefined : partOf(prefix, start, end);
    return { family: prefix.address.family, subnet, gateway: string(entry, "gateway"), part };
}
/** The part of the network from one address to another, which must be one that a length can name: 10.0.0.64 to 10.0.0.127, or without the ends. */
function partOf(subnet, start, end) {
    const { family } = subnet.address;
    const bits = family === 4 ? 32 : 128;
    const size = (length) => 1n << BigInt(bits - length);
    const first = numberOf(start, family) ?? subnet.address.value;
    const last = numberOf(end, family) ?? subnet.address.value + size(subnet.prefixLength) - 1n;
    for (let length = subnet.prefixLength; length <= bits; length++) {
        const from = first - (first % size(length));
        const to = from + size(length) - 1n;
        if (first - from <= 1n && to >= last && to - last <= 1n)
            return formatPrefix({ address: { family, value: from }, prefixLength: length });
    }
    throw new CniError(CODES.unsupportedField, `the range from ${start ?? "the first"} to ${end ?? "the last"} is not supported`, "rangeStart and rangeEnd must be those of a network with a length, like .64 and .127");
}
function numberOf(text, family) {
    if (text === undefined)
        return undefined;
    const address = parseIp(text);
    if (address?.family !== family)
        throw new CniError(CODES.invalidConfig, `invalid IP address: ${text}`);
    return address.value;
}
//# sourceMappingURL=ranges.js.map