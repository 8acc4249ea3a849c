import { expect, it } from "vitest";
import type { Check } from "../../../src/cli/commands/check.js";
import { checkDocker } from "../../../src/cli/commands/doctor-docker.js";

const fail = (why: string) => (): never => {
  throw new Error(why);
};

it("finds a host where Docker uses tsproxy for everything", async () => {
  const checks: Check[] = [];
  await checkDocker(checks, { reach: async () => ({}), servePlugin: async () => {}, readProxyPath: () => {} });
  expect(checks.map(({ name, status, essential }) => [name, status, essential])).toEqual([
    ["Docker", "ok", false],
    ["Docker networks", "ok", false],
    ["docker-proxy", "ok", false],
  ]);
});

it("says for each thing that is missing why, and what to do; none is essential", async () => {
  const checks: Check[] = [];
  await checkDocker(checks, { reach: fail("ENOENT"), servePlugin: fail("nobody listens"), readProxyPath: fail("no such line") });
  expect(checks).toMatchObject([
    { status: "missing", essential: false, meaning: "dockerd does not answer: ENOENT", fix: expect.stringContaining("DOCKER_HOST") },
    {
      status: "missing",
      essential: false,
      meaning: expect.stringContaining("nobody listens"),
      fix: expect.stringContaining("tsproxy daemon"),
    },
    { status: "missing", essential: false, meaning: expect.stringContaining("no such line"), fix: expect.stringContaining("daemon.json") },
  ]);
});
