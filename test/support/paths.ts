/** Where things lie. The benchmark runs compiled, in `bench/dist`, so the project's folder is looked for upwards, not counted. */
import fs from "node:fs";
import path from "node:path";

function findRoot(): string {
  let dir = import.meta.dirname;
  while (!fs.existsSync(path.join(dir, "package.json"))) dir = path.dirname(dir);
  return `${dir}/`;
}

/** The project's folder, with a slash at its end. */
export const ROOT = findRoot();
/** The shipped command. */
export const COMMAND = `${ROOT}dist/cli/tsproxy`;
/** What is Node.js of it. */
export const MAIN = `${ROOT}dist/cli/main.js`;
/** The launcher that stands in for docker-proxy. */
export const LAUNCHER = `${ROOT}native/build/tsproxy-docker-proxy`;
