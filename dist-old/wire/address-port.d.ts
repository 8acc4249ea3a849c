/** Both parts of a word that `addressPort` made. */
export declare function addressOf(word: string): string;
export declare function portOf(word: string): number;
/** Address and port (or range of ports) as one word: an IPv6 address is put in brackets (RFC 5952 §6). */
export declare function addressPort(address: string, port: number | string): string;
