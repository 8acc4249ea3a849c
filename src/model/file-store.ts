/** The store of one host: a JSON file, replaced as a whole. */

import { readFileSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type KindOf, TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { makeFolder } from "../make-folder.js";
import { FORMAT, formatOf, membersText, recordsOf } from "./record-json.js";
import type { EndpointRecord, NetworkRecord, Records } from "./records.js";
import type { Change, Store } from "./store.js";

interface StateFile extends Records {
  version: number;
  bootId: string;
  /** Process that wrote it. */
  pid: number;
}

export class FileStore implements Store {
  readonly file: string;
  private networks: ReadonlyMap<string, NetworkRecord> = new Map();
  private endpoints: ReadonlyMap<string, EndpointRecord> = new Map();
  /** Of who wrote the file; 0: there is none. */
  private pid = 0;

  constructor(
    dir: string,
    private readonly boot = bootId(),
  ) {
    this.file = join(dir, "networks.json");
  }

  async load(): Promise<Records> {
    const content = await this.read();
    this.pid = content?.pid ?? 0;
    this.networks = byId(content?.networks ?? []);
    this.endpoints = byId(content?.bootId === this.boot ? content.endpoints : []);
    return { networks: [...this.networks.values()], endpoints: [...this.endpoints.values()] };
  }

  async commit(change: Change): Promise<void> {
    const networks = changed(this.networks, change.putNetworks, change.removeNetworks);
    const endpoints = changed(this.endpoints, change.putEndpoints, change.removeEndpoints);
    await this.write({ networks: [...networks.values()], endpoints: [...endpoints.values()] });
    [this.networks, this.endpoints] = [networks, endpoints];
  }

  /** Process that wrote what was loaded; 0: nobody. */
  get writer(): number {
    return this.pid;
  }

  /** Undefined when there is none. One that is damaged is put aside, with a warning. */
  private async read(): Promise<StateFile | undefined> {
    let text: string;
    try {
      text = await readFile(this.file, "utf8");
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      const denied = code === "EACCES" || code === "EPERM";
      throw stateError(
        denied ? "permission" : "unavailable",
        `cannot read ${this.file} (${code})`,
        denied ? "run as root" : undefined,
        cause,
      );
    }
    const { version, problem, content } = parse(text);
    if (version > FORMAT)
      throw stateError(
        "unavailable",
        `${this.file} is of a newer version of tsproxy (format ${version}, this one has ${FORMAT})`,
        "run the version that wrote it, or move the file away, which forgets all networks",
      );
    if (content !== undefined) return content;
    log.warn(`${this.file} is damaged (${problem}): put aside as ${this.file}.bad, and nothing is known of networks that were in it`);
    await rename(this.file, `${this.file}.bad`);
    return undefined;
  }

  private async write(records: Records): Promise<void> {
    const head = JSON.stringify({ version: formatOf(records), bootId: this.boot, pid: process.pid });
    const text = `${head.slice(0, -1)},${membersText(records)}}\n`;
    const next = `${this.file}.new`;
    try {
      makeFolder(dirname(this.file), 0o700);
      await rm(next, { force: true }); // of a process that was killed; its mode may be another
      await writeDurably(next, text);
      await rename(next, this.file);
      await sync(dirname(this.file));
    } catch (cause) {
      await rm(next, { force: true }).catch(() => {});
      throw stateError(
        "unavailable",
        `cannot write ${this.file}: ${(cause as Error).message}`,
        "is there space, and is it writable?",
        cause,
      );
    }
  }
}

/** TSPROXY_STATE_DIR; beside a run folder of one's own, or where the system keeps such things. */
export function stateDir(): string {
  const { TSPROXY_STATE_DIR, TSPROXY_RUN_DIR } = process.env;
  return TSPROXY_STATE_DIR ?? (TSPROXY_RUN_DIR === undefined ? "/var/lib/tsproxy" : join(TSPROXY_RUN_DIR, "state"));
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function byId<T extends { id: string }>(records: readonly T[]): Map<string, T> {
  return new Map(records.map((record) => [record.id, record]));
}

function changed<T extends { id: string }>(
  before: ReadonlyMap<string, T>,
  put: readonly T[] = [],
  remove: readonly string[] = [],
): ReadonlyMap<string, T> {
  const after = new Map(before);
  for (const id of remove) after.delete(id);
  for (const record of put) after.set(record.id, record);
  return after;
}

/** `content` is there unless there is a problem; of a newer version it may look different. */
function parse(text: string): { version: number; problem: string; content: StateFile | undefined } {
  try {
    const content = JSON.parse(text) as Omit<StateFile, keyof Records>;
    const version = Number.isInteger(content.version) ? content.version : 0;
    if (version === 0) return { version, problem: "version: not a number", content: undefined };
    const result = recordsOf(content, version);
    if ("problem" in result) return { version, problem: result.problem, content: undefined };
    return { version, problem: "", content: { ...content, ...result.records } };
  } catch (error) {
    return { version: 0, problem: (error as Error).message, content: undefined };
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** So that the new name outlives a loss of power. */
async function sync(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function stateError(kind: KindOf<"TSP_ERR_STATE">, message: string, hint?: string, cause?: unknown): TsproxyError {
  return new TsproxyError("TSP_ERR_STATE", kind, message, hint, cause);
}
