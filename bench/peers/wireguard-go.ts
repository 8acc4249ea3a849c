/**
 * WireGuard's own implementation in userspace, by Debian's wireguard-go: what a cluster without the kernel's module has. A node routes between its container's
 * veth and the tunnel, as pod networks over WireGuard do; the container asks for its neighbour, and the node answers.
 */
import fs from "node:fs";
import path from "node:path";
import { IPS, type OverlayLab } from "../../test/support/overlay-lab.js";
import { versionOf } from "../machine.js";
import type { Session } from "../topology.js";
import { needs, type Peer } from "./peer.js";

const PORT = 51820,
  MTU = 1420;
const pids = new WeakMap<Session, number[]>();

async function attach(o: OverlayLab, session: Session): Promise<void> {
  const { lab } = o;
  const secrets = { a: lab.runSync(o.ns.a, ["wg", "genkey"]), b: lab.runSync(o.ns.b, ["wg", "genkey"]) };
  for (const [node, other, role] of [
    ["a", "b", "host"],
    ["b", "a", "client"],
  ] as const) {
    // biome-ignore format: a table
    const device = `wg${process.pid % 10_000}${node}`; // its control socket is the machine's
    const proc = session.start(role, ["wireguard-go", "-f", device]);
    await proc.until("the device", () => lab.runSync(o.ns[node], ["sh", "-c", `ip link show ${device} 2>/dev/null || true`]) !== "");
    await proc.until("its control socket", () => lab.runSync(o.ns[node], ["sh", "-c", `wg show ${device} 2>/dev/null || true`]) !== "");
    pids.set(session, [...(pids.get(session) ?? []), proc.pid]);
    const publicKey = lab.runSync(o.ns[node], ["wg", "pubkey"], secrets[other]).trim();
    const peer = ["peer", publicKey, "allowed-ips", `${IPS[other][0]}/32`, "endpoint", `${o.vtep(other)}:${PORT}`];
    const file = path.join(lab.dir, `wireguard-${node}.key`);
    fs.writeFileSync(file, secrets[node], { mode: 0o600 });
    session.run(role, ["wg", "set", device, "listen-port", String(PORT), "private-key", file, ...peer]);
    const container = o.containers[node];
    lab.link(o.ns[node], "v0", container, "eth0");
    session.run(role, ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.v0.proxy_arp=1"]);
    session.ip(
      role,
      `link set ${device} mtu ${MTU} up`,
      "link set v0 up",
      `route add ${IPS[other][0]} dev ${device}`,
      `route add ${IPS[node][0]} dev v0`,
    );
    lab.ip(container, `link set eth0 mtu ${MTU}\naddr add ${IPS[node][0]}/16 dev eth0`);
  }
}

/** `open`: makes a session on two nodes, of which `attach` makes the containers. */
export function wireguardGo(open: (attach: (o: OverlayLab, session: Session) => Promise<void>) => Promise<Session>): Peer {
  return {
    name: "wireguard-go",
    title: "wireguard-go",
    mover: "wireguard-go, one on each node",
    scenarios: ["overlay"],
    containers: "none",
    version: () => versionOf(["wireguard-go", "--version"]),
    missing: needs("wireguard-go", "wg"),
    open: () => open(attach),
    start: async (session) => ({ movers: pids.get(session) ?? [], stop: async () => {} }), // with the session
  };
}
