import { type BalanceOptions } from "../control/balance-options.js";
import type { Firewall } from "../control/controller.js";
import { type LimitOptions } from "../control/limits.js";
import { type PortSpec } from "../control/mapping.js";
import type { EndpointSpec } from "../control/network/endpoints.js";
import type { NetworkSpec } from "../control/network/kinds.js";
import { type IpPrefix } from "../wire/ip-address.js";
/** The options of the main command as they were typed. */
export interface RunOptions {
    publish?: string[] | undefined;
    network?: string | undefined;
    endpoint?: string[] | undefined;
    allowFrom?: string[] | undefined;
    masqueradePorts?: string | undefined;
    mtu?: string | undefined;
    promiscuous?: boolean | undefined;
    workers?: string | undefined;
    conntrackMax?: string | undefined;
    timeout?: string[] | undefined;
    readyFd?: string | undefined;
    offload?: boolean | undefined;
    firewall?: string | undefined;
    maxFlows?: string[] | undefined;
    maxNewFlows?: string[] | undefined;
    affinity?: string | undefined;
    healthCheck?: string | undefined;
    relay?: boolean | undefined;
    probe?: boolean | undefined;
    json?: boolean | undefined;
}
export interface RunConfig {
    publish: PortSpec[];
    network: NetworkSpec | undefined;
    endpoints: EndpointSpec[];
    /** Clients that may use published ports; empty: all. */
    allowFrom: IpPrefix[];
    workers: number;
    /** Source ports for what leaves; by default below the kernel's ephemeral ports. */
    masqueradePorts: {
        first: number;
        last: number;
    };
    conntrackMax: number;
    /** Seconds by state of conntrack. */
    timeouts: Int32Array;
    offload: boolean;
    firewall: Firewall;
    limits: LimitOptions;
    /** How new connections are spread where a port has several targets. */
    balance: BalanceOptions;
    readyFd: number | undefined;
    relay: boolean;
    /** Targets are tried by a whole connection at the start. */
    probe: boolean;
    json: boolean;
}
export declare function parseConfig(raw: RunOptions, cores?: number): RunConfig;
/** What concerns the dataplane as such, whatever it then serves. */
export declare function parseDataplane(raw: RunOptions, cores?: number): Pick<RunConfig, "allowFrom" | "workers" | "masqueradePorts" | "conntrackMax" | "timeouts" | "offload" | "firewall" | "limits">;
export declare function parseBalance({ affinity, healthCheck }: Pick<RunOptions, "affinity" | "healthCheck">): BalanceOptions;
