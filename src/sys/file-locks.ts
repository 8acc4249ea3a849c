/** Who has locked which files, by /proc/locks (proc_locks(5)). */
import { readFileSync, statSync } from "node:fs";

/** Columns of a line: `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE START END`, the device's numbers hexadecimal. */
const KIND = 1,
  FILE = 5;

/**
 * Whether somebody has locked a file by flock(2), as far as it can be told without locking it: what is hidden from here, as from a process
 * namespace other than the first one, counts as free, and so does a file that is gone.
 */
export function lockedFiles(locks = "/proc/locks"): (path: string) => boolean {
  const locked = new Set<string>();
  for (const line of read(locks).split("\n")) {
    const columns = line.split(/\s+/);
    if (columns[KIND] === "FLOCK") locked.add(columns[FILE] ?? "");
  }
  return (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && locked.has(`${deviceName(stat.dev)}:${stat.ino}`);
  };
}

/** As the kernel prints it (lock_get_status, fs/locks.c), of what stat(2) has: makedev(3). */
function deviceName(dev: number): string {
  const device = BigInt(dev);
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return [major, minor].map((number) => number.toString(16).padStart(2, "0")).join(":");
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // then nobody is known to have one
  }
}
