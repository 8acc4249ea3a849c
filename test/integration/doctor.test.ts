/** `tsproxy doctor` beside a real dockerd: it says what that really runs with. */
import fs from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import type { Check } from "../../src/cli/doctor/check.js";
import { DockerHost } from "../support/docker-network.js";
import { dockerObstacle } from "../support/dockerd.js";
import { LAUNCHER } from "../support/paths.js";
import { eventually } from "../support/proc.js";
import { tsproxy } from "../support/tsproxy.js";

const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
const CONFIG = { "userland-proxy-path": LAUNCHER, iptables: false, bridge: "none" };

async function examine(h: DockerHost, wrap: string[] = []): Promise<Record<"Docker" | "Docker networks" | "docker-proxy", Check>> {
  const env = { DOCKER_HOST: `unix://${h.docker.dir}/sock` };
  const { stdout, stderr } = await tsproxy(h.lab, h.world.host, ["doctor", "--json"], { env, wrap });
  expect(stderr).not.toMatch(/^\s+at /m);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return Object.fromEntries(checks.map((check) => [check.name, check])) as Awaited<ReturnType<typeof examine>>;
}

it("asks dockerd, its process and the running daemon", { timeout: 90_000 }, async (ctx) => {
  const obstacle = dockerObstacle();
  if (obstacle !== undefined) ctx.skip(obstacle);
  const h = await DockerHost.start(CONFIG);
  onTestFinished(() => h.remove(), 40_000);

  let found = await examine(h);
  expect(found.Docker).toMatchObject({ status: "ok", meaning: expect.stringMatching(/^dockerd \d+\.\d+\S* answers$/) });
  expect(found["Docker networks"]).toMatchObject({ status: "ok", meaning: `'docker network create -d ${h.driver}' works` });
  expect(found["docker-proxy"]).toMatchObject({ status: "ok" });

  const other = await examine(h, NOBODY);
  expect(other.Docker).toMatchObject({ status: "unknown", meaning: expect.stringContaining("this user may not ask") });
  expect(other["Docker networks"]).toMatchObject({ status: "unknown" });
  expect(other["docker-proxy"]).toMatchObject({ status: "unknown" });

  h.docker.writeConfig({ ...CONFIG, "userland-proxy-path": "/gone" });
  expect((await examine(h))["docker-proxy"]).toMatchObject({
    status: "missing",
    meaning: expect.stringContaining("changed after dockerd started"),
  });
  fs.writeFileSync(`${h.docker.dir}/daemon.json`, "{,");
  expect((await examine(h))["docker-proxy"]).toMatchObject({ status: "missing", meaning: expect.stringContaining("is not JSON") });

  const restartWith = async (config: Record<string, unknown>): Promise<void> => {
    await h.docker.stop();
    h.docker.writeConfig(config);
    await h.docker.launch();
    found = await examine(h);
  };
  await restartWith({ ...CONFIG, "userland-proxy": false });
  expect(found["docker-proxy"]).toMatchObject({ status: "missing", meaning: expect.stringContaining("userland-proxy is false") });
  await restartWith({ iptables: false, bridge: "none" });
  expect(found["docker-proxy"]).toMatchObject({ status: "missing", meaning: expect.stringContaining("its own docker-proxy") });

  await h.daemon.stop();
  found = await examine(h);
  expect(found["Docker networks"]).toMatchObject({ status: "missing", meaning: "no tsproxy daemon runs" });
  h.socket = `${h.lab.dir}/elsewhere/tsproxy.sock`;
  await h.startDaemon();
  found = await examine(h);
  expect(found["Docker networks"]).toMatchObject({ status: "missing", meaning: expect.stringContaining(`serves ${h.socket}`) });

  await h.docker.stop();
  await eventually("dockerd ends", async () => (await examine(h)).Docker.status === "missing");
});
