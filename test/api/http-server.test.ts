/** A server that is made when the first client comes: the addon listens until then. */
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type HttpService, serveHttp } from "../../src/api/http-server.js";
import { listenFirst } from "../../src/api/listen-first.js";
import { listen, whoListens } from "../../src/api/unix-socket.js";
import { setLogSink } from "../../src/log.js";
import { RAW_SOCKETS } from "../../src/standalone/raw-sockets.js";

const REFUSAL = { code: "TSP_ERR_API_SOCKET", other: "another process", hint: "" } as const;
let dir = "";
let file = "";

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "tsp-http-"));
  file = path.join(dir, "a.sock");
  return () => rmSync(dir, { recursive: true, force: true });
});

async function serve(at = file): Promise<HttpService> {
  const service = await serveHttp(async ({ path: value }) => ({ status: 200, value }), {
    path: at,
    maxBody: 1024,
    contentType: "application/json",
    refusal: REFUSAL,
    raw: RAW_SOCKETS,
  });
  onTestFinished(() => service.close().catch(() => {}));
  return service;
}

function get(url: string, agent?: http.Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath: file, path: url, agent }, (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () => resolve(text));
      })
      .on("error", reject);
  });
}

describe("a server of HTTP that begins with the first client", () => {
  it("answers the first one and all others, also such as come at once", async () => {
    await serve();
    expect(await Promise.all(Array.from({ length: 20 }, (_, i) => get(`/${i}`)))).toEqual(
      Array.from({ length: 20 }, (_, i) => `"/${i}"\n`),
    );
    expect(await get("/later")).toBe('"/later"\n');
  });

  it("is for its owner alone, and there is nothing else in the folder", async () => {
    await serve();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["a.sock"]);
    expect(await whoListens(file)).toBe("listening");
  });

  it("ends before anybody came, and its socket with it", async () => {
    const service = await serve();
    await service.close();
    expect(existsSync(file)).toBe(false);
    await expect(get("/")).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("ends with clients, whose connections are cut", async () => {
    const service = await serve();
    const agent = new http.Agent({ keepAlive: true });
    await get("/", agent);
    const idle = net.connect(file);
    const ended = new Promise((resolve) => idle.on("close", resolve));
    await new Promise((resolve) => idle.on("connect", resolve));
    await get("/"); // the idle one is accepted by now
    await service.close();
    await ended;
    expect(existsSync(file)).toBe(false);
    agent.destroy();
  });

  it("takes the place of a socket that nobody listens on, and none that is another's", async () => {
    const service = await serve();
    await expect(serve()).rejects.toMatchObject({ code: "TSP_ERR_API_SOCKET", kind: "conflict" });
    await service.close();
    writeFileSync(file, "");
    await serve();
    expect(await get("/")).toBe('"/"\n');
  });

  it("says why it cannot listen, and leaves nothing", async () => {
    writeFileSync(file, "");
    await expect(serve(path.join(file, "b.sock"))).rejects.toMatchObject({ code: "TSP_ERR_API_SOCKET" });
    expect(readdirSync(dir)).toEqual(["a.sock"]);
  });

  it("survives a listening that fails, whatever fails: clients are turned away, it is said why, and the next one is served", async () => {
    const warnings: string[] = [];
    setLogSink((_, message) => warnings.push(message));
    onTestFinished(() => setLogSink(() => {}));
    const notASocket = openSync(dir, "r");
    onTestFinished(() => closeSync(notASocket));
    const notMade = (): never => {
      throw new Error("no memory is left");
    };
    const answering = (): http.Server => http.createServer((_, response) => response.end("here"));
    const failing = (): http.Server => {
      const server = answering();
      const listen = server.listen.bind(server);
      return Object.assign(server, { listen: (_: unknown, callback: () => void) => listen({ fd: notASocket }, callback) });
    };
    const makers = [notMade, failing, answering];
    const end = await listenFirst(() => makers.shift()!(), RAW_SOCKETS, { path: file, refusal: REFUSAL });
    const before = readdirSync("/proc/self/fd").length;
    for (const reason of ["no memory is left", "EINVAL"]) {
      const asked = await Promise.allSettled([get("/"), get("/"), get("/")]); // ended, all of them
      expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
      await vi.waitUntil(() => existsSync(file) && readdirSync("/proc/self/fd").length <= before); // nothing of it is left
      expect(warnings).toEqual([expect.stringContaining(reason)]);
      expect(warnings.splice(0)[0]).toContain(file);
    }
    expect(await get("/")).toBe("here");
    expect(readdirSync(dir)).toEqual(["a.sock"]);
    expect(warnings).toEqual([]);
    await end();
    expect(existsSync(file)).toBe(false);
  });

  it("ends in the middle of that, and leaves nothing", async () => {
    const before = readdirSync("/proc/self/fd").length;
    let end = async (): Promise<void> => {};
    let ended: Promise<void> | undefined;
    const makeServer = (): never => {
      ended = end();
      throw new Error("no memory is left");
    };
    end = await listenFirst(makeServer, RAW_SOCKETS, { path: file, refusal: REFUSAL });
    await expect(get("/")).rejects.toThrow();
    await ended;
    await vi.waitUntil(() => readdirSync("/proc/self/fd").length <= before);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("goes on when a client cannot be accepted, and says so", async () => {
    const warnings: string[] = [];
    setLogSink((_, message) => warnings.push(message));
    onTestFinished(() => setLogSink(() => {}));
    const server = http.createServer((_, response) => response.end("here"));
    await listen(server, { path: file, refusal: REFUSAL });
    server.emit("error", new Error("accept EMFILE"));
    expect(warnings).toEqual([expect.stringMatching(/a\.sock.*accept EMFILE/)]);
    expect(await get("/")).toBe("here");
    server.close();
  });
});
