/**
 * A small host for an engine in memory: uplink, the host's port on the bridge, two endpoints, a published port.
 *
 *   client 198.51.100.9 --- 192.0.2.1 host, gateway 172.17.0.1 --- endpoints A 172.17.0.4, B 172.17.0.5
 */
import type { PublishRule, State } from "../../src/dataplane/state.js";
import { fdbKey } from "../../src/table/fdb.js";
import { ENDPOINT, HOST, UPLINK } from "../../src/table/ports.js";
import { macHi, macLo } from "../../src/wire/ethernet.js";
import { parseIpv4 } from "../../src/wire/ipv4-address.js";
import { rawMask, rawWord } from "../../src/wire/raw.js";
import { macBytes, TCP } from "./packets.js";

/** Number of the own network. */
export const NET = 0;
export const UP = 0,
  HOST_PORT = 1,
  A = 2,
  B = 3,
  C = 4;
export const HOST_IP = "192.0.2.1",
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

/** As the worker does at the control side's word. */
export function addPort(state: State, port: number, kind: number, mac: string, address = "0.0.0.0", network = NET): void {
  const { networks, ports, fdb, endpoints } = state;
  const hi = macHi(macBytes(mac)),
    lo = macLo(macBytes(mac));
  ports.set(port, kind, hi, lo, raw(address), network);
  if (kind !== UPLINK) fdb.addStatic(fdbKey(hi, network), lo, port);
  if (kind === ENDPOINT) endpoints.set(raw(address), network, port);
  if (kind === HOST) {
    networks.hostPort[network] = port;
    networks.macHi[network] = hi;
    networks.macLo[network] = lo;
  }
}

/** The host above, but for its ports' devices. */
export function setUpHost(state: State): void {
  state.networks.set(NET, raw("172.17.0.0"), 16, raw(GATEWAY), 0, 0);
  addPort(state, UP, UPLINK, MAC_UP);
  addPort(state, HOST_PORT, HOST, MAC_GATEWAY);
  addPort(state, A, ENDPOINT, MAC_A, IP_A);
  addPort(state, B, ENDPOINT, MAC_B, IP_B);
  for (const address of [HOST_IP, GATEWAY]) state.locals.set(raw(address), 0, 1);
  state.routes.replace([{ dst: 0, prefixLength: 0, metric: 0, source: raw(HOST_IP) }]);
  state.publish(rule());
}
