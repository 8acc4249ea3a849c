/**
 * stream-client.mjs HOST PORT COUNT PERIOD_MS: keeps COUNT connections to stream-server.mjs, and says something on each every PERIOD_MS. A line of
 * standard input asks for a report: connections that are open, that ended, that missed a line, that were silent for a second; and the longest
 * time in ms between two lines of one connection since the last report.
 */
import net from "node:net";
import readline from "node:readline";

const [host, port, count, period] = process.argv.slice(2);
const say = (event) => console.log(JSON.stringify(event));
let gapMs = 0;
const all = Array.from({ length: Number(count) }, () => {
  const one = { socket: net.connect({ host, port: Number(port) }), next: 0, rest: "", at: 0, wrong: false, ended: "" };
  one.socket.setEncoding("utf8");
  one.socket.on("data", (text) => {
    const now = performance.now();
    if (one.at > 0) gapMs = Math.max(gapMs, now - one.at);
    one.at = now;
    const lines = (one.rest + text).split("\n");
    one.rest = lines.pop();
    for (const line of lines) if (Number(line) !== one.next++) one.wrong = true;
  });
  one.socket.on("error", (error) => {
    one.ended = error.code;
  });
  one.socket.on("close", () => {
    one.ended ||= "end";
  });
  return one;
});
setInterval(() => {
  for (const { socket, ended } of all) if (ended === "") socket.write(".");
}, Number(period));
const ready = setInterval(() => {
  if (!all.every(({ next }) => next > 0)) return;
  clearInterval(ready);
  say({ event: "ready" });
}, 20);
readline.createInterface({ input: process.stdin }).on("line", () => {
  const now = performance.now();
  const open = all.filter(({ ended }) => ended === "");
  const ended = [...new Set(all.map((one) => one.ended).filter((code) => code !== ""))];
  const silent = open.filter(({ at }) => now - at > 1000).length;
  say({ event: "report", open: open.length, ended, wrong: all.filter(({ wrong }) => wrong).length, silent, gapMs: Math.round(gapMs) });
  gapMs = 0;
});
