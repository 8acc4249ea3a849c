/** What dockerd calls the endpoints and networks of its remote driver: a plugin is told ids alone. */
import http from "node:http";

const TIMEOUT_MS = 2000;

export interface Names {
  /** Of the container, by endpoint id. */
  containers: Map<string, { name: string; id: string }>;
  /** By network id. */
  networks: Map<string, string>;
}

/** dockerd's socket, as the docker client finds it; null when that is not on this host. */
export function dockerSocket(): string | null {
  const host = process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
  return host.startsWith("unix://") ? host.slice("unix://".length) : null;
}

/** Without names when dockerd does not answer: ids are shown then. */
export async function dockerNames(): Promise<Names> {
  const names: Names = { containers: new Map(), networks: new Map() };
  try {
    const [containers, networks] = await Promise.all([
      ask<{ Id: string; Names: string[]; NetworkSettings?: { Networks?: Record<string, { EndpointID?: string }> } }[]>("/containers/json"),
      ask<{ Id: string; Name: string }[]>("/networks"),
    ]);
    for (const { Id, Name } of networks) names.networks.set(Id, Name);
    for (const { Id, Names, NetworkSettings } of containers)
      for (const { EndpointID } of Object.values(NetworkSettings?.Networks ?? {}))
        if (EndpointID) names.containers.set(EndpointID, { name: (Names[0] ?? Id).replace(/^\//, ""), id: Id });
  } catch {
    // as good as none
  }
  return names;
}

/** GET of dockerd's API. */
export function ask<T>(path: string): Promise<T> {
  const socketPath = dockerSocket();
  if (socketPath === null) return Promise.reject(new Error(`DOCKER_HOST ${process.env.DOCKER_HOST} is on another host`));
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath, path, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode !== 200) return reject(new Error(`dockerd answers ${path} with status ${response.statusCode}`));
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()) as T);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", reject);
  });
}
