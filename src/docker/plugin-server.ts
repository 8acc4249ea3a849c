/**
 * Docker's plugin protocol v1: HTTP POST of JSON on a unix socket, one path a call. What cannot be decoded is answered with an HTTP error,
 * what cannot be done with status 200 and `Err` (libnetwork's docs/remote.md).
 */
import { fstatSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { restrictSocket } from "../api/socket-access.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";

/** By path, without its leading slash: `NetworkDriver.Join`. */
export type PluginCalls = Readonly<Record<string, (body: unknown) => Promise<object>>>;

export interface PluginServerOptions {
  path: string;
  /** Group that may use it besides its owner; undefined: nobody. */
  group?: string | undefined;
}

/** Room for 65,535 published ports in one message, twice over. */
const MAX_BODY = 16 << 20;
const CONTENT_TYPE = "application/vnd.docker.plugins.v1.1+json";
const LISTEN_FDS_START = 3; // sd_listen_fds(3)

/** Listens on the socket, or on the one that systemd passed. Throws TSP_ERR_PLUGIN_SOCKET when another process serves it. */
export async function servePlugin(calls: PluginCalls, options: PluginServerOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void serve(calls, request).then(({ status, value }) => answer(response, status, value));
  });
  const passed = passedSocket();
  if (passed === undefined) await makeRoom(options.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(socketError("unavailable", `cannot listen on ${options.path}: ${cause.message}`, undefined, cause)),
    );
    if (passed === undefined) server.listen(options.path, resolve);
    else server.listen({ fd: passed }, resolve);
  });
  if (passed === undefined) restrictSocket(options.path, options.group);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Never rejects. */
async function serve(calls: PluginCalls, request: IncomingMessage): Promise<{ status: number; value: object }> {
  const path = (request.url ?? "").slice(1);
  const call = Object.hasOwn(calls, path) ? calls[path] : undefined;
  if (call === undefined) return { status: 404, value: { Err: `there is no ${path}` } };
  if (request.method !== "POST") return { status: 405, value: { Err: `${path} is called by POST` } };
  let body: unknown;
  try {
    const text = await read(request);
    if (text === null) return { status: 413, value: { Err: `${path}: the message is longer than ${MAX_BODY} bytes` } };
    body = text === "" ? {} : JSON.parse(text);
  } catch (error) {
    return { status: 400, value: { Err: `${path}: the message is no JSON: ${(error as Error).message}` } };
  }
  try {
    return { status: 200, value: await call(body) };
  } catch (error) {
    if (error instanceof TsproxyError) return { status: 200, value: { Err: error.describe() } };
    log.warn(`internal error in ${path}: ${(error as Error).stack}`);
    return { status: 500, value: { Err: `internal error: ${(error as Error).message}` } };
  }
}

/** The body, or null when it is too long. */
async function read(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function answer(response: ServerResponse, status: number, value: object): void {
  // What was not read of a body that is too long must not be taken for the next request.
  response.writeHead(status, { "content-type": CONTENT_TYPE, ...(status === 413 && { connection: "close" }) });
  response.end(JSON.stringify(value));
}

/** Descriptor of the socket that systemd (socket activation) listens on for us, or undefined. */
function passedSocket(): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  if (LISTEN_PID !== String(process.pid) || !(Number(LISTEN_FDS) >= 1)) return undefined;
  if (fstatSync(LISTEN_FDS_START).isSocket()) return LISTEN_FDS_START;
  throw socketError("invalid", `descriptor ${LISTEN_FDS_START} is no socket, but LISTEN_FDS says so`, "see sd_listen_fds(3)");
}

/** Makes the folder, and removes the socket of a dead process. */
async function makeRoom(path: string): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw socketError("unavailable", `cannot make ${dirname(path)}: ${(cause as Error).message}`, undefined, cause);
  }
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
  if (alive) throw socketError("conflict", `another process serves ${path}`, "stop it, or give --plugin-socket another path");
  rmSync(path, { force: true });
}

function socketError(kind: "invalid" | "conflict" | "unavailable", message: string, hint?: string, cause?: unknown): TsproxyError {
  return new TsproxyError("TSP_ERR_PLUGIN_SOCKET", kind, message, hint, cause);
}
