/** Bounds of a device's MTU, bytes, and what it is where nothing says more. */
/** RFC 791 §3.2: what every host must take. */
export declare const MIN_MTU = 68;
/** RFC 8200 §5. */
export declare const MIN_IPV6_MTU = 1280;
/** drivers/net/tun.c: 65535 less the Ethernet header. */
export declare const MAX_MTU = 65521;
export declare const DEFAULT_MTU = 1500;
