export interface ForwarderOptions {
    /** Where it asks from: a descriptor of a namespace, or -1 for the host's. */
    nsFd: number;
    /** Addresses, in the order in which they are asked; a link-local one of the host's with its zone: `fe80::1%eth0`. */
    servers(): readonly string[];
    /** For tests. */
    port?: number;
    timeoutMs?: number;
}
export declare class Forwarder {
    private readonly options;
    private pending;
    constructor(options: ForwarderOptions);
    /** Never rejects: what nobody answers is answered by SERVFAIL. */
    ask(query: Buffer, overTcp: boolean): Promise<Buffer>;
    /** With an id and a source port that are hard to guess (RFC 5452 §9). */
    private byUdp;
    private byTcp;
}
