import { describe, expect, it } from "vitest";
import type { InfoView } from "../../../src/api/types.js";
import type { Check } from "../../../src/cli/doctor/check.js";
import { checkDocker, type DockerSystem } from "../../../src/cli/doctor/docker.js";
import type { DockerdProcess } from "../../../src/cli/doctor/dockerd-process.js";
import { TsproxyError } from "../../../src/errors.js";

const LAUNCHER = "/opt/tsproxy/tsproxy-docker-proxy";
const STARTED = 1_700_000_000_000;
const dockerd: DockerdProcess = { pid: 7, startedAt: STARTED, args: ["dockerd"], runDir: "/run/tsproxy", proxies: [LAUNCHER] };
const daemon: InfoView = {
  pid: 8,
  version: "1",
  role: "daemon",
  uptimeSec: 1,
  apiSocket: "/run/tsproxy/8.sock",
  launcherSocket: "/run/tsproxy/docker-proxy.sock",
  pluginSocket: "/run/docker/plugins/tsproxy.sock",
};

interface Case extends Partial<DockerSystem> {
  dockerd?: Partial<DockerdProcess>;
  daemonInfo?: Partial<InfoView>;
  /** Of daemon.json. */
  config?: string;
  changedAt?: number;
}

/** A host where Docker uses tsproxy for everything, but for `changes`. */
function host({ dockerd: process, daemonInfo, config, changedAt, ...changes }: Case): DockerSystem {
  return {
    info: async () => ({ ServerVersion: "20.10.24" }),
    process: () => ({ ...dockerd, ...process }),
    daemon: async () => ({ ...daemon, ...daemonInfo }),
    isHeld: () => false,
    readAs: () => ({ text: config ?? JSON.stringify({ "userland-proxy-path": LAUNCHER }), changedAt: changedAt ?? STARTED - 5000 }),
    programAs: (_, file) => (file === LAUNCHER ? "launcher" : file === "/usr/bin/docker-proxy" ? "other" : "absent"),
    seesSame: () => true,
    ...changes,
  };
}

async function examine(changes: Case = {}): Promise<Record<string, Check>> {
  const checks: Check[] = [];
  await checkDocker(checks, host(changes));
  expect(checks.map(({ name, essential }) => [name, essential])).toEqual([
    ["Docker", false],
    ["Docker networks", false],
    ["docker-proxy", false],
  ]);
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

const refuse = (kind: "permission" | "unavailable") => async (): Promise<never> => {
  throw new TsproxyError("TSP_ERR_DOCKER", kind, "dockerd does not answer", "start docker");
};
const eacces = (): never => {
  throw Object.assign(new Error("denied"), { code: "EACCES" });
};

it("finds a host where Docker uses tsproxy for everything", async () => {
  const found = await examine();
  expect(Object.values(found).map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
  expect(found["Docker networks"]!.meaning).toContain("-d tsproxy");
});

describe("Docker", () => {
  it("is missing when it does not answer", async () => {
    const found = await examine({ info: refuse("unavailable"), process: () => undefined });
    expect(found.Docker).toMatchObject({ status: "missing", meaning: "dockerd does not answer", fix: "start docker" });
    expect(found["docker-proxy"]).toMatchObject({ status: "unknown", meaning: "needs dockerd" });
  });

  it("is not missing when only this user may not ask it", async () => {
    expect((await examine({ info: refuse("permission") })).Docker).toMatchObject({
      status: "unknown",
      meaning: expect.stringMatching(/this user may not/),
    });
  });
});

describe("the network driver", () => {
  it("has the name of the socket that the daemon really serves", async () => {
    const found = await examine({ daemonInfo: { pluginSocket: "/var/run/docker/plugins/mine.sock" } });
    expect(found["Docker networks"]).toMatchObject({ status: "ok", meaning: expect.stringContaining("-d mine") });
  });

  it.each<[string, Case, string, string]>([
    [
      "the daemon serves it elsewhere",
      { daemonInfo: { pluginSocket: "/tmp/run/plugins/tsproxy.sock" } },
      "/tmp/run/plugins",
      "--plugin-socket",
    ],
    ["no daemon runs", { daemon: async () => undefined }, "no tsproxy daemon runs", "tsproxy install"],
    ["dockerd has another /run", { seesSame: () => false }, "dockerd (pid 7) does not see", "mount namespace"],
  ])("is missing when %s", async (_, changes, meaning, fix) => {
    expect((await examine(changes))["Docker networks"]).toMatchObject({
      status: "missing",
      meaning: expect.stringContaining(meaning),
      fix: expect.stringContaining(fix),
    });
  });

  it("is there when systemd holds its socket for a daemon that does not run yet", async () => {
    const found = await examine({ daemon: async () => undefined, isHeld: (socket) => socket === "/run/docker/plugins/tsproxy.sock" });
    expect(found["Docker networks"]).toMatchObject({ status: "ok", meaning: expect.stringContaining("systemd") });
  });

  it("is unknown when this user may not ask the daemon", async () => {
    const found = await examine({ daemon: refuse("permission") });
    expect(found["Docker networks"]).toMatchObject({ status: "unknown", fix: "start docker" });
  });

  it("is believed to work where only root could look closer", async () => {
    expect((await examine({ seesSame: eacces }))["Docker networks"]).toMatchObject({ status: "ok" });
  });
});

describe("docker-proxy", () => {
  const json = (config: object): string => JSON.stringify(config);

  it.each<[string, Case, string, string]>([
    ["userland-proxy is false in daemon.json", { config: json({ "userland-proxy": false }) }, "userland-proxy is false", "daemon.json"],
    [
      "dockerd's command line says so",
      { dockerd: { args: ["dockerd", "--userland-proxy=false"] } },
      "userland-proxy is false",
      "command line",
    ],
    ["no path is set", { config: "{}" }, "its own docker-proxy", "tsproxy install"],
    [
      "there is no daemon.json",
      {
        readAs: () => {
          throw Object.assign(new Error(), { code: "ENOENT" });
        },
      },
      "its own docker-proxy",
      "tsproxy install",
    ],
    [
      "the path is another program's",
      { config: json({ "userland-proxy-path": "/usr/bin/docker-proxy" }) },
      "not tsproxy's",
      "tsproxy install",
    ],
    [
      "the path leads nowhere",
      { config: json({ "userland-proxy-path": "/gone" }) },
      "/gone, and there is no such program",
      "tsproxy install",
    ],
    ["daemon.json is no JSON", { config: "{," }, "/etc/docker/daemon.json is not JSON", "mend the file"],
    ["daemon.json is a list", { config: "[]" }, "is no object", "mend the file"],
    ["daemon.json was changed after dockerd started", { changedAt: STARTED + 60_000 }, "changed after dockerd started", "restart docker"],
    [
      "ports are still served by another proxy",
      { dockerd: { proxies: ["/usr/bin/docker-proxy", LAUNCHER] } },
      "1 ports are still",
      "restart docker",
    ],
    ["launchers look elsewhere for the daemon", { dockerd: { runDir: "/tmp/run" } }, "/tmp/run/docker-proxy.sock", "TSPROXY_RUN_DIR"],
    [
      "the daemon waits elsewhere for launchers",
      { daemonInfo: { launcherSocket: "/tmp/run/docker-proxy.sock" } },
      "look for the daemon at /run/tsproxy/docker-proxy.sock",
      "TSPROXY_RUN_DIR",
    ],
  ])("is missing when %s", async (_, changes, meaning, fix) => {
    expect((await examine(changes))["docker-proxy"]).toMatchObject({
      status: "missing",
      meaning: expect.stringContaining(meaning),
      fix: expect.stringContaining(fix),
    });
  });

  it("is what dockerd's command line says, in both spellings, and its configuration file where that says", async () => {
    for (const args of [["--userland-proxy-path", LAUNCHER], [`--userland-proxy-path=${LAUNCHER}`]])
      expect((await examine({ config: "{}", dockerd: { args: ["dockerd", ...args] } }))["docker-proxy"]).toMatchObject({ status: "ok" });
    let read = "";
    await examine({
      dockerd: { args: ["dockerd", "--config-file=/etc/other.json"] },
      readAs: (_, file) => {
        read = file;
        return { text: "{}", changedAt: 0 };
      },
    });
    expect(read).toBe("/etc/other.json");
  });

  it("is what dockerd itself says, where it does (Docker 29.5)", async () => {
    const info = (enabled: string, proxy: string) => async () => ({
      FirewallBackend: {
        Info: [
          ["EnableUserlandProxy", enabled],
          ["UserlandProxyPath", proxy],
        ] as [string, string][],
      },
    });
    const changed = { changedAt: STARTED + 60_000, config: "{}" };
    expect((await examine({ ...changed, info: info("true", LAUNCHER) }))["docker-proxy"]).toMatchObject({ status: "ok" });
    expect((await examine({ info: info("false", LAUNCHER) }))["docker-proxy"]).toMatchObject({
      meaning: expect.stringMatching(/userland-proxy is false/),
    });
  });

  it("is unknown to a user who may not look", async () => {
    expect((await examine({ readAs: eacces }))["docker-proxy"]).toMatchObject({
      status: "unknown",
      meaning: expect.stringMatching(/cannot be read \(EACCES\)/),
    });
    expect((await examine({ programAs: eacces }))["docker-proxy"]).toMatchObject({ status: "unknown", fix: "run as root" });
    expect((await examine({ process: () => undefined }))["docker-proxy"]).toMatchObject({ status: "unknown" });
  });
});
