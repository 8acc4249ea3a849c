/** What an uplink needs in the host's namespace, so that what the engine sends by it finds its way out. No other device is changed. */
import type { Ipv6Conf } from "../sys/ipv6-conf.js";
import type { Ipv4Conf } from "../sys/rtnetlink-link.js";

/**
 * net.ipv6.conf of the uplink, and of no other device. `forwarding` as above; `forceForwarding` (Linux 6.17) lets the host's stack forward what it
 * is handed, though the host is no router.
 */
export const UPLINK_IPV6_CONF: Partial<Ipv6Conf> = { disableIpv6: 0, acceptRa: 0, acceptRedirects: 0, forwarding: 1, forceForwarding: 1 };

/**
 * net.ipv4.conf of the uplink, and of no other device. `forwarding`: else bpf_fib_lookup answers nothing. The others let the host's
 * own stack take packets from and to its own addresses, 127/8 among them, off this device. rp_filter is loose mode since the kernel
 * uses the larger value of this and `all`; it needs some address on the device (UPLINK_ADDRESS), else it drops what comes from the host.
 */
export const UPLINK_CONF: Partial<Ipv4Conf> = { forwarding: 1, acceptLocal: 1, routeLocalnet: 1, rpFilter: 2 };

/**
 * Address for the uplink, /32 of scope host, if it has no other: loose rp_filter wants one. Being in 127/8 it is nobody else's, is not
 * reachable from outside, and with scope host the kernel never picks it as a source.
 */
export const UPLINK_ADDRESS = "127.84.83.80";
