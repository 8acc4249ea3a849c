/**
 * The command line: which command with which options, checked, and handed to `handlers`. The main job is the root
 * command. Nothing here exits or does the work. Exit codes: 0 done, 1 failed, 2 used wrongly.
 */
import { Command, CommanderError } from "commander";
import { version } from "../api/version.js";
import type { DaemonOptions } from "../daemon/daemon.js";
import { TsproxyError } from "../errors.js";
import { parseConfig, parseDataplane, parseInteger, type RunConfig, type RunOptions } from "../standalone/config.js";
import type { InstallOptions } from "./commands/install.js";

export interface PrintOptions {
  json: boolean;
}

export interface ShowOptions extends PrintOptions {
  /** Which instance, when several run. */
  pid: number | undefined;
}

export interface Handlers {
  run(config: RunConfig): void | Promise<void>;
  flows(options: ShowOptions): void | Promise<void>;
  fdb(options: ShowOptions): void | Promise<void>;
  stats(options: ShowOptions): void | Promise<void>;
  ps(options: ShowOptions): void | Promise<void>;
  port(word: string | undefined, options: ShowOptions): void | Promise<void>;
  daemon(options: DaemonOptions): void | Promise<void>;
  install(options: InstallOptions): void | Promise<void>;
  doctor(options: PrintOptions): void | Promise<void>;
  cleanup(options: PrintOptions): void | Promise<void>;
}

const MAX_PID = 1 << 22; // PID_MAX_LIMIT, include/linux/threads.h
const HELP_HINT = "run 'tsproxy --help'";

const AFTER_HELP = `
MAPPING is [HOST_IP:]HOST_PORT[-END]:TARGET_IP:TARGET_PORT[-END][/tcp|udp].
NETNS is a name in /run/netns, a process id, or an absolute path.

Run 'tsproxy COMMAND --help' for more information on a command.

Examples:
  Publish a container's port 8080 as port 8999 of this host
    tsproxy -p 8999:172.17.0.4:8080

  On one address only; a range; UDP; any free port
    tsproxy -p 127.0.0.1:8999:172.17.0.4:8080
    tsproxy -p 8000-8009:172.17.0.4:8000-8009 -p 53:172.17.0.5:53/udp
    tsproxy -p :172.17.0.4:8080

  Give the namespaces 'web' and 'db' a network of their own and publish from it
    tsproxy --network 172.17.0.0/16 -p 8999:172.17.0.4:8080 \\
            --endpoint web=172.17.0.4 --endpoint db=172.17.0.5
`;

/** `parseAsync` of the result throws what `exitCodeOf` and `reportError` take: also for --help, which is code 0. */
export function buildProgram(handlers: Handlers): Command {
  const program = new Command("tsproxy")
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // reportError says it, in one line
    .configureHelp({
      optionTerm: (option) => (option.short ? "" : "    ") + option.flags.replace(/<(.+)>/, (_, name: string) => name.toUpperCase()),
      subcommandTerm: (command) => command.name(),
      commandUsage: (command) =>
        command.parent
          ? `tsproxy ${[command.name(), "[OPTIONS]", ...command.registeredArguments.map((a) => `[${a.name().toUpperCase()}]`)].join(" ")}`
          : "tsproxy -p MAPPING [OPTIONS]\n       tsproxy COMMAND [OPTIONS]",
    })
    .helpOption("-h, --help", "Show this help")
    .enablePositionalOptions()
    .allowExcessArguments()
    .description("Publish container ports: bridge and NAT in userspace, without iptables")
    .option("-p, --publish <mapping>", "Publish a port (repeatable)", collect)
    .option("--allow-from <cidr>", "Serve only these clients (repeatable)", collect)
    .option("--network <cidr>", "Make a network; its first address is the gateway", once("--network"))
    .option("--endpoint <netns=ip>", "Put a namespace into the network (repeatable)", collect)
    .option("--mtu <bytes>", "MTU of the network")
    .option("--masquerade-ports <a-b>", "Source ports of what leaves it (10240-32767)")
    .option("--conntrack-max <n>", "Flows tracked at once (262144)")
    .option("--workers <n>", "Worker threads, at most one per core (1)")
    .option("--offload", "Let the kernel carry flows that are decided on")
    .option("--firewall <way>", "honour the host's firewall, or bypass it (honour)")
    .option("--relay", "Use sockets: targets see this host as client")
    .option("--ready-fd <fd>", "Write a line to this descriptor when ready")
    .option("--json", "Print JSON")
    .version(version(), "-v, --version", "Show the version")
    .addHelpText("after", AFTER_HELP)
    .action((options: RunOptions, command: Command) => {
      if (command.args.length > 0) throw usage(`unknown command '${command.args[0]}'`);
      return handlers.run(parseConfig(options));
    });

  const show = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .option("--json", "Print JSON")
      .option("--pid <pid>", "Ask this instance, when several run");
  show("flows", "Show the flows that a running instance tracks").action((options) => handlers.flows(parseShow(options)));
  show("fdb", "Show the MAC addresses that its bridge knows").action((options) => handlers.fdb(parseShow(options)));
  show("stats", "Show its counters").action((options) => handlers.stats(parseShow(options)));
  show("ps", "Show Docker's networks of driver tsproxy, with endpoints and ports").action((options) => handlers.ps(parseShow(options)));
  show("port", "Show the published ports of Docker's containers in them")
    .argument("[container]", "Name or id of a container, or id of an endpoint")
    .action((word: string | undefined, options: RawShow) => handlers.port(word, parseShow(options)));

  const print = (name: "doctor" | "cleanup", description: string): void => {
    program
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .option("--json", "Print JSON")
      .action((options: { json?: boolean }) => handlers[name]({ json: options.json ?? false }));
  };
  program
    .command("daemon")
    .description("Serve docker-proxy launchers and Docker's network plugin")
    .allowExcessArguments(false)
    .option("--allow-from <cidr>", "Serve only these clients (repeatable)", collect)
    .option("--masquerade-ports <a-b>", "Source ports of what leaves a network (10240-32767)")
    .option("--conntrack-max <n>", "Flows tracked at once (262144)")
    .option("--workers <n>", "Worker threads, at most one per core (1)")
    .option("--offload", "Let the kernel carry flows that are decided on")
    .option("--firewall <way>", "honour the host's firewall, or bypass it (honour)")
    .option("--group <name>", "Let this group use the sockets, besides root")
    .option("--plugin-socket <path>", "Where Docker finds its network driver (/run/docker/plugins/tsproxy.sock)")
    .action((options: RunOptions & { group?: string; pluginSocket?: string }) =>
      handlers.daemon({ ...parseDataplane(options), group: options.group, pluginSocket: options.pluginSocket }),
    );
  program
    .command("install")
    .description("Write systemd units, and say what comes next")
    .allowExcessArguments(false)
    .option("--prefix <dir>", "Put this before /etc/systemd/system", "/")
    .action((options: InstallOptions) => handlers.install(options));
  print("doctor", "Check that this host has what tsproxy needs");
  print("cleanup", "Remove what a killed instance left behind");
  return program;
}

interface RawShow {
  json?: boolean;
  pid?: string;
}

function parseShow({ json = false, pid }: RawShow): ShowOptions {
  return { json, pid: pid === undefined ? undefined : parseInteger("--pid", pid, 1, MAX_PID) };
}

/** For an option that can be given once. */
function once(option: string): (value: string, previous: string | undefined) => string {
  return (value, previous) => {
    if (previous !== undefined) throw usage(`${option} '${value}': there is '${previous}' already; one instance has one network`);
    return value;
  };
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function usage(message: string): TsproxyError {
  return new TsproxyError("TSP_ERR_USAGE", "invalid", message);
}

/** 0 for --help and --version, 2 for wrong usage, 1 for every other failure. */
export function exitCodeOf(error: unknown): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof TsproxyError && error.kind === "invalid" ? 2 : 1;
}

/** Says on standard error what went wrong, in one line; a fault of tsproxy itself comes with its stack. */
export function reportError(error: unknown, write: (text: string) => void = (text) => process.stderr.write(text)): void {
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0) write(line(`${error.message.replace(/^error: /, "")} (${HELP_HINT})`));
  } else if (error instanceof TsproxyError) {
    write(line(error.kind === "invalid" ? `${error.describe()} (${HELP_HINT})` : error.describe()));
  } else {
    write(`tsproxy: internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
}

function line(message: string): string {
  return `tsproxy: ${message.replace(/\s*\n\s*/g, " ").trim()}\n`;
}
