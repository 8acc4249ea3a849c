/** An endpoint's device in a namespace that we set up ourselves: MAC and MTU before anything comes by it, then addresses and default routes. */
import { TsproxyError } from "../../errors.js";
import { setIpv6Conf } from "../../sys/ipv6-conf.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import { linkThere } from "../../sys/setting-up.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp, type IpAddress } from "../../wire/ip-address.js";
import { eachFamily, ofFamily, type PerFamily } from "../../wire/per-family.js";
import { ENDPOINT_IPV6_CONF } from "../device-conf.js";
import type { Subnet } from "./subnet.js";

/** Name of an endpoint's device in its namespace. */
export const ENDPOINT_DEVICE = "eth0";

export interface NamespaceDevice {
  /** In the namespace. */
  socket: RouteSocket;
  nsFd: number;
  /** What the endpoint was asked for by. */
  word: string;
  addresses: PerFamily<IpAddress>;
  mac: Uint8Array;
  mtu: number;
  subnets: PerFamily<Subnet>;
}

/** `join`: has the engine know it, before it is up. Throws as netlink, TSP_ERR_ENDPOINT (unavailable, conflict), TSP_ERR_NO_DEVICE. */
export function setUpInNamespace({ socket, nsFd, word, addresses, mac, mtu, subnets }: NamespaceDevice, join: () => void): void {
  const { index } = linkThere(socket, ENDPOINT_DEVICE);
  const hasIpv6 = addresses.ipv6 !== undefined;
  // Its link-local address is the one that comes of its MAC, which it is held to.
  socket.setLink(index, { mac: macText(mac), mtu, ...(hasIpv6 && { addrGenMode: "eui64" }) });
  if (hasIpv6 && !setIpv6Conf(ENDPOINT_DEVICE, ENDPOINT_IPV6_CONF, nsFd))
    throw new TsproxyError(
      "TSP_ERR_ENDPOINT",
      "unavailable",
      `${word}: net.ipv6.conf of the namespace's ${ENDPOINT_DEVICE} cannot be written`,
      "mount /proc/sys writable, or give the endpoint an IPv4 address alone",
    );
  join();
  const all = eachFamily(addresses).map((address) => ({ address, subnet: ofFamily(subnets, address.family)! }));
  for (const { address, subnet } of all) socket.addAddress(index, formatIp(address), subnet.prefix.prefixLength);
  socket.setLink(index, { up: true });
  for (const { address, subnet } of all) {
    const dst = formatIp({ family: address.family, value: 0n });
    try {
      socket.addRoute({ dst, prefixLength: 0, gateway: formatIp(subnet.gateway), oif: index });
    } catch (error) {
      throw routeError(word, address.family, error);
    }
  }
}

function routeError(word: string, family: 4 | 6, cause: unknown): unknown {
  if (!(cause instanceof TsproxyError) || cause.kind !== "conflict") return cause;
  const hint =
    family === 4
      ? "remove it there ('ip route del default'), or give a namespace without one"
      : "remove it there ('ip -6 route del default'; of one that a router announces, set net.ipv6.conf.DEVICE.accept_ra=0 before), or give a namespace without one";
  return new TsproxyError(
    "TSP_ERR_ENDPOINT",
    "conflict",
    `${word}: the namespace has a default route of IPv${family} already`,
    hint,
    cause,
  );
}
