/** `--network` and `--endpoint`: one network, with a subnet of either family or of both, and who is in it. Refusals as in `config.ts`. */

import { ATTACH_WORDS, isAttachWord } from "../control/network/attach.js";
import type { BridgeSpec } from "../control/network/bridge.js";
import type { NetworkSpec } from "../control/network/kinds.js";
import { MAX_MTU, MIN_MTU } from "../control/network/mtu.js";
import type { EndpointSpec } from "../control/network/namespaces.js";
import type { Subnet } from "../control/network/subnet.js";
import { isHostAddress, lowestFree, subnetProblem } from "../model/addresses.js";
import { formatIp, formatPrefix, type IpAddress, lastOf, parseIp, parsePrefix, prefixContains, sameIp } from "../wire/ip-address.js";
import { eachFamily, ofFamily, type PerFamily, perFamily } from "../wire/per-family.js";
import { invalid, parseInteger } from "./options.js";

/** What else is said of the network. */
export interface NetworkWords {
  mtu?: string | undefined;
  promiscuous?: boolean | undefined;
  attach?: string | undefined;
}

/** `10.44.0.0/24`, `fd00:44::/64`, or both with a comma between. */
export function parseNetwork(text: string, { mtu, promiscuous = false, attach }: NetworkWords = {}): BridgeSpec {
  const subnets: { ipv4?: Subnet; ipv6?: Subnet } = {};
  for (const word of text.split(",")) {
    const subnet = parseSubnet(word);
    const family = subnet.gateway.family === 4 ? "ipv4" : "ipv6";
    const other = subnets[family];
    if (other !== undefined)
      throw invalid(
        `--network '${text}': ${formatPrefix(other.prefix)} and ${word} are of one family`,
        "give one subnet, or one of each family, like 10.44.0.0/24,fd00:44::/64",
      );
    subnets[family] = subnet;
  }
  if (attach !== undefined && !isAttachWord(attach))
    throw invalid(`--attach ${attach}: not a way to attach`, `use ${ATTACH_WORDS.join(", ")}`);
  const bytes = mtu === undefined ? undefined : parseInteger("--mtu", mtu, MIN_MTU, MAX_MTU);
  return { kind: "bridge", subnets, mtu: bytes, promiscuous, ...(attach !== undefined && { attach }) };
}

function parseSubnet(text: string): Subnet {
  const prefix = parsePrefix(text);
  if (prefix === null) throw invalid(`--network '${text}': not a network`, "use ADDRESS/LENGTH, like 10.44.0.0/24 or fd00:44::/64");
  if (!sameIp(parseIp(text.slice(0, text.indexOf("/")))!, prefix.address))
    throw invalid(`--network '${text}': not the network's first address`, `write ${formatPrefix(prefix)}`);
  const found = subnetProblem(prefix);
  if (found !== null) throw invalid(`--network '${text}': ${found.problem}`, found.hint);
  return { prefix, gateway: { ...prefix.address, value: prefix.address.value + 1n } };
}

export function parseEndpoints(texts: string[], { subnets }: NetworkSpec): EndpointSpec[] {
  const parsed = texts.map((text) => ({ text, ...parseEndpoint(text, subnets) }));
  const byAddress = new Map<string, string>();
  const byNetns = new Map<string, string>();
  for (const { text, netns, addresses } of parsed) {
    for (const address of eachFamily(addresses).map(formatIp)) {
      const twin = byAddress.get(address);
      if (twin !== undefined)
        throw invalid(`--endpoint ${text}: ${address} is taken by --endpoint ${twin}`, "give each endpoint an address of its own");
      byAddress.set(address, text);
    }
    const other = byNetns.get(canonicalNetns(netns));
    if (other !== undefined)
      throw invalid(`--endpoint ${text}: namespace '${netns}' has --endpoint ${other} already`, "give each namespace one endpoint");
    byNetns.set(canonicalNetns(netns), text);
  }
  const taken = parsed.map(({ addresses }) => addresses);
  return parsed.map(({ text, netns, addresses }) => {
    const completed = withMissing(`--endpoint '${text}'`, addresses, subnets, taken);
    taken.push(completed);
    return { netns, addresses: completed };
  });
}

/** An address of each family that the network has: where none is named, the lowest that is free. */
export function withMissing(
  what: string,
  addresses: PerFamily<IpAddress>,
  subnets: PerFamily<Subnet>,
  taken: readonly PerFamily<IpAddress>[],
): PerFamily<IpAddress> {
  const completed = eachFamily(subnets).map((subnet) => {
    const { family } = subnet.gateway;
    const values = new Set(taken.map((each) => ofFamily(each, family)?.value));
    const address = ofFamily(addresses, family) ?? lowestFree(subnet, values);
    if (address === null) throw invalid(`${what}: no address is free in ${formatPrefix(subnet.prefix)}`, "use a larger network");
    return address;
  });
  return perFamily(completed);
}

/** `NETNS=ADDRESS`, or an address of each family with a comma between; families that are not named are missing. */
export function parseEndpoint(text: string, subnets: PerFamily<Subnet>): EndpointSpec {
  const equals = text.lastIndexOf("=");
  const examples = eachFamily(subnets).map(({ gateway }) => formatIp({ ...gateway, value: gateway.value + 1n }));
  if (equals < 0) throw invalid(`--endpoint '${text}': no '='`, `write NETNS=ADDRESS, like web=${examples.join(",")}`);
  const netns = text.slice(0, equals);
  const named = netns !== "" && netns !== "." && netns !== ".." && !netns.includes("/");
  if (!named && !netns.startsWith("/"))
    throw invalid(`--endpoint '${text}': '${netns}' is no namespace`, "use a name in /run/netns, a process id, or an absolute path");
  const addresses = text
    .slice(equals + 1)
    .split(",")
    .map((word) => parseEndpointAddress(text, word, subnets));
  const [first, second] = addresses;
  if (addresses.length > 2 || first?.family === second?.family)
    throw invalid(`--endpoint '${text}': several addresses of one family`, "give one, or one of each family");
  return { netns, addresses: perFamily(addresses) };
}

function parseEndpointAddress(text: string, word: string, subnets: PerFamily<Subnet>): IpAddress {
  const address = parseIp(word);
  const known = eachFamily(subnets).map(({ prefix }) => formatPrefix(prefix));
  if (address === null) throw invalid(`--endpoint '${text}': '${word}' is not an IP address`, `use one of ${known.join(" or ")}`);
  const subnet = ofFamily(subnets, address.family);
  if (subnet === undefined)
    throw invalid(
      `--endpoint '${text}': ${word} is an IPv${address.family} address, and the network is ${known[0]}`,
      `use one of ${known[0]}`,
    );
  const { prefix, gateway } = subnet;
  const last = lastOf(prefix);
  const upper = address.family === 4 ? { ...last, value: last.value - 1n } : last;
  const refuse = (what: string): never => {
    const lower = formatIp({ ...gateway, value: gateway.value + 1n });
    throw invalid(`--endpoint '${text}': ${word} is ${what}`, `use ${lower} to ${formatIp(upper)}`);
  };
  if (!prefixContains(prefix, address)) refuse(`outside the network ${formatPrefix(prefix)}`);
  if (sameIp(address, prefix.address)) refuse("the network's own address");
  if (!isHostAddress(prefix, address)) refuse("the network's broadcast address");
  if (sameIp(address, gateway)) refuse("the gateway");
  return address;
}

/** One spelling for the usual ways to name one namespace. Symbolic links are not followed. */
function canonicalNetns(netns: string): string {
  return netns.replace(/^(\/var)?\/run\/netns\/([^/]+)$/, "$2").replace(/^\/proc\/(\d+)\/ns\/net$/, "$1");
}
