/**
 * IPv4 addresses as numbers and text, RFC 791 §3.2 and CIDR prefixes, RFC 4632 §3.1.
 * An address is an int32 in host order: 192.168.0.1 is 0xc0a80001 | 0. Text is strict dotted decimal: four parts,
 * no leading zeros (some parsers read them as octal), no shorthand such as `10.1`.
 */
const OCTET = "(0|[1-9]\\d{0,2})";
const ADDRESS = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);
const PREFIX_LENGTH = /^(0|[1-9]\d?)$/;
/** The address, or null when the text is not one. */
export function parseIpv4(text) {
    const match = ADDRESS.exec(text);
    if (match === null)
        return null;
    let address = 0;
    for (let i = 1; i <= 4; i++) {
        const octet = Number(match[i]);
        if (octet > 255)
            return null;
        address = (address << 8) | octet;
    }
    return address;
}
export function formatIpv4(address) {
    return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
/** `ADDRESS/LENGTH`, or null when the text is not that. Host bits are masked away. */
export function parseCidr(text) {
    const slash = text.indexOf("/");
    if (slash < 0)
        return null;
    const address = parseIpv4(text.slice(0, slash));
    const length = text.slice(slash + 1);
    if (address === null || !PREFIX_LENGTH.test(length) || Number(length) > 32)
        return null;
    const prefixLength = Number(length);
    return { address: address & netmask(prefixLength), prefixLength };
}
export function formatCidr(cidr) {
    return `${formatIpv4(cidr.address)}/${cidr.prefixLength}`;
}
/** 0xffff0000 | 0 for 16. `prefixLength`: 0..32. */
export function netmask(prefixLength) {
    return prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
}
export function contains(cidr, address) {
    return (address & netmask(cidr.prefixLength)) === cidr.address;
}
/** The last address, which is the broadcast address of a network with a prefix length of at most 30. */
export function lastAddress(cidr) {
    return cidr.address | ~netmask(cidr.prefixLength);
}
//# sourceMappingURL=ipv4-address.js.map