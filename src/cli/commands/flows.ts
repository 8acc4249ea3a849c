/** `tsproxy flows` */
import { CliCommand } from "../command.js";
import { formatDuration } from "../format.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions, show, stdout, type Write } from "../show.js";
import { formatTable } from "../table.js";

export function flowsCommand(): CliCommand {
  return addShowOptions(new CliCommand("flows", "Show the flows that a running instance tracks"))
    .example("Every connection, with both sides of its translation", "tsproxy flows")
    .example("How many connections each client has", "tsproxy flows --json | jq -r '.[].original.src' | cut -d: -f1 | sort | uniq -c")
    .action((options: RawShow) => showFlows(parseShow(options)));
}

export function showFlows(options: ShowOptions, write: Write = stdout): Promise<void> {
  return show(
    options,
    write,
    (client, { socketPath }) => client.ask(socketPath, "flows"),
    (flows) =>
      formatTable(
        ["PROTO", "STATE", "ORIGINAL SRC", "ORIGINAL DST", "REPLY SRC", "REPLY DST", "TIMEOUT", "PACKETS", "REPLIES"],
        flows.map((f) => [
          f.proto,
          f.offloaded ? `${f.state},offloaded` : f.state,
          f.original.src,
          f.original.dst,
          f.reply.src,
          f.reply.dst,
          formatDuration(f.timeoutSec),
          f.packets[0],
          f.packets[1],
        ]),
      ),
  );
}
