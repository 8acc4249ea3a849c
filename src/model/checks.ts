/** From a request to a record, or to the error that says what is wrong with it. */
import { addressMac } from "../control/network/address-mac.js";
import { MAX_MTU, MIN_MTU } from "../control/network/mtu.js";
import { type KindOf, TsproxyError } from "../errors.js";
import { macText } from "../wire/ethernet.js";
import { formatCidr, formatIpv4, parseCidr, parseIpv4 } from "../wire/ipv4-address.js";
import { type AddressManager, isHostAddress, subnetProblem } from "./addresses.js";
import { type EndpointRecord, isId, type NetworkOptions, type NetworkRecord, shortId } from "./records.js";
import type { EndpointRequest, NetworkRequest } from "./requests.js";

/** Throws TSP_ERR_NETWORK: invalid, or conflict with one of `others`. */
export function checkNetwork(request: NetworkRequest, others: readonly NetworkRecord[]): NetworkRecord {
  const { id, name, cidr, gateway, range, reserved, options, about } = request;
  if (!isId(id)) throw networkError("invalid", `'${id.slice(0, 40)}' is no id of a network`);
  if (others.some((other) => other.id === id)) throw networkError("conflict", `network ${shortId(id)} exists already`);
  const twin = others.find((other) => name !== undefined && other.name === name);
  if (twin !== undefined) throw networkError("conflict", `network ${shortId(twin.id)} has the name '${name}' already`);
  const subnet = formatCidr(cidr);
  const found = subnetProblem(cidr);
  if (found !== null) throw networkError("invalid", `subnet ${subnet}: ${found.problem}`, found.hint);
  if (!isHostAddress(cidr, gateway))
    throw networkError("invalid", `gateway ${formatIpv4(gateway)}/${cidr.prefixLength} is no host's address in ${subnet}`);
  checkOptions(options);
  return {
    id,
    ...(name !== undefined && { name }),
    subnet,
    gateway: formatIpv4(gateway),
    ...(range !== undefined && { range: formatCidr(range) }),
    ...(reserved !== undefined && { reserved: Object.fromEntries([...reserved].map(([what, address]) => [what, formatIpv4(address)])) }),
    options: { ...options },
    ...(about !== undefined && { about }),
  };
}

function checkOptions({ mtu, hostBinding, outside }: NetworkOptions): void {
  if (mtu !== undefined && !(mtu >= MIN_MTU && mtu <= MAX_MTU))
    throw networkError("invalid", `MTU ${mtu} will not do`, `use ${MIN_MTU} to ${MAX_MTU}`);
  for (const address of [hostBinding, outside])
    if (address !== undefined && parseIpv4(address) === null) throw networkError("invalid", `'${address}' is no IPv4 address`);
}

/** `neighbors`: the other endpoints of the network. Throws TSP_ERR_ENDPOINT: invalid, or conflict with one of them. */
export function checkEndpoint(
  { id, address: wanted, mac: wantedMac, use }: EndpointRequest,
  network: NetworkRecord,
  neighbors: readonly EndpointRecord[],
  addresses: AddressManager,
): Omit<EndpointRecord, "multiQueue"> {
  if (!isId(id)) throw endpointError("invalid", `'${id.slice(0, 40)}' is no id of an endpoint`);
  const gateway = parseIpv4(network.gateway)!;
  const taken = new Map(neighbors.map((record) => [parseIpv4(record.address)!, shortId(record.id)]));
  for (const [what, text] of Object.entries(network.reserved ?? {})) taken.set(parseIpv4(text)!, what);
  const range = network.range === undefined ? undefined : parseCidr(network.range)!;
  const address = addresses.claim({ cidr: parseCidr(network.subnet)!, gateway, range, taken }, wanted);
  const bytes = wantedMac ?? addressMac(address);
  const mac = macText(bytes);
  if (bytes.length !== 6 || (bytes[0]! & 1) !== 0) throw endpointError("invalid", `MAC address '${mac}' is no station's address`);
  if (mac === macText(addressMac(gateway))) throw endpointError("conflict", `MAC address ${mac} is the gateway's`);
  const twin = neighbors.find((record) => record.mac === mac);
  if (twin !== undefined)
    throw endpointError("conflict", `MAC address ${mac} is that of endpoint ${shortId(twin.id)}`, "give one of them another");
  const device = `tsp${id.slice(0, 11)}`;
  return { id, network: network.id, address: formatIpv4(address), mac, device, sandbox: "", ports: [], ...(use !== undefined && { use }) };
}

export function networkError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_NETWORK", kind, message, hint);
}

export function endpointError(kind: KindOf<"TSP_ERR_ENDPOINT">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_ENDPOINT", kind, message, hint);
}
