/** What a relay serves: a `-p`, on a host of these families. */
import { eachHostAddress } from "../../src/control/mapping.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import type { RelaySpec } from "../../src/relay/relay.js";

export function relaySpec(text: string, families: (4 | 6)[] = [4]): RelaySpec {
  const spec = parsePortSpec(text);
  return { ...spec, hosts: eachHostAddress(spec, families) };
}
