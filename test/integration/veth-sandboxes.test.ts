/** Sandboxes on veth pairs: their devices through restarts of the daemon, its end for good, and their own end. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl, ping } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { HOST, SandboxHost } from "../support/sandbox-host.js";
import { program } from "../support/servers.js";

const SERVER = [process.execPath, program("http-server"), "8080"];

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
});
afterAll(() => h.close());

interface Shown {
  ifindex: number;
  ifname: string;
}

/** Of the host, those of endpoints on pairs: the pairs' ends, and the TAPs beside them. */
function devices(kind: "tspv" | "tspe"): Shown[] {
  const all = JSON.parse(h.lab.runSync(h.host, ["ip", "-j", "link"])) as Shown[];
  return all.filter(({ ifname }) => ifname.startsWith(kind)).map(({ ifindex, ifname }) => ({ ifindex, ifname }));
}

/** What comes by pairs' ends meets one program, which drops it. */
function areShut(): void {
  for (const { ifname } of devices("tspv")) {
    const filters = h.lab.runSync(h.host, ["tc", "filter", "show", "dev", ifname, "ingress"]);
    expect([ifname, filters.match(/ tsproxy-\w+/g)]).toEqual([ifname, [" tsproxy-shut"]]);
  }
}

/** `pid`: of a sandbox. */
async function reaches(pid: number, to: string): Promise<boolean> {
  return (await h.lab.run(h.host, ["nsenter", `--target=${pid}`, "--net", "ping", "-c1", "-W1", to])).code === 0;
}

async function serves(): Promise<boolean> {
  return (await curl(h.lab, h.client, `${HOST}:8999`)).code === 0;
}

it("they outlive the daemon, which takes them up again; what ends meanwhile is gone, and nothing is left at the end", async () => {
  await h.ok("network", "create", "--subnet", "10.44.0.0/24", "-o", "tsproxy.attach=veth", "pairs");
  await h.ok("network", "create", "--subnet", "10.45.0.0/24", "-o", "tsproxy.attach=tap", "taps");
  expect(JSON.parse(await h.ok("network", "inspect", "pairs"))).toMatchObject([{ Options: { "tsproxy.attach": "veth" } }]);
  await h.ok("run", "-d", "--network", "pairs", "--name", "web", "-p", "8999:8080", "--", ...SERVER);
  await h.ok("run", "-d", "--network", "pairs", "--name", "db", "--", "sleep", "1000");
  await h.ok("network", "connect", "taps", "db");
  const kinds = (await h.inside("db", "ip", "-o", "-d", "link")).stdout;
  expect(kinds).toMatch(/eth0.* veth /);
  expect(kinds).toMatch(/eth1.* tun /);
  await eventually("the server", serves);
  const sandboxes = await h.sandboxes();
  const [web, db] = ["web", "db"].map((name) => sandboxes.find((each) => each.name === name)!.pid) as [number, number];
  expect([await reaches(db, "10.44.0.2"), await reaches(web, "10.44.0.3")]).toEqual([true, true]);
  const pairs = devices("tspv");
  const taps = devices("tspe");
  expect([pairs.length, taps.length]).toEqual([2, 2]);

  // Killed, and there again: the same devices, those of the engine too.
  await h.daemon.stop("SIGKILL");
  await h.startDaemon();
  expect([devices("tspv"), devices("tspe")]).toEqual([pairs, taps]);
  expect([await serves(), await reaches(db, "10.44.0.2")]).toEqual([true, true]);

  // For good: what was kept for the next one ends, pairs of those that run stay, and one that ends takes its own along.
  await h.daemon.stop("SIGKILL");
  await h.ok("cleanup");
  expect([devices("tspv"), devices("tspe")]).toEqual([pairs, []]);
  areShut();
  expect(await reaches(db, "10.44.0.2")).toBe(false);
  process.kill(db, "SIGKILL");
  await eventually("the pair of what has ended is gone", () => devices("tspv").length === 1);
  await h.startDaemon();
  expect(devices("tspv")).toEqual(pairs.slice(0, 1));
  await eventually("the server", serves);
  expect((await ping(h.lab, h.host, "10.44.0.2", ["-c", "1"])).received).toBe(1);

  // An orderly end: the same.
  await h.daemon.stop("SIGTERM");
  expect([devices("tspv"), devices("tspe")]).toEqual([pairs.slice(0, 1), []]);
  areShut();
  await h.startDaemon();
  await eventually("the server", serves);

  // Out of the network and in again, under another name of the device's.
  await h.ok("network", "disconnect", "pairs", "web");
  expect([devices("tspv"), devices("tspe"), await serves()]).toEqual([[], [], false]);
  await h.ok("network", "connect", "pairs", "web");
  expect(await serves()).toBe(true);

  // Somebody deletes the host's end: the endpoint has ended, as if its device had been deleted inside.
  h.lab.ip(h.host, `link del ${devices("tspv")[0]!.ifname}`);
  await eventually("the TAP is gone too", () => devices("tspe").length === 0);
  await h.ok("network", "disconnect", "pairs", "web");
  await h.ok("network", "connect", "pairs", "web");
  expect(await serves()).toBe(true);
  await h.ok("rm", "-f", "web", "db");
  expect([devices("tspv"), devices("tspe")]).toEqual([[], []]);
  await h.ok("network", "rm", "pairs", "taps");
});
