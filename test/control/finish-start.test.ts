import { afterEach, expect, it } from "vitest";
import { Controller } from "../../src/control/controller.js";
import { setLogSink } from "../../src/log.js";

afterEach(() => setLogSink(() => {}));

it("says what fails after `ready`, and ends nothing by it", async () => {
  const warnings: string[] = [];
  setLogSink((_, message) => warnings.push(message));
  const steering = { makeLinks: async () => {}, loadOffload: () => Promise.reject(new Error("no memory is left")) };
  const { finishStart } = Controller.prototype;
  expect(await finishStart.call({ steering } as unknown as Controller)).toBeUndefined();
  expect(warnings).toEqual(["internal error in what follows the start: no memory is left"]);
});
