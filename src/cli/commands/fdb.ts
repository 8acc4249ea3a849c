/** `tsproxy fdb` */
import { CliCommand } from "../command.js";
import { formatDuration } from "../format.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions, show } from "../show.js";
import { stdout, type Write } from "../stdout.js";
import { formatTable } from "../table.js";

export function fdbCommand(): CliCommand {
  return addShowOptions(new CliCommand("fdb", "Show the MAC addresses that a running instance knows"))
    .example("Which MAC address is behind which port", "tsproxy fdb")
    .action((options: RawShow) => showFdb(parseShow(options)));
}

export function showFdb(options: ShowOptions, write: Write = stdout): Promise<void> {
  return show(
    options,
    write,
    (client, { socketPath }) => client.ask(socketPath, "fdb"),
    (entries) =>
      formatTable(
        ["MAC", "PORT", "NAME", "ADDRESS", "AGE"],
        entries.map((e) => [e.mac, e.port, e.name, e.address ?? "-", e.static ? "static" : formatDuration(e.ageSec)]),
      ),
  );
}
