/**
 * Files of V8's code in the run folder (`code-cache.ts`): `main-job-INSTALLATION.code`, and, until it is whole, with a random number behind that. Apart, as who
 * cleans up has no such code.
 */
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const NAME = /^main-job-[0-9a-f]{8}\.code(\.[0-9a-f]+)?$/;
/** Nobody takes so long to write one. Who was stopped meanwhile finds it gone, and keeps nothing. */
const WRITTEN_MS = 10_000;

/** `installation`: 32 bits that tell it from others. */
export function keptCodeName(installation: number): string {
  return `main-job-${(installation >>> 0).toString(16).padStart(8, "0")}.code`;
}

/**
 * Removes what writers have left that are no more, and those files that were written before the latest `most`; 0: all, also what is being written.
 * What this user may not remove stays. Answers how many it has removed.
 */
export function removeKeptCode(folder: string, { most }: { most: number }): number {
  const now = Date.now();
  const files = filesIn(folder);
  const parts = files.filter(({ isPart, at }) => isPart && (most === 0 || now - at > WRITTEN_MS));
  const whole = files.filter(({ isPart }) => !isPart).sort((one, other) => other.at - one.at);
  return [...parts, ...whole.slice(most)].filter(({ path }) => isDone(() => rmSync(path))).length;
}

function filesIn(folder: string): { path: string; isPart: boolean; at: number }[] {
  let names: string[] = [];
  isDone(() => {
    names = readdirSync(folder);
  });
  return names.flatMap((name) => {
    const [found, number] = NAME.exec(name) ?? [];
    if (found === undefined) return [];
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, isPart: number !== undefined, at: stats.mtimeMs }];
  });
}

function isDone(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
