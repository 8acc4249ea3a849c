import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

/** `unit` needs neither root nor a built program; `integration` makes network namespaces and runs `dist/cli/main.js`. */
export default defineConfig({
  root,
  test: {
    projects: [
      {
        test: {
          name: "unit",
          root,
          include: ["test/**/*.test.ts"],
          exclude: ["test/integration/**"],
          testTimeout: 20_000, // a busy machine of two cores is no failure
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          root,
          include: ["test/integration/**/*.test.ts"],
          // Two at a time: they wait more than they work. More would share too few cores with a polling dataplane.
          pool: "forks",
          maxWorkers: 2,
          testTimeout: 40_000,
          hookTimeout: 40_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
