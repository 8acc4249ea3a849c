/** One HTTP request on a unix socket, answered with JSON: for tsproxy's own API and for dockerd's. */
import http from "node:http";

export interface ClientRequest {
  method: string;
  /** With its query. */
  path: string;
  /** Sent as JSON; undefined: no body. */
  body?: unknown;
  /** Without a byte from the other side. */
  timeoutMs: number;
}

export interface ClientAnswer {
  status: number;
  /** Undefined when the body is empty. */
  value: unknown;
}

/** Why there was no answer. `errno` is a system call's ("ENOENT", "EACCES"), or undefined. */
export class NoAnswer extends Error {
  constructor(
    message: string,
    readonly errno: string | undefined,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** As `requestJson`, but what is answered with status 200 comes as a stream, and may take its time between two bytes. */
export function requestStream(
  socketPath: string,
  { method, path, timeoutMs }: Omit<ClientRequest, "body">,
): Promise<ClientAnswer | { stream: http.IncomingMessage }> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(new NoAnswer(error.message, error.code, error));
    const request = http.request({ socketPath, path, method, timeout: timeoutMs }, (response) => {
      if (response.statusCode === 200) {
        request.setTimeout(0);
        resolve({ stream: response });
      } else readJson(response, path).then(resolve, reject);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on("error", fail);
    request.end();
  });
}

/** Resolves with any status. Rejects with NoAnswer. */
export function requestJson(socketPath: string, { method, path, body, timeoutMs }: ClientRequest): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const fail = (error: NodeJS.ErrnoException): void => reject(new NoAnswer(error.message, error.code, error));
    const request = http.request({ socketPath, path, method, headers, timeout: timeoutMs }, (response) =>
      readJson(response, path).then(resolve, reject),
    );
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on("error", fail);
    request.end(text);
  });
}

function readJson(response: http.IncomingMessage, path: string): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", (error: NodeJS.ErrnoException) => reject(new NoAnswer(error.message, error.code, error)));
    response.on("end", () => {
      const answer = Buffer.concat(chunks).toString("utf8");
      try {
        resolve({ status: response.statusCode ?? 0, value: answer === "" ? undefined : JSON.parse(answer) });
      } catch (cause) {
        reject(new NoAnswer(`it answers ${path} with something that is not JSON`, undefined, cause));
      }
    });
  });
}
