import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { renderNetworks } from "../../bench/networks/main.js";
import { percentiles } from "../../bench/networks/names.js";

it("median and 99th percentile are of the answers alone, in ms", () => {
  const lines = Array.from({ length: 200 }, (_, i) => `> NOERROR web A 0.000${String(i).padStart(3, "0")}`);
  expect(percentiles(["[Status] Sending", ...lines, "> T web A", "  Queries lost: 1"].join("\n"))).toEqual([
    expect.closeTo(0.1),
    expect.closeTo(0.198),
  ]);
});

it("the page has what was measured, and says what was left out", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-bench-"));
  onTestFinished(() => fs.rmSync(folder, { recursive: true }));
  const costs = (onceMs: number) => ({
    version: "1",
    commands: ["run true"],
    onceMs: [onceMs],
    manySec: [],
    removeSec: [],
    serversMiB: [],
  });
  const page = renderNetworks(
    {
      date: "2026-11-26T00:00:00Z",
      command: "npm run bench -- networks start",
      machine: { cpu: "CPU", cores: 2, memoryGiB: 4, kernel: "6.1", node: "v20", tools: {} },
      rounds: 1,
      many: 5,
      seconds: 1,
      skipped: { "docker run": "no dockerd" },
      engines: { "ip netns exec": costs(2), "tsproxy run": costs(12) },
      scale: null,
      names: {},
    },
    folder,
  );
  expect(page).toContain("Left out: docker run (no dockerd).");
  expect(page).toMatch(/\| ip netns exec \| +2\.00 .*\n\| tsproxy run +\| +12\.0 /);
  expect(page).not.toContain("endpoints on one network");
  expect(fs.readFileSync(path.join(folder, "networks.md"), "utf8")).toBe(page);
});
