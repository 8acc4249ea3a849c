/** Of this run, the code that V8 has made, or had made for an earlier run (`sys/code-cache.ts`). */
import { createRequire } from "node:module";
import { join } from "node:path";
import { runDir } from "../api/paths.js";
import { CodeCache } from "../sys/code-cache.js";
import { keptCodeName } from "../sys/kept-code.js";
import type { Native } from "../sys/native.js";
import { addonFile } from "../sys/native-files.js";
import { textHash } from "../sys/text-hash.js";

let code: CodeCache | undefined;

/** Where the program is to be loaded from; undefined: as ever, since what `words` call for is not the main job. `main`: its first file. */
export function programCode(words: readonly string[], main: string): CodeCache | undefined {
  if (!words[0]?.startsWith("-")) return undefined;
  try {
    const file = join(runDir(), keptCodeName(textHash(main))); // of several installations each has its own
    const { sum } = createRequire(import.meta.url)(addonFile() ?? "") as Native;
    code = new CodeCache(file, sum);
  } catch {
    // what is wrong with the folder, or the addon, is said later
  }
  return code;
}

/** Keeps it, once all has run that a start needs. `random`: as of `CodeCache.keep`. */
export function keepProgramCode(random: () => string): void {
  code?.keep(random());
  code = undefined;
}
