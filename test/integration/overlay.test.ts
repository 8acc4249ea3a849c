/**
 * Two nodes, and a Linux `vxlan` device as the third, on one LAN: what endpoints send each other arrives as it was sent, and each node is on its own what
 * a bridge is.
 */
import os from "node:os";
import { expect } from "vitest";
import { onLab } from "../support/cases.js";
import { curl, ncUdp, ping } from "../support/clients.js";
import type { Lab } from "../support/lab.js";
import { GATEWAYS, IPS, MACS, type NodeStats, OverlayLab, VNI } from "../support/overlay-lab.js";
import { eventually } from "../support/proc.js";
import { serve, serveIperf } from "../support/servers.js";

const [A, B, L] = [IPS.a, IPS.b, IPS.l];

/** Sends so many bytes in one TCP connection, or gets them. */
async function bulk(lab: Lab, from: string, to: string, bytes: string, args: string[] = []): Promise<void> {
  const { stdout } = await lab.run(from, ["iperf3", "-J", "-c", to, "-p", "5201", "-n", bytes, "--connect-timeout", "3000", ...args]);
  const report = JSON.parse(stdout) as { error?: string; end?: { sum_received?: { bytes: number } } };
  expect(report.error).toBeUndefined();
  expect(report.end?.sum_received?.bytes).toBeGreaterThan(1_000_000);
}

/** Segments and datagrams with a wrong checksum that came to the namespaces. */
function wrongChecksums(lab: Lab, ...namespaces: string[]): number {
  const read = (ns: string): string => lab.runSync(ns, ["nstat", "-asz", "TcpInCsumErrors", "UdpInCsumErrors", "Udp6InCsumErrors"]);
  return namespaces.flatMap((ns) => [...read(ns).matchAll(/CsumErrors +(\d+)/g)]).reduce((sum, match) => sum + Number(match[1]), 0);
}

const [MAJOR = 0, MINOR = 0] = os.release().split(".").map(Number);
const LINUX = MAJOR * 100 + MINOR;

/** Of what the tunnels' device has brought meanwhile. */
function bytesEach(before: NodeStats, after: NodeStats): number {
  const [from, to] = [before, after].map(({ ports }) => ports.find(({ kind }) => kind === "tunnel")!);
  return (to!.rxBytes - from!.rxBytes) / (to!.rxPackets - from!.rxPackets);
}

onLab("endpoints reach each other across nodes, whole segments too, and each node routes its own (IPv4 underlay)", async (lab) => {
  const o = new OverlayLab(lab, 4);
  const { a: c1, b: c2 } = o.containers;
  await Promise.all([o.startNode("a", { publish: [`8999:${A[0]}:8080`] }), o.startNode("b", { checksum: true, workers: "2" })]);
  o.startLinux("a", "b");
  await Promise.all([o.tell("a", "b", "l"), o.tell("b", "a", "l")]);

  // The first packets of all get there.
  for (const [from, to] of [[c1, B], [c2, L], [o.ns.l, A]] as const) // biome-ignore format: a table
    for (const address of to) expect((await ping(lab, from, address)).received).toBe(3);
  const http = await serve(lab, c2, "http", 8080, { LISTEN: "::" });
  expect((await curl(lab, c1, `${B[0]}:8080`)).peer).toMatch(`${A[0]}:`);
  expect((await curl(lab, o.ns.l, `[${B[1]}]:8080`)).code).toBe(0);
  expect(http.hosts).toEqual([A[0], L[1]]);
  await serve(lab, c1, "udp", 5300);
  expect(await ncUdp(lab, o.ns.l, A[0], 5300, "x".repeat(1400))).toMatch(`${L[0]}:`);
  await Promise.all([serveIperf(lab, c2, 5201), serveIperf(lab, o.ns.l, 5201)]);
  const before = await o.stats("a");
  await Promise.all([bulk(lab, c1, B[0], "20M"), bulk(lab, c1, L[0], "20M", ["-R"])]);
  await Promise.all([bulk(lab, c1, B[1], "20M", ["-R"]), bulk(lab, c1, L[0], "20M")]);
  expect(wrongChecksums(lab, c1, c2, o.ns.a, o.ns.b, o.ns.l)).toBe(0);
  const after = await o.stats("a");
  // Acknowledgments are among them; segments stay together where the kernel lets the device have them so.
  if (LINUX >= 617) expect(bytesEach(before, after)).toBeGreaterThan(3000);
  expect(after.nodes.map(({ address, refused }) => [address, refused])).toEqual([[o.vtep("b"), 0], [o.vtep("l"), 0]]); // biome-ignore format: a table

  // On its own each is a bridge with a way out.
  await serve(lab, c1, "http", 8080);
  expect((await curl(lab, o.lan, `${o.vtep("a")}:8999`)).peer).toMatch(`${o.client}:`);
  const outside = await serve(lab, o.lan, "http", 9000);
  for (const container of [c1, c2]) expect((await curl(lab, container, `${o.client}:9000`)).code).toBe(0);
  expect(outside.hosts).toEqual([o.vtep("a"), o.vtep("b")]);
  expect((await ping(lab, c2, GATEWAYS[0])).received).toBe(3);

  // Whoever does not believe the MTU is told.
  lab.ip(c1, "link set eth0 mtu 1500");
  const { stdout } = await lab.run(c1, ["ping", "-n", "-c", "1", "-W", "2", "-M", "do", "-s", "1450", B[0]]);
  expect(stdout).toMatch(/From 10\.9\.0\.1 .*mtu ?= ?1450/);

  // So is he when the underlay's MTU goes down, and devices in namespaces follow.
  lab.ip(o.ns.a, "link set eth0 mtu 1400");
  await eventually("the MTU of the endpoint", () => lab.runSync(c1, ["ip", "link", "show", "eth0"]).includes("mtu 1350"));
  lab.ip(c1, "link set eth0 mtu 1500");
  const told = await lab.run(c1, ["ping", "-n", "-c", "1", "-W", "2", "-M", "do", "-s", "1400", B[0]]);
  expect(told.stdout).toMatch(/From 10\.9\.0\.1 .*mtu ?= ?1350/);

  // Datagrams that are none of a node's of this network are dropped, each with a reason that is counted.
  // From who is known they come by the tunnels' device, from others by the port that is held.
  const countOf = async (reason: string): Promise<number> => (await o.stats("a")).ports.reduce((sum, { drops }) => sum + (drops[reason] ?? 0), 0); // biome-ignore format: short
  const vxlan = (vni: number, flags: number, inner: string): string =>
    `${flags.toString(16).padStart(2, "0")}000000${vni.toString(16).padStart(6, "0")}00${inner}`;
  const inner = `${MACS.a}${MACS.l}0800`.replaceAll(":", "") + "45".padEnd(92, "0");
  const wrong = [
    ["vxlan-flags", o.ns.l, vxlan(VNI, 0, inner)],
    ["vxlan-vni", o.ns.l, vxlan(VNI + 1, 8, inner)], // as that of another cluster
    ["vxlan-node", o.lan, vxlan(VNI, 8, inner)], // a node of another cluster, with an identifier that is ours too
    ["vxlan-runt", o.ns.l, vxlan(VNI, 8, inner.slice(0, 20))],
  ] as const;
  for (const [reason, from, hex] of wrong) {
    const before = await countOf(reason);
    await eventually(`${reason} is counted`, async () => {
      lab.runSync(from, ["python3", "-c", `import socket;socket.socket(2,2).sendto(bytes.fromhex("${hex}"),("${o.vtep("a")}",4789))`]);
      return (await countOf(reason)) > before;
    });
  }

  // A node that sends for somebody else's station is not heard.
  lab.ip(o.ns.l, `link set vxlan0 down\nlink set vxlan0 address ${MACS.b}\nlink set vxlan0 up`);
  for (const ip of A) lab.ip(o.ns.l, `neigh replace ${ip} lladdr ${MACS.a} dev vxlan0 nud permanent`);
  expect((await ping(lab, o.ns.l, A[0], ["-W", "0.3"])).received).toBe(0);
  const { nodes, ports } = await o.stats("a");
  expect(nodes.find(({ address }) => address === o.vtep("l"))?.refused).toBeGreaterThan(0);
  expect(ports.find(({ kind }) => kind === "remote")?.drops["vxlan-source"]).toBeGreaterThan(0);
  await o.apply("a", { remove: ["b"] });
  expect((await ping(lab, c1, B[0], ["-W", "0.3"])).received).toBe(0);
  expect((await o.stats("a")).nodes).toHaveLength(1);
});

onLab("the same where tsproxy makes the segments, behind a firewall that has a say (IPv6 underlay)", async (lab) => {
  const o = new OverlayLab(lab, 6);
  const { a: c1, b: c2 } = o.containers;
  lab.runSync(o.ns.b, ["nft", "-f", "-"], "table inet t { chain input { type filter hook input priority 0; udp dport 4789 drop; }; }");
  await Promise.all([o.startNode("a", { segments: false }), o.startNode("b", { segments: false, checksum: false })]);
  o.startLinux("a", "b");
  await Promise.all([o.tell("a", "b", "l"), o.tell("b", "a", "l")]);
  expect((await ping(lab, c1, B[0], ["-W", "0.3"])).received).toBe(0);
  expect((await o.stats("b")).nodes.map(({ rxPackets }) => rxPackets)).toEqual([0, 0]);
  lab.runSync(o.ns.b, ["nft", "delete", "table", "inet", "t"]);
  for (const [from, to] of [[c1, B], [c2, L], [o.ns.l, A]] as const) // biome-ignore format: a table
    for (const address of to) expect((await ping(lab, from, address)).received).toBe(3);
  expect((await ping(lab, c1, B[1], ["-s", "6000"])).received).toBe(3); // in fragments inside
  await Promise.all([serveIperf(lab, c2, 5201), serveIperf(lab, o.ns.l, 5201)]);
  const before = await o.stats("b");
  await Promise.all([bulk(lab, c1, B[0], "3M"), bulk(lab, c1, L[0], "3M", ["-R"])]);
  // Segments come as datagrams of their own, several in a frame.
  if (LINUX >= 602) expect(bytesEach(before, await o.stats("b"))).toBeGreaterThan(3000);
  await Promise.all([bulk(lab, c1, B[1], "3M", ["-R"]), bulk(lab, c1, L[0], "3M")]);
  expect(wrongChecksums(lab, c1, c2, o.ns.a, o.ns.b, o.ns.l)).toBe(0);
});
