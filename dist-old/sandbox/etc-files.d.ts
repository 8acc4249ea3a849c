export interface HostEntry {
    address: string;
    names: readonly string[];
}
/** `ipv6`: whether there is any; without it what tries ::1 first would wait for nothing. */
export declare function hostsFile(entries: readonly HostEntry[], ipv6?: boolean): string;
export interface ResolvConf {
    servers: string[];
    search: string[];
    options: string[];
}
/** The resolver of this address answers in sandboxes on networks that people make. */
export declare const EMBEDDED = "127.0.0.11";
export declare function parseResolvConf(text: string): ResolvConf;
/**
 * `given` goes before the host's, each part by itself. `embedded`: whether names are answered inside. `families`: in which servers are reached. A
 * server with a zone is on a link of the host's, which is none of the sandbox's.
 */
export declare function resolvConf(host: ResolvConf, given: ResolvConf, embedded: boolean, families?: readonly (4 | 6)[]): string;
