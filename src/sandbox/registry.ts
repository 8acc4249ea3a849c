/** Sandboxes by id and name, those that have ended too. */
import type { Process } from "./process.js";
import type { SandboxRecord } from "./records.js";
import { notRunning, sandboxError } from "./sandbox-errors.js";
import { parseLink } from "./sandbox-request.js";

export interface LiveSandbox {
  record: SandboxRecord;
  /** Undefined: an attached one, or one that has ended. */
  process: Process | undefined;
  /** It was told to end, and gets no new connections by ports that lead to its name. */
  stopping: boolean;
  /** Who waits for its end. */
  waiting: Set<(exitCode: number) => void>;
}

export class SandboxRegistry {
  private readonly byId = new Map<string, LiveSandbox>();

  all(): readonly LiveSandbox[] {
    return [...this.byId.values()];
  }

  get(id: string): LiveSandbox | undefined {
    return this.byId.get(id);
  }

  byName(name: string): LiveSandbox | undefined {
    return this.all().find(({ record }) => record.name === name);
  }

  add(live: LiveSandbox): void {
    this.byId.set(live.record.id, live);
  }

  remove({ record }: LiveSandbox): void {
    this.byId.delete(record.id);
  }

  /** By name, id, or the start of an id. Throws TSP_ERR_SANDBOX: not-found, or conflict for the start of several ids. */
  find(word: string): LiveSandbox {
    const exact = this.byName(word) ?? this.byId.get(word);
    if (exact !== undefined) return exact;
    const found = word === "" ? [] : this.all().filter(({ record }) => record.id.startsWith(word));
    if (found.length > 1) throw sandboxError("conflict", `multiple IDs found with provided prefix: ${word}`, "give more of it");
    if (found[0] === undefined) throw sandboxError("not-found", `No such sandbox: ${word || "''"}`, "see 'tsproxy ps -a'");
    return found[0];
  }

  /** Whether `find` would find one, or several. */
  knows(word: string): boolean {
    return word !== "" && this.all().some(({ record }) => record.name === word || record.id.startsWith(word));
  }

  /** As `find`; throws also for one that has ended. */
  running(word: string): LiveSandbox {
    const live = this.find(word);
    if (live.record.exit !== undefined) throw notRunning(live.record);
    return live;
  }

  /** What `--link TEXT` of sandbox `own` means. */
  link(text: string, own: string): SandboxRecord["links"][number] {
    const { name, alias } = parseLink(text);
    const { record } = this.find(name);
    if (record.exit !== undefined)
      throw sandboxError(
        "conflict",
        `Cannot link to a non running container: /${name} AS /${own}/${alias}`,
        "link to one that runs: see 'tsproxy ps'",
      );
    return { target: record.id, alias };
  }

  /** Those that are linked to it, and run. */
  linkedTo(id: string): LiveSandbox[] {
    return this.all().filter(({ record }) => record.exit === undefined && record.links.some(({ target }) => target === id));
  }
}

/** The exit code of one that runs, once it has ended; undefined: it still runs after `timeoutMs`. */
export function ended(live: LiveSandbox, timeoutMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const done = (code: number | undefined): void => {
      clearTimeout(timer);
      live.waiting.delete(done);
      resolve(code);
    };
    const timer = setTimeout(() => done(undefined), timeoutMs);
    live.waiting.add(done);
  });
}
