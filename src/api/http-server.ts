/** HTTP with JSON on a unix socket: what tsproxy's own API and Docker's plugin protocol have in common. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline, type Readable } from "node:stream";
import { TsproxyError } from "../errors.js";
import { listenFirst, type RawSockets } from "./listen-first.js";
import { type ListenOptions, listen } from "./unix-socket.js";

export interface HttpRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** The JSON in the body; undefined when that is empty. Rejects with a RequestError. */
  body(): Promise<unknown>;
}

export interface HttpAnswer {
  status: number;
  /** Becomes JSON; undefined: no body. */
  value: unknown;
  /** The body instead, for as long as it goes on. It is destroyed when the other side goes away. */
  stream?: StreamAnswer | undefined;
  headers?: Record<string, string>;
}

export interface StreamAnswer extends Readable {
  readonly contentType: string;
}

/** A request that is refused before anything is done, with its HTTP status. */
export class RequestError extends TsproxyError {
  constructor(
    readonly status: 400 | 404 | 405 | 413,
    message: string,
    hint?: string,
    cause?: unknown,
  ) {
    super("TSP_ERR_API_REQUEST", status === 404 ? "not-found" : "invalid", message, hint, cause);
  }
}

export interface HttpOptions extends ListenOptions {
  /** Bytes of a body, at most. */
  maxBody: number;
  /** Of all answers. */
  contentType: string;
  /** Until the first client comes nothing of HTTP is loaded. */
  raw?: RawSockets | undefined;
}

export interface HttpService {
  readonly path: string;
  /** Cuts the connections that are open. */
  close(): Promise<void>;
}

/** `answer` never rejects. Throws what `listen` throws. */
export async function serveHttp(answer: (request: HttpRequest) => Promise<HttpAnswer>, options: HttpOptions): Promise<HttpService> {
  const { path, raw } = options;
  if (raw === undefined) {
    const server = httpServer(answer, options);
    await listen(server, options);
    return { path, close: () => closed(server, new Promise((resolve) => void server.close(() => resolve()))) };
  }
  let server: Server | undefined;
  const makeServer = (): Server => {
    server = httpServer(answer, options);
    return server;
  };
  const end = await listenFirst(makeServer, raw, options);
  return { path, close: () => closed(server, end()) };
}

/** `closing`: it takes no new connections. */
function closed(server: Server | undefined, closing: Promise<void>): Promise<void> {
  server?.closeAllConnections();
  return closing;
}

function httpServer(answer: (request: HttpRequest) => Promise<HttpAnswer>, options: HttpOptions): Server {
  const server = createServer((message, response) => {
    void answer(requestOf(message, options.maxBody)).then(({ status, value, stream, headers }) => {
      if (stream !== undefined) return sendStream(message.socket, response, status, stream);
      response.writeHead(status, {
        "content-type": options.contentType,
        // What was not read of a body that is too long must not be taken for the next request.
        ...(status === 413 && { connection: "close" }),
        ...headers,
      });
      response.end(value === undefined ? undefined : `${JSON.stringify(value)}\n`);
    });
  });
  // A client that has kept its connection may be sending just when Node would close it: local connections cost nothing, so they stay open.
  server.keepAliveTimeout = 0;
  return server;
}

/** Whatever ends the connection ends the stream: also one that waits for its turn, of requests that came one right behind the other. */
function sendStream(socket: Socket, response: ServerResponse, status: number, stream: StreamAnswer): void {
  const end = (): void => void stream.destroy();
  socket.once("close", end);
  stream.once("close", () => socket.off("close", end));
  if (socket.destroyed) end();
  response.writeHead(status, { "content-type": stream.contentType });
  response.flushHeaders();
  pipeline(stream, response, () => {}); // whoever went away is not told of an error
}

function requestOf(message: IncomingMessage, maxBody: number): HttpRequest {
  const url = message.url ?? "/";
  const question = url.indexOf("?");
  return {
    method: message.method ?? "",
    path: question < 0 ? url : url.slice(0, question),
    query: new URLSearchParams(question < 0 ? "" : url.slice(question)),
    body: () => readJson(message, maxBody),
  };
}

async function readJson(message: IncomingMessage, maxBody: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBody) throw new RequestError(413, `the message is longer than ${maxBody} bytes`);
    chunks.push(chunk);
  }
  if (length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new RequestError(400, `the message is no JSON: ${(cause as Error).message}`, undefined, cause);
  }
}
