/** Sandboxes on the LAN of the host's device: they, its stations and the host reach each other, ports are published, and the device is left as it was. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl, ping } from "../support/clients.js";
import { eventually, type Proc } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";
import { program, serve, serveIperf } from "../support/servers.js";

const [A, B] = ["192.0.2.128", "192.0.2.129"];
const SERVER = [process.execPath, program("http-server"), "8080"];

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
});
afterAll(() => h.close());

function promiscuity(): string {
  return /promiscuity \d+/.exec(h.lab.runSync(h.host, ["ip", "-d", "link", "show", "lan0"]))![0];
}

const range = ["--subnet", "192.0.2.0/24", "--ip-range", "192.0.2.128/25", "--gateway", CLIENT];

it("puts sandboxes on the LAN, where they, its stations and the host reach each other", async () => {
  expect(promiscuity()).toBe("promiscuity 0");
  await h.ok("network", "create", "-d", "macvlan", ...range, "-o", "parent=lan0", "lan");
  expect(promiscuity()).toBe("promiscuity 1");
  await h.ok("run", "-d", "--name", "a", "--network", "lan", "-p", "8999:8080", "--", ...SERVER);
  await h.ok("run", "-d", "--name", "b", "--network", "lan", "--", "sleep", "1000");
  const outside = await serve(h.lab, h.client, "http", 9000);
  const onHost = await serve(h.lab, h.host, "http", 9001);
  await eventually("server", async () => (await curl(h.lab, h.client, `${A}:8080`)).code === 0);

  // By address, everybody to everybody.
  expect((await curl(h.lab, h.client, `${A}:8080`)).peer).toMatch(`${CLIENT}:`);
  expect((await curl(h.lab, h.host, `${A}:8080`)).peer).toMatch(`${HOST}:`);
  for (const [name, address] of [["a", B], ["b", A], ["b", HOST], ["b", CLIENT]] as const) // biome-ignore format: a table
    expect((await h.inside(name, "ping", "-n", "-c", "2", "-i", "0.1", "-W", "1", address)).stdout).toContain(" 2 received");
  expect((await h.inside("b", "curl", "-s", "-m", "2", `http://${CLIENT}:9000/`)).code).toBe(0);
  expect((await h.inside("b", "curl", "-s", "-m", "2", `http://${HOST}:9001/`)).code).toBe(0);
  expect([outside.hosts, onHost.hosts]).toEqual([[B], [B]]);
  expect((await ping(h.lab, h.client, B)).received).toBe(3);

  // Whole segments too, with checksums that are right.
  await Promise.all([serveIperf(h.lab, h.client, 5201), serveIperf(h.lab, h.host, 5201)]);
  for (const [to, ...way] of [[CLIENT], [CLIENT, "-R"], [HOST], [HOST, "-R"]] as const) // biome-ignore format: a table
    expect((await h.inside("b", "iperf3", "-c", to, "-n", "20M", "--connect-timeout", "2000", ...way)).code).toBe(0);
  const wrong = h.lab.runSync(h.host, ["nstat", "-asz", "TcpInCsumErrors"]) + h.lab.runSync(h.client, ["nstat", "-asz", "TcpInCsumErrors"]);
  expect(wrong.match(/TcpInCsumErrors +0 /g)).toHaveLength(2);

  // By the published port, with the client's address; the host, and who shares the network with the target, too.
  expect((await curl(h.lab, h.client, `${HOST}:8999`)).peer).toMatch(`${CLIENT}:`);
  expect((await curl(h.lab, h.host, "127.0.0.1:8999")).peer).toMatch(`${HOST}:`);
  const fromB = await h.inside("b", "curl", "-s", "-m", "2", `http://${HOST}:8999/`);
  expect(fromB.stdout).toContain(`${B}:`);
});

it("does what the kernel's macvlan does on the same device, and has the host reach its own, which that does not", async () => {
  const kernels = h.lab.addNamespace("kernels");
  h.lab.ip(h.host, `link add link lan0 name m0 netns ${kernels} type macvlan mode bridge`);
  h.lab.ip(kernels, "address add 192.0.2.200/24 dev m0\nlink set m0 up");
  const received = async (from: string, to: string): Promise<boolean> => (await ping(h.lab, from, to, ["-W", "0.5"])).received > 0;
  expect([await received(h.client, A), await received(h.client, "192.0.2.200")]).toEqual([true, true]);
  expect([await received(h.host, A), await received(h.host, "192.0.2.200")]).toEqual([true, false]);
  h.lab.ip(kernels, "link delete m0");
});

/** A connection from the client to A's server, on which a line can be sent at any time: answers what came back last. */
function openConnection(): Proc {
  return h.lab.start(h.client, ["nc", A, "8081"], { input: "pipe" });
}

it("goes on with open connections when the daemon is killed, the parent is away meanwhile, or somebody deletes the device", async () => {
  const echo = h.lab.start(h.host, [...h.wrap, "nsenter", `--target=${(await h.sandboxes()).find(({ name }) => name === "a")!.pid}`, "--net", process.execPath, program("tcp-server"), "8081"]); // biome-ignore format: one command
  await echo.until("echo server", () => echo.stdout !== "");
  const connection = openConnection();
  const answers = async (word: string): Promise<void> => {
    connection.write(`${word}\n`);
    await eventually(word, () => connection.stdout.includes(word), 20_000);
  };
  await answers("before");
  await h.daemon.stop("SIGKILL");
  expect(promiscuity()).toBe("promiscuity 0");
  h.lab.ip(h.host, "link set lan0 name lan9"); // as good as gone
  await h.startDaemon();
  await eventually("warning", () => h.daemon.stderr.includes("its parent interface lan0 is not there"));
  // What the endpoint sends meanwhile is nobody's, the host's own addresses included.
  h.lab.ip(h.host, "address add 192.0.2.50/32 dev lo");
  expect((await h.inside("a", "ping", "-n", "-c", "1", "-W", "0.5", "192.0.2.50")).code).toBe(1);
  h.lab.ip(h.host, "link set lan9 name lan0");
  await answers("after");
  expect(promiscuity()).toBe("promiscuity 1");
  h.lab.ip(h.host, "link set lan0 address 02:00:00:00:aa:01");
  await answers("changed");
  await h.inside("a", "ip", "neighbor", "flush", "all"); // nobody tells it that the host's has changed
  await eventually("host", async () => (await h.inside("a", "ping", "-n", "-c", "1", "-W", "1", HOST)).code === 0);
  h.lab.ip(h.host, "link delete tsplan0");
  await eventually("warning", () => h.daemon.stderr.includes("tsplan0 was deleted by somebody else; it is made again"));
  await answers("again");
  expect((await h.inside("a", "ping", "-n", "-c", "1", "-W", "1", HOST)).code).toBe(0);
  expect(promiscuity()).toBe("promiscuity 1");
  connection.signal("SIGTERM");
});

it("goes on when the parent comes back, and leaves nothing on it, even when killed", async () => {
  h.lab.ip(h.host, "link delete lan0");
  await eventually("warning", () => h.daemon.stderr.includes("its parent interface lan0 is gone"));
  h.lab.link(h.host, "lan0", h.client, "lan0");
  h.lab.ip(h.host, `address add ${HOST}/24 dev lan0`);
  h.lab.ip(h.client, `address add ${CLIENT}/24 dev lan0`);
  await eventually("the way back", async () => (await curl(h.lab, h.client, `${A}:8080`)).code === 0);
  expect(promiscuity()).toBe("promiscuity 1");
  await h.daemon.stop("SIGKILL");
  expect(promiscuity()).toBe("promiscuity 0");
  await h.startDaemon();
  expect(promiscuity()).toBe("promiscuity 1");
  await eventually("the network again", async () => (await curl(h.lab, h.client, `${A}:8080`)).code === 0);
  await h.ok("rm", "-f", "a", "b");
  await h.ok("network", "rm", "lan");
  expect(promiscuity()).toBe("promiscuity 0");
});
