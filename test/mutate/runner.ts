/**
 * runner.js FOLDER: runs tests of the copy of the project in FOLDER for `main.ts`, all in one process, which costs least. A message says which
 * file has which text meanwhile, and which test files to run. Where a mutant comes to no end, `main.ts` ends this process.
 */
import fs from "node:fs";
import path from "node:path";
import { createVitest } from "vitest/node";

export interface Job {
  file: string;
  text: string;
  tests: string[];
}

export interface Result {
  /** The test file that failed, the first one; null: none did. */
  killedBy: string | null;
  ms: number;
}

const folder = process.argv[2]!;
const vitest = await createVitest("test", {
  root: folder,
  config: path.join(folder, "test/vitest.config.ts"),
  project: ["unit"],
  watch: false,
  bail: 1,
  testTimeout: 120_000, // `main.ts` knows how long they should take
  fileParallelism: false,
  reporters: [{}],
  api: false,
});
await vitest.standalone();
const specifications = new Map((await vitest.globTestSpecifications()).map((each) => [path.relative(folder, each.moduleId), each]));

async function run({ file, text, tests }: Job): Promise<Result> {
  const start = performance.now();
  const full = path.join(folder, file);
  const original = fs.readFileSync(full);
  fs.writeFileSync(full, text);
  vitest.invalidateFile(full);
  // What failed in an earlier run would count for `bail` in this one.
  vitest.state.filesMap.clear();
  vitest.state.idMap.clear();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(tests.map((test) => specifications.get(test)!));
  fs.writeFileSync(full, original);
  vitest.invalidateFile(full);
  const failed = testModules.find((module) => !module.ok());
  const ms = performance.now() - start;
  if (failed !== undefined) return { killedBy: path.relative(folder, failed.moduleId), ms };
  return { killedBy: unhandledErrors.length > 0 ? tests[0]! : null, ms };
}

process.on("message", (job: Job) => void run(job).then((result) => process.send!(result)));
process.on("disconnect", () => process.exit());
process.send!([...specifications.keys()]);
