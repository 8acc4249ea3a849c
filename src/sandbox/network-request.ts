/** From what `network create` was given to a request for the model, or to the error that Docker has for it. Addresses are IPv4. */
import type { NetworkCreate } from "../api/network-types.js";
import { readOption } from "../docker/driver-options.js";
import { type KindOf, TsproxyError } from "../errors.js";
import { subnetProblem } from "../model/addresses.js";
import { DEFAULT_OPTIONS, type NetworkOptions } from "../model/records.js";
import type { NetworkRequest } from "../model/requests.js";
import { formatPrefix, type IpAddress, type IpPrefix, parseIp, parsePrefix, prefixContains } from "../wire/ip-address.js";

/** Docker's (daemon/names/names.go). */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const MTU = "com.docker.network.driver.mtu";

/** What was asked for, but for what is chosen afterwards. */
export type Asked = Omit<NetworkRequest, "id" | "subnets" | "about"> & {
  subnet: IpPrefix | undefined;
  gateway: IpAddress | undefined;
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

function checkAddresses(create: NetworkCreate): Pick<Asked, "subnet" | "gateway" | "range" | "reserved"> {
  const { subnet, gateway, ipRange, auxAddresses = {} } = create;
  const aux = Object.entries(auxAddresses);
  if (subnet === undefined) {
    if (gateway !== undefined || ipRange !== undefined || aux.length > 0)
      throw invalid("every ip-range or gateway or aux-address must have a corresponding subnet", "add --subnet");
    return { subnet: undefined, gateway: undefined };
  }
  const prefix = network("subnet", subnet);
  const found = subnetProblem(prefix);
  if (found !== null) throw invalid(`invalid subnet ${subnet}: ${found.problem}`, found.hint);
  const inside = (what: string, text: string): IpAddress => {
    const address = parseIp(text);
    if (address?.family !== 4) throw invalid(`invalid ${what} ${text}: not an IPv4 address`, "write it like 172.28.0.1");
    if (!prefixContains(prefix, address))
      throw invalid(`invalid ${what} ${text}: parent subnet ${subnet} doesn't contain this address`, "use one of the subnet");
    return address;
  };
  return {
    subnet: prefix,
    gateway: gateway === undefined ? undefined : inside("gateway", gateway),
    ...(ipRange !== undefined && { range: checkRange(ipRange, prefix) }),
    ...(aux.length > 0 && { reserved: new Map(aux.map(([name, text]) => [name, inside(`auxiliary address ${name}:`, text)])) }),
  };
}

function checkRange(text: string, subnet: IpPrefix): IpPrefix {
  const range = network("ip-range", text);
  if (range.prefixLength < subnet.prefixLength || !prefixContains(subnet, range.address))
    throw invalid(`invalid ip-range ${text}: parent subnet ${formatPrefix(subnet)} doesn't contain ip-range`, "use a part of the subnet");
  return range;
}

function network(what: string, text: string): IpPrefix {
  if (text.includes(":")) throw invalid(`invalid ${what} ${text}: IPv6 networks are not supported yet`, "use an IPv4 network");
  const prefix = parsePrefix(text);
  if (prefix === null) throw invalid(`invalid ${what} ${text}: invalid CIDR block notation`, "write it like 172.28.0.0/16");
  const whole = formatPrefix(prefix);
  if (whole !== text) throw invalid(`invalid ${what} ${text}: it should be ${whole}`, `write ${whole}`);
  return prefix;
}

export function networkError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_NETWORK", kind, message, hint);
}

function invalid(message: string, hint: string): TsproxyError {
  return networkError("invalid", message, hint);
}
