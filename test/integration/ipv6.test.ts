/** IPv6 through the dataplane, with real programs: published ports from everywhere, and a network of our own of both families. */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { addressPort } from "../../src/wire/address-port.js";
import { type Case, forEachKind, onTsproxy } from "../support/cases.js";
import { curl, ping, TIMED_OUT, udpExchange } from "../support/clients.js";
import { serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6, NETWORK, NETWORK6 } from "../support/topology.js";
import { startInstance, type TsproxyProcess } from "../support/tsproxy.js";
import { VANTAGES6 } from "../support/vantages.js";

const LISTEN = { LISTEN: "::" };

async function begin(c: Case, args: string[] = []): Promise<TsproxyProcess> {
  addIpv6(c);
  const { c1, c2 } = c;
  const endpoints = [`${c1}=${ADDR.c1},${ADDR6.c1}`, `${c2}=${ADDR.c2},${ADDR6.c2}`].flatMap((text) => ["--endpoint", text]);
  const network = c.containers === "own" ? ["--network", `${NETWORK},${NETWORK6}`, ...endpoints] : [];
  return startInstance(c.lab, c.host, [...network, ...args]);
}

forEachKind((kind) => {
  onTsproxy("serves TCP and UDP on IPv6 to everybody who reaches the host, each seen as with IPv4", kind, async (c) => {
    const running = await begin(c, ["-p", `[::]:8999:[${ADDR6.c1}]:8080`, "-p", `[::]:8999:[${ADDR6.c1}]:5300/udp`]);
    const web = await serve(c.lab, c.c1, "http", 8080, LISTEN);
    await serve(c.lab, c.c1, "udp", 5300, LISTEN);
    for (const { name, from, at } of VANTAGES6) {
      const answer = await curl(c.lab, c[from], addressPort(at, 8999));
      expect(answer.code, `${name}: ${answer.body}`).toBe(0);
      expect(JSON.parse(answer.body)).toMatchObject({ local: `${ADDR6.c1}:8080`, host: `[${at}]:8999` });
    }
    expect(web.hosts).toEqual(VANTAGES6.map(({ seenAs }) => seenAs));
    // The client's socket is connected: an answer from any other address than the one it asked would not arrive.
    const some = VANTAGES6.filter(({ name }) => /^a client on the LAN|^the host at ::1|hairpin/.test(name));
    for (const { name, from, at, seenAs } of some)
      expect(await udpExchange(c.lab, c[from], at, 8999, "hello"), name).toMatch(new RegExp(`^${seenAs}:\\d+ hello$`));
    // Datagrams that open a flow in fragments; the kernel puts them together first.
    const sizes = [2_000, 60_000];
    for (const size of sizes)
      expect(await udpExchange(c.lab, c.client, ADDR6.host, 8999, "x".repeat(size))).toMatch(
        new RegExp(`^${ADDR6.client}:\\d+ x{${size}}$`),
      );
    // Nobody answers a link-local address from afar. A program of the host may have connected to the host's own, too.
    for (const ns of [c.client, c.host]) expect((await curl(c.lab, ns, "[fe80::1%25eth0]:8999")).peer, ns).toContain(`${ADDR6.gateway}:`);
    expect(await running.created()).toBe(VANTAGES6.length + some.length + sizes.length + 2);
  });
});

onTsproxy(
  "carries a file whole through segmentation offload, both ways, over IPv6, by two workers and by the kernel",
  "kernel",
  async (c) => {
    const file = path.join(c.lab.dir, "file");
    fs.writeFileSync(file, randomBytes(8 << 20));
    const hash = createHash("sha256").update(fs.readFileSync(file)).digest("hex");
    await serve(c.lab, c.c1, "http", 8080, { ...LISTEN, FILE: file });
    const copy = path.join(c.lab.dir, "copy");
    for (const offload of [["--offload", "never"], ["--offload"]]) {
      const args = ["-p", `[::]:8999:[${ADDR6.c1}]:8080`, "--workers", "2", ...offload];
      const running = offload.length > 1 ? await begin(c, args) : await startInstance(c.lab, c.host, args);
      for (const [ns, at] of [
        [c.client, ADDR6.host],
        [c.host, "::1"],
      ] as const) {
        expect((await curl(c.lab, ns, `[${at}]:8999/file`, ["-o", copy])).code).toBe(0);
        expect(createHash("sha256").update(fs.readFileSync(copy)).digest("hex")).toBe(hash);
        expect((await curl(c.lab, ns, `[${at}]:8999/file`, ["-T", file])).body).toBe(hash);
      }
      const { steering, drops } = await running.stats();
      expect(drops).toEqual({});
      const [carried, moved] = [steering.offloaded!, steering["taken-reply"]!];
      if (offload.length === 1)
        expect(carried).toBeGreaterThan(moved * 4); // the host's own flows too
      else expect([carried, moved > 100]).toEqual([0, true]);
      await running.stop();
    }
  },
);

onTsproxy("a network of both families: addresses, neighbours, the gateway, and the outside as the host", "own", async (c) => {
  const running = await begin(c);
  const show = (ns: string, args: string[]): Record<string, unknown>[] => JSON.parse(c.lab.runSync(ns, ["ip", "-6", "-j", ...args]));
  const [device] = show(c.c1, ["addr", "show", "dev", "eth0"]) as { address: string; addr_info: { local: string; scope: string }[] }[];
  expect(device?.addr_info.map(({ local, scope }) => [local, scope])).toEqual([
    [ADDR6.c1, "global"],
    [expect.stringMatching(/^fe80::42:acff:fe11:4$/), "link"],
  ]);
  expect(show(c.c1, ["route", "show", "default"])).toMatchObject([{ dst: "default", gateway: ADDR6.gateway, dev: "eth0" }]);
  expect(c.lab.runSync(c.host, ["sysctl", "-n", "net.ipv6.conf.tsphost0.accept_ra", "net.ipv6.conf.tsphost0.accept_redirects"])).toBe(
    "0\n0\n",
  );
  for (const [from, to] of [
    [c.c1, ADDR6.c2],
    [c.c1, ADDR6.gateway],
    [c.host, ADDR6.c1],
    [c.c1, ADDR6.client],
  ] as const)
    expect((await ping(c.lab, from, to)).received, `${from} to ${to}`).toBe(3);
  const outside = await serve(c.lab, c.client, "http", 8080, LISTEN);
  const neighbour = await serve(c.lab, c.c2, "http", 8080, LISTEN);
  expect((await curl(c.lab, c.c1, `[${ADDR6.client}]:8080`)).code).toBe(0);
  expect((await curl(c.lab, c.c1, `[${ADDR6.c2}]:8080`)).code).toBe(0);
  expect((await curl(c.lab, c.host, `[${ADDR6.c2}]:8080`)).code).toBe(0);
  expect([outside.hosts, neighbour.hosts]).toEqual([[ADDR6.host], [ADDR6.c1, ADDR6.gateway]]);
  // Nobody gets in by the host's forwarding, not even where the host is a router.
  c.lab.sysctl(c.host, "net.ipv6.conf.all.forwarding", 1);
  expect((await curl(c.lab, c.client, `[${ADDR6.c2}]:8080`, ["--connect-timeout", "0.5"])).code).toBe(TIMED_OUT);
  expect((await running.stats()).steering["forward-refused"]).toBeGreaterThan(0);
  expect((await curl(c.lab, c.c1, `[${ADDR6.client}]:8080`)).code).toBe(0);
  expect(neighbour.hosts).toHaveLength(2);
});
