/** Which ports flows can lie between that the kernel carries: the uplink, and endpoints on veth pairs in networks that the host's routing leads to. */
import type { State } from "./state.js";

export function isCarried({ networks, ports }: State, port: number): boolean {
  return port === ports.uplink || (ports.device[port] !== 0 && networks.hostPort[ports.network[port]!] !== -1);
}
