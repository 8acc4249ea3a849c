/** What the API says of a dataplane: for one run of the main job and for the daemon alike. */
import type { Handlers } from "../api/routes.js";
import type { MappingView, StatsView } from "../api/types.js";
import { version } from "../api/version.js";
import type { Dataplane } from "./controller.js";

/** What there is besides the dataplane, or instead of it. */
export interface Served {
  mappings(): MappingView[];
  /** Connections and sessions of the socket relay. */
  relayed(): StatsView["flows"];
}

export async function stats(plane: Dataplane | undefined, served: Served, startedAt: number): Promise<StatsView> {
  const ports = plane?.portStats() ?? [];
  const drops: Record<string, number> = {};
  for (const port of ports) for (const [name, n] of Object.entries(port.drops)) drops[name] = (drops[name] ?? 0) + n;
  return {
    pid: process.pid,
    version: version(),
    uptimeSec: Math.floor((Date.now() - startedAt) / 1000),
    mappings: served.mappings(),
    ports,
    drops,
    flows: (await plane?.summary()) ?? served.relayed(),
    steering: plane?.steeringStats() ?? {},
  };
}

export function views(plane: Dataplane | undefined, served: Served): Pick<Handlers, "stats" | "flows" | "fdb"> {
  const startedAt = Date.now();
  return {
    stats: () => stats(plane, served, startedAt),
    flows: () => plane?.flows() ?? [],
    fdb: () => plane?.fdb() ?? [],
  };
}
