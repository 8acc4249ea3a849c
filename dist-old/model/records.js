import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
export const DEFAULT_OPTIONS = {
    internal: false,
    icc: true,
    masquerade: true,
    hostBinding: null,
    interfacePrefix: "eth",
};
/** An id becomes part of device names. */
export function isId(text) {
    return /^[0-9A-Za-z]{12,128}$/.test(text);
}
/** `172.18.0.2,fd00:18::2` */
export function addressesText({ addresses }) {
    return eachFamily(addresses).map(formatIp).join(",");
}
/** First twelve letters of an id: enough for people. */
export function shortId(id) {
    return id.slice(0, 12);
}
//# sourceMappingURL=records.js.map