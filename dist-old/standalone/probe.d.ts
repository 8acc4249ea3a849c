import { type Answer } from "../control/knock.js";
import type { PortSpec } from "../control/mapping.js";
import { type Ping } from "./ping.js";
/** `unknown`: it could not be asked. Of a range the first port is asked. */
export interface ProbeResult {
    spec: PortSpec;
    result: Answer;
    /** One line for the user, unless it answers or is unknown. */
    warning: string | undefined;
}
export interface ProbeOptions {
    /** Asks TCP targets by a whole connection, which is closed at once. */
    connect?: boolean;
    ping?: Ping;
}
/** One result for each different target. Never rejects. */
export declare function probeTargets(specs: readonly PortSpec[], { connect, ping }?: ProbeOptions): Promise<ProbeResult[]>;
