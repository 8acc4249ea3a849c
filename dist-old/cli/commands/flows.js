import { CliCommand } from "../command.js";
import { formatDuration } from "../format.js";
import { addShowOptions, parseShow, show, stdout } from "../show.js";
import { formatTable } from "../table.js";
export function flowsCommand() {
    return addShowOptions(new CliCommand("flows", "Show the flows that a running instance tracks, or end some"))
        .option("--client <cidr>", "Only those that this address, or one of this network, has opened")
        .option("--port <n>", "Only those that were opened to this port")
        .option("--delete", "End them: a firewall rule that came later holds for what is open, too")
        .example("Every connection, with both sides of its translation", "tsproxy flows")
        .example("How many connections each client has", "tsproxy flows --json | jq -r '.[].original.src' | sed 's/:[^:]*$//' | sort | uniq -c")
        .example("Keep a client out, also from what it has open", "ufw insert 1 deny from 192.0.2.66", "tsproxy flows --delete --client 192.0.2.66")
        .action(({ client, port, delete: end = false, ...rest }) => {
        const query = { ...(client !== undefined && { client }), ...(port !== undefined && { port }) };
        return end ? endFlows(query, parseShow(rest)) : showFlows(query, parseShow(rest));
    });
}
export function showFlows(query, options, write = stdout) {
    return show(options, write, (client, { socketPath }) => client.ask(socketPath, "flows", { query }), table);
}
export function endFlows(query, options, write = stdout) {
    return show(options, write, (client, { socketPath }) => client.ask(socketPath, "endFlows", { query }), ({ ended }) => `${ended === 1 ? "1 flow" : `${ended} flows`} ended\n`);
}
function table(flows) {
    return formatTable(["PROTO", "STATE", "ORIGINAL SRC", "ORIGINAL DST", "REPLY SRC", "REPLY DST", "TIMEOUT", "PACKETS", "REPLIES"], flows.map((f) => [
        f.proto,
        f.offloaded ? `${f.state},offloaded` : f.state,
        f.original.src,
        f.original.dst,
        f.reply.src,
        f.reply.dst,
        formatDuration(f.timeoutSec),
        f.packets[0],
        f.packets[1],
    ]));
}
//# sourceMappingURL=flows.js.map