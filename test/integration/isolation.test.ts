/**
 * Who may reach whom with a real kernel beside the engine, which forwards, masquerades, untags and takes router advertisements as any Docker
 * host does. Raw frames come from a program with CAP_NET_RAW in a container.
 */
import path from "node:path";
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl, IN_VAIN, ncUdp, ping } from "../support/clients.js";
import * as p from "../support/packets.js";
import { probe } from "../support/probe.js";
import { eventually, sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { launch, networkArgs, startInstance, TsproxyProcess, untilReady } from "../support/tsproxy.js";
import { Wire } from "../support/wire.js";

const MAC = { gateway: "02:42:ac:11:00:01", c1: "02:42:ac:11:00:04", c2: "02:42:ac:11:00:05" } as const;
const SUBNET = "172.17.0.0/16";
/** A bridge of containers as Docker makes them, under a name of the user's own. */
const SHOP = { net: "10.77.0.0/24", host: "10.77.0.1", web: "10.77.0.2" } as const;

/** A bridge beside tsproxy's network, with a container that has the host for its gateway, and the rules that Docker would make. */
function addShop({ lab, host }: Case): string {
  const web = lab.addNamespace("shop");
  lab.sysctl(host, "net.ipv4.ip_forward", 1);
  lab.ip(host, `link add shop0 type bridge\naddr add ${SHOP.host}/24 dev shop0\nlink set shop0 up`);
  lab.link(host, "vshop", web, "eth0");
  lab.ip(host, "link set vshop master shop0");
  lab.ip(web, `addr add ${SHOP.web}/24 dev eth0\nroute add default via ${SHOP.host}`);
  lab.runSync(
    host,
    ["nft", "-f", "-"],
    `table ip docker {
      chain post { type nat hook postrouting priority srcnat; ip saddr ${SHOP.net} oifname != "shop0" masquerade; }
      chain pre { type nat hook prerouting priority dstnat; iifname != "shop0" fib daddr type local meta l4proto { tcp, udp } th dport 8888 dnat to ${SHOP.web}; }
    }`,
  );
  return web;
}

/** Nothing from there comes to the servers in c1, or back. All at once: each waits in vain. */
async function expectKeptOut(c: Case, from: string): Promise<void> {
  const [web, datagram, echo] = await Promise.all([
    curl(c.lab, from, `${ADDR.c1}:8080`, IN_VAIN.curl),
    ncUdp(c.lab, from, ADDR.c1, 9000, "hello", IN_VAIN.nc),
    ping(c.lab, from, ADDR.c1, IN_VAIN.ping),
  ]);
  expect([web.code === 0, datagram, echo.received]).toEqual([false, "", 0]);
}

async function refused(running: TsproxyProcess): Promise<number> {
  return (await running.stats()).steering["forward-refused"] ?? 0;
}

async function drops(running: TsproxyProcess, address: string): Promise<Record<string, number>> {
  return (await running.stats()).ports.find((port) => port.address === address)?.drops ?? {};
}

onTsproxy("lets nobody on the LAN in who has a route, though the host forwards, and no answer out", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, networkArgs(c));
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  c.lab.ip(c.client, `route replace ${SUBNET} via ${ADDR.host}`);
  const web = await serve(c.lab, c.c1, "http", 8080);
  const udp = await serve(c.lab, c.c1, "udp", 9000);
  await expectKeptOut(c, c.client);
  expect([web.hosts, udp.hosts, (await running.flows()).length]).toEqual([[], [], 0]);
  expect(await refused(running)).toBeGreaterThanOrEqual(3);
  // The host's own programs do get in, and containers out.
  expect((await curl(c.lab, c.host, `${ADDR.c1}:8080`)).peer).toContain(`${ADDR.gateway}:`);
  expect(await ncUdp(c.lab, c.host, ADDR.c1, 9000, "hello")).toContain("hello");
  expect((await ping(c.lab, c.c1, ADDR.client)).received).toBe(3);
});

onTsproxy("keeps the containers of a kernel bridge out, whatever its name, though the host masquerades them", "own", async (c) => {
  const shop = addShop(c);
  const running = await startInstance(c.lab, c.host, [...networkArgs(c), "-p", "8999:172.17.0.4:8080"]);
  const web = await serve(c.lab, c.c1, "http", 8080);
  const udp = await serve(c.lab, c.c1, "udp", 9000);
  await expectKeptOut(c, shop);
  expect([web.hosts, udp.hosts]).toEqual([[], []]);
  expect(await refused(running)).toBeGreaterThanOrEqual(3);
  expect((await curl(c.lab, shop, `${ADDR.host}:8999`)).peer).toContain(`${SHOP.web}:`); // by the published port
});

onTsproxy("lets containers reach those of a kernel bridge by ports that the host's own rules publish, and not else", "own", async (c) => {
  const shop = addShop(c);
  const running = await startInstance(c.lab, c.host, networkArgs(c));
  const web = await serve(c.lab, shop, "http", 8888);
  const udp = await serve(c.lab, shop, "udp", 8888);
  for (const address of [ADDR.host, ADDR.gateway]) {
    expect((await curl(c.lab, c.c1, `${address}:8888`)).code).toBe(0);
    expect(await ncUdp(c.lab, c.c1, address, 8888, "hello")).toContain("hello");
  }
  expect(await ncUdp(c.lab, c.c1, ADDR.host, 8888, "x".repeat(4000))).toContain("x".repeat(4000)); // in fragments both ways
  expect(new Set([...web.hosts, ...udp.hosts])).toEqual(new Set([ADDR.c1]));
  expect(await refused(running)).toBe(0);
  expect((await curl(c.lab, c.c1, `${SHOP.web}:8888`, IN_VAIN.curl)).code).not.toBe(0);
  expect((await ping(c.lab, c.c1, SHOP.web, IN_VAIN.ping)).received).toBe(0);
  expect((await drops(running, ADDR.c1))["no-route"]).toBeGreaterThanOrEqual(2);
  // A closed port's error is an answer too.
  await udp.proc.stop();
  expect(await ncUdp(c.lab, c.c1, ADDR.host, 8888, "hello")).toBe("");
  const errors = probe(c.lab, c.c1, "prerouting", "icmp type destination-unreachable");
  await ncUdp(c.lab, c.c1, ADDR.host, 8888, "hello");
  expect(errors()).toBeGreaterThan(0);
});

onTsproxy("hands the kernel nothing to forward or untag: tags, IPv6 and other types stay off the host", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, networkArgs(c));
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  const device = (await running.stats()).ports.find(({ kind }) => kind === "host")!.name;
  const c2 = await Wire.tap(c.lab, c.c2);
  const host = await Wire.tap(c.lab, c.host, device);
  const lan = await Wire.tap(c.lab, c.client);
  await host.received();
  await lan.received();
  const out = p.udp({ src: ADDR.c2, dst: ADDR.client }, { sport: 7000, dport: 7001 });
  const inner = p.frame(MAC.gateway, MAC.c2, out);
  for (const vid of [0, 1])
    for (const type of [0x8100, 0x88a8]) c2.send(p.tagged(inner, vid, type), p.tagged(p.tagged(inner, vid, type), 0));
  c2.send(
    p.frame(p.BROADCAST, MAC.c2, out),
    p.frame(MAC.gateway, MAC.c2, p.udp({ src: "fe80::42:acff:fe11:5", dst: "fe80::1" }, { sport: 7000, dport: 7001 }), 0x86dd),
    p.frame("33:33:00:00:00:01", MAC.c2, p.ipv6("fe80::42:acff:fe11:5", "ff02::1", p.ICMPV6, p.discovery(134, "::")), 0x86dd),
    p.frame(MAC.gateway, MAC.c2, p.payload(60), 0x8847),
  );
  expect(await host.received()).toEqual([]);
  expect(await lan.received((f) => p.u16(f, 22) === 0x0800)).toEqual([]);
  expect(await drops(running, ADDR.c2)).toMatchObject({ "not-for-host": 10, "rogue-router": 1 });
  const read = (name: string): string => c.lab.runSync(c.host, ["sysctl", "-n", name]).trim();
  const ipv6 = ["disable_ipv6", "accept_ra", "accept_redirects", "forwarding"].map((name) => read(`net.ipv6.conf.${device}.${name}`));
  expect(ipv6).toEqual(["1", "0", "0", "0"]);
  const ipv4 = ["accept_redirects", "send_redirects", "accept_source_route", "proxy_arp"].map((name) =>
    read(`net.ipv4.conf.${device}.${name}`),
  );
  expect(ipv4).toEqual(["0", "0", "0", "0"]);
});

onTsproxy("keeps neighbors from taking over an address, by ARP, MAC or source", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, [...networkArgs(c), "-p", "9000:172.17.0.4:9000/udp"]);
  const server = await serve(c.lab, c.c1, "udp", 9000);
  expect((await ping(c.lab, c.c1, ADDR.gateway)).received).toBe(3); // so that there is an entry to poison
  await sleep(1_100); // locktime: Linux takes no new answer within a second (arp(7))
  const c2 = await Wire.tap(c.lab, c.c2);
  for (let n = 0; n < 3; n++) {
    c2.send(
      p.frame(
        MAC.c1,
        MAC.c2,
        p.arp({ operation: 2, senderMac: MAC.c2, senderIp: ADDR.gateway, targetMac: MAC.c1, targetIp: ADDR.c1 }),
        0x0806,
      ),
      p.frame(p.BROADCAST, MAC.c2, p.arp({ senderMac: MAC.c2, senderIp: ADDR.gateway, targetIp: ADDR.gateway }), 0x0806),
      p.frame(p.BROADCAST, MAC.gateway, p.arp({ senderMac: MAC.gateway, senderIp: ADDR.c2, targetIp: ADDR.c2 }), 0x0806),
    );
    await sleep(50);
  }
  const spoofed = (src: string, dst: string): Uint8Array => p.udp({ src, dst }, { sport: 9000, dport: 9000 });
  c2.send(
    p.frame(MAC.gateway, MAC.c2, spoofed(ADDR.client, ADDR.host)),
    p.frame(MAC.gateway, MAC.c2, spoofed(ADDR.c1, ADDR.client)),
    p.frame(MAC.c1, MAC.c2, spoofed(ADDR.gateway, ADDR.c1)),
    p.frame(MAC.c1, MAC.gateway, spoofed(ADDR.gateway, ADDR.c1)),
  );
  await eventually("all is counted", async () => (await drops(running, ADDR.c2))["source-spoofed"] === 3);
  expect(await drops(running, ADDR.c2)).toMatchObject({ "arp-spoofed": 6, "source-mac-spoofed": 4, "source-spoofed": 3 });
  expect(c.lab.runSync(c.c1, ["ip", "neigh", "show", ADDR.gateway])).toContain(MAC.gateway);
  expect(server.hosts).toEqual([]);
  expect(await running.created()).toBe(0);
});

onTsproxy("drops a partial checksum that is aimed at an address, and carries one that is a tunnel's", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, networkArgs(c));
  const c1 = await Wire.tap(c.lab, c.c1);
  const lan = await Wire.tap(c.lab, c.client);
  const datagram = p.frame(
    MAC.gateway,
    MAC.c1,
    p.udp({ src: ADDR.c1, dst: ADDR.client }, { sport: 4789, dport: 4789, data: p.payload(100) }),
  );
  for (const [start, offset] of [
    [20, 6], // the source address; what begins before byte 20 the kernel itself refuses
    [24, 0], // the header checksum
    [24, 6], // the destination address
    [34, 2], // the port
    [34, 4], // the length
  ] as const)
    c1.send(p.setVnet(datagram.slice(), { flags: p.NEEDS_CSUM, start, offset }));
  const udp = (f: Uint8Array): boolean => p.u16(f, 22) === 0x0800 && f[33] === p.UDP;
  expect(await lan.received(udp)).toEqual([]);
  expect(await drops(running, ADDR.c1)).toEqual({ "csum-place": 5 });
  c1.send(p.setVnet(datagram.slice(), { flags: p.NEEDS_CSUM, start: 34 + 8 + 20, offset: 6 }));
  const [out, ...more] = await lan.received(udp);
  expect(more).toEqual([]);
  expect(p.parse(out!)).toMatchObject({ src: ADDR.host, dst: ADDR.client, dport: 4789 });
});

/** An internal network as Docker would ask for it, with c1 in it at 172.18.0.4. Answers with the host's device there. */
async function addInternal(c: Case): Promise<{ daemon: TsproxyProcess; device: string }> {
  const socket = path.join(c.lab.dir, "tsp.sock");
  const proc = await untilReady(launch(c.lab, c.host, ["daemon", "--plugin-socket", socket]));
  const call = async (name: string, body: object): Promise<Record<string, unknown>> => {
    const argv = ["curl", "-sS", "--unix-socket", socket, "-d", JSON.stringify(body), `http://plugin/NetworkDriver.${name}`];
    const answer = JSON.parse((await c.lab.run(c.host, argv)).stdout) as Record<string, unknown>;
    expect(answer.Err).toBeUndefined();
    return answer;
  };
  const ids = { NetworkID: "a".repeat(64), EndpointID: "b".repeat(64) };
  const options = { "com.docker.network.internal": true };
  await call("CreateNetwork", { ...ids, Options: options, IPv4Data: [{ Pool: "172.18.0.0/16", Gateway: "172.18.0.1/16" }], IPv6Data: [] });
  await call("CreateEndpoint", { ...ids, Interface: { Address: "172.18.0.4/16" }, Options: {} });
  const { InterfaceName } = await call("Join", { ...ids, SandboxKey: `/var/run/netns/${c.c1}`, Options: {} });
  const { SrcName } = InterfaceName as { SrcName: string };
  c.lab.ip(c.host, `link set ${SrcName} netns ${c.c1} name eth0`);
  c.lab.ip(c.c1, "addr add 172.18.0.4/16 dev eth0\nlink set eth0 up\nroute add default via 172.18.0.1"); // as nobody told it to
  const daemon = new TsproxyProcess(c.lab, c.host, proc);
  return { daemon, device: (await daemon.stats()).ports.find(({ kind }) => kind === "host")!.name };
}

onTsproxy("keeps an internal network to itself and the gateway's address, whatever the host forwards and translates", "own", async (c) => {
  const shop = addShop(c);
  const { daemon, device } = await addInternal(c);
  const web = await serve(c.lab, c.c1, "http", 8080);
  const shopWeb = await serve(c.lab, shop, "http", 8888);
  const onHost = await serve(c.lab, c.host, "http", 9000);
  const reaches = async (ns: string, target: string): Promise<boolean> =>
    (await curl(c.lab, ns, target, ["--connect-timeout", "1"])).code === 0;
  const inVain = async (ns: string, target: string): Promise<boolean> => (await curl(c.lab, ns, target, IN_VAIN.curl)).code !== 0;
  // In: programs of the host.
  expect([await reaches(c.host, "172.18.0.4:8080"), await inVain(shop, "172.18.0.4:8080")]).toEqual([true, true]);
  expect(web.hosts).toEqual(["172.18.0.1"]);
  expect(await refused(daemon)).toBeGreaterThan(0);
  // Out: the gateway's address, and what listens there.
  expect(await reaches(c.c1, "172.18.0.1:9000")).toBe(true);
  const others = [`${ADDR.host}:9000`, `${SHOP.web}:8888`, "172.18.0.1:8888", `${ADDR.host}:8888`];
  expect(await Promise.all(others.map((target) => inVain(c.c1, target)))).toEqual(others.map(() => true));
  expect(onHost.hosts).toEqual(["172.18.0.4"]);
  expect(shopWeb.hosts).toEqual([]);
  // Who switches forwarding on for all devices does so for this one too; it is taken back.
  const forwarding = (): string => c.lab.runSync(c.host, ["sysctl", "-n", `net.ipv4.conf.${device}.forwarding`]).trim();
  expect(forwarding()).toBe("0");
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 0);
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  await eventually("forwarding is off again", () => forwarding() === "0");
});
