/** The network that tsproxy makes itself: devices in the namespaces, bridge, gateway, and the way out by masquerade. */
import { expect } from "vitest";
import { onBoth, onTsproxy } from "../support/cases.js";
import { connect, curl, dig, iperf3, ncUdp, ping, REFUSED, traceroute, udpClient, udpExchange } from "../support/clients.js";
import { probe } from "../support/probe.js";
import { eventually, sleep } from "../support/proc.js";
import { serve, serveIperf } from "../support/servers.js";
import { ADDR, MASQUERADE, snapshot } from "../support/topology.js";
import { networkArgs, startInstance } from "../support/tsproxy.js";

/** Asserts that a peer is the host's LAN address with a port of the masquerade range. */
function expectMasqueraded(peer: string | undefined, range: { first: number; last: number } = MASQUERADE): void {
  const [address, port] = (peer ?? "").split(":");
  expect(address).toBe(ADDR.host);
  expect(Number(port)).toBeGreaterThanOrEqual(range.first);
  expect(Number(port)).toBeLessThanOrEqual(range.last);
}

onTsproxy("gives each namespace an eth0 with address, default route and MTU, and the host the gateway address", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, [...networkArgs(c), "--mtu", "1400"]);
  for (const [ns, address] of [
    [c.c1, ADDR.c1],
    [c.c2, ADDR.c2],
  ] as const) {
    expect(c.lab.runSync(ns, ["ip", "-o", "-4", "addr", "show", "eth0"])).toContain(`inet ${address}/16 `);
    expect(c.lab.runSync(ns, ["ip", "-o", "link", "show", "eth0"])).toMatch(/[<,]UP[,>].* mtu 1400 /);
    expect(c.lab.runSync(ns, ["ip", "route"])).toMatch(/^default via 172\.17\.0\.1 dev eth0/m);
  }
  expect(c.lab.runSync(c.host, ["ip", "-o", "-4", "addr"])).toContain(`inet ${ADDR.gateway}/16 `);
  expect((await running.stats()).ports.filter(({ kind }) => kind === "endpoint").map(({ address }) => address)).toEqual([ADDR.c1, ADDR.c2]);
  await running.stop();
  expect(c.lab.runSync(c.c1, ["ip", "-o", "link"])).not.toContain("eth0");
});

onTsproxy("finds a namespace by name, by path and by the pid of a process in it", "own", async (c) => {
  const sleeper = c.lab.start(c.c2, ["sleep", "60"]);
  const args = ["--network", "172.17.0.0/16", "--endpoint", `/var/run/netns/${c.c1}=${ADDR.c1}`, "--endpoint", `${sleeper.pid}=${ADDR.c2}`];
  await startInstance(c.lab, c.host, args);
  expect((await ping(c.lab, c.c1, ADDR.c2)).received).toBe(3);
});

onTsproxy("needs no ip_forward and no firewall rule", "own", async (c) => {
  await startInstance(c.lab, c.host, [...networkArgs(c), "-p", "8999:172.17.0.4:8080"]);
  await serve(c.lab, c.c1, "http", 8080);
  const outside = await serve(c.lab, c.client, "http", 9000);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(/^192\.0\.2\.10:/);
  await curl(c.lab, c.c1, `${ADDR.client}:9000`);
  expect(outside.hosts).toEqual([ADDR.host]);
  expect(c.lab.runSync(c.host, ["sysctl", "-n", "net.ipv4.ip_forward"]).trim()).toBe("0");
  expect(c.lab.runSync(c.host, ["nft", "list", "ruleset"])).toBe("");
});

onBoth("bridges container to container under their own addresses, untranslated", "own", async (c) => {
  const running = await c.begin({});
  const server = await serve(c.lab, c.c1, "http", 8080);
  await serveIperf(c.lab, c.c1, 5201);
  expect((await curl(c.lab, c.c2, `${ADDR.c1}:8080`)).code).toBe(0);
  expect(server.hosts).toEqual([ADDR.c2]);
  expect((await ping(c.lab, c.c2, ADDR.c1)).ttl).toBe(64);
  expect((await iperf3(c.lab, c.c2, ADDR.c1, 5201)).received).toBeGreaterThan(10_000_000);
  expect(await running.created()).toBe(0);
});

onTsproxy("knows the MACs of its endpoints, and shows them by `tsproxy fdb`", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, networkArgs(c));
  await ping(c.lab, c.c1, ADDR.c2);
  const fdb = await running.fdb();
  for (const role of ["c1", "c2"] as const) {
    const mac = /link\/ether (\S+)/.exec(c.lab.runSync(c[role], ["ip", "-o", "link", "show", "eth0"]))?.[1] ?? "none";
    expect(fdb.find((entry) => entry.mac === mac)).toMatchObject({ name: `${c[role]}/eth0`, address: ADDR[role] });
  }
});

onBoth("lets the host and a container talk both ways under their own addresses, untranslated", "own", async (c) => {
  const running = await c.begin({});
  const inside = await serve(c.lab, c.c1, "http", 8080);
  const onHost = await serve(c.lab, c.host, "http", 9000);
  expect((await curl(c.lab, c.host, `${ADDR.c1}:8080`)).code).toBe(0);
  expect(inside.hosts).toEqual([ADDR.gateway]);
  expect((await curl(c.lab, c.c1, `${ADDR.gateway}:9000`)).code).toBe(0);
  expect((await curl(c.lab, c.c1, `${ADDR.host}:9000`)).code).toBe(0);
  expect(onHost.hosts).toEqual([ADDR.c1, ADDR.c1]);
  expect((await ping(c.lab, c.c1, ADDR.gateway)).received).toBe(3);
  expect((await ping(c.lab, c.host, ADDR.c1)).received).toBe(3);
  expect(await running.created()).toBe(0);
});

onBoth("masquerades TCP, UDP and DNS to the outside as the host, in the masquerade range", "own", async (c) => {
  const running = await c.begin({});
  const http = await serve(c.lab, c.client, "http", 9000);
  const udp = await serve(c.lab, c.client, "udp", 9001);
  const dns = await serve(c.lab, c.client, "dns", 53);
  expect((await curl(c.lab, c.c1, `${ADDR.client}:9000`)).code).toBe(0);
  expect(await ncUdp(c.lab, c.c1, ADDR.client, 9001, "hello")).toMatch(/^192\.0\.2\.1:\d+ hello$/);
  expect(await dig(c.lab, c.c1, ADDR.client, 53)).toMatch(/^192\.0\.2\.1:\d+$/);
  for (const server of [http, udp, dns]) {
    expect(server.peers).toHaveLength(1);
    expectMasqueraded(server.peers[0]);
  }
  expect(await running.created()).toBe(3);
});

onBoth("masquerades behind the address of the interface that the packet leaves by", "own", async (c) => {
  await c.begin({});
  const server = await serve(c.lab, c.lan2, "http", 9000);
  expect((await curl(c.lab, c.c1, `${ADDR.lan2}:9000`)).code).toBe(0);
  expect(server.hosts).toEqual([ADDR.host2]);
});

onBoth("keeps apart two containers that leave from one source port to one server", "own", async (c) => {
  const running = await c.begin({});
  const server = await serve(c.lab, c.client, "tcp", 9000);
  const one = await connect(c.lab, c.c1, ADDR.client, 9000, 1, `${ADDR.c1}:40000`);
  const two = await connect(c.lab, c.c2, ADDR.client, 9000, 1, `${ADDR.c2}:40000`);
  await one.exchange("first");
  await two.exchange("second");
  expect([one.text(), two.text()]).toEqual(["first\n", "second\n"]);
  for (const peer of server.peers) expectMasqueraded(peer);
  expect(new Set(server.peers).size).toBe(2);
  const flows = await running.flows();
  expect(flows.map(({ original }) => original.src).sort()).toEqual(["172.17.0.4:40000", "172.17.0.5:40000"]);
  expect(flows.map(({ reply }) => reply.dst).sort()).toEqual([...server.peers].sort());
});

onTsproxy("takes masquerade ports from --masquerade-ports alone", "own", async (c) => {
  await startInstance(c.lab, c.host, [...networkArgs(c), "--masquerade-ports", "20000-20009"]);
  const server = await serve(c.lab, c.client, "http", 9000);
  for (let i = 0; i < 5; i++) expect((await curl(c.lab, c.c1, `${ADDR.client}:9000`)).code).toBe(0);
  expect(server.peers).toHaveLength(5);
  for (const peer of server.peers) expectMasqueraded(peer, { first: 20_000, last: 20_009 });
});

onBoth("leaves the host's own connections to the outside alone while containers use it too", "own", async (c) => {
  const running = await c.begin({});
  const server = await serve(c.lab, c.client, "http", 9000);
  expect((await curl(c.lab, c.host, `${ADDR.client}:9000`, ["--local-port", "50000"])).code).toBe(0);
  expect(server.peers).toEqual(["192.0.2.1:50000"]);
  expect((await ping(c.lab, c.host, ADDR.client)).received).toBe(3);
  expect(await running.created()).toBe(0);
});

onBoth("pings from a container to the outside, one hop away", "own", async (c) => {
  await c.begin({});
  expect(await ping(c.lab, c.c1, ADDR.client)).toEqual({ received: 3, ttl: 63 });
  expect(await ping(c.lab, c.c1, ADDR.client, ["-s", "1400", "-M", "do"])).toEqual({ received: 3, ttl: 63 });
});

onBoth("lets datagrams in fragments out, and their answers in", "own", async (c) => {
  const running = await c.begin({});
  await serve(c.lab, c.client, "udp", 9000);
  expect(await udpExchange(c.lab, c.c1, ADDR.client, 9000, "x".repeat(8_000))).toMatch(/^192\.0\.2\.1:\d+ x{8000}$/);
  expect(await ping(c.lab, c.c1, ADDR.client, ["-s", "8000"])).toEqual({ received: 3, ttl: 63 });
  expect(await running.created()).toBe(2);
});

onBoth("pings from two containers at once with one identifier", "own", async (c) => {
  const running = await c.begin({});
  // Not in the same instant: there the kernel's own NAT, which decides when a packet leaves, drops one of two that chose alike.
  const second = sleep(40).then(() => ping(c.lab, c.c2, ADDR.client, ["-e", "7"]));
  const both = await Promise.all([ping(c.lab, c.c1, ADDR.client, ["-e", "7"]), second]);
  expect(both.map(({ received }) => received)).toEqual([3, 3]);
  expect(await running.created()).toBe(2);
});

onBoth("shows its gateway as the first hop of a traceroute to the outside", "own", async (c) => {
  await c.begin({});
  for (const method of [["-U"], ["-I"], ["-T", "-p", "9000"]]) {
    expect(await traceroute(c.lab, c.c1, ADDR.client, method), method.join(" ")).toEqual([ADDR.gateway, ADDR.client]);
  }
});

onBoth("brings an ICMP error from the outside back to the container's socket", "own", async (c) => {
  await c.begin({});
  expect((await curl(c.lab, c.c1, `${ADDR.client}:9999`)).code).toBe(REFUSED);
  const udp = await udpClient(c.lab, c.c1, ADDR.client, 9999);
  udp.write("hello\n");
  await udp.until("ECONNREFUSED", () => udp.events().some(({ code }) => code === "ECONNREFUSED"), 3_000);
});

onBoth("does not let another machine in through the port of a masqueraded flow", "own", async (c) => {
  const running = await c.begin({});
  const server = await serve(c.lab, c.client, "udp", 9001);
  const knocks = probe(c.lab, c.c1, "prerouting", `ip saddr ${ADDR.lan2}`);
  const inside = await udpClient(c.lab, c.c1, ADDR.client, 9001);
  inside.write("open\n");
  await inside.until("answer", () => inside.events().some(({ event }) => event === "data"));
  await ncUdp(c.lab, c.lan2, ADDR.host, Number(server.peers[0]?.split(":")[1]), "knock");
  expect(knocks()).toBe(0);
  expect(await running.created()).toBe(1);
});

onTsproxy("lets nobody on the LAN in by the container's address", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, networkArgs(c));
  await serve(c.lab, c.c1, "http", 8080);
  expect((await curl(c.lab, c.client, `${ADDR.c1}:8080`, ["--connect-timeout", "1"])).code).not.toBe(0);
  expect(await running.created()).toBe(0);
});

onTsproxy("goes on with the other endpoints when a namespace ends", "own", async (c) => {
  const doomed = c.lab.start(c.host, ["unshare", "--net", "sleep", "60"]);
  const netns = (pid: number | "self"): string => c.lab.runSync(c.host, ["readlink", `/proc/${pid}/ns/net`]);
  await eventually("a namespace of its own", () => netns(doomed.pid) !== netns("self"));
  const running = await startInstance(c.lab, c.host, [...networkArgs(c), "--endpoint", `${doomed.pid}=172.17.0.9`]);
  expect((await ping(c.lab, c.c1, "172.17.0.9")).received).toBe(3);
  await doomed.stop("SIGKILL");
  expect((await ping(c.lab, c.c1, ADDR.c2)).received).toBe(3);
  await running.stop();
});

onTsproxy("leaves host and containers as they were", "own", async (c) => {
  const before = [c.host, c.c1, c.c2].map((ns) => snapshot(c, ns));
  const running = await startInstance(c.lab, c.host, [...networkArgs(c), "-p", "8999:172.17.0.4:8080"]);
  await serve(c.lab, c.c1, "http", 8080);
  await curl(c.lab, c.client, `${ADDR.host}:8999`);
  await running.stop();
  expect([c.host, c.c1, c.c2].map((ns) => snapshot(c, ns))).toEqual(before);
});
