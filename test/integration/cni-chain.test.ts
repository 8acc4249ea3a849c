/** The sequences of containerd and cnitool, with plugins of others behind ours (Debian's `firewall` and `tuning`) and under it (`host-local`, `static`). */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl } from "../support/clients.js";
import { cnitoolId, containerdPod, DEBIAN_PLUGINS, Libcni, labStart, type NetworkList, PluginError } from "../support/libcni.js";
import { ROOT } from "../support/paths.js";
import { HOST, SandboxHost } from "../support/sandbox-host.js";
import { serve } from "../support/servers.js";

const missing = existsSync(path.join(DEBIAN_PLUGINS, "firewall")) ? undefined : "containernetworking-plugins is not installed";
const own = { "tsproxy-cni": path.join(ROOT, "native/build/tsproxy-cni") };
const capabilities = { portMappings: true, bandwidth: true, ips: true, mac: true, aliases: true, dns: true };

let h: SandboxHost;
let runtime: Libcni;
beforeAll(async () => {
  if (missing !== undefined) return;
  h = await SandboxHost.start([], { folders: ["/var/lib/cni"], ownRun: true });
  runtime = new Libcni([DEBIAN_PLUGINS], labStart(h.lab, h.host, own, h.wrap));
});
afterAll(async () => {
  if (missing === undefined) await h.close();
});

function pods(change: object = {}, cniVersion = "1.0.0"): NetworkList {
  const plugin = {
    type: "tsproxy-cni",
    capabilities,
    ipam: { ranges: [[{ subnet: "10.77.0.0/24" }], [{ subnet: "fd00:77::/64" }]] },
    ...change,
  };
  return {
    cniVersion,
    name: "pods",
    plugins: [plugin, { type: "firewall" }, { type: "tuning", sysctl: { "net.ipv4.conf.eth0.log_martians": "1" } }],
  };
}

/** A namespace, by a path that the daemon knows. */
function namespace(name: string): { ns: string; netns: string } {
  const ns = h.lab.addNamespace(name);
  return { ns, netns: `/proc/${h.lab.start(ns, ["sleep", "1000"]).pid}/ns/net` };
}

async function refusal(action: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await action.then(
    () => undefined,
    (reason) => reason as unknown,
  );
  if (!(error instanceof PluginError)) throw new Error(`it is not refused: ${error}`);
  return error.answer;
}

it(`containerd: a pod of both families with ports and a limit, chained, checked, collected${missing ? ` (skipped: ${missing})` : ""}`, async (ctx) => {
  if (missing !== undefined) ctx.skip(missing);
  const red = namespace("red");
  const pod = containerdPod("web", red.netns, [{ HostPort: 8999, ContainerPort: 8080, Protocol: "tcp", HostIP: "" }], 50_000_000);
  const result = await runtime.add(pods(), pod);
  expect(result).toMatchObject({
    interfaces: [{ name: "eth0", sandbox: red.netns }],
    ips: [
      { interface: 0, address: "10.77.0.2/24", gateway: "10.77.0.1" },
      { interface: 0, address: "fd00:77::2/64", gateway: "fd00:77::1" },
    ],
    routes: [
      { dst: "0.0.0.0/0", gw: "10.77.0.1" },
      { dst: "::/0", gw: "fd00:77::1" },
    ],
    dns: { nameservers: ["127.0.0.11"], search: ["default.svc.cluster.local"], options: ["ndots:5"] },
  });
  expect((await h.sandboxes())[0]).toMatchObject({ name: "web", endpoints: [{ bandwidth: { ingress: { rate: 50_000_000 } } }] });
  expect(h.lab.runSync(red.ns, ["sysctl", "-n", "net.ipv4.conf.eth0.log_martians"]).trim()).toBe("1");
  await serve(h.lab, red.ns, "http", 8080, { LISTEN: "::" });
  expect((await curl(h.lab, h.client, `${HOST}:8999`)).peer).toMatch(/^::ffff:192\.0\.2\.10:/);
  expect((await curl(h.lab, h.host, "[fd00:77::2]:8080")).code).toBe(0);
  await runtime.check(pods(), pod);
  expect(await refusal(runtime.add(pods(), pod))).toMatchObject({
    code: 100,
    msg: expect.stringContaining("has an interface eth0 already"),
  });
  await runtime.check(pods(), pod); // that was undone, and nothing else
  h.lab.ip(red.ns, "route delete ::/0");
  expect(await refusal(runtime.check(pods(), pod))).toMatchObject({ code: 100, msg: expect.stringContaining("no default route of IPv6") });
  const blue = namespace("blue");
  const other = containerdPod("db", blue.netns);
  await runtime.add(pods({}, "0.4.0"), other);
  await runtime.gc({ ...pods({}, "1.1.0"), plugins: [pods().plugins[0]!] }, [other]);
  expect((await h.sandboxes()).map(({ name }) => name)).toEqual(["db"]);
  await runtime.del(pods(), pod); // what GC has done is done
  await runtime.del(pods({}, "0.4.0"), { ...other, netns: "" });
  await runtime.del(pods({}, "0.4.0"), { ...other, netns: "/run/netns/gone" });
  expect(await h.sandboxes()).toEqual([]);
});

it("cnitool, several networks, and a namespace that ends before DEL", async (ctx) => {
  if (missing !== undefined) ctx.skip(missing);
  const { netns } = namespace("tool");
  const here = { containerId: cnitoolId(netns), netns, ifname: "eth0" };
  const back: NetworkList = { cniVersion: "1.1.0", name: "back", plugins: [{ type: "tsproxy-cni", ipam: { subnet: "10.78.0.0/24" } }] };
  await runtime.status(back);
  expect(((await runtime.add(back, here)).interfaces as object[])[0]).toMatchObject({ name: "eth0", mtu: 1500 });
  await runtime.add(pods(), { ...here, ifname: "eth1" });
  await runtime.check(back, here);
  const holder = h.lab.start(h.host, ["unshare", "-n", "sleep", "1000"]);
  await holder.until("a namespace of its own", () => readFileSync(`/proc/${holder.pid}/cmdline`, "utf8").startsWith("sleep"));
  const short = { containerId: "short", netns: `/proc/${holder.pid}/ns/net`, ifname: "eth0" };
  await runtime.add(back, short);
  await runtime.add(pods(), { ...short, ifname: "eth1" });
  await holder.stop();
  for (const [list, ifname] of [
    [back, "eth0"],
    [pods(), "eth1"],
  ] as const)
    await runtime.del(list, { ...short, ifname, netns: "" });
  await runtime.del(back, here);
  await runtime.del(pods(), { ...here, ifname: "eth1" });
  expect(await h.sandboxes()).toEqual([]);
});

it("addresses are host-local's and static's to give, of both families, and are given back, also when the rest fails", async (ctx) => {
  if (missing !== undefined) ctx.skip(missing);
  const { netns } = namespace("local");
  const dataDir = path.join(h.lab.dir, "leases");
  mkdirSync(dataDir);
  const ipam = {
    type: "host-local",
    dataDir,
    ranges: [[{ subnet: "10.79.0.0/24", rangeStart: "10.79.0.50" }], [{ subnet: "fd00:79::/64" }]],
  };
  const local: NetworkList = { cniVersion: "1.0.0", name: "local", plugins: [{ type: "tsproxy-cni", capabilities, ipam }] };
  const here = { containerId: "c1", netns, ifname: "eth0", runtimeConfig: { portMappings: [{ hostPort: 8998, containerPort: 80 }] } };
  expect((await runtime.add(local, here)).ips).toMatchObject([{ address: "10.79.0.50/24" }, { address: "fd00:79::2/64" }]);
  const leases = (): string[] =>
    readdirSync(path.join(dataDir, "local"))
      .filter((name) => /^(10|fd)/.test(name))
      .sort(); // prettier-ignore
  expect(leases()).toHaveLength(2);
  const other = { ...here, containerId: "c2", netns: namespace("other").netns }; // its port is taken
  expect(await refusal(runtime.add(local, other))).toMatchObject({ code: 100, msg: expect.stringContaining("8998") });
  expect(leases()).toHaveLength(2);
  await runtime.check(local, here);
  await runtime.del(local, here);
  await runtime.del(local, here);
  expect(leases()).toEqual([]);
  await h.ok("network", "rm", "local");
  const fixed = { type: "static", addresses: [{ address: "10.79.0.9/24", gateway: "10.79.0.1" }] };
  const list: NetworkList = { cniVersion: "0.4.0", name: "fixed", plugins: [{ type: "tsproxy-cni", ipam: fixed }] };
  expect((await runtime.add(list, here)).ips).toMatchObject([{ version: "4", address: "10.79.0.9/24", gateway: "10.79.0.1" }]);
  await runtime.del(list, here);
  const dhcp: NetworkList = { ...list, name: "dhcp", plugins: [{ type: "tsproxy-cni", ipam: { type: "dhcp" } }] };
  expect(await refusal(runtime.add(dhcp, here))).toMatchObject({ code: 999, msg: expect.stringContaining("dhcp.sock") }); // no daemon of its
  expect(await h.ok("network", "ls")).not.toContain(" dhcp "); // a network that failed with its first container is not there
});
