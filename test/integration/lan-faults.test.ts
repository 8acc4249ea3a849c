/** What befalls a LAN and its parent: other names, a MAC that an endpoint has, a bridge that takes it, a device that cannot be made again. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { StatsView } from "../../src/api/types.js";
import { ping } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";

const [A, A6, MAC_A] = ["192.0.2.130", "2001:db8::130", "02:00:00:00:a0:01"];
const STALE = "02:00:00:00:99:99";

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
  h.lab.ip(h.client, "address add 2001:db8::10/64 dev lan0 nodad");
  h.lab.ip(h.host, "link property add dev lan0 altname the-host-s-place-on-the-lan");
});
afterAll(() => h.close());

const links = (): string => h.lab.runSync(h.host, ["ip", "-d", "link"]).replaceAll(/_timer +[\d.]+/g, "");
const promiscuity = (): string => /promiscuity \d+/.exec(h.lab.runSync(h.host, ["ip", "-d", "link", "show", "lan0"]))![0];
const neighbor = (address: string): string => h.lab.runSync(h.client, ["ip", "neighbor", "show", "to", address]);
const reached = async (): Promise<boolean> => (await ping(h.lab, h.client, A, ["-W", "0.5"])).received > 0;
const create = (...args: string[]): Promise<string> => h.ok("network", "create", "-d", "macvlan", ...args);

it("knows a parent by any of its names as one LAN, with the host's addresses there taken", async () => {
  const range = ["--subnet", "192.0.2.0/24", "--gateway", CLIENT, "--ipv6", "--subnet", "2001:db8::/64"];
  await create("-o", "parent=the-host-s-place-on-the-lan", ...range, "one");
  await create("-o", "parent=lan0", "--subnet", "198.51.100.0/24", "two");
  expect(promiscuity()).toBe("promiscuity 1");
  expect((await h.call("run", "--rm", "--network", "one", "--ip", HOST, "--", "true")).stderr).toContain("Address already in use");
});

it("refuses what can be no parent, with what to do about it, and changes nothing", async () => {
  h.lab.ip(h.host, "link add br0 type bridge\ntuntap add dev tun9 mode tun");
  h.lab.link(h.host, "port0", h.client, "port0");
  h.lab.ip(h.host, "link set port0 master br0");
  const before = links();
  for (const [parent, says, ...more] of [
    ["nodev", "interface nodev was not found on the Docker host: see 'ip link'"],
    ["tun9", "tun9 is no Ethernet device"],
    ["tsplan0", "tsplan0 is a device of tsproxy's own"],
    ["port0", "port0 is a port of br0, which takes what comes in there: use -o parent=br0"],
    ["lan0", "requested macvlan mode 'source' is not valid", "-o", "macvlan_mode=source"],
    ["lan0", "another network is already using parent interface lan0 in mode bridge", "-o", "macvlan_mode=private"],
    ["lan0", "another network is already using parent interface lan0: in mode passthru", "-o", "macvlan_mode=passthru"],
    ["lan0", "an MTU of 9000 is above that of lan0: give 1500 or less", "-o", "com.docker.network.driver.mtu=9000"],
    ["lan0", "Pool overlaps with other one on this address space (192.0.2.0/25: network one)", "--subnet", "192.0.2.0/25"],
  ] as const) {
    const subnet = more[0] === "--subnet" ? [] : ["--subnet", "10.99.0.0/24"];
    const { code, stderr, stdout } = await h.call("network", "create", "-d", "macvlan", "-o", `parent=${parent}`, ...subnet, ...more, "no");
    expect([stderr, stdout]).toEqual([expect.stringContaining(says), ""]);
    expect(code).not.toBe(0);
  }
  expect(links()).toBe(before);
});

it("announces an endpoint that comes: who knew its addresses by another MAC has the right one, in both families", async () => {
  for (const address of [A, A6]) h.lab.ip(h.client, `neighbor replace ${address} lladdr ${STALE} dev lan0 nud stale`);
  await h.ok("run", "-d", "--name", "a", "--network", "one", "--ip", A, "--ip6", A6, "--mac-address", MAC_A, "--", "sleep", "1000");
  for (const address of [A, A6]) await eventually(`the neighbor ${address}`, () => neighbor(address).includes(MAC_A));
  expect(await reached()).toBe(true);
});

it("reaches an endpoint again after the parent had its MAC for a while, and says so", async () => {
  h.lab.ip(h.host, `link set lan0 address ${MAC_A}`);
  await eventually("warning", () => h.daemon.stderr.includes(`has the MAC address ${MAC_A} now, which an endpoint on it has`));
  h.lab.ip(h.host, "link set lan0 address 02:00:00:00:aa:02");
  await eventually("the endpoint", reached);
  expect((await h.inside("a", "ping", "-n", "-c", "1", "-W", "1", CLIENT)).code).toBe(0);
});

it("lets go of a parent that becomes a bridge's port, says so once, and goes on when that ends", async () => {
  const warnings = (): number => h.daemon.stderr.split("cannot be used: lan0 is a port of br0").length - 1;
  h.lab.ip(h.host, "link set lan0 master br0");
  await eventually("warning", () => warnings() === 1);
  h.lab.ip(h.host, "link set br0 up\nlink set br0 mtu 1400\nlink set br0 mtu 1500"); // is looked at anew each time
  const gone = async (): Promise<number> => (JSON.parse(await h.ok("stats", "--json")) as StatsView).steering["device-gone"]!;
  const before = await gone();
  expect((await h.inside("a", "ping", "-n", "-c", "1", "-W", "1", CLIENT)).code).not.toBe(0);
  expect(await gone()).toBeGreaterThan(before);
  h.lab.ip(h.host, "link set lan0 nomaster");
  await eventually("the endpoint", reached);
  expect(warnings()).toBe(1);
  expect(promiscuity()).toBe("promiscuity 1");
});

it("sets its own device up again when somebody has set it down, and says so", async () => {
  h.lab.ip(h.host, "link set tsplan0 down");
  await eventually("warning", () => h.daemon.stderr.includes("somebody has set tsplan0 down; it is set up again"));
  await eventually("the endpoint", reached);
});

it("makes a deleted device again as soon as that can be done, and says why it cannot", async () => {
  const limit = (soft: string): string => h.lab.runSync(h.host, ["prlimit", `--pid=${h.daemon.pid}`, `--nofile=${soft}:`]);
  const before = /(\d+) +\d+ *$/m.exec(h.lab.runSync(h.host, ["prlimit", `--pid=${h.daemon.pid}`, "--nofile", "--noheadings", "-o", "SOFT,HARD"]))![1]!; // biome-ignore format: one command
  limit("3"); // no descriptor for a new one
  h.lab.ip(h.host, "link delete tsplan0");
  await eventually("warning", () => /tsplan0 cannot be made again, and is tried again: /.test(h.daemon.stderr));
  expect(promiscuity()).toBe("promiscuity 0");
  limit(before);
  await eventually("the device", () => h.daemon.stderr.includes("tsplan0 is there again"));
  await eventually("the endpoint", reached);
  expect(promiscuity()).toBe("promiscuity 1");
  await h.ok("rm", "-f", "a");
  await h.ok("network", "rm", "one", "two");
  expect(promiscuity()).toBe("promiscuity 0");
});
