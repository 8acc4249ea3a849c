export declare const SIZE = 28;
/** Operations as raw halves. */
export declare const REQUEST = 256, REPLY = 512;
/** DROP_NONE if `len` bytes are enough for a message of IPv4 over Ethernet, else the reason to drop. `isEthernetIpv4` says whether it is one. */
export declare function check(len: number): number;
export declare function isEthernetIpv4(halves: Uint16Array, off: number): boolean;
export declare function operation(halves: Uint16Array, off: number): number;
/** Sender MAC bytes 0..1, raw. */
export declare function senderHi(halves: Uint16Array, off: number): number;
/** Sender MAC bytes 2..5, raw. */
export declare function senderLo(halves: Uint16Array, off: number): number;
export declare function senderIp(halves: Uint16Array, off: number): number;
export declare function targetIp(halves: Uint16Array, off: number): number;
/** Turns the request at `off` into the reply that `macHi`/`macLo` owns the address asked for (RFC 826, "Packet Reception"). */
export declare function makeReply(halves: Uint16Array, off: number, macHi: number, macLo: number): void;
