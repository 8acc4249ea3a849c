/** The main job: start it, say what it publishes and that it is ready, live until told to stop. */
import { closeSync, fstatSync, writeSync } from "node:fs";
import { formatMapping } from "../../control/port-spec.js";
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import type { RunConfig } from "../../standalone/config.js";
import { MainJob } from "../../standalone/main-job.js";
import { probeTargets } from "../../standalone/probe.js";
import { formatBytes } from "./show.js";

const LIVE_MS = 1000;

/** Returns when it was stopped by SIGINT or SIGTERM; throws when it could not start, or died. */
export async function run(config: RunConfig): Promise<void> {
  let stop: (error?: Error) => void = () => {};
  const stopped = new Promise<Error | undefined>((resolve) => {
    stop = resolve;
  });
  // From the first moment: a signal while starting must undo what is there.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop());
  if (config.readyFd !== undefined) checkReadyFd(config.readyFd);
  const job = await MainJob.start(config, (error) => stop(error));
  let live: NodeJS.Timeout | undefined;
  try {
    for (const { warning } of await probeTargets(config.publish)) if (warning !== undefined) log.warn(warning);
    announce(config, job);
    if (process.stdout.isTTY && !config.json) live = showLive(job);
    const error = await stopped;
    if (error !== undefined) throw error;
  } finally {
    clearInterval(live);
    if (live !== undefined) process.stdout.write("\n");
    await job.stop();
  }
}

/** Before anything is made: nothing could be said to the supervisor otherwise. */
function checkReadyFd(fd: number): void {
  try {
    fstatSync(fd);
  } catch (cause) {
    throw new TsproxyError(
      "TSP_ERR_READY_FD",
      "invalid",
      `--ready-fd ${fd}: it is not open`,
      "pass an open descriptor, as in '--ready-fd 3 3>file'",
      cause,
    );
  }
}

/** One line a mapping, then `ready`. */
function announce(config: RunConfig, job: MainJob): void {
  const lines = job.mappings.map((mapping) =>
    config.json
      ? JSON.stringify({ event: "mapping", ...mapping })
      : `${formatMapping(mapping)}${mapping.via === "relay" ? " (relay)" : ""}`,
  );
  lines.push(config.json ? JSON.stringify({ event: "ready" }) : "ready");
  process.stdout.write(`${lines.join("\n")}\n`);
  if (config.readyFd !== undefined) {
    try {
      writeSync(config.readyFd, "ready\n");
      if (config.readyFd > 2) closeSync(config.readyFd); // so that who waits for the end of the pipe sees it
    } catch (cause) {
      throw new TsproxyError(
        "TSP_ERR_READY_FD",
        "invalid",
        `--ready-fd ${config.readyFd}: cannot write to it`,
        "pass an open descriptor, as in '--ready-fd 3 3>file'",
        cause,
      );
    }
  }
}

/** Redraws one line a second: packets, bits and new flows per second. */
function showLive(job: MainJob): NodeJS.Timeout {
  let before = job.totals();
  let flowsBefore = 0;
  let at = performance.now();
  return setInterval(async () => {
    const flows = await job.summary();
    const now = performance.now();
    const totals = job.totals();
    const sec = (now - at) / 1000;
    const rate = (n: number): string => Math.round(n / sec).toLocaleString("en");
    const bits = formatBytes(Math.round(((totals.bytes - before.bytes) * 8) / sec)).replace("B", "bit");
    process.stdout.write(
      `\r\x1b[K${rate(totals.packets - before.packets)} packets/s  ${bits}/s  ${rate(flows.created - flowsBefore)} flows/s  ${flows.active} flows`,
    );
    [before, flowsBefore, at] = [totals, flows.created, now];
  }, LIVE_MS);
}
