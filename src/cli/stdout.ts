/** What commands print. A pipe takes 64 KiB at a time, and whoever reads it may be slow: a command is not over before all of it is with him. */

export type Write = (text: string) => unknown;

let last: Promise<void> = Promise.resolve();
let isTelling = false;

/** Prints an answer, which `printed` waits for. */
export const stdout: Write = (text) => {
  last = new Promise((resolve) => process.stdout.write(text, () => resolve()));
};

/** Prints what a running instance tells, which goes on, and ends, whether or not anybody reads it. */
export const tell: Write = (text) => {
  isTelling = true;
  return process.stdout.write(text);
};

/** Whether a running instance has told something: then nobody needs to read on. */
export function goesOnUnread(): boolean {
  return isTelling;
}

/** Resolves when all answers are with whoever reads them. */
export function printed(): Promise<void> {
  return last;
}
