/** `tsproxy node …`: the nodes of the cluster that the daemon is in. */
import { CliCommand } from "../command.js";
import { daemonSocket } from "../daemon-socket.js";
import { stdout } from "../stdout.js";
import { formatTable } from "../table.js";
import { eachWord } from "./network.js";

export function nodeCommand(): CliCommand {
  const command = new CliCommand("node", "Show the nodes of the cluster, and forget those that are gone", [
    "tsproxy node COMMAND [OPTIONS]",
  ]);
  command.note("Run 'tsproxy node COMMAND --help' for more information on a command.").example("Which nodes there are", "tsproxy node ls");
  for (const sub of [list(), remove()]) command.addCommand(sub);
  return command;
}

function list(): CliCommand {
  return new CliCommand("ls", "List nodes", ["tsproxy node ls [OPTIONS]"])
    .alias("list")
    .option("--json", "Print JSON")
    .example("Which nodes there are", "tsproxy node ls")
    .action(async ({ json = false }: { json?: boolean }) => {
      const { ask } = await import("../../api/client.js");
      const nodes = await ask(await daemonSocket(), "nodes");
      const rows = nodes.map(({ name, there, addresses, endpoints, encrypts }) => [
        name,
        there ? "up" : "away",
        addresses.join(",") || "-",
        String(endpoints),
        encrypts ? "yes" : "no",
      ]);
      stdout(json ? `${JSON.stringify(nodes, null, 2)}\n` : formatTable(["NODE", "STATE", "ADDRESS", "ENDPOINTS", "ENCRYPTS"], rows));
    });
}

function remove(): CliCommand {
  return new CliCommand("rm", "Give back the addresses of nodes that are gone for good", ["tsproxy node rm [OPTIONS] NODE..."])
    .alias("remove")
    .argument("<node...>", "Names")
    .note("A node that is only away keeps its addresses until it comes back.")
    .example("Node 'b' does not come back", "tsproxy node rm b")
    .action(async (words: string[]) => {
      const { ask } = await import("../../api/client.js");
      const socket = await daemonSocket();
      await eachWord(words, async (node) => {
        await ask(socket, "removeNode", { params: { node } });
      });
    });
}
