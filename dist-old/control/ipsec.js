/**
 * Keeps steering told of what the host's IPsec policies are about, as they come and go: an IKE daemon may start long after us. Where the kernel
 * has no IPsec there is nothing to keep.
 */
import { log } from "../log.js";
import { PolicyMonitor, protectedNetworks } from "../sys/xfrm.js";
import { formatPrefix } from "../wire/ip-address.js";
const SHOWN = 5;
export class Ipsec {
    constructor(monitor, steering) {
        this.monitor = monitor;
        this.steering = steering;
        this.warned = false;
        this.closed = false;
    }
    /** Whether this kernel has IPsec at all. */
    static isThere() {
        return protectedNetworks() !== null;
    }
    /** To be closed. */
    static watch(workers, steering) {
        const ipsec = new Ipsec(new PolicyMonitor(), steering);
        workers.watch(ipsec.monitor.fd);
        ipsec.refresh();
        return ipsec;
    }
    /** To be called when a watched descriptor is readable. */
    onReadable() {
        if (!this.closed && this.monitor.drain())
            this.refresh();
    }
    close() {
        this.closed = true; // a worker's word that it is readable may be on its way
        this.monitor.close();
    }
    refresh() {
        const networks = protectedNetworks() ?? [];
        this.steering.setIpsec(networks);
        if (networks.length === 0 || this.warned)
            return;
        this.warned = true;
        const names = networks.slice(0, SHOWN).map(formatPrefix).join(", ");
        log.warn(`IPsec policies of this host are about ${names}${networks.length > SHOWN ? ", …" : ""}: what goes there passes the host's FORWARD chain, whose rules must let it`);
    }
}
//# sourceMappingURL=ipsec.js.map