/** Whether the host at an address answers in time; null when it cannot be asked. */
export type Ping = (address: string) => Promise<boolean | null>;
/** Sends echoes, and calls back with the address that an answer came from. */
export interface EchoSocket {
    /** Throws when there is no way to that address. */
    send(address: string, echo: Buffer): void;
    close(): void;
}
/** Asks each address once, all by the sockets that the first echo opens. */
export declare class Pinger {
    private readonly timeoutMs;
    private readonly open;
    private socket;
    private readonly waiting;
    constructor(timeoutMs: number, open?: typeof openEchoSocket);
    readonly ping: Ping;
    private openSocket;
    close(): void;
}
/** Throws TSP_ERR_SYSCALL (permission) where the kernel lets us have no such socket. */
export declare function openEchoSocket(answered: (source: string) => void): EchoSocket;
