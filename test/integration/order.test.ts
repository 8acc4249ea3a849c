/** Datagrams of a new flow arrive in the order in which they were sent, while the flow changes from the host's stack to the loop and to the kernel. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import type { Proc } from "../support/proc.js";
import { ADDR, ADDR6, addIpv6 } from "../support/topology.js";
import { networkArgs, startInstance, type TsproxyProcess } from "../support/tsproxy.js";

const PORT = 8999,
  SERVED = 8080;

let folder: string;
let burst: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-burst-"));
  burst = path.join(folder, "burst");
  execFileSync(process.env.CC ?? "cc", ["-O2", "-Wall", "-Wextra", "-o", burst, "test/support/native/burst.c"], { stdio: "pipe" });
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

interface Heard {
  came: number;
  late: number;
}

const lastLine = <T>({ stdout }: { stdout: string }): T => JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as T;

/** What the server has heard since it was asked last. */
async function asked(server: Proc): Promise<Heard> {
  const lines = server.stdout.split("\n").length;
  server.write("\n");
  await server.until("what the server has heard", () => server.stdout.split("\n").length > lines);
  return lastLine(server);
}

interface Bursts {
  flows: number;
  /** Datagrams of each, sent as fast as it goes. */
  count: number;
  /** To each datagram. */
  answers: number;
  from?: string;
  port?: number;
}

/** Sends them, and has the server and the client say how they came. A slow machine may lose some of what comes faster than it can work. */
async function bursts(
  c: Case,
  server: Proc,
  address: string,
  { flows, count, answers, from = c.client, port = PORT }: Bursts,
): Promise<void> {
  const args = [address, port, flows, count, answers, 20].map(String);
  const { stdout, stderr } = await c.lab.run(from, [burst, "send", ...args]);
  expect(stderr).toBe("");
  const back = lastLine<Heard>({ stdout });
  const there = await asked(server);
  expect({ address, there: there.late, back: back.late }).toEqual({ address, there: 0, back: 0 });
  expect(there.came).toBeGreaterThan((flows * count) / 2);
  expect(back.came).toBeGreaterThan((answers * there.came) / 2);
}

async function start(c: Case, args: readonly string[]): Promise<[instance: TsproxyProcess, server: Proc]> {
  addIpv6(c);
  const targets = [ADDR.c1, `[${ADDR6.c1}]`].map((target, i) => ["-p", `${i === 0 ? "0.0.0.0" : "[::]"}:${PORT}:${target}:${SERVED}/udp`]);
  const instance = await startInstance(c.lab, c.host, [...networkArgs(c, true), ...targets.flat(), ...args]);
  return [instance, await serve(c, c.c1)];
}

async function serve(c: Case, ns: string): Promise<Proc> {
  const server = c.lab.start(ns, [burst, "serve", String(SERVED)], { input: "pipe" });
  await server.until("the server", () => server.stdout.includes("ready"));
  return server;
}

const ONE_ANSWER = { flows: 20, count: 100, answers: 1 };
const MANY_ANSWERS = { flows: 20, count: 2, answers: 50 };

for (const mode of ["auto", "never"] as const)
  onTsproxy(`bursts keep their order both ways, of both families (--offload ${mode})`, "kernel", async (c) => {
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
      return;
    }
    const before = await offloaded();
    expect(before).toBeGreaterThan(0);
    // Who never pauses is carried soon, however fast he sends.
    await c.lab.run(c.client, [burst, "send", ADDR.host, String(PORT), "1", "40000", "0", "0"]);
    expect((await asked(server)).came).toBeGreaterThan(20_000);
    expect(await offloaded()).toBeGreaterThan(before + 25_000);
  });

onTsproxy("endpoints on veth pairs get and send bursts in order", "own", async (c) => {
  const [instance, server] = await start(c, ["--attach", "veth"]);
  const outside = await serve(c, c.lan2);
  for (const a of [ADDR, ADDR6]) {
    await bursts(c, server, a.host, ONE_ANSWER);
    await bursts(c, server, a.host, { flows: 30, count: 1, answers: 200 });
    await bursts(c, outside, a.lan2, { flows: 20, count: 300, answers: 1, from: c.c1, port: SERVED });
  }
  expect((await instance.stats()).steering.offloaded).toBeGreaterThan(0);
});
