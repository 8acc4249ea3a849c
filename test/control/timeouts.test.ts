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
    ["established", /^use 1 to \d+ seconds$/],
    ["established=", /^use 1 to/],
    ["established=-1", /^use 1 to/],
    ["established=1.5", /^use 1 to/],
    ["=5", /^states: syn-sent, /],
    ["constructor=5", /^states:/],
    ["", /^states:/],
    ["established=0", /^use 1 to/],
    ["echo=9999", /^use 1 to/],
    ["echo=1e3", /^use 1 to/],
    ["echo=5=5", /^use 1 to/],
  ])("refuses '%s', naming what there is", (word, hint) => {
    expect(() => parseTimeouts([word])).toThrow(
      expect.objectContaining({ code: "TSP_ERR_OPTION", kind: "invalid", hint: expect.stringMatching(hint) }),
    );
  });

  it("refuses one state twice", () => {
    expect(() => parseTimeouts(["echo=5", "echo=6"])).toThrow("already");
  });
});
