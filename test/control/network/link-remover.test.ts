import { expect, it } from "vitest";
import { LinkRemover } from "../../../src/control/network/link-remover.js";

it("removes in one step what is asked for in one turn; a failure is told to all of that turn, and to no other", async () => {
  const steps: number[][] = [];
  let error: Error | undefined;
  const remover = new LinkRemover({
    deleteLinks: (indices) => {
      steps.push([...indices]);
      if (error !== undefined) throw error;
    },
  });
  await Promise.all([remover.remove(3), Promise.resolve().then(() => remover.remove(4))]);
  expect(steps.splice(0)).toEqual([[3, 4]]);
  error = new Error("not permitted");
  const [one, two] = await Promise.allSettled([remover.remove(5), remover.remove(6)]);
  expect([one, two]).toEqual([
    { status: "rejected", reason: error },
    { status: "rejected", reason: error },
  ]);
  error = undefined;
  await remover.remove(7);
  expect(steps).toEqual([[5, 6], [7]]);
});
