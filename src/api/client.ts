/** Asks a running instance: the typed other end of `server.ts`. */
import type { IncomingMessage } from "node:http";
import { TsproxyError } from "../errors.js";
import { errorOf } from "./error-body.js";
import { type ClientAnswer, NoAnswer, requestJson, requestStream } from "./http-client.js";
import { PATHS } from "./route-paths.js";
import type { AnswerOf, Given, ROUTES } from "./routes.js";

const TIMEOUT_MS = 5000;
/** Of a request's path and query: below what Node.js takes of a request's head, 16 KiB, and more than any name or filter has. */
const MAX_TARGET = 8192;
/** Of a stream, which may have to wait until hundreds of thousands of flows are where it wants them. */
const STREAM_TIMEOUT_MS = 30_000;

type StreamName = "capture";
export type RouteName = Exclude<keyof typeof ROUTES, StreamName>;
type Arguments<Name extends RouteName> = unknown extends Given<(typeof ROUTES)[Name]> ? [] : [given: Given<(typeof ROUTES)[Name]>];

/**
 * The answer of the instance that listens on `socketPath`. Throws the error that it answers with, or TSP_ERR_INSTANCE (unavailable, permission)
 * when there is no answer.
 */
export async function ask<Name extends RouteName>(
  socketPath: string,
  name: Name,
  ...[given]: Arguments<Name>
): Promise<AnswerOf<(typeof ROUTES)[Name]>> {
  const { method, path } = PATHS[name];
  const {
    params = {},
    query = {},
    body,
  } = (given ?? {}) as { params?: Record<string, string>; query?: Record<string, string>; body?: unknown };
  const filled = path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ""));
  const answer = await send(socketPath, method, target(filled, query), body);
  if (answer.status >= 200 && answer.status < 300) return answer.value as AnswerOf<(typeof ROUTES)[Name]>;
  throw errorOf(answer.value) ?? refusal(socketPath, method, filled, answer.status);
}

/** Throws TSP_ERR_API_REQUEST (invalid) for one that no instance would read. */
function target(path: string, query: Record<string, string>): string {
  const search = new URLSearchParams(query).toString();
  const whole = search === "" ? path : `${path}?${search}`;
  if (whole.length <= MAX_TARGET) return whole;
  throw new TsproxyError("TSP_ERR_API_REQUEST", "invalid", "a name, or what is searched for, is far too long", "give a shorter one");
}

function refusal(socketPath: string, method: string, path: string, status: number): TsproxyError {
  const message = `the instance at ${socketPath} answers ${method} ${path} with status ${status}`;
  return new TsproxyError("TSP_ERR_INSTANCE", "unavailable", message, "is it of another version?");
}

/** As `ask`, of a route that streams: the answer as it comes. Who destroys it ends it. */
export async function open(socketPath: string, name: StreamName, given: Given<(typeof ROUTES)[StreamName]>): Promise<IncomingMessage> {
  const { method, path } = PATHS[name];
  const asked = target(path, given.query as Record<string, string>);
  const answer = await answered(socketPath, () => requestStream(socketPath, { method, path: asked, timeoutMs: STREAM_TIMEOUT_MS }));
  if ("stream" in answer) return answer.stream;
  throw errorOf(answer.value) ?? refusal(socketPath, method, path, answer.status);
}

async function send(socketPath: string, method: string, path: string, body: unknown): Promise<ClientAnswer> {
  return answered(socketPath, () => requestJson(socketPath, { method, path, body, timeoutMs: TIMEOUT_MS }));
}

async function answered<T>(socketPath: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    if (error.errno === "EACCES" || error.errno === "EPERM") throw denied(socketPath, error);
    const message = `the instance at ${socketPath} does not answer (${error.errno ?? error.message})`;
    throw new TsproxyError("TSP_ERR_INSTANCE", "unavailable", message, "is it still running?", error);
  }
}

/** The error for a file of another user's instance. */
export function denied(file: string, cause?: unknown): TsproxyError {
  return new TsproxyError(
    "TSP_ERR_INSTANCE",
    "permission",
    `this user may not open ${file}`,
    "run as the user who started tsproxy, or as root",
    cause,
  );
}
