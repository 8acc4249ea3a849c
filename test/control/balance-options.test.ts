import { describe, expect, it } from "vitest";
import { parseAffinity, parseHealthCheck } from "../../src/control/balance-options.js";
import { DEFAULT_CHECK } from "../../src/control/health.js";
import { TsproxyError } from "../../src/errors.js";

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof TsproxyError && error.code === "TSP_ERR_OPTION" && error.kind === "invalid") return error.describe();
    throw error;
  }
  return "nothing was refused";
}

describe("--affinity", () => {
  it.each([
    ["none", 0],
    ["client", 10_800],
    ["client:10m", 600],
    ["client:90", 90],
    ["client:24h", 86_400],
  ])("%s is %d seconds", (text, sec) => {
    expect(parseAffinity(text)).toBe(sec);
  });

  it.each(["", "cookie", "none:1", "client:", "client:0", "client:25h", "client:1.5h", "client:500ms", "client:1m:2"])(
    "'%s' is refused",
    (text) => {
      expect(refusal(() => parseAffinity(text))).toMatch(/^--affinity '.*': .*: use .*client:10m/);
    },
  );
});

describe("--health-check", () => {
  it("is off, or says what is to be otherwise than by default", () => {
    expect(parseHealthCheck("off")).toBeNull();
    expect(parseHealthCheck("interval=5s")).toEqual({ ...DEFAULT_CHECK, intervalMs: 5000 });
    expect(parseHealthCheck("interval=500ms")).toEqual({ ...DEFAULT_CHECK, intervalMs: 500, timeoutMs: 500 });
    expect(parseHealthCheck("timeout=2s,rise=1,fall=10,port=8080")).toEqual({
      ...DEFAULT_CHECK,
      timeoutMs: 2000,
      rise: 1,
      fall: 10,
      port: 8080,
    });
  });

  it.each([
    ["", "'' is nothing that a check has"],
    ["on", "'on' is nothing that a check has"],
    ["interval=2s,", "'' is nothing that a check has"],
    ["rise=2,rise=3", "two of 'rise'"],
    ["interval=0s", "interval '0s' is not a time for it"],
    ["interval=2d", "interval '2d' is not a time for it"],
    ["fall=0", "fall '0' is out of range"],
    ["port=70000", "port '70000' is out of range"],
    ["interval=1s,timeout=2s", "the timeout is longer than the interval"],
  ])("'%s' is refused: %s", (text, problem) => {
    expect(refusal(() => parseHealthCheck(text))).toContain(problem);
  });
});
