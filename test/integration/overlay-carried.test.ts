/**
 * Overlay networks whose endpoints hang on veth pairs: the kernel carries what they send to other nodes and get from there, and the engine sees only what
 * is not settled by who sends it and who receives it. A Linux `vxlan` device as the third node.
 */
import { expect } from "vitest";
import { onLab } from "../support/cases.js";
import { curl, ncUdp, ping } from "../support/clients.js";
import type { Lab } from "../support/lab.js";
import { IPS, MACS, type NodeStats, OverlayLab } from "../support/overlay-lab.js";
import { eventually } from "../support/proc.js";
import { serve, serveIperf } from "../support/servers.js";

const [A, B, L] = [IPS.a, IPS.b, IPS.l];
/** What is sent, and what of that has arrived at least when iperf3 counts. */
const SENT = "20M",
  BYTES = 1_000_000;

/** Sends so many bytes in one TCP connection, or gets them. */
async function bulk(lab: Lab, from: string, to: string, args: string[] = []): Promise<void> {
  const command = ["iperf3", "-J", "-c", to, "-p", "5201", "-n", SENT, "--connect-timeout", "3000", ...args];
  const report = JSON.parse((await lab.run(from, command)).stdout) as { error?: string; end?: { sum_received?: { bytes: number } } };
  expect(report.error).toBeUndefined();
  expect(report.end?.sum_received?.bytes).toBeGreaterThan(BYTES);
}

function wrongChecksums(lab: Lab, ...namespaces: string[]): number {
  const read = (ns: string): string => lab.runSync(ns, ["nstat", "-asz", "TcpInCsumErrors", "UdpInCsumErrors", "Udp6InCsumErrors"]);
  return namespaces.flatMap((ns) => [...read(ns).matchAll(/CsumErrors +(\d+)/g)]).reduce((sum, match) => sum + Number(match[1]), 0);
}

/** Bytes that the engine itself has taken from the tunnels' device. */
function bytesOfEngine({ ports }: NodeStats): number {
  return ports.find(({ kind }) => kind === "tunnel")!.rxBytes;
}

for (const family of [4, 6] as const)
  onLab(`what endpoints on veth pairs send other nodes the kernel carries (IPv${family} underlay)`, async (lab) => {
    const o = new OverlayLab(lab, family);
    const { a: c1, b: c2 } = o.containers;
    await Promise.all([o.startNode("a", { attach: "veth" }), o.startNode("b", { attach: "veth", workers: "2" })]);
    o.startLinux("a", "b");
    await Promise.all([o.tell("a", "b", "l"), o.tell("b", "a", "l")]);

    // The first packets get there, and so does what the engine has still: ICMP, and fragments.
    const pings = [[c1, B[1]], [c2, L[0]], [o.ns.l, A[0]], [c1, B[0], ["-s", "3000"]]] as const; // biome-ignore format: a table
    for (const { received } of await Promise.all(pings.map(([from, to, args = []]) => ping(lab, from, to, [...args]))))
      expect(received).toBe(3);

    await Promise.all([serveIperf(lab, c2, 5201), serveIperf(lab, o.ns.l, 5201), serve(lab, c1, "udp", 5300)]);
    const before = await o.stats("a");
    for (const [to, args] of [[B[0], []], [B[1], ["-R"]], [L[0], []], [L[1], ["-R"]]] as const) await bulk(lab, c1, to, [...args]); // biome-ignore format: a table
    expect(await ncUdp(lab, c2, A[0], 5300, "x".repeat(1400))).toMatch(`${B[0]}:`);
    // One by one, as network cards bring and want them.
    for (const node of ["a", "b"] as const)
      lab.runSync(o.ns[node], ["ethtool", "-K", "eth0", "tx-udp_tnl-segmentation", "off", "tx-udp_tnl-csum-segmentation", "off"]);
    for (const args of [[], ["-R"]]) await bulk(lab, c1, B[0], args);
    expect(wrongChecksums(lab, c1, c2, o.ns.a, o.ns.b, o.ns.l)).toBe(0);

    // Counted as if the engine had had it.
    const after = await o.stats("a");
    expect(bytesOfEngine(after) - bytesOfEngine(before)).toBeLessThan(BYTES / 2);
    for (const name of ["to-node", "from-node"]) expect(after.steering[name]).toBeGreaterThan(before.steering[name]!);
    const node = after.nodes.find(({ address }) => address === o.vtep("b"))!;
    expect(node.rxBytes).toBeGreaterThan(BYTES);
    expect(node.txBytes).toBeGreaterThan(BYTES);
    for (const kind of ["remote", "endpoint"]) expect(after.ports.find((port) => port.kind === kind)!.rxBytes).toBeGreaterThan(2 * BYTES);
    expect(after.nodes.map(({ refused }) => refused)).toEqual([0, 0]);

    // Who captures has all of it, both ways, as long as he does.
    await o.beginCapture("a");
    const held = (await o.stats("a")).steering;
    expect(await ncUdp(lab, c2, A[0], 5300, "a question")).toMatch(`${B[0]}:`);
    expect((await o.stats("a")).steering).toMatchObject({ "to-node": held["to-node"], "from-node": held["from-node"] });
    const captured = (await o.endCapture("a")).filter(({ proto, newSrc = "" }) => proto === "udp" && newSrc !== "");
    const way = (src?: string, dst?: string): string => `${src} > ${dst}`.replace(/\.5:\d+/, ".5:PORT").replace(/:\d{5}\b/, ":PORT");
    const [vtepA, vtepB] = [o.vtep("a"), o.vtep("b")].map((ip) => (family === 4 ? ip : `[${ip}]`));
    expect(captured.map(({ src, dst, newSrc, newDst }) => [way(src, dst), way(newSrc, newDst)])).toEqual([
      [`${vtepB}:PORT > ${vtepA}:4789`, "10.9.0.5:PORT > 10.9.0.4:5300"],
      ["10.9.0.4:5300 > 10.9.0.5:PORT", `${vtepA}:PORT > ${vtepB}:4789`],
    ]);
    await bulk(lab, c1, B[0]);
    expect((await o.stats("a")).steering["to-node"]).toBeGreaterThan(held["to-node"]!);

    // Who sends from another address than his own gets no further, here and from another node.
    const tryFrom = (ns: string, source: string): Promise<unknown> => curl(lab, ns, `${B[0]}:8080`, ["-m", "0.2", "--interface", source]);
    lab.ip(c1, "addr add 10.9.0.77/32 dev eth0");
    await tryFrom(c1, "10.9.0.77");
    expect((await o.stats("a")).ports.find(({ kind }) => kind === "endpoint")!.drops["source-spoofed"]).toBeGreaterThan(0);
    lab.ip(o.ns.l, "addr add 10.9.0.78/32 dev vxlan0");
    await tryFrom(o.ns.l, "10.9.0.78");
    lab.ip(o.ns.l, `link set vxlan0 down\nlink set vxlan0 address ${MACS.a}\nlink set vxlan0 up`);
    for (const ip of B) lab.ip(o.ns.l, `neigh replace ${ip} lladdr ${MACS.b} dev vxlan0 nud permanent`);
    await tryFrom(o.ns.l, L[0]);
    await eventually("both refused", async () => {
      const stats = await o.stats("b");
      const { drops } = stats.ports.find(({ kind }) => kind === "remote")!;
      return drops["source-spoofed"]! > 0 && drops["vxlan-source"]! > 0 && stats.nodes.find((n) => n.address === o.vtep("l"))!.refused > 1;
    });

    // An underlay that takes less is heeded.
    lab.ip(o.ns.a, "link set eth0 mtu 1400");
    await bulk(lab, c1, B[0]);

    // A station that is gone is so at once: a connection to it stands still.
    const http = await serve(lab, c2, "http", 8080);
    expect((await curl(lab, c1, `${B[0]}:8080`)).code).toBe(0);
    await o.apply("a", { remove: ["b"] });
    const then = (await o.stats("a")).steering;
    expect((await curl(lab, c1, `${B[0]}:8080`, ["-m", "0.5"])).code).not.toBe(0);
    const { steering } = await o.stats("a");
    expect(["to-node", "from-node"].map((name) => steering[name])).toEqual(["to-node", "from-node"].map((name) => then[name]));
    expect(http.hosts).toHaveLength(1);
  });
