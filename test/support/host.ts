/**
 * A small host for an engine in memory: uplink, the host's port on the bridge, two endpoints, a published port.
 *
 *   client 198.51.100.9 --- 192.0.2.1 host, gateway 172.17.0.1 --- endpoints A 172.17.0.4, B 172.17.0.5
 */
import type { PublishedRange, PublishedTarget, Subnet, ToWorker } from "../../src/engine/messages.js";
import { ENDPOINT, HOST, UPLINK } from "../../src/table/ports.js";
import { TAKES } from "../../src/table/selection.js";
import { type IpAddress, type IpPrefix, parseIp, parsePrefix } from "../../src/wire/ip-address.js";
import { parseIpv4 } from "../../src/wire/ipv4-address.js";
import { rawWord } from "../../src/wire/raw.js";
import { macBytes, TCP } from "./packets.js";

/** Number of the own network. */
export const NET = 0;
export const UP = 0,
  HOST_PORT = 1,
  A = 2,
  B = 3,
  C = 4,
  HELD_PORT = 5;
/** Interface index of the host's device in its own network. */
export const HOST_DEVICE = 9;
export const HOST_IP = "192.0.2.1",
  BROADCAST = "192.0.2.255",
  GATEWAY = "172.17.0.1",
  IP_A = "172.17.0.4",
  IP_B = "172.17.0.5",
  IP_C = "172.17.0.6",
  CLIENT = "198.51.100.9",
  SERVER = "203.0.113.80";
export const MAC_UP = "02:00:00:00:00:00",
  MAC_GATEWAY = "02:42:ac:11:00:01",
  MAC_A = "02:42:ac:11:00:04",
  MAC_B = "02:42:ac:11:00:05",
  MAC_C = "02:42:ac:11:00:06";
export const PUBLISHED = 8999,
  TARGET = 8080;
export const MASQUERADE_FIRST = 61000,
  MASQUERADE_LAST = 65535;

/** Raw word of an address in text. */
export function raw(address: string): number {
  return rawWord(parseIpv4(address)!);
}

/** An address of either family in text. */
export function ip(address: string): IpAddress {
  return parseIp(address)!;
}

/** ADDRESS/LENGTH. */
export function prefix(text: string): IpPrefix {
  return parsePrefix(text)!;
}

/** A published port; addresses in text. */
export interface RuleOptions extends Omit<PublishedRange, "hostIp" | "targets"> {
  hostIp: string;
  target: string;
  targetPort: number;
  network: number;
  snatSource: string;
  onlink: string;
}

export function rule(options: Partial<RuleOptions> = {}): PublishedRange {
  const { hostIp = "0.0.0.0", target, targetPort, network, snatSource, onlink, ...rest } = options;
  return {
    proto: TCP,
    firstPort: PUBLISHED,
    lastPort: PUBLISHED,
    hostIp: ip(hostIp),
    targets: [targetOf({ target, targetPort, network, snatSource, onlink })],
    selection: null,
    ...rest,
  };
}

type Target = Pick<RuleOptions, "target" | "targetPort" | "network" | "snatSource" | "onlink">;

/** One target of a rule. */
export function targetOf(options: { [K in keyof Target]?: Target[K] | undefined } & { id?: number; duty?: number }): PublishedTarget {
  const {
    id = 1,
    duty = TAKES,
    target = IP_A,
    targetPort = TARGET,
    network = NET,
    snatSource = GATEWAY,
    onlink = "172.17.0.0/16",
  } = options;
  return { id, duty, address: ip(target), port: targetPort, network, snatSource: ip(snatSource), onlink: prefix(onlink) };
}

/** One family of a network: PREFIX and gateway. */
export function subnet(network: string, gateway: string, outside?: string): Subnet {
  return { prefix: prefix(network), gateway: ip(gateway), outside: outside === undefined ? null : ip(outside) };
}

/** What the control side says of the host's own addresses. */
export function locals(addresses: readonly string[], broadcasts: readonly string[] = []): ToWorker {
  return { type: "locals", addresses: addresses.map(ip), broadcasts: broadcasts.map(ip) };
}

/** What the control side says when a port comes to be, with an address or two; `fd` where the port's frames are to come from a device. */
export function addPort(port: number, kind: number, mac: string, address = "", network = NET, fd = -1): ToWorker {
  const addresses = address === "" ? [] : address.split(" ").map(ip);
  return { type: "add-port", port, kind, fd, mac: macBytes(mac), addresses, network, device: kind === HOST ? HOST_DEVICE : 0 };
}

/** What the control side says of an endpoint that may be on a veth pair. `end`: interface index of its pair's end; 0: it is on a TAP. */
export function endpointOn(end: number, port: number, mac: string, address: string, network = NET): ToWorker {
  return { ...(addPort(port, ENDPOINT, mac, address, network) as Extract<ToWorker, { type: "add-port" }>), device: end };
}

/** What the control side says to make the host above; rule 0 is the published port. */
export function hostMessages(): ToWorker[] {
  return [
    { type: "add-network", network: NET, subnets: [subnet("172.17.0.0/16", GATEWAY)], flags: 0 },
    addPort(UP, UPLINK, MAC_UP),
    { type: "add-held", port: HELD_PORT, fd: -1, size: 0 },
    addPort(HOST_PORT, HOST, MAC_GATEWAY),
    addPort(A, ENDPOINT, MAC_A, IP_A),
    addPort(B, ENDPOINT, MAC_B, IP_B),
    locals([HOST_IP, GATEWAY], [BROADCAST]),
    { type: "publish", id: 0, rule: rule() },
  ];
}
