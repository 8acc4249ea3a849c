/** Daemons of three nodes with a real etcd: what is made on one is there on all, and stays while the store or a node is away. */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../src/api/client.js";
import { curl, udpExchange } from "../support/clients.js";
import { ClusterLab, type ClusterNode } from "../support/cluster-lab.js";
import { etcdObstacle } from "../support/etcd.js";
import { ROOT } from "../support/paths.js";
import { eventually, type Proc, type Result, sleep } from "../support/proc.js";
import { program } from "../support/servers.js";

const obstacle = etcdObstacle() ?? (process.getuid?.() === 0 ? undefined : "needs root: namespaces");
const SERVER = [process.execPath, program("http-server"), "8080"];
/** Asks a server once a tenth of a second until it is stopped, and prints who answers. */
const ASKING = "while :; do curl -s -m 1 -o /dev/null -w '%{http_code} %{remote_ip}\\n' http://web:8080/ || echo lost; sleep 0.1; done";

describe.skipIf(obstacle !== undefined)(`a cluster${obstacle === undefined ? "" : `: ${obstacle}`}`, () => {
  let lab: ClusterLab;
  /** A program on b that asks the server on another node all the time. */
  let asking: Proc;
  let a: ClusterNode, b: ClusterNode, c: ClusterNode;

  beforeAll(async () => {
    lab = await ClusterLab.start();
    ({ a, b, c } = lab.nodes);
    // Two workers: what answers a flow comes by the tunnels to the one that has it.
    await Promise.all([a.startDaemon("--workers", "2"), b.startDaemon()]);
  });
  afterAll(() => lab?.close());

  const fetched = (node: ClusterNode, name = "web"): Promise<string> =>
    node.ok("run", "--rm", "--network", "shop", "--", "curl", "-s", "-m", "5", "--retry", "5", "--retry-connrefused", "-o", "/dev/null", "-w", "%{remote_ip}", `http://${name}:8080/`); // biome-ignore format: one command
  /** Has a program on b open a connection to the server on a, and begin to ask. Answers how to have it go on, which waits for the answer. */
  const connected = async (): Promise<() => Promise<unknown>> => {
    const go = path.join(fs.mkdtempSync(path.join(lab.lab.dir, "connected-")), "go");
    const patient = `exec 3<>/dev/tcp/web/8080; printf "GET / HTTP/1.0\\r\\n" >&3; echo connected; until [ -e ${go} ]; do sleep 0.05; done; printf "\\r\\n" >&3; head -1 <&3`;
    const kept = b.start("run", "--rm", "--network", "shop", "--", "bash", "-c", patient);
    await kept.until("a connection", () => kept.stdout.includes("connected"));
    return () => {
      fs.writeFileSync(go, "");
      return kept.until("an answer", () => kept.stdout.includes("200 OK"));
    };
  };
  /** Lines that came since. */
  const since = (proc: Proc, from: number): string[] => proc.stdout.slice(from).split("\n").filter(Boolean); // biome-ignore format: short

  it("shows a network on every node within a second, and refuses what is another's", async () => {
    await a.ok("network", "create", "-d", "overlay", "shop");
    const before = performance.now();
    await eventually("it is on b", async () => (await b.networks()).includes("shop"));
    expect(performance.now() - before).toBeLessThan(1000);
    // That nodes' clocks are hours apart is no reason for anything.
    const { Created } = await ask(b.api, "network", { params: { network: "shop" } });
    expect(Math.round((Date.now() - Date.parse(Created)) / 3_600_000)).toBe(5);
    expect(await b.ok("network", "ls")).toMatch(/^[0-9a-f]{12} {2}shop {4}overlay {2}global {2}10\.0\.0\.0\/24/m);
    expect(await b.call("network", "create", "-d", "overlay", "shop")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("network with name shop already exists"),
    });
    expect(await b.call("network", "create", "-d", "overlay", "--subnet", "192.0.2.0/24", "lan")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("node"),
    });
    for (const wrong of [["-d", "overlay", "-o", "encrypted=no"], ["--encrypt"]]) // biome-ignore format: short
      expect(await b.call("network", "create", ...wrong, "secret")).toMatchObject({ code: 2, stderr: expect.stringContaining("encrypt") });
    expect(await c.launchDaemon("--node", "a").finish()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is a node 'a' already (at 192.0.2.1)"),
    });
  });

  it("lets programs on different nodes reach each other by name, with addresses that are given once", async () => {
    await a.ok("run", "-d", "--name", "web", "--network", "shop", "--", ...SERVER);
    expect(await fetched(b)).toBe("10.0.0.2");
    asking = b.start("run", "--rm", "--name", "asking", "--network", "shop", "--", "sh", "-c", ASKING);
    await asking.until("answers", () => asking.stdout.includes("200 10.0.0.2\n"));
    const [{ Containers, Scope }] = JSON.parse(await b.ok("network", "inspect", "shop"));
    expect(Scope).toBe("global");
    expect(Object.values(Containers as object).map(({ Name, Node, IPv4Address }) => [Name, Node, IPv4Address]).sort()).toEqual([["asking", undefined, "10.0.0.3/24"], ["web", "a", "10.0.0.2/24"]]); // biome-ignore format: short
    expect(await b.call("network", "rm", "shop")).toMatchObject({ code: 1, stderr: expect.stringContaining("active endpoints") });
    expect(await b.ok("node", "ls")).toMatch(/^a {5}up {5}192\.0\.2\.1 {2}1 {10}yes\nb {5}up {5}192\.0\.2\.2 {2}1 {10}yes$/m);
  });

  it("encrypts a network for which that was asked, with keys from the store", async () => {
    await a.ok("network", "create", "-d", "overlay", "--encrypt", "vault");
    await a.ok("run", "-d", "--name", "safe", "--network", "vault", "--", ...SERVER);
    await eventually("it is on b", async () => (await b.networks()).includes("vault"));
    const heard = lab.lab.start(b.ns, ["tcpdump", "-i", "eth0", "-n", "-U", "-w", "-", "udp port 4789"]);
    await heard.until("it listens", () => heard.stderr.includes("listening on"));
    const [got, link] = await Promise.all([
      b.ok("run", "--rm", "--network", "vault", "--", "curl", "-s", "-m", "5", "--retry", "5", "--retry-connrefused", "-o", "/dev/null", "-w", "%{http_code}", "http://safe:8080/only-for-the-vault"), // biome-ignore format: one command
      b.ok("run", "--rm", "--network", "vault", "--", "ip", "-o", "link", "show", "eth0"),
    ]);
    expect([got, link]).toEqual(["200", expect.stringContaining("mtu 1418")]);
    await eventually("datagrams are heard", () => heard.stdout.length > 1000);
    expect(heard.stdout).not.toContain("only-for-the-vault");
    await heard.stop();
    const [{ Options }] = JSON.parse(await b.ok("network", "inspect", "vault"));
    expect(Options).toEqual({ encrypted: "" });
    await a.ok("rm", "-f", "safe");
    await a.ok("network", "rm", "vault");
  });

  it("takes in a container of a CNI runtime on a node where nobody was in the network", async () => {
    await a.ok("network", "create", "-d", "overlay", "pods");
    await eventually("it is on b", async () => (await b.networks()).includes("pods"));
    const ns = lab.lab.addNamespace("pod");
    const call = (command: string): Promise<Result> => {
      const env = {
        ...b.env,
        CNI_COMMAND: command,
        CNI_CONTAINERID: "c1",
        CNI_NETNS: `/run/netns/${ns}`,
        CNI_IFNAME: "eth0",
        CNI_PATH: "",
      };
      const input = JSON.stringify({ cniVersion: "1.0.0", name: "pods", type: "tsproxy-cni" });
      return lab.lab.run(b.ns, [path.join(ROOT, "native/build/tsproxy-cni")], { env, input });
    };
    const added = await call("ADD");
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(added.stdout).ips).toEqual([{ interface: 0, address: "10.0.1.2/24", gateway: "10.0.1.1" }]);
    expect((await call("DEL")).code).toBe(0);
    await a.ok("network", "rm", "pods");
  });

  it("publishes a name on a node that has none of it, for TCP and UDP of both families, and by turns once it has one; who is dead is left out", async () => {
    await a.ok("network", "create", "-d", "overlay", "--ipv6", "edge");
    const serve = (node: ClusterNode, name: string): Proc =>
      node.start("run", "--rm", "--name", name, "--network", "edge", "--network-alias", "api", "--", "env", "LISTEN=::", ...SERVER);
    const far = serve(b, "far");
    await far.until("serves", () => far.stdout.includes("listening"));
    const echo = b.start("run", "--rm", "--name", "echo", "--network", "edge", "--", process.execPath, program("udp-server"), "5300");
    await echo.until("serves", () => echo.stdout.includes("listening"));
    await eventually("a knows it", async () => (await a.ok("network", "inspect", "edge")).includes('"echo"'));
    const gate = ["--name", "gate", "--network", "edge", "-p", "8999:api:8080", "-p", "5353:echo:5300/udp", "-p", "99:typo:99"];
    const check = ["--health-check", "interval=200ms,timeout=200ms,fall=2"];
    const made = await a.call("run", "-d", ...gate, ...check, "--link", "far:remote", "--", "sleep", "1000");
    expect(made).toMatchObject({ code: 0, stderr: expect.stringMatching(/^WARNING: nobody in network edge has the name 'typo' now/) });
    // Own address and health check need a moment at first.
    const peers = async (target: string): Promise<string> => (await curl(lab.lab, lab.store, target)).peer;
    await eventually("it is served", async () => (await peers("192.0.2.1:8999")) !== "");
    const own = Object.values(JSON.parse(await b.ok("network", "inspect", "edge"))[0].Containers as object).find(
      ({ Name }) => Name === "lb-edge",
    );
    expect(own).toMatchObject({ Node: "a", MacAddress: expect.stringMatching(/^02:74:73:/) });
    const address = own.IPv4Address.split("/")[0];
    for (let n = 0; n < 8; n++) expect(await peers("192.0.2.1:8999")).toContain(`${address}:`); // either worker
    expect((await curl(lab.lab, a.ns, "127.0.0.1:8999")).code).toBe(0);
    expect(await udpExchange(lab.lab, lab.store, "192.0.2.1", 5353, "ping")).toMatch(/^10\.0\.\d\.\d+:\d+ ping$/);
    lab.lab.ip(a.ns, "addr add 2001:db8::1/64 dev eth0 nodad");
    lab.lab.ip(lab.store, "addr add 2001:db8::9/64 dev br0 nodad");
    await eventually("IPv6 clients are served", async () => (await peers("[2001:db8::1]:8999")) !== "");
    expect(await a.ok("run", "--rm", "--network", "edge", "--", "getent", "ahostsv4", "far")).toContain("10.0.");
    expect(await a.ok("exec", "gate", "getent", "hosts", "remote")).toMatch(/remote$/);
    // One here, too.
    const near = serve(a, "near");
    const seen = new Set<string>();
    const ask = async (): Promise<number> => {
      const { body, code } = await curl(lab.lab, lab.store, "192.0.2.1:8999", ["-m", "1"]);
      if (code === 0) seen.add(JSON.parse(body).local.replace(/:\d+$/, ""));
      return code;
    };
    await eventually("both serve", async () => (await ask()) === 0 && seen.size === 2);
    b.daemon.signal("SIGSTOP"); // checks fail, and its lease ends
    const codes: number[] = [];
    await eventually(
      "the dead one is left out",
      async () => {
        seen.clear();
        for (let n = 0; n < 6; n++) codes.push(await ask());
        return seen.size === 1 && codes.slice(-6).every((code) => code === 0);
      },
      8000,
    );
    b.daemon.signal("SIGCONT");
    await eventually("it is back", async () => (await ask()) === 0 && seen.size === 2, 10_000);
    await near.stop();
    await a.ok("rm", "-f", "gate");
    await b.ok("rm", "-f", "far", "echo");
    await eventually("it goes", async () => (await a.call("network", "rm", "edge")).code === 0);
  }, 40_000);

  it("goes on while the store hangs for longer than leases last, refuses what is new, and makes up for it afterwards", async () => {
    await b.ok("run", "-d", "--name", "brief", "--network", "shop", "--", "sleep", "1000");
    const answered = await connected();
    await eventually("a knows it", async () => (await a.ok("network", "inspect", "shop")).includes('"brief"'));
    await lab.etcd.signalMember(0, "SIGSTOP");
    const [at, since0] = [asking.stdout.length, performance.now()];
    const refused = await Promise.all([
      a.call("run", "--rm", "--network", "shop", "true"),
      b.call("network", "create", "-d", "overlay", "more"),
    ]);
    await b.ok("rm", "-f", "brief");
    await sleep(Math.max(0, 2500 - (performance.now() - since0))); // --node-ttl is 2
    await lab.etcd.signalMember(0, "SIGCONT");
    for (const { stderr } of refused) expect(stderr).toContain("store unreachable");
    expect(new Set(since(asking, at))).toEqual(new Set(["200 10.0.0.2"]));
    await eventually("it is reached again", async () => (await a.call("network", "create", "-d", "overlay", "more")).code === 0);
    await a.ok("network", "rm", "more");
    await eventually("what ended meanwhile is gone", async () => !(await a.ok("network", "inspect", "shop")).includes('"brief"'));
    expect(await a.ok("node", "ls")).toMatch(/^a {5}up.*\nb {5}up/m);
    await answered();
  });

  it("forgets a node that died within its lease's time, and has it back with its addresses and connections", async () => {
    const answered = await connected();
    await a.daemon.stop("SIGKILL");
    const killedAt = asking.stdout.length;
    await eventually("its name is gone", async () => !(await b.ok("network", "inspect", "shop")).includes('"web"'), 6000);
    expect(await b.ok("run", "--rm", "--network", "shop", "--", "hostname", "-I")).toBe("10.0.0.5"); // the dead keep theirs, and 4 is who is connected
    await asking.until("no answer meanwhile", () => since(asking, killedAt).includes("lost"));
    await a.startDaemon("--workers", "2");
    const at = asking.stdout.length;
    await asking.until("answers again", () => since(asking, at).includes("200 10.0.0.2"));
    await answered();
  });

  it("reaches a container that moved with its address, within a second", async () => {
    await c.startDaemon();
    await a.ok("rm", "-f", "web");
    await c.ok("run", "-d", "--name", "web", "--network", "shop", "--ip", "10.0.0.2", "--", ...SERVER);
    const before = performance.now();
    // With little patience for each try: one that is sent too early must not count as a second.
    const patient = "until curl -s -m 0.2 -o /dev/null http://web:8080/; do sleep 0.05; done";
    await b.ok("exec", "asking", "sh", "-c", patient);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it("gives all back when the last has left", async () => {
    await b.ok("rm", "-f", "asking");
    await c.ok("rm", "-f", "web");
    await a.ok("network", "rm", "shop");
    await eventually("it is gone", async () => (await b.networks()).length + (await c.networks()).length === 0);
    for (const node of [a, b, c]) expect(lab.lab.runSync(node.ns, ["ip", "-o", "link"])).not.toMatch(/tsn[0-9a-f]{12}/);
  });
});
