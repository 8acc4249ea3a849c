import type { SandboxConnect, SandboxCreate } from "../api/sandbox-types.js";
import type { SandboxRecord } from "./records.js";
/** What it is to join: a network by some word, or nothing, as it has the namespace of another (`container`), the host's, or none. */
export interface Plan {
    record: Omit<SandboxRecord, "pid" | "startTime" | "netns" | "netnsInode">;
    network: string | undefined;
    /** Word for the sandbox whose namespace it has. */
    container: string | undefined;
    warnings: string[];
}
/** Throws TSP_ERR_SANDBOX, TSP_ERR_PORT_SPEC (invalid). `taken`: names of others. */
export declare function planSandbox(create: SandboxCreate, taken: (name: string) => boolean): Plan;
/** Of an endpoint; `onBridge`: on the default network. Throws TSP_ERR_SANDBOX (invalid). */
export declare function checkAttachment({ ip, ip6, mac, aliases, device }: Omit<SandboxConnect, "network">, onBridge: boolean): void;
/** `NAME[:ALIAS]` */
export declare function parseLink(text: string): {
    name: string;
    alias: string;
};
/** `NAME:ADDRESS`, the address an IPv6 one as well, in brackets or not. */
export declare function checkExtraHost(text: string): {
    name: string;
    address: string;
};
