/**
 * What a record must look like when it comes out of a file that anybody may have written to. Fields that are not known are kept: a later version
 * may have added them.
 */
import * as v from "valibot";
import { parseMac } from "../wire/ethernet.js";
import { parseCidr, parseIpv4 } from "../wire/ipv4-address.js";
import { type EndpointRecord, isId, type NetworkRecord } from "./records.js";

const text = (is: (value: string) => boolean) => v.pipe(v.string(), v.check(is));
const id = text(isId);
const ipv4 = text((value) => parseIpv4(value) !== null);
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

const options = v.looseObject({
  mtu: v.exactOptional(v.number()),
  internal: v.boolean(),
  icc: v.boolean(),
  masquerade: v.boolean(),
  promiscuous: v.exactOptional(v.boolean()),
  hostBinding: ipv4,
  outside: v.exactOptional(ipv4),
  interfacePrefix: v.string(),
  hostDevice: v.exactOptional(v.string()),
});

const network = v.looseObject({
  id,
  name: v.exactOptional(v.string()),
  subnet: text((value) => parseCidr(value) !== null),
  gateway: ipv4,
  range: v.exactOptional(text((value) => parseCidr(value) !== null)),
  reserved: v.exactOptional(v.record(v.string(), ipv4)),
  options,
  about: v.exactOptional(
    v.looseObject({
      origin: v.string(),
      created: v.string(),
      labels: v.record(v.string(), v.string()),
      options: v.record(v.string(), v.string()),
    }),
  ),
}) satisfies v.GenericSchema<NetworkRecord>;

const mapping = v.looseObject({
  hostIp: ipv4,
  hostPort: port,
  hostPortEnd: port,
  targetIp: ipv4,
  targetPort: port,
  targetPortEnd: port,
  proto: v.picklist(["tcp", "udp"]),
});

const endpoint = v.looseObject({
  id,
  network: id,
  address: ipv4,
  mac: text((value) => parseMac(value) !== null),
  device: v.string(),
  multiQueue: v.boolean(),
  sandbox: v.string(),
  ports: v.array(mapping),
  use: v.exactOptional(v.looseObject({ owner: v.string(), names: v.array(v.string()) })),
}) satisfies v.GenericSchema<EndpointRecord>;

const records = v.looseObject({ networks: v.array(network), endpoints: v.array(endpoint) });

/** What is wrong with what should be records, and where ("networks.0.gateway"); null when nothing is. */
export function recordProblem(value: unknown): string | null {
  const [issue] = v.safeParse(records, value, { abortEarly: true }).issues ?? [];
  return issue === undefined ? null : `${v.getDotPath(issue) ?? "all of it"}: ${issue.message}`;
}
