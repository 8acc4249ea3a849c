/** Where warnings go. `cli/` points it at standard error; tests collect. Nothing on the packet path logs. */
export type LogSink = (level: "info" | "warn", message: string) => void;

let sink: LogSink = () => {};

export function setLogSink(next: LogSink): void {
  sink = next;
}

export const log = {
  info: (message: string): void => sink("info", message),
  warn: (message: string): void => sink("warn", message),
  /** A fault of ours that ends nothing; with TSPROXY_DEBUG set, where it happened. */
  fault: (what: string, error: unknown): void => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    sink("warn", `internal error in ${what}: ${(process.env.TSPROXY_DEBUG && stack) || message}`);
  },
};
