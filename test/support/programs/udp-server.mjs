/** udp-server.mjs PORT, at the address LISTEN (0.0.0.0): answers every datagram with `PEER TEXT`, or with nothing when SILENT is set. */
import dgram from "node:dgram";

const address = process.env.LISTEN ?? "0.0.0.0";
const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
socket.on("message", (bytes, { address, port }) => {
  const peer = `${address}:${port}`;
  console.log(JSON.stringify({ event: "request", peer, bytes: bytes.length }));
  if (process.env.SILENT === undefined) socket.send(`${peer} ${bytes}`, port, address);
});
socket.bind(Number(process.argv[2]), address, () => console.log(JSON.stringify({ event: "listening" })));
