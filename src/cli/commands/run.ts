/** `tsproxy run`: a program in a sandbox. `native/front.c` makes the namespaces, the daemon gives them their networks. */
import type { SandboxCreate } from "../../api/sandbox-types.js";
import { parseBandwidth } from "../bandwidth.js";
import { CliCommand, collect } from "../command.js";
import { exitingAsDocker, throughFront } from "../launch.js";

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
  affinity?: string;
  healthCheck?: string;
  expose?: string[];
}

export interface RawRun extends RawSandbox {
  rm?: boolean;
  detach?: boolean;
}

type Run = (command: string[], options: RawRun) => Promise<void> | void;

/** `action`: what is to be done, for who only wants to know (`front.ts`). */
export function runCommand(action: Run = (command, options) => exitingAsDocker("run", () => run(command, options))): CliCommand {
  return addSandboxOptions(new CliCommand("run", "Run a program in a sandbox", ["tsproxy run [OPTIONS] [--] PROGRAM [ARGUMENT...]"]))
    .option("--rm", "Forget it when it ends")
    .option("-d, --detach", "In the background; its output goes to 'tsproxy logs'")
    .argument("<program...>", "What to run, with its arguments")
    .passThroughOptions()
    .note(
      "The program has a network namespace, process ids and a host name of its own; files are the host's, but for\n/etc/hosts, /etc/resolv.conf and /etc/hostname. This is no container runtime.",
    )
    .note(
      "NET is the name of a network, 'host' for the host's own stack, 'none' for a loopback alone, or 'container:NAME'\nfor the namespace of another sandbox.",
    )
    .note("It exits as the program does; with 125 if tsproxy failed, 126 or 127 if the program cannot be run or found.")
    .example(
      "A server on network 'shop', reached at port 8999 of this host",
      "tsproxy run -d --network shop --name web -p 8999:80 -- busybox httpd -f",
    )
    .example(
      "Two servers behind one port: all that are called 'api' in the network get connections by turns",
      "tsproxy run -d --network shop --network-alias api -p 80:api:8080 -- ./server",
      "tsproxy run -d --network shop --network-alias api -p 80:api:8080 -- ./server",
    )
    .example("A shell beside it, which finds it by name", "tsproxy run --rm --network shop -- sh")
    .action(action);
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
    .option("-p, --publish <port>", "Publish a port, as [[IP:]HOST_PORT:]PORT[/udp|sctp] or HOST_PORT:NAME:PORT (repeatable)", collect)
    .option("--affinity <kind>", "Of ports for a name: clients keep a target, client[:TIME] (none)")
    .option("--health-check <check>", "Of ports for a name: off, or interval=2s,…")
    .option("--expose <port>", "Open a port to linked sandboxes (repeatable)", collect);
}

async function run(command: string[], options: RawRun): Promise<void> {
  runBody(command, options); // says what is wrong with it
  await throughFront();
}

/** All but the process id of its init. */
export function runBody(command: string[], raw: RawRun): SandboxCreate {
  const { rm = false, detach = false } = raw;
  return { ...sandboxBody(raw), kind: "run", command, autoRemove: rm, detached: detach };
}

export function sandboxBody(raw: RawSandbox): Omit<SandboxCreate, "kind" | "command"> {
  const { network, name, hostname, link, dns, dnsSearch, dnsOption, addHost, publish, affinity, healthCheck, expose } = raw;
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
    ...(affinity !== undefined && { affinity }),
    ...(healthCheck !== undefined && { healthCheck }),
    ...(expose !== undefined && { expose }),
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
