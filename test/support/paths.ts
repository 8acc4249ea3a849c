/** Where things lie. The benchmark runs compiled, in `bench/dist`, so the project's folder is looked for upwards, not counted. */
import fs from "node:fs";
import path from "node:path";

/** The nearest folder above `from` that has a package.json, with a slash at its end. Throws when there is none up to `/`. */
export function findRoot(from: string = import.meta.dirname): string {
  for (let dir = from; ; dir = path.dirname(dir)) {
    if (fs.existsSync(path.join(dir, "package.json"))) return dir.endsWith("/") ? dir : `${dir}/`;
    if (dir === path.dirname(dir)) throw new Error(`no folder above ${from} has a package.json: run this where the project's files are`);
  }
}

/** The project's folder, with a slash at its end. */
export const ROOT = findRoot();
/** The shipped command. */
export const COMMAND = `${ROOT}dist/cli/tsproxy`;
/** What is Node.js of it. */
export const MAIN = `${ROOT}dist/cli/main.js`;
/** The launcher that stands in for docker-proxy. */
export const LAUNCHER = `${ROOT}native/build/tsproxy-docker-proxy`;
