/** `tsproxy network …`: the networks of the daemon, with Docker's words. */
import type { NetworkView } from "../../api/types.js";
import { TsproxyError } from "../../errors.js";
import { CliCommand, collect } from "../command.js";
import { daemonSocket } from "../daemon-socket.js";
import { keyValues } from "../key-values.js";
import { oneLine } from "../report.js";
import { stdout, type Write } from "../stdout.js";
import { bothFamilies, formatTable } from "../table.js";
import { attachmentBody, type RawAttachment } from "./run.js";

interface RawCreate {
  driver?: string;
  subnet?: string[];
  gateway?: string[];
  ipRange?: string[];
  auxAddress?: string[];
  internal?: boolean;
  ipv4?: string;
  ipv6?: boolean;
  mtu?: string;
  encrypt?: boolean;
  opt?: string[];
  label?: string[];
}

interface RawConnect extends Pick<RawAttachment, "ip" | "ip6" | "macAddress" | "bandwidth"> {
  alias?: string[];
  gwPriority?: string;
}

interface RawList {
  quiet?: boolean;
  trunc?: boolean;
  json?: boolean;
}

export function networkCommand(): CliCommand {
  const command = new CliCommand("network", "Make, show and remove networks of the daemon", ["tsproxy network COMMAND [OPTIONS]"]);
  command
    .note("Run 'tsproxy network COMMAND --help' for more information on a command.")
    .example("Make a network, and see who is in it", "tsproxy network create shop", "tsproxy network inspect shop");
  for (const sub of [create(), list(), inspect(), connect(), disconnect(), remove(), prune()]) command.addCommand(sub);
  return command;
}

function create(): CliCommand {
  return new CliCommand("create", "Make a network", ["tsproxy network create [OPTIONS] NAME"])
    .argument("<name>", "Name of the network")
    .option(
      "-d, --driver <name>",
      "Kind of network: bridge, overlay for all nodes of the cluster, macvlan or ipvlan on the LAN of -o parent=DEVICE[.VLAN] (bridge)",
    )
    .option("--subnet <cidr>", "Its range, one a family (the first of Docker's pools that is free)", collect)
    .option("--gateway <ip>", "The host's address in it (the first; repeatable)", collect)
    .option("--ip-range <cidr>", "Where addresses are taken that nobody names (repeatable)", collect)
    .option("--aux-address <name=ip>", "An address that nobody gets (repeatable)", collect)
    .option("--internal", "No way out, and no published ports")
    .option("--ipv4 <bool>", "'false': without IPv4")
    .option("--ipv6", "With IPv6")
    .option("--mtu <bytes>", "MTU of its devices")
    .option("--encrypt", "Of an overlay network: encrypt what goes between nodes")
    .option("--label <key=value>", "For people and scripts (repeatable)", collect)
    .option("-o, --opt <key=value>", "One of Docker's options of that driver, or tsproxy.attach=auto|veth|tap (repeatable)", collect)
    .note("It prints the network's id, and on standard error which pools were passed over, and why.")
    .example("A network with IPv6 too, whose range is made for this host", "tsproxy network create --ipv6 shop")
    .example(
      "On VLAN 10 of eth0, with the LAN's own range and router",
      "tsproxy network create -d macvlan -o parent=eth0.10 --subnet 10.10.0.0/24 --gateway 10.10.0.254 lan",
    )
    .example("A network with a range of its own", "tsproxy network create --subnet 10.44.0.0/24 --label stage=test shop")
    .action(async (name: string, raw: RawCreate) => {
      const { ask } = await import("../../api/client.js");
      const { auxAddress, opt, label, mtu, ipv4, ...same } = raw;
      const body = {
        name,
        ...same,
        ...(ipv4 !== undefined && { ipv4: truth("--ipv4", ipv4) }),
        ...(mtu !== undefined && { mtu: wholeNumber("--mtu", mtu) }),
        ...(auxAddress !== undefined && { auxAddresses: keyValues("--aux-address", auxAddress) }),
        ...(opt !== undefined && { options: keyValues("-o", opt) }),
        ...(label !== undefined && { labels: keyValues("--label", label) }),
      };
      const { id, warnings } = await ask(await daemonSocket(), "createNetwork", { body });
      for (const warning of warnings) process.stderr.write(`tsproxy: ${oneLine(`network ${name}: ${warning}`)}\n`);
      stdout(`${id}\n`);
    });
}

function list(): CliCommand {
  return new CliCommand("ls", "List networks", ["tsproxy network ls [OPTIONS]"])
    .alias("list")
    .option("-q, --quiet", "Print ids only")
    .option("--no-trunc", "Print whole ids")
    .option("--json", "Print JSON")
    .example("Which networks there are", "tsproxy network ls")
    .action(async (options: RawList) => showNetworks(options));
}

export async function showNetworks({ quiet = false, trunc = true, json = false }: RawList, write: Write = stdout): Promise<void> {
  const [{ ask }, { dockerNames }] = await Promise.all([import("../../api/client.js"), import("../docker-view.js")]);
  const views = await ask(await daemonSocket(), "networks");
  const dockers = views.some(({ driver }) => driver.startsWith("tsproxy")) ? (await dockerNames()).networks : new Map<string, string>();
  const networks = views.map((view) => ({ ...view, name: dockers.get(view.id) ?? view.name }));
  const idOf = ({ id }: NetworkView): string => (trunc ? id.slice(0, 12) : id);
  if (json) write(`${JSON.stringify(networks, null, 2)}\n`);
  else if (quiet) write(networks.map((network) => `${idOf(network)}\n`).join(""));
  else {
    const rows = networks.map((network) => [
      idOf(network),
      network.name || "-",
      network.driver,
      network.driver.endsWith("overlay") ? "global" : "local",
      bothFamilies(network.subnet, network.ipv6Subnet),
    ]);
    write(formatTable(["NETWORK ID", "NAME", "DRIVER", "SCOPE", "SUBNET"], rows));
  }
}

function inspect(): CliCommand {
  return new CliCommand("inspect", "Show networks as JSON, as 'docker network inspect' does", [
    "tsproxy network inspect [OPTIONS] NETWORK...",
  ])
    .argument("<network...>", "Names, ids or starts of ids")
    .example("Who is in network 'shop'", "tsproxy network inspect shop")
    .action(async (words: string[]) => {
      const { ask } = await import("../../api/client.js");
      const socket = await daemonSocket();
      const networks = await Promise.all(words.map((network) => ask(socket, "network", { params: { network } })));
      stdout(`${JSON.stringify(networks, null, 4)}\n`);
    });
}

function connect(): CliCommand {
  return new CliCommand("connect", "Put a sandbox into another network", ["tsproxy network connect [OPTIONS] NETWORK SANDBOX"])
    .argument("<network>", "Name, id or start of the id")
    .argument("<sandbox>", "Name, id or start of the id")
    .option("--ip <ip>", "Its IPv4 address there (the lowest that is free)")
    .option("--ip6 <ip>", "Its IPv6 address there (the lowest that is free)")
    .option("--mac-address <mac>", "Its MAC address there (made from the address)")
    .option("--alias <name>", "One more name there (repeatable)", collect)
    .option("--bandwidth <limit>", "Most that it sends and is sent there, as egress=RATE,ingress=RATE (no limit)")
    .option("--gw-priority <n>", "The default route is by the highest (0)")
    .note("It prints nothing. The others on both networks notice nothing.")
    .example("Put 'web' into network 'back' too, as 'www'", "tsproxy network connect --alias www back web")
    .action(async (network: string, sandbox: string, { alias, gwPriority, ...raw }: RawConnect) => {
      const { ask } = await import("../../api/client.js");
      const body = {
        network,
        ...attachmentBody({ ...raw, ...(alias !== undefined && { networkAlias: alias }) }),
        ...(gwPriority !== undefined && { gwPriority: priority(gwPriority) }),
      };
      await ask(await daemonSocket(), "connectSandbox", { params: { sandbox }, body });
    });
}

function disconnect(): CliCommand {
  return new CliCommand("disconnect", "Take a sandbox out of a network", ["tsproxy network disconnect [OPTIONS] NETWORK SANDBOX"])
    .argument("<network>", "Name, id or start of the id")
    .argument("<sandbox>", "Name, id or start of the id")
    .example("Take 'web' out of network 'back'", "tsproxy network disconnect back web")
    .action(async (network: string, sandbox: string) => {
      const { ask } = await import("../../api/client.js");
      await ask(await daemonSocket(), "disconnectSandbox", { params: { sandbox }, body: { network } });
    });
}

function remove(): CliCommand {
  return new CliCommand("rm", "Remove networks that nothing is in", ["tsproxy network rm [OPTIONS] NETWORK..."])
    .alias("remove")
    .argument("<network...>", "Names, ids or starts of ids")
    .example("Remove network 'shop'", "tsproxy network rm shop")
    .action(async (words: string[]) => {
      const { ask } = await import("../../api/client.js");
      const socket = await daemonSocket();
      await eachWord(words, async (network) => {
        await ask(socket, "removeNetwork", { params: { network } });
      });
    });
}

function prune(): CliCommand {
  return new CliCommand("prune", "Remove all networks that nothing is in", ["tsproxy network prune [OPTIONS]"])
    .example("Tidy up", "tsproxy network prune")
    .action(async () => {
      const { ask } = await import("../../api/client.js");
      const { deleted } = await ask(await daemonSocket(), "pruneNetworks");
      if (deleted.length > 0) stdout(`Deleted Networks:\n${deleted.join("\n")}\n`);
    });
}

/** Does it for each word and prints those that worked; what failed is thrown at the end, when the others are done. */
export async function eachWord(words: readonly string[], action: (word: string) => Promise<void>, write: Write = stdout): Promise<void> {
  const failures: unknown[] = [];
  for (const word of words) {
    try {
      await action(word);
      write(`${word}\n`);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 1)
    for (const failure of failures.slice(0, -1)) process.stderr.write(`tsproxy: ${oneLine(TsproxyError.of(failure).describe())}\n`);
  if (failures.length > 0) throw failures.at(-1);
}

function priority(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new TsproxyError("TSP_ERR_OPTION", "invalid", `--gw-priority '${text}': not a whole number`, "use a number like 1, or -1");
}

function truth(option: string, text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${option} '${text}': neither true nor false`, `write ${option}=false`);
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${option} '${text}': not a whole number`, "use a number of bytes, like 1400");
}
