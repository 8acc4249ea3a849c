/** Which flows are meant: by who opened them, and by the port that they were opened to. */
import type { FlowRow } from "../engine/views.js";
import { TsproxyError } from "../errors.js";
import { type Cidr, contains, parseCidr, parseIpv4 } from "../wire/ipv4-address.js";

export interface FlowFilter {
  /** Undefined: anybody. */
  client: Cidr | undefined;
  /** Undefined: any. */
  port: number | undefined;
}

/** From words as a user has typed them. Throws TSP_ERR_OPTION (invalid). */
export function parseFlowFilter({ client, port }: { client?: string | undefined; port?: string | undefined }): FlowFilter {
  const cidr = client === undefined ? undefined : parseCidr(client.includes("/") ? client : `${client}/32`);
  if (cidr === null)
    throw new TsproxyError(
      "TSP_ERR_OPTION",
      "invalid",
      `client '${client}': not an IPv4 network`,
      "use ADDRESS or ADDRESS/LENGTH, like 192.0.2.0/24",
    );
  const number = port === undefined ? undefined : /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (number !== undefined && !(number >= 1 && number <= 65_535))
    throw new TsproxyError("TSP_ERR_OPTION", "invalid", `port '${port}': not a port`, "use 1 to 65535");
  return { client: cidr, port: number };
}

export function isMeant({ client, port }: FlowFilter, { original }: FlowRow): boolean {
  const [from] = original.src.split(":");
  const to = original.dst.slice(original.dst.lastIndexOf(":") + 1);
  return (client === undefined || contains(client, parseIpv4(from ?? "") ?? 0)) && (port === undefined || to === String(port));
}
