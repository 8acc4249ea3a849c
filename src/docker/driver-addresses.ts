/** The addresses in CreateNetwork and CreateEndpoint: IPv4 alone. Whether they fit each other is the model's to say. Errors as in `message.ts`. */
import { TsproxyError } from "../errors.js";
import type { EndpointRequest, NetworkRequest } from "../model/requests.js";
import { parseMac } from "../wire/ethernet.js";
import { type IpAddress, parseIp, parsePrefix } from "../wire/ip-address.js";
import { noIpv6, parseNetworkOptions } from "./driver-options.js";
import { type Message, refused } from "./message.js";

/** The network that CreateNetwork asks for. */
export function parseNetwork(message: Message, id: string): NetworkRequest {
  const options = parseNetworkOptions(message.object("Options"));
  if (message.list("IPv6Data").length > 0) throw noIpv6("an IPv6 subnet");
  const [data, second] = message.list("IPv4Data");
  if (data === undefined) throw refused("CreateNetwork.IPv4Data", "is missing");
  if (second !== undefined)
    throw new TsproxyError(
      "TSP_ERR_DRIVER_OPTION",
      "invalid",
      "several subnets are not supported",
      "a network has one: give --subnet once",
    );
  const pool = data.text("Pool");
  if (pool.includes(":")) throw noIpv6(`subnet ${pool}`);
  const prefix = parsePrefix(pool);
  if (prefix?.address.family !== 4) throw refused(`${data.where}.Pool`, `'${pool}' is no IPv4 network`);
  const gateway = parseAddress(data, "Gateway");
  for (const key of data.object("AuxAddresses").keys())
    if (key.startsWith("DefaultGateway")) throw refused(`CreateNetwork: --aux-address ${key}`, "is not supported; use --gateway");
  return { id, subnets: { ipv4: { prefix, gateway } }, options };
}

/** Address and MAC of the endpoint; without a MAC the user gave none. */
export function parseInterface(asked: Message): Required<Pick<EndpointRequest, "addresses" | "mac">> {
  if (asked.optionalText("AddressIPv6") !== "") throw noIpv6("an IPv6 address");
  const addresses = { ipv4: parseAddress(asked, "Address") };
  const wanted = asked.optionalText("MacAddress");
  if (wanted === "") return { addresses, mac: undefined };
  const mac = parseMac(wanted);
  if (mac === null) throw refused(`${asked.where}.MacAddress`, `'${wanted}' is no station's address, like 02:42:ac:11:00:02`);
  return { addresses, mac };
}

/** The address in field `name`, written with or without a prefix length. */
function parseAddress(message: Message, name: string): IpAddress {
  const value = message.text(name);
  const address = parseIp(value.replace(/\/\d{1,2}$/, ""));
  if (address?.family !== 4) throw refused(`${message.where}.${name}`, `'${value}' is no IPv4 address`);
  return address;
}
