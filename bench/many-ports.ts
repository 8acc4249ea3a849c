/** A long range of ports of one container, under a real dockerd without rules of its own: `docker run -p`, `docker rm -f`, and what stands behind. */
import { DockerHost } from "../test/support/docker-network.js";
import { Dockerd, dockerObstacle, IMAGE } from "../test/support/dockerd.js";
import { Lab } from "../test/support/lab.js";
import { LAUNCHER } from "../test/support/paths.js";
import type { Proc } from "../test/support/proc.js";
import { buildWorld } from "../test/support/topology.js";
import { launch, untilReady } from "../test/support/tsproxy.js";
import { PROXIES } from "./docker/cases.js";
import { type RestMemory, restMemory } from "./rest.js";

const FIRST_PORT = 20_000;
const PATIENCE_MS = 900_000;

export interface PortCosts extends RestMemory {
  ports: number;
  /** Seconds of `docker run` and `docker rm -f`. */
  run: number;
  remove: number;
  processes: number;
}

interface Way {
  name: string;
  /** 2 processes a port. */
  isByProcesses: boolean;
  start(): Promise<{ docker: Dockerd; args: string[]; pids(): number[]; close(): Promise<void> }>;
}

/** With tsproxy's launcher in place of docker-proxy, or Docker's own. */
async function withProxy(isOurs: boolean): ReturnType<Way["start"]> {
  const lab = new Lab();
  let docker: Dockerd | undefined;
  let daemon: Proc | undefined;
  const close = async (): Promise<void> => {
    await daemon?.stop();
    await docker?.remove();
    await lab.close();
  };
  try {
    const { host } = buildWorld(lab, "own");
    if (isOurs) daemon = await untilReady(launch(lab, host, ["daemon"]));
    const config = { iptables: false, ...(isOurs && { "userland-proxy-path": LAUNCHER }) };
    const started = await Dockerd.start(lab, host, { config });
    docker = started;
    const pids = (): number[] => [...started.processes(PROXIES).map(({ pid }) => pid), ...(daemon === undefined ? [] : [daemon.pid])];
    return { docker, args: [], pids, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const WAYS: readonly Way[] = [
  { name: "docker-proxy", isByProcesses: true, start: () => withProxy(false) },
  { name: "tsproxy in place of docker-proxy", isByProcesses: true, start: () => withProxy(true) },
  {
    name: "tsproxy, network driver",
    isByProcesses: false,
    start: async () => {
      const host = await DockerHost.start({ iptables: false });
      await host.docker.must("network", "create", "-d", host.driver, "many");
      return { docker: host.docker, args: ["--network", "many"], pids: () => [host.daemon.pid], close: () => host.remove() };
    },
  },
];

async function measure({ start }: Way, ports: number): Promise<PortCosts> {
  const { docker, args, pids, close } = await start();
  try {
    const range = `${FIRST_PORT}-${FIRST_PORT + ports - 1}`;
    const timed = async (...words: string[]): Promise<number> => {
      const begin = performance.now();
      const { code, stderr } = await docker.docker(words, PATIENCE_MS);
      if (code !== 0) throw new Error(`docker ${words.join(" ")}: ${stderr}`);
      return (performance.now() - begin) / 1000;
    };
    const run = await timed("run", "-d", "--name", "range", ...args, "-p", `${range}:${range}`, IMAGE, "sleep", "100000");
    const behind = pids();
    const memory = restMemory(behind);
    return { ports, run, remove: await timed("rm", "-f", "range"), processes: behind.length, ...memory };
  } finally {
    await close();
  }
}

/** `few`: for ways that take processes for each port. A way that cannot be measured is left out, with the reason in `skipped`. */
export async function measurePortRanges(many: number, few: number, skipped: Record<string, string>): Promise<Record<string, PortCosts[]>> {
  const why = dockerObstacle();
  if (why !== undefined) {
    skipped["docker run -p"] = why;
    return {};
  }
  const costs: Record<string, PortCosts[]> = {};
  for (const way of WAYS)
    for (const ports of way.isByProcesses ? [few] : [few, many]) {
      const one = await measure(way, ports);
      costs[way.name] = [...(costs[way.name] ?? []), one];
      console.log(`${way.name}, ${ports} ports: ${JSON.stringify(one)}`);
    }
  return costs;
}
