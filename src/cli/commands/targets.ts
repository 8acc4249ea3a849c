/** `tsproxy targets`: of ports with several. */
import type { TargetView } from "../../api/types.js";
import { formatPorts } from "../../control/mapping.js";
import { addressPort } from "../../wire/address-port.js";
import { CliCommand, usageError } from "../command.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions, show } from "../show.js";
import { stdout, type Write } from "../stdout.js";
import { formatTable } from "../table.js";

interface RawTargets extends RawShow {
  drain?: string;
  resume?: string;
  time?: string;
}

export function targetsCommand(): CliCommand {
  return addShowOptions(new CliCommand("targets", "Show the targets of ports that have several, or take one out of service"))
    .option("--drain <target>", "Give this target no new connections; after a time end those it has")
    .option("--time <time>", "That time, like 90s or 10m (30s)")
    .option("--resume <target>", "Give it new connections again")
    .note("TARGET is an address, or an address and a port. States: up, down (by its health check), draining, drained.")
    .example("Which targets there are, how they do, and how many connections each has", "tsproxy targets")
    .example(
      "Restart a server that nobody is connected to any more",
      "tsproxy targets --drain 172.18.0.3 --time 5m",
      "tsproxy targets --resume 172.18.0.3",
    )
    .action(async ({ drain, resume, time, ...rest }: RawTargets) => {
      const options = parseShow(rest);
      if (drain !== undefined && resume !== undefined) throw usageError("--drain and --resume: one at a time");
      if (time !== undefined && drain === undefined) throw usageError("--time: it is for --drain");
      if (drain !== undefined) await drainTarget(drain, await secondsOf(time), options);
      else if (resume !== undefined) await resumeTarget(resume, options);
      else await showTargets(options);
    });
}

async function secondsOf(time: string | undefined): Promise<number | undefined> {
  if (time === undefined) return undefined;
  const sec = (await import("../../control/balance-options.js")).parseSeconds(time);
  if (sec === null) throw usageError(`--time '${time}': not a time like 90s or 10m`);
  return Math.ceil(sec);
}

export function showTargets(options: ShowOptions, write: Write = stdout): Promise<void> {
  return show(options, write, (client, { socketPath }) => client.ask(socketPath, "targets"), table);
}

function drainTarget(target: string, sec: number | undefined, options: ShowOptions): Promise<void> {
  const body = { target, ...(sec !== undefined && { timeSec: sec }) };
  return show(
    options,
    stdout,
    (client, { socketPath }) => client.ask(socketPath, "drainTargets", { body }),
    () => `${target} gets no new connections\n`,
  );
}

function resumeTarget(target: string, options: ShowOptions): Promise<void> {
  return show(
    options,
    stdout,
    (client, { socketPath }) => client.ask(socketPath, "resumeTargets", { body: { target } }),
    () => `${target} gets new connections\n`,
  );
}

function table(targets: TargetView[]): string {
  return formatTable(
    ["PORT", "TARGET", "STATE", "CHECKED", "FLOWS"],
    targets.map((t) => [
      `${t.hostIps.map((ip) => addressPort(ip, formatPorts(t.hostPort, t.hostPortEnd))).join(",")}/${t.proto}`,
      addressPort(t.targetIp, formatPorts(t.targetPort, t.targetPortEnd)),
      t.state,
      t.checked ? "yes" : "no",
      t.flows,
    ]),
  );
}
