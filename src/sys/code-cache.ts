/**
 * V8's code of what a start runs, kept for the next one: to read 600 KB of source and to compile what is called takes the main job's control
 * thread a fifth of its time up to `ready`.
 *
 * It is one file in the run folder, which is empty after the machine's start: 8 bytes with the length of what follows, JSON (`Kept`), zeros up to a multiple of
 * 8, and the code of one script after the other. V8 itself refuses code of another version of V8, or made with other flags; we do where Node.js or a source file
 * is another one. What is refused is compiled as ever, and kept anew.
 *
 * A worker has changed flags by the time that code is kept (`engine/jit.ts`). They concern what is made of this code later, not the code; so it gets the mark of
 * the flags that there were at first. They cannot be changed sooner: V8 would refuse the code of Node.js's own modules.
 *
 * Whoever can write the file can have anything run: it is taken only if it belongs to this user, and nobody else may write it.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** Far more than it ever has. */
const MAX_SIZE = 16 << 20;
const ALIGNMENT = 8;

interface Kept {
  node: string;
  scripts: Record<string, { source: string; at: number; length: number }>;
}

interface Module {
  exports: unknown;
}

/** Loads CommonJS modules that need nothing of `require` but that it is called with a file's name, as those that rolldown makes. */
export class CodeCache {
  private kept: { head: Kept; bytes: Buffer } | undefined;
  private readonly modules = new Map<string, Module>();
  private scripts: { file: string; source: string; script: Script }[] = [];
  private isStale = false;
  private readonly flags = marked();

  /** Never throws. */
  constructor(private readonly file: string) {
    this.kept = readKept(file);
  }

  /** What the module at `file`, an absolute path, exports. Throws what it throws. */
  load(file: string): unknown {
    const loaded = this.modules.get(file);
    if (loaded !== undefined) return loaded.exports;
    const module: Module = { exports: {} };
    this.modules.set(file, module);
    const [folder, require] = [dirname(file), createRequire(file)];
    const run = this.compile(file).runInThisContext() as (...args: unknown[]) => void;
    const load = (name: string): unknown => {
      if (!name.startsWith(".")) return require(name);
      const other = join(folder, name);
      return other in require.cache ? require(other) : this.load(other);
    };
    try {
      run.call(module.exports, module.exports, load, module, file, folder);
    } catch (error) {
      this.modules.delete(file); // as Node.js does: who asks once more gets the error, not half of the module
      throw error;
    }
    return module.exports;
  }

  private compile(file: string): Script {
    const fd = openSync(file, "r");
    let source: string;
    let text: string;
    let isTrusted: boolean;
    try {
      const stats = fstatSync(fd);
      source = identity(stats);
      isTrusted = stats.uid === process.geteuid?.();
      text = readFileSync(fd, "latin1"); // bundle.config.js: ASCII
    } finally {
      closeSync(fd);
    }
    const kept = this.kept?.head.scripts[file];
    const cachedData = isTrusted && kept?.source === source ? this.kept?.bytes.subarray(kept.at, kept.at + kept.length) : undefined;
    // Node's own wrapper. In parentheses, as V8 would read the function twice otherwise.
    const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${text}\n})`, {
      filename: file,
      ...(cachedData && { cachedData }),
    });
    // Whoever runs as this user could have the file say what it likes, but not the source: with capabilities, that is more than he may.
    if (!isTrusted) return script;
    if (!marked().equals(this.flags)) return script; // V8 would refuse it each time, whatever is kept
    if (script.cachedDataRejected !== false) this.isStale = true;
    this.scripts.push({ file, source, script });
    return script;
  }

  /** Keeps what has been compiled so far, if something of it was not kept yet. For once everything that the next start will need has run. Never throws. */
  keep(): void {
    const { scripts } = this;
    this.scripts = [];
    this.kept = undefined;
    if (!this.isStale) return;
    const now = marked();
    const made = scripts.map(({ script, ...what }) => ({ ...what, code: remarked(script.createCachedData(), now, this.flags) }));
    const head: Kept = { node: nodeIdentity(), scripts: {} };
    let at = 0;
    for (const { file, source, code } of made) {
      head.scripts[file] = { source, at, length: code.length };
      at += padded(code.length);
    }
    write(this.file, [Buffer.from(JSON.stringify(head)), ...made.map(({ code }) => code)]);
  }
}

/** Code of nothing, in which V8's mark of its flags is. */
function marked(): Buffer {
  return new Script("").createCachedData();
}

/** `code` as if it had been made with the flags that `then` was made with, not those of `now`: where these differ, the mark is. */
function remarked(code: Buffer, now: Buffer, then: Buffer): Buffer {
  for (let i = 0; i < now.length; i++) if (now[i] !== then[i] && code[i] === now[i]) code[i] = then[i]!;
  return code;
}

/** Which Node.js this is: builds of one version may differ in what V8's code refers to. */
function nodeIdentity(): string {
  return `${process.version} ${process.arch} ${identity(statSync(process.execPath))}`;
}

/** A file that was written to, or is another one in its place, has another one: nobody can set the time of the last change. */
function identity({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(" ");
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** The bytes are those behind the head. */
function readKept(file: string): { head: Kept; bytes: Buffer } | undefined {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile() || !isOurs(stats) || !isOurs(statSync(dirname(file))) || stats.size > MAX_SIZE) return undefined;
      const all = Buffer.from(new ArrayBuffer(stats.size)); // from its beginning: V8 copies what is not aligned
      if (readSync(fd, all) !== all.length) return undefined;
      const length = Number(all.readBigUInt64LE());
      const head = JSON.parse(all.toString("utf8", ALIGNMENT, ALIGNMENT + length)) as Kept;
      return head.node === nodeIdentity() ? { head, bytes: all.subarray(ALIGNMENT + padded(length)) } : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined; // there is none, or it is broken
  }
}

/** Nobody else can change it. */
function isOurs({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

/** In one step, and only where the folder is this user's. */
function write(file: string, parts: Buffer[]): void {
  const part = join(dirname(file), `${process.pid}.code`);
  try {
    if (!isOurs(statSync(dirname(file)))) return;
    const length = Buffer.alloc(ALIGNMENT);
    length.writeBigUInt64LE(BigInt(parts[0]!.length));
    const all = [length, ...parts.flatMap((bytes) => [bytes, Buffer.alloc(padded(bytes.length) - bytes.length)])];
    rmSync(part, { force: true }); // of a dead process that had our number
    const fd = openSync(part, "wx", 0o600);
    try {
      writeFileSync(fd, Buffer.concat(all));
      fsyncSync(fd); // V8 does not look whether its code is whole
    } finally {
      closeSync(fd);
    }
    renameSync(part, file);
  } catch {
    // then the next start takes as long
    try {
      rmSync(part, { force: true });
    } catch {
      // it is not there
    }
  }
}
