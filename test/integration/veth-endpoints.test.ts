/** Endpoints that are one end of a veth pair: their devices, and that they behave as one that is a TAP. */
import { expect } from "vitest";
import { onTsproxy } from "../support/cases.js";
import { type Connections, connect, curl, ping, udpExchange } from "../support/clients.js";
import { kernel } from "../support/kernel.js";
import * as p from "../support/packets.js";
import { eventually, type Proc } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6, snapshot, type World } from "../support/topology.js";
import { networkArgs, startInstance, type TsproxyProcess, tsproxy } from "../support/tsproxy.js";
import { Wire } from "../support/wire.js";

const VETH = ["--attach", "veth"];
const MAC = { gateway: "02:42:ac:11:00:01", c1: "02:42:ac:11:00:04" } as const;

onTsproxy("an endpoint on a veth pair may change its device as one on a TAP may", "own", async (c) => {
  const { lab, host, c1, c2 } = c;
  addIpv6(c);
  const running = await startInstance(lab, host, [...networkArgs(c, true), ...VETH, "--mtu", "1400", "-p", "8999:172.17.0.4:8080"]);
  const reaches = async (): Promise<number> => (await ping(lab, c2, ADDR.c1, ["-c", "1", "-W", "1"])).received;
  expect(lab.runSync(c1, ["ip", "-o", "-d", "link", "show", "eth0"])).toMatch(/ mtu 1400 .* veth /);
  expect(lab.runSync(host, ["ip", "-br", "link"])).toMatch(/tspv0@.*\n(.*\n)*tspv1@/);
  expect(lab.runSync(host, ["ip", "-o", "addr"])).not.toMatch(/tsp[ev]\d/); // not even a link-local one
  for (const [from, to] of [
    [c1, ADDR.c2],
    [c1, ADDR.gateway],
    [host, ADDR.c2],
    [c1, ADDR6.c2],
    [c1, ADDR6.gateway],
    [host, ADDR6.c2],
  ] as const)
    expect((await ping(lab, from, to, ["-c", "1"])).received, `${from} to ${to}`).toBe(1);
  expect((await ping(lab, c2, ADDR.c1, ["-c", "1", "-s", "5000"])).received).toBe(1); // in fragments

  // Down: nothing comes. Up, with the route that went: all is as before.
  lab.ip(c1, "link set eth0 down");
  expect(await reaches()).toBe(0);
  lab.ip(c1, `link set eth0 up\nroute replace default via ${ADDR.gateway}`);
  await eventually("the endpoint is back", async () => (await reaches()) === 1);

  // More than the network's MTU leaves as it does by a TAP; the neighbor, whose MTU is as it was, still takes it.
  lab.ip(c1, "link set eth0 mtu 3000");
  expect((await ping(lab, c1, ADDR.c2, ["-c", "1", "-s", "2500", "-M", "do"])).received).toBe(1);
  lab.ip(c1, "link set eth0 mtu 1400");

  // From another MAC nothing gets out, and that is counted as ever. Back again, it does.
  const mac = /link\/ether (\S+)/.exec(lab.runSync(c1, ["ip", "-o", "link", "show", "eth0"]))![1]!;
  lab.ip(c1, "link set eth0 address 02:00:00:00:00:99");
  expect(await reaches()).toBe(0);
  expect((await running.stats()).ports.find(({ address }) => address?.startsWith(ADDR.c1))?.drops["source-mac-spoofed"]).toBeGreaterThan(0);
  lab.ip(c1, `link set eth0 address ${mac}`);
  await eventually("the endpoint is back", async () => (await reaches()) === 1);

  // Somebody sets the host's end down, or the TAP beside it: it is set up again.
  for (const device of ["tspv0", "tspe0"]) {
    lab.ip(host, `link set ${device} down`);
    await eventually(`${device} is up again`, async () => running.proc.stderr.includes(`set ${device} down`) && (await reaches()) === 1);
  }

  // Deleted from within, or the TAP by somebody on the host: made again.
  for (const [ns, device] of [
    [c1, "eth0"],
    [host, "tspe0"],
  ] as const) {
    const index = (): string | undefined => /^(\d+): eth0/m.exec(lab.runSync(c1, ["ip", "-o", "link"]))?.[1];
    const before = index();
    lab.ip(ns, `link del ${device}`);
    await eventually("another device", () => index() !== undefined && index() !== before);
    await eventually("the endpoint is back", async () => (await reaches()) === 1);
  }
  expect(running.proc.stderr.match(/'eth0' was deleted by somebody else; it is made again/g)).toHaveLength(2);
});

onTsproxy("a killed instance's pairs go with the next start, and an orderly end leaves nothing", "own", async (c) => {
  const { lab, host, c1 } = c;
  const before = snapshot(c, host);
  const args = [...networkArgs(c), ...VETH, "-p", "8999:172.17.0.4:8080"];
  const first = await startInstance(lab, host, args);
  await first.proc.stop("SIGKILL");
  expect(lab.runSync(host, ["ip", "-br", "link"])).toMatch(/tspv0@/);
  // The host's stack takes nothing of what the endpoint sends meanwhile.
  expect((await ping(lab, c1, ADDR.host, ["-c", "1", "-W", "1"])).received).toBe(0);
  const second = await startInstance(lab, host, args);
  await serve(lab, c1, "http", 8080);
  expect((await curl(lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  await second.stop();
  expect(snapshot(c, host)).toEqual(before);
  expect(lab.runSync(c1, ["ip", "-br", "link"])).not.toContain("eth0");
});

onTsproxy("a promiscuous network's endpoint on a veth pair may have other addresses and MACs, and hears groups", "own", async (c) => {
  const { lab, host, c1, c2 } = c;
  await startInstance(lab, host, [...networkArgs(c), ...VETH, "--promiscuous"]);
  // Another MAC, which the bridge learns; what comes for it is for the endpoint, though the kernel on the host takes it for another's.
  lab.ip(c1, "link set eth0 address 02:00:00:00:00:99\naddr add 172.17.0.77/16 dev eth0");
  expect((await ping(lab, c1, ADDR.c2, ["-c", "1", "-I", "172.17.0.77"])).received).toBe(1);
  expect((await ping(lab, c2, "172.17.0.77", ["-c", "1"])).received).toBe(1);
  const group = lab.start(c1, ["timeout", "5", "tcpdump", "-ni", "eth0", "-c", "1", "udp", "and", "dst", "239.1.2.3"]);
  await group.until("listening", () => /listening/.test(group.stderr));
  lab.ip(c2, "route add 239.0.0.0/8 dev eth0");
  await eventually("a datagram to the group", () => {
    lab.runSync(c2, ["sh", "-c", "echo hi | nc -u -w1 -q0 239.1.2.3 5000 || true"]);
    return /239\.1\.2\.3/.test(group.stdout);
  });
});

onTsproxy(
  "a kernel without veth pairs has endpoints on TAPs by itself, and says so; asked for, they are refused with what to do",
  "own",
  async (c) => {
    const { lab, host, c1 } = c;
    const before = snapshot(c, host);
    const refused = await tsproxy(lab, host, [...networkArgs(c), ...VETH], kernel("no veth"));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/the kernel has no veth pairs, .*: 'modprobe veth', .* or choose 'auto' or 'tap'/);
    expect(snapshot(c, host)).toEqual(before);
    const running = await startInstance(lab, host, networkArgs(c), kernel("no veth"));
    expect((await ping(lab, c1, ADDR.c2, ["-c", "1"])).received).toBe(1);
    expect(lab.runSync(c1, ["ip", "-o", "-d", "link", "show", "eth0"])).toMatch(/ tun type tap /);
    expect(running.proc.stderr.match(/the kernel has no veth pairs: endpoints hang on TAPs/g)).toHaveLength(1); // of two endpoints
  },
);

/** Packets of flows that the kernel has carried, and of the endpoint's port all that came from it. */
async function counts(running: TsproxyProcess): Promise<{ carried: number; rx: number; drops: Record<string, number> }> {
  const { steering, ports } = await running.stats();
  const port = ports.find(({ address }) => address?.startsWith(ADDR.c1));
  return { carried: steering?.offloaded ?? 0, rx: port?.rxPackets ?? 0, drops: port?.drops ?? {} };
}

/** Packets of flows that the engine has read, and sent on: those that the steering programs gave it, or it gave them. */
async function engineSaw(running: TsproxyProcess): Promise<number> {
  const { steering = {}, ports } = await running.stats();
  const uplink = ports.find(({ kind }) => kind === "uplink")!;
  return uplink.rxPackets + uplink.txPackets + (steering.accepted ?? 0);
}

/** What an endpoint sends to somebody who never answers is carried, too, and none of it is lost or late. */
async function oneWay({ lab, client, c1 }: World, running: TsproxyProcess): Promise<void> {
  const node = (ns: string, script: string): Proc =>
    lab.start(ns, [process.execPath, "-e", `const s = require("dgram").createSocket("udp4"); ${script}`]);
  const sink = node(client, `s.on("message", (m) => console.log(String(m))).bind(7000, () => console.log("bound"))`);
  await sink.until("bound", ({ stdout }) => stdout.includes("bound"));
  const numbers = Array.from({ length: 30 }, (_, n) => `${n}`);
  node(c1, `s.bind(7001); let n = 0; setInterval(() => n < ${numbers.length} && s.send(String(n++), 7000, "${ADDR.client}"), 5)`);
  await sink.until("all arrive", ({ stdout }) => stdout.trim().split("\n").length > numbers.length);
  expect(sink.stdout.trim().split("\n").slice(1)).toEqual(numbers);
  const flow = (await running.flowViews()).find(({ original }) => original.src === `${ADDR.c1}:7001`)!;
  expect(flow).toMatchObject({ state: "unreplied", offloaded: true, packets: [numbers.length, 0] });
  expect(flow.timeoutSec).toBeGreaterThan(100);
}

onTsproxy("the kernel carries what endpoints on veth pairs publish and open, of both families, once it is decided", "own", async (c) => {
  const { lab, host, client, c1, c2 } = c;
  addIpv6(c);
  const publish = ["-p", `0.0.0.0:8999:${ADDR.c1}:8081`, "-p", `[::]:8999:[${ADDR6.c1}]:8081`, "-p", `5353:${ADDR.c1}:5353/udp`];
  const running = await startInstance(lab, host, [...networkArgs(c, true), ...VETH, ...publish]);
  await eventually("the programs are loaded", async () => (await running.stats()).offload?.loading === undefined);
  for (const ns of [c1, client]) {
    await serve(lab, ns, "tcp", 8081, { LISTEN: "::" });
    await serve(lab, ns, "udp", 5353);
  }
  const ways = [
    [client, ADDR.host, 8999, "published"],
    [client, ADDR6.host, 8999, "published, IPv6"],
    [host, "127.0.0.1", 8999, "published, from the host"],
    [host, ADDR.gateway, 8999, "published, from the host by the gateway's address"],
    [host, ADDR6.gateway, 8999, "published, from the host by the gateway's IPv6 address"],
    [c2, ADDR.host, 8999, "published, from a neighbor"],
    [c2, ADDR6.host, 8999, "published, from a neighbor by IPv6"],
    [c1, ADDR.host, 8999, "published, from itself"],
    [c1, ADDR.client, 8081, "masqueraded"],
    [c1, ADDR6.client, 8081, "masqueraded, IPv6"],
  ] as const;
  const connections: Connections[] = [];
  for (const [from, to, port, what] of ways) {
    const connection = await connect(lab, from, to, port);
    connections.push(connection);
    await connection.exchange("first.");
    const before = await counts(running);
    for (let n = 0; n < 10; n++) await connection.exchange(`${what} ${n}.`);
    const after = await counts(running);
    expect(after.carried - before.carried, what).toBeGreaterThanOrEqual(20);
    expect(after.rx - before.rx, what).toBeGreaterThanOrEqual(10); // carried packets are the port's, too
  }
  expect((await running.flowViews()).filter(({ state, offloaded }) => offloaded && state === "established")).toHaveLength(ways.length);

  // Whatever happens on the host meanwhile, the engine gets none of their packets.
  const events = [
    "addr add 192.0.2.77/24 dev eth0",
    "link add tspnew type bridge\nlink set tspnew up\naddr add 10.9.9.1/24 dev tspnew\nroute add 10.9.8.0/24 dev tspnew",
    "link del tspnew\naddr del 192.0.2.77/24 dev eth0",
  ];
  let seen = await engineSaw(running);
  for (const event of events) {
    lab.ip(host, event);
    for (const connection of connections) await connection.exchange(`${event.length}.`);
    const now = await engineSaw(running);
    expect(now - seen, event).toBe(0);
    seen = now;
  }

  expect(await udpExchange(lab, client, ADDR.host, 5353, "hello")).toContain("hello");
  expect(await udpExchange(lab, c1, ADDR.client, 5353, "hello")).toContain("hello");
  await oneWay(c, running);
  expect((await running.stats()).steering?.["forward-refused"]).toBe(0);

  // With another MAC the endpoint's packets are the engine's again, which drops them.
  const held = await connect(lab, c1, ADDR.client, 8081);
  await held.exchange("held.");
  lab.ip(c1, "link set eth0 address 02:00:00:00:00:99");
  const before = await counts(running);
  held.proc.write("spoofed.\n");
  await eventually(
    "it is dropped",
    async () => ((await counts(running)).drops["source-mac-spoofed"] ?? 0) > (before.drops["source-mac-spoofed"] ?? 0),
  );
  expect((await counts(running)).carried).toBe(before.carried);
});

onTsproxy("the kernel carries what neighbors on veth pairs send each other, and nobody gets another's", "own", async (c) => {
  const { lab, host, c1, c2 } = c;
  addIpv6(c);
  const running = await startInstance(lab, host, [...networkArgs(c, true), ...VETH]);
  await eventually("the programs are loaded", async () => (await running.stats()).offload?.loading === undefined);
  await serve(lab, c1, "tcp", 8081, { LISTEN: "::" });
  await serve(lab, c1, "udp", 5353);
  /** Packets that c2 has sent, and those of them, roughly, that the engine has seen: what went into its TAP. */
  const sent = async (): Promise<{ all: number; seen: number; drops: Record<string, number> }> => {
    const port = (await running.stats()).ports.find(({ address }) => address?.startsWith(ADDR.c2))!;
    const [tap] = JSON.parse(lab.runSync(host, ["ip", "-s", "-j", "link", "show", "tspe1"])) as [{ stats64: { tx: { packets: number } } }];
    return { all: port.rxPackets, seen: tap.stats64.tx.packets, drops: port.drops };
  };
  const isCarried = async (address: string): Promise<void> => {
    const connection = await connect(lab, c2, address, 8081);
    await connection.exchange("first.");
    const before = await sent();
    for (let n = 0; n < 20; n++) await connection.exchange(`${address} ${n}.`);
    const after = await sent();
    expect(after.all - before.all, address).toBeGreaterThanOrEqual(20);
    expect(after.seen - before.seen, address).toBeLessThan(8); // ARP, discovery
  };
  for (const address of [ADDR.c1, ADDR6.c1]) await isCarried(address);
  expect(await udpExchange(lab, c2, ADDR.c1, 5353, "hello")).toContain("hello");
  expect((await ping(lab, c2, ADDR.c1, ["-c", "1", "-s", "5000"])).received).toBe(1);

  // What the host sends is carried, too, and what comes back, and counted for both.
  const ofHost = async () => {
    const port = (await running.stats()).ports.find(({ kind }) => kind === "host")!;
    const queue = (device: string): number =>
      (JSON.parse(lab.runSync(host, ["ip", "-s", "-j", "link", "show", device])) as [{ stats64: { tx: { packets: number } } }])[0].stats64
        .tx.packets;
    return { sent: port.rxPackets, got: port.txPackets, queued: queue(port.name), answersQueued: queue("tspe0") };
  };
  const isCarriedBothWays = async (from: string, to: string, port: number): Promise<void> => {
    const connection = await connect(lab, from, to, port);
    await connection.exchange("first.");
    const before = await ofHost();
    for (let n = 0; n < 20; n++) await connection.exchange(`${to} ${n}.`);
    const after = await ofHost();
    expect(after.sent - before.sent, to).toBeGreaterThanOrEqual(20);
    expect(after.got - before.got, to).toBeGreaterThanOrEqual(20);
    expect(after.queued - before.queued, to).toBeLessThan(8); // ARP, discovery
    expect(after.answersQueued - before.answersQueued, to).toBeLessThan(8);
  };
  for (const address of [ADDR.c1, ADDR6.c1]) await isCarriedBothWays(host, address, 8081);
  // The same of what an endpoint opens to a program of the host; and the host's firewall sees all of it.
  await serve(lab, host, "tcp", 8082, { LISTEN: "::" });
  const rule = ["INPUT", "-i", (await running.stats()).ports.find(({ kind }) => kind === "host")!.name, "-p", "tcp", "--dport", "8082"];
  for (const command of ["iptables", "ip6tables"]) lab.runSync(host, [command, "-A", ...rule]);
  for (const address of [ADDR.gateway, ADDR6.gateway]) await isCarriedBothWays(c1, address, 8082);
  for (const command of ["iptables", "ip6tables"])
    expect(Number(/-A .* -c (\d+)/.exec(lab.runSync(host, [command, "-vS", "INPUT"]))![1]), command).toBeGreaterThanOrEqual(20);

  // What is not from its own address or MAC is dropped as ever, and counted, though the pair is carried.
  const before = await sent();
  lab.ip(c2, "addr add 172.17.0.77/16 dev eth0");
  lab.runSync(c2, ["sh", "-c", `echo forged | nc -u -w1 -q0 -s 172.17.0.77 ${ADDR.c1} 5353 || true`]);
  const dropped = (reason: string) => async () => ((await sent()).drops[reason] ?? 0) > (before.drops[reason] ?? 0);
  await eventually("the address is refused", dropped("source-spoofed"));
  const mac = /link\/ether (\S+)/.exec(lab.runSync(c2, ["ip", "-o", "link", "show", "eth0"]))![1]!;
  const held = await connect(lab, c2, ADDR.c1, 8081);
  lab.ip(c2, "link set eth0 address 02:00:00:00:00:99");
  held.proc.write("spoofed.\n");
  await eventually("the MAC is refused", dropped("source-mac-spoofed"));
  lab.ip(c2, `link set eth0 address ${mac}`);
  await held.exchange("again.");

  // Another device gets the same MAC and address: it is the one that is reached.
  const index = (): string | undefined => /^(\d+): eth0/m.exec(lab.runSync(c1, ["ip", "-o", "link"]))?.[1];
  const former = index();
  lab.ip(c1, "link del eth0");
  await eventually("another device", () => index() !== undefined && index() !== former);
  await eventually("the endpoint is back", async () => (await ping(lab, c2, ADDR.c1, ["-c", "1", "-W", "1"])).received === 1);
  await isCarried(ADDR.c1);
});

onTsproxy("of what is carried no partial checksum is put into a header that the programs have looked at", "own", async (c) => {
  const running = await startInstance(c.lab, c.host, [...networkArgs(c), ...VETH]);
  await eventually("the programs are loaded", async () => (await running.stats()).offload?.loading === undefined);
  const inside = await Wire.tap(c.lab, c.c1);
  const outside = await Wire.tap(c.lab, c.client);
  const isOurs = (f: Uint8Array): boolean => p.u16(f, 22) === 0x0800 && f[33] === p.UDP;
  const datagram = p.frame(
    MAC.gateway,
    MAC.c1,
    p.udp({ src: ADDR.c1, dst: ADDR.client }, { sport: 4000, dport: 5000, data: p.payload(100) }),
  );
  for (let n = 0; n < 3; n++) {
    inside.send(datagram);
    const [out] = await outside.received(isOurs);
    const { sport } = p.parse(out!);
    outside.send(
      p.frame(
        p.parse(out!).srcMac,
        p.parse(out!).dstMac,
        p.udp({ src: ADDR.client, dst: ADDR.host }, { sport: 5000, dport: sport!, data: p.payload(9) }),
      ),
    );
    await inside.received();
  }
  const before = (await running.stats()).steering!;
  const aimed = [
    [20, 6], // the source address
    [24, 0], // the header checksum
    [24, 6], // the destination address
    [34, 2], // the port
    [34, 4], // the length
  ] as const;
  for (const [start, offset] of aimed) inside.send(p.setVnet(datagram.slice(), { flags: p.NEEDS_CSUM, start, offset }));
  expect(await outside.received(isOurs)).toEqual([]);
  inside.send(p.setVnet(datagram.slice(), { flags: p.NEEDS_CSUM, start: 34, offset: 6 }), datagram); // as every stack has it, and complete
  expect((await outside.received(isOurs)).map((f) => p.parse(f))).toMatchObject([
    { src: ADDR.host, dport: 5000 },
    { src: ADDR.host, dport: 5000 },
  ]);
  const after = (await running.stats()).steering!;
  expect(after["aimed-checksum"]! - before["aimed-checksum"]!).toBe(5);
  expect(after.offloaded! - before.offloaded!).toBeGreaterThanOrEqual(2);

  // The same to a neighbor.
  const beside = await Wire.tap(c.lab, c.c2);
  const near = p.frame(
    "02:42:ac:11:00:05",
    MAC.c1,
    p.udp({ src: ADDR.c1, dst: ADDR.c2 }, { sport: 4000, dport: 5000, data: p.payload(100) }),
  );
  inside.send(near);
  expect(await beside.received(isOurs)).toHaveLength(1);
  for (const [start, offset] of aimed) inside.send(p.setVnet(near.slice(), { flags: p.NEEDS_CSUM, start, offset }));
  expect(await beside.received(isOurs)).toEqual([]);
  inside.send(p.setVnet(near.slice(), { flags: p.NEEDS_CSUM, start: 34, offset: 6 }), near);
  expect(await beside.received(isOurs)).toHaveLength(2);
  expect((await running.stats()).steering!["aimed-checksum"]! - after["aimed-checksum"]!).toBe(5);
});
