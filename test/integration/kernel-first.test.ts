/**
 * What the host's kernel checks of a packet besides its firewall: where it comes from, whether it is whole, whose answer it is, whether IPsec
 * lets it in. And what comes to a published port that only a kernel's stack gives to a program.
 */
import { expect } from "vitest";
import { Cable, STATION, WIRE_BROADCAST, WIRE_HOST } from "../support/cable.js";
import { type Case, forEachKind, onTsproxy } from "../support/cases.js";
import { connect, curl, IN_VAIN, ncUdp, TIMED_OUT, udpClient, udpExchange } from "../support/clients.js";
import * as p from "../support/packets.js";
import { eventually, sleep } from "../support/proc.js";
import { type Server, serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { networkArgs, startInstance, type TsproxyProcess } from "../support/tsproxy.js";

const PORT = 8999;
const MAPPINGS = ["-p", `${PORT}:172.17.0.4:8080`, "-p", `${PORT}:172.17.0.4:5300/udp`];
const ports = { sport: 40000, dport: PORT };

interface Served {
  instance: TsproxyProcess;
  wire: Cable;
  udp: Server;
}

/** tsproxy, a UDP server, and a station on a wire whose frames are made by hand. */
async function begin(c: Case, args: string[] = []): Promise<Served> {
  const wire = new Cable(c.lab, c.host);
  c.ctx.onTestFinished(() => wire.close());
  const instance = await startInstance(c.lab, c.host, [...MAPPINGS, ...networkArgs(c), ...args]);
  return { instance, wire, udp: await serve(c.lab, c.c1, "udp", 5300) };
}

function strict(c: Case): void {
  for (const device of ["all", "default", "eth0", "eth1", "wire0"]) c.lab.sysctl(c.host, `net.ipv4.conf.${device}.rp_filter`, 1);
}

/** What a device announces before there is another is for nobody, and is not looked at. */
async function drops(instance: TsproxyProcess): Promise<Record<string, number>> {
  const { "flood-alone": _, ...all } = (await instance.stats()).drops;
  return all;
}

forEachKind((kind) => {
  onTsproxy("strict reverse-path filtering keeps out who cannot be there, in new flows and in known ones", kind, async (c) => {
    const { wire, udp } = await begin(c);
    strict(c);
    for (const src of [ADDR.client, ADDR.c2, "0.0.0.0", "255.255.255.255", "224.1.2.3", "127.0.0.1", WIRE_HOST, ADDR.gateway])
      wire.send(p.udp({ src, dst: WIRE_HOST }, ports));
    wire.send(p.udp({ src: STATION, dst: WIRE_HOST }, ports));
    await eventually("the station's datagram", () => udp.peers.length > 0);
    await sleep(100);
    expect(udp.peers).toEqual([`${STATION}:40000`]);
    expect(await udpExchange(c.lab, c.client, ADDR.host, PORT, "x")).toMatch(/^192\.0\.2\.10:/);
    const known = udp.peers.at(-1)!;
    wire.send(p.udp({ src: ADDR.client, dst: ADDR.host }, { sport: Number(known.split(":")[1]), dport: PORT }));
    await sleep(100);
    expect(udp.peers).toEqual([`${STATION}:40000`, known]);
  });

  onTsproxy("where the kernel takes a client's packets from another interface, its flow goes on there, and back again", kind, async (c) => {
    const { wire, udp, instance } = await begin(c);
    const datagram = p.udp({ src: STATION, dst: WIRE_HOST }, ports);
    wire.send(datagram);
    await eventually("the first datagram", () => udp.peers.length === 1);
    // The same station at eth0: what a second way of the client's looks like to the host.
    const raw = c.lab.start(c.client, ["python3", "-c", SEND_FRAMES, macOf(c, c.host, "eth0"), p.hex(datagram), "3"]);
    await raw.finish();
    await eventually("three by the other way", () => udp.peers.length === 4);
    wire.send(datagram);
    await eventually("one by the first way", () => udp.peers.length === 5);
    expect(await instance.created()).toBe(1);
    expect(await drops(instance)).toEqual({});
  });

  onTsproxy("a reverse-path rule in prerouting lets programs of the host use the port, at each of its addresses", kind, async (c) => {
    const { udp } = await begin(c);
    strict(c);
    c.lab.runSync(
      c.host,
      ["nft", "-f", "-"],
      "table ip raw {\n  chain pre {\n    type filter hook prerouting priority raw\n    fib saddr . iif oif missing drop\n  }\n}\n",
    );
    await serve(c.lab, c.c1, "http", 8080);
    for (const at of ["127.0.0.1", "127.0.0.53", ADDR.host, ADDR.host2, WIRE_HOST, ADDR.gateway]) {
      expect((await curl(c.lab, c.host, `${at}:${PORT}`)).code, at).toBe(0);
      expect(await ncUdp(c.lab, c.host, at, PORT, "x"), at).toMatch(/^172\.17\.0\.1:\d+ x$/);
    }
    expect(await ncUdp(c.lab, c.client, ADDR.host, PORT, "x")).toMatch(/^192\.0\.2\.10:/);
    expect(udp.peers).toHaveLength(7);
  });

  onTsproxy("a client whose frames carry a priority tag (VLAN 0) is served", kind, async (c) => {
    const { wire, udp } = await begin(c);
    for (let n = 1; n <= 3; n++) {
      wire.send(p.udp({ src: STATION, dst: WIRE_HOST }, ports), (frame) => p.tagged(frame, 0));
      const [answer, ...more] = await wire.received();
      expect(more).toEqual([]);
      expect(p.parseIp(answer!)).toMatchObject({ src: WIRE_HOST, sport: PORT, dst: STATION, dport: 40000 });
      expect(udp.peers).toHaveLength(n);
    }
    wire.send(p.udp({ src: STATION, dst: WIRE_HOST }, ports), (frame) => p.tagged(frame, 5)); // no VLAN of the host's
    await sleep(100);
    expect(udp.peers).toHaveLength(3);
  });

  onTsproxy("what has a wrong checksum opens no flow", kind, async (c) => {
    const { wire, udp, instance } = await begin(c);
    const ends = { src: STATION, dst: WIRE_HOST };
    const corrupt = (datagram: Uint8Array, at: number): Uint8Array => datagram.with(at, datagram[at]! ^ 0x40);
    wire.send(corrupt(p.udp(ends, ports), 10)); // IP
    wire.send(corrupt(p.udp(ends, ports), 30)); // UDP
    wire.send(corrupt(p.tcp(ends, { ...ports, flags: p.SYN }), 10));
    wire.send(corrupt(p.tcp(ends, { ...ports, flags: p.SYN }), 30)); // TCP
    wire.send(corrupt(p.tcp(ends, { ...ports, flags: p.SYN, data: p.payload(100) }), 30)); // so long that the kernel looks at it later
    await eventually("a drop", async () => (await drops(instance))["bad-checksum"] === 1);
    expect(await instance.created()).toBe(0);
    expect(udp.peers).toEqual([]);
  });

  onTsproxy("datagrams to broadcast addresses reach the target, which answers from the host's own", kind, async (c) => {
    const { wire, udp, instance } = await begin(c);
    for (const dst of [WIRE_BROADCAST, "255.255.255.255", WIRE_BROADCAST]) {
      wire.send(p.udp({ src: STATION, dst }, ports), (frame) => frame, "ff:ff:ff:ff:ff:ff");
      const answers = await wire.received();
      expect(answers.map(p.parseIp)).toMatchObject([{ src: WIRE_HOST, sport: PORT, dst: STATION, dport: 40000 }]);
      expect(p.wrongChecksums(answers[0]!)).toEqual([]);
    }
    expect(udp.peers).toEqual(Array(3).fill(`${STATION}:40000`));
    expect(await instance.created()).toBe(1);
  });

  onTsproxy("a flow may open with a datagram in fragments, in whatever order, and go on with others", kind, async (c) => {
    const { wire, udp, instance } = await begin(c);
    const made = p.fragments(
      p.udp({ src: STATION, dst: WIRE_HOST, fragment: 0 }, { ...ports, data: new Uint8Array(60_000).fill(0x78) }),
      1480,
    );
    for (const part of [...made].reverse()) wire.send(part);
    await eventually("the first datagram", () => udp.peers.length === 1);
    for (const part of made) wire.send(part);
    await eventually("the second datagram", () => udp.peers.length === 2);
    expect(udp.proc.events().filter(({ event }) => event === "request")).toMatchObject([{ bytes: 60_000 }, { bytes: 60_000 }]);
    expect(await drops(instance)).toEqual({});
  });

  onTsproxy("datagrams in fragments, the last one first, go through a known flow both ways, and hairpinned", kind, async (c) => {
    const { wire, udp, instance } = await begin(c);
    const reversed = (datagram: Uint8Array, id: number): Uint8Array[] => p.fragments(p.numbered(datagram, id), 1480).reverse();
    const datagram = p.udp({ src: STATION, dst: WIRE_HOST, fragment: 0 }, { ...ports, data: p.payload(6000) });
    const sendFrom = (ns: string, dst: string, parts: Uint8Array[]): Promise<unknown> =>
      c.lab.start(ns, ["python3", "-c", SEND_DATAGRAMS, dst, ...parts.map((part) => p.hex(part))]).finish();

    wire.send(p.udp({ src: STATION, dst: WIRE_HOST }, ports));
    expect(await wire.received()).toHaveLength(1);
    for (const id of [1, 2]) for (const part of reversed(datagram, id)) wire.send(part);
    await eventually("two more", () => udp.peers.length === 3);
    await wire.received();

    const answer = p.udp({ src: ADDR.c1, dst: STATION, fragment: 0 }, { sport: 5300, dport: ports.sport, data: p.payload(6000) });
    await sendFrom(c.c1, STATION, reversed(answer, 3));
    const got = (await wire.received()).toSorted((a, b) => (p.u16(a, 6) & 0x1fff) - (p.u16(b, 6) & 0x1fff));
    expect(p.parseIp(p.reassembled(got))).toMatchObject({ src: WIRE_HOST, sport: PORT, data: p.payload(6000) });

    const hairpin = p.udp({ src: ADDR.c2, dst: ADDR.host, fragment: 0 }, { sport: 40001, dport: PORT, data: p.payload(6000) });
    for (const id of [4, 5, 6]) await sendFrom(c.c2, ADDR.host, reversed(hairpin, id));
    await eventually("three hairpinned", () => udp.peers.length === 6);
    expect(udp.proc.events().filter(({ event, bytes }) => event === "request" && bytes === 6000)).toHaveLength(5);
    if (kind === "own") {
      // The reply to what is masqueraded, for which no socket on the host waits.
      const there = await serve(c.lab, c.c1, "udp", 6000);
      await sendFrom(c.c1, STATION, [p.udp({ src: ADDR.c1, dst: STATION, fragment: 0 }, { sport: 6000, dport: 7000 })]);
      const dport = p.parseIp((await wire.received())[0]!).sport;
      const reply = p.udp({ src: STATION, dst: WIRE_HOST, fragment: 0 }, { sport: 7000, dport, data: p.payload(6000) });
      for (const part of reversed(reply, 7)) wire.send(part);
      await eventually("the reply", () => there.peers.length === 1);
    }
    expect(await drops(instance)).toEqual({});
  });

  onTsproxy("IP options do not stand in the way", kind, async (c) => {
    const { wire, udp } = await begin(c);
    for (let n = 1; n <= 2; n++) {
      wire.send(
        p.udp(
          {
            src: STATION,
            dst: WIRE_HOST,
            options: p.bytesOf("01010101010101010101010101010101010101010101010101010101010101010101010101010100"),
          },
          ports,
        ),
      );
      expect((await wire.received()).map(p.parseIp)).toMatchObject([{ src: WIRE_HOST, dst: STATION }]);
      expect(udp.peers).toHaveLength(n);
    }
  });

  onTsproxy("a policy that lets in IPsec alone holds", kind, async (c) => {
    const { udp } = await begin(c);
    for (const dir of ["in", "fwd"])
      c.lab.runSync(c.host, ["ip", "xfrm", "policy", "add", "src", `${ADDR.client}/32`, "dst", "0.0.0.0/0", "dir", dir, "action", "block"]);
    const others = [
      ncUdp(c.lab, c.client, ADDR.host, PORT, "x", IN_VAIN.nc),
      curl(c.lab, c.client, `${ADDR.host}:${PORT}`, IN_VAIN.curl),
    ] as const;
    expect(await Promise.all(others)).toEqual(["", expect.objectContaining({ code: TIMED_OUT })]);
    expect(await ncUdp(c.lab, c.lan2, ADDR.host2, PORT, "x")).toMatch(/^198\.51\.100\.11:/);
    expect(udp.hosts).toEqual([ADDR.lan2]);
  });

  for (const args of [["--offload", "never"], []])
    onTsproxy(`answers that are to be encrypted do not leave as they are (${args.join(" ") || "by default"})`, kind, async (c) => {
      const { udp, instance } = await begin(c, args);
      await serve(c.lab, c.c1, "tcp", 8080);
      const [secret, open] = [await connect(c.lab, c.client, ADDR.host, PORT, 1), await connect(c.lab, c.lan2, ADDR.host2, PORT, 1)];
      const datagrams = await udpClient(c.lab, c.client, ADDR.host, PORT);
      const answers = (): string =>
        datagrams
          .events()
          .flatMap(({ event, text }) => (event === "data" ? [String(text)] : []))
          .join(" ");
      for (const connection of [secret, open]) await connection.exchange("before the policy");
      datagrams.write("one\n");
      await datagrams.until("an answer", () => answers().endsWith("one"));
      // No security association, and nobody to make one: what the policy is about goes nowhere.
      const policy = ["src", "0.0.0.0/0", "dst", `${ADDR.client}/32`, "dir", "out"];
      c.lab.runSync(c.host, ["ip", "xfrm", "policy", "add", ...policy, "tmpl", "proto", "esp", "mode", "transport"]);
      await eventually("the warning", () => instance.proc.stderr.includes(`${ADDR.client}/32`));
      secret.proc.write("under the policy\n");
      await open.exchange("under the policy");
      datagrams.write("two\n");
      await eventually("the second datagram", () => udp.peers.length === 2);
      await sleep(200);
      expect([secret.text(), answers()].join()).not.toMatch(/under the policy|two/);
      c.lab.runSync(c.host, ["ip", "xfrm", "policy", "delete", ...policy]);
      datagrams.write("three\n");
      await datagrams.until("an answer", () => answers().endsWith("three"));
      await secret.exchange("after the policy");
      // One of an xfrm interface is for what goes by that alone.
      const left = (await instance.stats()).steering["left-to-ipsec"];
      expect(left).toBeGreaterThan(1);
      c.lab.runSync(c.host, ["ip", "xfrm", "policy", "add", ...policy, "if_id", "7", "tmpl", "proto", "esp", "mode", "transport"]);
      await secret.exchange("beside the interface's policy");
      expect((await instance.stats()).steering["left-to-ipsec"]).toBe(left);
    });
});

onTsproxy(
  "answers to what a container sends from a published port's number, masqueraded by the kernel, are its own",
  "kernel",
  async (c) => {
    c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
    c.lab.runSync(c.host, ["iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "172.17.0.0/16", "!", "-o", "docker0", "-j", "MASQUERADE"]);
    const { udp, instance } = await begin(c);
    await serve(c.lab, c.client, "tcp", 9000);
    await serve(c.lab, c.client, "udp", 9000);
    const connection = await connect(c.lab, c.c2, ADDR.client, 9000, 1, `${ADDR.c2}:${PORT}`);
    await connection.exchange("ping");
    expect(await ncUdp(c.lab, c.c2, ADDR.client, 9000, "x", ["-p", String(PORT)])).toBe(`${ADDR.host}:${PORT} x`);
    expect(udp.peers).toEqual([]);
    expect(await instance.created()).toBe(0);
  },
);

/** python3 -c … DST DATAGRAM…: sends datagrams (hex), their headers as they are. */
const SEND_DATAGRAMS = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for datagram in sys.argv[2:]: s.sendto(bytes.fromhex(datagram), (sys.argv[1], 0))
`;

/** python3 -c … MAC DATAGRAM COUNT: sends a datagram (hex) COUNT times out of eth0. */
const SEND_FRAMES = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
for _ in range(int(sys.argv[3])): s.send(bytes.fromhex(sys.argv[1].replace(":", "") + "020000000009" + "0800" + sys.argv[2]))
`;

function macOf({ lab }: Case, ns: string, device: string): string {
  return (JSON.parse(lab.runSync(ns, ["ip", "-j", "link", "show", device])) as { address: string }[])[0]!.address;
}
