import { describe, expect, it } from "vitest";
import { parseTimeouts } from "../../src/control/timeouts.js";
import { DEFAULT_TIMEOUTS, MAX_TIMEOUT, STATE_NAMES } from "../../src/table/conntrack.js";

const byName = (timeouts: Int32Array): Record<string, number> =>
  Object.fromEntries([...STATE_NAMES.keys()].map((state) => [STATE_NAMES[state], timeouts[state]!]));

describe("parseTimeouts", () => {
  it("leaves what is not said as the RFCs have it", () => {
    expect(parseTimeouts([])).toEqual(DEFAULT_TIMEOUTS);
    expect(byName(parseTimeouts(["established=86", "echo=5"]))).toEqual({ ...byName(DEFAULT_TIMEOUTS), established: 86, echo: 5 });
  });

  it("sets every state of the name", () => {
    const timeouts = parseTimeouts([`fin-wait=${MAX_TIMEOUT}`]);
    for (const [state, name] of STATE_NAMES.entries())
      expect(timeouts[state], name).toBe(name === "fin-wait" ? MAX_TIMEOUT : DEFAULT_TIMEOUTS[state]);
  });

  it.each([
    "established",
    "established=",
    "established=-1",
    "established=1.5",
    "=5",
    "constructor=5",
    "established=0",
    "echo=9999",
    "echo=1e3",
  ])("refuses '%s', naming what there is", (word) => {
    expect(() => parseTimeouts([word])).toThrow(
      expect.objectContaining({ code: "TSP_ERR_OPTION", kind: "invalid", hint: expect.any(String) }),
    );
  });

  it("refuses one state twice", () => {
    expect(() => parseTimeouts(["echo=5", "echo=6"])).toThrow("already");
  });
});
