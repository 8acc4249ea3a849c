/**
 * Traffic through one published port of a real container, as peers of the end-to-end benchmark. The client is on the LAN; the servers run in the
 * container's network namespace, entered from outside, so that no image need hold them.
 */
import fs from "node:fs";
import { Dockerd, dockerObstacle, IMAGE } from "../../test/support/dockerd.js";
import { Lab } from "../../test/support/lab.js";
import { stats } from "../../test/support/launcher.js";
import { LAUNCHER, MAIN } from "../../test/support/paths.js";
import { buildWorld } from "../../test/support/topology.js";
import { untilReady } from "../../test/support/tsproxy.js";
import { processTime } from "../cpu.js";
import type { Peer } from "../peers/peer.js";
import { PUBLISHED, Session } from "../topology.js";
import { WORKLOADS } from "../workloads/all.js";
import type { Workload } from "../workloads/workload.js";
import { type Case, configOf, NO_BRIDGE_NETFILTER, PROXIES, versionsOf } from "./cases.js";
import { moverOf } from "./mover.js";

const MEASURED = ["bulk-in", "bulk-out", "latency", "latency-awake", "connections", "requests"];
export const TRAFFIC: readonly Workload[] = WORKLOADS.filter(({ name }) => MEASURED.includes(name));

export function obstacle(): string | undefined {
  return dockerObstacle() ?? (fs.existsSync(LAUNCHER) ? undefined : "native/build/tsproxy-docker-proxy is missing: npm run build");
}

async function open(item: Case, bridgeNetfilter: boolean): Promise<Session> {
  const lab = new Lab();
  const config = configOf(item);
  let dockerd: Dockerd | undefined;
  try {
    const world = buildWorld(lab, "own");
    const daemon = [process.execPath, MAIN, "daemon", "--offload", "never"];
    if (item.loop) await untilReady(lab.start(world.host, daemon));
    dockerd = await Dockerd.start(lab, world.host, { config });
    const ports = PUBLISHED.flatMap(({ proto, hostPort, port }) => ["-p", `${hostPort}:${port}/${proto}`]);
    const command = ["sleep", "100000"];
    const id = await dockerd.run(ports, ...command);
    world.c1 = lab.adoptNamespace("container", Number(await dockerd.inspect(id, "{{.State.Pid}}")));
    const session = new Session(lab, world, "publish", dockerd);
    if (item.loop) session.record("host", daemon);
    session.record("host", ["dockerd", "--config-file", "daemon.json"], JSON.stringify(config));
    session.record("host", ["docker", "run", "-d", ...ports, IMAGE, ...command]);
    if (!bridgeNetfilter) session.run("host", NO_BRIDGE_NETFILTER);
    await session.serve();
    return session;
  } catch (error) {
    await dockerd?.remove();
    await lab.close();
    throw error;
  }
}

export function peerOf(item: Case, bridgeNetfilter: boolean): Peer {
  return {
    name: item.name,
    title: item.name,
    mover: "as observed, see the table",
    scenarios: ["publish"],
    containers: "none",
    version: () => versionsOf()[item.proxy],
    missing: obstacle,
    open: () => open(item, bridgeNetfilter),
    start: async ({ dockerd, lab, world: { host } }) => {
      const daemon = item.loop ? [(await stats({ lab, host }))!.pid] : []; // others are dockerd's, by a launcher
      const movers = [...dockerd!.processes(PROXIES).map(({ pid }) => pid), ...daemon];
      const before = processTime(movers);
      return {
        movers,
        observe: async () => {
          const rules = lab.runSync(host, ["iptables-save", "-c", "-t", "nat"]);
          const offloaded = item.proxy === "tsproxy" ? (await stats({ lab, host }))!.steering.offloaded : 0;
          return moverOf(rules, processTime(movers) - before, item.proxy === "tsproxy" ? "tsproxy daemon" : "docker-proxy", offloaded);
        },
        stop: async () => {}, // with the session
      };
    },
  };
}
