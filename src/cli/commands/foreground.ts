/** The main job: start it, say what it serves and that it is ready, live until told to stop. */
import { Command } from "commander";
import { runDir } from "../../api/paths.js";
import type { Begun } from "../../control/begin.js";
import { formatMapping } from "../../control/mapping.js";
import { log } from "../../log.js";
import { parseConfig, type RunConfig, type RunOptions } from "../../standalone/config.js";
import type { MainJob } from "../../standalone/main-job.js";
import { CliCommand, collect, once, usageError } from "../command.js";
import { addDataplaneOptions } from "../dataplane-options.js";
import { formatBytes } from "../format.js";
import { keepProgramCode } from "../program-code.js";
import { checkReadyFd, tellReady } from "../ready-fd.js";
import { oneLine } from "../report.js";
import type { PrintOptions } from "../show.js";
import { stdout, tell } from "../stdout.js";

const LIVE_MS = 1000;
/** After `ready`: what follows it has run by then, and memory is given back later (`control/spare-memory.ts`). */
const KEEP_MS = 500;
/** Of the name that code has while it is written. */
const NUMBER_BYTES = 8;

interface RawForeground extends RunOptions {
  version?: boolean;
}

type Run = (config: RunConfig) => Promise<void>;

/** The root command. `others`: names of those that hang on it. */
export function foregroundCommand(run: Run = runForeground, others: readonly string[] = []): CliCommand {
  const command = new CliCommand("tsproxy", "Publish container ports: bridge and NAT in userspace, without iptables", [
    "tsproxy -p MAPPING [OPTIONS]",
    "tsproxy COMMAND [OPTIONS]",
  ])
    .enablePositionalOptions()
    .allowExcessArguments()
    .option("-p, --publish <mapping>", "Publish a port (repeatable)", collect)
    .option(
      "--network <cidr>",
      "Make a network; its first address is the gateway",
      once("--network", "one instance has one network; a subnet of each family goes into one option, with a comma between"),
    )
    .option("--endpoint <netns=ip>", "Put a namespace into the network (repeatable)", collect)
    .option("--mtu <bytes>", "MTU of the network")
    .option("--promiscuous", "Let endpoints send from other addresses too")
    .option("--attach <kind>", "How endpoints hang on the network: auto, veth, tap (auto)");
  return addDataplaneOptions(command)
    .option("--affinity <kind>", "Of several targets a client keeps one: client[:TIME] (none)")
    .option("--health-check <check>", "Check several targets: off, or interval=2s,…")
    .option("--relay", "Use sockets: targets see this host as client")
    .option("--probe", "Try targets by a whole connection at the start")
    .option("--ready-fd <fd>", "Write a line to this descriptor when ready")
    .option("--json", "Print JSON")
    .option("-v, --version", "Show version, commit and addon")
    .note(
      "MAPPING is [HOST_IP:]HOST_PORT[-END]:TARGET_IP[,TARGET_IP...]:TARGET_PORT[-END][/tcp|udp|sctp].\nIPv6 addresses in it are in brackets. A network may have a subnet of each family,\nan endpoint an address of each, with a comma between.\nNETNS is a name in /run/netns, a process id, or an absolute path.",
    )
    .note("Run 'tsproxy COMMAND --help' for more information on a command.")
    .variable("TSPROXY_RUN_DIR", "Folder of the sockets (/run/tsproxy; not as root, $XDG_RUNTIME_DIR/tsproxy)")
    .variable("TSPROXY_STATE_DIR", "Folder of what the daemon remembers (/var/lib/tsproxy)")
    .variable("TSPROXY_DEBUG", "If set, errors come with their stacks")
    .variable("DOCKER_HOST", "Where dockerd is asked for names")
    .example("Publish a container's port 8080 as port 8999 of this host", "tsproxy -p 8999:172.17.0.4:8080")
    .example(
      "On one address only; a range; UDP; any free port",
      "tsproxy -p 127.0.0.1:8999:172.17.0.4:8080",
      "tsproxy -p 8000-8009:172.17.0.4:8000-8009 -p 53:172.17.0.5:53/udp",
      "tsproxy -p :172.17.0.4:8080",
    )
    .example(
      "On IPv6 alone; on one interface's link-local address",
      "tsproxy -p [::]:8999:[fd00::4]:8080 -p [fe80::1%eth0]:53:[fd00::5]:53/udp",
    )
    .example(
      "Several targets: connections go to them by turns, and to none that is down",
      "tsproxy -p 80:172.18.0.2,172.18.0.3:8080",
      "tsproxy -p 80:172.18.0.2:8080,172.18.0.3:9090 --affinity client:10m \\",
      "        --health-check interval=5s,timeout=1s,rise=2,fall=3",
    )
    .example(
      "Give the namespaces 'web' and 'db' a network of their own and publish from it",
      "tsproxy --network 10.44.0.0/24 -p 8999:10.44.0.4:8080 \\",
      "        --endpoint web=10.44.0.4 --endpoint db=10.44.0.5",
    )
    .hook("preSubcommand", (root, command) => refuseOptionsBefore(root, command))
    .action(async (options: RawForeground, root: CliCommand) => {
      const [word, of] = root.args;
      if (word === "help") return helpOf(root, of, others);
      if (word !== undefined) throw unknownCommand(word, others);
      if (options.version) stdout(await (await import("../version.js")).versionText());
      else await run(parseConfig(options));
    });
}

/** Those of the main job say nothing to a command: who has typed them is not to think that they do. */
function refuseOptionsBefore(root: Command, command: Command): void {
  const given = root.options.find((option) => root.getOptionValueSource(option.attributeName()) === "cli")?.long;
  if (given === undefined) return;
  const name = command.name();
  const hint = command.options.some(({ long }) => long === given) ? `write 'tsproxy ${name} ${given}'` : "leave one of both out";
  throw usageError(`${given} before '${name}' says nothing to it: ${hint}`);
}

/** With the name that may be meant: commander knows it, where a command does nothing by itself. */
function unknownCommand(word: string, names: readonly string[]): unknown {
  if (word.includes(":")) return usageError(`unknown command '${word}': a port is published by -p ${word}`);
  const known = new Command()
    .exitOverride()
    .helpCommand(false)
    .configureOutput({ outputError: () => {} });
  for (const name of ["help", ...names]) known.command(name);
  try {
    known.parse(["--", word], { from: "user" });
  } catch (error) {
    return error;
  }
  return usageError(`unknown command '${word}'`);
}

/** `tsproxy help [COMMAND]`. Throws as --help does. */
function helpOf(root: CliCommand, name: string | undefined, names: readonly string[]): never {
  const command = name === undefined ? root : root.commands.find((each) => each.name() === name);
  if (command === undefined) throw unknownCommand(name ?? "", names);
  return command.help();
}

/** What the job is made of is loaded beside what was begun, which ends when that fails. */
async function loadJob(begun: Begun | undefined) {
  try {
    return await Promise.all([
      import("../../standalone/main-job.js"),
      import("../../standalone/probe.js"),
      import("../../control/target-views.js"),
      import("../../sys/random.js"),
    ]);
  } catch (error) {
    if (begun !== undefined) await (await import("../../control/begin.js")).discardBegun(begun);
    throw error;
  }
}

/** Returns when it was stopped by SIGINT or SIGTERM; throws when it could not start, or died. */
async function runForeground(config: RunConfig): Promise<void> {
  let stop: (error?: Error) => void = () => {};
  const stopped = new Promise<Error | undefined>((resolve) => {
    stop = resolve;
  });
  // From the first moment: a signal while starting must undo what is there.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop());
  if (config.readyFd !== undefined) checkReadyFd(config.readyFd);
  runDir(); // what is wrong with it is said before anything is made
  const begun = config.relay ? undefined : (await import("../../control/begin.js")).beginStart(config);
  const [{ MainJob }, { probeTargets }, { eventText }, { randomHex }] = await loadJob(begun);
  const keepCode = (): void => keepProgramCode(() => randomHex(NUMBER_BYTES));
  const job = await MainJob.start(
    { ...config, begun },
    (error) => stop(error),
    (event) => {
      if (config.json) tell(`${JSON.stringify(eventText(event))}\n`);
    },
  );
  let live: NodeJS.Timeout | undefined;
  try {
    for (const { warning } of await probeTargets(config.publish, { connect: config.probe })) if (warning !== undefined) log.warn(warning);
    tell(announcement(job, config));
    if (config.readyFd !== undefined) tellReady(config.readyFd);
    void job.finishStart().then((offload) => {
      if (config.json && offload !== undefined) tell(`${JSON.stringify({ event: "offload", ...offload })}\n`);
    });
    setTimeout(keepCode, KEEP_MS).unref();
    if (process.stdout.isTTY && !config.json) live = showLive(job);
    const error = await stopped;
    if (error !== undefined) throw error;
  } finally {
    clearInterval(live);
    if (live !== undefined) tell("\n");
    await job.stop();
    keepCode(); // of a run that was shorter
  }
}

/** A line for the network, one an endpoint and one a mapping, then `ready`. */
function announcement({ network, endpoints, mappings, info, offload }: MainJob, { json }: PrintOptions): string {
  if (json)
    return [
      ...(network === undefined ? [] : [{ event: "network", ...network }]),
      ...endpoints.map((endpoint) => ({ event: "endpoint", ...endpoint })),
      ...mappings.map((mapping) => ({ event: "mapping", ...mapping })),
      { event: "ready", ...info, ...(offload && { offload }) },
    ]
      .map((event) => `${JSON.stringify(event)}\n`)
      .join("");
  return [
    ...(network === undefined
      ? []
      : [`network ${network.subnet}, gateway ${network.gateway}, device ${network.device}, MTU ${network.mtu}`]),
    ...endpoints.map(({ netns, address }) => `endpoint ${address} in ${netns}`),
    ...mappings.map((mapping) => `${formatMapping(mapping)}${mapping.via === "relay" ? " (relay)" : ""}`),
    offload?.reason === undefined ? "ready" : `ready (${offload.reason})`,
  ]
    .map((line) => `${oneLine(line)}\n`)
    .join("");
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
    tell(
      `\r\x1b[K${rate(totals.packets - before.packets)} packets/s  ${bits}/s  ${rate(flows.created - flowsBefore)} flows/s  ${flows.active} flows`,
    );
    [before, flowsBefore, at] = [totals, flows.created, now];
  }, LIVE_MS);
}
