import { type HostAddress, type PortSpec } from "./mapping.js";
/** Throws TSP_ERR_PORT_SPEC (invalid) for anything that is not a mapping that can be served. */
export declare function parsePortSpec(text: string): PortSpec;
type Fail = (problem: string, hint: string) => never;
/** The host address, an IPv6 one in brackets; `fail` throws what is wrong with it. */
export declare function parseHost(text: string, fail: Fail): HostAddress;
export {};
