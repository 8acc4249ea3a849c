/** The programs in `examples/`, as they are: `tsproxy` in their imports is this package. */
import path from "node:path";
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl } from "../support/clients.js";
import { ROOT } from "../support/paths.js";
import { eventually, type Proc } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";

async function start(c: Case, name: string, args: string[]): Promise<Proc> {
  const env = { TSPROXY_RUN_DIR: path.join(c.lab.dir, "run") };
  const proc = c.lab.start(c.host, [process.execPath, `${ROOT}examples/${name}.mjs`, ...args], { env });
  return proc.until("ready", () => /^ready$/m.test(proc.stdout));
}

onTsproxy("publish.mjs publishes each of its mappings, and leaves the host as it was", "kernel", async (c) => {
  const server = await serve(c.lab, c.c1, "http", 8080);
  const before = snapshot(c, c.host);
  const proc = await start(c, "publish", [`8999:${ADDR.c1}:8080`, `:${ADDR.c1}:8080`]);
  const picked = /^0\.0\.0\.0:(\d+) leads/gm;
  const ports = [...proc.stdout.matchAll(picked)].map((match) => match[1]);
  expect(ports).toHaveLength(2);
  expect(ports[0]).toBe("8999");
  for (const port of ports) expect((await curl(c.lab, c.client, `${ADDR.host}:${port}`)).code).toBe(0);
  expect(server.hosts).toEqual([ADDR.client, ADDR.client]);
  expect((await proc.stop("SIGINT")).code).toBe(0);
  expect(snapshot(c, c.host)).toEqual(before);
});

onTsproxy("network.mjs connects two namespaces and publishes a server in one of them", "own", async (c) => {
  const server = await serve(c.lab, c.c1, "http", 8080);
  const proc = await start(c, "network", [c.c1, c.c2, "8999"]);
  expect(proc.stdout).toMatch(/^gateway 172\.30\.0\.1, device tsphost\d+, port 8999$/m);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  expect((await curl(c.lab, c.c2, "172.30.0.4:8080")).code).toBe(0);
  expect((await curl(c.lab, c.host, "172.30.0.4:8080")).code).toBe(0);
  expect(server.hosts).toEqual([ADDR.client, "172.30.0.5", "172.30.0.1"]);
  expect((await proc.stop()).code).toBe(0);
});

onTsproxy("network.mjs says in one line what is wrong, and leaves nothing", "own", async (c) => {
  const proc = c.lab.start(c.host, [process.execPath, `${ROOT}examples/network.mjs`, c.c1, "nowhere", "8999"]);
  const { code, stderr } = await proc.finish();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^TSP_ERR_NETNS: .*nowhere.*\n$/);
  expect(c.lab.runSync(c.c1, ["ip", "-o", "link"])).not.toContain("eth0");
});

onTsproxy("say in one line what is missing, or no mapping, and leave nothing", "kernel", async (c) => {
  const before = snapshot(c, c.host);
  for (const [name, args, says] of [
    ["publish", [], /^TSP_ERR_OPTION: mapping is missing: give one, like "8999:.*"\n$/],
    ["publish", [`8999:${ADDR.c1}:8080`, "80"], /^TSP_ERR_PORT_SPEC: -p 80: .*\n$/m],
    ["network", [], /^TSP_ERR_OPTION: netns is missing: give one, like "web"\n$/],
  ] as const) {
    const { code, stderr } = await c.lab.start(c.host, [process.execPath, `${ROOT}examples/${name}.mjs`, ...args]).finish();
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(snapshot(c, c.host)).toEqual(before);
  }
});

onTsproxy("counters.mjs counts a connection and shows it with both of its sides", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const proc = await start(c, "counters", [`8999:${ADDR.c1}:8080`]);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  await eventually("a flow is counted", () => proc.events().some(({ flows, packets }) => flows === 1 && Number(packets) >= 6));
  await eventually("the flow is shown", () =>
    /^192\.0\.2\.10:\d+ -> 192\.0\.2\.1:8999 is 192\.0\.2\.10:\d+ -> 172\.17\.0\.4:8080, /m.test(proc.stdout),
  );
  expect((await proc.stop()).code).toBe(0);
});
