/** `tsproxy daemon`: runs until SIGINT or SIGTERM. */
import { isAbsolute } from "node:path";
import type { InfoView } from "../../api/types.js";
import type { DaemonOptions } from "../../daemon/daemon.js";
import { TsproxyError } from "../../errors.js";
import { parseDataplane, type RunOptions } from "../../standalone/config.js";
import { CliCommand } from "../command.js";
import { addDataplaneOptions } from "../dataplane-options.js";
import type { PrintOptions } from "../show.js";

interface RawDaemon extends RunOptions {
  group?: string;
  pluginSocket?: string;
}

type Options = Omit<DaemonOptions, "commandLine"> & PrintOptions;
type Start = (options: Options) => Promise<void>;

export function daemonCommand(start: Start = daemon): CliCommand {
  return addDataplaneOptions(new CliCommand("daemon", "Serve docker-proxy launchers and Docker's network plugin"))
    .option("--group <name>", "Let this group use the sockets, besides root")
    .option("--plugin-socket <path>", "Where Docker finds its network driver (/run/docker/plugins/tsproxy.sock)")
    .option("--json", "Print JSON")
    .note("It runs until it gets SIGINT or SIGTERM. 'tsproxy install' lets systemd start it.")
    .example("Serve Docker, and let the kernel carry what is decided", "tsproxy daemon --offload")
    .action(({ group, pluginSocket, json = false, ...dataplane }: RawDaemon) => {
      if (pluginSocket !== undefined && !isAbsolute(pluginSocket)) {
        const message = `--plugin-socket '${pluginSocket}': not an absolute path`;
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", message, "write it like /run/docker/plugins/tsproxy.sock");
      }
      return start({ ...parseDataplane(dataplane), group, pluginSocket, json });
    });
}

async function daemon(options: Options): Promise<void> {
  let stop: (error?: Error) => void = () => {};
  const stopped = new Promise<Error | undefined>((resolve) => {
    stop = resolve;
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop());
  const [{ Daemon }, { frontCommands }] = await Promise.all([import("../../daemon/daemon.js"), import("../front.js")]);
  const running = await Daemon.start({ ...options, commandLine: frontCommands }, stop);
  try {
    process.stdout.write(options.json ? `${JSON.stringify({ event: "ready", ...running.info })}\n` : readyLine(running.info));
    const error = await stopped;
    if (error !== undefined) throw error;
  } finally {
    await running.stop();
  }
}

/** `ready` first, for who waits for it; then what is served where. */
export function readyLine({ pluginSocket, launcherSocket, apiSocket }: InfoView): string {
  return `ready: Docker's network driver at ${pluginSocket}, docker-proxy launchers at ${launcherSocket}, API at ${apiSocket}\n`;
}
