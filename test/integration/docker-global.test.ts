/** Two real dockerds that share a cluster store, with a tsproxy daemon each: one network for containers of both. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { curl } from "../support/clients.js";
import { ClusterLab, type ClusterNode } from "../support/cluster-lab.js";
import { Dockerd, dockerObstacle, IMAGE } from "../support/dockerd.js";
import { etcdObstacle } from "../support/etcd.js";
import { eventually } from "../support/proc.js";

const DRIVER = "tsproxy-overlay";
/** dockerd finds plugins there; each has a folder of its own. */
const PLUGIN = "/run/docker/plugins/tsproxy.sock";
const obstacle = etcdObstacle() ?? dockerObstacle();

describe.skipIf(obstacle !== undefined)(`dockerds of a cluster${obstacle === undefined ? "" : `: ${obstacle}`}`, () => {
  let lab: ClusterLab;
  const dockers: Dockerd[] = [];

  async function startNode(node: ClusterNode): Promise<Dockerd> {
    const script = `hostname ${node.name} && mkdir -p /run/docker && mount -t tmpfs none /run/docker && echo mounted && exec sleep 100000`;
    const holder = lab.lab.start(node.ns, ["unshare", "--mount", "--uts", "sh", "-c", script]);
    await holder.until("folders", () => holder.stdout === "mounted\n");
    const wrap = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, `--uts=/proc/${holder.pid}/ns/uts`];
    await node.startDaemonIn(wrap, "--plugin-socket", PLUGIN, "--node-ttl", "10"); // nobody dies here, and a busy machine is no reason to
    // dockerd speaks version 2 of etcd's protocol.
    const config = { "cluster-store": `etcd://${lab.etcd.hosts}`, "cluster-advertise": `${node.address}:2376` };
    return Dockerd.start(lab.lab, node.ns, { config, wrap });
  }

  beforeAll(async () => {
    lab = await ClusterLab.start(["--enable-v2=true"]);
    dockers.push(...(await Promise.all([startNode(lab.nodes.a), startNode(lab.nodes.b)])));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(dockers.map((docker) => docker.remove()));
    await lab?.close();
  });

  it("containers of both reach each other by address and name, in an encrypted network too, and a port is published", async () => {
    const [a, b] = dockers as [Dockerd, Dockerd];
    await a.must("network", "create", "-d", DRIVER, "--subnet", "10.50.0.0/24", "shop");
    expect(await b.must("network", "ls", "--filter", "name=shop", "--format", "{{.Driver}} {{.Scope}}")).toBe(`${DRIVER} global`);
    await a.run(["--name", "web", "--network", "shop", "-p", "8999:80"], "httpd", "-f", "-h", "/www");
    const who = (...args: string[]): Promise<string> => b.must("run", "--rm", "--network", "shop", IMAGE, "wget", "-qO-", ...args);
    const address = await a.inspect("web", "{{.NetworkSettings.Networks.shop.IPAddress}}");
    expect(address).toMatch(/^10\.50\.0\./);
    expect(await who(`http://${address}/cgi-bin/who`)).toMatch(/10\.50\.0\.\d+/);
    expect(await who("http://web/cgi-bin/who")).toMatch(/10\.50\.0\.\d+/);
    const { code, body } = await curl(lab.lab, lab.store, "192.0.2.1:8999/cgi-bin/who");
    expect([code, body.trim()]).toEqual([0, expect.stringMatching(/\b192\.0\.2\.9\b/)]); // the client's own address
    expect(await lab.nodes.b.ok("network", "ls")).toMatch(new RegExp(`${DRIVER} +global +10\\.50\\.0\\.0/24`));
    await a.must("rm", "-f", "web");
    // Docker's own word for it, and nothing in plain text where it is not understood.
    await a.must("network", "create", "-d", DRIVER, "-o", "encrypted", "--subnet", "10.51.0.0/24", "safe");
    await a.run(["--name", "safe-web", "--network", "safe"], "httpd", "-f", "-h", "/www");
    const safe = await b.must("run", "--rm", "--network", "safe", IMAGE, "wget", "-qO-", "http://safe-web/cgi-bin/who");
    expect(safe).toMatch(/10\.51\.0\.\d+/);
    const [shown] = JSON.parse(
      await lab.nodes.b.ok("network", "inspect", await a.must("network", "ls", "-q", "--no-trunc", "--filter", "name=safe")),
    );
    expect(shown).toMatchObject({ Driver: DRIVER, Options: { encrypted: "" } });
    for (const [driver, option, words] of [
      [DRIVER, "encrypted=false", "'false' is not understood"],
      ["tsproxy", "encrypted", "option encrypted is not supported"],
    ] as const) {
      const refused = await a.docker(["network", "create", "-d", driver, "-o", option, "other"]);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(words)]);
    }
    await a.must("rm", "-f", "safe-web");
    await eventually("it can be removed", async () => (await b.docker(["network", "rm", "safe"])).code === 0);
    await eventually("it can be removed", async () => (await b.docker(["network", "rm", "shop"])).code === 0);
    expect(await lab.nodes.a.ok("network", "ls")).not.toContain(DRIVER);
  }, 60_000);
});
