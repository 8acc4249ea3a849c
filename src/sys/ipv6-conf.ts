/** net.ipv6.conf of a device in the caller's namespace. Netlink does not set it, so it is written to /proc. */
import fs from "node:fs";

export interface Ipv6Conf {
  disableIpv6: number;
  forwarding: number;
  /** Router advertisements: 0 takes none. */
  acceptRa: number;
  acceptRedirects: number;
  /** Forwards what comes in by the device though the host is no router (net.ipv6.conf.all.forwarding). Linux 6.17; older kernels do without. */
  forceForwarding: number;
}

const FILES: Record<keyof Ipv6Conf, string> = {
  disableIpv6: "disable_ipv6",
  forwarding: "forwarding",
  acceptRa: "accept_ra",
  acceptRedirects: "accept_redirects",
  forceForwarding: "force_forwarding",
};

/** Whether the kernel has IPv6, switched on for devices or not. */
export function hasIpv6(): boolean {
  return fs.existsSync("/proc/sys/net/ipv6");
}

/** False where it could not be set: /proc/sys is read-only, or the device is gone. A kernel without IPv6 needs none of it, which is true. */
export function setIpv6Conf(device: string, conf: Partial<Ipv6Conf>): boolean {
  const folder = `/proc/sys/net/ipv6/conf/${device}`;
  if (!hasIpv6()) return true;
  try {
    for (const [name, value] of Object.entries(conf) as [keyof Ipv6Conf, number][]) {
      const file = `${folder}/${FILES[name]}`;
      if (name !== "forceForwarding" || fs.existsSync(file)) fs.writeFileSync(file, `${value}`);
    }
    return true;
  } catch {
    return false;
  }
}
