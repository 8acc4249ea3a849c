/** What there is, IPv4 first. */
export function eachFamily({ ipv4, ipv6 }) {
    return [ipv4, ipv6].filter((value) => value !== undefined);
}
/** By the family of each; of several of one family the last. */
export function perFamily(addresses) {
    return Object.fromEntries(addresses.map((address) => [address.family === 4 ? "ipv4" : "ipv6", address]));
}
export function ofFamily({ ipv4, ipv6 }, family) {
    return family === 4 ? ipv4 : ipv6;
}
/** What `change` makes of each that there is; undefined: nothing. */
export function mapFamilies(values, change) {
    const changed = (value, family) => value === undefined ? undefined : change(value, family);
    const [ipv4, ipv6] = [changed(values.ipv4, 4), changed(values.ipv6, 6)];
    return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}
//# sourceMappingURL=per-family.js.map