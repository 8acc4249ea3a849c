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
    conntrackMax: 250_000,
    offload: "always",
    pastBridge: true,
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

it("takes a cluster, with what belongs to one, and refuses that without one", async () => {
  let given: unknown;
  const parse = (...args: string[]) =>
    daemonCommand(async (options) => {
      given = options.cluster;
    }).parseAsync(["node", "tsproxy", ...args]);
  await parse("--store", "etcd://10.0.0.1,[fd00::1]:23790/shop", "--node", "a", "--advertise", "eth1", "--node-ttl", "30");
  expect(given).toEqual({
    etcd: {
      endpoints: [
        { host: "10.0.0.1", port: 2379 },
        { host: "fd00::1", port: 23790 },
      ],
    },
    cluster: "shop",
    node: "a",
    advertise: "eth1",
    ttlSec: 30,
    rekeySec: 3600,
  });
  await parse("--store", "etcd://a", "--rekey", "60");
  expect(given).toMatchObject({ ttlSec: 10, rekeySec: 60 });
  await expect(parse("--rekey", "60")).rejects.toMatchObject({ message: "--rekey: there is no cluster to be in" });
  for (const rekey of ["0", "4", "x", "604801", "1h"])
    await expect(parse("--store", "etcd://a", "--rekey", rekey)).rejects.toMatchObject({
      code: "TSP_ERR_OPTION",
      message: `--rekey '${rekey}': not a whole number in its range`,
      hint: "use 5 to 604800",
    });
  await expect(parse("--node", "a")).rejects.toMatchObject({ code: "TSP_ERR_OPTION", message: "--node: there is no cluster to be in" });
  await expect(parse("--store-ca", "x")).rejects.toMatchObject({ message: "--store-ca: there is no cluster to be in" });
  for (const ttl of ["0", "1", "x", "1000000"])
    await expect(parse("--store", "etcd://a", "--node-ttl", ttl)).rejects.toMatchObject({ code: "TSP_ERR_OPTION" });
});
