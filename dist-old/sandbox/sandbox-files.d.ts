import { parseResolvConf } from "./etc-files.js";
import type { SandboxFolders } from "./folder.js";
import type { Member } from "./member.js";
import type { NameScope } from "./name-service.js";
import type { SandboxRecord } from "./records.js";
/** A linked sandbox as it is now. */
export interface Linked {
    record: SandboxRecord;
    members: Member[];
}
/** Which names it is told by the resolver inside; undefined: on `bridge` alone, or nowhere, there is none. */
export declare function scopeOf(record: SandboxRecord, members: readonly Member[]): NameScope | undefined;
export declare function writeFiles(folders: SandboxFolders, record: SandboxRecord, members: readonly Member[], linked: readonly Linked[]): void;
/** Of one whose namespace another has too: it sees what that sees. */
export declare function copyFiles(folders: SandboxFolders, from: string, to: string): void;
/** Name servers of the host as they are now. */
export declare function hostResolver(): ReturnType<typeof parseResolvConf>;
