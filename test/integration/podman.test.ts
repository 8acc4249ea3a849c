/** Podman's containers on networks of the daemon, by CNI: Podman itself (Debian's 4.3, with its CNI backend), chained with plugins of others. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl } from "../support/clients.js";
import { IMAGE, PODMAN_FOLDERS, Podman, podmanObstacle, removePodmansGroups } from "../support/podman.js";
import { eventually } from "../support/proc.js";
import { HOST, SandboxHost } from "../support/sandbox-host.js";

const missing = podmanObstacle();
let h: SandboxHost;
let podman: Podman;

const ok = (...args: string[]): Promise<string> => podman.ok(...args);

/** Of a network of the daemon. */
const plugin = { type: "tsproxy-cni", capabilities: { portMappings: true, ips: true, mac: true, aliases: true } };

beforeAll(async () => {
  if (missing !== undefined) return;
  h = await SandboxHost.start([], { ownRun: true, folders: PODMAN_FOLDERS });
  podman = new Podman(h.lab, h.host, h.wrap);
  podman.prepare({ front: [plugin, { type: "firewall" }, { type: "tuning" }], back: [plugin] });
});
afterAll(async () => {
  if (missing !== undefined) return;
  await podman.removeContainers();
  await h.close();
  await removePodmansGroups();
});

it(`runs, publishes, finds by name, connects and removes${missing === undefined ? "" : ` (skipped: ${missing})`}`, async (ctx) => {
  if (missing !== undefined) ctx.skip(missing);
  await podman.importImage();
  await ok("run", "-d", "--name", "web", "--network", "front", "-p", "8999:80", IMAGE, "httpd", "-f", "-p", "80", "-h", "/etc");
  expect(await ok("port", "web")).toBe("80/tcp -> 0.0.0.0:8999");
  await eventually("the server", async () => (await curl(h.lab, h.client, `${HOST}:8999/resolv.conf`)).code === 0);
  expect(await ok("run", "--rm", "--network", "front", IMAGE, "wget", "-q", "-O-", "http://web/resolv.conf")).toMatch(
    /^nameserver 127\.0\.0\.11$/m,
  );
  await ok("network", "connect", "back", "web");
  expect(await ok("exec", "web", "ip", "addr", "show", "eth1")).toContain("inet 172.19.0.2/16");
  expect(
    (await ok("run", "--rm", "--network", "front,back", "tiny", "ip", "-o", "-4", "addr")).match(/172\.(18|19)\.0\.\d+\/16/g),
  ).toHaveLength(2);
  // Podman takes a container that has ended out of its network a moment later.
  await eventually("one container", async () => (await h.sandboxes()).length === 1);
  const [web] = await h.sandboxes();
  expect([web!.name, web!.endpoints.map((e) => e.networkName)]).toEqual(["web", ["front", "back"]]);
  await ok("network", "disconnect", "back", "web");
  await ok("stop", "-t", "0", "web");
  await eventually("none", async () => (await h.sandboxes()).length === 0);
  await ok("rm", "web");
  expect((await curl(h.lab, h.host, "127.0.0.1:8999")).code).toBe(7); // refused: nobody has the port any more
});
