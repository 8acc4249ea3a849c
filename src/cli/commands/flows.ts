/** `tsproxy flows` */
import type { EndFlowsQuery, FlowQuery, FlowView } from "../../api/types.js";
import { CliCommand, usageError } from "../command.js";
import { formatDuration } from "../format.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions, show } from "../show.js";
import { stdout, type Write } from "../stdout.js";
import { formatTable } from "../table.js";

interface RawFlows extends RawShow {
  client?: string;
  port?: string;
  delete?: boolean;
  all?: boolean;
}

export function flowsCommand(): CliCommand {
  return addShowOptions(new CliCommand("flows", "Show the flows that a running instance tracks, or end some"))
    .option("--client <cidr>", "Only those that this address, or one of this network, has opened")
    .option("--port <n>", "Only those that were opened to this port")
    .option("--delete", "End them: a firewall rule that came later holds for what is open, too")
    .option("--all", "With --delete: end all of them, where neither --client nor --port says which")
    .example("Every connection, with both sides of its translation", "tsproxy flows")
    .example("How many connections each client has", "tsproxy flows --json | jq -r '.[].original.src' | sed 's/:[^:]*$//' | sort | uniq -c")
    .example(
      "Keep a client out, also from what it has open",
      "ufw insert 1 deny from 192.0.2.66",
      "tsproxy flows --delete --client 192.0.2.66",
    )
    .action(({ client, port, delete: end = false, all = false, ...rest }: RawFlows) => {
      const options = parseShow(rest);
      const query = { ...(client !== undefined && { client }), ...(port !== undefined && { port }) };
      const isFiltered = Object.keys(query).length > 0;
      if (all && !end) throw usageError("--all: it is for --delete; without that, all are shown");
      if (all && isFiltered) throw usageError("--all ends all flows, --client and --port end some: leave one of both out");
      if (end && !all && !isFiltered) throw usageError("--delete: say which by --client and --port, or end all by --all");
      return end ? endFlows({ ...query, ...(all && { all: "1" as const }) }, options) : showFlows(query, options);
    });
}

export function showFlows(query: FlowQuery, options: ShowOptions, write: Write = stdout): Promise<void> {
  return show(options, write, (client, { socketPath }) => client.ask(socketPath, "flows", { query }), table);
}

export function endFlows(query: EndFlowsQuery, options: ShowOptions, write: Write = stdout): Promise<void> {
  return show(
    options,
    write,
    (client, { socketPath }) => client.ask(socketPath, "endFlows", { query }),
    ({ ended }) => `${ended === 1 ? "1 flow" : `${ended} flows`} ended\n`,
  );
}

function table(flows: FlowView[]): string {
  return formatTable(
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
  );
}
