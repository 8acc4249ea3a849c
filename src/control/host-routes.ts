/**
 * The host's IPv6 routes as the workers are told them: each with the source address that the host would use on it. That is what the kernel's
 * choice comes to where hosts differ (RFC 6724 §5); it is one for a route, and not one for each destination.
 */
import type { HostRoute } from "../engine/messages.js";
import { IFA_F_DEPRECATED, IFA_F_TEMPORARY, IFA_F_TENTATIVE, type Route } from "../sys/rtnetlink-entries.js";
import { type IpAddress, type IpPrefix, parseIp, parsePrefix, prefixContains, prefixOf } from "../wire/ip-address.js";

/** An address of the host's, as a number. */
export interface HostAddress {
  ifindex: number;
  ip: IpAddress;
  prefixLength: number;
  /** IFA_F_* bits. */
  flags: number;
}

const LOOPBACK = parsePrefix("::1/128")!,
  LINK_LOCAL = parsePrefix("fe80::/10")!,
  UNIQUE_LOCAL = parsePrefix("fc00::/7")!;
/** Not to be picked as a source for others. */
const UNFIT = IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE;

/** `refused`: interface indices of devices that nothing may be sent out of. */
export function hostRoutes(routes: readonly Route[], addresses: readonly HostAddress[], refused: ReadonlySet<number>): HostRoute[] {
  const fit = addresses.filter(isGlobal);
  return routes.flatMap((route): HostRoute[] => {
    if (route.family !== "ipv6" || route.type === "local") return [];
    const prefix = prefixOf(parseIp(route.dst)!, route.prefixLength);
    if (prefixContains(LINK_LOCAL, prefix.address)) return []; // never routed
    const source = route.type !== "unicast" || refused.has(route.oif ?? 0) ? null : sourceOn(route, prefix, fit);
    return source === undefined ? [] : [{ prefix, metric: route.metric, source }];
  });
}

/** Of the route's device if that has any: in the gateway's network, else of the same kind as the destination, else the first. */
function sourceOn(route: Route, destination: IpPrefix, fit: readonly HostAddress[]): IpAddress | undefined {
  if (route.prefSrc !== undefined) return parseIp(route.prefSrc)!;
  const onDevice = fit.filter(({ ifindex }) => ifindex === route.oif);
  const candidates = onDevice.length > 0 ? onDevice : fit;
  const near = parseIp(route.gateway ?? "");
  const isNear = ({ ip, prefixLength }: HostAddress): boolean => near !== null && prefixContains(prefixOf(ip, prefixLength), near);
  const isLocal = (ip: IpAddress): boolean => prefixContains(UNIQUE_LOCAL, ip);
  const isAlike = ({ ip }: HostAddress): boolean => isLocal(ip) === isLocal(destination.address);
  return (candidates.find(isNear) ?? candidates.find(isAlike) ?? candidates[0])?.ip;
}

function isGlobal({ ip, flags }: HostAddress): boolean {
  return ip.family === 6 && (flags & UNFIT) === 0 && ![LOOPBACK, LINK_LOCAL].some((prefix) => prefixContains(prefix, ip));
}
