/**
 * `npm run bench -- overlay`: a container asks one on another node, over a veth between the nodes. Beside tsproxy the kernel's VXLAN, set up as Docker's
 * overlay driver does it: a bridge on each node, on which are the container's veth and a `vxlan` device with static entries. And that driver itself, in
 * a real dockerd on each node. Encrypted, beside it wireguard-go.
 */
import { Lab } from "../test/support/lab.js";
import { IPS, MACS, type NodeOptions, OverlayLab, VNI } from "../test/support/overlay-lab.js";
import { MAIN } from "../test/support/paths.js";
import type { World } from "../test/support/topology.js";
import { versionOf } from "./machine.js";
import { dockerOverlay } from "./peers/docker-overlay.js";
import type { Peer, Started } from "./peers/peer.js";
import { IN_KERNEL } from "./peers/peer.js";
import { wireguardGo } from "./peers/wireguard-go.js";
import { measureScenario } from "./scenario.js";
import { Session } from "./topology.js";

/** Set up, by session, between `open` and `start`. */
const labs = new WeakMap<Session, OverlayLab>();

/** `attach`: gives the containers their devices, for the servers to be started in. */
async function open(attach: (o: OverlayLab, session: Session) => Promise<void>): Promise<Session> {
  const lab = new Lab();
  let close = (): Promise<void> => lab.close();
  try {
    const o = new OverlayLab(lab, 4);
    const world: World = { lab, containers: "own", client: o.ns.b, host: o.ns.a, lan2: o.lan, c1: o.containers.a, c2: o.containers.b };
    const session = new Session(lab, world, "overlay");
    close = () => session.close();
    labs.set(session, o);
    await attach(o, session);
    session.tune();
    await session.serve();
    return session;
  } catch (error) {
    await close();
    throw error;
  }
}

/** As libnetwork has it: nothing is learned, the bridge's neighbors are answered for by the device. */
async function attachKernel(o: OverlayLab, session: Session): Promise<void> {
  const { lab } = o;
  for (const [node, other, role] of [
    ["a", "b", "host"],
    ["b", "a", "client"],
  ] as const) {
    const container = o.containers[node];
    session.ip(
      role,
      "link add ov0 type bridge",
      "link set ov0 up",
      `link add vx0 mtu 1450 type vxlan id ${VNI} local ${o.vtep(node)} dstport 4789 nolearning proxy l2miss l3miss udpcsum`,
      "link set vx0 master ov0 up",
      `neigh add ${IPS[other][0]} lladdr ${MACS[other]} dev vx0 nud permanent`,
    );
    session.run(role, ["bridge", "fdb", "append", MACS[other], "dev", "vx0", "dst", o.vtep(other)]);
    lab.link(o.ns[node], "v0", container, "eth0");
    session.ip(role, "link set v0 mtu 1450 master ov0");
    lab.ip(container, `link set eth0 address ${MACS[node]} mtu 1450\naddr add ${IPS[node][0]}/16 dev eth0`);
  }
}

async function attachOwn(o: OverlayLab, options: NodeOptions = {}): Promise<void> {
  await Promise.all([o.startNode("a", options), o.startNode("b", options)]);
  await Promise.all([o.tell("a", "b"), o.tell("b", "a")]);
  if (options.encrypted) await Promise.all([o.tellKeys("a", "b"), o.tellKeys("b", "a")]);
}

async function startOwn(session: Session): Promise<Started> {
  return { movers: labs.get(session)!.pids, stop: async () => {} }; // with the session
}

const own = { scenarios: ["overlay"], containers: "none", version: () => versionOf([process.execPath, MAIN, "--version"]) } as const;

const PEERS: Peer[] = [
  {
    ...own,
    name: "vxlan",
    title: "kernel VXLAN",
    mover: "kernel",
    version: () => "",
    missing: () => undefined,
    open: () => open(attachKernel),
    start: async () => IN_KERNEL,
  },
  dockerOverlay(open),
  {
    ...own,
    name: "tsproxy",
    title: "tsproxy",
    mover: "kernel by BPF, node for what is new",
    missing: () => undefined,
    open: () => open((o) => attachOwn(o, { attach: "veth" })),
    start: startOwn,
  },
  {
    ...own,
    name: "tsproxy-loop",
    title: "tsproxy, --attach tap",
    mover: "node (tsproxy), one on each node",
    missing: () => undefined,
    open: () => open((o) => attachOwn(o, { attach: "tap" })),
    start: startOwn,
  },
  {
    ...own,
    name: "tsproxy-segments",
    title: "tsproxy, segments made by it",
    mover: "node (tsproxy), one on each node",
    missing: () => undefined,
    open: () => open((o) => attachOwn(o, { segments: false, attach: "tap" })),
    start: startOwn,
  },
  {
    ...own,
    name: "tsproxy-encrypted",
    title: "tsproxy --encrypt",
    mover: "node (tsproxy), one on each node",
    missing: () => undefined,
    open: () => open((o) => attachOwn(o, { encrypted: true })),
    start: startOwn,
  },
  wireguardGo(open),
];

export async function overlay(argv: string[]): Promise<void> {
  await measureScenario("overlay", PEERS, argv);
}
