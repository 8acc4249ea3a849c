/** `tsproxy run`: a program in a sandbox. The namespaces are made here, by `native/sandbox.c`; the daemon gives them their networks. */
import type { SandboxCreate } from "../../api/sandbox-types.js";
import { TsproxyError } from "../../errors.js";
import { parseBandwidth } from "../bandwidth.js";
import { CliCommand, collect } from "../command.js";
import { daemonSocket } from "../daemon-socket.js";
import { Control, exitingAsDocker, exitOf, FAILED, StartError, startHelper } from "../launch.js";
import { stdout } from "../show.js";

export interface RawAttachment {
  ip?: string;
  ip6?: string;
  macAddress?: string;
  networkAlias?: string[];
  bandwidth?: string;
}

export interface RawSandbox extends RawAttachment {
  network: string;
  name?: string;
  hostname?: string;
  link?: string[];
  dns?: string[];
  dnsSearch?: string[];
  dnsOption?: string[];
  addHost?: string[];
  publish?: string[];
}

interface RawRun extends RawSandbox {
  rm?: boolean;
  detach?: boolean;
}

export function runCommand(): CliCommand {
  return addSandboxOptions(new CliCommand("run", "Run a program in a sandbox", ["tsproxy run [OPTIONS] [--] PROGRAM [ARGUMENT...]"]))
    .option("--rm", "Forget it when it ends")
    .option("-d, --detach", "In the background; its output goes to 'tsproxy logs'")
    .argument("<program...>", "What to run, with its arguments")
    .passThroughOptions()
    .note(
      "The program has a network namespace, process ids and a host name of its own; files are the host's, but for\n/etc/hosts and /etc/resolv.conf. This is no container runtime.",
    )
    .note(
      "NET is the name of a network, 'host' for the host's own stack, 'none' for a loopback alone, or 'container:NAME'\nfor the namespace of another sandbox.",
    )
    .note("It exits as the program does; with 125 if tsproxy failed, 126 or 127 if the program cannot be run or found.")
    .example(
      "A server on network 'shop', reached at port 8999 of this host",
      "tsproxy run -d --network shop --name web -p 8999:80 -- busybox httpd -f",
    )
    .example("A shell beside it, which finds it by name", "tsproxy run --rm --network shop -- sh")
    .action((words: string[], options: RawRun) => exitingAsDocker(() => run(words, options)));
}

export function addSandboxOptions(command: CliCommand): CliCommand {
  return command
    .option("--network <net>", "What it is to join (bridge)", "bridge")
    .option("--name <name>", "Name of the sandbox (a random one)")
    .option("--hostname <name>", "Its host name (the start of its id)")
    .option("--ip <ip>", "Its IPv4 address in the network (the lowest that is free)")
    .option("--ip6 <ip>", "Its IPv6 address in the network (the lowest that is free)")
    .option("--mac-address <mac>", "Its MAC address (made from the address)")
    .option("--link <name>", "Another sandbox, as NAME or NAME:ALIAS (repeatable)", collect)
    .option("--network-alias <name>", "One more name in the network (repeatable)", collect)
    .option("--bandwidth <limit>", "Most that it sends and is sent, as egress=RATE,ingress=RATE (no limit)")
    .option("--dns <ip>", "A name server (repeatable; the host's)", collect)
    .option("--dns-search <domain>", "A search domain (repeatable; the host's)", collect)
    .option("--dns-option <option>", "An option of resolv.conf (repeatable)", collect)
    .option("--add-host <name:ip>", "A line in /etc/hosts (repeatable)", collect)
    .option("-p, --publish <port>", "Publish a port, as [[IP:]HOST_PORT:]PORT[/udp] (repeatable)", collect);
}

async function run(command: string[], raw: RawRun): Promise<void> {
  const { rm = false, detach = false } = raw;
  const [{ ask }, socket] = await Promise.all([import("../../api/client.js"), daemonSocket()]);
  const where = await namespaceFor(raw.network, async (sandbox) => (await ask(socket, "sandbox", { params: { sandbox } })).netns);
  const child = startHelper(["run", ...(detach ? ["-d"] : []), "-n", where, "--", ...command], true);
  const ended = exitOf(child);
  ended.catch(() => {});
  const control = new Control(child);
  let id = "";
  try {
    const pid = /^pid (\d+)$/.exec((await refused(control.line())) ?? "")?.[1];
    if (pid === undefined) throw broken((await ended.catch(() => FAILED)) as number);
    const body: SandboxCreate = { ...sandboxBody(raw), kind: "run", pid: Number(pid), command, autoRemove: rm, detached: detach };
    const created = await ask(socket, "createSandbox", { body });
    id = created.id;
    for (const warning of created.warnings) process.stderr.write(`WARNING: ${warning}\n`);
    control.say(`go ${created.dir}`);
    const said = await refused(control.line());
    if (said !== "ok") throw broken(await ended);
    if (detach) {
      stdout(`${created.id}\n`);
      process.exitCode = 0;
      return;
    }
  } finally {
    control.close(); // a helper that was not told to go on ends
  }
  const code = await ended;
  // What comes next may want the same name, address or port: they are free once the daemon knows. One that is forgotten is.
  await ask(socket, "waitSandbox", { params: { sandbox: id } }).catch(() => {});
  process.exitCode = code;
}

/** What `-n` of the helper is to be. */
async function namespaceFor(network: string, netnsOf: (sandbox: string) => Promise<string>): Promise<string> {
  if (network === "host") return "host";
  if (!network.startsWith("container:")) return "new";
  return (await netnsOf(network.slice("container:".length))) || "host";
}

export function sandboxBody(raw: RawSandbox): Omit<SandboxCreate, "kind" | "command"> {
  const { network, name, hostname, link, dns, dnsSearch, dnsOption, addHost, publish } = raw;
  return {
    network,
    ...attachmentBody(raw),
    ...(name !== undefined && { name }),
    ...(hostname !== undefined && { hostname }),
    ...(link !== undefined && { links: link }),
    ...(dns !== undefined && { dns }),
    ...(dnsSearch !== undefined && { dnsSearch }),
    ...(dnsOption !== undefined && { dnsOptions: dnsOption }),
    ...(addHost !== undefined && { extraHosts: addHost }),
    ...(publish !== undefined && { publish }),
  };
}

export function attachmentBody(raw: RawAttachment): Pick<SandboxCreate, "ip" | "ip6" | "mac" | "aliases" | "bandwidth"> {
  const { ip, ip6, macAddress, networkAlias, bandwidth } = raw;
  return {
    ...(ip !== undefined && { ip }),
    ...(ip6 !== undefined && { ip6 }),
    ...(macAddress !== undefined && { mac: macAddress }),
    ...(networkAlias !== undefined && { aliases: networkAlias }),
    ...(bandwidth !== undefined && { bandwidth: parseBandwidth(bandwidth) }),
  };
}

/** `error CODE TEXT` is thrown, with the exit code that it says. */
async function refused(line: Promise<string | undefined>): Promise<string | undefined> {
  const said = await line;
  const [, code, text] = /^error (\d+) (.*)$/.exec(said ?? "") ?? [];
  if (code === undefined) return said;
  throw new StartError(Number(code), text ?? "");
}

function broken(code: number): TsproxyError {
  return new TsproxyError("TSP_ERR_SANDBOX", "unavailable", `the sandbox ended before its program ran (exit code ${code})`, "run as root");
}
