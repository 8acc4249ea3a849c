/**
 * npm run mutate: puts small mistakes into the sources, one at a time (`mutants.ts`), and says which of them no unit test notices. See
 * docs/testing.md.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random } from "../support/random.js";
import { type Mutant, mutantsOf } from "./mutants.js";
import type { Job, Result } from "./runner.js";

const FOLDERS = ["wire", "table", "dataplane", "control"];
const USAGE = `npm run mutate -- [FOLDER or FILE under src/ ...] [--sample N] [--seconds N] [--jobs N] [--seed N]

Default: ${FOLDERS.join(" ")}; 100 mutants of each; at most 1800 seconds. --sample 0: all. A line a mutant that no test notices; then the scores.
`;
/** Beside the time that the tests take without a mutant, five times over. */
const GRACE_MS = 4000;
/** Mutants between two looks whether the tests still pass without one. */
const CHECK_EVERY = 20;
/** Which tests may notice: of the same layer and of those that use it most, without those of the machine and of speed. */
const TESTS = /^test\/(wire|mem|table|dataplane|device\/memory|engine\/(?!steady)|control|model|fuzz)/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string", default: "100" },
    seconds: { type: "string", default: "1800" },
    jobs: { type: "string", default: "2" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit();
}

const ROOT = process.cwd();
const RUNNER = fileURLToPath(new URL("runner.js", import.meta.url));

interface Score {
  tried: number;
  caught: number;
  known: number;
  of: number;
}

/** A copy of the project to change, with a process that runs its tests. */
class Copy {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-mutate-"));
  tests: string[] = [];
  private child: ChildProcess | undefined;
  private answer: (message: unknown) => void = () => {};

  constructor() {
    for (const name of ["src", "test", "docs", "native", "package.json", "tsconfig.json"])
      fs.cpSync(path.join(ROOT, name), path.join(this.folder, name), { recursive: true });
    for (const name of ["node_modules", "dist"]) fs.symlinkSync(path.join(ROOT, name), path.join(this.folder, name));
  }

  async start(): Promise<void> {
    // A group of its own: where a mutant loops for ever, so does a child of vitest's.
    const child = fork(RUNNER, [this.folder], { cwd: this.folder, detached: true, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.child = child;
    child.on("message", (message) => this.answer(message));
    child.on("exit", () => this.answer(null));
    const tests = await this.next(60_000);
    if (tests === null) throw new Error("vitest does not start");
    this.tests = tests as string[];
  }

  /** What came of the mutant; null: its tests came to no end. */
  async run(job: Job, timeoutMs: number): Promise<Result | null> {
    this.child!.send(job);
    const result = await this.next(timeoutMs);
    if (result === null) {
      await this.stop();
      fs.copyFileSync(path.join(ROOT, job.file), path.join(this.folder, job.file));
      await this.start();
    }
    return result as Result | null;
  }

  async close(): Promise<void> {
    await this.stop();
    fs.rmSync(this.folder, { recursive: true });
  }

  private next(timeoutMs: number): Promise<unknown> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, null);
      this.answer = (message) => {
        clearTimeout(timer);
        resolve(message);
      };
    });
  }

  private async stop(): Promise<void> {
    if (this.child === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return;
    process.kill(-this.child.pid!, "SIGKILL");
    await once(this.child, "exit");
  }
}

/** Files of src/ that the words name: a folder, or a file. */
function sources(word: string): string[] {
  const at = path.join("src", word.replace(/^src\//, ""));
  if (fs.statSync(at).isFile()) return [at];
  return fs
    .readdirSync(at, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => path.join(at, name))
    .sort();
}

/** Test files that import `file`, directly or not. */
function importersOf(tests: string[]): (file: string) => string[] {
  const reached = new Map(tests.map((test) => [test, new Set<string>()]));
  for (const [test, seen] of reached) {
    const waiting = [test];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (seen.has(next) || !fs.existsSync(next)) continue;
      seen.add(next);
      for (const [, from] of fs.readFileSync(next, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g))
        waiting.push(path.join(path.dirname(next), from!).replace(/\.js$/, ".ts"));
    }
  }
  return (file) => tests.filter((test) => reached.get(test)!.has(file));
}

/** Lines of equivalent.txt, which says what they mean. */
const equivalents = fs
  .readFileSync(path.join(ROOT, "test/mutate/equivalent.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t"));

function isKnown({ file, line, from, to }: Mutant, lines: string[]): boolean {
  return equivalents.some(
    ([where, what = ""]) => where === file && (what.includes(" -> ") ? what === `${from} -> ${to}` : lines[line - 1]!.includes(what)),
  );
}

function shuffle<T>(items: T[]): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

const random = new Random(Number(values.seed));
const words = positionals.length > 0 ? positionals : FOLDERS;
const scores = new Map<string, Score>();
const sample: { word: string; mutant: Mutant }[] = [];
for (const word of words) {
  const all = sources(word).flatMap((file) => {
    const text = fs.readFileSync(file, "utf8");
    const lines = text.split("\n");
    return mutantsOf(file, text).map((mutant) => ({ mutant, known: isKnown(mutant, lines) }));
  });
  const chosen = all.flatMap(({ mutant, known }) => (known ? [] : [mutant]));
  shuffle(chosen);
  const some = Number(values.sample) === 0 ? chosen : chosen.slice(0, Number(values.sample));
  scores.set(word, { tried: 0, caught: 0, known: all.length - chosen.length, of: chosen.length });
  sample.push(...some.map((mutant) => ({ word, mutant })));
}
shuffle(sample); // folder after folder, the last ones would be left out when time is up

const end = Date.now() + Number(values.seconds) * 1000;
const copies = Array.from({ length: Number(values.jobs) }, () => new Copy());
/** Of each test file: milliseconds without a mutant, and mutants that it caught. */
const cost = new Map<string, number>();
const catches = new Map<string, number>();

/** The test of the same name first, as it most often notices; then the others, those that notice most for their time before the rest. */
function groups(file: string, tests: string[]): string[][] {
  const twin = tests.filter((test) => path.basename(test).split(".")[0] === path.basename(file, ".ts"));
  const worth = (test: string): number => ((catches.get(test) ?? 0) + 0.1) / (cost.get(test) ?? 1);
  const others = tests.filter((test) => !twin.includes(test)).sort((a, b) => worth(b) - worth(a));
  return [twin, others.slice(0, 6), others.slice(6)].filter((group) => group.length > 0);
}

async function measure(copy: Copy, importers: (file: string) => string[]): Promise<void> {
  const { file } = sample[0]!.mutant;
  const text = fs.readFileSync(file, "utf8");
  for (const test of new Set(sample.flatMap(({ mutant }) => importers(mutant.file)))) {
    const result = await copy.run({ file, text, tests: [test] }, 120_000);
    if (result === null || result.killedBy !== null) throw new Error(`${test} fails without a mutant`);
    cost.set(test, result.ms);
  }
}

/** Whether a test notices. */
async function isCaught(copy: Copy, { file, text }: Mutant, tests: string[]): Promise<boolean> {
  for (const group of groups(file, tests)) {
    const alone = group.reduce((sum, test) => sum + cost.get(test)!, 0);
    const result = await copy.run({ file, text, tests: group }, Math.round(GRACE_MS + 5 * alone));
    if (result === null) return true;
    if (result.killedBy === null) continue;
    catches.set(result.killedBy, (catches.get(result.killedBy) ?? 0) + 1);
    return true;
  }
  return false;
}

/** Else all mutants would seem to be noticed. */
async function checkUnchanged(copy: Copy, mutant: Mutant, tests: string[]): Promise<void> {
  const result = await copy.run({ file: mutant.file, text: fs.readFileSync(mutant.file, "utf8"), tests }, 600_000);
  if (result?.killedBy !== null) throw new Error(`${result?.killedBy} fails without a mutant, after others`);
}

async function work(copy: Copy, importers: (file: string) => string[]): Promise<void> {
  let done = 0;
  for (let next = sample.pop(); next !== undefined && Date.now() < end; next = sample.pop()) {
    const { word, mutant } = next;
    const score = scores.get(word)!;
    if (++done % CHECK_EVERY === 0) await checkUnchanged(copy, mutant, importers(mutant.file));
    score.tried++;
    if (await isCaught(copy, mutant, importers(mutant.file))) score.caught++;
    else process.stdout.write(`${mutant.file}:${mutant.line}\t${mutant.from} -> ${mutant.to}\n`);
  }
}

async function cleanUp(): Promise<void> {
  await Promise.all(copies.map((copy) => copy.close()));
  fs.rmSync(path.dirname(RUNNER), { recursive: true });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  await Promise.all(copies.map((copy) => copy.start()));
  const importers = importersOf(copies[0]!.tests.filter((test) => TESTS.test(test)));
  await measure(copies[0]!, importers);
  await Promise.all(copies.map((copy) => work(copy, importers)));
} finally {
  await cleanUp();
}
process.stdout.write(`\nseed ${values.seed}\n`);
for (const [word, { tried, caught, known, of }] of scores)
  process.stdout.write(
    `${word}: ${caught} of ${tried} noticed (${((100 * caught) / tried).toFixed(1)} %), of ${of} mutants; ${known} more change nothing\n`,
  );
