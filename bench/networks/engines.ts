/** Who starts programs in networks: tsproxy, and container engines beside it, which have a file system to set up too. Each in a host of its own. */
import { IMAGE as DOCKER_IMAGE, Dockerd, dockerObstacle } from "../../test/support/dockerd.js";
import { Lab } from "../../test/support/lab.js";
import { COMMAND } from "../../test/support/paths.js";
import { PODMAN_FOLDERS, IMAGE as PODMAN_IMAGE, Podman, podmanObstacle, removePodmansGroups } from "../../test/support/podman.js";
import { SandboxHost } from "../../test/support/sandbox-host.js";
import { versionOf } from "../machine.js";

export interface Engine {
  readonly name: string;
  readonly version: string;
  /** How it was set up, and what is measured. */
  readonly commands: readonly string[];
  /** Runs `true` on a network, to its end. */
  once(): Promise<void>;
  /** Starts a program on it that goes on. */
  background(name: string): Promise<void>;
  /** Ends all of those. */
  removeAll(names: readonly string[]): Promise<void>;
  /** Processes that serve the network; none: there is no daemon. */
  servers(): number[];
  close(): Promise<void>;
}

export interface EngineKind {
  name: string;
  /** Why it cannot run here. */
  obstacle(): string | undefined;
  open(): Promise<Engine>;
}

export const ENGINES: readonly EngineKind[] = [
  { name: "ip netns exec", obstacle: () => undefined, open: openNamespaces },
  { name: "tsproxy run", obstacle: () => undefined, open: openTsproxy },
  { name: "docker run", obstacle: dockerObstacle, open: openDocker },
  { name: "podman run, CNI bridge", obstacle: podmanObstacle, open: openPodman },
];

/** A program in a namespace that is there, with neither network nor name: nothing can be faster. */
async function openNamespaces(): Promise<Engine> {
  const lab = new Lab();
  const ns = lab.addNamespace("plain");
  const command = ["ip", "netns", "exec", ns, "true"];
  return {
    name: "ip netns exec",
    version: versionOf(["ip", "-V"], /iproute2-[\d.]+/),
    commands: ["ip netns exec plain true"],
    once: async () => void (await lab.run(ns, command)),
    background: async () => {},
    removeAll: async () => {},
    servers: () => [],
    close: () => lab.close(),
  };
}

async function openTsproxy(): Promise<Engine> {
  const host = await SandboxHost.start();
  await host.ok("network", "create", "shop");
  return {
    name: "tsproxy run",
    version: versionOf([COMMAND, "--version"]),
    commands: ["tsproxy network create shop", "tsproxy run --rm --network shop -- true"],
    once: async () => void (await host.ok("run", "--rm", "--network", "shop", "--", "true")),
    background: async (name) => void (await host.ok("run", "-d", "--name", name, "--network", "shop", "--", "sleep", "100000")),
    removeAll: async (names) => void (await host.ok("rm", "-f", ...names)),
    servers: () => [host.daemon.pid],
    close: () => host.close(),
  };
}

async function openDocker(): Promise<Engine> {
  const lab = new Lab();
  const dockerd = await Dockerd.start(lab, lab.addNamespace("docker"));
  await dockerd.must("network", "create", "shop");
  return {
    name: "docker run",
    version: `dockerd ${versionOf(["dockerd", "--version"], /\d+\.\d+\.\d+[^\s,]*/)}`,
    commands: ["docker network create shop", `docker run --rm --network shop ${DOCKER_IMAGE} true`],
    once: async () => void (await dockerd.must("run", "--rm", "--network", "shop", DOCKER_IMAGE, "true")),
    background: async (name) => void (await dockerd.run(["--name", name, "--network", "shop"], "sleep", "100000")),
    removeAll: async (names) => void (await dockerd.must("rm", "-f", ...names)),
    servers: () => dockerd.processes(/^(dockerd|containerd) /).map(({ pid }) => pid),
    close: async () => {
      await dockerd.remove();
      await lab.close();
    },
  };
}

/** Of the plugins that Podman itself would put into a network. */
const BRIDGE = [
  {
    type: "bridge",
    bridge: "cni-shop",
    isGateway: true,
    ipMasq: true,
    ipam: { type: "host-local", ranges: [[{ subnet: "10.89.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
  },
  { type: "portmap", capabilities: { portMappings: true } },
  { type: "firewall" },
  { type: "tuning" },
];

async function openPodman(): Promise<Engine> {
  const host = await SandboxHost.start([], { ownRun: true, folders: PODMAN_FOLDERS }); // its daemon is not asked
  const podman = new Podman(host.lab, host.host, host.wrap);
  podman.prepare({ shop: BRIDGE });
  await podman.importImage();
  return {
    name: "podman run, CNI bridge",
    version: versionOf(["podman", "--version"]),
    commands: ["network shop: bridge, portmap, firewall, tuning", `podman run --rm --network shop ${PODMAN_IMAGE} true`],
    once: async () => void (await podman.ok("run", "--rm", "--network", "shop", PODMAN_IMAGE, "true")),
    background: async (name) => void (await podman.ok("run", "-d", "--name", name, "--network", "shop", PODMAN_IMAGE, "sleep", "100000")),
    removeAll: () => podman.removeContainers(),
    servers: () => [],
    close: async () => {
      await host.close();
      await removePodmansGroups();
    },
  };
}
