/**
 * V8's code of what a start runs, kept for the next one: to read 600 KB of source and to compile what is called takes the main job's control
 * thread a fifth of its time up to `ready`.
 *
 * It is one file in the run folder, which is empty after the machine's start. Words of 4 bytes, little-endian: the sum of all that follows the first 8 bytes
 * (`native.sum`), and the length of the JSON that comes next (`Kept`); zeros up to a multiple of 8; then the code of one script after the other, likewise. V8 itself refuses code of another version
 * of V8, or made with other flags; we do where Node.js or a source file is another one. What is refused is compiled as ever, and kept anew. V8 does not look
 * whether its code is whole, and what is not would end the process: so the sum.
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
import { removeKeptCode } from "./kept-code.js";

/** Several times what it has. */
const MAX_SIZE = 4 << 20;
/** V8 copies code that does not begin at a multiple of it. */
const ALIGNMENT = 8;
const HEAD_AT = 8;
/** Of several installations each keeps its own. Each has up to a megabyte of memory, if the run folder is where it should be. */
const MAX_FILES = 4;
/**
 * Where V8's code has the mark of its flags: behind a magic number, the hash of V8's version and that of the source, each of 4 bytes
 * (`SerializedCodeData`, src/snapshot/code-serializer.h).
 */
const FLAGS_AT = 12,
  FLAGS_END = 16;

interface Kept {
  node: string;
  scripts: Record<string, { source: string; at: number; length: number }>;
}

type Sum = (bytes: Uint8Array) => number;

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
  /** Of the file that runs: there may be another one in its place by the time that code is kept. */
  private readonly node = nodeIdentity();

  /** `sum`: `native.sum`, of the addon that may not be there. Never throws. */
  constructor(
    private readonly file: string,
    private readonly sum: Sum,
  ) {
    if (this.node !== undefined) this.kept = readKept(file, this.node, sum);
  }

  /** What the module at `file`, an absolute path, exports. Throws what it throws. */
  load(file: string): unknown {
    const loaded = this.modules.get(file);
    if (loaded !== undefined) return loaded.exports;
    const module: Module = { exports: {} };
    const [folder, require] = [dirname(file), createRequire(file)];
    const load = (name: string): unknown => {
      if (!name.startsWith(".")) return require(name);
      const other = join(folder, name);
      return other in require.cache ? require(other) : this.load(other);
    };
    this.modules.set(file, module);
    try {
      const run = this.compile(file).runInThisContext() as (...args: unknown[]) => void;
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

  /**
   * Keeps what has been compiled so far, if something of it was not kept yet. For once everything that the next start will need has run. `random`: of the name
   * that the file has until it is whole, hexadecimal digits that no other process has, whatever its number. Never throws.
   */
  keep(random: string): void {
    const { scripts, node } = this;
    this.scripts = [];
    this.kept = undefined;
    if (!this.isStale || node === undefined) return;
    try {
      if (!isOurs(statSync(dirname(this.file)))) return;
      write(this.file, random, () => this.image(node, scripts));
      removeKeptCode(dirname(this.file), { most: MAX_FILES });
    } catch {
      // then the next start takes as long
    }
  }

  /** Throws where it would not be taken. */
  private image(node: string, scripts: readonly { file: string; source: string; script: Script }[]): Buffer {
    const head: Kept = { node, scripts: {} };
    let at = 0;
    const codes = scripts.map(({ file, source, script }) => {
      const code = this.asAtFirst(script.createCachedData());
      head.scripts[file] = { source, at, length: code.length };
      at += padded(code.length);
      return code;
    });
    const text = Buffer.from(JSON.stringify(head));
    const codesAt = padded(HEAD_AT + text.length);
    const size = codesAt + at;
    if (size > MAX_SIZE) throw new Error(`${size} bytes of code`);
    const all = Buffer.from(new ArrayBuffer(size));
    all.writeUInt32LE(text.length, 4);
    text.copy(all, HEAD_AT);
    at = codesAt;
    for (const code of codes) {
      code.copy(all, at);
      at += padded(code.length);
    }
    all.writeUInt32LE(this.sum(all.subarray(HEAD_AT)));
    return all;
  }

  /** With the mark of the flags that there were at first. Throws where that is not all that code of nothing differs in: V8 has its mark elsewhere. */
  private asAtFirst(code: Buffer): Buffer {
    const nothing = marked();
    for (const each of [nothing, code]) this.flags.copy(each, FLAGS_AT, FLAGS_AT, FLAGS_END);
    if (!nothing.equals(this.flags)) throw new Error("V8 marks its code in another way");
    return code;
  }
}

/** Code of nothing, in which V8's mark of its flags is. */
function marked(): Buffer {
  return new Script("").createCachedData();
}

/** Which Node.js this is: builds of one version may differ in what V8's code refers to. Undefined: there is nothing to tell it by. */
function nodeIdentity(): string | undefined {
  try {
    return `${process.version} ${process.arch} ${identity(statSync("/proc/self/exe"))}`;
  } catch {
    return undefined;
  }
}

/** A file that was written to, or is another one in its place, has another one: nobody can set the time of the last change. */
function identity({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(" ");
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** The bytes are those behind the head. */
function readKept(file: string, node: string, sum: Sum): { head: Kept; bytes: Buffer } | undefined {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile() || !isOurs(stats) || !isOurs(statSync(dirname(file)))) return undefined;
      if (stats.size < HEAD_AT || stats.size > MAX_SIZE || stats.size % ALIGNMENT !== 0) return undefined;
      const all = Buffer.from(new ArrayBuffer(stats.size)); // from its beginning: V8 copies what is not aligned
      if (readSync(fd, all) !== all.length || all.readUInt32LE() !== sum(all.subarray(HEAD_AT))) return undefined;
      const length = all.readUInt32LE(4);
      const head = JSON.parse(all.toString("utf8", HEAD_AT, HEAD_AT + length)) as Kept;
      return head.node === node ? { head, bytes: all.subarray(padded(HEAD_AT + length)) } : undefined;
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

/**
 * In one step; what is to be written is made once there is a file for it. Not synced, which a disk takes long for: after a power cut the sum tells what is not
 * whole.
 */
function write(file: string, random: string, image: () => Buffer): void {
  const part = `${file}.${random}`;
  const fd = openSync(part, "wx", 0o600);
  try {
    writeFileSync(fd, image());
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
