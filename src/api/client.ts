/** Running instances: each answers HTTP on `/run/tsproxy/PID.sock` (TSPROXY_RUN_DIR for another folder). */
import { readdir } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { TsproxyError } from "../errors.js";
import { runDir } from "./paths.js";

export { runDir };

const TIMEOUT_MS = 5000;

export interface Instance {
  pid: number;
  socketPath: string;
}

/** Instances that answer, by process id; sockets left by a killed one are passed over. */
export async function findInstances(dir: string = runDir()): Promise<Instance[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw denied(dir, error);
  });
  const found = await Promise.all(
    names
      .filter((name) => /^\d+\.sock$/.test(name))
      .map(async (name) => ({
        pid: Number.parseInt(name, 10),
        socketPath: path.join(dir, name),
        listens: await listens(path.join(dir, name)),
      })),
  );
  return found
    .filter(({ listens }) => listens)
    .map(({ pid, socketPath }) => ({ pid, socketPath }))
    .sort((a, b) => a.pid - b.pid);
}

/** The one that runs, or that `pid` names. Throws TSP_ERR_INSTANCE: not-found, or conflict when there is a choice. */
export async function pickInstance(pid: number | undefined, dir: string = runDir()): Promise<Instance> {
  const instances = await findInstances(dir);
  const pids = instances.map((instance) => instance.pid).join(", ");
  if (pid !== undefined) {
    const named = instances.find((instance) => instance.pid === pid);
    if (named !== undefined) return named;
    throw new TsproxyError(
      "TSP_ERR_INSTANCE",
      "not-found",
      `no tsproxy runs as process ${pid}`,
      pids === "" ? "none runs at all" : `running: ${pids}`,
    );
  }
  if (instances.length > 1)
    throw new TsproxyError(
      "TSP_ERR_INSTANCE",
      "conflict",
      `${instances.length} instances of tsproxy run (${pids})`,
      "choose one with --pid",
    );
  const [only] = instances;
  if (only === undefined)
    throw new TsproxyError("TSP_ERR_INSTANCE", "not-found", "no tsproxy is running", "start one, like 'tsproxy -p 8999:172.17.0.4:8080'");
  return only;
}

/** GET of a path of `types.ts`. */
export function get<T>(instance: Instance, apiPath: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void =>
      reject(new TsproxyError("TSP_ERR_INSTANCE", "unavailable", `tsproxy (pid ${instance.pid}) ${what}`, "is it still running?", cause));
    const request = http.get({ socketPath: instance.socketPath, path: apiPath, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", (error) => fail("broke off its answer", error));
      response.on("end", () => {
        if (response.statusCode !== 200) return fail(`answered ${apiPath} with status ${response.statusCode}`);
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()) as T);
        } catch (error) {
          fail(`answered ${apiPath} with something that is not JSON`, error);
        }
      });
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", (error) => fail(`does not answer (${error.message})`, error));
  });
}

function listens(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EACCES") reject(denied(socketPath, error));
      else resolve(false);
    });
  });
}

function denied(file: string, cause: NodeJS.ErrnoException): TsproxyError {
  return new TsproxyError(
    "TSP_ERR_INSTANCE",
    "permission",
    `cannot open ${file} (${cause.code})`,
    "run as the user who started tsproxy, or as root",
    cause,
  );
}
