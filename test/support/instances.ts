/** Instances that answer the API in a run folder of the test's own, with what the test gives them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, onTestFinished } from "vitest";
import { dispatcher } from "../../src/api/dispatch.js";
import { serveHttp } from "../../src/api/http-server.js";
import { type Handlers, ROUTES } from "../../src/api/routes.js";

/** Each test of the file gets a run folder; answers a function that starts an instance in it. */
export function useInstances(): (pid: number, role: "standalone" | "daemon", handlers: Handlers) => Promise<void> {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), "tsp-run-"));
    process.env.TSPROXY_RUN_DIR = dir;
    return () => {
      delete process.env.TSPROXY_RUN_DIR;
      rmSync(dir, { recursive: true, force: true });
    };
  });
  return async (pid, role, handlers) => {
    const apiSocket = path.join(dir, `${pid}.sock`);
    const info = () => ({ pid, version: "1.2.3", role, uptimeSec: 1, apiSocket });
    const service = await serveHttp(dispatcher(ROUTES, { info, ...handlers }), {
      path: apiSocket,
      maxBody: 1000,
      contentType: "application/json",
      refusal: { code: "TSP_ERR_API_SOCKET", other: "another test", hint: "" },
    });
    onTestFinished(() => service.close());
  };
}

/** What a command writes. */
export async function written(show: (write: (text: string) => void) => unknown): Promise<string> {
  let text = "";
  await show((part) => {
    text += part;
  });
  return text;
}
