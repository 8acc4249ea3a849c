/** What a running instance tells about itself: `stats`, `flows`, `fdb`, and the commands that need none. */
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { connect, curl, ncUdp, ping, udpClient } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { launch, networkArgs, startInstance, tsproxy } from "../support/tsproxy.js";

const PUBLISH = ["-p", "8999:172.17.0.4:8080"];

onTsproxy("counts what it carried, by device and in all", "kernel", async (c) => {
  const running = await startInstance(c.lab, c.host, PUBLISH);
  await serve(c.lab, c.c1, "http", 8080);
  const before = await running.stats();
  await curl(c.lab, c.client, `${ADDR.host}:8999`);
  const after = await running.stats();
  expect(after.pid).toBe(running.pid);
  const mapping = { hostPort: 8999, targetIp: "172.17.0.4", targetPort: 8080, proto: "tcp", via: "dataplane" };
  expect(after.mappings).toMatchObject(["0.0.0.0", "::"].map((hostIp) => ({ hostIp, ...mapping })));
  expect(after.flows.created - before.flows.created).toBe(1);
  expect(after.flows.capacity).toBe(250_000);
  expect(after.flows.refused).toBe(0);
  const uplink = after.ports.find(({ kind }) => kind === "uplink");
  const held = after.ports.find(({ kind }) => kind === "held");
  // SYN, ACK, request, FIN and the like from one side, as many from the other: all come in, the SYN by the held port, all go out again
  const { offloaded } = after.mappings[0]!; // the kernel has carried some of these
  const [flow] = await running.flowViews();
  expect(uplink!.rxPackets + offloaded!.packets).toBeGreaterThanOrEqual(7);
  expect(held?.rxPackets).toBe(1);
  expect(flow!.packets[0] + flow!.packets[1]).toBe(uplink!.rxPackets + offloaded!.packets + 1);
  expect(uplink?.txPackets).toBe((uplink?.rxPackets ?? 0) + 1);
  expect(uplink!.rxBytes + offloaded!.bytes).toBeGreaterThan(600);
  expect(after.mappings[1]!.offloaded).toEqual({ packets: 0, bytes: 0 });
  expect(Object.values(after.steering).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
});

/** `count` clients from ports of their own, each of which has been answered twice. */
async function udpClients(c: Case, count: number): Promise<Awaited<ReturnType<typeof udpClient>>[]> {
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = await udpClient(c.lab, c.client, ADDR.host, 8999);
    for (const word of ["hello", "again"]) {
      client.write(`${word}\n`);
      await client.until("answer", () => client.stdout.includes(word));
    }
    clients.push(client);
  }
  return clients;
}

onTsproxy(
  "refuses whom the last flows of the table are not for, counts and names him, and goes on when there is room",
  "kernel",
  async (c) => {
    const running = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:5300/udp", "--conntrack-max", "8"]);
    await serve(c.lab, c.c1, "udp", 5300);
    const clients = await udpClients(c, 7);
    expect(await ncUdp(c.lab, c.client, ADDR.host, 8999, "one too many")).toBe("");
    const { flows, drops, holders } = await running.stats();
    expect(flows).toMatchObject({ active: 7, capacity: 8, created: 7, evicted: 0, refused: 0 });
    expect(drops["limit-client"]).toBeGreaterThan(0);
    expect(holders).toContainEqual({ kind: "client", name: ADDR.client, flows: 7, limited: true });
    clients[0]?.write("still here\n");
    await clients[0]?.until("answer", (client) => client.stdout.includes("still here"));
    const shown = await tsproxy(c.lab, c.host, ["stats", "--pid", String(running.pid)]);
    expect(shown.stdout).toMatch(/^192\.0\.2\.10 +client +7 +yes$/m);
  },
);

onTsproxy("holds one client to --max-flows, and leaves others alone", "kernel", async (c) => {
  const running = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:5300/udp", "--max-flows", "client=2"]);
  await serve(c.lab, c.c1, "udp", 5300);
  const clients = await udpClients(c, 2);
  expect(await ncUdp(c.lab, c.client, ADDR.host, 8999, "one too many")).toBe("");
  expect((await running.stats()).drops).toMatchObject({ "limit-client": expect.any(Number) });
  for (let n = 0; n < 3; n++) expect(await ncUdp(c.lab, c.host, "127.0.0.1", 8999, "the host itself")).toContain("the host itself");
  clients[0]?.write("still here\n");
  await clients[0]?.until("answer", (client) => client.stdout.includes("still here"));
});

onTsproxy("has a single datagram without an answer make room in a full table", "kernel", async (c) => {
  const running = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:5300/udp", "--conntrack-max", "4"]);
  for (let n = 0; n < 10; n++) expect(await ncUdp(c.lab, c.client, ADDR.host, 8999, "nobody listens")).toBe("");
  await serve(c.lab, c.c1, "udp", 5300);
  expect(await ncUdp(c.lab, c.client, ADDR.host, 8999, "hello")).toContain("hello");
  expect((await running.stats()).flows).toMatchObject({ active: 4, created: 11, evicted: 7, refused: 0 });
});

onTsproxy("shows TCP, UDP and ping flows with state, directions, packets and time-out", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, [...PUBLISH, ...networkArgs(c)]);
  await serve(c.lab, c.c1, "tcp", 8080);
  await serve(c.lab, c.client, "udp", 9001);
  const connections = await connect(c.lab, c.client, ADDR.host, 8999, 1, `${ADDR.client}:40000`);
  await connections.exchange("hello");
  const udp = await udpClient(c.lab, c.c1, ADDR.client, 9001, `${ADDR.c1}:40001`);
  udp.write("hello\n");
  await udp.until("answer", () => udp.events().some(({ event }) => event === "data"));
  await ping(c.lab, c.c2, ADDR.client, ["-e", "7"]);
  const flows = await running.flowViews();
  expect(flows.map(({ proto }) => proto).sort()).toEqual(["icmp", "tcp", "udp"]);
  const of = (proto: string) => flows.find((flow) => flow.proto === proto);
  expect(of("tcp")).toMatchObject({
    state: "established",
    original: { src: "192.0.2.10:40000", dst: "192.0.2.1:8999" },
    reply: { src: "172.17.0.4:8080", dst: "192.0.2.10:40000" },
  });
  expect(of("udp")).toMatchObject({ original: { src: "172.17.0.4:40001", dst: "192.0.2.10:9001" }, reply: { src: "192.0.2.10:9001" } });
  expect(of("icmp")).toMatchObject({ original: { src: "172.17.0.5:7", dst: "192.0.2.10:7" }, packets: [3, 3] });
  for (const { packets, timeoutSec } of flows) {
    expect(Math.min(...packets)).toBeGreaterThan(0);
    expect(timeoutSec).toBeGreaterThan(0);
  }
  const shown = await tsproxy(c.lab, c.host, ["flows", "--pid", String(running.pid)]);
  expect(shown.stdout).toMatch(/tcp.*established.*192\.0\.2\.10:40000.*192\.0\.2\.1:8999/);
});

onTsproxy("moves a TCP flow from established to closed, and removes it after a reset", "kernel", async (c) => {
  const running = await startInstance(c.lab, c.host, PUBLISH);
  const server = await serve(c.lab, c.c1, "tcp", 8080);
  const connections = await connect(c.lab, c.client, ADDR.host, 8999);
  await connections.exchange("hello");
  expect((await running.flowViews()).map(({ state }) => state)).toEqual(["established"]);
  await server.proc.stop("SIGKILL"); // its kernel resets what comes now
  connections.proc.write("anyone?\n");
  await connections.proc.until("closed", () => connections.closed.length > 0);
  await eventually("flow gone or on its way out", async () =>
    (await running.flowViews()).every(({ state, timeoutSec }) => state !== "established" && timeoutSec <= 300),
  );
});

onTsproxy("prints stats, flows and fdb for people without --json", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, [...PUBLISH, ...networkArgs(c)]);
  await ping(c.lab, c.c1, ADDR.c2);
  const stats = await tsproxy(c.lab, c.host, ["stats", "--pid", String(running.pid)]);
  expect(stats.stdout).toContain("0.0.0.0:8999");
  expect(stats.stdout).toContain("172.17.0.4");
  const fdb = await tsproxy(c.lab, c.host, ["fdb", "--pid", String(running.pid)]);
  expect(fdb.stdout).toMatch(/([0-9a-f]{2}:){5}[0-9a-f]{2}/);
  const flows = await tsproxy(c.lab, c.host, ["flows", "--pid", String(running.pid)]);
  expect([stats.code, fdb.code, flows.code]).toEqual([0, 0, 0]);
});

onTsproxy("says so when no instance runs, or not that one", "kernel", async (c) => {
  for (const command of ["stats", "flows", "fdb"]) {
    const none = await tsproxy(c.lab, c.host, [command]);
    expect(none.code).toBe(1);
    expect(none.stderr.trim().split("\n")).toHaveLength(1);
    const wrong = await tsproxy(c.lab, c.host, [command, "--pid", "999999999"]);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain("999999999");
  }
});

onTsproxy("`tsproxy doctor` names each thing needed, and what to do where it is missing", "kernel", async (c) => {
  const { code, stdout } = await tsproxy(c.lab, c.host, ["doctor"]);
  expect(code).toBe(0);
  for (const word of [/\/dev\/net\/tun/, /tcx/i, /clsact/i, /offload/i, /namespace/i, /privilege|CAP_NET_ADMIN|root/i])
    expect(stdout).toMatch(word);
});

onTsproxy("`tsproxy --help` and `--version` exit 0", "kernel", async (c) => {
  const help = await tsproxy(c.lab, c.host, ["--help"]);
  expect(help.code).toBe(0);
  for (const word of [
    "-p, --publish",
    "--network",
    "--endpoint",
    "--allow-from",
    "--json",
    "--ready-fd",
    "--relay",
    "--workers",
    "stats",
    "flows",
    "fdb",
    "doctor",
    "cleanup",
  ]) {
    expect(help.stdout).toContain(word);
  }
  const version = await tsproxy(c.lab, c.host, ["--version"]);
  expect(version.code).toBe(0);
  expect(version.stdout).toMatch(/\d+\.\d+\.\d+/);
});

onTsproxy("gives who reads slowly all of a long list", "kernel", async (c) => {
  const running = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:5300/udp"]);
  const script = `import socket, sys
all = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(600)]
for one in all: one.sendto(b'x', (sys.argv[1], 8999))`;
  c.lab.runSync(c.client, ["python3", "-c", script, ADDR.host]);
  await eventually("600 flows", async () => (await running.created()) === 600);
  const wrap = ["sh", "-c", '"$@" | (sleep 0.5; cat)', "sh"];
  const { stdout } = await tsproxy(c.lab, c.host, ["flows", "--json", "--pid", String(running.pid)], { wrap });
  expect(stdout.length).toBeGreaterThan(128 << 10);
  expect(JSON.parse(stdout)).toHaveLength(600);
});

onTsproxy("goes on when nobody reads what it tells, and ends in order", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const running = launch(c.lab, c.host, ["--json", ...PUBLISH], { wrap: ["bash", "-c", 'exec "$@" > >(:) 2> >(:)', "bash"] });
  const stats = () => tsproxy(c.lab, c.host, ["stats", "--json", "--pid", String(running.pid)]);
  await eventually("it carries", async () => (await stats()).stdout.includes('"mode": "auto"'), 10_000);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  expect(await running.stop()).toMatchObject({ code: 0 });
  expect(c.lab.runSync(c.host, ["ip", "-br", "link"])).not.toContain("tsp");
});
