import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { servePlugin } from "../../src/docker/plugin-server.js";
import { TsproxyError } from "../../src/errors.js";

let dir = "";
let socket = "";

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "tsp-plugin-"));
  socket = path.join(dir, "plugins/tsproxy.sock");
  return () => rmSync(dir, { recursive: true, force: true });
});

async function serve(options: { group?: string } = {}): Promise<{ close(): Promise<void> }> {
  const server = await servePlugin(
    {
      "NetworkDriver.Echo": async (body) => ({ body }),
      "NetworkDriver.Refuse": async () => {
        throw new TsproxyError("TSP_ERR_NETWORK", "conflict", "it cannot be", "try another");
      },
      "NetworkDriver.Break": async () => {
        throw new Error("a fault");
      },
    },
    { path: socket, ...options },
  );
  onTestFinished(() => server.close());
  return server;
}

interface Answer {
  status: number;
  body: unknown;
  type: string | undefined;
}

function call(name: string, body: string | Buffer = "", method = "POST"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath: socket, path: `/${name}`, method }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode!, body: JSON.parse(text), type: response.headers["content-type"] }));
    });
    request.on("error", reject).end(body);
  });
}

describe("the plugin server", () => {
  it("answers a call with JSON of the plugin protocol's type", async () => {
    await serve();
    expect(await call("NetworkDriver.Echo", '{"a":1}')).toEqual({
      status: 200,
      body: { body: { a: 1 } },
      type: "application/vnd.docker.plugins.v1.1+json",
    });
  });

  it("takes an empty body for an empty object, as of Plugin.Activate", async () => {
    await serve();
    expect((await call("NetworkDriver.Echo")).body).toEqual({ body: {} });
  });

  it.each([
    ["NetworkDriver.Refuse", "{}", "POST", 200, "it cannot be: try another"],
    ["NetworkDriver.Break", "{}", "POST", 500, "internal error: a fault"],
    ["NetworkDriver.Nothing", "{}", "POST", 404, "there is no NetworkDriver.Nothing"],
    ["toString", "{}", "POST", 404, "there is no toString"],
    ["NetworkDriver.Echo", "", "GET", 405, "called by POST"],
    ["NetworkDriver.Echo", "{", "POST", 400, "no JSON"],
  ])("%s %s by %s: status %i and an Err that says what", async (name, body, method, status, says) => {
    await serve();
    const answer = await call(name, body, method);
    expect(answer.status).toBe(status);
    expect((answer.body as { Err: string }).Err).toContain(says);
  });

  it("refuses a body over its limit, and serves the next caller", async () => {
    await serve();
    const huge = Buffer.alloc((16 << 20) + 1, " ");
    // The server may hang up while the body is still being sent.
    const answer = await call("NetworkDriver.Echo", huge).catch((error: NodeJS.ErrnoException) => error.code);
    expect(answer === "EPIPE" || answer === "ECONNRESET" || (answer as Answer).status === 413).toBe(true);
    expect((await call("NetworkDriver.Echo")).status).toBe(200);
  });

  it("makes the folder, and a socket for its owner alone, and removes the socket at the end", async () => {
    const server = await serve();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await server.close();
    expect(existsSync(socket)).toBe(false);
  });

  it("lets a group in when told to (needs root)", async (ctx) => {
    if (process.getuid?.() !== 0) ctx.skip("needs root: chown");
    await serve({ group: "daemon" });
    expect([statSync(socket).mode & 0o777, statSync(socket).gid]).toEqual([0o660, 1]);
  });

  it("refuses a group that there is not", async () => {
    await expect(serve({ group: "nosuchgroup" })).rejects.toMatchObject({ kind: "not-found" });
  });

  it("takes the place of a dead socket, but not of a live one", async () => {
    const first = await serve();
    await expect(serve()).rejects.toMatchObject({ code: "TSP_ERR_PLUGIN_SOCKET", kind: "conflict" });
    await first.close();
    writeFileSync(socket, "");
    await serve();
    expect((await call("NetworkDriver.Echo")).status).toBe(200);
  });
});
