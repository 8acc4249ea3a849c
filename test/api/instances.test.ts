import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ask } from "../../src/api/client.js";
import { findInstances, pickInstance } from "../../src/api/instances.js";
import { runDir, runDirs } from "../../src/api/paths.js";
import { serveApi } from "../../src/api/server.js";
import { TsproxyError } from "../../src/errors.js";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "tsp-run-"));
  process.env.TSPROXY_RUN_DIR = dir;
  return () => {
    delete process.env.TSPROXY_RUN_DIR;
    rmSync(dir, { recursive: true, force: true });
  };
});

const socketOf = (pid: number): string => path.join(dir, `${pid}.sock`);

async function instance(pid: number, listener: http.RequestListener = (_, response) => response.end("[]")): Promise<void> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(socketOf(pid), resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
}

/** Runs `action` as a user who may not open root's sockets. */
async function asNobody<T>(action: () => Promise<T>): Promise<T> {
  chmodSync(dir, 0o755);
  process.seteuid!(65534);
  try {
    return await action();
  } finally {
    process.seteuid!(0);
  }
}

describe("finding instances", () => {
  it("passes over dead sockets, other files and a folder that is not there", async () => {
    await instance(42);
    writeFileSync(socketOf(41), ""); // connect: ECONNREFUSED, as for a socket without a listener
    writeFileSync(path.join(dir, "43.json"), "");
    expect(await findInstances()).toEqual([{ pid: 42, socketPath: socketOf(42), denied: false }]);
    expect(await findInstances([path.join(dir, "none")])).toEqual([]);
  });

  it("says how to start one when none runs", async () => {
    await expect(pickInstance(undefined)).rejects.toMatchObject({
      kind: "not-found",
      message: "no tsproxy is running",
      hint: expect.stringContaining("tsproxy -p"),
    });
  });

  it("takes the only one; of several the one that is named", async () => {
    await instance(9);
    expect(await pickInstance(undefined)).toMatchObject({ pid: 9 });
    await instance(42);
    await expect(pickInstance(undefined)).rejects.toMatchObject({
      kind: "conflict",
      message: "2 instances of tsproxy run (9, 42)",
      hint: "choose one with --pid",
    });
    expect(await pickInstance(42)).toMatchObject({ pid: 42 });
    await expect(pickInstance(7)).rejects.toMatchObject({
      kind: "not-found",
      message: "no tsproxy runs as process 7",
      hint: "running: 9, 42",
    });
  });

  it("tells another user's instance from none (needs root)", async (ctx) => {
    if (process.geteuid?.() !== 0) ctx.skip("needs root: becomes another user");
    await instance(9);
    chmodSync(socketOf(9), 0o600);
    await asNobody(async () => {
      expect(await findInstances()).toMatchObject([{ pid: 9, denied: true }]);
      for (const pid of [undefined, 9]) await expect(pickInstance(pid)).rejects.toMatchObject({ kind: "permission" });
    });
    await instance(42);
    chmodSync(socketOf(42), 0o666);
    await asNobody(async () => expect(await pickInstance(undefined)).toMatchObject({ pid: 42 }));
  });
});

describe("where instances are", () => {
  it("is TSPROXY_RUN_DIR alone when that is set", () => {
    expect([runDir(), runDirs()]).toEqual([dir, [dir]]);
  });

  it("is /run/tsproxy for root, and besides a folder of one's own for other users (needs root)", async (ctx) => {
    if (process.geteuid?.() !== 0) ctx.skip("needs root: becomes another user");
    delete process.env.TSPROXY_RUN_DIR;
    const { XDG_RUNTIME_DIR } = process.env;
    process.env.XDG_RUNTIME_DIR = "/run/user/65534";
    onTestFinished(() => {
      if (XDG_RUNTIME_DIR === undefined) delete process.env.XDG_RUNTIME_DIR;
      else process.env.XDG_RUNTIME_DIR = XDG_RUNTIME_DIR;
    });
    expect([runDir(), runDirs()]).toEqual(["/run/tsproxy", ["/run/tsproxy"]]);
    await asNobody(async () => {
      expect(runDirs()).toEqual(["/run/user/65534/tsproxy", "/run/tsproxy"]);
    });
  });
});

describe("asking an instance", () => {
  it("gets what its handlers answer, and what it is", async () => {
    const service = await serveApi({ fdb: () => [] }, { role: "standalone" });
    onTestFinished(() => service.close());
    const { socketPath } = await pickInstance(process.pid);
    expect(await ask(socketPath, "fdb")).toEqual([]);
    expect(await ask(socketPath, "info")).toEqual({ ...service.info, uptimeSec: expect.any(Number) });
    expect(service.info).toMatchObject({ pid: process.pid, role: "standalone", apiSocket: socketPath });
    await expect(ask(socketPath, "networks")).rejects.toMatchObject({ code: "TSP_ERR_API_REQUEST", kind: "not-found" });
  });

  it("asks for nothing that no HTTP server would read, and says why", async () => {
    const service = await serveApi({ sandbox: () => Promise.reject(new Error("asked")) }, { role: "daemon" });
    onTestFinished(() => service.close());
    const { socketPath } = await pickInstance(process.pid);
    for (const length of [9000, 20_000, 2_000_000])
      await expect(ask(socketPath, "sandbox", { params: { sandbox: "x".repeat(length) } })).rejects.toMatchObject({
        code: "TSP_ERR_API_REQUEST",
        kind: "invalid",
        message: "a name, or what is searched for, is far too long",
      });
    await expect(ask(socketPath, "sandbox", { params: { sandbox: "x".repeat(8000) } })).rejects.toMatchObject({ kind: "internal" });
  });

  it("throws the error that a handler threw", async () => {
    const error = new TsproxyError("TSP_ERR_STATE", "unavailable", "no space", "make some");
    const fail = (): never => {
      throw error;
    };
    const service = await serveApi({ stats: fail }, { role: "daemon" });
    onTestFinished(() => service.close());
    await expect(ask(service.info.apiSocket, "stats")).rejects.toEqual(error);
  });

  it.each<[string, http.RequestListener, string]>([
    ["another status", (_, response) => response.writeHead(500).end(), "answers GET /v1/flows with status 500"],
    ["nonsense", (_, response) => response.end("{"), "something that is not JSON"],
    ["nothing", (request) => request.socket.destroy(), "does not answer"],
  ])("reports one that answers with %s", async (_name, listener, message) => {
    await instance(42, listener);
    await expect(ask(socketOf(42), "flows", { query: {} })).rejects.toMatchObject({
      code: "TSP_ERR_INSTANCE",
      kind: "unavailable",
      message: expect.stringContaining(message),
    });
  });

  it("reports one that is gone, and one of another user (needs root for the latter)", async () => {
    await expect(ask(socketOf(1), "flows", { query: {} })).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("ENOENT"),
    });
    if (process.geteuid?.() !== 0) return;
    await instance(9);
    chmodSync(socketOf(9), 0o600);
    await asNobody(async () => {
      await expect(ask(socketOf(9), "flows", { query: {} })).rejects.toMatchObject({ kind: "permission" });
    });
  });
});
