/**
 * What runs is made of few files: each that Node.js loads costs half a millisecond of the start. `dist/engine/worker.cjs` is one file;
 * `dist/cli/main.js` loads from `dist/run` what a command needs. What only the main job needs is there in one file, `main-job.js`, of which
 * what it begins with is in another, `early.js`; what it has in common with commands is in `shared.js`; the rest is as rolldown divides it.
 *
 * Everything lies two levels below the package's root, as the modules in `dist` do: they find files by `import.meta.url`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("..", import.meta.url));

/** Files that `file` imports at once, and these in turn, with itself. */
function staticImports(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, "utf8");
  for (const [, from] of source.matchAll(/^(?:import|export) (?!type\b)(?:[^;"]* from )?"(\.[^"]+)\.js";/gm))
    staticImports(`${resolve(dirname(file), from)}.ts`, seen);
  return seen;
}

const union = (files) => new Set(files.flatMap((file) => [...staticImports(file)]));
const inFolder = (folder) => readdirSync(join(SRC, folder), { recursive: true, encoding: "utf8" }).map((file) => join(SRC, folder, file));

const NATIVE = join(SRC, "sys/native.ts");
const cli = inFolder("cli").filter((file) => file.endsWith(".ts"));
const late = cli.flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(/import\("(\.[^"]+)\.js"\)/g)].map(([, to]) => `${resolve(dirname(file), to)}.ts`),
);
/** What commands load that need no addon, and must work where it cannot be loaded. */
const light = union([...cli, ...late].filter((file) => !staticImports(file).has(NATIVE)));
const mainJob = union(["standalone/main-job.ts", "standalone/probe.ts", "control/target-views.ts"].map((file) => join(SRC, file)));
/** What is begun before the rest is loaded. */
const early = union([join(SRC, "control/begin.ts")]);
const MAIN = join(SRC, "cli/main.ts");
const always = union([MAIN, join(SRC, "cli/program.ts")]);
always.delete(MAIN); // it waits for them
const isMainJob = (id) => mainJob.has(id) || always.has(id);

/** V8 keeps the source of what runs, and twice as large if one letter in it is none of Latin-1. */
const small = { format: "esm", sourcemap: true, comments: { legal: true, annotation: false, jsdoc: false }, charset: "ascii" };

export default [
  {
    input: join(SRC, "engine/worker.ts"),
    platform: "node",
    output: { ...small, format: "cjs", file: "dist/engine/worker.cjs" }, // CommonJS: docs/performance.md
  },
  {
    input: join(SRC, "cli/main.ts"),
    platform: "node",
    preserveEntrySignatures: false,
    checks: { ineffectiveDynamicImport: false },
    output: {
      ...small,
      dir: "dist",
      entryFileNames: "cli/main.js",
      chunkFileNames: "run/[name].js",
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [
          { name: "early", test: (id) => early.has(id) && !light.has(id) },
          { name: "main-job", test: (id) => isMainJob(id) && !light.has(id) },
          { name: "shared", test: (id) => (isMainJob(id) && light.has(id)) || id.includes("/node_modules/commander/") },
        ],
      },
    },
  },
];
