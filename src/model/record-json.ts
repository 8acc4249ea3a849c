/**
 * Records as JSON, which a file holds that anybody may have written to. Addresses are text there, so that it reads as people write them. Fields
 * that are not known are kept: a later version may have added them.
 */
import * as v from "valibot";
import { type Mapping, mappingText, parseHostAddress } from "../control/mapping.js";
import { ATTACH_WORDS } from "../control/network/attach.js";
import { parseMac } from "../wire/ethernet.js";
import { formatIp, formatPrefix, type IpAddress, parseIp, parsePrefix } from "../wire/ip-address.js";
import { mapFamilies, type PerFamily } from "../wire/per-family.js";
import { isId, type Overlay, type Records } from "./records.js";

/**
 * 1: IPv4 alone, `subnet` and `gateway` of a network, `address` of an endpoint, `outside` an address; `hostBinding` 0.0.0.0 where a port names no
 * host address. 2: both families. 3: the same, with networks that are not of this host alone; a version that does not know these would make bridges
 * of them. 4: the same, with encrypted ones; a version that does not know these would send their frames as they are.
 */
export const FORMAT = 4;
const WITHOUT_ENCRYPTED = 3;

/** The lowest that says all: an older version reads what it understands. */
export function formatOf({ networks }: Pick<Records, "networks">): number {
  if (networks.some(({ overlay }) => overlay?.encrypted)) return FORMAT;
  return networks.some(({ overlay, lan }) => overlay !== undefined || lan !== undefined) ? WITHOUT_ENCRYPTED : 2;
}

/** Text that `parse` understands. */
const parsed = <T>(parse: (text: string) => T | null, what: string) =>
  v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== null) return value;
      addIssue({ message: `'${dataset.value}' is no ${what}` });
      return NEVER;
    }),
  );
const ofFamily = <T>(family: IpAddress["family"], parse: (text: string) => T | null, familyOf: (value: T) => number) =>
  parsed((text) => {
    const value = parse(text);
    return value !== null && familyOf(value) === family ? value : null;
  }, `IPv${family} address`);
const address = (family: IpAddress["family"]) => ofFamily(family, parseIp, (ip) => ip.family);
const subnet = (family: IpAddress["family"]) =>
  v.pipe(
    v.object({ subnet: ofFamily(family, parsePrefix, (prefix) => prefix.address.family), gateway: address(family) }),
    v.transform(({ subnet: prefix, gateway }) => ({ prefix, gateway })),
  );
const addresses = v.object({ ipv4: v.exactOptional(address(4)), ipv6: v.exactOptional(address(6)) });
const someOf = <T extends v.GenericSchema<unknown, PerFamily<unknown>>>(schema: T) =>
  v.pipe(
    schema,
    v.check(({ ipv4, ipv6 }) => ipv4 !== undefined || ipv6 !== undefined, "neither IPv4 nor IPv6"),
  );
const text = (is: (value: string) => boolean) => v.pipe(v.string(), v.check(is));
const id = v.pipe(v.string(), v.check(isId));
const mac = text((value) => parseMac(value) !== null);
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

const options = v.looseObject({
  mtu: v.exactOptional(v.number()),
  internal: v.boolean(),
  icc: v.boolean(),
  masquerade: v.boolean(),
  promiscuous: v.exactOptional(v.boolean()),
  attach: v.exactOptional(v.picklist(ATTACH_WORDS)),
  hostBinding: v.nullable(parsed(parseIp, "address")),
  outside: v.exactOptional(addresses),
  interfacePrefix: v.string(),
  hostDevice: v.exactOptional(v.string()),
});

const network = v.looseObject({
  id,
  name: v.exactOptional(v.string()),
  subnets: someOf(v.object({ ipv4: v.exactOptional(subnet(4)), ipv6: v.exactOptional(subnet(6)) })),
  range: v.exactOptional(text((value) => parsePrefix(value) !== null)),
  ipv6Range: v.exactOptional(text((value) => parsePrefix(value) !== null)),
  reserved: v.exactOptional(
    v.record(
      v.string(),
      text((value) => parseIp(value) !== null),
    ),
  ),
  options,
  overlay: v.exactOptional(
    v.object({
      vni: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xff_ffff)),
      encrypted: v.exactOptional(v.boolean()),
      own: v.exactOptional(v.object({ id, mac, addresses: someOf(addresses) })),
    }),
  ),
  lan: v.exactOptional(v.object({ parent: v.string(), mode: v.exactOptional(v.picklist(["vepa", "passthru", "ipvlan"])) })),
  about: v.exactOptional(
    v.looseObject({
      origin: v.string(),
      created: v.string(),
      labels: v.record(v.string(), v.string()),
      options: v.record(v.string(), v.string()),
    }),
  ),
});

const mapping = v.pipe(
  v.looseObject({
    hostIp: parsed(parseHostAddress, "address"),
    hostPort: port,
    hostPortEnd: port,
    targetIp: parsed(parseIp, "address"),
    targetPort: port,
    targetPortEnd: port,
    proto: v.picklist(["tcp", "udp", "sctp"]),
  }),
  v.transform(({ hostIp, ...rest }): Mapping => ({ ...rest, ...hostIp })),
);

const rate = v.object({ rate: v.pipe(v.number(), v.minValue(1)), burst: v.pipe(v.number(), v.minValue(1)) });

const endpoint = v.looseObject({
  id,
  network: id,
  addresses: someOf(addresses),
  mac,
  device: v.string(),
  multiQueue: v.boolean(),
  attach: v.exactOptional(v.literal("veth")),
  sandbox: v.string(),
  ports: v.array(mapping),
  use: v.exactOptional(v.looseObject({ owner: v.string(), names: v.array(v.string()) })),
  bandwidth: v.exactOptional(v.object({ ingress: v.exactOptional(rate), egress: v.exactOptional(rate) })),
});

const records = v.looseObject({ networks: v.array(network), endpoints: v.array(endpoint) });

/** What is wrong with what should be records of that format, and where ("networks.0.gateway"); or the records. */
export function recordsOf(value: unknown, format: number): { problem: string } | { records: Records } {
  const result = v.safeParse(records, format === 1 ? upgraded(value) : value, { abortEarly: true });
  if (result.success) return { records: result.output };
  const [issue] = result.issues;
  return { problem: `${v.getDotPath(issue) ?? "all of it"}: ${issue.message}` };
}

/** Of format 1; whatever it is, it is checked afterwards. */
function upgraded(value: unknown): unknown {
  return mapFields(value, {
    networks: each((item) => {
      const { subnet: ipv4, gateway, options: old, ...rest } = item;
      const { outside, ...others } = objectOf(old);
      return {
        ...rest,
        subnets: { ipv4: { subnet: ipv4, gateway } },
        options: { ...others, ...(outside !== undefined && { outside: { ipv4: outside } }) },
      };
    }),
    endpoints: each(({ address: ipv4, ...rest }) => ({ ...rest, addresses: { ipv4 } })),
  });
}

type Fields = Record<string, unknown>;

function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function each(change: (item: Fields) => Fields): (list: unknown) => unknown {
  return (list) => (Array.isArray(list) ? list.map((item) => change(objectOf(item))) : list);
}

function mapFields(value: unknown, changes: Record<string, (field: unknown) => unknown>): Fields {
  const fields = objectOf(value);
  return { ...fields, ...Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, change(fields[name])])) };
}

/** As JSON can hold them, in format `formatOf`. */
export function jsonOf({ networks, endpoints }: Records): object {
  return { networks: networks.map(networkJson), endpoints: endpoints.map(endpointJson) };
}

/** The same as text, an object's members without its braces. Records never change, so each is put into text once. */
export function membersText({ networks, endpoints }: Records): string {
  const list = <T extends object>(records: readonly T[], json: (record: T) => object): string =>
    records.map((record) => textOf(record, json)).join(",");
  return `"networks":[${list(networks, networkJson)}],"endpoints":[${list(endpoints, endpointJson)}]`;
}

const texts = new WeakMap<object, string>();

function textOf<T extends object>(record: T, json: (record: T) => object): string {
  let text = texts.get(record);
  if (text === undefined) {
    text = JSON.stringify(json(record));
    texts.set(record, text);
  }
  return text;
}

function networkJson({ subnets, overlay, options: { hostBinding, outside, ...others }, ...rest }: Records["networks"][number]): object {
  return {
    ...rest,
    ...(overlay !== undefined && { overlay: overlayJson(overlay) }),
    subnets: mapFamilies(subnets, ({ prefix, gateway }) => ({ subnet: formatPrefix(prefix), gateway: formatIp(gateway) })),
    options: {
      ...others,
      hostBinding: hostBinding === null ? null : formatIp(hostBinding),
      ...(outside !== undefined && { outside: mapFamilies(outside, formatIp) }),
    },
  };
}

function overlayJson({ own, ...rest }: Overlay): object {
  return own === undefined ? rest : { ...rest, own: { ...own, addresses: mapFamilies(own.addresses, formatIp) } };
}

function endpointJson({ addresses: own, ports, ...rest }: Records["endpoints"][number]): object {
  return { ...rest, addresses: mapFamilies(own, formatIp), ports: ports.map((each) => mappingText(each)) };
}
