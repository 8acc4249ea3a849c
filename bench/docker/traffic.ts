/**
 * Traffic through one published port of a real container, as peers of the end-to-end benchmark. The client is on the LAN; the servers run in the
 * container's network namespace, entered from outside, so that no image need hold them.
 */
import fs from "node:fs";
import { Dockerd, dockerObstacle, IMAGE } from "../../test/support/dockerd.js";
import { Lab } from "../../test/support/lab.js";
import { stats } from "../../test/support/launcher.js";
import { LAUNCHER, MAIN } from "../../test/support/paths.js";
import type { Proc } from "../../test/support/proc.js";
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

/** Where dockerd looks for its plugins; one folder of the whole machine, so a driver has a name of its own. */
const PLUGINS = "/run/docker/plugins";
let drivers = 0;

/** What stands before dockerd starts; `driver`: name of its plugin, which it is to be. */
async function startDaemon(lab: Lab, host: string, driver: string | undefined): Promise<{ argv: string[]; daemon: Proc }> {
  const options = driver === undefined ? ["--offload", "never"] : ["--plugin-socket", `${PLUGINS}/${driver}.sock`];
  const argv = [process.execPath, MAIN, "daemon", ...options];
  return { argv, daemon: await untilReady(lab.start(host, argv)) };
}

async function open(item: Case, bridgeNetfilter: boolean): Promise<Session> {
  const lab = new Lab();
  const config = configOf(item);
  const driver = item.driver ? `tsp-bench-${process.pid}-${drivers++}` : undefined;
  let dockerd: Dockerd | undefined;
  let ours: Proc | undefined;
  const end = async (): Promise<void> => {
    await dockerd?.remove(); // with its plugin there still
    await ours?.stop();
    if (driver !== undefined) fs.rmSync(`${PLUGINS}/${driver}.sock`, { force: true });
  };
  try {
    const world = buildWorld(lab, "own");
    const before: string[][] = [];
    if (item.loop || item.driver) {
      const { argv, daemon } = await startDaemon(lab, world.host, driver);
      ours = daemon;
      before.push(argv);
    }
    dockerd = await Dockerd.start(lab, world.host, { config });
    const network: string[] = [];
    const after: string[][] = [];
    if (driver !== undefined) {
      const create = ["network", "create", "-d", driver, "net"];
      await dockerd.must(...create);
      network.push("--network", "net");
      after.push(["docker", ...create]);
    }
    const ports = PUBLISHED.flatMap(({ proto, hostPort, port }) => ["-p", `${hostPort}:${port}/${proto}`]);
    const command = ["sleep", "100000"];
    const id = await dockerd.run([...network, ...ports], ...command);
    after.push(["docker", "run", "-d", ...network, ...ports, IMAGE, ...command]);
    world.c1 = lab.adoptNamespace("container", Number(await dockerd.inspect(id, "{{.State.Pid}}")));
    const session = new Session(lab, world, "publish", dockerd);
    session.atEnd(end);
    for (const argv of before) session.record("host", argv);
    session.record("host", ["dockerd", "--config-file", "daemon.json"], JSON.stringify(config));
    for (const argv of after) session.record("host", argv);
    if (!bridgeNetfilter) session.run("host", NO_BRIDGE_NETFILTER);
    await session.serve();
    return session;
  } catch (error) {
    await end();
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
      const daemon = item.loop || item.driver ? [(await stats({ lab, host }))!.pid] : []; // others are dockerd's, by a launcher
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
