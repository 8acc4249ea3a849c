/** Which ports flows can lie between that the kernel carries: the uplink, and endpoints on veth pairs in networks that the host's routing leads to. */
import { isIpv6 } from "../wire/address-word.js";
import type { State } from "./state.js";

export function isCarried({ networks, ports }: State, port: number): boolean {
  return port === ports.uplink || (ports.device[port] !== 0 && networks.hostPort[ports.network[port]!] !== -1);
}

/** Whether the flow is IPv6 at either end: it is carried, or not, by the programs for IPv6. */
export function hasIpv6End({ conntrack }: State, id: number): boolean {
  return isIpv6(conntrack.newSrc(id, 0)) || isIpv6(conntrack.newSrc(id, 1));
}
