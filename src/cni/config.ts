/** The network configuration that a runtime sends (CNI spec 1.1.0, section 1; CONVENTIONS.md for capabilities). */
import type { Bandwidth, Rate } from "../table/bandwidth.js";
import { CniError, CODES } from "./contract.js";
import { get, type Json, list, number, object, parseJson, string, strings } from "./json.js";
import { type Range, rangesOf } from "./ranges.js";

export interface Config {
  cniVersion: string;
  name: string;
  /** As it was sent, for a plugin that manages addresses. */
  text: string;
  /** What the network is to have, one a family at most; none: one of Docker's pools. */
  ranges: Range[];
  /** With a range of IPv6 that is chosen, beside the others. */
  ipv6: boolean;
  /** Plugin that manages addresses; undefined: we do. */
  ipam: string | undefined;
  internal: boolean;
  mtu: number | undefined;
  /** How its devices hang on the network: `tsproxy.attach` as it was written. */
  attach: string | undefined;
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
  /** Of the plugins before this one, or, in CHECK and DEL, of the last ADD. */
  prevResult: PrevResult | undefined;
}

/** In the form of version 0.3.1 and later. */
export interface PrevResult {
  interfaces: Json[];
  ips: Json[];
  routes: Json[];
  dns: Json;
}

/** Throws CniError. */
export function parseConfig(text: string): Config {
  const json = parseJson(text);
  const name = string(json, "name") ?? "";
  if (name === "") throw new CniError(CODES.invalidConfig, "missing network name");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw new CniError(CODES.invalidConfig, "invalid characters found in network name", name);
  const runtime = object(json, "runtimeConfig");
  const args = object(object(json, "args"), "cni");
  const ipam = object(json, "ipam");
  const dns = { ...object(json, "dns"), ...object(runtime, "dns") };
  const type = string(ipam, "type");
  const own = type === undefined || type === "tsproxy";
  return {
    cniVersion: string(json, "cniVersion") ?? "0.1.0", // what a configuration without one means (libcni)
    name,
    text,
    ranges: own ? rangesOf(json, ipam, runtime) : [],
    ipv6: get(json, "ipv6") === true,
    ipam: own ? undefined : type,
    internal: get(json, "internal") === true,
    mtu: number(json, "mtu"),
    attach: string(json, "attach"),
    ips: [...strings(runtime, "ips"), ...strings(args, "ips")].map((address) => address.replace(/\/\d+$/, "")),
    mac: string(runtime, "mac") ?? string(args, "mac"),
    aliases: aliasesOf(get(runtime, "aliases"), name),
    publish: list(runtime, "portMappings").map(portOf),
    servers: [...strings(dns, "servers"), ...strings(dns, "nameservers")],
    searches: [...strings(dns, "searches"), ...strings(dns, "search")],
    options: strings(dns, "options"),
    bandwidth: bandwidthOf(get(runtime, "bandwidth") === undefined ? json : object(runtime, "bandwidth")),
    attachments: attachmentsOf(json),
    prevResult: prevResultOf(json),
  };
}

/** `[IP:]HOST:CONTAINER/proto`. Errors are in the portmap plugin's words. */
function portOf(mapping: Json): string {
  const host = number(mapping, "hostPort") ?? 0;
  const container = number(mapping, "containerPort") ?? 0;
  const proto = (string(mapping, "protocol") ?? "tcp").toLowerCase();
  const ip = string(mapping, "hostIP") ?? "";
  for (const [what, port] of [["container", container] as const, ["host", host] as const])
    if (port < 1 || port > 65_535) throw new CniError(CODES.invalidConfig, `Invalid ${what} port number: ${port}`, JSON.stringify(mapping));
  const every = ip === "" || ip === "::"; // what runtimes mean by it is every address, of both families
  return `${every ? "" : ip.includes(":") ? `[${ip}]:` : `${ip}:`}${host}:${container}/${proto}`;
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

/** libcni sends an older, misnamed key too. An empty list of Go's is null. */
function attachmentsOf(json: Json): Config["attachments"] {
  const key = ["cni.dev/valid-attachments", "cni.dev/attachments"].find((name) => name in json);
  return key === undefined
    ? undefined
    : list(json, key).map((entry) => ({ containerId: string(entry, "containerID") ?? "", ifname: string(entry, "ifname") ?? "" }));
}

function prevResultOf(json: Json): PrevResult | undefined {
  if (get(json, "prevResult") === undefined) return undefined;
  const result = object(json, "prevResult");
  return { interfaces: list(result, "interfaces"), ips: list(result, "ips"), routes: list(result, "routes"), dns: object(result, "dns") };
}
