/** Aligned columns for people: headings in capitals, two spaces between, numbers to the right, no trailing blanks. */
export declare function formatTable(headings: string[], rows: (string | number)[][]): string;
/** Of IPv4 and of IPv6, as far as there is any. */
export declare function bothFamilies(ipv4: string, ipv6?: string): string;
