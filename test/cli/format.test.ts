import { expect, it } from "vitest";
import { formatBytes, formatCounters, formatDuration } from "../../src/cli/format.js";
import { formatTable } from "../../src/cli/table.js";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_949, "999.9 kB"],
  [999_950, "1.0 MB"],
  [1_234_567_890, "1.2 GB"],
])("writes %d bytes as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0.9, "0s"],
  [60, "1m 0s"],
  [3599, "59m 59s"],
  [3600, "1h 0m"],
  [432_000, "5d 0h"],
])("writes %d seconds as %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it.each([
  [{}, "none"],
  [{ ttl: 0 }, "none"],
  [{ ttl: 1, "no-route": 3 }, "no-route 3, ttl 1"],
])("writes counters %j as %s", (counters, text) => {
  expect(formatCounters(counters)).toBe(text);
});

it("keeps a row of a table in its line and its columns, whatever its words have", () => {
  expect(formatTable(["COMMAND", "N"], [["a\n\x1b[2J", 1]])).toBe("COMMAND       N\na\\x0a\\x1b[2J  1\n");
});
