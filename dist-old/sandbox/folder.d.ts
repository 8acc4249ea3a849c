import { type SandboxRecord } from "./records.js";
export declare class SandboxFolders {
    private readonly dir;
    /** `dir`: where the folders are. */
    constructor(dir: string);
    of(id: string): string;
    /** Records of an earlier process. A folder without a whole one is of a sandbox that was never made, and is removed. */
    load(): SandboxRecord[];
    /** Replaced as a whole, so that a process that is killed leaves the old one or the new one. */
    save(record: SandboxRecord): void;
    /** In place: programs see it by a bind mount, which leads to the file that was there. */
    write(id: string, name: "hosts" | "resolv.conf" | "hostname", content: string): void;
    read(id: string, name: string): string | undefined;
    remove(id: string): void;
    private ids;
}
