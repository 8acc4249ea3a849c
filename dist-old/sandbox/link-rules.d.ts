import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";
export declare class LinkRules {
    /** By the endpoints of client and server, with the ports as text. */
    private readonly open;
    /** `all`: those that run. */
    refresh(all: ReadonlyMap<string, SandboxRecord>, membersOf: (record: SandboxRecord) => readonly Member[]): void;
}
