/** `tsproxy doctor`: tries each thing that tsproxy needs and says what its absence means and what to do. */
import { TsproxyError } from "../../errors.js";
import { CliCommand } from "../command.js";
import { attempt, type Check, formatChecks } from "../doctor/check.js";
import type { DockerSystem } from "../doctor/docker.js";
import type { KernelSystem } from "../doctor/kernel.js";
import type { PrintOptions } from "../show.js";
import { stdout, type Write } from "../stdout.js";

export function doctorCommand(): CliCommand {
  return new CliCommand("doctor", "Check that this host has what tsproxy needs")
    .option("--json", "Print JSON")
    .note("What Docker really runs with is asked of dockerd and of the running daemon. As root it sees most.")
    .example("What is there, what is missing, and what to do about it", "tsproxy doctor")
    .action(async ({ json = false }: Partial<PrintOptions>) => {
      const [{ loadKernel }, { dockerSystem }] = await Promise.all([import("../doctor/system.js"), import("../doctor/docker-system.js")]);
      await doctor({ json }, loadKernel, dockerSystem);
    });
}

/** Prints the findings. Throws TSP_ERR_DOCTOR (unavailable) when something essential is missing. `docker` undefined: not looked at. */
export async function doctor(
  { json }: PrintOptions,
  loadKernel: () => Promise<KernelSystem>,
  docker: DockerSystem | undefined,
  write: Write = stdout,
): Promise<void> {
  const checks: Check[] = [];
  const addon = { name: "native addon", essential: true, good: "makes the system calls", bad: "nothing works" };
  const kernel = await attempt(checks, addon, loadKernel);
  if (kernel !== null) await (await import("../doctor/kernel.js")).checkKernel(checks, kernel);
  if (docker !== undefined) await (await import("../doctor/docker.js")).checkDocker(checks, docker);
  const lacking = checks.filter(({ status, essential }) => essential && status === "missing").map(({ name }) => name);
  write(json ? `${JSON.stringify({ ok: lacking.length === 0, checks }, null, 2)}\n` : formatChecks(checks));
  if (lacking.length > 0)
    throw new TsproxyError("TSP_ERR_DOCTOR", "unavailable", `this host lacks what tsproxy needs: ${lacking.join(", ")}`);
}
