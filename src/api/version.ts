import { readFileSync } from "node:fs";

/** The package's version. */
export function version(): string {
  return (read("../../package.json") as { version: string }).version;
}

/** The commit that was built, as `git describe` has it; undefined where none was noted (`build:info` in package.json). */
export function commit(): string | undefined {
  try {
    return (read("../build-info.json") as { commit?: string }).commit || undefined;
  } catch {
    return undefined;
  }
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
}
