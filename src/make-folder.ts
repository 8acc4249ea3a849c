/** Folders, made with those above them. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder, and those above it, if they are not there. `mkdirSync` with `recursive` never returns where the kernel says ENOENT though the folder above is
 * there, as in /proc. Throws what `mkdirSync` throws.
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (isFolder(path)) return;
  try {
    make(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    makeFolder(parent, mode); // is there, if somebody else has made it meanwhile
    make(path, mode);
  }
}

function make(path: string, mode: number): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !isFolder(path)) throw error; // else somebody else has made it meanwhile
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // or not to be seen: then it cannot be made either
  }
}
