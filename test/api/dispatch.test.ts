/** Server, routes and client together, on a table of routes that uses everything a route can have. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import * as v from "valibot";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { dispatcher } from "../../src/api/dispatch.js";
import { errorOf, STATUS } from "../../src/api/error-body.js";
import { type ClientAnswer, requestJson, requestStream } from "../../src/api/http-client.js";
import { serveHttp } from "../../src/api/http-server.js";
import type { Handlers, Routes } from "../../src/api/routes.js";
import { type ErrorKind, TsproxyError } from "../../src/errors.js";
import { setLogSink } from "../../src/log.js";

const ROUTES = {
  list: {
    method: "GET",
    path: "/v1/things",
    summary: "",
    query: v.object({ color: v.optional(v.picklist(["red", "blue"])) }),
    answer: v.array(v.string()),
  },
  create: {
    method: "POST",
    path: "/v1/things",
    summary: "",
    body: v.strictObject({ name: v.string(), size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 7) }),
    answer: v.object({ name: v.string(), size: v.number() }),
  },
  remove: { method: "DELETE", path: "/v1/things/:name", summary: "" },
  part: { method: "GET", path: "/v1/things/:name/parts/:part", summary: "", answer: v.string() },
  follow: { method: "GET", path: "/v1/follow", summary: "", query: v.object({ fail: v.optional(v.string()) }), streams: true },
  unserved: { method: "GET", path: "/v1/unserved", summary: "", answer: v.string() },
} as const satisfies Routes;

let socket = "";

beforeEach(() => {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-api-"));
  socket = path.join(dir, "a.sock");
  return () => rmSync(dir, { recursive: true, force: true });
});

const HANDLERS: Handlers<typeof ROUTES> = {
  list: ({ query: { color } }) => [`all ${color ?? "colors"}`],
  create: ({ body }) => body,
  remove: async ({ params: { name } }) => {
    throw new TsproxyError("TSP_ERR_NETWORK", "conflict", `'${name}' is in use`, "empty it");
  },
  part: ({ params }) => `${params.part} of ${params.name}`,
};

async function serve(handlers: Handlers<typeof ROUTES> = HANDLERS): Promise<void> {
  const service = await serveHttp(dispatcher(ROUTES, handlers), {
    path: socket,
    maxBody: 1000,
    contentType: "application/json",
    refusal: { code: "TSP_ERR_API_SOCKET", other: "another process", hint: "" },
  });
  onTestFinished(() => service.close());
}

const call = (method: string, target: string, body?: unknown): Promise<ClientAnswer> =>
  requestJson(socket, { method, path: target, body, timeoutMs: 2000 });

describe("a route that streams", () => {
  /** A stream that the test feeds, and a request for it. */
  async function follow(): Promise<{ stream: PassThrough & { contentType: string }; answer: Awaited<ReturnType<typeof requestStream>> }> {
    const stream = Object.assign(new PassThrough(), { contentType: "text/plain" });
    await serve({
      follow: ({ query: { fail } }) => {
        if (fail !== undefined) throw new TsproxyError("TSP_ERR_CAPTURE", "conflict", "no more");
        return stream;
      },
    });
    return { stream, answer: await requestStream(socket, { method: "GET", path: "/v1/follow", timeoutMs: 2000 }) };
  }

  it("answers at once, passes on what comes when it comes, and ends with it", async () => {
    const { stream, answer } = await follow();
    if (!("stream" in answer)) throw new Error("no stream");
    expect(answer.stream.headers["content-type"]).toBe("text/plain");
    stream.write("one");
    let text = "";
    for await (const chunk of answer.stream) {
      text += String(chunk);
      if (text === "one") stream.end("two");
    }
    expect(text).toBe("onetwo");
  });

  it("is over for who serves it when the client goes away, though nothing is sent", async () => {
    const { stream, answer } = await follow();
    if ("stream" in answer) answer.stream.destroy();
    await new Promise((resolve) => stream.on("close", resolve));
    expect(stream.destroyed).toBe(true);
  });

  it("is over, too, when it waits for its turn behind another of the same connection", async () => {
    const streams: PassThrough[] = [];
    await serve({
      follow: () => {
        const stream = Object.assign(new PassThrough(), { contentType: "text/plain" });
        streams.push(stream);
        return stream;
      },
    });
    const client = connect(socket);
    client.write("GET /v1/follow HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2));
    await vi.waitFor(() => expect(streams).toHaveLength(2));
    client.destroy();
    await vi.waitFor(() => expect(streams.map((stream) => stream.destroyed)).toEqual([true, true]));
  });

  it("answers an error as others do", async () => {
    await follow();
    const answer = await requestStream(socket, { method: "GET", path: "/v1/follow?fail=1", timeoutMs: 2000 });
    expect(answer).toMatchObject({ status: STATUS.conflict, value: { code: "TSP_ERR_CAPTURE", message: "no more" } });
  });
});

describe("a route", () => {
  it("gets its query, its body and the parameters of its path, decoded", async () => {
    await serve();
    expect(await call("GET", "/v1/things?color=red")).toEqual({ status: 200, value: ["all red"] });
    expect(await call("GET", "/v1/things")).toEqual({ status: 200, value: ["all colors"] });
    expect(await call("POST", "/v1/things", { name: "a", size: 3 })).toEqual({ status: 200, value: { name: "a", size: 3 } });
    expect((await call("GET", "/v1/things/a%2Fb%20c/parts/1")).value).toBe("1 of a/b c");
  });

  it("gets the defaults of its schema", async () => {
    await serve();
    expect((await call("POST", "/v1/things", { name: "a" })).value).toEqual({ name: "a", size: 7 });
  });

  it("without an answer is answered with status 204 and no body", async () => {
    await serve({ ...HANDLERS, remove: () => undefined });
    expect(await call("DELETE", "/v1/things/a")).toEqual({ status: 204, value: undefined });
  });
});

describe("a request that is wrong", () => {
  it.each([
    ["GET", "/v1/nothing", undefined, 404, "there is no /v1/nothing"],
    ["GET", "/v1/unserved", undefined, 404, "there is no /v1/unserved"],
    ["GET", "/v1/things/", undefined, 405, "does not take GET"],
    ["PUT", "/v1/things", {}, 405, "/v1/things does not take PUT"],
    ["GET", "/v1/things?color=green", undefined, 400, "query.color: "],
    ["GET", "/v1/things/%ff/parts/1", undefined, 400, "'%ff' in the path"],
    ["POST", "/v1/things", { name: 1 }, 400, "body.name: "],
    ["POST", "/v1/things", { name: "a", size: 0.5 }, 400, "body.size: "],
    ["POST", "/v1/things", { name: "a", sise: 1 }, 400, "body.sise: "],
    ["POST", "/v1/things", [], 400, "body"],
    ["POST", "/v1/things", undefined, 400, "body"],
    ["POST", "/v1/things", { name: "x".repeat(1000) }, 413, "longer than 1000 bytes"],
  ])("%s %s %j: status %5$s, code, message", async (method, target, body, status, says) => {
    await serve();
    const answer = await call(method, target, body);
    expect(answer.status).toBe(status);
    expect(answer.value).toMatchObject({ code: "TSP_ERR_API_REQUEST", message: expect.stringContaining(says) });
  });

  it("that is no JSON is told so", async () => {
    await serve();
    const { default: http } = await import("node:http");
    const status = await new Promise((resolve) => {
      http.request({ socketPath: socket, path: "/v1/things", method: "POST" }, (response) => resolve(response.statusCode)).end("{");
    });
    expect(status).toBe(400);
  });
});

describe("an error", () => {
  it("is answered with code, kind, message and hint", async () => {
    await serve();
    expect(await call("DELETE", "/v1/things/a")).toEqual({
      status: 409,
      value: { code: "TSP_ERR_NETWORK", kind: "conflict", message: "'a' is in use", hint: "empty it" },
    });
  });

  it.each<[ErrorKind, number]>([
    ["invalid", 400],
    ["permission", 403],
    ["not-found", 404],
    ["conflict", 409],
    ["internal", 500],
    ["unavailable", 503],
  ])("of kind %s has status %i, and is the same error at the other end", async (kind, status) => {
    const error = TsproxyError.revived("TSP_ERR_SYSCALL", kind, "it failed", "do this");
    await serve({
      list: () => {
        throw error;
      },
    });
    const answer = await call("GET", "/v1/things");
    expect([answer.status, STATUS[kind]]).toEqual([status, status]);
    expect(errorOf(answer.value)).toEqual(error);
  });

  it("of tsproxy's own is logged, with TSPROXY_DEBUG where it is, answered without that, and ends nothing", async () => {
    const logged: string[] = [];
    setLogSink((_level, message) => void logged.push(message));
    onTestFinished(() => setLogSink(() => {}));
    await serve({
      ...HANDLERS,
      list: () => {
        throw new TypeError("x is not a function");
      },
    });
    const answer = await call("GET", "/v1/things");
    expect(answer).toMatchObject({ status: 500, value: { code: "TSP_ERR_INTERNAL", message: "internal error: x is not a function" } });
    expect(JSON.stringify(answer.value)).not.toContain("dispatch");
    process.env.TSPROXY_DEBUG = "1";
    onTestFinished(() => void delete process.env.TSPROXY_DEBUG);
    await call("GET", "/v1/things");
    expect(logged).toEqual([
      "internal error in GET /v1/things: x is not a function",
      expect.stringMatching(/^internal error in GET \/v1\/things: TypeError: x is not a function\n\s+at /),
    ]);
    expect((await call("GET", "/v1/things/a/parts/b")).status).toBe(200);
  });
});

it.each([
  [undefined],
  [null],
  ["text"],
  [{}],
  [{ code: "X", kind: "strange", message: "m" }],
  [{ code: 1, kind: "invalid", message: "m" }],
])("sees no error in %j", (value) => {
  expect(errorOf(value)).toBeUndefined();
});
