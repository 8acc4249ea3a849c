/**
 * Gives back memory that is resident and not needed any more: pages of code and constants, of Node.js above all, which the start has used, or
 * work that is over. They are in their files still, and come back from the page cache when they are touched, 64 KiB with each fault.
 *
 * Once soon after the start; later only while hardly anything is forwarded, so that no packet waits for the loop's own code.
 */
import { readFileSync } from "node:fs";
import { native } from "../sys/native.js";

/** What starts, or was given back and is needed all the same, has come to rest by then. */
const SETTLE_MS = 1_000;
const LOOK_MS = 10_000;
/** Packets from one look to the next, at most, for it to be quiet. */
const QUIET_PACKETS = 1_000;
/** It is done again when so much more has come back. */
const WORTH_KIB = 4 << 10;

export interface MemorySystem {
  /** KiB of files that are resident. */
  residentOfFiles(): number;
  /** As `native.forgetCode`. */
  forgetCode(): number;
}

const SYSTEM: MemorySystem = {
  residentOfFiles: () => {
    try {
      return Number(readFileSync("/proc/self/statm", "latin1").split(" ")[2]) * 4; // shared pages, proc_pid_statm(5)
    } catch {
      return 0; // no descriptor is left: then nothing is given back
    }
  },
  forgetCode: () => native.forgetCode(),
};

/** Starts that; answers how to end it. `packets`: forwarded so far. */
export function giveBackSpareMemory(packets: () => number, system: MemorySystem = SYSTEM): () => void {
  let timer: NodeJS.Timeout;
  let before = 0;
  let needed = 0; // KiB that came back at once
  const next = (step: () => void, ms: number): void => {
    timer = setTimeout(step, ms).unref();
  };
  const forget = (): void => {
    system.forgetCode();
    next(() => {
      needed = system.residentOfFiles();
      next(look, LOOK_MS);
    }, SETTLE_MS);
  };
  const look = (): void => {
    const now = packets();
    const isQuiet = now - before <= QUIET_PACKETS;
    before = now;
    if (isQuiet && system.residentOfFiles() - needed >= WORTH_KIB) forget();
    else next(look, LOOK_MS);
  };
  next(forget, SETTLE_MS);
  return () => clearTimeout(timer);
}
