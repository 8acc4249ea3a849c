/** From a network that is asked for to one that no other is in the way of, as far as is known. Whether that is so, the store decides. */
import type { Subnet } from "../control/network/subnet.js";
import { firstAddress } from "../model/addresses.js";
import { checkNetwork, networkError } from "../model/checks.js";
import { choosePool, type Obstacle, type Pool } from "../model/pools.js";
import type { NetworkRecord } from "../model/records.js";
import type { NetworkRequest } from "../model/requests.js";
import type { IpAddress, IpPrefix } from "../wire/ip-address.js";
import { mapFamilies, ofFamily, type PerFamily } from "../wire/per-family.js";
import { freeVni, OVERLAY_POOLS, otherNetwork } from "./allocate.js";

/** A network as it is asked for: what is left out is chosen. */
export interface GlobalNetworkRequest extends Omit<NetworkRequest, "subnets" | "overlay"> {
  readonly name: string;
  /** Of each family that it is to have. */
  readonly subnets: PerFamily<{ prefix: IpPrefix | undefined; gateway: IpAddress | undefined }>;
  readonly vni: number | undefined;
  readonly encrypted?: boolean;
}

/** `obstacle`: what besides networks is in a subnet's way. Throws TSP_ERR_NETWORK: invalid, conflict, unavailable. */
export function planNetwork(
  { subnets: wanted, vni, encrypted, ...rest }: GlobalNetworkRequest,
  networks: readonly NetworkRecord[],
  ipv6Pools: readonly Pool[],
  obstacle: Obstacle,
): NetworkRecord {
  if (networks.some(({ name }) => name === rest.name))
    throw networkError("conflict", `network with name ${rest.name} already exists`, "choose another name, or remove it");
  const user = vni === undefined ? undefined : networks.find(({ overlay }) => overlay?.vni === vni);
  if (user !== undefined) throw networkError("conflict", `VNI ${vni} is that of network ${user.name}`, "choose another one, or none");
  const inUse = otherNetwork(networks);
  const known: Obstacle = (prefix) => inUse(prefix) ?? obstacle(prefix);
  const subnets = mapFamilies(wanted, ({ prefix, gateway }, family): Subnet => {
    const other = prefix === undefined ? null : known(prefix);
    if (other !== null) {
      const message = `invalid pool request: Pool overlaps with other one on this address space (${other})`;
      throw networkError("conflict", message, "use another --subnet");
    }
    const chosen = prefix ?? choosePool(known, family === 4 ? OVERLAY_POOLS : ipv6Pools).subnet;
    if (chosen === undefined)
      throw networkError("unavailable", "all predefined address pools have been fully subnetted", "name a range by --subnet");
    return { prefix: chosen, gateway: gateway ?? firstAddress(chosen, ofFamily(rest.ranges ?? {}, family)) };
  });
  return checkNetwork({ ...rest, subnets, overlay: { vni: vni ?? freeVni(networks), ...(encrypted && { encrypted }) } }, networks);
}
