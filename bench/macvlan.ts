/**
 * `npm run bench -- macvlan`: a station of a LAN asks a container that stands on it, over a veth to the host. Beside tsproxy the kernel's macvlan on the same
 * device, in mode bridge, and a kernel bridge with the device and a veth of the container's on it.
 */
import { MAIN } from "../test/support/paths.js";
import { untilReady } from "../test/support/tsproxy.js";
import { versionOf } from "./machine.js";
import { IN_KERNEL, type Peer, type Started } from "./peers/peer.js";
import { measureScenario } from "./scenario.js";
import { LAN_ADDRESS, type Session } from "./topology.js";

async function startKernel(session: Session): Promise<Started> {
  session.ip("host", `link add link eth0 name m0 netns ${session.world.c1} type macvlan mode bridge`);
  session.ip("c1", `addr add ${LAN_ADDRESS}/24 dev m0`, "link set m0 up");
  return IN_KERNEL;
}

async function startBridge(session: Session): Promise<Started> {
  session.lab.link(session.world.host, "veth1", session.world.c1, "eth0");
  session.ip("host", "link add br0 type bridge", "link set br0 up", "link set eth0 master br0", "link set veth1 master br0");
  session.ip("c1", `addr add ${LAN_ADDRESS}/24 dev eth0`);
  return IN_KERNEL;
}

async function startOwn(session: Session, driver: string, attach = "auto"): Promise<Started> {
  const proc = await untilReady(session.start("host", [process.execPath, MAIN, "daemon"]));
  const tsproxy = ["env", `TSPROXY_RUN_DIR=${session.lab.runDir}`, process.execPath, MAIN];
  const range = ["--subnet", "192.0.2.0/24", "--gateway", "192.0.2.254"];
  session.run("host", [
    ...tsproxy,
    "network",
    "create",
    "-d",
    driver,
    "-o",
    "parent=eth0",
    "-o",
    `tsproxy.attach=${attach}`,
    ...range,
    "lan",
  ]);
  const join = ["attach", "--netns", session.world.c1, "--network", "lan", "--ip", LAN_ADDRESS, "--name", "c1"];
  session.run("host", [...tsproxy, ...join]);
  return {
    movers: [proc.pid],
    stop: async () => {
      session.run("host", [...tsproxy, "detach", "c1"]);
      const { code, stderr } = await proc.stop();
      if (code !== 0) throw new Error(`tsproxy exits with ${code}: ${stderr}`);
    },
  };
}

const common = { scenarios: ["macvlan"], containers: "none", missing: () => undefined } as const;
const kernel = { ...common, mover: "kernel", version: () => "" } as const;
const own = {
  ...common,
  mover: "kernel by BPF, node for what is new",
  version: () => versionOf([process.execPath, MAIN, "--version"]),
} as const;

const PEERS: Peer[] = [
  { ...kernel, name: "macvlan", title: "kernel macvlan", start: startKernel },
  { ...kernel, name: "lan-bridge", title: "kernel bridge and veth", start: startBridge },
  { ...own, name: "tsproxy", title: "tsproxy", start: (session) => startOwn(session, "macvlan") },
  { ...own, mover: "node (tsproxy)", name: "tsproxy-tap", title: "tsproxy, TAP", start: (session) => startOwn(session, "macvlan", "tap") },
  { ...own, name: "tsproxy-ipvlan", title: "tsproxy, ipvlan", start: (session) => startOwn(session, "ipvlan") },
];

export async function macvlan(argv: string[]): Promise<void> {
  await measureScenario("macvlan", PEERS, argv);
}
