/**
 * http-server.mjs PORT [ADDRESS], else at the address LISTEN (0.0.0.0): says who asked. GET / answers {"peer","local","host"}; GET /file sends the file that
 * FILE names; PUT /file answers the SHA-256 of the body. Every request is also a line on standard output.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";

const [port, address] = process.argv.slice(2);

const server = http.createServer((request, response) => {
  const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
  const seen = { peer: `${remoteAddress}:${remotePort}`, local: `${localAddress}:${localPort}`, host: request.headers.host };
  console.log(JSON.stringify({ event: "request", ...seen }));
  if (request.url !== "/file") {
    request.resume();
    response.end(JSON.stringify(seen));
  } else if (request.method === "PUT") {
    const hash = createHash("sha256");
    request.on("data", (chunk) => hash.update(chunk));
    request.on("end", () => response.end(hash.digest("hex")));
  } else {
    fs.createReadStream(process.env.FILE).pipe(response);
  }
});
server.listen(Number(port), address ?? process.env.LISTEN ?? "0.0.0.0", () => console.log(JSON.stringify({ event: "listening" })));
