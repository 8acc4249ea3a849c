/** The addresses in CreateNetwork and CreateEndpoint, of either family. Whether they fit each other is the model's to say. Errors as in `message.ts`. */
import type { Subnet } from "../control/network/subnet.js";
import { TsproxyError } from "../errors.js";
import type { EndpointRequest, NetworkRequest } from "../model/requests.js";
import { parseMac } from "../wire/ethernet.js";
import { type IpAddress, parseIp, parsePrefix } from "../wire/ip-address.js";
import type { PerFamily } from "../wire/per-family.js";
import { type Message, refused } from "./message.js";
import { parseNetworkOptions } from "./network-options.js";

type Family = IpAddress["family"];

/** The network that CreateNetwork asks for. */
export function parseNetwork(message: Message, id: string): NetworkRequest {
  const { options, lan } = parseNetworkOptions(message.object("Options"));
  return { id, subnets: parseSubnets(message), options, ...(lan !== undefined && { lan }) };
}

/** Of CreateNetwork. */
export function parseSubnets(message: Message): PerFamily<Subnet> {
  const [ipv4, ipv6] = [parseSubnet(message, 4), parseSubnet(message, 6)];
  const asked = message.object("Options");
  // dockerd before 28 knows no network without IPv4.
  if (ipv4 === undefined && asked.flag("com.docker.network.enable_ipv4", true)) throw refused("CreateNetwork.IPv4Data", "is missing");
  if (ipv6 === undefined && asked.flag("com.docker.network.enable_ipv6", false)) throw refused("CreateNetwork.IPv6Data", "is missing");
  return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}

function parseSubnet(message: Message, family: Family): Subnet | undefined {
  const [data, second] = message.list(`IPv${family}Data`);
  if (data === undefined) return undefined;
  if (second !== undefined)
    throw new TsproxyError(
      "TSP_ERR_DRIVER_OPTION",
      "invalid",
      `several IPv${family} subnets are not supported`,
      "a network has one of each family: give --subnet once for it",
    );
  const pool = data.text("Pool");
  const prefix = parsePrefix(pool);
  if (prefix?.address.family !== family) throw refused(`${data.where}.Pool`, `'${pool}' is no IPv${family} network`);
  for (const key of data.object("AuxAddresses").keys())
    if (key.startsWith("DefaultGateway")) throw refused(`CreateNetwork: --aux-address ${key}`, "is not supported; use --gateway");
  return { prefix, gateway: parseAddress(data, "Gateway", family) };
}

/** Addresses and MAC of the endpoint; without a MAC the user gave none. */
export function parseInterface(asked: Message): Required<Pick<EndpointRequest, "addresses" | "mac">> {
  const addresses = {
    ...(asked.optionalText("Address") !== "" && { ipv4: parseAddress(asked, "Address", 4) }),
    ...(asked.optionalText("AddressIPv6") !== "" && { ipv6: parseAddress(asked, "AddressIPv6", 6) }),
  };
  if (addresses.ipv4 === undefined && addresses.ipv6 === undefined) throw refused(`${asked.where}.Address`, "is missing");
  const wanted = asked.optionalText("MacAddress");
  if (wanted === "") return { addresses, mac: undefined };
  const mac = parseMac(wanted);
  if (mac === null) throw refused(`${asked.where}.MacAddress`, `'${wanted}' is no station's address, like 02:42:ac:11:00:02`);
  return { addresses, mac };
}

/** The address in field `name`, written with or without a prefix length. */
function parseAddress(message: Message, name: string, family: Family): IpAddress {
  const value = message.text(name);
  const address = parseIp(value.replace(/\/\d{1,3}$/, ""));
  if (address?.family !== family) throw refused(`${message.where}.${name}`, `'${value}' is no IPv${family} address`);
  return address;
}
