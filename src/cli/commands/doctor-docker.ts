/** The Docker side of `tsproxy doctor`. None of it is essential: tsproxy works without Docker. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { askDockerd } from "../../docker/dockerd-client.js";
import { pluginSocket } from "../../docker/plugin.js";
import { attempt, type Check } from "./check.js";

/** Each throws when it is not as it should be. */
export interface DockerSystem {
  /** That dockerd answers on its socket. */
  reach(): Promise<unknown>;
  /** That a plugin socket can be made where dockerd looks, and that somebody listens there. */
  servePlugin(): Promise<void>;
  /** That daemon.json names an executable as docker-proxy. */
  readProxyPath(): void;
}

const DAEMON_JSON = "/etc/docker/daemon.json";

export async function checkDocker(checks: Check[], docker: DockerSystem): Promise<void> {
  const add = (name: string, good: string, bad: string, fix: string, action: () => unknown): Promise<unknown> =>
    attempt(checks, { name, essential: false, good, bad, fix }, action);
  await add("Docker", "dockerd answers", "dockerd does not answer", "start docker, or set DOCKER_HOST", () => docker.reach());
  await add(
    "Docker networks",
    "'docker network create -d tsproxy' works",
    "Docker does not find the driver tsproxy",
    "start 'tsproxy daemon' as root; 'tsproxy install' lets systemd do it",
    () => docker.servePlugin(),
  );
  await add(
    "docker-proxy",
    "Docker publishes ports through tsproxy",
    "Docker publishes ports with its own docker-proxy",
    `'tsproxy install' prints the line for ${DAEMON_JSON}`,
    () => docker.readProxyPath(),
  );
}

export const dockerSystem: DockerSystem = {
  reach: () => askDockerd("/version"),
  servePlugin: () => {
    const socket = pluginSocket();
    const dir = nearest(path.dirname(socket));
    accessSync(dir, constants.W_OK);
    return new Promise((resolve, reject) => {
      const connection = connect(socket, () => {
        connection.destroy();
        resolve();
      }).on("error", (error) => reject(new Error(`nobody listens at ${socket} (${(error as NodeJS.ErrnoException).code})`)));
    });
  },
  readProxyPath: () => {
    if (!existsSync(DAEMON_JSON)) throw new Error(`there is no ${DAEMON_JSON}`);
    const { "userland-proxy-path": proxy } = JSON.parse(readFileSync(DAEMON_JSON, "utf8")) as Record<string, unknown>;
    if (typeof proxy !== "string") throw new Error(`no userland-proxy-path in ${DAEMON_JSON}`);
    accessSync(proxy, constants.X_OK);
    if (!path.basename(proxy).startsWith("tsproxy")) throw new Error(`userland-proxy-path is ${proxy}`);
  },
};

/** The folder, or the one above it that exists. */
function nearest(dir: string): string {
  return existsSync(dir) ? dir : nearest(path.dirname(dir));
}
