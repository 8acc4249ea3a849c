/** `tsproxy run`, `attach` and what follows them, on a host with a daemon: the model that Docker's documentation teaches, on plain namespaces. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SandboxView } from "../../src/api/sandbox-types.js";
import { curl } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";
import { program, serve } from "../support/servers.js";

const SERVER = [process.execPath, program("http-server"), "8080"];
/** Reaches a server that is there from within a sandbox. */
const CURL = ["curl", "-s", "-m", "2", "-o", "/dev/null"];

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
});
afterAll(() => h.close());

async function view(name: string): Promise<SandboxView> {
  return (await h.sandboxes()).find((sandbox) => sandbox.name === name)!;
}

async function serverUp(name: string, port = 8080): Promise<string> {
  const { endpoints } = await view(name);
  const address = endpoints[0]!.address;
  await eventually(`server of ${name}`, async () => (await curl(h.lab, h.host, `${address}:${port}`)).code === 0);
  return address;
}

describe("a program in a sandbox", () => {
  it("has the lowest free address of bridge, its MAC from that, a default route, a host name, files of its own, and the exit code of its own", async () => {
    const script = "ip -o -4 addr show eth0; ip -o link show eth0; ip route; hostname; cat /etc/hosts; echo $$; exit 7";
    const { code, stdout } = await h.call("run", "--name", "one", "--add-host", "db:10.9.8.7", "--", "sh", "-c", script);
    expect(code).toBe(7);
    expect(stdout).toContain("inet 172.17.0.2/16 ");
    expect(stdout).toContain("link/ether 02:42:ac:11:00:02 ");
    expect(stdout).toMatch(/^default via 172\.17\.0\.1 dev eth0/m);
    const { id, state, exitCode, endpoints } = await view("one");
    expect({ state, exitCode, endpoints }).toEqual({ state: "exited", exitCode: 7, endpoints: [] });
    expect(stdout).toContain(`\n${id.slice(0, 12)}\n127.0.0.1\tlocalhost\n`);
    expect(stdout).toContain(`\n10.9.8.7\tdb\n172.17.0.2\t${id.slice(0, 12)}\n2\n`); // process 2: its init is 1
    expect(await h.call("run", "--name", "one", "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining(`Conflict. The sandbox name "one"`),
    });
    await h.ok("rm", "one");
  });

  it("ends with all that it started, and its address is free at once", async () => {
    const { stdout } = await h.call("run", "--rm", "--", "sh", "-c", "sleep 10731 & setsid sleep 10732 & ip -o -4 addr show eth0");
    expect(stdout).toContain("172.17.0.2/16");
    expect(h.lab.runSync(h.host, ["ps", "-eo", "args"])).not.toMatch(/^sleep 1073[12]$/m);
    expect(await h.ok("run", "--rm", "ip", "-o", "-4", "addr", "show", "eth0")).toContain("172.17.0.2/16");
    expect(await h.sandboxes()).toEqual([]);
  });

  it("that cannot be started leaves nothing running: 127 for one that is not there, 126 for one that is none", async () => {
    expect(await h.call("run", "--rm", "no-such-program")).toMatchObject({
      code: 127,
      stderr: expect.stringContaining("not found in $PATH"),
    });
    expect((await h.call("run", "--rm", "/etc/hostname")).code).toBe(126);
  });

  it("gets signals that tsproxy run gets, and ends with it", async () => {
    const script = 'trap "echo got it; exit 3" TERM; echo up; while :; do sleep 0.05; done';
    const proc = h.start("run", "--rm", "sh", "-c", script);
    await proc.until("up", () => proc.stdout === "up\n");
    expect(await proc.stop("SIGTERM")).toMatchObject({ code: 3, stdout: "up\ngot it\n" });
    const other = h.start("run", "--rm", "--name", "cut", "sh", "-c", "echo up; sleep 1002");
    await other.until("up", () => other.stdout === "up\n");
    await other.stop("SIGKILL");
    await eventually("its end", async () => (await h.sandboxes()).length === 0);
  });

  it("in the background is listed, logged, entered, renamed, stopped, waited for and removed", async () => {
    const id = await h.ok("run", "-d", "--name", "job", "--", "sh", "-c", "echo out; echo err >&2; sleep 1000");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await h.ok("ps")).toMatch(
      new RegExp(`^${id.slice(0, 12)}  job   sh -c echo out; echo er…  Up \\d+s   bridge   172\\.17\\.0\\.2  -$`, "m"),
    );
    await eventually("its output", async () => (await h.ok("logs", "job")) === "out\nerr");
    expect(await h.ok("exec", "job", "hostname")).toBe(id.slice(0, 12));
    expect((await h.call("exec", "job", "sh", "-c", "exit 4")).code).toBe(4);
    await h.ok("rename", "job", "task");
    expect(await h.call("rm", "task")).toMatchObject({ code: 1, stderr: expect.stringContaining("sandbox is running") });
    const waiting = h.start("wait", "task");
    await h.ok("stop", "-t", "5", "task");
    expect((await waiting.finish()).stdout).toBe("143\n");
    expect((await view("task")).exitCode).toBe(143);
    await h.ok("rm", id.slice(0, 6));
    expect(await h.call("logs", "task")).toMatchObject({ code: 1, stderr: expect.stringContaining("No such sandbox: task") });
  });
});

describe("networks", () => {
  it("publish a port to everybody, isolate, and connect", async () => {
    await h.ok("network", "create", "--subnet", "10.44.0.0/24", "front");
    await h.ok("network", "create", "--subnet", "10.45.0.0/24", "back");
    await h.ok("run", "-d", "--name", "web", "--network", "front", "--ip", "10.44.0.44", "-p", "8999:8080", "--", ...SERVER);
    await h.ok("run", "-d", "--name", "db", "--network", "back", "--mac-address", "02:00:00:00:00:07", "--", ...SERVER);
    await serverUp("web");
    await serverUp("db");
    expect((await h.ok("port", "web")).split("\n")).toContain("8080/tcp -> 0.0.0.0:8999");
    expect((await curl(h.lab, h.client, `${HOST}:8999`)).peer).toMatch(/^192\.0\.2\.10:/);
    expect((await curl(h.lab, h.host, "127.0.0.1:8999")).code).toBe(0);
    expect((await h.inside("db", ...CURL, `http://${HOST}:8999/`)).code).toBe(0);
    // User networks are isolated from each other, until somebody is in both.
    expect((await h.inside("db", ...CURL, "-m", "0.5", "http://10.44.0.44:8080/")).code).not.toBe(0);
    await h.ok("network", "connect", "--ip", "10.44.0.9", "front", "db");
    expect((await h.inside("db", ...CURL, "http://10.44.0.44:8080/")).code).toBe(0);
    expect((await view("db")).endpoints).toMatchObject([
      { networkName: "back", device: "eth0", mac: "02:00:00:00:00:07", gateway: true },
      { networkName: "front", device: "eth1", address: "10.44.0.9", gateway: false },
    ]);
    // The default route is by the first name, until that network is left.
    expect((await h.inside("db", "ip", "route")).stdout).toMatch(/^default via 10\.45\.0\.1 dev eth0/m);
    await h.ok("network", "disconnect", "back", "db");
    expect((await h.inside("db", "ip", "route")).stdout).toMatch(/^default via 10\.44\.0\.1 dev eth1/m);
    expect(await h.call("network", "rm", "front")).toMatchObject({ code: 1, stderr: expect.stringContaining("has active endpoints") });
    await h.ok("rm", "-f", "db");
    expect((await h.call("run", "--network", "front", "-p", "8999:80", "--", "true")).stderr).toContain(
      "Bind for 0.0.0.0:8999 failed: port is already allocated",
    );
    expect(JSON.parse(await h.ok("network", "inspect", "back"))[0].Containers).toEqual({});
  });

  it("name who is in them, both ways, by UDP and TCP; bridge does not, and an internal one asks nobody outside", async () => {
    const upstream = await serve(h.lab, h.client, "dns", 53);
    await h.ok("run", "-d", "--name", "api", "--network", "front", "--network-alias", "svc", "--dns", CLIENT, "--", ...SERVER);
    await serverUp("api");
    const { endpoints, id } = await view("api");
    const dig = async (name: string, ...words: string[]): Promise<string> =>
      (await h.inside("web", "dig", "+short", "+tries=1", "+time=2", ...words, name)).stdout;
    for (const name of ["api", "API.front", "svc", id.slice(0, 12)]) expect(await dig(name)).toBe(`${endpoints[0]!.address}\n`);
    expect(await dig("api", "+tcp")).toBe(`${endpoints[0]!.address}\n`);
    expect(await dig(endpoints[0]!.address, "-x")).toBe("api.front.\n");
    expect((await h.inside("web", ...CURL, "http://api:8080/")).code).toBe(0);
    expect((await h.inside("api", ...CURL, "http://web.front:8080/")).code).toBe(0);
    // What is not known is asked where --dns says, from the sandbox itself.
    expect((await h.inside("api", "dig", "+short", "+tries=1", "TXT", "example.test")).stdout).toMatch(/^"192\.0\.2\.1:/);
    expect(upstream.hosts).toEqual([HOST]); // masqueraded on its way out
    await h.ok("rename", "api", "ipa");
    expect(await dig("ipa")).toBe(`${endpoints[0]!.address}\n`);
    expect((await h.call("run", "--rm", "--", "dig", "+short", "+tries=1", "+time=1", "@127.0.0.11", "web")).code).not.toBe(0);
    await h.ok("network", "create", "--internal", "inner");
    const inside = await h.call("run", "--rm", "--network", "inner", "--dns", CLIENT, "--", "dig", "+tries=1", "+time=2", "example.test");
    expect(inside.stdout).toContain("SERVFAIL");
    await h.ok("network", "rm", "inner");
    await h.ok("rm", "-f", "ipa");
  });

  it("modes: the host's stack, a loopback alone that can be wired by hand, and another's namespace", async () => {
    const onHost = await h.call("run", "--rm", "--network", "host", "-p", "80:80", "--", "ip", "-o", "-4", "addr", "show", "lan0");
    expect(onHost.stdout).toContain(HOST);
    expect(onHost.stderr).toContain("WARNING: Published ports are discarded when using host network mode");
    await h.ok("run", "-d", "--name", "alone", "--network", "none", "--", "sleep", "1000");
    expect(await h.ok("exec", "alone", "ip", "-o", "link")).toMatch(/^1: lo: <LOOPBACK,UP.*$/);
    h.lab.runSync(h.host, [
      "ip",
      "link",
      "add",
      "hand0",
      "type",
      "veth",
      "peer",
      "name",
      "hand1",
      "netns",
      String((await view("alone")).pid),
    ]);
    h.lab.runSync(h.host, ["sh", "-c", "ip address add 10.99.0.1/24 dev hand0 && ip link set hand0 up"]);
    await h.inside("alone", "sh", "-c", "ip address add 10.99.0.2/24 dev hand1 && ip link set hand1 up");
    expect(h.lab.runSync(h.host, ["ping", "-c1", "-W2", "10.99.0.2"])).toContain("1 received");
    expect(await h.ok("run", "--rm", "--network", "container:web", "--", "ip", "-o", "-4", "addr", "show", "eth0")).toContain(
      "10.44.0.44/24",
    );
    expect(await h.call("run", "--network", "container:web", "-p", "80:80", "--", "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("conflicting options: port publishing and the container type network mode"),
    });
    expect((await h.call("network", "connect", "front", "alone")).code).toBe(0);
    await h.ok("rm", "-f", "alone");
  });

  it("a link on bridge is a name, one way", async () => {
    await h.ok("run", "-d", "--name", "target", "--", "sleep", "1000");
    const address = (await view("target")).endpoints[0]!.address;
    expect(await h.ok("run", "--rm", "--link", "target:db", "--", "sh", "-c", "getent hosts db; getent hosts target")).toMatch(
      new RegExp(`^${address.replaceAll(".", "\\.")} +db target`),
    );
    expect((await h.inside("target", "sh", "-c", "grep -cw db /etc/hosts")).stdout).toBe("0\n");
    await h.ok("rm", "-f", "target");
  });

  it("take in namespaces that others made, until these end", async () => {
    const sleeper = h.lab.start(h.host, ["unshare", "-n", "sh", "-c", "echo up; exec sleep 1000"]);
    await sleeper.until("a namespace of its own", () => sleeper.stdout === "up\n");
    await h.ok("attach", "--netns", String(sleeper.pid), "--name", "blue");
    await sleeper.stop("SIGKILL"); // which is noticed by and by
    const ns = h.lab.addNamespace("red");
    const id = await h.ok("attach", "--netns", ns, "--name", "red", "--network", "front", "--ip", "10.44.0.77");
    expect(h.lab.runSync(ns, ["ip", "-o", "-4", "addr", "show", "eth0"])).toContain("10.44.0.77/24");
    expect((await curl(h.lab, ns, "10.44.0.44:8080")).code).toBe(0);
    expect(await h.ok("exec", "red", "sh", "-c", "ip -o -4 addr show eth0; cat /etc/hosts")).toMatch(
      / 10\.44\.0\.77\/24 [\s\S]*^10\.44\.0\.77\s/m,
    );
    expect(await h.ok("ps")).toContain(`${id.slice(0, 12)}  red `);
    await h.ok("detach", "red");
    expect(h.lab.runSync(ns, ["ip", "-o", "link"])).not.toContain("eth0");
    await eventually("blue's end", async () => (await view("blue")) === undefined);
  });
});

it("a daemon that is killed finds its sandboxes again, and knows what ended meanwhile", async () => {
  await h.ok(
    "run",
    "-d",
    "--name",
    "brief",
    "--",
    "sh",
    "-c",
    "while [ ! -e /tmp/go-$0 ]; do sleep 0.05; done; exit 5",
    String(process.pid),
  );
  const before = await view("web");
  await h.daemon.stop("SIGKILL");
  h.lab.runSync(h.host, ["touch", `/tmp/go-${process.pid}`]);
  await h.startDaemon();
  h.lab.runSync(h.host, ["rm", `/tmp/go-${process.pid}`]);
  expect(await view("web")).toEqual(before);
  expect((await curl(h.lab, h.client, `${HOST}:8999`)).code).toBe(0);
  await eventually("brief's end", async () => (await view("brief")).exitCode === 5);
  expect(await h.ok("run", "--rm", "--network", "front", "ip", "-o", "-4", "addr", "show", "eth0")).toContain("10.44.0.2/24");
  await h.ok("rm", "-f", "web", "brief");
  expect((await h.ok("network", "prune")).split("\n").sort()).toEqual(["Deleted Networks:", "back", "front"]);
});
