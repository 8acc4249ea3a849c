/** The addresses in CreateNetwork and CreateEndpoint, checked: IPv4 alone, and each where it can be. Errors as in `message.ts`. */
import { addressMac } from "../control/network/address-mac.js";
import type { NetworkRecord } from "../model/store.js";
import { macText, parseMac } from "../wire/ethernet.js";
import { type Cidr, contains, formatCidr, lastAddress, parseCidr, parseIpv4 } from "../wire/ipv4-address.js";
import { noIpv6, parseNetworkOptions } from "./driver-options.js";
import { type Message, refused } from "./message.js";

/** The network that CreateNetwork asks for. */
export function parseNetwork(message: Message, id: string): NetworkRecord {
  const options = parseNetworkOptions(message.object("Options"));
  if (message.list("IPv6Data").length > 0) throw noIpv6("an IPv6 subnet");
  const [data, second] = message.list("IPv4Data");
  if (data === undefined) throw refused("CreateNetwork.IPv4Data", "is missing");
  if (second !== undefined) throw refused("CreateNetwork.IPv4Data", "has several subnets, and a network has one");
  const subnet = parseSubnet(data);
  const gateway = parseHostAddress(data, "Gateway", subnet);
  for (const key of data.object("AuxAddresses").keys())
    if (key.startsWith("DefaultGateway")) throw refused(`CreateNetwork: --aux-address ${key}`, "is not supported; use --gateway");
  return { id, subnet: formatCidr(subnet), gateway: gateway.text, options };
}

/** Address and MAC of the endpoint; `macGiven`: the user gave the MAC, else it is made from the address. */
export function parseInterface(asked: Message, { subnet, gateway }: NetworkRecord): { address: string; mac: string; macGiven: boolean } {
  if (asked.optionalText("AddressIPv6") !== "") throw noIpv6("an IPv6 address");
  const { address, text } = parseHostAddress(asked, "Address", parseCidr(subnet)!);
  if (text === gateway) throw refused(`${asked.where}.Address`, `${text} is the gateway's`);
  const wanted = asked.optionalText("MacAddress");
  const mac = wanted === "" ? addressMac(address) : parseMac(wanted);
  if (mac === null || (mac[0]! & 1) !== 0) throw refused(`${asked.where}.MacAddress`, `'${wanted}' is no station's address`);
  return { address: text, mac: macText(mac), macGiven: wanted !== "" };
}

function parseSubnet(data: Message): Cidr {
  const pool = data.text("Pool");
  if (pool.includes(":")) throw noIpv6(`subnet ${pool}`);
  const cidr = parseCidr(pool);
  if (cidr === null || cidr.prefixLength < 8 || cidr.prefixLength > 30)
    throw refused(`${data.where}.Pool`, `'${pool}' is no IPv4 network from /8 to /30`);
  return cidr;
}

/** The address in field `name`, written with or without a prefix length, which must be one for a host in `subnet`. */
function parseHostAddress(message: Message, name: string, subnet: Cidr): { address: number; text: string } {
  const value = message.text(name);
  const text = value.replace(/\/\d{1,2}$/, "");
  const address = parseIpv4(text);
  if (address === null) throw refused(`${message.where}.${name}`, `'${value}' is no IPv4 address`);
  if (!contains(subnet, address) || address === subnet.address || address === lastAddress(subnet))
    throw refused(`${message.where}.${name}`, `${value} is no host's address in ${formatCidr(subnet)}`);
  return { address, text };
}
