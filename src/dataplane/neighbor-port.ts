/** Behind which port an IPv6 neighbor is: as far as the configuration says, that is by the address that it was given, or the link-local one of its MAC. */
import type { Batch } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { ENDPOINT } from "../table/ports.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import * as ipv6 from "../wire/ipv6.js";
import type { State } from "./state.js";

/** Port of who has the IPv6 address at `target` in the network; -1: nobody known. */
export function portOfAddress6(b: Batch, state: State, network: number, target: number): number {
  const { bytes, halves, words } = b.memory;
  const { addresses, endpoints, fdb, networks, ports } = state;
  if (ipv6.isLinkLocal(bytes, target)) {
    if (!ipv6.hasMac(bytes, halves, target)) return -1;
    const port = fdb.lookup(fdbKey(ipv6.macHiOf(halves, target), network), ipv6.macLoOf(bytes, target));
    if (port === -1 || port === networks.hostPort[network]) return port;
    // A MAC that was learned of traffic may be anybody's: an endpoint's own one alone says what its address is.
    return ports.kind[port] === ENDPOINT && ipv6.isLinkLocalOf(halves, target, ports.macHi[port]!, ports.macLo[port]!) ? port : -1;
  }
  const address = addresses.find(words, target >> 2);
  if (address === NO_ADDRESS) return -1;
  return address === networks.gateway6[network] ? networks.hostPort[network]! : endpoints.get(address, network);
}
