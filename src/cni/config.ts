/**
 * The network configuration that a runtime sends. Keys are matched whatever their case: containerd sends `HostPort` where the convention has
 * `hostPort`, and plugins in Go take both.
 */
import type { Bandwidth, Rate } from "../table/bandwidth.js";
import { CniError, CODES } from "./contract.js";

export interface Config {
  cniVersion: string;
  name: string;
  /** As it was sent, for a plugin that manages addresses. */
  text: string;
  subnet: string | undefined;
  gateway: string | undefined;
  /** Plugin that manages addresses; undefined: we do. */
  ipam: string | undefined;
  internal: boolean;
  mtu: number | undefined;
  /** Addresses that are asked for, without lengths. */
  ips: string[];
  mac: string | undefined;
  aliases: string[];
  /** As `-p` has them. */
  publish: string[];
  servers: string[];
  searches: string[];
  options: string[];
  bandwidth: Bandwidth | undefined;
  /** What is still there; undefined: it is not said. */
  attachments: { containerId: string; ifname: string }[] | undefined;
}

type Json = Record<string, unknown>;

/** Throws CniError. */
export function parseConfig(text: string): Config {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    throw new CniError(CODES.decodingFailure, "cannot decode the network configuration", (error as Error).message);
  }
  if (json === null || typeof json !== "object" || Array.isArray(json)) throw bad("", "an object");
  const name = string(json, "name") ?? "";
  if (name === "") throw new CniError(CODES.invalidConfig, "missing network name");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw new CniError(CODES.invalidConfig, "invalid characters found in network name", name);
  if (get(json, "prevResult") !== undefined && string(json, "type") === undefined) throw bad("type", "a text");
  const runtime = object(json, "runtimeConfig");
  const args = object(object(json, "args"), "cni");
  const ipam = object(json, "ipam");
  const dns = { ...object(json, "dns"), ...object(runtime, "dns") };
  const type = string(ipam, "type");
  return {
    cniVersion: string(json, "cniVersion") ?? "0.2.0", // what a configuration without one meant
    name,
    text,
    subnet: string(ipam, "subnet") ?? string(json, "subnet"),
    gateway: string(ipam, "gateway"),
    ipam: type === undefined || type === "tsproxy" ? undefined : type,
    internal: get(json, "internal") === true,
    mtu: number(json, "mtu"),
    ips: [...strings(runtime, "ips"), ...strings(args, "ips")].map((address) => address.replace(/\/\d+$/, "")),
    mac: string(runtime, "mac") ?? string(args, "mac"),
    aliases: aliasesOf(get(runtime, "aliases"), name),
    publish: list(runtime, "portMappings").map(portOf),
    servers: [...strings(dns, "servers"), ...strings(dns, "nameservers")],
    searches: [...strings(dns, "searches"), ...strings(dns, "search")],
    options: strings(dns, "options"),
    bandwidth: bandwidthOf(get(runtime, "bandwidth") === undefined ? json : object(runtime, "bandwidth")),
    attachments: attachmentsOf(json),
  };
}

/** `[IP:]HOST:CONTAINER/proto`; a mapping without a host port publishes nothing, as runtimes mean it. */
function portOf(mapping: Json): string {
  const host = number(mapping, "hostPort") ?? 0;
  const container = number(mapping, "containerPort") ?? 0;
  const proto = (string(mapping, "protocol") ?? "tcp").toLowerCase();
  const ip = string(mapping, "hostIP") ?? "";
  for (const port of [host, container])
    if (port < 1 || port > 65_535) throw new CniError(CODES.invalidConfig, `invalid port mapping: port ${port}`, JSON.stringify(mapping));
  return `${ip === "" || ip === "::" ? "" : `${ip}:`}${host}:${container}/${proto}`;
}

/** As the bandwidth plugin has it: 0 is no limit, and errors are in its words. */
function bandwidthOf(json: Json): Bandwidth | undefined {
  for (const name of ["shapedSubnets", "unshapedSubnets"])
    if (strings(json, name).length > 0)
      throw new CniError(CODES.unsupportedField, `${name} is not supported`, "a limit is for all that a container sends or is sent");
  const ingress = rateOf(number(json, "ingressRate"), number(json, "ingressBurst"));
  const egress = rateOf(number(json, "egressRate"), number(json, "egressBurst"));
  if (ingress === undefined && egress === undefined) return undefined;
  return { ...(ingress !== undefined && { ingress }), ...(egress !== undefined && { egress }) };
}

function rateOf(rate = 0, burst = 0): Rate | undefined {
  if (rate < 0 || burst < 0) throw new CniError(CODES.invalidConfig, "rate and burst cannot be negative");
  if (burst === 0 && rate !== 0) throw new CniError(CODES.invalidConfig, "if rate is set, burst must also be set");
  if (rate === 0 && burst !== 0) throw new CniError(CODES.invalidConfig, "if burst is set, rate must also be set");
  if (burst / 8 >= 2 ** 32 - 1) throw new CniError(CODES.invalidConfig, "burst cannot be more than 4GB");
  return rate === 0 ? undefined : { rate, burst };
}

/** A list, or by network name: Podman's and CRI-O's way. */
function aliasesOf(value: unknown, network: string): string[] {
  const words = Array.isArray(value) ? value : ((value as Json | undefined)?.[network] ?? []);
  return Array.isArray(words) ? words.filter((word): word is string => typeof word === "string") : [];
}

/** libcni sends an older, misnamed key too. */
function attachmentsOf(json: Json): Config["attachments"] {
  const key = ["cni.dev/valid-attachments", "cni.dev/attachments"].find((name) => get(json, name) !== undefined);
  return key === undefined
    ? undefined
    : list(json, key).map((entry) => ({ containerId: string(entry, "containerID") ?? "", ifname: string(entry, "ifname") ?? "" }));
}

function get(json: Json, name: string): unknown {
  const wanted = name.toLowerCase();
  const key = Object.keys(json).find((each) => each.toLowerCase() === wanted);
  const value = key === undefined ? undefined : json[key];
  return value === null ? undefined : value;
}

function string(json: Json, name: string): string | undefined {
  const value = get(json, name);
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") throw bad(name, "a text");
  return value;
}

function number(json: Json, name: string): number | undefined {
  const value = get(json, name);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw bad(name, "a whole number");
  return value;
}

function object(json: Json, name: string): Json {
  const value = get(json, name) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw bad(name, "an object");
  return value as Json;
}

function list(json: Json, name: string): Json[] {
  const value = get(json, name) ?? [];
  if (!Array.isArray(value) || value.some((each) => each === null || typeof each !== "object")) throw bad(name, "a list of objects");
  return value as Json[];
}

function strings(json: Json, name: string): string[] {
  const value = get(json, name) ?? [];
  if (!Array.isArray(value) || value.some((each) => typeof each !== "string")) throw bad(name, "a list of texts");
  return value as string[];
}

function bad(name: string, what: string): CniError {
  return new CniError(CODES.decodingFailure, `the network configuration cannot be read: ${name} is not ${what}`);
}
