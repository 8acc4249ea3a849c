/** Processes by their number, as files and filters name the one that has made them. */
import fs from "node:fs";
import { errnoName, native } from "./native.js";

/** Errors by which the kernel says that a number is no process: nobody has it, or it is that of a thread. */
const NONE = new Set(["ESRCH", "EINVAL", "ENOENT"]);

/**
 * Whether a process of that number lives, as far as it is to be seen from this process namespace; one that has ended, and that nobody has waited for, does not.
 * The number may be another one's by now. What /proc hides (hidepid) is seen all the same.
 */
export function isAlive(pid: number): boolean {
  const fd = native.pidfdOpen(pid);
  if (fd >= 0) fs.closeSync(fd);
  else if (NONE.has(errnoName(fd)) || !isThere(pid)) return false; // another error: before Linux 5.3, or not allowed
  return !isZombie(pid);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** State of proc(5), `stat`: the first field behind the name, which may hold anything. */
function isZombie(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return /^[ZX] /.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false; // hidden
  }
}
