import { TsproxyError } from "../errors.js";
export interface SteeringProbe {
    bpf: boolean;
    tcx: boolean;
    /** Why there is no BPF. */
    error?: TsproxyError;
    /** Why there is BPF, but no offload. */
    offloadError?: TsproxyError;
}
/** Makes the maps and programs, attaches nothing. */
export declare function probeSteering(): SteeringProbe;
