/** `tsproxy cleanup` */
import { TsproxyError } from "../../errors.js";
import { CliCommand } from "../command.js";
import type { PrintOptions } from "../show.js";
import { stdout, type Write } from "../stdout.js";

export function cleanupCommand(): CliCommand {
  return new CliCommand("cleanup", "Remove what a killed instance left behind")
    .option("--json", "Print JSON")
    .note(
      "Running instances are spared. It removes socket files, devices of ended containers, BPF filters (before Linux 6.6),\nand what was kept for the next start.",
    )
    .example("After a SIGKILL", "tsproxy cleanup")
    .action(({ json = false }: Partial<PrintOptions>) => cleanup({ json }));
}

/** Throws TSP_ERR_STATE or TSP_ERR_SYSCALL (permission) when this user may not remove something. */
export async function cleanup({ json }: PrintOptions, write: Write = stdout): Promise<void> {
  const { sweep, sweepDevices, sweepKept } = await import("../../model/sweep.js");
  const { denied, ...rest } = await sweep({ filters: true });
  const swept = { ...rest, devices: await sweepDevices(), ...(await sweepKept()) };
  const { sockets, filters, devices, flows, keepers, code } = swept;
  const lines = [
    sockets + filters + devices === 0 ? "" : `removed ${sockets} stale sockets, ${filters} stale filters and ${devices} stale devices\n`,
    flows === 0 ? "" : `removed ${flows} ${flows === 1 ? "file" : "files"} of flows that were kept for the next start\n`,
    code === 0 ? "" : `removed ${code} ${code === 1 ? "file of code that was" : "files of code that were"} kept for the next start\n`,
    keepers === 0 ? "" : "ended what was kept for a daemon that was to come again\n",
  ];
  if (json) write(`${JSON.stringify(swept)}\n`);
  else if (lines.join("") !== "") write(lines.join(""));
  else if (denied.length === 0) write("nothing to clean up\n");
  if (denied.length > 0)
    throw new TsproxyError("TSP_ERR_INSTANCE", "permission", `this user may not remove ${denied.join(", ")}`, "run as root");
}
