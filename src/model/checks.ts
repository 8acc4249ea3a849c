/** From a request to a record, or to the error that says what is wrong with it. */
import { addressMac, stationMac } from "../control/network/address-mac.js";
import { MAX_MTU, MIN_MTU } from "../control/network/mtu.js";
import type { Subnet } from "../control/network/subnet.js";
import { type KindOf, TsproxyError } from "../errors.js";
import { macText } from "../wire/ethernet.js";
import { formatIp, formatPrefix, type IpAddress, parseIp, parsePrefix } from "../wire/ip-address.js";
import { eachFamily, ofFamily, type PerFamily, perFamily } from "../wire/per-family.js";
import { type AddressManager, isHostAddress, subnetProblem } from "./addresses.js";
import { type EndpointRecord, endpointWord, isId, type NetworkOptions, type NetworkRecord, shortId } from "./records.js";
import type { EndpointRequest, NetworkRequest } from "./requests.js";

/** Throws TSP_ERR_NETWORK: invalid, or conflict with one of `others`. */
export function checkNetwork(request: NetworkRequest, others: readonly NetworkRecord[]): NetworkRecord {
  const { id, name, subnets, ranges = {}, reserved, options, overlay, lan, about } = request;
  if (!isId(id)) throw networkError("invalid", `'${id.slice(0, 40)}' is no id of a network`);
  if (others.some((other) => other.id === id)) throw networkError("conflict", `network ${shortId(id)} exists already`);
  const twin = others.find((other) => name !== undefined && other.name === name);
  if (twin !== undefined) throw networkError("conflict", `there is a network with the name '${name}' already`);
  const each = eachFamily(subnets);
  if (each.length === 0) throw networkError("invalid", "the network has no subnet");
  for (const subnet of each) checkSubnet(subnet);
  checkOptions(options, subnets);
  return {
    id,
    ...(name !== undefined && { name }),
    subnets,
    ...(ranges.ipv4 !== undefined && { range: formatPrefix(ranges.ipv4) }),
    ...(ranges.ipv6 !== undefined && { ipv6Range: formatPrefix(ranges.ipv6) }),
    ...(reserved !== undefined && { reserved: Object.fromEntries([...reserved].map(([what, address]) => [what, formatIp(address)])) }),
    options: { ...options },
    ...(overlay !== undefined && { overlay }),
    ...(lan !== undefined && { lan }),
    ...(about !== undefined && { about }),
  };
}

function checkSubnet({ prefix, gateway }: Subnet): void {
  const text = formatPrefix(prefix);
  const found = subnetProblem(prefix);
  if (found !== null) throw networkError("invalid", `subnet ${text}: ${found.problem}`, found.hint);
  if (!isHostAddress(prefix, gateway))
    throw networkError("invalid", `gateway ${formatIp(gateway)}/${prefix.prefixLength} is no host's address in ${text}`);
}

function checkOptions({ mtu, outside = {} }: NetworkOptions, subnets: PerFamily<Subnet>): void {
  if (mtu !== undefined && !(mtu >= MIN_MTU && mtu <= MAX_MTU))
    throw networkError("invalid", `MTU ${mtu} will not do`, `use ${MIN_MTU} to ${MAX_MTU}`);
  for (const address of eachFamily(outside))
    if (ofFamily(subnets, address.family) === undefined)
      throw networkError("invalid", `nothing leaves as ${formatIp(address)}: the network has no IPv${address.family} subnet`);
}

/** What an endpoint must not have. */
export type Neighbor = Pick<EndpointRecord, "id" | "addresses" | "mac"> & { use?: { readonly names: readonly string[] } };

/** `neighbors`: the other endpoints of the network. Throws TSP_ERR_ENDPOINT: invalid, or conflict with one of them. */
export function checkEndpoint(
  { id, addresses: wanted = {}, mac: wantedMac, use, bandwidth, sandbox = "" }: EndpointRequest,
  network: NetworkRecord,
  neighbors: readonly Neighbor[],
  manager: AddressManager,
): Omit<EndpointRecord, "multiQueue" | "attach"> {
  if (!isId(id)) throw endpointError("invalid", `'${id.slice(0, 40)}' is no id of an endpoint`);
  const addresses = claim(network, wanted, neighbors, manager);
  const bytes = wantedMac ?? stationMac(addresses);
  const mac = macText(bytes);
  if (bytes.length !== 6 || (bytes[0]! & 1) !== 0) throw endpointError("invalid", `MAC address '${mac}' is no station's address`);
  if (eachFamily(network.subnets).some(({ gateway }) => mac === macText(addressMac(gateway))))
    throw endpointError("conflict", `MAC address ${mac} is the gateway's`);
  const twin = neighbors.find((record) => record.mac === mac);
  if (twin !== undefined)
    throw endpointError("conflict", `MAC address ${mac} is that of endpoint ${endpointWord(twin)}`, "give one of them another");
  const device = `tsp${id.slice(0, 11)}`;
  const optional = { ...(use !== undefined && { use }), ...(bandwidth !== undefined && { bandwidth }) };
  return { id, network: network.id, addresses, mac, device, sandbox, ports: [], ...optional };
}

/** An address of each family that the network has. */
function claim(
  { subnets, range, ipv6Range, reserved = {} }: NetworkRecord,
  wanted: PerFamily<IpAddress>,
  neighbors: readonly Neighbor[],
  manager: AddressManager,
): PerFamily<IpAddress> {
  const claimed = eachFamily(subnets).map((subnet) => {
    const { family } = subnet.gateway;
    const taken = new Map<bigint, string>();
    for (const neighbor of neighbors) {
      const address = ofFamily(neighbor.addresses, family);
      if (address !== undefined) taken.set(address.value, `endpoint ${endpointWord(neighbor)}`);
    }
    for (const [what, text] of Object.entries(reserved)) taken.set(parseIp(text)!.value, `the auxiliary address '${what}'`);
    const text = family === 4 ? range : ipv6Range;
    return manager.claim({ ...subnet, taken, range: text === undefined ? undefined : parsePrefix(text)! }, ofFamily(wanted, family));
  });
  for (const address of eachFamily(wanted))
    if (!claimed.includes(address))
      throw endpointError("invalid", `address ${formatIp(address)}: the network has no IPv${address.family} subnet`);
  return perFamily(claimed);
}

export function networkError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_NETWORK", kind, message, hint);
}

export function endpointError(kind: KindOf<"TSP_ERR_ENDPOINT">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_ENDPOINT", kind, message, hint);
}
