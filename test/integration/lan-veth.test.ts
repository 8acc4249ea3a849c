/** Endpoints of a LAN on veth pairs: the kernel carries what the engine has decided, counted, and each is held to its address as on a TAP. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CapturedView } from "../../src/api/capture-types.js";
import type { StatsView } from "../../src/api/types.js";
import { buildBurst, expectOrder, sending, serveBursts, serving, untilServing } from "../support/burst.js";
import { connect, curl, ping } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";
import { program, serveIperf } from "../support/servers.js";
import { launch } from "../support/tsproxy.js";

const SERVER = [process.execPath, program("http-server"), "8080"];
const [A, B] = ["192.0.2.128", "192.0.2.129"];
const BYTES = 20_000_000;

/** Datagrams of new flows, each burst faster than one can be decided on. */
const BURSTS = { flows: 8, count: 300, answers: 1 };

let h: SandboxHost;
let burst: string;
beforeAll(async () => {
  h = await SandboxHost.start();
  burst = buildBurst(h.lab.dir);
  for (const ns of [h.client, h.host]) await serveIperf(h.lab, ns, 5201);
});
afterAll(() => h.close());

/** Bytes that came from and went to the port, by the engine or not, and what the engine alone had from the LAN. */
async function moved(): Promise<{ rx: number; tx: number; lan: number }> {
  const { ports } = JSON.parse(await h.ok("stats", "--json")) as StatsView;
  const endpoint = ports.find(({ address }) => address === B)!;
  return { rx: endpoint.rxBytes, tx: endpoint.txBytes, lan: ports.find(({ kind }) => kind === "lan")!.rxBytes };
}

it.each(["macvlan", "ipvlan"])("%s: carries from and to the LAN, the host and neighbors, and publishes ports", async (driver) => {
  const range = ["--subnet", "192.0.2.0/24", "--ip-range", "192.0.2.128/25", "--gateway", CLIENT];
  await h.ok("network", "create", "-d", driver, ...range, "-o", "parent=lan0", "-o", "tsproxy.attach=veth", "lan");
  await h.ok("run", "-d", "--name", "a", "--network", "lan", "-p", "8999:8080", "--", ...SERVER);
  await h.ok("run", "-d", "--name", "b", "--network", "lan", "--", "sleep", "1000");
  await eventually("server", async () => (await curl(h.lab, h.client, `${A}:8080`)).code === 0);
  for (const [to, ...way] of [[CLIENT], [CLIENT, "-R"], [HOST], [HOST, "-R"]] as const) // biome-ignore format: a table
    expect((await h.inside("b", "iperf3", "-c", to, "-n", `${BYTES}`, "--connect-timeout", "2000", ...way)).code).toBe(0);
  const { rx, tx, lan } = await moved();
  // What is in a sender's buffer when iperf3 has enough is lost.
  expect([rx, tx].map((bytes) => bytes > 1.5 * BYTES)).toEqual([true, true]);
  // Most of it did not pass the engine; in ipvlan networks what is for the host does.
  expect(lan).toBeLessThan(BYTES / 2);
  for (const ns of [h.host, h.client]) expect(h.lab.runSync(ns, ["nstat", "-asz", "TcpInCsumErrors"])).toMatch(/TcpInCsumErrors +0 /);

  // Neighbors, the published port with the client's address, and who sends as somebody else.
  expect((await h.inside("b", "curl", "-s", "-m", "2", `http://${A}:8080/`)).code).toBe(0);
  expect((await curl(h.lab, h.client, `${A}:8080`)).peer).toMatch(`${CLIENT}:`);
  for (let i = 0; i < 3; i++) expect((await curl(h.lab, h.client, `${HOST}:8999`)).peer).toMatch(`${CLIENT}:`);
  expect((await curl(h.lab, h.host, "127.0.0.1:8999")).code).toBe(0);

  // Datagrams come in the order in which they were sent, from where they may and to whom.
  const inside = await untilServing(await h.startInside("b", serving(burst, 7000), { input: "pipe" }));
  for (const [ns, to] of [
    [h.client, CLIENT],
    [h.host, HOST],
  ] as const) {
    // biome-ignore format: a table
    const server = await serveBursts(h.lab, ns, burst, 7000);
    await expectOrder(`endpoint to ${to}`, await h.inside("b", ...sending(burst, to, 7000, BURSTS)), server, BURSTS);
    await expectOrder(`${to} to endpoint`, await h.lab.run(ns, sending(burst, B, 7000, BURSTS)), inside, BURSTS);
    await server.stop();
  }
  await inside.stop();

  // Who captures sees all of it, from whom and to whom it goes, and what is translated.
  const capture = launch(h.lab, h.host, ["capture", "--json", "--network", "lan"]);
  await capture.until("the capture", () => capture.stderr.includes("Ctrl-C ends it"));
  expect((await h.inside("b", "curl", "-s", "-m", "2", `http://${A}:8080/`)).code).toBe(0);
  for (const to of [`${A}:8080`, `${HOST}:8999`]) expect((await curl(h.lab, h.client, to)).code).toBe(0);
  expect((await curl(h.lab, h.host, `${A}:8080`)).code).toBe(0);
  const seen = (): CapturedView[] => capture.events() as unknown as CapturedView[];
  const shown = (flag: string, src: string, dst: string): boolean =>
    seen().some((each) => each.info.startsWith(flag) && each.src.startsWith(src) && each.dst.startsWith(dst));
  for (const [peer, to] of [[B, `${A}:8080`], [CLIENT, `${A}:8080`], [HOST, `${A}:8080`], [CLIENT, `${HOST}:8999`]] as const) // biome-ignore format: a table
    await eventually(`${peer} to ${to}`, () => ["[S]", "[P.]", "[F.]"].every((flag) => shown(flag, `${peer}:`, to)));
  expect(shown("[S.]", `${A}:8080`, `${B}:`)).toBe(true);
  expect(seen().find(({ dst, info }) => dst === `${HOST}:8999` && info.startsWith("[S]"))).toMatchObject({
    verdict: "translated",
    newDst: `${A}:8080`,
  });

  await h.inside("b", "ip", "address", "add", "192.0.2.200/24", "dev", "eth0");
  const forged = await h.inside("b", "curl", "-s", "-m", "1", "--interface", "192.0.2.200", `http://${A}:8080/`);
  expect(forged.code).not.toBe(0);
  await h.ok("rm", "-f", "a", "b");
  await h.ok("network", "rm", "lan");
  expect(await capture.finish()).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/network 'lan' is gone, and the capture with it\n.*\d+ packets captured\n$/) as string,
  });
  expect(h.lab.runSync(h.host, ["ip", "-o", "link"])).not.toMatch(/tspv|tspe|tsplan/);
  expect((await ping(h.lab, h.client, B, ["-W", "0.3"])).received).toBe(0);
});

it("a killed daemon's LAN is silent, and the host's own is not; the next one's goes on with the connections that are there", async () => {
  const range = ["--subnet", "192.0.2.0/24", "--ip-range", "192.0.2.128/25", "--gateway", CLIENT];
  await h.ok("network", "create", "-d", "macvlan", ...range, "-o", "parent=lan0", "-o", "tsproxy.attach=veth", "lan");
  await h.ok("run", "-d", "--name", "a", "--network", "lan", "--", process.execPath, program("tcp-server"), "8081");
  await h.ok("run", "-d", "--name", "b", "--network", "lan", "--", "sleep", "1000");
  await eventually("server", async () => (await h.lab.run(h.client, ["nc", "-z", "-w", "1", A, "8081"])).code === 0);
  const open = await connect(h.lab, h.client, A, 8081);
  await open.exchange("decided");
  await open.exchange("carried");
  const devices = (): string[] =>
    h.lab
      .runSync(h.host, ["ip", "-o", "link"])
      .match(/tsp[ev]\w{11}/g)!
      .sort();
  const before = devices();

  await h.daemon.stop("SIGKILL");
  open.proc.write("meanwhile\n");
  expect((await ping(h.lab, h.client, A, ["-c", "1", "-W", "0.3"])).received).toBe(0);
  expect((await ping(h.lab, h.client, HOST, ["-c", "1"])).received).toBe(1);
  expect([open.text().includes("meanwhile"), open.closed]).toEqual([false, []]);

  await h.startDaemon();
  await open.proc.until("what was sent meanwhile", () => open.text().includes("meanwhile"));
  await open.exchange("afterwards");
  expect(open.text()).toBe("decided\ncarried\nmeanwhile\nafterwards\n");
  for (const to of [CLIENT, HOST, A]) expect((await h.inside("b", "ping", "-n", "-c", "1", "-W", "2", to)).code, to).toBe(0);
  expect(devices()).toEqual(before);
  await h.ok("rm", "-f", "a", "b");
  await h.ok("network", "rm", "lan");
  expect(h.lab.runSync(h.host, ["ip", "-o", "link"])).not.toMatch(/tspv|tspe|tsplan/);
});
