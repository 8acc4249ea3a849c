/**
 * Sandboxes: programs that `tsproxy run` starts in namespaces of their own, and namespaces of others that were attached; each with a name, its
 * networks, ports and files. `tsproxy run` makes the namespaces and waits with the program until this has given them their networks.
 *
 * A sandbox ends when its init does, whatever ended that; its addresses and ports are free at once. Its record stays until it is removed, if that
 * is wanted. Order of what is written down: its folder first, then its endpoints; backwards its endpoints, then its folder. What a SIGKILL cuts off
 * between two of these, `restore` completes or undoes. Calls are carried out one after another.
 */
import type { SandboxConnect, SandboxCreate, SandboxCreated } from "../api/sandbox-types.js";
import type { Mapping } from "../control/mapping.js";
import type { SandboxFolders } from "./folder.js";
import type { Member } from "./member.js";
import type { Membership } from "./membership.js";
import type { NameService } from "./name-service.js";
import type { NamedPorts } from "./named-ports.js";
import type { NetworkCatalog } from "./network-catalog.js";
import type { SandboxRecord } from "./records.js";
import { type LiveSandbox } from "./registry.js";
export declare class Sandboxes {
    private readonly catalog;
    private readonly membership;
    private readonly folders;
    private readonly names;
    private readonly namedPorts;
    private readonly registry;
    private readonly linkRules;
    private turn;
    private readonly timer;
    constructor(catalog: NetworkCatalog, membership: Membership, folders: SandboxFolders, names: NameService, namedPorts: NamedPorts);
    all(): readonly LiveSandbox[];
    members(record: SandboxRecord): Member[];
    /** Its published ports that lead to a name. */
    namedMappings(record: SandboxRecord): Mapping[];
    dirOf(id: string): string;
    /** Takes up what an earlier process left: what runs goes on, what ended is told so. To be called once, after the model's `restore`. */
    restore(): Promise<void>;
    create(create: SandboxCreate): Promise<SandboxCreated>;
    /** As `SandboxRegistry.find`. */
    find(word: string): LiveSandbox;
    connect(word: string, connect: SandboxConnect): Promise<void>;
    disconnect(word: string, network: string): Promise<void>;
    rename(word: string, name: string): Promise<void>;
    /** `signal`: a number. Throws TSP_ERR_SANDBOX (conflict) when it does not run. */
    signal(word: string, signal: number): void;
    /** The exit code, once it has ended; undefined: it still runs after `timeoutMs`. */
    wait(word: string, timeoutMs: number): Promise<number | undefined>;
    /** Forgets one that has ended, or an attached one; with `force` also one that runs, which is ended. */
    remove(word: string, force: boolean): Promise<void>;
    /** Looks after them no more; they go on. */
    close(): Promise<void>;
    private takeUp;
    /** Answers what is not as asked for. */
    private arrange;
    /** With names and files; or throws with all as it was. */
    private join;
    private asking;
    private serveNames;
    private openLinks;
    private writeFiles;
    private linkedOf;
    /** Anew the files of those that are linked to it. */
    private writeLinking;
    private watch;
    /** Its init has ended. */
    private end;
    /** One that was being made or removed. */
    private forgetHalf;
    /** Of it nothing is left; what a SIGKILL keeps from that, the next start does. */
    private forget;
    /** Detaches what was attached and has ended. */
    private look;
    private update;
    private save;
    private inTurn;
}
