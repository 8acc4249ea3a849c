import { expect, it } from "vitest";
import { partOf } from "../../src/control/limits.js";

it("gives each of several workers a part, so that all together may have as much, or hardly more", () => {
  const flows = { client: 10, endpoint: 0, port: 1 };
  const newFlowsPerSec = { client: 7, endpoint: 50_000, port: 3 };
  expect(partOf({ flows, newFlowsPerSec }, 1)).toEqual({ flows, newFlowsPerSec });
  expect(partOf({ flows, newFlowsPerSec }, 3)).toEqual({
    flows: { client: 4, endpoint: 0, port: 1 },
    newFlowsPerSec: { client: 3, endpoint: 16_667, port: 1 },
  });
});
