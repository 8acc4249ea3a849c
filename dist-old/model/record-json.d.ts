import { type Records } from "./records.js";
/**
 * 1: IPv4 alone, `subnet` and `gateway` of a network, `address` of an endpoint, `outside` an address; `hostBinding` 0.0.0.0 where a port names no
 * host address. 2: both families.
 */
export declare const FORMAT = 2;
/** What is wrong with what should be records of that format, and where ("networks.0.gateway"); or the records. */
export declare function recordsOf(value: unknown, format: number): {
    problem: string;
} | {
    records: Records;
};
/** As JSON can hold them, in the current format. */
export declare function jsonOf({ networks, endpoints }: Records): object;
/** The same as text, an object's members without its braces. Records never change, so each is put into text once. */
export declare function membersText({ networks, endpoints }: Records): string;
