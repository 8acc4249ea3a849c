/** Hostile clients on the launchers' socket: whatever bytes come, with and without a descriptor, are refused as a TsproxyError, and no descriptor is left open. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { receiveRequest } from "../../src/docker/launcher-request.js";
import { TsproxyError } from "../../src/errors.js";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-launcher-"));
const socketPath = path.join(dir, "docker-proxy.sock");
const server = net.createServer({ pauseOnConnect: true });
let connections: ((socket: net.Socket) => void)[] = [];

beforeAll(async () => {
  server.on("connection", (socket) => connections.shift()?.(socket));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
});

afterAll(() => {
  server.close();
  fs.rmSync(dir, { recursive: true });
});

function openDescriptors(): number {
  return fs.readdirSync("/proc/self/fd").length;
}

/** What the daemon's side makes of a connection. */
function served(): Promise<unknown> {
  return new Promise((resolve) => {
    connections.push((socket) => {
      receiveRequest(socket)
        .then(resolve, resolve)
        .finally(() => socket.destroy());
    });
  });
}

const LINE = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.string({ minLength: 1, maxLength: 200 }).map((text) => Buffer.from(text)),
  fc
    .tuple(
      fc.constantFrom("publish", "PUBLISH", "unpublish", ""),
      fc.constantFrom("tcp", "udp", "sctp", "tcp udp"),
      fc.constantFrom("172.17.0.4", "::1", "1.2.3", "a b"),
      fc.constantFrom("80", "0", "65536", "-1", "8e3"),
    )
    .map((words) => Buffer.from(`${words.join(" ")}\n`)),
);

it("refuses every line that comes without a socket", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(LINE, async (line) => {
      const before = openDescriptors();
      const result = served();
      const client = net.connect(socketPath, () => client.end(line));
      client.on("error", () => {});
      const answer = await result;
      await new Promise((resolve) => (client.closed ? resolve(null) : client.once("close", resolve)));
      if (answer !== undefined) expect(answer).toBeInstanceOf(TsproxyError);
      expect(openDescriptors()).toBeLessThanOrEqual(before);
    }),
    { numRuns: 300 },
  );
});

/** Sends a line with descriptors of all kinds, one connection each: a file, a pipe, a socket that is not bound, a bound one of the other protocol, several. */
const SEND = `
import array, os, socket, sys
def send(line, fds):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
    s.close()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0))
kinds = [[os.open("/dev/null", os.O_RDWR)], [os.pipe()[0]], [socket.socket().fileno()], [udp.fileno()], [udp.fileno(), udp.fileno()], [0] * 200]
for fds in kinds:
    for line in (b"publish tcp 172.17.0.4 80\\n", b"x" * 400, b"\\n"):
        send(line, fds)
`;

it("closes every descriptor that comes with a request that it refuses", async () => {
  const before = openDescriptors();
  const results = Array.from({ length: 18 }, served);
  await new Promise<void>((resolve, reject) =>
    execFile("python3", ["-c", SEND, socketPath], (error) => (error === null ? resolve() : reject(error))),
  );
  for (const answer of await Promise.all(results)) if (answer !== undefined) expect(answer).toBeInstanceOf(TsproxyError);
  await new Promise((resolve) => setTimeout(resolve, 100));
  connections = [];
  expect(openDescriptors()).toBeLessThanOrEqual(before);
});
