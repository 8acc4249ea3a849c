/**
 * tcp-client.mjs HOST PORT COUNT [LOCAL_ADDRESS LOCAL_PORT]: opens COUNT connections at once and keeps them. Every line of
 * standard input is sent on each; {"event":"data","id","text"}, {"event":"closed","id","code"} tell what came of it.
 */
import net from "node:net";
import readline from "node:readline";

const [host, port, count, localAddress, localPort] = process.argv.slice(2);
const say = (event) => console.log(JSON.stringify(event));

const sockets = Array.from({ length: Number(count) }, (_, id) => {
  const local = localPort === undefined ? {} : { localAddress, localPort: Number(localPort) };
  const socket = net.connect({ host, port: Number(port), ...local });
  socket.setEncoding("utf8");
  socket.on("connect", () => say({ event: "connected", id, local: `${socket.localAddress}:${socket.localPort}` }));
  socket.on("data", (text) => say({ event: "data", id, text }));
  socket.on("error", (error) => say({ event: "closed", id, code: error.code }));
  socket.on("end", () => say({ event: "closed", id, code: "end" }));
  return socket;
});
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  for (const socket of sockets) socket.write(`${line}\n`);
});
