/** net.ipv6.conf of a device in the caller's namespace. Netlink does not set it, so it is written to /proc. */
import fs from "node:fs";

export interface Ipv6Conf {
  disableIpv6: number;
  forwarding: number;
  /** Router advertisements: 0 takes none. */
  acceptRa: number;
  acceptRedirects: number;
}

const FILES: Record<keyof Ipv6Conf, string> = {
  disableIpv6: "disable_ipv6",
  forwarding: "forwarding",
  acceptRa: "accept_ra",
  acceptRedirects: "accept_redirects",
};

/** False where it could not be set: /proc/sys is read-only, or the device is gone. A kernel without IPv6 needs none of it, which is true. */
export function setIpv6Conf(device: string, conf: Partial<Ipv6Conf>): boolean {
  const folder = `/proc/sys/net/ipv6/conf/${device}`;
  if (!fs.existsSync("/proc/sys/net/ipv6")) return true;
  try {
    for (const [name, value] of Object.entries(conf)) fs.writeFileSync(`${folder}/${FILES[name as keyof Ipv6Conf]}`, `${value}`);
    return true;
  } catch {
    return false;
  }
}
