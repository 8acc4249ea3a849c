/** From an HTTP request to the handler of its route, with everything in it checked, and back to an HTTP answer. */
import * as v from "valibot";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { errorAnswer } from "./error-body.js";
import { type HttpAnswer, type HttpRequest, RequestError, type StreamAnswer } from "./http-server.js";
import type { Checked, Handlers, Route, Routes } from "./routes.js";

/** What answers every request: an error becomes its status and `ErrorBody`. Never rejects. */
export function dispatcher<R extends Routes>(routes: R, handlers: Handlers<R>): (request: HttpRequest) => Promise<HttpAnswer> {
  const served = Object.entries(routes).flatMap(([name, route]) => {
    const handle = handlers[name] as ((request: Checked<Route>) => unknown) | undefined;
    return handle === undefined ? [] : [{ route, handle, segments: route.path.split("/") }];
  });
  const answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    const found = served.flatMap(({ route, handle, segments }) => {
      const params = match(segments, request.path);
      return params === undefined ? [] : [{ route, handle, params }];
    });
    if (found.length === 0) {
      const paths = [...new Set(served.map(({ route }) => route.path))];
      throw new RequestError(404, `there is no ${request.path}`, `the paths here are ${paths.join(", ")}`);
    }
    const chosen = found.find(({ route }) => route.method === request.method);
    if (chosen === undefined) {
      const allowed = found.map(({ route }) => route.method).join(", ");
      const refusal = new RequestError(405, `${request.path} does not take ${request.method}`, `use ${allowed}`);
      return { ...errorAnswer(refusal, refusal.status), headers: { allow: allowed } };
    }
    const { route, handle, params } = chosen;
    const query = route.query && check("query", route.query, Object.fromEntries(request.query));
    const body = route.body && check("body", route.body, await request.body());
    const value = await handle({ params, query, body } as Checked<Route>);
    if (route.streams === true) return { status: 200, value: undefined, stream: value as StreamAnswer };
    return route.answer === undefined ? { status: 204, value: undefined } : { status: 200, value };
  };
  return (request) =>
    answer(request).catch((error: unknown) => {
      if (error instanceof RequestError) return errorAnswer(error, error.status);
      if (!(error instanceof TsproxyError)) log.fault(`${request.method} ${request.path}`, error);
      return errorAnswer(TsproxyError.of(error));
    });
}

/** The parameters in `path`, or undefined when it is another path. */
function match(segments: string[], path: string): Record<string, string> | undefined {
  const words = path.split("/");
  if (words.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    const word = words[i] as string;
    if (!segment.startsWith(":")) {
      if (segment !== word) return undefined;
      continue;
    }
    try {
      params[segment.slice(1)] = decodeURIComponent(word);
    } catch {
      throw new RequestError(400, `'${word}' in the path is not percent-encoded UTF-8`);
    }
  }
  return params;
}

/** Throws a RequestError that says what is wrong. */
export function check(part: "query" | "body", schema: v.GenericSchema, value: unknown): unknown {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const said = result.issues.map((issue) => {
    const field = v.getDotPath(issue);
    return `${field === null ? part : `${part}.${field}`}: ${issue.message}`;
  });
  throw new RequestError(400, said.join("; "));
}
