import os from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import LongestFirst from "./sequencer.js";

const root = fileURLToPath(new URL("..", import.meta.url));

/** `unit` needs neither root nor a built program; `integration` makes network namespaces and runs `dist/cli/main.js`. */
export default defineConfig({
  root,
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          root,
          include: ["test/**/*.test.ts"],
          exclude: ["test/integration/**"],
          maxWorkers: os.availableParallelism(), // vitest would leave one core to itself, half of two
          testTimeout: 20_000, // a busy machine of two cores is no failure
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          root,
          include: ["test/integration/**/*.test.ts"],
          // Each waits more than it works, and takes some 0.6 of a core: on two cores three at a time.
          pool: "forks",
          maxWorkers: os.availableParallelism() + 1,
          maxConcurrency: 2, // tests of one file that may run side by side
          testTimeout: 40_000,
          hookTimeout: 40_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
