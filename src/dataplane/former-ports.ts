/** What the ports and addresses that a former process knew (`table/flow-file.ts`) are now. Nothing in the file is trusted. */
import { EGRESS_PORT } from "../table/conntrack.js";
import type { FlowFile } from "../table/flow-file.js";
import { ENDPOINT, HOST, REMOTE, UPLINK } from "../table/ports.js";
import { isIpv6, NO_ADDRESS, rowOf, sortOf } from "../wire/address-word.js";
import type { State } from "./state.js";

/** No number of a port: another endpoint has the address. */
export const OTHERS = -2;

/** Number that the port has now which the former process had under the number in `way`; -1: it is not there, or not yet; or OTHERS. */
export function portNow(state: State, file: FlowFile, way: number): number {
  const { endpoints, networks, ports } = state;
  const port = way & EGRESS_PORT;
  const kind = file.portKind[port]!;
  if (kind === UPLINK) return ports.uplink;
  for (const former of [file.portAddress[port]!, file.portAddress6[port]!]) {
    const address = wordNow(state, file, former);
    if (address === NO_ADDRESS) continue;
    const network = networks.of(address);
    if (network === -1 && kind === ENDPOINT) {
      const lan = onLan(state, address);
      if (lan !== -1) return unlessOthers(state, file, port, lan);
    }
    if (network === -1) continue;
    if (kind === ENDPOINT) return unlessOthers(state, file, port, endpoints.get(address, network));
    if (kind === REMOTE) return networks.remotePort[network]!; // it had the address of one of its stations
    return kind === HOST ? networks.hostPort[network]! : -1;
  }
  return -1;
}

/** `now`, unless another endpoint is behind it than was behind `former`. */
function unlessOthers({ ports }: State, file: FlowFile, former: number, now: number): number {
  const before = file.portOwner[former]!;
  const owner = now === -1 ? 0 : ports.owner[now]!;
  return owner !== before && owner !== 0 && before !== 0 ? OTHERS : now;
}

/** Port of the endpoint with that address that stands on a LAN, or -1. */
function onLan({ endpoints, networks }: State, address: number): number {
  for (let id = 0; id < networks.end; id++) {
    const port = networks.lanPort[id] === -1 ? -1 : endpoints.get(address, id);
    if (port !== -1) return port;
  }
  return -1;
}

/** The address in our table that has the word in the file's; NO_ADDRESS if it has none, or there is no room. Nobody holds it yet. */
export function wordNow({ addresses }: State, file: FlowFile, former: number): number {
  if (!isIpv6(former)) return former;
  const at = rowOf(former) * 4;
  if (at === 0 || at >= file.addressWords.length) return NO_ADDRESS;
  const handle = addresses.intern(file.addressWords, at);
  return handle !== NO_ADDRESS && sortOf(handle) === sortOf(former) ? handle : NO_ADDRESS;
}
