/** The options of CreateNetwork: of a bridge, or with `tsproxy.type` of another kind of network. */
import { TsproxyError } from "../errors.js";
import { DEFAULT_OPTIONS, type LanPlace, type NetworkOptions } from "../model/records.js";
import { readOption } from "./driver-options.js";
import { IPVLAN, isLanDriver, MACVLAN, readLanOptions } from "./lan-options.js";
import type { Message } from "./message.js";

const TYPE = "tsproxy.type";

/** `-o KEY=VALUE`, from the `Options` of CreateNetwork. */
export function genericOptions(message: Message): Record<string, string> {
  const generic = message.object("com.docker.network.generic");
  return Object.fromEntries(generic.keys().map((key) => [key, generic.optionalText(key)]));
}

/** From the `Options` of CreateNetwork; `lan`: of a network that stands on one. Throws TSP_ERR_DRIVER_OPTION, TSP_ERR_NETWORK (invalid). */
export function parseNetworkOptions(message: Message): { options: NetworkOptions; lan?: LanPlace } {
  const options: NetworkOptions = { ...DEFAULT_OPTIONS, internal: message.flag("com.docker.network.internal", false) };
  const { [TYPE]: type = "bridge", ...typed } = genericOptions(message);
  if (isLanDriver(type)) return { options, lan: readLanOptions(type, options, typed) };
  if (type !== "bridge")
    throw new TsproxyError(
      "TSP_ERR_DRIVER_OPTION",
      "invalid",
      `option ${TYPE}: '${type}' is not valid`,
      `use bridge, ${MACVLAN} or ${IPVLAN}`,
    );
  for (const [key, value] of Object.entries(typed)) readOption(options, key, value);
  return { options };
}
