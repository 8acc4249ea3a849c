/**
 * IPv4 addresses as numbers and text, RFC 791 §3.2 and CIDR prefixes, RFC 4632 §3.1.
 * An address is an int32 in host order: 192.168.0.1 is 0xc0a80001 | 0. Text is strict dotted decimal: four parts,
 * no leading zeros (some parsers read them as octal), no shorthand such as `10.1`.
 */
export interface Cidr {
    /** Network address: the bits after the prefix are zero. */
    address: number;
    /** 0..32 */
    prefixLength: number;
}
/** The address, or null when the text is not one. */
export declare function parseIpv4(text: string): number | null;
export declare function formatIpv4(address: number): string;
/** `ADDRESS/LENGTH`, or null when the text is not that. Host bits are masked away. */
export declare function parseCidr(text: string): Cidr | null;
export declare function formatCidr(cidr: Cidr): string;
/** 0xffff0000 | 0 for 16. `prefixLength`: 0..32. */
export declare function netmask(prefixLength: number): number;
export declare function contains(cidr: Cidr, address: number): boolean;
/** The last address, which is the broadcast address of a network with a prefix length of at most 30. */
export declare function lastAddress(cidr: Cidr): number;
