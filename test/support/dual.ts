/**
 * The host of `host.ts` with IPv6 beside IPv4.
 *
 *   client 2001:db8:9::9 --- 2001:db8::1 host, gateway fd00::1 --- endpoints A fd00::4, B fd00::5
 */
import type { StateOptions } from "../../src/dataplane/state.js";
import type { FlowFile } from "../../src/table/flow-file.js";
import { ENDPOINT, HOST } from "../../src/table/ports.js";
import {
  A,
  addPort,
  B,
  Dataplane,
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
} from "./dataplane.js";

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

export function dual(options: Partial<StateOptions> = {}, flags = 0, former: FlowFile[] = []): Dataplane {
  const d = new Dataplane(options, former);
  const subnets = [subnet("172.17.0.0/16", GATEWAY), subnet("fd00::/64", GATEWAY6)];
  d.say({ type: "add-network", network: NET, subnets, flags });
  d.say(addPort(HOST_PORT, HOST, MAC_GATEWAY));
  d.say(addPort(A, ENDPOINT, MAC_A, `${IP_A} ${IP6_A}`), addPort(B, ENDPOINT, MAC_B, `${IP_B} ${IP6_B}`));
  d.say(locals([HOST_IP, GATEWAY, HOST_IP6, GATEWAY6, LINK_GATEWAY]));
  if (options.routing === undefined) d.route(HOST_IP, HOST_IP6);
  d.publish(TO_A6);
  return d;
}
