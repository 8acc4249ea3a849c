/** Which flows are meant: by who opened them, and by the port that they were opened to. */
import type { FlowRow } from "../engine/views.js";
import { TsproxyError } from "../errors.js";
import { addressOf, portOf } from "../wire/address-port.js";
import { addressBits, type IpPrefix, parseIp, parsePrefix, prefixContains, prefixOf } from "../wire/ip-address.js";

export interface FlowFilter {
  /** Undefined: anybody. */
  client: IpPrefix | undefined;
  /** Undefined: any. */
  port: number | undefined;
}

/** From words as a user has typed them. Throws TSP_ERR_OPTION (invalid). */
export function parseFlowFilter({ client, port }: { client?: string | undefined; port?: string | undefined }): FlowFilter {
  const prefix = client === undefined ? undefined : parseClients(client);
  if (prefix === null)
    throw new TsproxyError(
      "TSP_ERR_OPTION",
      "invalid",
      `client '${client}': not an address or a network`,
      "use ADDRESS or ADDRESS/LENGTH, like 192.0.2.0/24",
    );
  const number = port === undefined ? undefined : /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (number !== undefined && !(number >= 1 && number <= 65_535))
    throw new TsproxyError("TSP_ERR_OPTION", "invalid", `port '${port}': not a port`, "use 1 to 65535");
  return { client: prefix, port: number };
}

export function isMeant({ client, port }: FlowFilter, { original }: FlowRow): boolean {
  const from = parseIp(addressOf(original.src));
  return (client === undefined || (from !== null && prefixContains(client, from))) && (port === undefined || portOf(original.dst) === port);
}

/** Of one address, or a network; null when the text is neither. */
export function parseClients(text: string): IpPrefix | null {
  if (text.includes("/")) return parsePrefix(text);
  const address = parseIp(text);
  return address === null ? null : prefixOf(address, addressBits(address.family));
}
