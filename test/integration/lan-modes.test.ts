/** Modes of networks on a LAN, in both families: ipvlan with one MAC for all, vepa through a switch that sends back, passthru with the parent's MAC. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl, ping } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";
import { program, serveIperf } from "../support/servers.js";

const SERVER = [process.execPath, program("http-server"), "8080", "::"];
const [CLIENT6, HOST6] = ["2001:db8::10", "2001:db8::1"];

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
  for (const [ns, address] of [[h.host, HOST6], [h.client, CLIENT6]] as const) // biome-ignore format: a table
    h.lab.ip(ns, `address add ${address}/64 dev lan0 nodad`);
  await serveIperf(h.lab, h.client, 5201);
});
afterAll(() => h.close());

const linkOf = (device: string, ns = h.host): string => h.lab.runSync(ns, ["ip", "-d", "link", "show", device]);
const macOf = (device: string, ns = h.host): string => /link\/ether (\S+)/.exec(linkOf(device, ns))![1]!;
const heard = (address: string): string => h.lab.runSync(h.client, ["ip", "neighbor", "show", "to", address]);
const received = async (from: string, to: string): Promise<boolean> => (await ping(h.lab, from, to, ["-W", "0.5"])).received > 0;
const reaches = async (name: string, to: string): Promise<boolean> =>
  (await h.inside(name, "ping", "-n", "-c", "1", "-W", "1", to)).code === 0;

it.each([
  ["ipvlan: all have the parent's MAC on the LAN and are told apart by address", "ipvlan", "promiscuity 0", "allmulti 1"],
  ["macvlan: each has its own MAC", "macvlan", "promiscuity 1", "allmulti 0"],
] as const)("%s, in both families", async (_, driver, promiscuity, allmulti) => {
  const range = ["--subnet", "192.0.2.0/24", "--ip-range", "192.0.2.128/25", "--gateway", CLIENT];
  const range6 = ["--ipv6", "--subnet", "2001:db8::/64", "--ip-range", "2001:db8::a:0/112", "--gateway", CLIENT6];
  await h.ok("network", "create", "-d", driver, "-o", "parent=lan0", ...range, ...range6, "ip");
  for (const word of [promiscuity, allmulti]) expect(linkOf("lan0")).toContain(`${word} `);
  h.lab.ip(h.client, "neighbor flush all");
  h.lab.ip(h.host, "neighbor flush all");
  await h.ok("run", "-d", "--name", "a", "--network", "ip", "-p", "8999:8080", "--", ...SERVER);
  await h.ok("run", "-d", "--name", "b", "--network", "ip", "--", ...SERVER);
  const all = [["192.0.2.128", "192.0.2.129", CLIENT, HOST], ["2001:db8::a:0", "2001:db8::a:1", CLIENT6, HOST6]] as const; // biome-ignore format: a table
  for (const [a, b, client, host] of all) {
    const url = (address: string, port = 8080): string => `${address.includes(":") ? `[${address}]` : address}:${port}`;
    await eventually("server", async () => (await curl(h.lab, h.client, url(a))).code === 0);
    expect((await curl(h.lab, h.host, url(a))).peer).toContain(host);
    expect([await reaches("a", b), await reaches("b", a), await reaches("b", client), await reaches("b", host)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(await received(h.client, b)).toBe(true);
    for (const address of [a, b]) expect(heard(address).includes(macOf("lan0"))).toBe(driver === "ipvlan");
    expect((await curl(h.lab, h.client, url(host, 8999))).peer).toContain(client);
    expect((await curl(h.lab, h.host, url(host, 8999))).code).toBe(0);
  }
  // Inside it has a MAC of its own in both, by which link-local addresses differ.
  const link = /inet6 (fe80\S+)\//.exec((await h.inside("a", "ip", "-6", "-o", "address", "show", "eth0")).stdout)![1]!;
  expect(await received(h.client, `${link}%lan0`)).toBe(true);
  for (const way of [[], ["-R"]])
    expect((await h.inside("a", "iperf3", "-c", CLIENT, "-n", "20M", "--connect-timeout", "2000", ...way)).code).toBe(0);
  await h.ok("rm", "-f", "a", "b");
  await h.ok("network", "rm", "ip");
  expect(linkOf("lan0")).toMatch(/promiscuity 0 .*allmulti 0 /);
});

it("vepa: what endpoints and the host send each other goes by the switch, and comes only from one that sends back", async () => {
  const bridge = h.lab.addNamespace("switch");
  h.lab.link(h.host, "sw0", bridge, "p0");
  h.lab.ip(bridge, "link add br0 type bridge\nlink set p0 master br0\nlink set br0 up\naddress add 10.5.0.10/24 dev br0");
  h.lab.ip(h.host, "address add 10.5.0.1/24 dev sw0");
  const range = ["--subnet", "10.5.0.0/24", "--ip-range", "10.5.0.128/25", "--gateway", "10.5.0.10"];
  await h.ok("network", "create", "-d", "macvlan", "-o", "parent=sw0", "-o", "macvlan_mode=vepa", ...range, "vepa");
  for (const name of ["va", "vb"]) await h.ok("run", "-d", "--name", name, "--network", "vepa", "--", "sleep", "1000");
  const [a, b] = ["10.5.0.128", "10.5.0.129"];
  expect([await reaches("va", "10.5.0.10"), await received(bridge, a)]).toEqual([true, true]);
  expect([await reaches("va", b), await reaches("va", "10.5.0.1")]).toEqual([false, false]);
  h.lab.runSync(bridge, ["bridge", "link", "set", "dev", "p0", "hairpin", "on"]);
  await eventually("the way by the switch", () => reaches("va", b));
  expect([await reaches("vb", a), await reaches("vb", "10.5.0.1"), await received(h.host, b)]).toEqual([true, true, true]);
  await h.ok("rm", "-f", "va", "vb");
  await h.ok("network", "rm", "vepa");
});

it("passthru: one endpoint has the parent's MAC and all that comes for it", async () => {
  h.lab.link(h.host, "pt0", h.client, "pt0");
  h.lab.ip(h.client, "address add 10.6.0.10/24 dev pt0");
  const range = ["--subnet", "10.6.0.0/24", "--gateway", "10.6.0.10"];
  await h.ok("network", "create", "-d", "macvlan", "-o", "parent=pt0", "-o", "macvlan_mode=passthru", ...range, "pt");
  const wrong = await h.call("run", "--rm", "--network", "pt", "--mac-address", "02:00:00:00:77:01", "--", "true");
  expect(wrong.stderr).toContain(`an endpoint of this network has the MAC address ${macOf("pt0")}`);
  await h.ok("run", "-d", "--name", "p", "--network", "pt", "--", ...SERVER);
  expect((await h.inside("p", "cat", "/sys/class/net/eth0/address")).stdout.trim()).toBe(macOf("pt0"));
  await eventually("server", async () => (await curl(h.lab, h.client, "10.6.0.1:8080")).code === 0);
  expect(await reaches("p", "10.6.0.10")).toBe(true);
  const second = await h.call("run", "--rm", "--network", "pt", "--", "true");
  expect(second.stderr).toContain("MAC address");
  // The host and it share a MAC, and still reach each other.
  h.lab.ip(h.host, "address add 10.6.0.77/24 dev pt0");
  expect(await received(h.host, "10.6.0.1")).toBe(true);
  const other = ["network", "create", "-d", "macvlan", "-o", "parent=pt0", "--subnet", "10.7.0.0/24", "no"];
  expect((await h.call(...other)).stderr).toContain("another network is already using parent interface pt0");
  await h.ok("rm", "-f", "p");
  await h.ok("network", "rm", "pt");
});
