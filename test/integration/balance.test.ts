/** Several targets behind one published port, with real servers: turns, a client's own target, targets that fail, come back and are drained. */
import path from "node:path";
import { expect } from "vitest";
import { ask } from "../../src/api/client.js";
import { type Case, onTsproxy } from "../support/cases.js";
import { connect, curl, REFUSED } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { type Server, serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { networkArgs, startInstance, type TsproxyProcess, tsproxy } from "../support/tsproxy.js";

const CHECK = ["--health-check", "interval=100ms,timeout=50ms,rise=1,fall=2"];

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
    const instance = await startInstance(c.lab, c.host, [
      "-p",
      `8999:${mapping}:8080`,
      "-p",
      `9000:${mapping}:9090`,
      "--offload",
      ...CHECK,
    ]);
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
