/** Which devices of the host are steered. */
import type { RouteSocket } from "../sys/rtnetlink.js";
import type { Link } from "../sys/rtnetlink-entries.js";
import { type IpAddress, parseIp } from "../wire/ip-address.js";

const IFF_LOOPBACK = 0x8;
/** What makes a device part of another one, which then has the addresses; the link-local one that the kernel leaves it is nobody's business. */
const PORT_OF = new Set(["bridge", "bond", "team", "openvswitch"]);

/** An address of the host's, as a number. */
export interface HostAddress {
  ifindex: number;
  ip: IpAddress;
  prefixLength: number;
  /** IFA_F_* bits. */
  flags: number;
}

/** Devices that routes of any table lead out of, by interface index. */
export type Routed = Record<4 | 6, ReadonlySet<number>>;

export function addressesOf(socket: RouteSocket): HostAddress[] {
  return socket.addresses().map(({ ifindex, address, prefixLength, flags }) => ({ ifindex, ip: parseIp(address)!, prefixLength, flags }));
}

/**
 * Whether packets of the host's come and go by the device: it is the loopback, or has an address, or the host routes by it without one (links to single
 * containers, uplinks with the address on another device). The ports of a bridge have IPv6 addresses that mean nothing.
 */
export function hasWay(link: Link, links: readonly Link[], addresses: readonly HostAddress[], routed: Routed): boolean {
  if ((link.flags & IFF_LOOPBACK) !== 0) return true;
  const owner = links.find(({ index }) => index === link.master);
  const isPort = owner !== undefined && PORT_OF.has(owner.kind);
  const counts = (family: 4 | 6): boolean => family === 4 || !isPort;
  const { index } = link;
  return (
    addresses.some(({ ifindex, ip }) => ifindex === index && counts(ip.family)) ||
    ([4, 6] as const).some((f) => counts(f) && routed[f].has(index))
  );
}
