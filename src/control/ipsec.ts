/**
 * Keeps steering told of what the host's IPsec policies are about, as they come and go: an IKE daemon may start long after us. Where the kernel
 * has no IPsec there is nothing to keep.
 */
import { log } from "../log.js";
import type { Steering } from "../steer/steering.js";
import { PolicyMonitor, protectedNetworks } from "../sys/xfrm.js";
import { formatPrefix } from "../wire/ip-address.js";
import type { Workers } from "./workers.js";

const SHOWN = 5;
/** Until what has changed is read once more, after a failure. */
const AGAIN_MS = 1000;

export class Ipsec {
  private warned = false;
  private closed = false;
  private later: NodeJS.Timeout | undefined;

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
    try {
      if (this.monitor.drain()) this.refresh();
    } catch (error) {
      this.readLater(error as Error);
    }
  }

  /** Until then what was read last is in force. */
  private readLater(error: Error): void {
    if (this.later !== undefined) return;
    log.warn(`IPsec policies of this host cannot be read, and are in a second: ${error.message}`);
    this.later = setTimeout(() => {
      this.later = undefined;
      try {
        this.refresh();
      } catch (again) {
        this.readLater(again as Error);
      }
    }, AGAIN_MS);
    this.later.unref();
  }

  close(): void {
    this.closed = true; // a worker's word that it is readable may be on its way
    clearTimeout(this.later);
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
