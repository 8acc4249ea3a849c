export interface LinkPorts {
    /** IP protocol. */
    proto: number;
    first: number;
    last: number;
}
export declare class Links {
    /** (client, server) to a row of `ports`. */
    private readonly pairs;
    /** Of each row: protocol, first and last port, one range behind the other. Empty: the row is free. */
    private readonly ports;
    /** `seed`: int32, random per process. */
    constructor(seed: number);
    /** Adds or replaces what the client may reach of the server. */
    set(client: number, server: number, ports: readonly LinkPorts[]): void;
    /** False when there was nothing. */
    delete(client: number, server: number): boolean;
    /** Whether the client may send to that port of the server. */
    has(client: number, server: number, proto: number, port: number): boolean;
    /** Whether one of the two is the other's client. */
    join(a: number, b: number): boolean;
}
