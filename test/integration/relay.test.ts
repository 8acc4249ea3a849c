/** The socket relay: asked for by --relay, or what is left where BPF is not permitted. */
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { connect, curl, ncHalfClose, ncUdp, REFUSED, udpClient } from "../support/clients.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";
import { startInstance, type TsproxyProcess } from "../support/tsproxy.js";

const TCP = ["-p", "8999:172.17.0.4:8080"];
const UDP = ["-p", "8999:172.17.0.4:5300/udp"];

function startRelay(c: Case, ...args: string[]): Promise<TsproxyProcess> {
  return startInstance(c.lab, c.host, ["--relay", ...args]);
}

onTsproxy("serves TCP from everywhere; the server sees the host", "kernel", async (c) => {
  const running = await startRelay(c, ...TCP);
  const server = await serve(c.lab, c.c1, "http", 8080);
  expect(running.mappings).toMatchObject(["0.0.0.0", "::"].map((hostIp) => ({ hostIp, hostPort: 8999, via: "relay" })));
  for (const [ns, at] of [
    [c.client, ADDR.host],
    [c.lan2, ADDR.host],
    [c.host, "127.0.0.1"],
    [c.host, ADDR.host],
    [c.c2, ADDR.host],
    [c.c1, ADDR.gateway],
  ] as const) {
    expect((await curl(c.lab, ns, `${at}:8999`)).code).toBe(0);
  }
  expect(server.hosts).toEqual(Array(6).fill(ADDR.gateway));
});

/** Addresses of IPv6 between client and host; the containers have none. */
function addIpv6({ lab, host, client }: Case): void {
  lab.ip(host, "addr add 2001:db8::1/64 dev eth0 nodad\naddr add fe80::1/64 dev eth0 nodad");
  lab.ip(client, "addr add 2001:db8::10/64 dev eth0 nodad");
}

onTsproxy("leads IPv6 clients to a target of IPv4, from every address of the host, TCP and UDP", "kernel", async (c) => {
  addIpv6(c);
  await startRelay(c, ...TCP, ...UDP);
  const web = await serve(c.lab, c.c1, "http", 8080);
  await serve(c.lab, c.c1, "udp", 5300);
  for (const [ns, at] of [
    [c.client, "[2001:db8::1]"],
    [c.client, "[fe80::1%25eth0]"],
    [c.client, ADDR.host],
    [c.host, "[::1]"],
    [c.host, "[2001:db8::1]"],
  ] as const)
    expect((await curl(c.lab, ns, `${at}:8999`, ["-g"])).code, at).toBe(0);
  expect(web.hosts).toEqual(Array(5).fill(ADDR.gateway));
  expect(await ncUdp(c.lab, c.client, "2001:db8::1", 8999, "x")).toMatch(/^172\.17\.0\.1:/);
});

onTsproxy("passes a half-close through: the server answers after the client has shut its side", "kernel", async (c) => {
  await startRelay(c, ...TCP);
  await serve(c.lab, c.c1, "tcp", 8080);
  expect(await ncHalfClose(c.lab, c.client, ADDR.host, 8999, "hello\n")).toMatch(/^hello\nend 172\.17\.0\.1:\d+\n$/);
});

onTsproxy("carries 5 MB through a half-closed connection whole", "kernel", async (c) => {
  await startRelay(c, ...TCP);
  await serve(c.lab, c.c1, "tcp", 8080);
  const text = "0123456789abcdef".repeat(312_500);
  const answer = await ncHalfClose(c.lab, c.client, ADDR.host, 8999, text);
  expect(answer.length).toBeGreaterThan(text.length);
  expect(answer.startsWith(text)).toBe(true);
});

onTsproxy("closes the client's connection when the target refuses, and serves once it listens", "kernel", async (c) => {
  await startRelay(c, ...TCP);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).not.toBe(0);
  await serve(c.lab, c.c1, "http", 8080);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
});

onTsproxy("keeps one UDP session per client: answers come to whom they belong, by one stable port each", "kernel", async (c) => {
  await startRelay(c, ...UDP);
  const server = await serve(c.lab, c.c1, "udp", 5300);
  const one = await udpClient(c.lab, c.client, ADDR.host, 8999);
  const two = await udpClient(c.lab, c.host, "127.0.0.1", 8999);
  for (const [client, text] of [
    [one, "a1"],
    [two, "b1"],
    [one, "a2"],
    [two, "b2"],
  ] as const) {
    client.write(`${text}\n`);
    await client.until(`answer to ${text}`, () => client.stdout.includes(` ${text}"`));
  }
  expect(one.stdout).not.toMatch(/ b\d"/);
  expect(two.stdout).not.toMatch(/ a\d"/);
  const [p1, p2] = server.peers;
  expect(p1).not.toBe(p2);
  expect(server.peers).toEqual([p1, p2, p1, p2]);
});

onTsproxy("answers UDP from the very address that the client sent to, of several in one network, on loopback too", "kernel", async (c) => {
  c.lab.ip(c.host, "addr add 192.0.2.77/24 dev eth0");
  await startRelay(c, ...UDP);
  const server = await serve(c.lab, c.c1, "udp", 5300);
  // From one port: the answers of two addresses must not be mixed either.
  for (const [ns, local] of [
    [c.client, `${ADDR.client}:6000`],
    [c.host, "0.0.0.0:6000"],
  ] as const) {
    const addresses = ["192.0.2.77", ADDR.host, ADDR.host2, ...(ns === c.host ? ["127.0.0.1", "127.0.0.9"] : [])];
    for (const address of addresses) {
      const client = await udpClient(c.lab, ns, address, 8999, local);
      client.write(`to ${address}\n`);
      await client.until(`an answer from ${address}`, () => client.stdout.includes(`to ${address}`), 2_000);
      await client.stop();
    }
  }
  expect(new Set(server.peers).size).toBe(8); // a session for each pair of addresses
});

onTsproxy("outlives datagrams to a dead target: the first one after it is up is answered", "kernel", async (c) => {
  await startRelay(c, ...UDP);
  const client = await udpClient(c.lab, c.client, ADDR.host, 8999);
  for (const text of ["one", "two"]) {
    client.write(`${text}\n`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await serve(c.lab, c.c1, "udp", 5300);
  client.write("three\n");
  await client.until("answer to three", () => client.stdout.includes(' three"'));
});

onTsproxy("honours the bind address and --allow-from", "kernel", async (c) => {
  await startRelay(
    c,
    "-p",
    "127.0.0.1:8999:172.17.0.4:8080",
    "-p",
    "9000:172.17.0.4:8080",
    "--allow-from",
    "192.0.2.0/28",
    "--allow-from",
    "127.0.0.0/8",
  );
  const server = await serve(c.lab, c.c1, "http", 8080);
  expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(0);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
  expect((await curl(c.lab, c.client, `${ADDR.host}:9000`)).code).toBe(0);
  expect((await curl(c.lab, c.lan2, `${ADDR.host2}:9000`)).code).not.toBe(0);
  expect(server.hosts).toEqual([ADDR.gateway, ADDR.gateway]);
});

onTsproxy("publishes a range and picks a free port", "kernel", async (c) => {
  const running = await startRelay(c, "-p", "8000-8009:172.17.0.4:9000-9009", "-p", ":172.17.0.4:9009");
  await serve(c.lab, c.c1, "http", 9009);
  const picked = running.mappings.at(-1)?.hostPort;
  expect((await curl(c.lab, c.client, `${ADDR.host}:8009`)).code).toBe(0);
  expect((await curl(c.lab, c.client, `${ADDR.host}:${picked}`)).code).toBe(0);
});

onTsproxy("ends open connections on SIGTERM, exits 0 and leaves the host as it was", "kernel", async (c) => {
  const before = snapshot(c, c.host);
  const running = await startRelay(c, ...TCP, ...UDP);
  await serve(c.lab, c.c1, "tcp", 8080);
  await serve(c.lab, c.c1, "udp", 5300);
  const connections = await connect(c.lab, c.client, ADDR.host, 8999);
  await connections.exchange("hello");
  expect(await ncUdp(c.lab, c.client, ADDR.host, 8999, "x")).toMatch(/^172\.17\.0\.1:/);
  await running.stop();
  await connections.proc.until("closed", () => connections.closed.length > 0);
  expect(snapshot(c, c.host)).toBe(before);
});

for (const [title, wrap] of [
  ["without CAP_BPF", ["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-bpf,-sys_admin"]],
  ["without CAP_NET_ADMIN", ["setpriv", "--bounding-set=-bpf,-sys_admin,-net_admin", "--inh-caps=-bpf,-sys_admin,-net_admin"]],
] as const) {
  onTsproxy(`falls back to the relay ${title}, says so, and serves`, "kernel", async (c) => {
    const before = snapshot(c, c.host);
    const server = await serve(c.lab, c.c1, "http", 8080);
    const running = await startInstance(c.lab, c.host, TCP, { wrap: [...wrap] });
    expect(running.proc.stderr).toMatch(/relay/);
    expect(running.mappings.map(({ via }) => via)).toEqual(["relay", "relay"]);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
    expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(0);
    expect(server.hosts).toEqual([ADDR.gateway, ADDR.gateway]);
    await running.stop();
    expect(snapshot(c, c.host)).toBe(before);
  });
}
