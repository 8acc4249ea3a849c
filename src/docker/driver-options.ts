/**
 * What users can say to the network driver: `docker network create -d tsproxy -o …` and, in each endpoint's options, `-p`. Docker's bridge
 * options by their own names; an option that is not supported is refused by name (TSP_ERR_DRIVER_OPTION), since a network that ignores
 * one would not be the network that was asked for.
 */

import { ATTACH_WORDS, isAttachWord } from "../control/network/attach.js";
import { MAX_MTU, MIN_MTU } from "../control/network/mtu.js";
import { TsproxyError } from "../errors.js";
import type { NetworkOptions } from "../model/records.js";
import type { PortRequest } from "../model/requests.js";
import { compareIp, type IpAddress, isUnspecified, parseIp, unmapped } from "../wire/ip-address.js";
import { PROTO_SCTP, PROTO_TCP, PROTO_UDP, type Proto } from "../wire/ipv4.js";
import { type Message, refused } from "./message.js";

const BRIDGE = "com.docker.network.bridge.";
export const HOST_DEVICE = `${BRIDGE}name`;
export const OUTSIDE = { 4: "com.docker.network.host_ipv4", 6: "com.docker.network.host_ipv6" } as const;
const MAX_NAME = 15; // IFNAMSIZ less the terminating zero, linux/if.h
/** strconv.ParseBool, which Docker's bridge uses. */
const TRUE = /^(1|t|T|TRUE|true|True)$/;
const FALSE = /^(0|f|F|FALSE|false|False)$/;

type Read = (options: NetworkOptions, value: string, key: string) => void;

function readGatewayMode(_options: NetworkOptions, value: string, key: string): void {
  const hint =
    value === "isolated"
      ? "use --internal"
      : value === "routed"
        ? `use -o ${BRIDGE}enable_ip_masquerade=false`
        : "leave it out, or use nat";
  if (value !== "nat") throw bad(key, value, hint);
}

const SUPPORTED = new Map<string, Read>(
  Object.entries<Read>({
    "com.docker.network.driver.mtu": (options, value, key) => {
      const mtu = /^\d+$/.test(value) ? Number(value) : 0;
      if (mtu < MIN_MTU || mtu > MAX_MTU) throw bad(key, value, `use ${MIN_MTU} to ${MAX_MTU}`);
      options.mtu = mtu;
    },
    [`${BRIDGE}enable_icc`]: (options, value, key) => {
      options.icc = parseBool(key, value);
    },
    "tsproxy.spoof": (options, value, key) => {
      if (value !== "allow" && value !== "refuse") throw bad(key, value, "use allow or refuse");
      options.promiscuous = value === "allow";
    },
    "tsproxy.attach": (options, value, key) => {
      if (!isAttachWord(value)) throw bad(key, value, `use ${ATTACH_WORDS.join(", ")}`);
      options.attach = value;
    },
    [`${BRIDGE}enable_ip_masquerade`]: (options, value, key) => {
      options.masquerade = parseBool(key, value);
    },
    [`${BRIDGE}host_binding_ipv4`]: (options, value, key) => {
      const address = parseAddress(key, value, 4);
      options.hostBinding = isUnspecified(address) ? null : address; // all of IPv6 then too, as in Docker
    },
    [HOST_DEVICE]: (options, value, key) => {
      options.hostDevice = parseName(key, value, MAX_NAME);
    },
    [`${BRIDGE}gateway_mode_ipv4`]: readGatewayMode,
    [`${BRIDGE}gateway_mode_ipv6`]: readGatewayMode,
    [OUTSIDE[4]]: (options, value, key) => {
      options.outside = { ...options.outside, ipv4: parseAddress(key, value, 4) };
    },
    [OUTSIDE[6]]: (options, value, key) => {
      options.outside = { ...options.outside, ipv6: parseAddress(key, value, 6) };
    },
    "com.docker.network.container_iface_prefix": (options, value, key) => {
      options.interfacePrefix = parseName(key, value, MAX_NAME - 3); // dockerd appends a number
    },
  }),
);

/** Known to Docker's bridge but not here: what to do instead. */
const UNSUPPORTED = new Map([
  [`${BRIDGE}inhibit_ipv4`, "the host always has the gateway's address; leave it out"],
  [`${BRIDGE}trusted_host_interfaces`, "no host interface reaches containers but by published ports; leave it out"],
  ["encrypted", "nothing of it goes to other hosts; leave it out, or use -d tsproxy-overlay"],
  [`${BRIDGE}default_bridge`, "the default bridge stays Docker's own; leave it out"],
]);

const DOCKERS = "com.docker.network.";

/** Sets what `-o KEY=VALUE` means. Throws TSP_ERR_DRIVER_OPTION. */
export function readOption(options: NetworkOptions, key: string, value: string): void {
  const read = SUPPORTED.get(key);
  if (read === undefined)
    throw new TsproxyError("TSP_ERR_DRIVER_OPTION", "invalid", `option ${key} is not supported`, UNSUPPORTED.get(key) ?? supported());
  read(options, value, key);
}

/** Docker's own are told without what all of them begin with: the list is long. */
function supported(): string {
  const names = [...SUPPORTED.keys()];
  const dockers = names.filter((name) => name.startsWith(DOCKERS)).map((name) => name.slice(DOCKERS.length));
  return `supported are ${names.filter((name) => !name.startsWith(DOCKERS)).join(", ")}; and with ${DOCKERS} before it: ${dockers.join(", ")}`;
}

function bad(key: string, value: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_DRIVER_OPTION", "invalid", `option ${key}: '${value}' is not valid`, hint);
}

function parseBool(key: string, value: string): boolean {
  if (!TRUE.test(value) && !FALSE.test(value)) throw bad(key, value, "use true or false");
  return TRUE.test(value);
}

function parseAddress(key: string, value: string, family: IpAddress["family"]): IpAddress {
  const address = parseIp(value);
  if (address?.family !== family) throw bad(key, value, `use an IPv${family} address`);
  return address;
}

function parseName(key: string, value: string, max: number): string {
  if (value.length > max || !/^[A-Za-z][\w.-]*$/.test(value)) throw bad(key, value, `use a device name of at most ${max} letters`);
  return value;
}

const PROTOCOLS: Record<number, Proto> = { [PROTO_TCP]: "tcp", [PROTO_UDP]: "udp", [PROTO_SCTP]: "sctp" };

/**
 * What `com.docker.network.portmap` of an endpoint's options asks for. Neighboring ports are put together, as dockerd names each port of a range
 * by itself. In Docker's order: ports that are named before those that are to be picked.
 */
export function parsePortMap(options: Message): PortRequest[] {
  const specs = options.list("com.docker.network.portmap").map(parseBinding);
  const named = specs.filter((spec) => spec.hostPort !== 0 && !spec.pickFromRange);
  named.sort((a, b) => compareHosts(a.hostIp, b.hostIp) || compare(a.proto, b.proto) || a.hostPort - b.hostPort);
  const joined: PortRequest[] = [];
  for (const spec of named) {
    const last = joined.at(-1);
    const follows =
      last !== undefined &&
      compareHosts(last.hostIp, spec.hostIp) === 0 &&
      last.proto === spec.proto &&
      last.hostPortEnd + 1 === spec.hostPort &&
      last.targetPortEnd + 1 === spec.targetPort;
    if (follows) joined[joined.length - 1] = { ...last, hostPortEnd: spec.hostPort, targetPortEnd: spec.targetPort };
    else joined.push(spec);
  }
  const picked = specs.filter((spec) => !named.includes(spec));
  return [...joined, ...picked.sort((a, b) => Number(b.pickFromRange) - Number(a.pickFromRange))];
}

/** Where the network says comes first. */
function compareHosts(a: IpAddress | null, b: IpAddress | null): number {
  return a === null || b === null ? Number(a !== null) - Number(b !== null) : compareIp(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function parseBinding(binding: Message): PortRequest {
  const number = binding.integer("Proto", 0, 255);
  const proto = PROTOCOLS[number];
  const targetPort = binding.integer("Port", 1, 65_535);
  if (proto === undefined)
    throw new TsproxyError(
      "TSP_ERR_DRIVER_OPTION",
      "invalid",
      `port ${targetPort}: protocol ${number} is not supported`,
      "publish tcp, udp or sctp",
    );
  const hostPort = binding.integer("HostPort", 0, 65_535, 0);
  const hostPortEnd = binding.integer("HostPortEnd", 0, 65_535, hostPort) || hostPort;
  if (hostPortEnd < hostPort) throw refused(`${binding.where}.HostPortEnd`, `${hostPortEnd} is below HostPort ${hostPort}`);
  const hostText = binding.optionalText("HostIP");
  const parsed = hostText === "" ? null : parseIp(hostText);
  if (hostText !== "" && parsed === null) throw refused(`${binding.where}.HostIP`, `'${hostText}' is no IP address`);
  const hostIp = parsed === null ? null : unmapped(parsed);
  const pickFromRange = hostPortEnd > hostPort;
  return { hostIp, hostPort, hostPortEnd, pickFromRange, targetPort, targetPortEnd: targetPort, proto };
}
