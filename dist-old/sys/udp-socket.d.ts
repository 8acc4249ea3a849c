/** Who sent a datagram and where to, as `native/udp.c` has it; equal bytes mean the same pair. */
export type Peer = Buffer;
export declare class UdpSocket {
    private readonly fd;
    private handle;
    /** Takes over a bound socket: `close` closes it, as does a failure. */
    constructor(fd: number);
    /** Port 0: a free one. Throws an Error with the system's `code`: EADDRINUSE, EADDRNOTAVAIL, EACCES. An IPv6 address takes IPv6 alone. */
    static bind(address: string, port: number): UdpSocket;
    get port(): number;
    /** Calls back with each datagram; both arguments are the callee's to keep. Once. */
    receive(callback: (bytes: Buffer, from: Peer) => void): void;
    /** Answers `peer`; nothing once closed. What cannot be sent at once is lost, as datagrams are. */
    send(bytes: Uint8Array, peer: Peer): void;
    close(): void;
}
/** The sender's address as text: dotted, also on a socket for both families, or eight groups of hexadecimal digits. */
export declare function peerAddress(peer: Peer): string;
