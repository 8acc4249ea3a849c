/** What the API says of a dataplane: for one run of the main job and for the daemon alike. */
import type { Handlers } from "../api/routes.js";
import type { MappingView, StatsView } from "../api/types.js";
import type { Controller } from "./controller.js";
import { type Balanced } from "./target-views.js";
/** What there is besides the dataplane, or instead of it. */
export interface Served {
    /** Of this program. */
    version: string;
    mappings(): MappingView[];
    /** Ports that may have several targets. */
    balanced(): readonly Balanced[];
    /** Connections and sessions of the socket relay. */
    relayed(): StatsView["flows"];
}
type Views = "stats" | "flows" | "endFlows" | "fdb" | "targets" | "drainTargets" | "resumeTargets";
export declare function views(controller: Controller | undefined, served: Served): Pick<Handlers, Views>;
export {};
