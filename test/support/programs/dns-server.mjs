/** dns-server.mjs PORT, at the address LISTEN (0.0.0.0): answers every query with one TXT record that holds the asker's `ADDRESS:PORT` (RFC 1035 §4.1). */
import dgram from "node:dgram";

const { LISTEN = "0.0.0.0" } = process.env;
const socket = dgram.createSocket(LISTEN.includes(":") ? "udp6" : "udp4");
socket.on("message", (query, { address, port }) => {
  const peer = `${address}:${port}`;
  console.log(JSON.stringify({ event: "request", peer }));
  let end = 12; // the question starts behind the header: labels up to an empty one, then type and class
  while (query[end] !== 0) end += query[end] + 1;
  const question = query.subarray(12, end + 5);
  const header = Buffer.from([query[0], query[1], 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0, 0]); // QR, AA; 1 question, 1 answer
  const record = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, peer.length + 1, peer.length]); // name at 12, TXT, IN, TTL 0
  socket.send(Buffer.concat([header, question, record, Buffer.from(peer)]), port, address);
});
socket.bind(Number(process.argv[2]), LISTEN, () => console.log(JSON.stringify({ event: "listening" })));
