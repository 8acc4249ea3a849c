/** What a relay serves, of the first host address that a `-p` stands for. */
import { eachHostAddress, type OneSpec } from "../../src/control/mapping.js";
import { parsePortSpec } from "../../src/control/port-spec.js";

export function relaySpec(text: string): OneSpec {
  return eachHostAddress(parsePortSpec(text), [4])[0]!;
}
