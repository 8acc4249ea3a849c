/** Of this run, the code that V8 has made, or had made for an earlier run (`sys/code-cache.ts`). */
import { join } from "node:path";
import { runDir } from "../api/paths.js";
import { CodeCache } from "../sys/code-cache.js";

let code: CodeCache | undefined;

/** Where the program is to be loaded from; undefined: as ever, since what `words` call for is not the main job. `main`: its first file. */
export function programCode(words: readonly string[], main: string): CodeCache | undefined {
  if (!words[0]?.startsWith("-")) return undefined;
  try {
    code = new CodeCache(join(runDir(), `main-job-${hash(main)}.code`)); // of several installations each has its own
  } catch {
    // what is wrong with the folder is said later
  }
  return code;
}

/** Keeps it, once all has run that a start needs. */
export function keepProgramCode(): void {
  code?.keep();
  code = undefined;
}

/** FNV-1a, 32 bits. */
function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (const byte of Buffer.from(text)) sum = Math.imul(sum ^ byte, 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, "0");
}
