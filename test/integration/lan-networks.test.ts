/** Several networks with one parent: on its LAN, and on VLANs there, whose tags are put and taken by us; each sees what is its own. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl, ping } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";
import { program, serveIperf } from "../support/servers.js";

const SERVER = [process.execPath, program("http-server"), "8080"];

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
  // The peer's VLAN devices are a program's, which takes frames as they are on the wire.
  for (const ns of [h.host, h.client]) h.lab.runSync(ns, ["ethtool", "-K", "lan0", "tx", "off", "tso", "off", "gso", "off", "gro", "off"]);
});
afterAll(() => h.close());

/** A device of that VLAN (or of a VLAN in one) at the client, with this address. */
async function vlanDevice(name: string, address: string, ...ids: number[]): Promise<void> {
  const proc = h.lab.start(h.client, ["python3", "test/support/programs/vlan.py", "lan0", name, ...ids.map(String)]);
  await proc.until("VLAN device", () => proc.stdout.startsWith("ready\n"));
  h.lab.ip(h.client, `address add ${address}/24 dev ${name}\nlink set ${name} up`);
}

const create = (name: string, parent: string, subnet: string, ...more: string[]): Promise<unknown> =>
  h.ok("network", "create", "-d", "macvlan", "-o", `parent=${parent}`, "--subnet", subnet, ...more, name);
const reaches = async (name: string, address: string): Promise<boolean> =>
  (await h.inside(name, "ping", "-n", "-c", "1", "-W", "0.5", address)).code === 0;
const promiscuity = (): string => /promiscuity \d+/.exec(h.lab.runSync(h.host, ["ip", "-d", "link", "show", "lan0"]))![0];

it("puts several networks on one LAN, where they are each other's neighbors, and on VLANs of it, where they are not", async () => {
  await create("one", "lan0", "192.0.2.0/24", "--ip-range", "192.0.2.128/25", "--gateway", CLIENT);
  await create("two", "lan0", "198.51.100.0/24", "--gateway", "198.51.100.10");
  await create("ten", "lan0.10", "10.10.0.0/24", "--gateway", "10.10.0.254");
  await create("twenty", "lan0.20", "10.20.0.0/24", "--gateway", "10.20.0.254");
  expect(promiscuity()).toBe("promiscuity 3"); // one a LAN
  for (const [name, network, ...more] of [["a", "one"], ["b", "two"], ["t", "ten", "-p", "8999:8080"], ["w", "twenty"]] as const) // biome-ignore format: a table
    await h.ok("run", "-d", "--name", name, "--network", network, ...more, "--", ...SERVER);
  const address = async (name: string): Promise<string> => {
    const { stdout } = await h.inside(name, "ip", "-4", "-o", "address", "show", "eth0");
    return /inet (\S+)\//.exec(stdout)![1]!;
  };
  const [a, b, t, w] = await Promise.all(["a", "b", "t", "w"].map(address));
  await vlanDevice("v10", "10.10.0.254", 10);
  await vlanDevice("v20", "10.20.0.254", 20);
  await vlanDevice("q10", "10.10.0.253", 10, 30); // a VLAN in VLAN 10: nobody's here
  h.lab.ip(h.client, "address add 198.51.100.10/24 dev lan0");

  // One LAN: of two ranges, both of which the client has.
  expect(await reaches("a", CLIENT)).toBe(true);
  expect(await reaches("b", "198.51.100.10")).toBe(true);
  await h.inside("a", "ip", "route", "add", `${b}/32`, "dev", "eth0");
  await h.inside("b", "ip", "route", "add", `${a}/32`, "dev", "eth0");
  expect(await reaches("a", b!)).toBe(true);
  // VLANs: their own stations, with whole segments, and nobody else's.
  expect(await reaches("t", "10.10.0.254")).toBe(true);
  expect(await reaches("w", "10.20.0.254")).toBe(true);
  await serveIperf(h.lab, h.client, 5201);
  for (const way of [[], ["-R"]])
    expect((await h.inside("t", "iperf3", "-c", "10.10.0.254", "-n", "2M", "--connect-timeout", "2000", ...way)).code).toBe(0);
  for (const name of ["a", "w"]) await h.inside(name, "ip", "route", "add", `${t}/32`, "dev", "eth0");
  expect([await reaches("a", t!), await reaches("w", t!)]).toEqual([false, false]);
  for (const [from, to] of [["q10", t], ["v10", w]] as const) // biome-ignore format: a table
    expect((await ping(h.lab, h.client, to!, ["-W", "0.5", "-I", from])).received).toBe(0);
  // The host's published port leads to a VLAN that the host itself is not in; a client there is answered by its own way.
  await eventually("server", async () => (await curl(h.lab, h.client, `${t}:8080`)).code === 0);
  expect((await curl(h.lab, h.client, `${HOST}:8999`)).peer).toMatch(`${CLIENT}:`);
  expect((await curl(h.lab, h.host, "127.0.0.1:8999")).code).toBe(0);

  await h.ok("rm", "-f", "a");
  await h.ok("network", "rm", "one");
  expect(await reaches("b", "198.51.100.10")).toBe(true); // the other network keeps the LAN
  expect(promiscuity()).toBe("promiscuity 3");
  await h.ok("rm", "-f", "b", "t", "w");
  await h.ok("network", "rm", "two", "ten", "twenty");
  expect(promiscuity()).toBe("promiscuity 0");
});
