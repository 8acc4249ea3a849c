/**
 * udp-client.mjs HOST PORT [LOCAL_ADDRESS LOCAL_PORT]: a connected UDP socket, so that only answers from HOST:PORT and ICMP
 * errors about exactly this flow arrive. Sends every line of standard input; says what came back.
 */
import dgram from "node:dgram";
import readline from "node:readline";

const [host, port, localAddress, localPort] = process.argv.slice(2);
const say = (event) => console.log(JSON.stringify(event));

const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
socket.on("message", (bytes) => say({ event: "data", text: bytes.toString() }));
socket.on("error", (error) => say({ event: "error", code: error.code }));
socket.bind(Number(localPort ?? 0), localAddress, () => {
  socket.connect(Number(port), host, () => {
    say({ event: "connected", local: `${socket.address().address}:${socket.address().port}` });
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
      socket.send(line, (error) => error && say({ event: "error", code: error.code }));
    });
  });
});
