/** Targets of ports that may have several, as the API shows them, and taking some out of service. */
import type { TargetView } from "../api/types.js";
import type { FlowRow } from "../engine/views.js";
import type { Balancer, TargetEvent } from "./balancer.js";
import { type Mapping } from "./mapping.js";
export interface Balanced {
    readonly mappings: readonly Mapping[];
    readonly balancer?: Balancer | undefined;
}
/** `flows`: all there are. */
export declare function targetViews(all: readonly Balanced[], flows: readonly FlowRow[]): TargetView[];
/** Takes a target out of service on each port. Throws TSP_ERR_OPTION (invalid), TSP_ERR_TARGET (not-found). */
export declare function drainTargets(all: readonly Balanced[], word: string, sec?: number): number;
export declare function resumeTargets(all: readonly Balanced[], word: string): number;
export declare function eventText({ ip, port, proto, hostPort, state, reason }: TargetEvent): Record<string, string | number>;
