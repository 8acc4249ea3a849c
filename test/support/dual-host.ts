/** The host of `host.ts` with IPv6 beside IPv4, as the control side tells it. The picture: `dual.ts`. */
import type { ToWorker } from "../../src/engine/messages.js";
import { ENDPOINT, HOST } from "../../src/table/ports.js";
import {
  A,
  addPort,
  B,
  GATEWAY,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  locals,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  NET,
  type RuleOptions,
  subnet,
} from "./host.js";

export const HOST_IP6 = "2001:db8::1",
  GATEWAY6 = "fd00::1",
  IP6_A = "fd00::4",
  IP6_B = "fd00::5",
  CLIENT6 = "2001:db8:9::9",
  SERVER6 = "2001:db8:80::80";
/** Link-local addresses, as they come of the MACs. */
export const LINK_GATEWAY = "fe80::42:acff:fe11:1",
  LINK_A = "fe80::42:acff:fe11:4",
  LINK_B = "fe80::42:acff:fe11:5";

/** Of a rule to A by IPv6. */
export const TO_A6: Partial<RuleOptions> = { hostIp: "::", target: IP6_A, snatSource: GATEWAY6, onlink: "fd00::/64" };

/** What is more than `hostMessages`. */
export function dualMessages(flags = 0): ToWorker[] {
  const subnets = [subnet("172.17.0.0/16", GATEWAY), subnet("fd00::/64", GATEWAY6)];
  return [
    { type: "add-network", network: NET, subnets, flags },
    addPort(HOST_PORT, HOST, MAC_GATEWAY),
    addPort(A, ENDPOINT, MAC_A, `${IP_A} ${IP6_A}`),
    addPort(B, ENDPOINT, MAC_B, `${IP_B} ${IP6_B}`),
    locals([HOST_IP, GATEWAY, HOST_IP6, GATEWAY6, LINK_GATEWAY]),
  ];
}
