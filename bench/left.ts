/** The table of what new connections leave behind, of every page that has new connections. */
import { type Row, table, wrap } from "./page.js";
import { format, summarize } from "./stats.js";
import { LEFT } from "./workloads/http.js";

const HEADS: Record<(typeof LEFT)[number]["name"], string> = {
  "connections-answered": "answered",
  "connections-failed": "failed",
  "connections-syn-again": "SYNs sent again",
  "time-wait-client": "client",
  "time-wait-between": "between",
  "time-wait-server": "server",
};

/** Without a table of its own on a page. */
export function isLeft(metric: string): boolean {
  return LEFT.some(({ name }) => name === metric);
}

/** Whole: 53, 13,500. */
function count(value: number): string {
  return value < 1000 ? String(Math.round(value)) : format(value);
}

/** Medians of the rounds. `rows`: the values of a metric, in the same order for each. Where nothing was counted it says so. */
export function leftSection(head: string, rows: (metric: string) => readonly Row[]): string[] {
  const columns = LEFT.map(({ name }) => ({ title: HEADS[name] ?? name, rows: rows(name) }));
  const [first] = columns;
  const body = (first?.rows ?? []).flatMap(({ label, values }, i) =>
    values.length === 0 ? [] : [[label, ...columns.map((column) => count(summarize(column.rows[i]!.values).median))]],
  );
  if (body.length === 0) return [wrap("These rounds are of before it was counted who is left in TIME-WAIT.")];
  return [
    wrap(
      "Left after such a round: connections in TIME-WAIT at the client, at the server, and on what lies between, where a relay has ends of its own. Who closes first keeps the port for a minute. That should be the server, as it is without anything between. What the client keeps it has less of: it has 28,232 ports for one server, and with none left it opens no connection. A server may have one port in TIME-WAIT for each of the client's, however many came; for a new connection from there it gives it up. A SYN is sent again when the first is lost or turned away.",
    ),
    table([[head, ...columns.map(({ title }) => title)], ...body]),
  ];
}
