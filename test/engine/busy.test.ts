/**
 * A host that is busy with short connections for ten minutes never refuses one. In small, for the sake of time: ports, table and rate are a
 * twentieth of what they are by default, at 20,000 a second. `npm run bench -- busy` does it in full.
 */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Busy } from "../support/busy.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
let dir: string;
let program: string;

beforeAll(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-busy-"));
  program = path.join(dir, "busy.cjs");
  const options = ["--format", "cjs", "--platform", "node"];
  await run(path.join(root, "node_modules/.bin/rolldown"), ["test/support/busy.ts", "-o", program, ...options], { cwd: root });
}, 60_000);

afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

it.each([
  ["connections of endpoints to one server outside", "tcp-out"],
  ["connections of the host to a published port", "tcp-host"],
  ["DNS queries of endpoints to one server outside", "dns-out"],
  ["DNS queries of the host to a published server", "dns-host"],
])("serves %s, 600,000 of them, and no port comes again at once", { timeout: 120_000 }, async (_, what) => {
  const { stdout } = await run(process.execPath, [program, what, "1000", "600", "20"]);
  const { done, tried, drops, restSec } = JSON.parse(stdout) as Busy;
  expect([tried, done, drops]).toEqual([600_000, 600_000, {}]);
  expect(restSec).toBeGreaterThan(0.25); // of 1.1 s, if they went round strictly
});
