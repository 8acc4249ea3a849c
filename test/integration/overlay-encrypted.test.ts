/** An encrypted network between two nodes, on a wire that somebody listens to and writes on, beside a Linux `vxlan` device, which has no keys. */
import { expect } from "vitest";
import { onLab } from "../support/cases.js";
import { curl, ncUdp, ping } from "../support/clients.js";
import type { Lab } from "../support/lab.js";
import { IPS, OverlayLab, VNI } from "../support/overlay-lab.js";
import { ROOT } from "../support/paths.js";
import { eventually, type Proc } from "../support/proc.js";
import { serve, serveIperf } from "../support/servers.js";

const [A, B, L] = [IPS.a, IPS.b, IPS.l];
const SECRET = "nobody on the way shall read these words";

interface Seen {
  kept: boolean;
  frames: number;
  datagrams: number;
  secrets: number[];
}

async function command(tap: Proc, line: string): Promise<Seen> {
  const all = () => tap.events().filter(({ event }) => event === "done");
  const before = all().length;
  tap.write(`${line}\n`);
  await tap.until(line, () => all().length > before);
  return all().at(-1) as unknown as Seen;
}

/** One TCP connection; how many bytes came, and how long the longest second without any was. */
async function bulk(lab: Lab, from: string, to: string, ...args: string[]): Promise<{ bytes: number; least: number }> {
  const { stdout } = await lab.run(from, ["iperf3", "-J", "-c", to, "-p", "5201", "--connect-timeout", "3000", ...args], {
    timeoutMs: 30_000,
  });
  const report = JSON.parse(stdout) as {
    error?: string;
    end: { sum_received: { bytes: number } };
    intervals: { sum: { bytes: number; seconds: number } }[];
  };
  expect(report.error).toBeUndefined();
  const least = Math.min(...report.intervals.filter(({ sum }) => sum.seconds > 0.2).map(({ sum }) => sum.bytes));
  return { bytes: report.end.sum_received.bytes, least };
}

onLab("what endpoints send each other is read by nobody, keys change under it, and what is not sealed is not believed", async (lab) => {
  const o = new OverlayLab(lab, 4);
  const { a: c1, b: c2 } = o.containers;
  const [{ mtu }] = (
    await Promise.all([
      o.startNode("a", { encrypted: true }),
      o.startNode("b", { encrypted: true, workers: "2", publish: ["8999:10.9.0.4:8080"] }),
    ])
  ).map((proc) => proc.events().find(({ event }) => event === "ready") as unknown as { mtu: number }) as [{ mtu: number }];
  expect(mtu).toBe(1500 - 82);
  o.startLinux("a", "b");
  await Promise.all([o.tell("a", "b", "l"), o.tell("b", "a", "l")]);
  const hex = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString("hex");
  const address = (text: string): number[] => text.split(".").map(Number);
  const secrets = [hex(Buffer.from(SECRET)), hex([...address(A[0]), ...address(B[0])])];
  const tap = lab.start(o.lan, ["python3", `${ROOT}test/support/programs/underlay-tap.py`, "to-b", ...secrets], { input: "pipe" });
  await tap.until("it listens", () => tap.events().length > 0);

  // Without keys nothing goes, and to the Linux device never.
  expect((await ping(lab, c1, B[0], ["-W", "0.3"])).received).toBe(0);
  expect((await o.stats("a")).nodes.find(({ address: at }) => at === o.vtep("b"))?.noKey).toBeGreaterThan(0);
  await Promise.all([o.tellKeys("a", "b"), o.tellKeys("b", "a")]);
  for (const to of B) expect((await ping(lab, c1, to)).received).toBe(3);
  expect((await ping(lab, c1, L[0], ["-W", "0.3"])).received).toBe(0);
  expect((await ping(lab, o.ns.l, A[0], ["-W", "0.3"])).received).toBe(0);
  const drops = async (node: "a" | "b"): Promise<Record<string, number>> => {
    const { ports } = await o.stats(node);
    return Object.assign({}, ...ports.filter(({ kind }) => kind === "tunnel" || kind === "remote").map((port) => port.drops));
  };
  expect((await drops("a")).unsealed).toBeGreaterThan(0);

  // All kinds of traffic, with secrets in them.
  await serve(lab, c1, "udp", 5300);
  expect(await ncUdp(lab, c2, A[0], 5300, SECRET.repeat(30))).toMatch(`${B[0]}:`);
  expect((await ping(lab, c1, B[0], ["-s", "1390", "-M", "do"])).received).toBe(3); // the MTU, exactly
  expect((await ping(lab, c1, B[0], ["-s", "6000"])).received).toBe(3); // in fragments inside
  await serveIperf(lab, c2, 5201);
  await bulk(lab, c1, B[1], "-n", "20M", "-R");

  // A port of the node with two workers leads to the other's endpoint: whichever has the connection gets the answers.
  await o.setOwn("b", "02:74:73:00:00:02", "10.9.0.200");
  const web = await serve(lab, c1, "http", 8080);
  for (let n = 0; n < 8; n++) expect((await curl(lab, o.lan, `${o.vtep("b")}:8999`)).code).toBe(0);
  expect(web.hosts).toEqual(Array(8).fill("10.9.0.200"));

  // Both change their keys while a connection is busy: it goes on.
  const busy = bulk(lab, c1, B[0], "-t", "3", "-i", "0.5");
  const rotations = (async () => {
    for (const [node, other] of [
      ["a", "b"],
      ["b", "a"],
      ["a", "b"],
    ] as const) {
      // biome-ignore format: a table
      await new Promise((resolve) => setTimeout(resolve, 500));
      await o.rotate(node);
      await o.tellKeys(other, node);
    }
  })();
  const [{ bytes, least }] = await Promise.all([busy, rotations]);
  expect(bytes).toBeGreaterThan(10_000_000);
  expect(least).toBeGreaterThan(0);
  for (const node of ["a", "b"] as const) {
    const { "sealed-key": key = 0, "sealed-forged": forged = 0, "sealed-replayed": replayed = 0 } = await drops(node);
    expect([key, forged, replayed]).toEqual([0, 0, 0]);
  }

  // Somebody on the wire sends what he has heard: again, changed, and his own.
  await command(tap, `keep ${o.vtep("a")}`);
  await ping(lab, c1, B[0], ["-s", "1390"]);
  await eventually("a datagram is kept", async () => (await command(tap, "look")).kept);
  for (const line of ["again", "change", `plain ${VNI}`]) await command(tap, line);
  const seen = await command(tap, "look");
  await eventually("they are counted", async () => {
    const counted = await drops("b");
    return (counted["sealed-replayed"] ?? 0) >= 1 && (counted["sealed-forged"] ?? 0) >= 1 && (counted.unsealed ?? 0) >= 1;
  });
  expect((await o.stats("b")).nodes.find(({ address: at }) => at === o.vtep("a"))?.unopened).toBeGreaterThanOrEqual(3);
  expect((await ping(lab, c1, B[0])).received).toBe(3);
  expect(seen.datagrams).toBeGreaterThan(100);
  expect(seen.secrets).toEqual([0, 0]);
});
