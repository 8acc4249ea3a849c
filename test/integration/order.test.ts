/** Datagrams of a new flow arrive in the order in which they were sent, while the flow changes from the host's stack to the loop and to the kernel. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { open } from "../../src/api/client.js";
import { ORDER_FULL } from "../../src/wire/order.js";
import { type Bursts, buildBurst, expectOrder, heard, sending, serveBursts } from "../support/burst.js";
import { type Case, onLab, onTsproxy } from "../support/cases.js";
import { IPS, OverlayLab } from "../support/overlay-lab.js";
import { eventually, type Proc, sleep } from "../support/proc.js";
import { ADDR, ADDR6, addIpv6 } from "../support/topology.js";
import { launch, networkArgs, startInstance, type TsproxyProcess } from "../support/tsproxy.js";

const PORT = 8999,
  SERVED = 8080;

let folder: string;
let burst: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-burst-"));
  burst = buildBurst(folder);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Sends them, and has the server and the client say how they came. */
async function bursts(
  c: Case,
  server: Proc,
  address: string,
  { from = c.client, port = PORT, ...each }: Bursts & { from?: string; port?: number },
): Promise<void> {
  await expectOrder(`${from} to ${address}`, await c.lab.run(from, sending(burst, address, port, each)), server, each);
}

async function start(c: Case, args: readonly string[]): Promise<[instance: TsproxyProcess, server: Proc]> {
  const targets = [ADDR.c1, `[${ADDR6.c1}]`].map((target, i) => ["-p", `${i === 0 ? "0.0.0.0" : "[::]"}:${PORT}:${target}:${SERVED}/udp`]);
  const instance = await startInstance(c.lab, c.host, [...networkArgs(c, true), ...targets.flat(), ...args]);
  return [instance, await serveBursts(c.lab, c.c1, burst, SERVED)];
}

const ONE_ANSWER = { flows: 12, count: 100, answers: 1 };
const MANY_ANSWERS = { flows: 12, count: 2, answers: 50 };

onTsproxy("bursts keep their order both ways, of both families, carried or not", "kernel", async (c) => {
  addIpv6(c);
  for (const mode of ["never", "auto"] as const) {
    const [instance, server] = await start(c, ["--offload", mode]);
    for (const address of [ADDR.host, ADDR6.host]) {
      await bursts(c, server, address, ONE_ANSWER);
      await bursts(c, server, address, MANY_ANSWERS);
    }
    // A program of the host: translated at both ends.
    await bursts(c, server, "127.0.0.1", { ...ONE_ANSWER, from: c.host });
    const offloaded = async (): Promise<number> => (await instance.stats()).steering.offloaded!;
    if (mode === "never") {
      expect(await offloaded()).toBe(0);
      await Promise.all([instance.stop(), server.stop()]);
      continue;
    }
    const before = await offloaded();
    expect(before).toBeGreaterThan(0);
    // Who never pauses is carried soon, however fast he sends.
    await c.lab.run(c.client, [burst, "send", ADDR.host, String(PORT), "1", "40000", "0", "0"]);
    expect((await heard(server)).came).toBeGreaterThan(20_000);
    expect(await offloaded()).toBeGreaterThan(before + 25_000);
  }
});

onTsproxy("endpoints on veth pairs get and send bursts in order", "own", async (c) => {
  addIpv6(c);
  const [instance, server] = await start(c, ["--attach", "veth"]);
  const [outside, neighbor] = (await Promise.all([c.lan2, c.c2].map((ns) => serveBursts(c.lab, ns, burst, SERVED)))) as [Proc, Proc];
  const asClient = { flows: 12, count: 300, answers: 1, from: c.c1, port: SERVED };
  for (const a of [ADDR, ADDR6]) {
    await bursts(c, server, a.host, ONE_ANSWER);
    await bursts(c, server, a.host, { flows: 15, count: 1, answers: 200 });
    await bursts(c, outside, a.lan2, asClient);
    await bursts(c, server, a.c1, { ...asClient, from: c.host });
    // What waits in the sender's own kernel for the neighbor's MAC is overtaken there: both know the other one's first.
    for (const [from, to] of [
      [c.c1, a.c2],
      [c.c2, a.c1],
    ] as const)
      await c.lab.run(from, ["ping", "-c", "1", "-W", "5", to]);
    await bursts(c, neighbor, a.c2, asClient);
  }
  expect((await instance.stats()).steering.offloaded).toBeGreaterThan(0);
});

/** python3 -c … ADDRESS PORT FLOW: numbered datagrams of one flow, as `burst` sends them. */
const NUMBERED = `
import socket, struct, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM); s.connect((sys.argv[1], int(sys.argv[2])))
n = 0
def send(count):
  global n
  for n in range(n + 1, n + 1 + count): s.send(struct.pack("III", int(sys.argv[3]), n, 0))
`;
/** For a minute, a hundred as fast as it goes, and a pause of 2 ms. */
const STEADY = `${NUMBERED}
end = time.monotonic() + 60
while time.monotonic() < end: send(100); time.sleep(0.002)
`;
/** As many as the ring buffer has room for three times, and, once it is told, for a minute some more. */
const OPENING = `${NUMBERED}
send(1500); print("sent", flush=True); sys.stdin.readline()
end = time.monotonic() + 60
while time.monotonic() < end: send(50); time.sleep(0.005)
`;

onTsproxy("a flow of datagrams stays in order while captures take it from the kernel and give it back", "kernel", async (c) => {
  addIpv6(c);
  const [instance, server] = await start(c, []);
  const disturbed: { address: string; round: number; late: number }[] = [];
  for (const [flow, address] of [ADDR.host, ADDR6.host].entries()) {
    const client = c.lab.start(c.client, ["python3", "-c", STEADY, address, String(PORT), String(flow)]);
    await heard(server);
    const offloaded = async (): Promise<number> => (await instance.stats()).steering.offloaded!;
    const opened = await offloaded();
    await eventually("it is carried", async () => (await offloaded()) > opened); // how it opens is below
    for (let round = 0; round < 4; round++) {
      await heard(server);
      const capture = launch(c.lab, c.host, ["capture", "-w", "/dev/null"]);
      await capture.until("the capture", () => capture.stderr.includes("Ctrl-C ends it"));
      await capture.stop("SIGINT");
      const before = await offloaded();
      await eventually("it is carried again", async () => (await offloaded()) > before + 1000);
      const { came, late } = await heard(server);
      expect(came).toBeGreaterThan(1000);
      if (late > 0 && late < ORDER_FULL / 2) disturbed.push({ address, round, late }); // more: the worker had no core for so long
    }
    await client.stop();
  }
  expect(disturbed).toEqual([]); // without stamps it is every second time
});

onTsproxy("a flow is in order whose first datagrams wait for the loop while a capture begins or ends", "kernel", async (c) => {
  addIpv6(c);
  const [instance, server] = await start(c, []);
  const socket = path.join(c.lab.runDir, `${instance.pid}.sock`);
  const offloaded = async (): Promise<number> => (await instance.stats()).steering.offloaded!;
  let flow = 0;
  /** Its datagrams come to the host, and `change` is asked for, while the instance stands still. `until`: so long it goes on. */
  const opening = async <T>(what: string, address: string, change: () => T | Promise<T>, until: () => Promise<unknown>): Promise<T> => {
    instance.proc.signal("SIGSTOP");
    const changed = change();
    const client = c.lab.start(c.client, ["python3", "-c", OPENING, address, String(PORT), String(flow++)], { input: "pipe" });
    await client.until("its first datagrams", () => client.stdout.includes("sent"));
    instance.proc.signal("SIGCONT");
    client.write("\n");
    const result = await changed;
    await until();
    await client.stop();
    const { came, late } = await heard(server);
    expect(came).toBeGreaterThan(1500);
    expect({ what, address, late }).toEqual({ what, address, late: 0 });
    return result;
  };
  for (const address of [ADDR.host, ADDR6.host]) {
    const capture = await opening(
      "begins",
      address,
      () => open(socket, "capture", { query: {} }),
      () => sleep(500),
    );
    capture.resume();
    const before = await offloaded();
    const isCarried = async (): Promise<boolean> => (await offloaded()) > before + 500;
    await opening(
      "ends",
      address,
      () => void capture.destroy(),
      () => eventually("it is carried", isCarried, 10_000),
    );
  }
});

onLab("neighbors in an overlay network get bursts in order, each time that their pair is entered", async (lab) => {
  const o = new OverlayLab(lab, 4);
  const [c1, c2] = [o.containers.a, o.containers.b];
  const endpoints = [
    [c1, ...IPS.a],
    [c2, ...IPS.b],
  ];
  await o.startNode("a", { attach: "veth", endpoints });
  const each = { flows: 24, count: 300, answers: 1 };
  const server = await serveBursts(lab, c2, burst, SERVED);
  const know = async (from: string, to: string): Promise<unknown> => lab.run(from, ["ping", "-c", "1", "-W", "5", to]);
  for (let round = 0; round < 4; round++)
    for (const [i, address] of IPS.b.entries()) {
      await know(c1, address);
      await know(c2, IPS.a[i]!);
      await expectOrder(`round ${round} to ${address}`, await lab.run(c1, sending(burst, address, SERVED, each)), server, each);
      // All pairs are taken back when a capture begins, and when it ends.
      await o.beginCapture("a");
      await know(c1, address);
      await o.endCapture("a");
    }
  expect((await o.stats("a")).ports.filter(({ kind }) => kind === "endpoint")).toHaveLength(2);
});
