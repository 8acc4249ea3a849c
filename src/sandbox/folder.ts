/** Folders of sandboxes in the run folder: the record, and files that its programs see. They end with the machine's boot, as sandboxes do. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { log } from "../log.js";
import { makeFolder } from "../make-folder.js";
import { parseRecord, type SandboxRecord } from "./records.js";

const RECORD = "sandbox.json";

export class SandboxFolders {
  /** `dir`: where the folders are. */
  constructor(private readonly dir: string) {}

  of(id: string): string {
    return join(this.dir, id);
  }

  /** Records of an earlier process. A folder without a whole one is of a sandbox that was never made, and is removed. */
  load(): SandboxRecord[] {
    return this.ids().flatMap((id) => {
      const record = parseRecord(this.read(id, RECORD) ?? "");
      if (record !== undefined && record.id === id) return [record];
      log.warn(`${this.of(id)} holds no sandbox: removed`);
      this.remove(id);
      return [];
    });
  }

  /** Replaced as a whole, so that a process that is killed leaves the old one or the new one. */
  save(record: SandboxRecord): void {
    const file = join(this.of(record.id), RECORD);
    makeFolder(this.of(record.id), 0o755); // its programs, of whatever user, read hosts and resolv.conf
    writeFileSync(`${file}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** In place: programs see it by a bind mount, which leads to the file that was there. */
  write(id: string, name: "hosts" | "resolv.conf" | "hostname", content: string): void {
    writeFileSync(join(this.of(id), name), content, { mode: 0o644 });
  }

  read(id: string, name: string): string | undefined {
    try {
      return readFileSync(join(this.of(id), name), "utf8");
    } catch {
      return undefined;
    }
  }

  remove(id: string): void {
    rmSync(this.of(id), { recursive: true, force: true });
  }

  private ids(): string[] {
    try {
      return readdirSync(this.dir);
    } catch {
      return []; // there never was one
    }
  }
}
