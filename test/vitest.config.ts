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
          // Namespaces, 50 MB transfers and a polling dataplane share few cores: one at a time, or timings mean nothing.
          pool: "forks",
          fileParallelism: false,
          testTimeout: 40_000,
          hookTimeout: 40_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
