/** `tsproxy fdb` */
import { CliCommand } from "../command.js";
import { formatDuration } from "../format.js";
import { addShowOptions, parseShow, show, stdout } from "../show.js";
import { formatTable } from "../table.js";
export function fdbCommand() {
    return addShowOptions(new CliCommand("fdb", "Show the MAC addresses that a running instance knows"))
        .example("Which MAC address is behind which port", "tsproxy fdb")
        .action((options) => showFdb(parseShow(options)));
}
export function showFdb(options, write = stdout) {
    return show(options, write, (client, { socketPath }) => client.ask(socketPath, "fdb"), (entries) => formatTable(["MAC", "PORT", "NAME", "AGE"], entries.map((e) => [e.mac, e.port, e.name, e.static ? "static" : formatDuration(e.ageSec)])));
}
//# sourceMappingURL=fdb.js.map