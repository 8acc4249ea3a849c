/**
 * Keeps steering told of what the host's IPsec policies are about, as they come and go: an IKE daemon may start long after us. Where the kernel
 * has no IPsec there is nothing to keep.
 */
import { log } from "../log.js";
import type { Steering } from "../steer/steering.js";
import { PolicyMonitor, protectedNetworks } from "../sys/xfrm.js";
import { formatPrefix } from "../wire/ip-address.js";
import { Reread } from "./reread.js";
import type { Workers } from "./workers.js";

const SHOWN = 5;

export class Ipsec {
  private warned = false;
  private closed = false;
  /** Until it can be read, what was read last is in force. */
  private readonly reread = new Reread("what IPsec policies of this host are about", () => this.refresh());

  private constructor(
    private readonly monitor: PolicyMonitor,
    private readonly steering: Steering,
  ) {}

  /** Whether this kernel has IPsec at all. */
  static isThere(): boolean {
    return protectedNetworks() !== null;
  }

  /** To be closed. */
  static watch(workers: Workers, steering: Steering): Ipsec {
    const ipsec = new Ipsec(new PolicyMonitor(), steering);
    workers.watch(ipsec.monitor.fd);
    ipsec.refresh();
    return ipsec;
  }

  /** To be called when a watched descriptor is readable. */
  onReadable(): void {
    if (this.closed) return;
    this.reread.run(() => {
      if (this.monitor.drain()) this.refresh();
    });
  }

  close(): void {
    this.closed = true; // a worker's word that it is readable may be on its way
    this.reread.close();
    this.monitor.close();
  }

  private refresh(): void {
    const networks = protectedNetworks() ?? [];
    this.steering.setIpsec(networks);
    if (networks.length === 0 || this.warned) return;
    this.warned = true;
    const names = networks.slice(0, SHOWN).map(formatPrefix).join(", ");
    log.warn(
      `IPsec policies of this host are about ${names}${networks.length > SHOWN ? ", …" : ""}: what goes there passes the host's FORWARD chain, whose rules must let it`,
    );
  }
}
