/**
 * Where warnings go. `cli/` points it at standard error; tests collect. Nothing on the packet path logs; what may be said as often as somebody
 * outside wishes (a target that refuses connections, say) cannot fill a disk: after BURST warnings come PER_SEC a second, and how many were left out.
 */
export type LogSink = (level: "info" | "warn", message: string) => void;

const BURST = 50,
  PER_SEC = 5;

let sink: LogSink = () => {};
let clock: () => number = () => performance.now();
/** Warnings that may still be said, and when that was last reckoned, in milliseconds. */
let room = BURST;
let reckonedAt = 0;
let leftOut = 0;

/** `now`: milliseconds, of a clock that never goes back. */
export function setLogSink(next: LogSink, now: () => number = () => performance.now()): void {
  sink = next;
  clock = now;
  room = BURST;
  reckonedAt = now();
  leftOut = 0;
}

function warn(message: string): void {
  const now = clock();
  room = Math.min(BURST, room + ((now - reckonedAt) * PER_SEC) / 1000);
  reckonedAt = now;
  if (room < 1) {
    leftOut++;
    return;
  }
  room--;
  if (leftOut > 0) sink("warn", `${leftOut} warnings were left out: too many at once`);
  leftOut = 0;
  sink("warn", message);
}

export const log = {
  info: (message: string): void => sink("info", message),
  warn,
  /** A fault of ours that ends nothing; with TSPROXY_DEBUG set, where it happened. */
  fault: (what: string, error: unknown): void => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    warn(`internal error in ${what}: ${(process.env.TSPROXY_DEBUG && stack) || message}`);
  },
};
