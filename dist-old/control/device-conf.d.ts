import { type Ipv6Conf } from "../sys/ipv6-conf.js";
import type { Ipv4Conf } from "../sys/rtnetlink-link.js";
/**
 * net.ipv4.conf of the host's device in a network. `forwarding` is left as the host has it, unless the network is internal: the host's own rules
 * may translate what endpoints send to its addresses, as Docker's published ports do.
 */
export declare function hostDeviceConf(internal: boolean): Partial<Ipv4Conf>;
/** net.ipv6.conf of the host's device in a network with an IPv6 subnet; `forwarding` as above. Its address works at once: we alone give addresses there. */
export declare function hostDeviceIpv6Conf(internal: boolean): Partial<Ipv6Conf>;
/** Of an endpoint's: it gets all that it needs from us. */
export declare const ENDPOINT_IPV6_CONF: Partial<Ipv6Conf>;
/** Where a device of ours carries IPv4 alone, the host takes no IPv6 by it. The others hold should somebody switch it on for all devices. */
export declare function closeToIpv6(device: string): void;
