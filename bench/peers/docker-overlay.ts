/**
 * Docker's own overlay driver: a dockerd on each node, with etcd as their cluster store, as it was before swarm (up to Docker 23). It makes a bridge and
 * a kernel `vxlan` device with static entries in a namespace of its own, for each network.
 */
import { execFileSync } from "node:child_process";
import { Dockerd, dockerObstacle } from "../../test/support/dockerd.js";
import { Etcd, etcdObstacle } from "../../test/support/etcd.js";
import { IPS, type OverlayLab } from "../../test/support/overlay-lab.js";
import { versionOf } from "../machine.js";
import type { Session } from "../topology.js";
import { IN_KERNEL, type Peer } from "./peer.js";

/** The first version without a cluster store. */
const TOO_NEW = 24;
const NETWORK = "n1",
  SUBNET = "10.9.0.0/16";
/** Nodes know each other by the names of their hosts; network namespaces of networks are in /run/docker, whatever else is told. */
const OWN_NAME = 'hostname "$0" && mount -t tmpfs docker /run/docker && exec "$@"';

function obstacle(): string | undefined {
  const missing = dockerObstacle() ?? etcdObstacle();
  if (missing !== undefined) return missing;
  const version = execFileSync("dockerd", ["--version"], { encoding: "utf8" });
  const major = Number(/version (\d+)/.exec(version)?.[1]);
  return major < TOO_NEW ? undefined : `${version.trim()} has no cluster store; that of Debian 12 has one`;
}

/** A dockerd on both nodes and a container on each; they are in the session's world then. */
async function attach(o: OverlayLab, session: Session): Promise<void> {
  const { lab, world } = session;
  const etcd = await Etcd.start({ host: o.client, run: (argv) => lab.start(o.lan, argv), args: ["--enable-v2=true"] });
  session.atEnd(() => etcd.close());
  const start = async (node: "a" | "b"): Promise<Dockerd> => {
    const config = { "cluster-store": `etcd://${etcd.hosts}`, "cluster-advertise": `${o.vtep(node)}:2376` };
    session.record(node === "a" ? "host" : "client", ["dockerd", "--config-file", "daemon.json"], JSON.stringify(config));
    const dockerd = await Dockerd.start(lab, o.ns[node], { config, wrap: ["unshare", "-m", "-u", "sh", "-c", OWN_NAME, `node-${node}`] });
    session.atEnd(() => dockerd.remove());
    return dockerd;
  };
  const [a, b] = await Promise.all([start("a"), start("b")]);
  const run = async (node: "a" | "b", dockerd: Dockerd): Promise<string> => {
    const id = await dockerd.run(["--network", NETWORK, "--ip", IPS[node][0]], "sleep", "100000");
    return lab.adoptNamespace(`docker-${node}`, Number(await dockerd.inspect(id, "{{.State.Pid}}")));
  };
  const create = ["network", "create", "-d", "overlay", "--subnet", SUBNET, NETWORK];
  session.record("host", ["docker", ...create]);
  await a.must(...create);
  world.c1 = await run("a", a);
  world.c2 = await run("b", b);
}

/** `open`: makes a session on two nodes, of which `attach` makes the containers. */
export function dockerOverlay(open: (attach: (o: OverlayLab, session: Session) => Promise<void>) => Promise<Session>): Peer {
  return {
    name: "docker",
    title: "Docker's overlay",
    mover: "kernel",
    scenarios: ["overlay"],
    containers: "none",
    version: () => versionOf(["dockerd", "--version"]),
    missing: obstacle,
    open: () => open(attach),
    start: async () => IN_KERNEL,
  };
}
