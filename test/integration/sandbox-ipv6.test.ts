/** Sandboxes with addresses of both families, and of IPv6 alone: addresses, names, ports, ways out, and what a restart keeps. */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask } from "../../src/api/client.js";
import type { NetworkCreate } from "../../src/api/network-types.js";
import type { SandboxView } from "../../src/api/sandbox-types.js";
import { curl, REFUSED, TIMED_OUT } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";
import { program, serve } from "../support/servers.js";

const SERVER = [process.execPath, program("http-server"), "8080", "::"];
const HOST6 = "2001:db8::1";
const CLIENT6 = "2001:db8::10";

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start([], { ownRun: true });
  h.lab.ip(h.host, `address add ${HOST6}/64 dev lan0 nodad`);
  h.lab.ip(h.client, `address add ${CLIENT6}/64 dev lan0 nodad`);
});
afterAll(() => h.close());

async function view(name: string): Promise<SandboxView> {
  return (await h.sandboxes()).find((sandbox) => sandbox.name === name)!;
}

/** What the server saw of who fetches from within a sandbox; "" when it was not reached. */
async function seen(from: string, target: string): Promise<string> {
  const { code, stdout } = await h.inside(from, "curl", "-sg", "-m", "2", `http://${target}/`);
  return code === 0 ? (JSON.parse(stdout) as { peer: string }).peer.replace(/:\d+$/, "") : "";
}

const out = async (from: string, ...command: string[]): Promise<string> => (await h.inside(from, ...command)).stdout.trim();
const dig = (from: string, ...words: string[]): Promise<string> => out(from, "dig", "+short", "+tries=1", "+time=2", ...words);

it("a sandbox has an address and a default route of each family, at once and without a router's help", async () => {
  await h.ok("network", "create", "--ipv6", "--subnet", "10.44.0.0/24", "--subnet", "fd00:44::/64", "both");
  await h.ok("network", "create", "--ipv4=false", "--ipv6", "six");
  const options = ["--ip6", "fd00:44::44", "--add-host", "gw:host-gateway", "-p", "8999:8080"];
  await h.ok("run", "-d", "--name", "web", "--network", "both", ...options, "--", ...SERVER);
  await h.ok("run", "-d", "--name", "only", "--network", "six", "-p", "9000:8080", "--", ...SERVER);
  const shown = await h.ok(
    "exec",
    "web",
    "sh",
    "-c",
    "ip addr show eth0; ip -6 route; cat /proc/sys/net/ipv6/conf/eth0/accept_ra /etc/hosts",
  );
  expect(shown).toMatch(
    /inet 10\.44\.0\.2\/24 [\s\S]*inet6 fd00:44::44\/64 scope global nodad[\s\S]*inet6 fe80::42:aff:fe2c:2\/64 scope link/,
  );
  expect(shown).not.toContain("tentative");
  expect(shown).toMatch(/^default via fd00:44::1 dev eth0[\s\S]*^0\n127\.0\.0\.1\tlocalhost\n::1\tlocalhost/m);
  const { hostname } = await view("web");
  expect(shown).toContain("\n10.44.0.1\tgw\nfd00:44::1\tgw\n");
  expect(shown).toMatch(new RegExp(`^10\\.44\\.0\\.2\t${hostname}\nfd00:44::44\t${hostname}$`, "m"));
  expect((await view("only")).endpoints).toMatchObject([{ address: "", ipv6Address: expect.stringMatching(/^fd[0-9a-f:]+::2$/) }]);
  expect(await out("only", "ip", "-4", "route")).toBe("");
  const [six] = JSON.parse(await h.ok("network", "inspect", "six"));
  expect(six).toMatchObject({ EnableIPv4: false, EnableIPv6: true, IPAM: { Config: [{ Subnet: expect.stringMatching(/^fd.*::\/64$/) }] } });
  const [web] = JSON.parse(await h.ok("inspect", "web"));
  expect(web).toMatchObject({
    Name: "/web",
    State: { Status: "running", Running: true },
    NetworkSettings: {
      Ports: {
        "8080/tcp": [
          { HostIp: "0.0.0.0", HostPort: "8999" },
          { HostIp: "::", HostPort: "8999" },
        ],
      },
      Networks: { both: { IPAddress: "10.44.0.2", IPPrefixLen: 24, Gateway: "10.44.0.1", MacAddress: "02:42:0a:2c:00:02" } },
    },
  });
  expect(web.NetworkSettings.Networks.both).toMatchObject({
    GlobalIPv6Address: "fd00:44::44",
    GlobalIPv6PrefixLen: 64,
    IPv6Gateway: "fd00:44::1",
  });
  expect(await h.ok("network", "ls")).toMatch(/ both +bridge +local +10\.44\.0\.0\/24,fd00:44::\/64$/m);
  expect(await h.ok("ps")).toMatch(/ both +10\.44\.0\.2,fd00:44::44 +0\.0\.0\.0:8999->8080\/tcp, \[::\]:8999->8080\/tcp$/m);
});

it("names have both families' addresses, asked of 127.0.0.11 and, for what it does not know, of IPv6 servers", async () => {
  await h.ok("run", "-d", "--name", "api", "--network", "both", "--dns", CLIENT6, "--", ...SERVER);
  await eventually("the server", async () => (await seen("api", "web:8080")) === "fd00:44::2");
  expect([await dig("api", "web", "A"), await dig("api", "web.both", "AAAA")]).toEqual(["10.44.0.2", "fd00:44::44"]);
  expect(await dig("api", "-x", "fd00:44::44")).toBe("web.both.");
  expect(await seen("api", "[fd00:44::44]:8080")).toBe("fd00:44::2");
  expect((await h.inside("only", "dig", "+tries=1", "only", "A")).stdout).toMatch(/status: NOERROR[\s\S]*ANSWER: 0,/);
  await serve(h.lab, h.client, "dns", 53, { LISTEN: "::" });
  expect(await dig("api", "TXT", "example.test")).toMatch(/^"2001:db8::1:\d+"$/); // from within, masqueraded on its way out
  // The host's own server may be on a link of the host's: who has no --dns is answered from there.
  for (const ns of [h.host, h.client]) // duplicate address detection (RFC 4862 §5.4) takes a second or two
    await eventually(
      "link-local addresses that may be used",
      () => !h.lab.runSync(ns, ["ip", "-6", "addr", "show", "lan0"]).includes("tentative"),
    );
  const link = /inet6 (fe80::\S+)\//.exec(h.lab.runSync(h.client, ["ip", "-6", "addr", "show", "lan0", "scope", "link"]))![1]!;
  const file = path.join(h.lab.dir, "resolv.conf");
  fs.writeFileSync(file, `nameserver ${link}%lan0\n`);
  h.lab.runSync(h.host, [...h.wrap, "mount", "--bind", file, "/etc/resolv.conf"]);
  expect(await dig("web", "TXT", "example.test")).toMatch(/^"fe80::[0-9a-f:]+%lan0:\d+"$/);
});

it("ports are published on both families, for a server of one or both; networks are isolated; what leaves is masqueraded", async () => {
  const { endpoints } = await view("only");
  const alone = `[${endpoints[0]!.ipv6Address}]:8080`;
  expect((await h.ok("port", "web")).split("\n").sort()).toEqual(["8080/tcp -> 0.0.0.0:8999", "8080/tcp -> [::]:8999"]);
  expect((await curl(h.lab, h.client, `[${HOST6}]:8999`, ["-g"])).peer).toMatch(/^2001:db8::10:/);
  expect((await curl(h.lab, h.client, `${HOST}:8999`)).peer).toMatch(/^(::ffff:)?192\.0\.2\.10:/);
  expect((await curl(h.lab, h.host, "[::1]:8999", ["-g"])).peer).toMatch(/^fd00:44::1:/);
  expect((await curl(h.lab, h.client, `[${HOST6}]:9000`, ["-g"])).peer).toMatch(/^2001:db8::10:/);
  expect((await curl(h.lab, h.client, `${HOST}:9000`)).peer).toMatch(/^fd/); // translated: it has IPv6 alone
  expect(await seen("only", `[${HOST6}]:8999`)).not.toBe("");
  expect((await curl(h.lab, h.host, alone, ["-g"])).code).toBe(0);
  expect((await h.inside("web", "curl", "-sg", "-m", "0.5", `http://${alone}/`)).code).not.toBe(0);
  await serve(h.lab, h.client, "http", 8080, { LISTEN: "::" });
  expect([await seen("web", `[${CLIENT6}]:8080`), await seen("only", `[${CLIENT6}]:8080`)]).toEqual([HOST6, HOST6]);
  expect(await seen("web", `${CLIENT}:8080`)).toBe(`::ffff:${HOST}`);
});

it("connect brings the other network's family; the default route of each goes by its own network; modes and attached namespaces have it too", async () => {
  const { endpoints } = await view("only");
  const prefix = endpoints[0]!.ipv6Address!.replace(/2$/, "");
  await h.ok("network", "create", "--subnet", "10.45.0.0/24", "four");
  await h.ok("network", "connect", "four", "only");
  expect(await out("only", "sh", "-c", "ip route; ip -6 route show default")).toMatch(
    new RegExp(`^default via 10\\.45\\.0\\.1 dev eth1[\\s\\S]*^default via ${prefix}1 dev eth0`, "m"),
  );
  expect((await curl(h.lab, h.client, `${HOST}:9000`)).peer).toMatch(/^(::ffff:)?192\.0\.2\.10:/); // no translation any more
  expect((await curl(h.lab, h.client, `[${HOST6}]:9000`, ["-g"])).peer).toMatch(/^2001:db8::10:/);
  await h.ok("network", "connect", "--ip6", `${prefix}9`, "--gw-priority", "1", "six", "web");
  expect(await seen("web", `[${endpoints[0]!.ipv6Address}]:8080`)).toBe(`${prefix}9`);
  expect(await out("web", "ip", "-6", "route", "show", "default")).toMatch(new RegExp(`^default via ${prefix}1 dev eth1 [^\n]*$`));
  await h.ok("network", "disconnect", "six", "web");
  expect(await out("web", "ip", "-6", "route", "show", "default")).toMatch(/^default via fd00:44::1 dev eth0 [^\n]*$/);
  expect((await curl(h.lab, h.client, `[${HOST6}]:8999`, ["-g"])).peer).toMatch(/^2001:db8::10:/);
  expect(await h.ok("run", "--rm", "--network", "container:web", "--", "ip", "-6", "addr", "show", "eth0")).toContain("fd00:44::44/64");
  expect(await h.ok("run", "--rm", "--network", "host", "--", "ip", "-6", "addr", "show", "lan0")).toContain(HOST6);
  const red = h.lab.addNamespace("red");
  h.lab.runSync(red, ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"]);
  const holder = h.lab.start(red, ["sh", "-c", "echo up; exec sleep 1000"]);
  await holder.until("a process in there", () => holder.stdout === "up\n");
  await h.ok("attach", "--netns", String(holder.pid), "--name", "red", "--network", "both");
  expect((await curl(h.lab, red, "[fd00:44::44]:8080", ["-g"])).peer).toMatch(/^fd00:44::3:/);
  await h.ok("detach", "red");
});

it("in a network without icc a link opens what its target exposes or publishes, one way", async () => {
  const [closed, server] = [
    ["--network", "closed"],
    ["--", ...SERVER],
  ];
  await h.ok("network", "create", "--ipv6", "-o", "com.docker.network.bridge.enable_icc=false", "closed");
  await h.ok("run", "-d", "--name", "store", ...closed, "--expose", "8080", "-p", "9001:7000", ...server);
  await h.ok("run", "-d", "--name", "linked", ...closed, "--link", "store:db", ...server);
  const { address, ipv6Address } = (await view("store")).endpoints[0]!;
  const { address: back } = (await view("linked")).endpoints[0]!;
  await eventually("the server", async () => (await seen("linked", `${address}:8080`)) !== "");
  for (const target of ["db:8080", `[${ipv6Address}]:8080`]) expect(await seen("linked", target), target).not.toBe("");
  const refused = await h.inside("linked", "curl", "-sg", "-m", "2", `http://[${ipv6Address}]:7000/`);
  expect(refused.code).toBe(REFUSED); // published, so open; nobody is there
  const unreached = async (from: string, target: string): Promise<void> => {
    const [fetched, pinged] = await Promise.all([
      h.inside(from, "curl", "-s", "-m", "0.5", `http://${target}/`),
      h.inside(from, "ping", "-c1", "-W0.5", target.replace(/:\d+$/, "")),
    ]);
    expect([fetched.code, pinged.code], target).toEqual([TIMED_OUT, 1]);
  };
  await Promise.all([unreached("store", `${back}:8080`), unreached("linked", `${address}:8081`)]);
  await h.ok("rm", "-f", "store");
  await h.ok("run", "-d", "--name", "other", ...closed, ...server);
  expect((await view("other")).endpoints[0]!.address).toBe(address); // the address is another's now, and no longer open
  expect((await h.inside("linked", "curl", "-s", "-m", "0.5", `http://${address}:8080/`)).code).toBe(TIMED_OUT);
  await h.ok("rm", "-f", "linked", "other");
});

it("what cannot be is refused, and nothing is made", async () => {
  const before = await ask(h.apiSocket, "networks");
  const refuseNetwork = (body: Omit<NetworkCreate, "name">, message: string | RegExp) =>
    expect(ask(h.apiSocket, "createNetwork", { body: { name: "x", ...body } })).rejects.toThrow(message);
  await refuseNetwork({ subnet: "fd00:1::/64" }, "IPv6 is not enabled");
  await refuseNetwork({ ipv6: true, subnet: "2001:db8::/80" }, /Pool overlaps with other one .*address 2001:db8::1\/64 of lan0/);
  await refuseNetwork({ ipv6: true, mtu: 1000 }, "an MTU of 1000 is too small for IPv6");
  const refuseConnect = (network: string, ip6: string, message: string) =>
    expect(ask(h.apiSocket, "connectSandbox", { params: { sandbox: "only" }, body: { network, ip6 } })).rejects.toThrow(message);
  await refuseConnect("both", "10.44.0.9", "invalid IPv6 address: 10.44.0.9");
  await refuseConnect("both", "fd00:44::44", "Address already in use");
  await refuseConnect("both", "fd00::5", "invalid address fd00::5: no configured subnet contains it");
  const taken = await h.call("run", "--network", "both", "-p", "[::]:8999:1", "--", "true");
  expect(taken).toMatchObject({ code: 125, stderr: expect.stringContaining("Bind for [::]:8999 failed: port is already allocated") });
  expect(await ask(h.apiSocket, "networks")).toEqual(before);
  expect((await h.sandboxes()).map(({ name }) => name).sort()).toEqual(["api", "only", "web"]);
});

it("a daemon that is killed finds all of it again, and nothing is left in the end", async () => {
  const before = [await view("web"), await view("only")];
  await h.daemon.stop("SIGKILL");
  await h.startDaemon();
  expect([await view("web"), await view("only")]).toEqual(before);
  expect((await curl(h.lab, h.client, `[${HOST6}]:8999`, ["-g"])).peer).toMatch(/^2001:db8::10:/);
  expect(await seen("api", "web:8080")).toBe("fd00:44::2");
  await h.ok("rm", "-f", "web", "only", "api");
  expect((await h.ok("network", "prune")).split("\n").sort()).toEqual(["Deleted Networks:", "both", "closed", "four", "six"]);
  expect(h.lab.runSync(h.host, ["ip", "-6", "route"])).not.toMatch(/^fd/m);
  h.lab.runSync(h.host, ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"]);
  const { code, stderr } = await h.call("network", "create", "--ipv6", "late");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/network fd.*::\/64: this host has no IPv6: switch it on with/)]);
  expect((await ask(h.apiSocket, "networks")).map(({ name }) => name)).toEqual(["bridge", "host", "none"]);
});
