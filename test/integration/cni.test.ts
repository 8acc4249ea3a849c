/** The CNI plugin as runtimes call it: `native/cni.c` started with an environment and a configuration, for namespaces that others made. */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl, iperf3 } from "../support/clients.js";
import { ROOT } from "../support/paths.js";
import type { Result } from "../support/proc.js";
import { HOST, SandboxHost } from "../support/sandbox-host.js";
import { serve, serveIperf } from "../support/servers.js";

const PLUGIN = path.join(ROOT, "native/build/tsproxy-cni");

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
});
afterAll(() => h.close());

interface Call {
  id?: string;
  ns?: string;
  ifname?: string;
  args?: string;
  path?: string;
}

function call(
  command: string,
  config: object,
  { id = "c1", ns = "", ifname = "eth0", args = "", path: dirs = "" }: Call = {},
): Promise<Result> {
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: id,
    CNI_NETNS: ns === "" ? "" : `/var/run/netns/${ns}`,
    CNI_IFNAME: ifname,
    CNI_ARGS: args,
    CNI_PATH: dirs,
  };
  return h.lab.run(h.host, [PLUGIN], { env, input: JSON.stringify(config) });
}

const config = (change: object = {}): object => ({
  cniVersion: "1.0.0",
  name: "pods",
  type: "tsproxy-cni",
  ipam: { subnet: "10.77.0.0/24" },
  ...change,
});

it("a container gets its endpoint, is reached by its port and its name, is checked, and is taken out as often as one likes", async () => {
  const [red, blue] = [h.lab.addNamespace("red"), h.lab.addNamespace("blue")];
  const runtimeConfig = { portMappings: [{ HostPort: 8999, ContainerPort: 8080, Protocol: "tcp" }], aliases: { pods: ["www"] } };
  const added = await call("ADD", config({ runtimeConfig }), { id: "c1", ns: red, args: "IgnoreUnknown=1;K8S_POD_NAME=web" });
  expect(added).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(added.stdout)).toEqual({
    cniVersion: "1.0.0",
    interfaces: [{ name: "eth0", mac: "02:42:0a:4d:00:02", sandbox: `/var/run/netns/${red}` }],
    ips: [{ interface: 0, address: "10.77.0.2/24", gateway: "10.77.0.1" }],
    routes: [{ dst: "0.0.0.0/0", gw: "10.77.0.1" }],
    dns: { nameservers: ["127.0.0.11"], search: [], options: [] },
  });
  expect(
    (await call("ADD", config({ cniVersion: "0.4.0" }), { id: "c2", ns: blue, args: "IP=10.77.0.9;MAC=02:00:00:00:00:09" })).stdout,
  ).toContain(`"version":"4"`);
  await serve(h.lab, red, "http", 8080);
  expect((await curl(h.lab, h.client, `${HOST}:8999`)).peer).toMatch(/^192\.0\.2\.10:/);
  expect((await curl(h.lab, blue, "10.77.0.2:8080")).peer).toMatch(/^10\.77\.0\.9:/);
  const dig = async (name: string): Promise<string> =>
    (await h.lab.run(blue, ["dig", "+short", "+tries=1", "@127.0.0.11", name])).stdout.trim();
  expect([await dig("web"), await dig("www.pods")]).toEqual(["10.77.0.2", "10.77.0.2"]);
  expect(await call("CHECK", config(), { id: "c1", ns: red })).toMatchObject({ code: 0, stdout: "" });
  h.lab.ip(red, "address flush dev eth0");
  expect(JSON.parse((await call("CHECK", config(), { id: "c1", ns: red })).stdout)).toMatchObject({ code: 100, cniVersion: "1.0.0" });
  expect(await h.ok("network", "ls")).toMatch(/ pods +cni +local +10\.77\.0\.0\/24$/m);
  // GC takes what is not in the list; DEL does what is left to do.
  const gc = config({ cniVersion: "1.1.0", "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "eth0" }] });
  expect(await call("GC", gc)).toMatchObject({ code: 0, stdout: "" });
  expect((await h.sandboxes()).map(({ name }) => name)).toEqual(["web"]);
  expect(h.lab.runSync(blue, ["ip", "-o", "link"])).not.toContain("eth0");
  for (const ns of [red, "", ""]) expect(await call("DEL", config(), { id: "c1", ns })).toMatchObject({ code: 0, stdout: "" });
  expect(h.lab.runSync(red, ["ip", "-o", "link"])).not.toContain("eth0");
  expect(await h.sandboxes()).toEqual([]);
});

it("a second interface is one more endpoint of the same container", async () => {
  const ns = h.lab.addNamespace("two");
  const back = config({ name: "back", ipam: { subnet: "10.78.0.0/24" } });
  expect((await call("ADD", config(), { ns })).code).toBe(0);
  expect((await call("ADD", back, { ns, ifname: "eth1" })).code).toBe(0);
  expect((await h.sandboxes())[0]!.endpoints).toMatchObject([
    { networkName: "pods", device: "eth0" },
    { networkName: "back", device: "eth1" },
  ]);
  expect((await call("DEL", config(), { ns })).code).toBe(0);
  expect(h.lab.runSync(ns, ["ip", "route"])).toMatch(/^default via 10\.78\.0\.1 dev eth1/m);
  expect((await call("DEL", back, { ns, ifname: "eth1" })).code).toBe(0);
});

it("addresses may be another plugin's to give, and are given back", async () => {
  const ns = h.lab.addNamespace("ipam");
  const folder = fs.mkdtempSync(path.join(h.lab.dir, "plugins-"));
  const log = path.join(folder, "log");
  fs.writeFileSync(
    path.join(folder, "fixed"),
    `#!/bin/sh\necho "$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME" >>${log}\n[ $CNI_COMMAND = ADD ] && echo '{"ips":[{"address":"10.79.0.5/24","gateway":"10.79.0.254"}]}'\nexit 0\n`,
    { mode: 0o755 },
  );
  const given = config({ name: "given", ipam: { type: "fixed" } });
  const { stdout } = await call("ADD", given, { ns, path: `/nowhere:${folder}` });
  expect(JSON.parse(stdout).ips).toEqual([{ interface: 0, address: "10.79.0.5/24", gateway: "10.79.0.254" }]);
  expect((await call("ADD", given, { ns, id: "other", path: folder })).code).toBe(1); // eth0 is there already
  expect((await call("DEL", given, { ns, path: folder })).code).toBe(0);
  expect(fs.readFileSync(log, "utf8").split("\n")).toEqual(["ADD c1 eth0", "ADD other eth0", "DEL other eth0", "DEL c1 eth0", ""]);
  expect(JSON.parse((await call("ADD", config({ name: "none", ipam: { type: "no-such" } }), { ns })).stdout)).toMatchObject({
    code: 7,
    msg: expect.stringContaining('failed to find plugin "no-such" in path'),
  });
});

it("a bandwidth holds for TCP both ways, to a tenth, and for nobody else", async () => {
  const [slow, fast] = [h.lab.addNamespace("slow"), h.lab.addNamespace("fast")];
  const [ingress, egress] = [100_000_000, 20_000_000];
  const bandwidth = { IngressRate: ingress, IngressBurst: 100_000, EgressRate: egress, EgressBurst: 100_000 };
  const limited = config({ runtimeConfig: { bandwidth } });
  const { stdout } = await call("ADD", limited, { id: "slow", ns: slow });
  const address = JSON.parse(stdout).ips[0].address.replace(/\/.*/, "");
  expect([address, (await call("ADD", config(), { id: "fast", ns: fast })).code]).toEqual(["10.77.0.2", 0]);
  expect((await h.sandboxes())[0]!.endpoints[0]!.bandwidth).toEqual({
    ingress: { rate: ingress, burst: 100_000 },
    egress: { rate: egress, burst: 100_000 },
  });
  await serveIperf(h.lab, slow, 5201);
  for (const [args, rate] of [[[] as string[], ingress] as const, [["-R"], egress] as const]) {
    let best = 0; // 0.93 to 0.97 on a quiet machine; on one that is not, the programs may not get to run
    for (let tries = 0; tries < 4 && best < 0.85; tries++) {
      const part = ((await iperf3(h.lab, fast, address, 5201, [...args])).received * 8) / rate;
      expect(part).toBeLessThan(1.1);
      best = Math.max(best, part);
    }
    expect(best).toBeGreaterThan(0.85);
  }
  await serveIperf(h.lab, fast, 5202);
  expect((await iperf3(h.lab, h.host, "10.77.0.3", 5202)).received * 8).toBeGreaterThan(2 * ingress);
  for (const id of ["slow", "fast"]) expect((await call("DEL", config(), { id })).code).toBe(0);
});

/** As netavark 1.6 calls: recorded requests, in which Podman has left out or set to null what was not asked for. */
it("netavark: a network is checked, its containers come and go, errors are in its form", async () => {
  const ns = h.lab.addNamespace("ark");
  const driver = path.join(h.lab.dir, "tsproxy"); // Podman finds it by the driver's name
  fs.copyFileSync(PLUGIN, driver);
  const ask = async (args: string[], input: object = {}): Promise<[number | null, unknown]> => {
    const { code, stdout } = await h.lab.run(h.host, [driver, ...args], { input: JSON.stringify(input) });
    return [code, stdout === "" ? "" : JSON.parse(stdout)];
  };
  const network = {
    name: "ark",
    id: "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
    driver: "tsproxy",
    subnets: [{ subnet: "10.88.0.0/16", gateway: "10.88.0.1", lease_range: null }, { subnet: "fd00:88::/64" }],
    ipv6_enabled: true,
    internal: false,
    dns_enabled: true,
    network_dns_servers: null,
    options: null,
    ipam_options: { driver: "host-local" },
  };
  const request = {
    container_id: "752947ff91f961eb3cb47ffe9315016979f3ffbec09e4d96a4fae3fb03391697",
    container_name: "testctr",
    port_mappings: [{ container_port: 8080, host_ip: "", host_port: 8997, protocol: "tcp,udp", range: 2 }],
    network,
    network_options: {
      aliases: ["752947ff91f9"],
      interface_name: "eth0",
      static_ips: ["10.88.0.50"],
      static_mac: "aa:bb:cc:dd:aa:00",
    },
  };
  expect(await ask(["info"])).toEqual([0, { version: expect.any(String), api_version: "1.0.0" }]);
  expect(await ask(["create"], network)).toEqual([0, network]);
  expect(await ask(["create"], { ...network, subnets: [{ subnet: "10.88.0.0/33" }] })).toEqual([
    1,
    { error: expect.stringContaining("invalid CIDR address: 10.88.0.0/33") },
  ]);
  expect(await ask(["create"], { ...network, options: { isolate: "true" } })).toEqual([
    1,
    { error: expect.stringContaining("option isolate is not supported") },
  ]);
  expect(await ask(["setup", `/run/netns/${ns}`], request)).toEqual([
    0,
    {
      dns_search_domains: [],
      dns_server_ips: ["127.0.0.11"],
      interfaces: {
        eth0: {
          mac_address: "aa:bb:cc:dd:aa:00",
          subnets: [
            { ipnet: "10.88.0.50/16", gateway: "10.88.0.1" },
            { ipnet: "fd00:88::2/64", gateway: "fd00:88::1" },
          ],
        },
      },
    },
  ]);
  expect((await h.sandboxes())[0]).toMatchObject({ name: "testctr", endpoints: [{ networkName: "ark", device: "eth0" }] });
  const { ports } = (await h.sandboxes())[0]!;
  expect(ports.filter(({ hostIp }) => hostIp === "0.0.0.0")).toMatchObject([
    { hostPort: 8997, hostPortEnd: 8998, targetPort: 8080, targetPortEnd: 8081, proto: "tcp" },
    { hostPort: 8997, hostPortEnd: 8998, targetPort: 8080, targetPortEnd: 8081, proto: "udp" },
  ]);
  await serve(h.lab, ns, "http", 8081);
  expect((await curl(h.lab, h.client, `${HOST}:8998`)).peer).toMatch(/^192\.0\.2\.10:/);
  expect(await ask(["create"], network)).toEqual([1, { error: expect.stringContaining("network ark has active endpoints") }]);
  expect(await ask(["setup", `/run/netns/${ns}`], request)).toEqual([
    1,
    { error: expect.stringContaining("has an interface eth0 already") },
  ]);
  for (const netns of [`/run/netns/${ns}`, "/run/netns/gone"]) expect(await ask(["teardown", netns], request)).toEqual([0, ""]);
  expect(await h.sandboxes()).toEqual([]);
  expect(await ask(["create"], network)).toEqual([0, network]); // after `podman network rm`, of which nobody tells
  expect(await h.ok("network", "ls")).not.toContain(" ark ");
});

it("VERSION needs no daemon; without one STATUS is 50, and what is to be done is to be tried again", async () => {
  expect(await call("STATUS", config({ cniVersion: "1.1.0" }))).toMatchObject({ code: 0, stdout: "" });
  expect(JSON.parse((await call("ADD", config(), { ns: "nowhere" })).stdout)).toMatchObject({ code: 8 });
  expect(JSON.parse((await call("FROB", config())).stdout)).toMatchObject({ code: 4, msg: "unknown CNI_COMMAND: FROB" });
  const env = { TSPROXY_RUN_DIR: path.join(h.lab.dir, "none") };
  const alone = (command: string): Promise<Result> => h.lab.run(h.host, [PLUGIN], { env: { ...env, CNI_COMMAND: command }, input: "{}" });
  expect(JSON.parse((await alone("VERSION")).stdout)).toEqual({
    cniVersion: "1.1.0",
    supportedVersions: ["0.3.1", "0.4.0", "1.0.0", "1.1.0"],
  });
  const hundred = 'i=0; while [ $i -lt 100 ]; do "$0" </dev/null >/dev/null; i=$((i+1)); done';
  const start = performance.now();
  await h.lab.run(h.host, ["sh", "-c", hundred, PLUGIN], { env: { CNI_COMMAND: "VERSION" } });
  expect((performance.now() - start) / 100).toBeLessThan(3); // ms, starts of the program and all
  expect(await alone("STATUS")).toMatchObject({ code: 1, stdout: expect.stringContaining('"code":50') });
  expect(await alone("DEL")).toMatchObject({ code: 1, stdout: expect.stringContaining('"code":11') });
});
