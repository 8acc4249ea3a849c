import type { IpAddress } from "../wire/ip-address.js";
/**
 * IPv6 where any device has an address of it: the kernel gives `lo` ::1 and the others link-local ones, unless it was built or booted without IPv6,
 * or net.ipv6.conf.all.disable_ipv6 is set. Source: /proc/net/if_inet6, an address a line (net/ipv6/addrconf.c).
 */
export declare function hostFamilies(): readonly IpAddress["family"][];
