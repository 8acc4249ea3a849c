import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { listen, passedSockets, whoListens } from "../../src/api/unix-socket.js";

const REFUSAL = { code: "TSP_ERR_DAEMON", other: "another daemon", hint: "stop it" } as const;
let dir = "";
let file = "";

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "tsp-socket-"));
  file = path.join(dir, "a.sock");
  return () => rmSync(dir, { recursive: true, force: true });
});

async function serve(options: { path?: string; group?: string } = {}): Promise<net.Server> {
  const server = net.createServer((socket) => socket.end());
  onTestFinished(() => void server.close());
  await listen(server, { path: file, refusal: REFUSAL, ...options });
  return server;
}

/** A socket file that nobody listens on any more, as a killed process leaves it. */
async function deadSocket(): Promise<void> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(`${file}.new`, resolve));
  const { renameSync } = await import("node:fs");
  renameSync(`${file}.new`, file);
  await new Promise((resolve) => server.close(resolve));
}

describe("who listens", () => {
  it("is nobody where there is no file, a dead socket, or another kind of file", async () => {
    expect(await whoListens(file)).toBe("absent");
    await deadSocket();
    expect(existsSync(file)).toBe(true);
    expect(await whoListens(file)).toBe("absent");
    rmSync(file);
    writeFileSync(file, "");
    expect(await whoListens(file)).toBe("absent");
  });

  it("is somebody where a server is", async () => {
    await serve();
    expect(await whoListens(file)).toBe("listening");
  });

  it("is somebody who is too busy to accept", async () => {
    const program = `require("net").createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
      process.stdout.write("listening");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    })`;
    const child = spawn(process.execPath, ["-e", program, file]);
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const connections = Array.from({ length: 4 }, () => net.connect(file).on("error", () => {}));
    onTestFinished(() => {
      for (const connection of connections) connection.destroy();
    });
    expect(await whoListens(file)).toBe("listening");
  });

  it("is denied to a user who may not connect (needs root)", async (ctx) => {
    if (process.geteuid?.() !== 0) ctx.skip("needs root: becomes another user");
    await serve();
    chmodSync(dir, 0o755);
    process.seteuid!(65534);
    const presence = whoListens(file).finally(() => process.seteuid!(0));
    expect(await presence).toBe("denied");
  });
});

describe("listening", () => {
  it("makes the folder and a socket for its owner alone, whatever the umask, and leaves the umask", async () => {
    file = path.join(dir, "new/er/a.sock");
    const umask = process.umask(0);
    try {
      await serve();
      expect(process.umask(0)).toBe(0);
    } finally {
      process.umask(umask);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("replaces a dead socket, and refuses a live one in the caller's words", async () => {
    await deadSocket();
    await serve();
    await expect(serve()).rejects.toMatchObject({
      code: "TSP_ERR_DAEMON",
      kind: "conflict",
      message: `another daemon serves ${file}`,
      hint: "stop it",
    });
  });

  it("refuses an unknown group, a path that is too long, and a folder that cannot be, and does not listen", async () => {
    await expect(serve({ group: "nosuchgroup" })).rejects.toMatchObject({ code: "TSP_ERR_GROUP", kind: "not-found" });
    await expect(serve({ path: path.join(dir, "x".repeat(108)) })).rejects.toMatchObject({ code: "TSP_ERR_DAEMON", kind: "invalid" });
    writeFileSync(file, "");
    await expect(serve({ path: path.join(file, "a.sock") })).rejects.toMatchObject({ code: "TSP_ERR_DAEMON", kind: "unavailable" });
    expect(await whoListens(file)).toBe("absent");
  });

  it("says that a folder is not this user's (needs root)", async (ctx) => {
    if (process.geteuid?.() !== 0) ctx.skip("needs root: becomes another user");
    chmodSync(dir, 0o755);
    mkdirSync(path.join(dir, "roots"));
    process.seteuid!(65534);
    const outcome = serve({ path: path.join(dir, "roots/a.sock") }).catch((error: unknown) => error);
    const error = await outcome.finally(() => process.seteuid!(0));
    expect(error).toMatchObject({ code: "TSP_ERR_DAEMON", kind: "permission", message: expect.stringContaining("EACCES") });
  });
});

describe("sockets that systemd passes", () => {
  it("are those for this process, by name", () => {
    const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = process.env;
    onTestFinished(() => {
      Object.assign(process.env, { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES });
      for (const [name, value] of Object.entries({ LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES }))
        if (value === undefined) delete process.env[name];
    });
    Object.assign(process.env, { LISTEN_PID: "1", LISTEN_FDS: "1" });
    expect(passedSockets()).toEqual([]);
    Object.assign(process.env, { LISTEN_PID: String(process.pid), LISTEN_FDS: "0" });
    expect(passedSockets()).toEqual([]);
    Object.assign(process.env, { LISTEN_FDS: "100000" });
    expect(() => passedSockets()).toThrow(/descriptor \d+ is no socket/);
  });
});
