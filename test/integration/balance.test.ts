/** Several targets behind one published port, with real servers: turns, a client's own target, targets that fail, come back and are drained. */
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../src/api/client.js";
import { type Case, onTsproxy } from "../support/cases.js";
import { connect, curl, REFUSED } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { HOST, SandboxHost } from "../support/sandbox-host.js";
import { program, type Server, serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { networkArgs, startInstance, type TsproxyProcess, tsproxy } from "../support/tsproxy.js";

const CHECK = ["--health-check", "interval=200ms,timeout=200ms,rise=1,fall=2"];

const socketOf = (c: Case, { pid }: TsproxyProcess): string => path.join(c.lab.runDir, `${pid}.sock`);

async function states(c: Case, instance: TsproxyProcess): Promise<string[]> {
  return (await ask(socketOf(c, instance), "targets")).map(({ targetIp, targetPort, state }) => `${targetIp}:${targetPort} ${state}`);
}

/** Waits until the instance has said so of the target with that address, of port 8999, as the last thing of it. */
function told(instance: TsproxyProcess, address: string, state: string): Promise<unknown> {
  const last = () =>
    instance.proc.events().findLast(({ event, targetIp, targetPort }) => event === "target" && targetIp === address && targetPort === 8080);
  return instance.proc.until(`${address} is ${state}`, () => last()?.state === state);
}

/** How many of `n` requests each of the servers gets. */
async function shares(c: Case, n: number, from: string, at: string, servers: Server[]): Promise<number[]> {
  const before = servers.map(({ hosts }) => hosts.length);
  for (let k = 0; k < n; k++) expect((await curl(c.lab, from, `${at}:8999`)).code).toBe(0);
  return servers.map(({ hosts }, i) => hosts.length - before[i]!);
}

onTsproxy(
  "requests go by turns to those of two targets that are up, and are refused when none is; one that is drained keeps what it has",
  "kernel",
  async (c) => {
    const mapping = `${ADDR.c1},${ADDR.c2}`;
    const [one, two] = [await serve(c.lab, c.c1, "http", 8080), await serve(c.lab, c.c2, "http", 8080)];
    for (const ns of [c.c1, c.c2]) await serve(c.lab, ns, "tcp", 9090);
    const instance = await startInstance(c.lab, c.host, ["-p", `8999:${mapping}:8080`, "-p", `9000:${mapping}:9090`, ...CHECK]);
    expect(await shares(c, 4, c.client, ADDR.host, [one, two])).toEqual([2, 2]);
    expect(await shares(c, 2, c.host, "127.0.0.1", [one, two])).toEqual([1, 1]);
    expect([one.hosts[0], two.hosts[0]]).toEqual([ADDR.client, ADDR.client]);

    await two.proc.stop("SIGKILL");
    await told(instance, ADDR.c2, "down");
    expect(await shares(c, 3, c.client, ADDR.host, [one, two])).toEqual([3, 0]);
    await one.proc.stop("SIGKILL");
    await told(instance, ADDR.c1, "down");
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
    expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(REFUSED);
    expect((await instance.stats()).drops).toEqual({ "no-target": 2 });
    const again = [await serve(c.lab, c.c1, "http", 8080), await serve(c.lab, c.c2, "http", 8080)];
    await told(instance, ADDR.c1, "up");
    await told(instance, ADDR.c2, "up");
    expect(await shares(c, 2, c.client, ADDR.host, again)).toEqual([1, 1]);

    const kept = [await connect(c.lab, c.client, ADDR.host, 9000), await connect(c.lab, c.client, ADDR.host, 9000)];
    expect((await tsproxy(c.lab, c.host, ["targets", "--drain", ADDR.c1, "--time", "5m"])).stdout).toContain("gets no new connections");
    expect(await states(c, instance)).toEqual([
      `${ADDR.c1}:8080 draining`,
      `${ADDR.c2}:8080 up`,
      `${ADDR.c1}:9090 draining`,
      `${ADDR.c2}:9090 up`,
    ]);
    for (const connection of kept) await connection.exchange("still here");
    expect(await shares(c, 2, c.client, ADDR.host, again)).toEqual([0, 2]);
    await ask(socketOf(c, instance), "drainTargets", { body: { target: ADDR.c1, timeSec: 0 } });
    await told(instance, ADDR.c1, "drained");
    for (const connection of kept) connection.proc.write("and now?\n");
    await eventually("the end of what the drained target had", () => kept.flatMap(({ closed }) => closed).length === 1);
    expect(kept.flatMap(({ closed }) => closed)).toEqual(["ECONNRESET"]);
    await ask(socketOf(c, instance), "resumeTargets", { body: { target: ADDR.c1 } });
    expect(await shares(c, 2, c.client, ADDR.host, again)).toEqual([1, 1]);
    await instance.stop();
  },
);

onTsproxy("a client keeps its target whichever worker serves it, until that ends", "own", async (c) => {
  const args = ["-p", `8999:${ADDR.c1},${ADDR.c2}:8080`, "--affinity", "client:1m", "--workers", "2", ...CHECK, ...networkArgs(c)];
  const first = await startInstance(c.lab, c.host, args);
  const servers = [await serve(c.lab, c.c1, "http", 8080), await serve(c.lab, c.c2, "http", 8080)];
  for (const address of [ADDR.c1, ADDR.c2]) await told(first, address, "up");
  const of = async (from: string, at: string): Promise<number[]> => shares(c, 5, from, at, servers);
  const mine = await of(c.client, ADDR.host);
  expect([mine, await of(c.lan2, ADDR.host2)]).toEqual(
    mine[0] === 5
      ? [
          [5, 0],
          [0, 5],
        ]
      : [
          [0, 5],
          [5, 0],
        ],
  );
  await servers[mine[0] === 5 ? 0 : 1]!.proc.stop("SIGKILL");
  await told(first, mine[0] === 5 ? ADDR.c1 : ADDR.c2, "down");
  expect(await of(c.client, ADDR.host)).toEqual([mine[1], mine[0]]);
  await first.stop();
});

onTsproxy("the socket relay takes turns and keeps clients as well", "kernel", async (c) => {
  const servers = [await serve(c.lab, c.c1, "http", 8080), await serve(c.lab, c.c2, "http", 8080)];
  const instance = await startInstance(c.lab, c.host, ["--relay", "-p", `8999:${ADDR.c1},${ADDR.c2}:8080`, ...CHECK]);
  expect(await shares(c, 4, c.client, ADDR.host, servers)).toEqual([2, 2]);
  await servers[0]!.proc.stop("SIGKILL");
  await told(instance, ADDR.c1, "down");
  expect(await shares(c, 2, c.client, ADDR.host, servers)).toEqual([0, 2]);
  await instance.stop();
});

describe("a port that leads to a name on the daemon", () => {
  let h: SandboxHost;
  beforeAll(async () => {
    h = await SandboxHost.start();
  });
  afterAll(() => h.close());

  /** How many of `n` requests each target answers, by the last number of its address. */
  async function answers(n: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let k = 0; k < n; k++) {
      const { code, body } = await curl(h.lab, h.client, `${HOST}:8999`);
      const target = code === 0 ? (JSON.parse(body) as { local: string }).local.replace(/^.*\.(\d+):\d+$/, "$1") : `curl ${code}`;
      counts[target] = (counts[target] ?? 0) + 1;
    }
    return counts;
  }

  const targets = async (): Promise<string[]> =>
    (await ask(h.apiSocket, "targets")).map(({ targetIp, state }) => `${targetIp.split(".")[3]} ${state}`).sort();
  const run = (name: string, ...command: string[]): Promise<string> =>
    h.ok("run", "-d", "--name", name, "--network", "shop", "--network-alias", "api", "-p", "8999:api:8080", ...CHECK, "--", ...command);
  const SERVER = [process.execPath, program("http-server"), "8080"];
  /** Goes on for a moment after it was told to end. */
  const PATIENT = ["sh", "-c", `trap : TERM; ${SERVER.join(" ")} & while :; do wait; sleep 0.2; done`];

  it("has all that come under it, those that are being stopped last, and outlives the daemon", async () => {
    await h.ok("network", "create", "shop");
    await run("one", ...PATIENT);
    await eventually("the first server", async () => (await answers(1))["2"] === 1);
    expect(await targets()).toEqual(["2 up"]);
    await run("two", ...SERVER);
    await eventually("the second server", async () => (await targets()).join() === "2 up,3 up" && (await answers(2))["3"] === 1);
    expect(await answers(4)).toEqual({ "2": 2, "3": 2 });
    expect(await h.ok("ps")).toMatch(/ two .* 0\.0\.0\.0:8999->8080\/tcp/);
    expect(await h.ok("port", "one")).toBe("8080/tcp -> 0.0.0.0:8999\n8080/tcp -> [::]:8999");

    const stopping = h.start("stop", "-t", "1", "one");
    await eventually("the first is being drained", async () => (await targets()).join() === "2 draining,3 up");
    expect(await answers(3)).toEqual({ "3": 3 });
    await stopping.finish();
    expect(await targets()).toEqual(["3 up"]);
    await h.ok("rm", "one");
    await run("one", ...SERVER);
    await eventually("the first is back", async () => (await answers(2))["2"] === 1);

    await h.daemon.stop("SIGKILL");
    await h.startDaemon();
    await eventually("both again", async () => (await targets()).join() === "2 up,3 up");
    expect(await answers(4)).toEqual({ "2": 2, "3": 2 });

    expect(await h.call("run", "--rm", "--network", "shop", "-p", "8999:api:8080", "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("'api' is no name of this sandbox: add --network-alias api"),
    });
    expect(await h.call("run", "--rm", "--network", "shop", "--network-alias", "other", "-p", "8999:other:8080", "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("port is already allocated"),
    });
    await h.ok("rm", "-f", "one", "two");
    expect([await targets(), await answers(1)]).toEqual([[], { [`curl ${REFUSED}`]: 1 }]);
  });
});
