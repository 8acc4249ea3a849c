/** `tsproxy run`: a program in a sandbox. `native/front.c` makes the namespaces, the daemon gives them their networks. */
import type { SandboxCreate } from "../../api/sandbox-types.js";
import { CliCommand } from "../command.js";
export interface RawAttachment {
    ip?: string;
    ip6?: string;
    macAddress?: string;
    networkAlias?: string[];
    bandwidth?: string;
}
export interface RawSandbox extends RawAttachment {
    network: string;
    name?: string;
    hostname?: string;
    link?: string[];
    dns?: string[];
    dnsSearch?: string[];
    dnsOption?: string[];
    addHost?: string[];
    publish?: string[];
    affinity?: string;
    healthCheck?: string;
    expose?: string[];
}
export interface RawRun extends RawSandbox {
    rm?: boolean;
    detach?: boolean;
}
type Run = (command: string[], options: RawRun) => Promise<void> | void;
/** `action`: what is to be done, for who only wants to know (`front.ts`). */
export declare function runCommand(action?: Run): CliCommand;
export declare function addSandboxOptions(command: CliCommand): CliCommand;
/** All but the process id of its init. */
export declare function runBody(command: string[], raw: RawRun): SandboxCreate;
export declare function sandboxBody(raw: RawSandbox): Omit<SandboxCreate, "kind" | "command">;
export declare function attachmentBody(raw: RawAttachment): Pick<SandboxCreate, "ip" | "ip6" | "mac" | "aliases" | "bandwidth">;
export {};
