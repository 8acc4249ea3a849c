/** What a start can have done beside everything else before it has loaded its code. This file and what it imports are small for that reason. */
import { type BegunMaps, beginMaps } from "../steer/maps.js";
import { hasIpv6 } from "../sys/ipv6-conf.js";
import type { ControllerOptions } from "./controller.js";

/** The maps that `Controller.start` will want, as far as one can tell; to be given to it. */
export function beginMapsFor({
  conntrackMax,
  offload,
  workers,
}: Pick<ControllerOptions, "conntrackMax" | "offload" | "workers">): BegunMaps {
  return beginMaps({ flowCapacity: conntrackMax, ipv6: hasIpv6(), offload: offload !== "never", workers });
}
