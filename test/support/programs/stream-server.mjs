/** stream-server.mjs PORT PERIOD_MS: sends every client a numbered line each PERIOD_MS, whether or not that says anything. */
import net from "node:net";

const [port, period] = process.argv.slice(2).map(Number);
const server = net.createServer((socket) => {
  let n = 0;
  const timer = setInterval(() => socket.write(`${n++}\n`), period);
  socket.on("error", () => {});
  socket.on("close", () => clearInterval(timer));
  socket.resume();
});
server.listen(port, "0.0.0.0", 4096, () => console.log(JSON.stringify({ event: "listening" })));
