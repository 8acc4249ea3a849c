import { type IpAddress } from "../wire/ip-address.js";
export declare class RawSctp {
    private readonly filter;
    private readonly sockets;
    private readonly ports;
    /** `filter`: descriptor of the program for a family. */
    constructor(filter: (family: IpAddress["family"]) => number);
    /** `count` more ports are published at an address. Where the kernel has SCTP sockets, these do it. */
    add(host: IpAddress, count: number): void;
    /** The opposite of `add`. */
    remove({ family }: IpAddress, count: number): void;
    close(): void;
    private open;
}
