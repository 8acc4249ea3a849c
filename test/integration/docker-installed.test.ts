/**
 * What docs/docker.md tells users, in its own words: the driver is called `tsproxy`, every file is in its default place, and the daemon is started by
 * the units that `tsproxy install` writes. The case's dockerd and tsproxy have a /run and a /var/lib of their own.
 */
import fs from "node:fs";
import path from "node:path";
import { expect, it, onTestFinished, type TestContext } from "vitest";
import { DockerHost } from "../support/docker-network.js";
import { dockerObstacle } from "../support/dockerd.js";
import { MAIN } from "../support/paths.js";
import { Proc } from "../support/proc.js";
import { ADDR } from "../support/topology.js";

const obstacle = dockerObstacle();
const DEFAULTS = ["/run/docker/plugins/tsproxy.sock", "/run/tsproxy/docker-proxy.sock", "/var/lib/tsproxy/networks.json"];

/** Skips what needs a program that is not there. */
function need(ctx: TestContext, program: string, apt: string): void {
  if (!(process.env.PATH ?? "").split(":").some((dir) => fs.existsSync(`${dir}/${program}`)))
    ctx.skip(`not installed: ${program} (apt-get install ${apt})`);
}

/** The units as `tsproxy install` writes them, and where. */
async function install(): Promise<{ dir: string; socket: string; service: string }> {
  const prefix = fs.mkdtempSync("/tmp/tsp-units-");
  onTestFinished(() => fs.rmSync(prefix, { recursive: true }));
  const { code, stderr } = await new Proc([process.execPath, MAIN, "install", "--prefix", prefix]).finish();
  expect(code, stderr).toBe(0);
  const dir = path.join(prefix, "etc/systemd/system");
  const read = (kind: string): string => fs.readFileSync(path.join(dir, `tsproxy.${kind}`), "utf8");
  return { dir, socket: read("socket"), service: read("service") };
}

async function start(ctx: TestContext, startDaemon: (h: DockerHost) => Promise<void>): Promise<DockerHost> {
  if (obstacle !== undefined) ctx.skip(obstacle);
  const h = await DockerHost.startInstalled(startDaemon);
  onTestFinished(() => h.remove(), 40_000);
  return h;
}

/** "Networks through tsproxy", command by command. */
async function expectShop(h: DockerHost): Promise<void> {
  await h.docker.must("network", "create", "-d", "tsproxy", "shop");
  await h.web("web", "--network", "shop", "-p", "8080:80");
  await h.web("other", "--network", "shop");
  expect(await h.who("other", "web")).toBe(await h.address("other", "shop"));
  expect(await h.whoFrom(h.world.host, "localhost:8080")).not.toBe("");
  expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
  expect(await h.tsproxy("ps")).toMatch(/^web +shop +\S+ +02:42:\S+ +joined +0\.0\.0\.0:8080->80\/tcp, \[::\]:8080->80\/tcp$/m);
  expect(await h.tsproxy("port", "web")).toBe("80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n");
  expect((await h.inside("ls", ...DEFAULTS)).stderr).toBe("");
  await h.docker.must("rm", "-f", "web", "other");
  await h.docker.must("network", "rm", "shop");
  expect(h.devices()).toEqual([]);
}

it("`docker network create -d tsproxy` makes a network through tsproxy", { timeout: 60_000 }, async (ctx) => {
  const h = await start(ctx, (host) => host.startDaemon());
  await expectShop(h);
});

it("the installed units serve dockerd: its first call starts the daemon on the socket passed to it", { timeout: 60_000 }, async (ctx) => {
  need(ctx, "systemd-socket-activate", "systemd");
  const units = await install();
  const h = await start(ctx, (host) => host.startUnits(units));
  expect(h.daemon.stdout).not.toContain("ready");
  await expectShop(h);
  expect(h.daemon.stdout).toContain("ready");
  expect((await h.daemon.stop()).code).toBe(0);
  for (const socket of DEFAULTS.slice(0, 2)) expect((await h.inside("test", "-S", socket)).code).toBe(0); // they are systemd's
});

it("systemd finds nothing wrong with the units", async (ctx) => {
  need(ctx, "systemd-analyze", "systemd");
  const { dir } = await install();
  const units = ["tsproxy.socket", "tsproxy.service"].map((name) => path.join(dir, name));
  const { code, stderr } = await new Proc(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", ...units]).finish();
  expect([code, stderr]).toEqual([0, ""]);
});
