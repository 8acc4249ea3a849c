/** tcp-server.mjs PORT, at the address LISTEN (0.0.0.0): echoes what comes and, after the client has shut its side, adds AFTER bytes (0) and `end PEER`, and shuts its own. */
import net from "node:net";

const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  const peer = `${socket.remoteAddress}:${socket.remotePort}`;
  console.log(JSON.stringify({ event: "request", peer }));
  socket.on("error", (error) => console.log(JSON.stringify({ event: "error", peer, code: error.code })));
  socket.on("end", () => socket.end(`${"x".repeat(Number(process.env.AFTER ?? 0))}end ${peer}\n`));
  socket.pipe(socket, { end: false });
});
server.listen(Number(process.argv[2]), process.env.LISTEN ?? "0.0.0.0", () => console.log(JSON.stringify({ event: "listening" })));
