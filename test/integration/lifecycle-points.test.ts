/**
 * Starts that end half-way: at each kind of system call that the start makes, its first and its last, a signal comes or the call fails. The
 * points are those of `support/programs/interrupt.mjs`, so that they are the same in every run.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl } from "../support/clients.js";
import type { Proc } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";
import { launch, networkArgs, startInstance } from "../support/tsproxy.js";

vi.setConfig({ testTimeout: 120_000 }); // dozens of starts each

const PUBLISH = ["-p", "8999:172.17.0.4:8080", "-p", "53:172.17.0.4:53/udp"];
const HOOK = fileURLToPath(new URL("../support/programs/interrupt.mjs", import.meta.url));

const start = (c: Case, env: Record<string, string>): Proc =>
  launch(c.lab, c.host, [...PUBLISH, ...networkArgs(c), "--json"], { env: { NODE_OPTIONS: `--import=${HOOK}`, ...env } });

/** Some calls do not come in every start; then the start goes on until `ready`. */
async function untilReadyOrOver(proc: Proc): Promise<boolean> {
  const isReady = (): boolean => proc.events().some(({ event }) => event === "ready");
  await proc.until("ready, or its end", () => isReady() || !proc.running, 20_000);
  return isReady();
}

/** The first and the last call of each name on the way to `ready`, as "NAME NUMBER". */
async function points(c: Case): Promise<string[]> {
  const trace = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-points-")), "trace");
  const proc = start(c, { TSPROXY_TEST_TRACE: trace });
  await untilReadyOrOver(proc);
  const calls = fs.readFileSync(trace, "utf8").trimEnd().split("\n");
  await proc.stop();
  fs.rmSync(path.dirname(trace), { recursive: true });
  const last = new Map(calls.map((call) => call.split(" ") as [string, string]));
  return [...last].flatMap(([name, number]) => (number === "1" ? [`${name} 1`] : [`${name} 1`, `${name} ${number}`]));
}

const everything = (c: Case): string[] => [c.host, c.c1, c.c2].map((ns) => snapshot(c, ns));

onTsproxy("undoes what it made when a signal comes while it starts, wherever", "own", async (c) => {
  const all = await points(c);
  expect(all.length).toBeGreaterThan(20);
  const before = everything(c);
  for (const point of all) {
    const proc = start(c, { TSPROXY_TEST_POINT: `${point} SIGTERM` });
    await untilReadyOrOver(proc);
    expect((await proc.stop()).code, `${point}: ${proc.stderr}`).toBe(0);
    expect(everything(c), point).toEqual(before);
  }
});

onTsproxy("undoes what it made when a system call fails while it starts, whichever, and says what failed", "own", async (c) => {
  const before = everything(c);
  for (const point of await points(c)) {
    const proc = start(c, { TSPROXY_TEST_POINT: `${point} fail` });
    const ready = await untilReadyOrOver(proc); // what failed may be something that it does without
    const { code, stderr } = await proc.stop();
    expect([point, code], stderr).toEqual([point, ready ? 0 : 1]);
    if (!ready) expect(stderr, point).toMatch(/^tsproxy: (?!.*\n {4}at )/);
    expect(everything(c), point).toEqual(before);
  }
});

onTsproxy("starts, serves and leaves the host as it was after starts that were killed, wherever", "own", async (c) => {
  const before = everything(c);
  for (const point of await points(c)) {
    const proc = start(c, { TSPROXY_TEST_POINT: `${point} SIGKILL` });
    await untilReadyOrOver(proc);
    await proc.stop("SIGKILL");
  }
  await serve(c.lab, c.c1, "http", 8080);
  const running = await startInstance(c.lab, c.host, [...PUBLISH, ...networkArgs(c)]);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  await running.stop();
  expect(everything(c)).toEqual(before);
});
