/** udp-server.mjs PORT: answers every datagram with `PEER TEXT`. */
import dgram from "node:dgram";

const socket = dgram.createSocket("udp4");
socket.on("message", (bytes, { address, port }) => {
  const peer = `${address}:${port}`;
  console.log(JSON.stringify({ event: "request", peer, bytes: bytes.length }));
  socket.send(`${peer} ${bytes}`, port, address);
});
socket.bind(Number(process.argv[2]), "0.0.0.0", () => console.log(JSON.stringify({ event: "listening" })));
