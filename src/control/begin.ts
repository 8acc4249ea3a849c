/** What a start begins before it has loaded its code, as the kernel takes long for it. This file and what it imports are small for that reason. */
import { type BegunMaps, beginMaps } from "../steer/maps.js";
import type { OffloadMode } from "../steer/offload.js";
import { hostFamilies } from "../sys/host-families.js";
import { hasIpv6 } from "../sys/ipv6-conf.js";
import { checkPortFamilies } from "./families.js";
import type { PortSpec } from "./mapping.js";

/** What will be started. */
interface Options {
  publish: readonly PortSpec[];
  workers: number;
  conntrackMax: number;
  offload: OffloadMode;
}

/** Begins the maps that `Controller.start` will need, as far as one can tell. Throws what `checkPortFamilies` throws, with nothing begun. */
export function beginStart({ publish, workers, conntrackMax, offload }: Options): BegunMaps {
  const families = hostFamilies();
  for (const spec of publish) checkPortFamilies(spec, families);
  return beginMaps({ flowCapacity: conntrackMax, ipv6: hasIpv6(), offload: offload !== "never", workers });
}
