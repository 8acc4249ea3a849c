/** Which flows are meant: by who opened them, and by the port that they were opened to. */
import type { FlowRow } from "../engine/views.js";
import { TsproxyError } from "../errors.js";
import { addressOf, portOf } from "../wire/address-port.js";
import { addressBits, formatPrefix, type IpPrefix, parseIp, parsePrefix, prefixContains, prefixOf, unmapped } from "../wire/ip-address.js";

/** Before the IPv4 address in an IPv4-mapped one. */
const MAPPED_BITS = 96;

export interface FlowFilter {
  /** Undefined: anybody. */
  client: IpPrefix | undefined;
  /** Undefined: any. */
  port: number | undefined;
}

/** As a user has typed them. */
interface FlowWords {
  client?: string | undefined;
  port?: string | undefined;
}

/** Throws TSP_ERR_OPTION (invalid). */
export function parseFlowFilter({ client, port }: FlowWords): FlowFilter {
  const prefix = client === undefined ? undefined : parseClients(client);
  if (typeof prefix === "string")
    throw new TsproxyError("TSP_ERR_OPTION", "invalid", `client '${client}': not an address or a network`, prefix);
  const number = port === undefined ? undefined : /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (number !== undefined && !(number >= 1 && number <= 65_535))
    throw new TsproxyError("TSP_ERR_OPTION", "invalid", `port '${port}': not a port`, "use 1 to 65535");
  return { client: prefix, port: number };
}

/** Of the flows that are to be ended. All of them take a word of their own: a filter that somebody has forgotten ends none. Throws TSP_ERR_OPTION (invalid). */
export function parseFlowsToEnd({ all, ...filter }: FlowWords & { all?: string | undefined }): FlowFilter {
  const isFiltered = filter.client !== undefined || filter.port !== undefined;
  if (isFiltered === (all !== undefined)) {
    const what = isFiltered ? "all flows, and only some of them" : "which flows are to be ended is not said";
    throw new TsproxyError("TSP_ERR_OPTION", "invalid", what, "give a client, a port or both, or else all=1");
  }
  return parseFlowFilter(filter);
}

export function isMeant({ client, port }: FlowFilter, { original }: FlowRow): boolean {
  const from = parseIp(addressOf(original.src));
  return (client === undefined || (from !== null && prefixContains(client, from))) && (port === undefined || portOf(original.dst) === port);
}

/** Of one address, or a network; for what is neither the hint on what to write. */
export function parseClients(text: string): IpPrefix | string {
  const address = text.includes("/") ? null : parseIp(text);
  const prefix = address === null ? parsePrefix(text) : prefixOf(address, addressBits(address.family));
  if (prefix === null) return "use ADDRESS or ADDRESS/LENGTH, like 192.0.2.0/24 or 2001:db8::/32";
  const ipv4 = unmapped(prefix.address);
  if (ipv4.family === prefix.address.family || prefix.prefixLength < MAPPED_BITS) return prefix;
  return `IPv4 clients are written so: ${formatPrefix(prefixOf(ipv4, prefix.prefixLength - MAPPED_BITS))}`;
}
