/**
 * Settings of the devices that we make in the host's namespace, of these alone. What an endpoint sends must change nothing on the host: no
 * redirect or router advertisement is taken, no address of others is answered for, nothing is forwarded out of an internal network. The
 * engine lets nothing of the kind through either (`dataplane/l2-forward.ts`); this holds should it ever fail to.
 */
import { log } from "../log.js";
import { setIpv6Conf } from "../sys/ipv6-conf.js";
/**
 * net.ipv4.conf of the host's device in a network. `forwarding` is left as the host has it, unless the network is internal: the host's own rules
 * may translate what endpoints send to its addresses, as Docker's published ports do.
 */
export function hostDeviceConf(internal) {
    const closed = { acceptRedirects: 0, sendRedirects: 0, acceptSourceRoute: 0, proxyArp: 0, acceptLocal: 0, routeLocalnet: 0 };
    return internal ? { ...closed, forwarding: 0 } : closed;
}
/** net.ipv6.conf of the host's device in a network with an IPv6 subnet; `forwarding` as above. Its address works at once: we alone give addresses there. */
export function hostDeviceIpv6Conf(internal) {
    const closed = { disableIpv6: 0, acceptRa: 0, acceptRedirects: 0, acceptDad: 0 };
    return internal ? { ...closed, forwarding: 0 } : closed;
}
/** Of an endpoint's: it gets all that it needs from us. */
export const ENDPOINT_IPV6_CONF = { disableIpv6: 0, acceptRa: 0, acceptDad: 0 };
/** Where a device of ours carries IPv4 alone, the host takes no IPv6 by it. The others hold should somebody switch it on for all devices. */
export function closeToIpv6(device) {
    if (!setIpv6Conf(device, { acceptRa: 0, acceptRedirects: 0, forwarding: 0, disableIpv6: 1 }))
        log.info(`${device}: net.ipv6.conf cannot be written; no IPv6 is sent to it anyway`);
}
//# sourceMappingURL=device-conf.js.map