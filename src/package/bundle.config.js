/**
 * What runs is made of few files: each that Node.js loads costs half a millisecond of the start. `dist/engine/worker.cjs` is one file;
 * `dist/cli/main.js` loads from `dist/run` what a command needs. What only the main job needs is there in one file, `main-job.cjs`, of which
 * what it begins with is in another, `early.cjs`; what it has in common with commands is in `shared.cjs`; the rest is as rolldown divides it.
 * `dist/package/main.js` is for builds alone.
 *
 * They are CommonJS: for ES modules Node.js needs 6 ms more (decision 205).
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
const runs = { format: "cjs", sourcemap: true, comments: { legal: true, annotation: false, jsdoc: false }, charset: "ascii" };

/**
 * Modules of Node.js are loaded when they are first used: `node:crypto`, `node:http` and `node:child_process`, 4 ms together, the main job needs
 * after `ready`, if ever.
 */
const lateBuiltins = {
  name: "late-builtins",
  renderChunk(code) {
    const late = new Set();
    const changed = code
      .replace(/^(\s*)(?:let|const) (\w+) = (require\("node:([\w/]+)"\));$/gm, (line, indent, name, load, module) => {
        if (LOADED.has(module)) return line;
        late.add(name);
        return `${indent}const ${name} = late(() => ${load});`;
      })
      .replace(/^(\w+) = \S*__toESM\(\1(?:, 1)?\);$/gm, (line, name) => (late.has(name) ? "" : line));
    return late.size === 0 ? null : { code: changed.replace(/^(#!.*\n)?/, `$1${LATE}`), map: null };
  },
};
/** Node.js itself has loaded these. */
const LOADED = new Set(["buffer", "events", "fs", "module", "path", "process", "timers", "url", "util"]);
const LATE = 'const late = (load) => new Proxy({}, { get: (_, name) => (name === "default" ? load() : load()[name]) }); ';

/** A file that is loaded in the middle of loading another one would find that empty. */
const noCycles = {
  name: "no-cycles",
  generateBundle(_, bundle) {
    const visit = (file, way) => {
      if (way.includes(file)) throw new Error(`files load each other: ${[...way, file].join(" -> ")}`);
      for (const next of bundle[file]?.imports ?? []) visit(next, [...way, file]);
    };
    for (const file of Object.keys(bundle)) visit(file, []);
  },
};

export default [
  {
    input: join(SRC, "engine/worker.ts"),
    platform: "node",
    plugins: [lateBuiltins],
    output: { ...runs, file: "dist/engine/worker.cjs" },
  },
  {
    input: join(SRC, "cli/main.ts"),
    platform: "node",
    preserveEntrySignatures: false,
    plugins: [lateBuiltins, noCycles],
    checks: { ineffectiveDynamicImport: false },
    output: {
      ...runs,
      dir: "dist",
      entryFileNames: "cli/main.js",
      chunkFileNames: "run/[name].cjs",
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [
          { name: "early", test: (id) => early.has(id) && !light.has(id) },
          { name: "main-job", test: (id) => isMainJob(id) && !light.has(id) },
          {
            name: "shared",
            test: (id) => (isMainJob(id) && light.has(id)) || id.includes("/node_modules/commander/") || id.includes("rolldown/runtime"),
          },
          { name: "valibot", test: (id) => id.includes("/node_modules/valibot/") },
        ],
      },
    },
  },
  {
    input: join(SRC, "package/main.ts"),
    platform: "node",
    checks: { ineffectiveDynamicImport: false },
    output: { format: "esm", codeSplitting: false, file: "dist/package/main.js" },
  },
];
