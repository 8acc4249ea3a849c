/**
 * What a cluster's nodes tell each other: plain data, and as JSON in the store's values, where anybody may have written. Each value has the
 * version of its format, `v`. Fields that are not known are passed over: a later version may have added them.
 */
import * as v from "valibot";
import { MAX_KEY_NUMBER, MAX_WORKERS, type NodeKeys, type PublicKey } from "../control/network/key-ring.js";
import { FORMAT, jsonOf, recordsOf } from "../model/record-json.js";
import { isId, type NetworkRecord } from "../model/records.js";
import { parseMac } from "../wire/ethernet.js";
import { formatIp, type IpAddress, parseIp } from "../wire/ip-address.js";
import { mapFamilies, type PerFamily } from "../wire/per-family.js";

/** Of nodes, endpoints and holders. */
const VERSION = 1;
/**
 * Of networks, which are as in the state file of format 2 or 3: whoever reads here knows of overlay networks. Of encrypted ones that of the state file: a version
 * that does not know these would send their frames as they are, so it must not understand the value.
 */
const NETWORK_VERSION = 2,
  ENCRYPTED_VERSION = FORMAT;

export interface NodeRecord {
  readonly name: string;
  /** Which daemon's folder it is: so one that was killed is not taken for a second of its name. */
  readonly instance: string;
  /** Where the others send what is for its endpoints. */
  readonly tunnel: PerFamily<IpAddress>;
  /** For encrypted networks. An older version has none, and can be in none. */
  readonly keys?: NodeKeys;
  /** Of its process. An older version has none. */
  readonly session?: string;
}

export interface GlobalEndpoint {
  readonly id: string;
  readonly network: string;
  /** Name of the node that it is on, and that node's tunnel addresses. */
  readonly node: string;
  readonly tunnel: PerFamily<IpAddress>;
  readonly addresses: PerFamily<IpAddress>;
  readonly mac: string;
  /** Id of who uses it there. */
  readonly owner: string;
  /** The main one first. */
  readonly names: readonly string[];
}

/** Who has an address. */
export interface Holder {
  readonly node: string;
  readonly endpoint: string;
}

/** A record, or what is wrong with a value that should be one. */
export type Parsed<T> = { readonly record: T } | { readonly problem: string };

const address = (family: 4 | 6) =>
  v.pipe(
    v.string(),
    v.rawTransform<string, IpAddress>(({ dataset, addIssue, NEVER }) => {
      const ip = parseIp(dataset.value);
      if (ip?.family === family) return ip;
      addIssue({ message: `'${dataset.value}' is no IPv${family} address` });
      return NEVER;
    }),
  );
const addresses = v.pipe(
  v.object({ ipv4: v.exactOptional(address(4)), ipv6: v.exactOptional(address(6)) }),
  v.check(({ ipv4, ipv6 }) => ipv4 !== undefined || ipv6 !== undefined, "neither IPv4 nor IPv6"),
);
const id = v.pipe(v.string(), v.check(isId, "no id"));
const mac = v.pipe(
  v.string(),
  v.check((text) => parseMac(text) !== null, "no MAC address"),
);

const publicKey = v.pipe(
  v.object({
    number: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_KEY_NUMBER)),
    x25519: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  }),
  v.transform(({ number, x25519 }): PublicKey => ({ number, bytes: new Uint8Array(Buffer.from(x25519, "hex")) })),
);
const nodeKeys = v.object({
  keys: v.array(publicKey),
  aes: v.boolean(),
  workers: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_WORKERS)),
});
const Node = v.object({
  name: v.string(),
  instance: v.string(),
  tunnel: addresses,
  lease: v.string(),
  session: v.exactOptional(v.string()),
  keys: v.exactOptional(nodeKeys),
});
const Endpoint = v.object({
  id,
  network: id,
  node: v.string(),
  tunnel: addresses,
  addresses,
  mac,
  owner: v.string(),
  names: v.array(v.string()),
});
const HolderOf = v.object({ node: v.string(), endpoint: id });

/** `lease`: the one that it is put under. */
export function nodeText({ name, instance, tunnel, keys, session }: NodeRecord, lease: string): string {
  const told = keys && {
    ...keys,
    keys: keys.keys.map(({ number, bytes }) => ({ number, x25519: Buffer.from(bytes).toString("hex") })),
  };
  return write({
    name,
    instance,
    tunnel: mapFamilies(tunnel, formatIp),
    lease,
    ...(session !== undefined && { session }),
    ...(told && { keys: told }),
  });
}

export function parseNode(text: string): Parsed<NodeRecord & { lease: string }> {
  return read(text, [VERSION], (value) => check(Node, value));
}

export function networkText(record: NetworkRecord): string {
  const { networks } = jsonOf({ networks: [withoutOwn(record)], endpoints: [] }) as { networks: object[] };
  return JSON.stringify({ v: record.overlay?.encrypted ? ENCRYPTED_VERSION : NETWORK_VERSION, ...networks[0] });
}

export function parseNetwork(text: string): Parsed<NetworkRecord> {
  return read(text, [NETWORK_VERSION, ENCRYPTED_VERSION], (value, version) => {
    const result = recordsOf({ networks: [value], endpoints: [] }, version);
    if ("problem" in result) return { problem: result.problem.replace(/^networks\.0\.?/, "") };
    const { v: _, ...record } = result.records.networks[0]! as NetworkRecord & { v: unknown };
    if (record.overlay === undefined || record.name === undefined || record.about === undefined)
      return { problem: "a network without a name, a VNI or a driver" };
    if (version === ENCRYPTED_VERSION && record.overlay.encrypted !== true)
      return { problem: "of a format for encrypted networks, and it is none" };
    // Another node has no say over this host's devices.
    if (record.lan !== undefined) return { problem: "a network of one host's LAN" };
    return { record: withoutOwn(record) };
  });
}

/** What a node has in it for itself is that node's alone. */
function withoutOwn({ overlay, ...rest }: NetworkRecord): NetworkRecord {
  if (overlay === undefined) return rest;
  const { own: _, ...shared } = overlay;
  return { ...rest, overlay: shared };
}

/** The same text for the same endpoint: it is compared with. */
export function endpointText({ id, network, node, tunnel, addresses: own, mac, owner, names }: GlobalEndpoint): string {
  return write({ id, network, node, mac, owner, names, tunnel: mapFamilies(tunnel, formatIp), addresses: mapFamilies(own, formatIp) });
}

export function parseEndpoint(text: string): Parsed<GlobalEndpoint> {
  return read(text, [VERSION], (value) => check(Endpoint, value));
}

/** The same text for the same holder: it is compared with. */
export function holderText({ node, endpoint }: Holder): string {
  return write({ node, endpoint });
}

export function parseHolder(text: string): Parsed<Holder> {
  return read(text, [VERSION], (value) => check(HolderOf, value));
}

export function beaconText(node: string): string {
  return write({ node });
}

export function fenceText(nonce: string): string {
  return write({ nonce });
}

function write(fields: object): string {
  return JSON.stringify({ v: VERSION, ...fields });
}

function read<T>(text: string, known: readonly number[], parse: (value: unknown, version: number) => Parsed<T>): Parsed<T> {
  let value: { v?: unknown } | null;
  try {
    value = JSON.parse(text) as { v?: unknown } | null;
  } catch {
    return { problem: "its value is not JSON" };
  }
  const is = value?.v;
  if (typeof is !== "number") return { problem: "its value has no version 'v'" };
  if (known.includes(is)) return parse(value, is);
  const newest = Math.max(...known);
  return {
    problem: is > newest ? `a newer version of tsproxy wrote it (format ${is}, this one has ${newest})` : `its format ${is} is not known`,
  };
}

function check<S extends v.GenericSchema>(schema: S, value: unknown): Parsed<v.InferOutput<S>> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return { record: result.output };
  return { problem: `${v.getDotPath(result.issues[0]) ?? "all of it"}: ${result.issues[0].message}` };
}
