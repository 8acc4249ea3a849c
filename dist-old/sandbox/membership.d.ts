import type { SandboxConnect } from "../api/sandbox-types.js";
import type { NetworkModel } from "../model/network-model.js";
import type { Namespace } from "./device-setup.js";
import { type Gateways } from "./gateways.js";
import type { Member } from "./member.js";
import { type NetworkCatalog } from "./network-catalog.js";
import type { Attachment, SandboxRecord } from "./records.js";
export declare class Membership {
    private readonly model;
    private readonly catalog;
    constructor(model: NetworkModel, catalog: NetworkCatalog);
    /** Those of its endpoints that are there. */
    members({ attachments }: SandboxRecord): Member[];
    /** Puts the namespace into a network, or throws with nothing left of that. */
    attach(sandbox: SandboxRecord, namespace: Namespace, connect: SandboxConnect): Promise<Attachment>;
    /** Its device ends with its endpoint, wherever it is. `wait`: until it is no longer to be seen. */
    detach({ network, endpoint }: Attachment, { wait }?: {
        wait?: boolean | undefined;
    }): Promise<void>;
    /**
     * Moves default routes and published ports to the networks that are to have them; answers these networks' endpoints, and what is not as asked
     * for. May be repeated. Throws when a port cannot be published.
     */
    arrange(sandbox: SandboxRecord, namespace: Namespace): Promise<{
        gateways: Gateways;
        warnings: string[];
    }>;
    /** After `arrange` has failed half-way: all of it from the start. */
    rearrange(sandbox: SandboxRecord, namespace: Namespace): Promise<{
        gateways: Gateways;
    }>;
    private withdraw;
    /** What is not published yet. */
    private publish;
    /** After a change of the sandbox's name. */
    rename(sandbox: SandboxRecord): Promise<void>;
    /** Endpoints of sandboxes that are not, or no longer, in `sandboxes`: of an operation that a SIGKILL cut off. */
    sweep(sandboxes: readonly SandboxRecord[]): Promise<void>;
    private get overlays();
    private checkJoin;
}
