/**
 * A small host for an engine in memory: uplink, the host's port on the bridge, two endpoints, a published port.
 *
 *   client 198.51.100.9 --- 192.0.2.1 host, gateway 172.17.0.1 --- endpoints A 172.17.0.4, B 172.17.0.5
 */
import type { PublishRule } from "../../src/dataplane/state.js";
import type { ToWorker } from "../../src/engine/messages.js";
import { ENDPOINT, HOST, UPLINK } from "../../src/table/ports.js";
import { parseIpv4 } from "../../src/wire/ipv4-address.js";
import { rawMask, rawWord } from "../../src/wire/raw.js";
import { HostRoutes } from "./host-routes.js";
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

export function rule(options: Partial<PublishRule> = {}): PublishRule {
  return {
    proto: TCP,
    hostIp: 0,
    firstPort: PUBLISHED,
    lastPort: PUBLISHED,
    target: raw(IP_A),
    targetPort: TARGET,
    network: NET,
    snatSource: raw(GATEWAY),
    onlinkNet: raw("172.17.0.0"),
    onlinkMask: rawMask(16),
    ...options,
  };
}

/** The host's routing: all by its own address. */
export function hostRoutes(): HostRoutes {
  return new HostRoutes({ dst: 0, prefixLength: 0, source: raw(HOST_IP) });
}

/** What the control side says when a port comes to be; `fd` where the port's frames are to come from a device. */
export function addPort(port: number, kind: number, mac: string, address = "0.0.0.0", network = NET, fd = -1): ToWorker {
  return { type: "add-port", port, kind, fd, mac: macBytes(mac), address: raw(address), network, device: kind === HOST ? HOST_DEVICE : 0 };
}

/** What the control side says to make the host above; rule 0 is the published port. */
export function hostMessages(): ToWorker[] {
  return [
    { type: "add-network", network: NET, address: raw("172.17.0.0"), prefixLength: 16, gateway: raw(GATEWAY), flags: 0, outside: 0 },
    addPort(UP, UPLINK, MAC_UP),
    { type: "add-held", port: HELD_PORT, fd: -1, size: 0 },
    addPort(HOST_PORT, HOST, MAC_GATEWAY),
    addPort(A, ENDPOINT, MAC_A, IP_A),
    addPort(B, ENDPOINT, MAC_B, IP_B),
    { type: "locals", addresses: Int32Array.of(raw(HOST_IP), raw(GATEWAY)), broadcasts: Int32Array.of(raw(BROADCAST)) },
    { type: "publish", id: 0, rule: rule() },
  ];
}
