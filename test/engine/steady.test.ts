/** In its steady state an engine pauses for nothing: no packet allocates, and no compiled code is thrown away. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Steady } from "../support/steady.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PACKETS = 5_000_000;
let dir: string;
let program: string;

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-steady-"));
  program = path.join(dir, "steady.cjs");
  const options = ["--format", "cjs", "--platform", "node"];
  execFileSync(path.join(root, "node_modules/.bin/rolldown"), ["test/support/steady.ts", "-o", program, ...options], {
    cwd: root,
    stdio: "pipe",
  });
}, 60_000);

afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

it.each([
  ["of all common kinds", PACKETS, []],
  ["of flows across the families", PACKETS, ["across"]],
  ["of an endpoint with a limited bandwidth", PACKETS / 2, ["shaped"]],
] as const)("runs packets %s without a garbage collection or deoptimisation (%i)", { timeout: 60_000 }, (_, packets, args) => {
  const lines = execFileSync(process.execPath, ["--expose-gc", program, String(packets), ...args], { encoding: "utf8" })
    .trim()
    .split("\n");
  const { sent, created, expired, growth } = JSON.parse(lines.pop()!) as Steady;
  expect(lines).toEqual([]);
  // The runtime's own, 200 to 550 KB however many packets. The smallest object a batch, 16 bytes, would be 2.5 MB, or half of it.
  expect(growth).toBeLessThan(1_000_000);
  expect(sent).toBeGreaterThan(packets / 2);
  expect(created).toBeGreaterThan(1000);
  expect(expired).toBeGreaterThan(0);
});
