/** The HTTP API of a running instance on its unix socket: read-only views as JSON (`api-types.ts`). */
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { makeRunDir, socketPath } from "./paths.js";
import { restrictSocket } from "./socket-access.js";

/** What answers GET requests, by path. */
export type Views = Record<string, () => unknown | Promise<unknown>>;

/** Listens on `/run/tsproxy/PID.sock`, for its owner, and for `group` if one is given: throws TSP_ERR_GROUP for an unknown one. */
export async function serveApi(views: Views, group?: string): Promise<{ path: string; close(): Promise<void> }> {
  makeRunDir();
  const path = socketPath(process.pid);
  rmSync(path, { force: true }); // of a dead process that had our number
  const server: Server = createServer((request, response) => {
    const view = request.method === "GET" ? views[request.url ?? ""] : undefined;
    const answer = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(value)}\n`);
    };
    if (view === undefined) return answer(404, { error: `there is no ${request.method} ${request.url}`, paths: Object.keys(views) });
    Promise.resolve(view()).then(
      (value) => answer(200, value),
      (error: Error) => answer(500, { error: error.message }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  restrictSocket(path, group);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
