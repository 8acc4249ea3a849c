/** What is taken off the host's interfaces, and above all what is not. */
import { expect } from "vitest";
import { type Case, forEachKind, onBoth, onNftables, onTsproxy } from "../support/cases.js";
import { curl, IN_VAIN, ncUdp, ping, REFUSED, traceroute } from "../support/clients.js";
import { startNftables } from "../support/nftables.js";
import { probe } from "../support/probe.js";
import { eventually } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";

const PUBLISH = ["8999:172.17.0.4:8080"];

onBoth("leaves alone what the host forwards to another machine's same port", "kernel", async (c) => {
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  const running = await c.begin({ publish: [...PUBLISH, "8999:172.17.0.4:8080/udp"] });
  await serve(c.lab, c.c1, "http", 8080);
  const onLan2 = await serve(c.lab, c.lan2, "http", 8999);
  const onClient = await serve(c.lab, c.client, "http", 8999);
  const udp = await serve(c.lab, c.lan2, "udp", 8999);
  expect((await curl(c.lab, c.client, `${ADDR.lan2}:8999`)).code).toBe(0);
  expect((await curl(c.lab, c.lan2, `${ADDR.client}:8999`)).code).toBe(0);
  expect((await curl(c.lab, c.c1, `${ADDR.lan2}:8999`)).code).toBe(0);
  expect((await curl(c.lab, c.host, `${ADDR.lan2}:8999`)).code).toBe(0);
  expect(await ncUdp(c.lab, c.client, ADDR.lan2, 8999, "x")).toMatch(/^192\.0\.2\.10:/);
  expect(onLan2.hosts).toEqual([ADDR.client, ADDR.c1, ADDR.host2]);
  expect(onClient.hosts).toEqual([ADDR.lan2]);
  expect(udp.hosts).toEqual([ADDR.client]);
  expect(await running.created()).toBe(0);
});

onBoth("leaves alone who reaches the container directly: host, neighbour, and a routed client", "kernel", async (c) => {
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  const running = await c.begin({ publish: PUBLISH });
  const server = await serve(c.lab, c.c1, "http", 8080);
  // the answers look like those of the published port: from 172.17.0.4:8080, through docker0, to a client elsewhere
  for (const ns of [c.host, c.c2, c.client]) expect((await curl(c.lab, ns, `${ADDR.c1}:8080`)).code).toBe(0);
  expect(server.hosts).toEqual([ADDR.gateway, ADDR.c2, ADDR.client]);
  expect(await running.created()).toBe(0);
});

onBoth("leaves a direct connection alone while the same client port uses the published one", "kernel", async (c) => {
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  const running = await c.begin({ publish: PUBLISH });
  const server = await serve(c.lab, c.c1, "http", 8080);
  expect((await curl(c.lab, c.client, `${ADDR.c1}:8080`, ["--local-port", "40000"])).code).toBe(0);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`, ["--local-port", "40001"])).code).toBe(0);
  expect((await curl(c.lab, c.host, `${ADDR.c1}:8080`, ["--local-port", "40001"])).code).toBe(0);
  expect(server.peers).toEqual(["192.0.2.10:40000", "192.0.2.10:40001", "172.17.0.1:40001"]);
  expect(await running.created()).toBe(1);
});

onBoth("leaves alone a connection that the container opens from the target port", "kernel", async (c) => {
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  const running = await c.begin({ publish: PUBLISH });
  const server = await serve(c.lab, c.client, "http", 9000);
  expect((await curl(c.lab, c.c1, `${ADDR.client}:9000`, ["--local-port", "8080"])).code).toBe(0);
  expect(server.peers).toEqual(["172.17.0.4:8080"]);
  expect(await running.created()).toBe(0);
});

onBoth("leaves the host's other ports and the other protocol alone", "kernel", async (c) => {
  const running = await c.begin({ publish: ["8999:172.17.0.4:8080/udp"] });
  const sameNumber = await serve(c.lab, c.host, "http", 8999);
  const other = await serve(c.lab, c.host, "udp", 9000);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(0);
  expect(await ncUdp(c.lab, c.client, ADDR.host, 9000, "x")).toMatch(/^192\.0\.2\.10:/);
  expect((await ping(c.lab, c.client, ADDR.host)).received).toBe(3);
  expect(sameNumber.hosts).toEqual([ADDR.client, "127.0.0.1"]);
  expect(other.hosts).toEqual([ADDR.client]);
  expect(await running.created()).toBe(0);
});

forEachKind((kind) => {
  onBoth("publishes at 127.0.0.1 for the host alone", kind, async (c) => {
    const running = await c.begin({ publish: ["127.0.0.1:8999:172.17.0.4:8080"] });
    const server = await serve(c.lab, c.c1, "http", 8080);
    expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(0);
    expect((await curl(c.lab, c.host, `${ADDR.host}:8999`)).code).toBe(REFUSED);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
    expect((await curl(c.lab, c.c2, `${ADDR.gateway}:8999`)).code).toBe(REFUSED);
    expect(server.hosts).toEqual([ADDR.gateway]);
    expect(await running.created()).toBe(1);
  });

  for (const bind of ["127.0.0.1:", ""]) {
    onBoth(`does not serve a neighbour on the LAN who sends to 127.0.0.1 (published as "${bind}8999:…")`, kind, async (c) => {
      const running = await c.begin({ publish: [`${bind}8999:172.17.0.4:8080`] });
      const server = await serve(c.lab, c.c1, "http", 8080);
      expect(await sendToLoopback(c)).toBeGreaterThan(0);
      expect(server.peers).toEqual([]);
      expect(await running.created()).toBe(0);
    });
  }

  onBoth("publishes at one of two host addresses, whichever interface the packet comes by", kind, async (c) => {
    await c.begin({ publish: [`${ADDR.host2}:8999:172.17.0.4:8080`] });
    const server = await serve(c.lab, c.c1, "http", 8080);
    expect((await curl(c.lab, c.lan2, `${ADDR.host2}:8999`)).code).toBe(0);
    expect((await curl(c.lab, c.client, `${ADDR.host2}:8999`)).code).toBe(0);
    expect((await curl(c.lab, c.host, `${ADDR.host2}:8999`)).code).toBe(0);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
    expect((await curl(c.lab, c.lan2, `${ADDR.host}:8999`)).code).toBe(REFUSED);
    expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(REFUSED);
    expect(server.hosts).toEqual([ADDR.lan2, ADDR.client, ADDR.gateway]);
  });

  onBoth("publishes one port number at two host addresses to two targets", kind, async (c) => {
    await c.begin({ publish: [`${ADDR.host}:8999:172.17.0.4:8080`, `${ADDR.host2}:8999:172.17.0.5:8080`] });
    const one = await serve(c.lab, c.c1, "http", 8080);
    const two = await serve(c.lab, c.c2, "http", 8080);
    await curl(c.lab, c.client, `${ADDR.host}:8999`);
    await curl(c.lab, c.lan2, `${ADDR.host2}:8999`);
    expect([one.hosts, two.hosts]).toEqual([[ADDR.client], [ADDR.lan2]]);
  });

  onBoth("serves an interface that appears after the start, and again after it was made anew", kind, async (c) => {
    await c.begin({ publish: PUBLISH });
    const server = await serve(c.lab, c.c1, "http", 8080);
    const lan3 = c.lab.addNamespace("lan3");
    for (let round = 1; round <= 2; round++) {
      c.lab.link(c.host, "eth2", lan3, "eth0");
      c.lab.ip(c.host, "addr add 203.0.113.1/24 dev eth2");
      c.lab.ip(lan3, "addr add 203.0.113.10/24 dev eth0");
      await eventually("an answer on eth2", async () => (await curl(c.lab, lan3, "203.0.113.1:8999", ["-m", "0.5"])).code === 0);
      expect(server.hosts).toEqual(Array(round).fill("203.0.113.10"));
      c.lab.ip(c.host, "link del eth2");
    }
  });

  onBoth("serves an address that appears after the start, and no longer once it is gone", kind, async (c) => {
    await c.begin({ publish: PUBLISH });
    const server = await serve(c.lab, c.c1, "http", 8080);
    const attempt = async (): Promise<number> => (await curl(c.lab, c.client, "203.0.113.1:8999", ["-m", "0.5"])).code;
    c.lab.ip(c.host, "addr add 203.0.113.1/32 dev eth0");
    await eventually("an answer at the new address", async () => (await attempt()) === 0);
    c.lab.ip(c.host, "addr del 203.0.113.1/32 dev eth0");
    await eventually("no answer at the old address", async () => (await attempt()) !== 0);
    expect(new Set(server.hosts)).toEqual(new Set([ADDR.client]));
  });

  onBoth("serves the clients of --allow-from alone", kind, async (c) => {
    const running = await c.begin({ publish: [...PUBLISH, "8999:172.17.0.4:5300/udp"], allowFrom: "192.0.2.0/28" });
    const http = await serve(c.lab, c.c1, "http", 8080);
    const udp = await serve(c.lab, c.c1, "udp", 5300);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
    expect(await ncUdp(c.lab, c.client, ADDR.host, 8999, "x")).toMatch(/^192\.0\.2\.10:/);
    const [one, two, datagram] = await Promise.all([
      curl(c.lab, c.lan2, `${ADDR.host2}:8999`, IN_VAIN.curl),
      curl(c.lab, c.lan2, `${ADDR.host}:8999`, IN_VAIN.curl),
      ncUdp(c.lab, c.lan2, ADDR.host2, 8999, "x", IN_VAIN.nc),
    ]);
    for (const { code } of [one, two]) expect(code).not.toBe(0);
    expect(datagram).toBe("");
    expect([http.hosts, udp.hosts]).toEqual([[ADDR.client], [ADDR.client]]);
    expect(await running.created()).toBe(2);
  });

  onBoth("shows a traceroute to the published port the host and nothing behind it", kind, async (c) => {
    await c.begin({ publish: [...PUBLISH, "8999:172.17.0.4:8080/udp"] });
    await serve(c.lab, c.c1, "http", 8080);
    for (const method of [
      ["-T", "-p", "8999"],
      ["-U", "-p", "8999"],
    ]) {
      const hops = await traceroute(c.lab, c.client, ADDR.host, method);
      expect(hops.at(-1), method.join(" ")).toBe(ADDR.host);
      expect(new Set(hops), method.join(" ")).toEqual(new Set([ADDR.host]));
    }
  });
});

onNftables("(control) a neighbour who sends to 127.0.0.1 does get through where nothing guards it", "kernel", async (c) => {
  await startNftables(c, { publish: PUBLISH, guardLoopback: false });
  const server = await serve(c.lab, c.c1, "http", 8080);
  await sendToLoopback(c);
  expect(server.hosts).toEqual([ADDR.client]);
});

onTsproxy("keeps ip_forward and the firewall as they are while it serves", "kernel", async (c) => {
  await c.begin({ publish: PUBLISH });
  await serve(c.lab, c.c1, "http", 8080);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  expect(c.lab.runSync(c.host, ["sysctl", "-n", "net.ipv4.ip_forward"]).trim()).toBe("0");
  expect(c.lab.runSync(c.host, ["nft", "list", "ruleset"])).toBe("");
});

/** A machine on the LAN that has no loopback and routes 127.0.0.1 to the host instead. Answers how many packets it sent. */
async function sendToLoopback(c: Case): Promise<number> {
  c.lab.ip(c.client, "addr del 127.0.0.1/8 dev lo\nroute add 127.0.0.1/32 via 192.0.2.1");
  c.lab.sysctl(c.client, "net.ipv4.conf.eth0.route_localnet", 1);
  c.lab.sysctl(c.client, "net.ipv4.conf.all.route_localnet", 1);
  const sent = probe(c.lab, c.client, "output", 'oifname "eth0" ip daddr 127.0.0.1 tcp dport 8999');
  await curl(c.lab, c.client, "127.0.0.1:8999", ["--interface", ADDR.client, ...IN_VAIN.curl]);
  return sent();
}
