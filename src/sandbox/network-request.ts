/** From what `network create` was given to a request for the model, or to the error that Docker has for it. Addresses are IPv4. */
import type { NetworkCreate } from "../api/network-types.js";
import { readOption } from "../docker/driver-options.js";
import { type KindOf, TsproxyError } from "../errors.js";
import { subnetProblem } from "../model/addresses.js";
import { DEFAULT_OPTIONS, type NetworkOptions } from "../model/records.js";
import type { NetworkRequest } from "../model/requests.js";
import { type Cidr, contains, formatCidr, parseCidr, parseIpv4 } from "../wire/ipv4-address.js";

/** Docker's (daemon/names/names.go). */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const MTU = "com.docker.network.driver.mtu";

/** What was asked for, but for what is chosen afterwards. */
export type Asked = Omit<NetworkRequest, "id" | "cidr" | "gateway" | "about"> & {
  cidr: Cidr | undefined;
  gateway: number | undefined;
  /** As they were typed, with `--mtu` among them. */
  typed: Record<string, string>;
};

/** Throws TSP_ERR_NETWORK, TSP_ERR_DRIVER_OPTION (invalid). */
export function checkCreate(create: NetworkCreate): Asked {
  const { name, driver = "bridge" } = create;
  checkName("network", name);
  if (driver !== "bridge") throw invalid(`could not find driver '${driver}'`, "use -d bridge");
  if (create.ipv6) throw invalid("IPv6 networks are not supported yet", "leave --ipv6 out");
  const typed = { ...create.options, ...(create.mtu !== undefined && { [MTU]: String(create.mtu) }) };
  const options: NetworkOptions = { ...DEFAULT_OPTIONS, internal: create.internal ?? false };
  for (const [key, value] of Object.entries(typed)) readOption(options, key, value);
  return { name, ...checkAddresses(create), options, typed };
}

export function checkName(what: "network" | "sandbox", name: string): void {
  const code = what === "network" ? "TSP_ERR_NETWORK" : "TSP_ERR_SANDBOX";
  const hint = "choose another name";
  if (name === "") throw new TsproxyError(code, "invalid", `invalid ${what} name: name is empty`, hint);
  if (NAME.test(name) && name.length <= 128) return;
  throw new TsproxyError(code, "invalid", `invalid ${what} name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`, hint);
}

function checkAddresses(create: NetworkCreate): Pick<Asked, "cidr" | "gateway" | "range" | "reserved"> {
  const { subnet, gateway, ipRange, auxAddresses = {} } = create;
  const aux = Object.entries(auxAddresses);
  if (subnet === undefined) {
    if (gateway !== undefined || ipRange !== undefined || aux.length > 0)
      throw invalid("every ip-range or gateway or aux-address must have a corresponding subnet", "add --subnet");
    return { cidr: undefined, gateway: undefined };
  }
  const cidr = network("subnet", subnet);
  const found = subnetProblem(cidr);
  if (found !== null) throw invalid(`invalid subnet ${subnet}: ${found.problem}`, found.hint);
  const inside = (what: string, text: string): number => {
    const address = parseIpv4(text);
    if (address === null) throw invalid(`invalid ${what} ${text}: not an IPv4 address`, "write it like 172.28.0.1");
    if (!contains(cidr, address))
      throw invalid(`invalid ${what} ${text}: parent subnet ${subnet} doesn't contain this address`, "use one of the subnet");
    return address;
  };
  return {
    cidr,
    gateway: gateway === undefined ? undefined : inside("gateway", gateway),
    ...(ipRange !== undefined && { range: checkRange(ipRange, cidr) }),
    ...(aux.length > 0 && { reserved: new Map(aux.map(([name, text]) => [name, inside(`auxiliary address ${name}:`, text)])) }),
  };
}

function checkRange(text: string, subnet: Cidr): Cidr {
  const range = network("ip-range", text);
  if (range.prefixLength < subnet.prefixLength || !contains(subnet, range.address))
    throw invalid(`invalid ip-range ${text}: parent subnet ${formatCidr(subnet)} doesn't contain ip-range`, "use a part of the subnet");
  return range;
}

function network(what: string, text: string): Cidr {
  if (text.includes(":")) throw invalid(`invalid ${what} ${text}: IPv6 networks are not supported yet`, "use an IPv4 network");
  const cidr = parseCidr(text);
  if (cidr === null) throw invalid(`invalid ${what} ${text}: invalid CIDR block notation`, "write it like 172.28.0.0/16");
  if (formatCidr(cidr) !== text) throw invalid(`invalid ${what} ${text}: it should be ${formatCidr(cidr)}`, `write ${formatCidr(cidr)}`);
  return cidr;
}

export function networkError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_NETWORK", kind, message, hint);
}

function invalid(message: string, hint: string): TsproxyError {
  return networkError("invalid", message, hint);
}
