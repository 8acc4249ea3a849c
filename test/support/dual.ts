/**
 * The host of `host.ts` with IPv6 beside IPv4.
 *
 *   client 2001:db8:9::9 --- 2001:db8::1 host, gateway fd00::1 --- endpoints A fd00::4, B fd00::5
 */
import type { StateOptions } from "../../src/dataplane/state.js";
import type { FlowFile } from "../../src/table/flow-file.js";
import { Dataplane, HOST_IP } from "./dataplane.js";
import { dualMessages, HOST_IP6, TO_A6 } from "./dual-host.js";

export * from "./dual-host.js";

export function dual(options: Partial<StateOptions> = {}, flags = 0, former: FlowFile[] = []): Dataplane {
  const d = new Dataplane(options, former);
  d.say(...dualMessages(flags));
  if (options.routing === undefined) d.route(HOST_IP, HOST_IP6);
  d.publish(TO_A6);
  return d;
}
