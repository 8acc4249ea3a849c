/** `tsproxy daemon`: runs until SIGINT or SIGTERM. */
import { Daemon, type DaemonOptions } from "../../daemon/daemon.js";

export async function daemon(options: DaemonOptions): Promise<void> {
  let stop: (error?: Error) => void = () => {};
  const stopped = new Promise<Error | undefined>((resolve) => {
    stop = resolve;
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop());
  const running = await Daemon.start(options, stop);
  try {
    process.stdout.write("ready\n");
    const error = await stopped;
    if (error !== undefined) throw error;
  } finally {
    await running.stop();
  }
}
