export interface IpAddress {
    readonly family: 4 | 6;
    /** The address as one number, most significant byte first: 0n..2^32-1n or 2^128-1n. */
    readonly value: bigint;
}
export interface IpPrefix {
    /** The bits behind the prefix are zero. */
    readonly address: IpAddress;
    /** 0..32, or 0..128. */
    readonly prefixLength: number;
}
export declare function addressBits(family: 4 | 6): number;
/** The address, or null when the text is not one. Brackets and zones make it none. */
export declare function parseIp(text: string): IpAddress | null;
export declare function formatIp({ family, value }: IpAddress): string;
/** `address`: int32 in host order. */
export declare function ofIpv4(address: number): IpAddress;
/** The IPv4 address as an int32 in host order. Precondition: it is one. */
export declare function toIpv4(address: IpAddress): number;
/** 4 or 16 bytes, as they lie in a packet. */
export declare function toBytes({ family, value }: IpAddress): Uint8Array;
/** Of 4 or 16 bytes as they lie in a packet. */
export declare function ofBytes(bytes: Uint8Array): IpAddress;
export declare function sameIp(a: IpAddress, b: IpAddress): boolean;
/** Negative, 0 or positive: IPv4 first, then by value. */
export declare function compareIp(a: IpAddress, b: IpAddress): number;
/** 0.0.0.0 or ::. */
export declare function isUnspecified({ value }: IpAddress): boolean;
/** The IPv4 address that an IPv4-mapped one stands for; any other as it is. */
export declare function unmapped(address: IpAddress): IpAddress;
/** `ADDRESS/LENGTH`, or null when the text is not that. Host bits are masked away. */
export declare function parsePrefix(text: string): IpPrefix | null;
/** The prefix of that length in which the address lies. */
export declare function prefixOf(address: IpAddress, prefixLength: number): IpPrefix;
export declare function formatPrefix({ address, prefixLength }: IpPrefix): string;
export declare function prefixContains(prefix: IpPrefix, address: IpAddress): boolean;
export declare function prefixesOverlap(a: IpPrefix, b: IpPrefix): boolean;
/** The last address of the prefix; of IPv4, with a length of at most 30, the broadcast address. */
export declare function lastOf({ address, prefixLength }: IpPrefix): IpAddress;
