/**
 * What a cluster's nodes tell each other: plain data, and as JSON in the store's values, where anybody may have written. Each value has the
 * version of its format, `v`. Fields that are not known are passed over: a later version may have added them.
 */
import * as v from "valibot";
import { FORMAT, jsonOf, recordsOf } from "../model/record-json.js";
import { isId } from "../model/records.js";
import { parseMac } from "../wire/ethernet.js";
import { formatIp, parseIp } from "../wire/ip-address.js";
import { mapFamilies } from "../wire/per-family.js";
/** Of nodes, endpoints and holders. A network is as in the state file. */
const VERSION = 1;
const address = (family) => v.pipe(v.string(), v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const ip = parseIp(dataset.value);
    if (ip?.family === family)
        return ip;
    addIssue({ message: `'${dataset.value}' is no IPv${family} address` });
    return NEVER;
}));
const addresses = v.pipe(v.object({ ipv4: v.exactOptional(address(4)), ipv6: v.exactOptional(address(6)) }), v.check(({ ipv4, ipv6 }) => ipv4 !== undefined || ipv6 !== undefined, "neither IPv4 nor IPv6"));
const id = v.pipe(v.string(), v.check(isId, "no id"));
const mac = v.pipe(v.string(), v.check((text) => parseMac(text) !== null, "no MAC address"));
const Node = v.object({ name: v.string(), instance: v.string(), tunnel: addresses, lease: v.string() });
const Endpoint = v.object({
    id,
    network: id,
    node: v.string(),
    tunnel: addresses,
    addresses,
    mac,
    owner: v.string(),
    names: v.array(v.string()),
});
const HolderOf = v.object({ node: v.string(), endpoint: id });
/** `lease`: the one that it is put under. */
export function nodeText({ name, instance, tunnel }, lease) {
    return write({ name, instance, tunnel: mapFamilies(tunnel, formatIp), lease });
}
export function parseNode(text) {
    return read(text, VERSION, (value) => check(Node, value));
}
export function networkText(record) {
    const { networks } = jsonOf({ networks: [record], endpoints: [] });
    return JSON.stringify({ v: FORMAT, ...networks[0] });
}
export function parseNetwork(text) {
    return read(text, FORMAT, (value) => {
        const result = recordsOf({ networks: [value], endpoints: [] }, FORMAT);
        if ("problem" in result)
            return { problem: result.problem.replace(/^networks\.0\.?/, "") };
        const { v: _, ...record } = result.records.networks[0];
        if (record.overlay === undefined || record.name === undefined || record.about === undefined)
            return { problem: "a network without a name, a VNI or a driver" };
        // Another node has no say over this host's devices.
        if (record.lan !== undefined)
            return { problem: "a network of one host's LAN" };
        return { record };
    });
}
export function endpointText({ tunnel, addresses: own, ...rest }) {
    return write({ ...rest, tunnel: mapFamilies(tunnel, formatIp), addresses: mapFamilies(own, formatIp) });
}
export function parseEndpoint(text) {
    return read(text, VERSION, (value) => check(Endpoint, value));
}
/** The same text for the same holder: it is compared with. */
export function holderText({ node, endpoint }) {
    return write({ node, endpoint });
}
export function parseHolder(text) {
    return read(text, VERSION, (value) => check(HolderOf, value));
}
export function beaconText(node) {
    return write({ node });
}
export function fenceText(nonce) {
    return write({ nonce });
}
function write(fields) {
    return JSON.stringify({ v: VERSION, ...fields });
}
function read(text, version, parse) {
    let value;
    try {
        value = JSON.parse(text);
    }
    catch {
        return { problem: "its value is not JSON" };
    }
    const is = value?.v;
    if (typeof is !== "number")
        return { problem: "its value has no version 'v'" };
    if (is > version)
        return { problem: `a newer version of tsproxy wrote it (format ${is}, this one has ${version})` };
    if (is !== version)
        return { problem: `its format ${is} is not known` };
    return parse(value);
}
function check(schema, value) {
    const result = v.safeParse(schema, value, { abortEarly: true });
    if (result.success)
        return { record: result.output };
    return { problem: `${v.getDotPath(result.issues[0]) ?? "all of it"}: ${result.issues[0].message}` };
}
//# sourceMappingURL=records.js.map