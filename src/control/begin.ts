/**
 * What a start begins before it has loaded its code, as it takes long: maps, which the kernel clears, and the worker threads. This file and what it imports are
 * small for that reason.
 */
import { type BegunMaps, beginMaps } from "../steer/maps.js";
import type { OffloadMode } from "../steer/offload.js";
import { hostFamilies } from "../sys/host-families.js";
import { hasIpv6 } from "../sys/ipv6-conf.js";
import { BegunWorker } from "./begun-worker.js";
import { checkPortFamilies } from "./families.js";
import type { PortSpec } from "./mapping.js";

/** For `Controller.start`, which takes of it what it can use. */
export interface Begun {
  /** As far as one can tell. */
  maps: BegunMaps;
  workers: readonly BegunWorker[];
  /** Ends what was not taken. */
  discard(): void;
}

/** What will be started. */
interface Options {
  publish: readonly PortSpec[];
  workers: number;
  conntrackMax: number;
  offload: OffloadMode;
}

/** Throws what `checkPortFamilies` throws, with nothing begun. */
export function beginStart({ publish, workers: count, conntrackMax, offload }: Options): Begun {
  const families = hostFamilies();
  for (const spec of publish) checkPortFamilies(spec, families);
  const maps = beginMaps({ flowCapacity: conntrackMax, ipv6: hasIpv6(), offload: offload !== "never", workers: count });
  const workers = Array.from({ length: count }, () => new BegunWorker());
  const discard = (): void => {
    maps.discard();
    for (const worker of workers) worker.discard();
  };
  return { maps, workers, discard };
}
