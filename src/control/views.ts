/** What the API says of a dataplane: for one run of the main job and for the daemon alike. */
import type { Handlers } from "../api/routes.js";
import type { MappingView, StatsView } from "../api/types.js";
import type { Controller } from "./controller.js";
import { isMeant, parseFlowFilter, parseFlowsToEnd } from "./flow-filter.js";
import { type Balanced, drainTargets, resumeTargets, targetViews } from "./target-views.js";

/** What there is besides the dataplane, or instead of it. */
export interface Served {
  /** Of this program. */
  version: string;
  mappings(): MappingView[];
  /** Ports that may have several targets. */
  balanced(): readonly Balanced[];
  /** Subnet of the own network with that name or id; undefined: there is none, or networks have neither. */
  subnetOf?: (word: string) => string | undefined;
  /** Connections and sessions of the socket relay. */
  relayed(): StatsView["flows"];
}

async function stats(controller: Controller | undefined, served: Served, startedAt: number): Promise<StatsView> {
  const ports = controller?.portStats() ?? [];
  const drops: Record<string, number> = {};
  for (const port of ports) for (const [name, n] of Object.entries(port.drops)) drops[name] = (drops[name] ?? 0) + n;
  return {
    pid: process.pid,
    version: served.version,
    uptimeSec: Math.floor((Date.now() - startedAt) / 1000),
    mappings: served.mappings().map((mapping) => {
      const offloaded = mapping.via === "dataplane" ? controller?.publisher.carriedOf(mapping) : undefined;
      return offloaded === undefined ? mapping : { ...mapping, offloaded };
    }),
    ports,
    drops,
    flows: (await controller?.summary()) ?? served.relayed(),
    holders: (await controller?.holders()) ?? [],
    ...(controller && { offload: controller.offload }),
    steering: controller?.steeringStats() ?? {},
  };
}

type Views = "stats" | "flows" | "endFlows" | "capture" | "fdb" | "targets" | "drainTargets" | "resumeTargets";

export function views(controller: Controller | undefined, served: Served): Pick<Handlers, Views> {
  const startedAt = Date.now();
  return {
    stats: () => stats(controller, served, startedAt),
    flows: async ({ query }) => {
      const filter = parseFlowFilter(query);
      return ((await controller?.flows()) ?? []).filter((row) => isMeant(filter, row));
    },
    endFlows: async ({ query }) => {
      const filter = parseFlowsToEnd(query);
      return { ended: (await controller?.endFlows(filter)) ?? 0 };
    },
    capture: async ({ query }) => {
      const { startCapture } = await import("./capture/captures.js");
      return startCapture(controller?.captureSite, query, { application: `tsproxy ${served.version}`, subnetOf: served.subnetOf });
    },
    targets: async () => targetViews(served.balanced(), (await controller?.flows()) ?? []),
    drainTargets: ({ body }) => ({ changed: drainTargets(served.balanced(), body.target, body.timeSec) }),
    resumeTargets: ({ body }) => ({ changed: resumeTargets(served.balanced(), body.target) }),
    fdb: () => controller?.fdb() ?? [],
  };
}
