/** Docker's networks through tsproxy when something ends that should not: tsproxy, dockerd, a container, its namespace. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, it } from "vitest";
import { connect, curl } from "../support/clients.js";
import { DockerHost } from "../support/docker-network.js";
import { dockerObstacle } from "../support/dockerd.js";
import { eventually } from "../support/proc.js";
import { ADDR } from "../support/topology.js";
import { tsproxy } from "../support/tsproxy.js";

const obstacle = dockerObstacle();

/** Each has a dockerd of its own, for which it mostly waits, so two run at once (`maxConcurrency`). With a network `net` and in it `web`, whose port 80 is published as 8080. `attach`: how containers hang on it. */
function on(
  name: string,
  body: (h: DockerHost) => Promise<void>,
  { attach = "auto", config = {} }: { attach?: "auto" | "tap" | "veth"; config?: Record<string, unknown> } = {},
): void {
  it.concurrent(name, { timeout: 90_000 }, async (ctx) => {
    if (obstacle !== undefined) ctx.skip(obstacle);
    const h = await DockerHost.start(config);
    ctx.onTestFinished(() => h.remove(), 40_000);
    await h.docker.must("network", "create", "-d", h.driver, "-o", `tsproxy.attach=${attach}`, "net");
    await h.web("web", "--network", "net", "-p", "8080:80", "-p", "7000:7000");
    await body(h);
  });
}

/** All that a container's network does, from the LAN and to it, from and to a neighbor. */
async function expectConnected(h: DockerHost): Promise<void> {
  expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
  expect(await h.pings("web", ADDR.client)).toBe(true);
  const [network] = (await h.ps()).networks;
  expect(await h.pings("web", network!.gateway)).toBe(true);
}

async function keepsConnected(h: DockerHost, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  await h.serveInside("web", "tcp", 7000);
  await h.web("other", "--network", "net");
  const inbound = await connect(h.lab, h.world.client, ADDR.host, 7000);
  await inbound.exchange("before");
  await h.daemon.stop(signal);
  expect(await h.exec("web", "ip", "addr", "show", "eth0")).toContain(await h.address("web", "net"));
  await h.startDaemon();
  await expectConnected(h);
  expect(await h.who("other", "web")).toBe(await h.address("other", "net"));
  await inbound.exchange("after");
  expect(inbound.closed).toEqual([]);
  await h.web("third", "--network", "net", "-p", "8081:80"); // and new ones can join
  expect(await h.who("third", "web")).toBe(await h.address("third", "net"));
  await h.docker.must("rm", "-f", "web", "other", "third");
  await h.docker.must("network", "rm", "net");
  expect(h.devices()).toEqual([]);
}

for (const [signal, attach] of [
  ["SIGTERM", "veth"],
  ["SIGKILL", "tap"],
] as const)
  on(
    `containers on a ${attach} keep their network, ports and connections when tsproxy ends by ${signal} and starts again`,
    (h) => keepsConnected(h, signal),
    { attach },
  );

on(
  "a device made for two workers serves one after a restart; one made for one says what to do",
  async (h) => {
    await h.docker.must("rm", "-f", "web");
    await h.daemon.stop();
    await h.startDaemon(["--workers", "2"]);
    await h.web("web", "--network", "net", "-p", "8080:80");
    await expectConnected(h);
    await h.daemon.stop();
    await h.startDaemon();
    await expectConnected(h);
    await h.web("single", "--network", "net");
    await h.daemon.stop();
    await h.startDaemon(["--workers", "2"]);
    await expectConnected(h);
    expect(h.daemon.stderr).toMatch(/endpoint .* was made for one worker.*restart its container/);
    await h.docker.must("restart", "-t", "0", "single");
    expect(await h.pings("single", ADDR.client)).toBe(true);
  },
  { attach: "tap" },
);

on("a container that is removed while tsproxy is away leaves nothing once it is back", async (h) => {
  await h.daemon.stop("SIGKILL");
  // dockerd tries each call that nobody answers for 15 seconds, and then goes on as after an error. An error at once is the same in less time.
  await h.refuse(() => h.docker.must("rm", "-f", "web"));
  // dockerd gave the container's back, nobody took it; the network's own, and the TAP beside the pair, are kept for a moment.
  await h.lab.endKeepers();
  await eventually("what is kept goes", () => !h.devices().some((name) => /^tspe.{11}$/.test(name)));
  await h.startDaemon();
  expect((await h.ps()).endpoints).toEqual([]);
  expect(h.devices()).toHaveLength(1); // the network's own
  await h.web("web", "--network", "net", "-p", "8080:80");
  await expectConnected(h);
});

on("`tsproxy cleanup` removes the devices of containers that ended while tsproxy was away, and no others", async (h) => {
  await h.web("other", "--network", "net");
  const [web, other] = (await h.ps()).endpoints;
  expect(await h.tsproxy("cleanup", "--json")).toContain('"devices":0'); // of a daemon that runs
  const pid = Number(await h.docker.inspect("web", "{{.State.Pid}}"));
  await h.docker.stop("SIGKILL");
  await h.daemon.stop("SIGKILL");
  // What dockerd does at a container's end.
  const set = ["nsenter", `--net=${web!.sandbox}`, "ip", "link", "set", "eth0"];
  h.lab.runSync(h.world.host, [...set, "down"]);
  h.lab.runSync(h.world.host, [...set, "name", `tsp${web!.id.slice(0, 11)}`, "netns", h.world.host]);
  process.kill(pid, "SIGKILL");
  execFileSync("umount", [web!.sandbox]);
  expect(h.devices()).toHaveLength(6); // the network's own, and TAPs, are kept
  expect(await h.tsproxy("cleanup", "--json")).toMatch(/"devices":1.*"keepers":1/);
  expect(h.devices()).toEqual([`tspv${other!.id.slice(0, 11)}`]); // the other end is the container's eth0
  await h.startDaemon();
  expect((await h.ps()).endpoints).toMatchObject([{ id: other!.id, state: "joined" }]);
  const ping = await h.lab.run(h.world.host, ["nsenter", `--net=${other!.sandbox}`, "ping", "-c1", "-W1", ADDR.client]);
  expect(ping.code).toBe(0);
});

on("a killed container frees its ports and its endpoint", async (h) => {
  const pid = Number(await h.docker.inspect("web", "{{.State.Pid}}"));
  process.kill(pid, "SIGKILL");
  await eventually("dockerd notices", async () => (await h.docker.inspect("web", "{{.State.Running}}")) === "false");
  await eventually("the endpoint is deleted", async () => (await h.ps()).endpoints.length === 0);
  expect((await curl(h.lab, h.world.client, `${ADDR.host}:8080`)).code).toBe(7);
  await h.docker.must("start", "web");
  await expectConnected(h);
});

on("an endpoint whose namespace ends under it is gone and its ports free, and the container starts again", async (h) => {
  const pid = Number(await h.docker.inspect("web", "{{.State.Pid}}"));
  const sandbox = await h.docker.inspect("web", "{{.NetworkSettings.SandboxKey}}");
  await h.docker.stop("SIGKILL");
  process.kill(pid, "SIGKILL");
  execFileSync("umount", [sandbox]);
  await eventually("tsproxy notices", async () => (await h.ps()).endpoints[0]?.state === "gone");
  expect(h.daemon.stderr).toContain("is gone");
  expect((await h.ps()).endpoints).toMatchObject([{ ports: [] }]);
  expect((await curl(h.lab, h.world.client, `${ADDR.host}:8080`)).code).toBe(7);
  await h.docker.launch();
  await h.docker.must("start", "web"); // with its old address
  await expectConnected(h);
  expect((await h.ps()).endpoints).toMatchObject([{ state: "joined" }]);
});

for (const signal of ["SIGTERM", "SIGKILL"] as const)
  on(`a dockerd that ends by ${signal} and starts again finds its networks, and its containers start`, async (h) => {
    await h.docker.stop(signal);
    await h.docker.launch();
    expect(await h.docker.inspect("net", "{{.Driver}}")).toBe(h.driver);
    await h.docker.must("start", "web");
    await expectConnected(h);
    expect((await h.ps()).endpoints).toHaveLength(1);
    await h.docker.must("rm", "-f", "web");
    expect((await h.ps()).endpoints).toEqual([]);
  });

on(
  "with live-restore containers keep network and ports while dockerd restarts",
  async (h) => {
    await h.docker.stop("SIGKILL");
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
    await h.docker.launch();
    expect(await h.docker.inspect("web", "{{.State.Running}}")).toBe("true");
    await expectConnected(h);
    await h.docker.must("rm", "-f", "web");
    expect((await h.ps()).endpoints).toEqual([]);
  },
  { config: { "live-restore": true } },
);

on("dockerd boots without tsproxy; once that runs, its containers start", async (h) => {
  await h.docker.must("update", "--restart", "always", "web");
  await h.docker.stop();
  await h.daemon.stop();
  await h.docker.launch();
  await h.startDaemon();
  await eventually("it runs", async () => (await h.docker.docker(["start", "web"])).code === 0, 40_000);
  await expectConnected(h);
});

on("a dockerd that boots starts tsproxy by its socket, as systemd does, and gets its containers up", async (h) => {
  await h.docker.must("update", "--restart", "always", "web");
  await h.docker.stop();
  await h.daemon.stop();
  await h.startOnDemand();
  expect(h.daemon.stdout).not.toContain("ready");
  await h.docker.launch();
  await eventually("the container runs", async () => (await h.docker.inspect("web", "{{.State.Running}}")) === "true", 30_000);
  expect(h.daemon.stdout).toContain("ready");
  await expectConnected(h);
  await h.daemon.stop();
  expect(fs.existsSync(h.socket)).toBe(true); // it is systemd's
  await h.startDaemon();
});

on("a second daemon is refused and disturbs nothing", async (h) => {
  const { code, stderr } = await tsproxy(h.lab, h.world.host, ["daemon", "--plugin-socket", h.socket]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/another (process|daemon|tsproxy)/);
  await expectConnected(h);
});
