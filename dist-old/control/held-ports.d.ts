import { type OneSpec } from "./mapping.js";
export interface HeldPorts {
    firstPort: number;
    fds: number[];
}
/** Lets nothing through to the socket but to the filter. It is neither kept nor closed: the port is its owner's. */
export declare function takeOver(spec: OneSpec, fd: number, filterFd: number): HeldPorts;
/** Binds every host port of the mapping, so that no other program can. Throws TSP_ERR_PORT_TAKEN and the like with none held. */
export declare function holdPorts(spec: OneSpec, zone: number, filterFd: number): HeldPorts;
