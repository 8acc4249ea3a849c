import { expect, it } from "vitest";
import { daemonCommand, readyLine } from "../../../src/cli/commands/daemon.js";
import { DEFAULT_TIMEOUTS } from "../../../src/table/conntrack.js";
import { DEFAULT_LIMITS } from "../../../src/table/limit-options.js";

it("takes the dataplane's options and its own", async () => {
  let given: unknown;
  const command = daemonCommand(async (options) => {
    given = options;
  });
  await command.parseAsync([
    "node",
    "tsproxy",
    "--group",
    "docker",
    "--plugin-socket",
    "/run/x.sock",
    "--workers",
    "1",
    "--offload",
    "--json",
  ]);
  expect(given).toEqual({
    allowFrom: [],
    workers: 1,
    masqueradePorts: { first: 10_240, last: 32_767 },
    conntrackMax: 262_144,
    offload: true,
    firewall: "honour",
    limits: DEFAULT_LIMITS,
    timeouts: DEFAULT_TIMEOUTS,
    group: "docker",
    pluginSocket: "/run/x.sock",
    json: true,
  });
});

it("says that it is ready, and what it serves where", () => {
  const info = { pid: 1, version: "1", role: "daemon", uptimeSec: 0, apiSocket: "/a", launcherSocket: "/l", pluginSocket: "/p" } as const;
  expect(readyLine(info)).toBe("ready: Docker's network driver at /p, docker-proxy launchers at /l, API at /a\n");
});
