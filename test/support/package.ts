/** The package as users get it: `npm pack` of a copy of this source tree, installed by `npm i -g` with a Node of the registry's. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./paths.js";

const run = promisify(execFile);
/** What `npm pack` needs, of which `native/build` is this machine's own. */
const SOURCES = ["src", "native", "docs", "examples", "package.json", "package-lock.json", "tsconfig.json", "README.md", "LICENSE"];
const OWN = path.join(ROOT, "native/build");
const NPM_CLI = fs.realpathSync(which("npm"));

export type Arch = "x64" | "arm64";

export interface Installed {
  prefix: string;
  /** `PREFIX/bin/tsproxy`. */
  tsproxy: string;
  /** `PREFIX/lib/node_modules/tsproxy/`. */
  folder: string;
  /** With this Node in front of the rest. */
  env: { PATH: string };
}

function which(name: string): string {
  const dir = (process.env.PATH ?? "").split(":").find((folder) => fs.existsSync(`${folder}/${name}`));
  if (dir === undefined) throw new Error(`${name} is not installed`);
  return `${dir}/${name}`;
}

/** Packs a copy of this tree in `dir`, so that nobody else's `dist/` changes; the tarball's path. */
export async function pack(dir: string): Promise<string> {
  const tree = path.join(dir, "tree");
  await run("sh", [path.join(ROOT, "native/prebuild.sh")]); // once for all copies
  const filter = (file: string): boolean => file !== OWN;
  for (const name of SOURCES)
    fs.cpSync(path.join(ROOT, name), path.join(tree, name), { recursive: true, preserveTimestamps: true, filter });
  fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(tree, "node_modules"));
  await run("npm", ["pack", "--pack-destination", dir], { cwd: tree });
  return path.join(dir, fs.readdirSync(dir).find((name) => name.endsWith(".tgz"))!);
}

/** Fetches Node in these versions for an architecture; path of the program for each. Throws when the registry cannot be reached. */
export async function fetchNodes(dir: string, versions: readonly number[], arch: Arch): Promise<Map<number, string>> {
  const prefix = path.join(dir, `nodes-${arch}`);
  const aliases = versions.map((version) => `node${version}@npm:node-linux-${arch}@${version}`);
  fs.mkdirSync(prefix);
  await run("npm", ["i", "--prefix", prefix, "--force", "--ignore-scripts", "--no-audit", "--no-fund", ...aliases]);
  return new Map(versions.map((version) => [version, path.join(prefix, "node_modules", `node${version}`, "bin/node")]));
}

/** `npm i -g` by that Node with nothing else in the way: no compiler, no shell, nothing of `PATH` but Node. */
export async function install(dir: string, tarball: string, node: string): Promise<Installed> {
  const prefix = fs.mkdtempSync(path.join(dir, "prefix-"));
  await npm(node, ["i", "-g", "--prefix", prefix, "--no-audit", "--no-fund", tarball]);
  const env = { PATH: `${path.dirname(node)}:${process.env.PATH}` };
  return { prefix, tsproxy: path.join(prefix, "bin/tsproxy"), folder: path.join(prefix, "lib/node_modules/tsproxy/"), env };
}

/** What tsc finds wrong with `files`, programs that import the installed `tsproxy`, with these packages of types; "" for nothing. */
export async function typeErrors({ folder }: Installed, dir: string, files: Record<string, string>, types: string[]): Promise<string> {
  const project = fs.mkdtempSync(path.join(dir, "consumer-"));
  fs.mkdirSync(path.join(project, "node_modules"));
  fs.symlinkSync(folder, path.join(project, "node_modules/tsproxy"));
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(project, name), content);
  const compilerOptions = { module: "nodenext", target: "es2022", strict: true, exactOptionalPropertyTypes: true, noEmit: true };
  const config = {
    compilerOptions: { ...compilerOptions, allowJs: true, checkJs: true, types, typeRoots: [path.join(ROOT, "node_modules/@types")] },
    files: Object.keys(files),
  };
  fs.writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify(config));
  fs.writeFileSync(path.join(project, "package.json"), '{ "type": "module" }');
  return run(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", "."], { cwd: project }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string; message: string }) => error.stdout || error.message,
  );
}

/** `npm rm -g`; files and links that are then left. */
export async function uninstall({ prefix }: Installed, node: string): Promise<string[]> {
  await npm(node, ["rm", "-g", "--prefix", prefix, "tsproxy"]);
  const entries = fs.readdirSync(prefix, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name));
}

async function npm(node: string, args: string[]): Promise<void> {
  await run(node, [NPM_CLI, ...args], { env: { ...process.env, PATH: path.dirname(node) } });
}
