/** `--offload`: what arrives is what arrived without it, and few packets come by the uplink. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect } from "vitest";
import { Cable, STATION, WIRE_HOST } from "../support/cable.js";
import { type Case, onTsproxy } from "../support/cases.js";
import { type Connections, connect, curl, ncHalfClose, REFUSED, udpClient } from "../support/clients.js";
import { type KernelLook, kernel } from "../support/kernel.js";
import { launchProxy, startDaemon, stats } from "../support/launcher.js";
import * as p from "../support/packets.js";
import { eventually, type Proc, sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";
import { launch, startInstance, TsproxyProcess, tsproxy, untilReady } from "../support/tsproxy.js";

const PORT = 8999;
const MAPPINGS = ["-p", `${PORT}:${ADDR.c1}:8080`, "-p", `${PORT}:${ADDR.c1}:8080/udp`];
const SIZE = 20_000_000;
const AT = `${ADDR.host}:${PORT}`;

/** Starts without knowing yet whether the kernel carries flows; `load` lets it go on to where that is known. */
async function startHeld(c: Case, version: KernelLook): Promise<{ instance: TsproxyProcess; load(): Promise<Proc> }> {
  const hold = path.join(c.lab.dir, "hold");
  fs.writeFileSync(hold, "");
  const proc = launch(c.lab, c.host, [...MAPPINGS, "--json"], kernel(version, { TSPROXY_TEST_HOLD: hold }));
  const said = (event: string) => () => proc.events().some((each) => each.event === event);
  await proc.until("ready", said("ready"));
  const load = (): Promise<Proc> => {
    fs.rmSync(hold);
    return proc.until("the kernel's answer", said("offload"));
  };
  return { instance: new TsproxyProcess(c.lab, c.host, proc), load };
}

function start(c: Case, args: string[] = [], options: Parameters<typeof startInstance>[3] = {}): Promise<TsproxyProcess> {
  return startInstance(c.lab, c.host, [...MAPPINGS, "--offload", "always", ...args], options);
}

/** Packets that the kernel carried, and those that the engine received from its uplinks. */
async function carried(instance: TsproxyProcess): Promise<{ kernel: number; engine: number }> {
  const { steering, ports } = await instance.stats();
  return { kernel: steering!.offloaded!, engine: ports[0]!.rxPackets };
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A file of SIZE bytes that differ, which the HTTP server in c1 serves at /file. */
async function serveFile(c: Case): Promise<{ file: string; hash: string }> {
  const file = path.join(c.lab.dir, "file");
  const bytes = Buffer.alloc(SIZE);
  for (let i = 0; i < SIZE; i += 4) bytes.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, i);
  fs.writeFileSync(file, bytes);
  await serve(c.lab, c.c1, "http", 8080, { FILE: file });
  return { file, hash: sha256(bytes) };
}

/** Both directions by one connection each; what arrives must be what was sent. */
async function transfer(
  c: Case,
  { file, hash }: { file: string; hash: string },
  args: string[] = [],
  from = c.client,
  at: string = ADDR.host,
): Promise<void> {
  const got = path.join(c.lab.dir, "got");
  expect((await curl(c.lab, from, `${at}:${PORT}/file`, ["-T", file, ...args])).body).toBe(hash);
  await ended();
  expect((await curl(c.lab, from, `${at}:${PORT}/file`, ["-o", got, ...args])).code).toBe(0);
  expect(sha256(fs.readFileSync(got))).toBe(hash);
  await ended();

  /** Of a port that is used again the kernel still has the socket for a moment, which the program has closed. */
  async function ended(): Promise<void> {
    const port = args[args.indexOf("--local-port") + 1];
    if (!args.includes("--local-port")) return;
    await eventually("the connection ends", () => c.lab.runSync(from, ["ss", "-Htan", "sport", "=", `:${port}`]).trim() === "");
  }
}

/** Lines there and back. */
async function warm(connections: Connections, word = "warm"): Promise<void> {
  for (let n = 0; n < 12; n++) await connections.exchange(`${word}${n}.`);
}

async function offloadedFlows(instance: TsproxyProcess): Promise<string[]> {
  return (await instance.flowViews()).filter(({ offloaded }) => offloaded).map(({ original }) => original.src);
}

/** Datagrams one after another, each after `gap` ms. */
async function datagrams(client: Proc, count: number, word = "d"): Promise<void> {
  for (let n = 0; n < count; n++) {
    client.write(`${word}${n}.\n`);
    await sleep(5);
  }
}

describe("TCP", () => {
  onTsproxy("carries bulk both ways unchanged, few packets by the uplink, and counts them", "kernel", async (c) => {
    const instance = await start(c);
    const payload = await serveFile(c);
    const before = await carried(instance);
    await transfer(c, payload);
    const after = await carried(instance);
    expect(after.kernel - before.kernel).toBeGreaterThan((2 * SIZE) / 70_000);
    expect(after.engine - before.engine).toBeLessThan(300);
    expect((await curl(c.lab, c.client, AT)).peer).toMatch(`${ADDR.client}:`);
    expect((await instance.stats()).drops).toEqual({});
  });

  onTsproxy("shows an offloaded flow as one, with all its packets", "kernel", async (c) => {
    const instance = await start(c);
    const server = await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, PORT);
    await warm(connections);
    const { engine } = await carried(instance);
    for (let n = 0; n < 50; n++) await connections.exchange(`more${n}.`);
    expect((await carried(instance)).engine).toBe(engine);
    const [flow] = await instance.flowViews();
    expect(flow).toMatchObject({ state: "established", offloaded: true });
    for (const packets of flow!.packets) expect(packets).toBeGreaterThan(60);
    expect(flow!.timeoutSec).toBeGreaterThan(7_400);
    const { mappings, steering } = await instance.stats();
    expect(mappings.map(({ offloaded }) => offloaded!.packets)).toEqual([steering.offloaded, 0, 0, 0]);
    expect(mappings[0]!.offloaded!.bytes).toBeGreaterThan(66 * mappings[0]!.offloaded!.packets);
    expect((await tsproxy(c.lab, c.host, ["stats"])).stdout).toMatch(/^0\.0\.0\.0:8999 .*\/tcp +dataplane +\d+ +\d+(\.\d+)? kB$/m);
    expect((await tsproxy(c.lab, c.host, ["flows"])).stdout).toMatch(/established,offloaded/);
    expect(server.hosts).toEqual([ADDR.client]);
  });

  onTsproxy("goes on one way when the client has shut its side", "kernel", async (c) => {
    const instance = await start(c);
    await serve(c.lab, c.c1, "tcp", 8080, { AFTER: "2000000" });
    const said = `${"0123456789".repeat(100)}\n`.repeat(1000);
    const heard = await ncHalfClose(c.lab, c.client, ADDR.host, PORT, said);
    expect(heard.slice(0, said.length) === said).toBe(true);
    expect(heard.slice(said.length)).toMatch(new RegExp(`^x{2000000}end ${ADDR.client}:\\d+\n$`));
    expect((await carried(instance)).kernel).toBeGreaterThan(10);
    expect(await instance.flowViews()).toMatchObject([{ state: "closing", offloaded: true }]);
  });

  onTsproxy("passes the reset of a killed server on", "kernel", async (c) => {
    const instance = await start(c);
    const server = await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, PORT);
    await warm(connections);
    expect(await offloadedFlows(instance)).toHaveLength(1);
    server.proc.signal("SIGSTOP");
    connections.proc.write("unread\n");
    await sleep(100);
    server.proc.signal("SIGKILL"); // with data unread its kernel answers by a reset
    await connections.proc.until("a reset", () => connections.closed.length > 0);
    expect(connections.closed).toEqual(["ECONNRESET"]);
    expect(await instance.flowViews()).toMatchObject([{ state: "reset", offloaded: true }]);
  });

  onTsproxy("serves connection after connection from one client port", "kernel", async (c) => {
    const instance = await start(c);
    const payload = await serveFile(c);
    c.lab.sysctl(c.client, "net.ipv4.tcp_max_tw_buckets", 0); // else the port would be in TIME_WAIT
    for (let round = 0; round < 3; round++) await transfer(c, payload, ["--local-port", "41000"]);
    expect((await instance.stats()).flows.created).toBe(1);
  });

  onTsproxy("is carried for clients on the host and in the container's network, which are translated at both ends", "kernel", async (c) => {
    const instance = await start(c);
    const payload = await serveFile(c);
    const server = await serve(c.lab, c.c1, "udp", 8080);
    const from = [
      [c.host, "127.0.0.1"],
      [c.host, ADDR.host],
      [c.host, ADDR.gateway],
      [c.c2, ADDR.host],
      [c.c1, ADDR.gateway],
    ] as const;
    for (const [ns, at] of from) {
      const before = await carried(instance);
      await transfer(c, payload, [], ns, at);
      const after = await carried(instance);
      expect(after.kernel - before.kernel, at).toBeGreaterThan((2 * SIZE) / 70_000);
      expect(after.engine - before.engine, at).toBeLessThan(300);
      const client = await udpClient(c.lab, ns, at, PORT);
      await datagrams(client, 12);
      await client.until("12 answers", () => client.events().filter(({ event }) => event === "data").length === 12);
    }
    expect(new Set(server.hosts)).toEqual(new Set([ADDR.gateway]));
    const flows = await instance.flowViews();
    expect(flows).toHaveLength(3 * from.length);
    expect(flows.every(({ offloaded }) => offloaded)).toBe(true);
    expect(flows.filter(({ proto }) => proto === "udp").map(({ packets }) => packets)).toEqual(from.map(() => [12, 12]));
    expect((await instance.stats()).drops).toEqual({});
  });

  onTsproxy("is carried for two workers", "kernel", async (c) => {
    const instance = await start(c, ["--workers", "2"]);
    await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, PORT, 16);
    for (let n = 0; n < 12; n++) await connections.exchange(`line${n}.`, 16);
    expect(await offloadedFlows(instance)).toHaveLength(16);
    const { engine } = await carried(instance);
    await connections.exchange("last.", 16);
    expect((await carried(instance)).engine).toBe(engine);
  });
});

describe("UDP", () => {
  onTsproxy("is carried both ways; a server that is gone is made known to the client", "kernel", async (c) => {
    const instance = await start(c);
    const server = await serve(c.lab, c.c1, "udp", 8080);
    const client = await udpClient(c.lab, c.client, ADDR.host, PORT);
    await datagrams(client, 30);
    await client.until("30 answers", () => client.events().filter(({ event }) => event === "data").length === 30);
    expect(new Set(server.hosts)).toEqual(new Set([ADDR.client]));
    expect(await instance.flowViews()).toMatchObject([{ state: "assured", offloaded: true, packets: [30, 30] }]);
    expect((await carried(instance)).kernel).toBeGreaterThanOrEqual(40);
    await server.proc.stop("SIGKILL");
    client.write("anybody?\n");
    await client.until("an error", () => client.events().some(({ event }) => event === "error"));
    expect(client.events().at(-1)).toMatchObject({ code: "ECONNREFUSED" });
  });

  onTsproxy("is carried one way where nobody answers", "kernel", async (c) => {
    const instance = await start(c);
    const server = await serve(c.lab, c.c1, "udp", 8080, { SILENT: "1" });
    await datagrams(await udpClient(c.lab, c.client, ADDR.host, PORT), 30);
    await eventually("30 datagrams", () => server.peers.length === 30);
    expect(await instance.flowViews()).toMatchObject([{ state: "unreplied", offloaded: true, packets: [30, 0] }]);
    expect((await carried(instance)).engine).toBeLessThan(12);
  });
});

describe("devices", () => {
  onTsproxy("without checksum and segmentation offload get right checksums", "kernel", async (c) => {
    const instance = await start(c);
    for (const [ns, device] of [
      [c.client, "eth0"],
      [c.host, "eth0"],
      [c.host, "veth1"],
      [c.c1, "eth0"],
    ] as const)
      c.lab.runSync(ns, ["ethtool", "-K", device, "rx", "off", "tx", "off", "gso", "off", "tso", "off", "gro", "off"]);
    await transfer(c, await serveFile(c));
    await serve(c.lab, c.c1, "udp", 8080);
    const client = await udpClient(c.lab, c.client, ADDR.host, PORT);
    await datagrams(client, 30, "odd");
    await client.until("30 answers", () => client.events().filter(({ event }) => event === "data").length === 30);
    expect((await carried(instance)).kernel).toBeGreaterThan(SIZE / 1500);
    for (const ns of [c.client, c.c1]) {
      const counters = JSON.parse(c.lab.runSync(ns, ["nstat", "-asjz"])) as { kernel: Record<string, number> };
      const { TcpInCsumErrors, UdpInCsumErrors, IpInHdrErrors } = counters.kernel;
      expect({ TcpInCsumErrors, UdpInCsumErrors, IpInHdrErrors }).toEqual({ TcpInCsumErrors: 0, UdpInCsumErrors: 0, IpInHdrErrors: 0 });
    }
  });

  onTsproxy("of a smaller MTU at the container pass bulk", "kernel", async (c) => {
    const instance = await start(c);
    c.lab.ip(c.c1, "link set eth0 mtu 1300");
    c.lab.ip(c.host, "link set veth1 mtu 1300");
    await transfer(c, await serveFile(c));
    expect((await carried(instance)).kernel).toBeGreaterThan(100);
  });

  onTsproxy("of a smaller MTU towards the client have the server find the path's, in the middle of a flow", "kernel", async (c) => {
    const instance = await start(c);
    const payload = await serveFile(c);
    c.lab.ip(c.host, "link set eth0 mtu 1300"); // the client, told nothing, offers segments of 1460 bytes
    c.lab.runSync(c.c1, ["ethtool", "-K", "eth0", "tso", "off", "gso", "off"]);
    const got = path.join(c.lab.dir, "got");
    expect((await curl(c.lab, c.client, `${AT}/file`, ["-o", got])).code).toBe(0);
    expect(sha256(fs.readFileSync(got))).toBe(payload.hash);
    expect((await carried(instance)).kernel).toBeGreaterThan(100);
    expect(c.lab.runSync(c.c1, ["ip", "route", "get", ADDR.client])).toContain("mtu 1300");
  });

  onTsproxy("of a smaller MTU towards the client have a server know of answers that do not fit", "kernel", async (c) => {
    const instance = await start(c);
    await serve(c.lab, c.c1, "udp", 8080);
    const client = await udpClient(c.lab, c.client, ADDR.host, PORT);
    await datagrams(client, 12);
    c.lab.ip(c.host, "link set eth0 mtu 1300");
    const route = (): string => c.lab.runSync(c.c1, ["ip", "route", "get", ADDR.client]);
    expect(route()).not.toContain("mtu");
    client.write(`${"x".repeat(1265)}\n`); // the answer names the peer too, and so is larger
    await eventually("the server's kernel knows the MTU", () => route().includes("mtu 1300"));
    expect(await offloadedFlows(instance)).toHaveLength(1);
    await datagrams(client, 12, "small");
    await client.until("answers", () => client.stdout.includes("small11."));
  });

  onTsproxy("are steered by clsact filters where the kernel has no TCX", "kernel", async (c) => {
    const before = snapshot(c, c.host);
    const instance = await start(c, [], kernel("6.5"));
    expect(c.lab.runSync(c.host, ["tc", "filter", "show", "dev", "eth0", "ingress"])).toContain("tsproxy-");
    await transfer(c, await serveFile(c));
    expect((await carried(instance)).kernel).toBeGreaterThan(100);
    await instance.stop();
    expect(snapshot(c, c.host)).toBe(before);
  });
});

describe.each(["always", "never"])("with --offload %s", (offload) => {
  onTsproxy("who opens a connection in another's name has it established by nothing that its target says", "kernel", async (c) => {
    const wire = new Cable(c.lab, c.host);
    c.ctx.onTestFinished(() => wire.close());
    const instance = await startInstance(c.lab, c.host, [...MAPPINGS, "--offload", offload]);
    await serve(c.lab, c.c1, "tcp", 8080);
    const resets = [undefined, 0x8000_0000, 30_000_000]; // none; far outside of the window; what we take for inside, and the target does not
    let sport = 40_000;
    for (const reset of resets)
      for (const options of [new Uint8Array(), new Uint8Array(4).fill(1)]) {
        const ports = { sport: ++sport, dport: PORT };
        const send = (flags: number, seq: number, ack: number, data: Uint8Array = new Uint8Array()): void =>
          wire.send(p.tcp({ src: STATION, dst: WIRE_HOST, options }, { ...ports, flags, seq, ack, data }));
        wire.send(p.tcp({ src: STATION, dst: WIRE_HOST }, { ...ports, flags: p.SYN, seq: 1000 }));
        const answers = async (): Promise<Pick<p.Parsed, "flags" | "l4">[]> =>
          (await wire.received()).map((datagram) => p.parseIp(datagram)).filter((each) => each.dport === sport);
        const [answer] = await answers();
        expect(answer?.flags).toBe(p.SYN | p.ACK);
        const right = Buffer.from(answer!.l4).readUInt32BE(4) + 1;
        if (reset !== undefined) send(p.RST, 1001 + reset, 0);
        for (const flags of [p.PSH, p.PSH, p.FIN, 0]) send(flags, 0x7000_0000, right ^ 0x8000_0000);
        expect((await answers()).some(({ flags }) => flags === p.ACK)).toBe(true); // that it is not what was expected
        const state = async (): Promise<string> =>
          (await instance.flowViews()).find(({ original }) => original.src.endsWith(`:${sport}`))?.state ?? "";
        expect(await state(), `reset ${reset}`).toMatch(/^(syn-received|reset)$/);
        send(p.ACK, 1001, right);
        send(p.ACK | p.PSH, 1001, right, p.payload(10));
        await eventually("who gets the answers has it established", async () => (await state()) === "established");
      }
  });
});

describe("the end", () => {
  onTsproxy("of tsproxy resets an offloaded connection, and leaves the host as it was", "kernel", async (c) => {
    const before = snapshot(c, c.host);
    const instance = await start(c);
    await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, PORT);
    await warm(connections);
    await instance.stop();
    connections.proc.write("after\n");
    await connections.proc.until("a reset", () => connections.closed.length > 0);
    expect(connections.text()).not.toContain("after");
    expect((await curl(c.lab, c.client, AT)).code).toBe(REFUSED);
    expect(snapshot(c, c.host)).toBe(before);
  });

  for (const next of ["auto", "never"])
    onTsproxy(`by SIGKILL lets a start with --offload ${next} go on with the connections`, "kernel", async (c) => {
      const before = snapshot(c, c.host);
      const killed = await start(c);
      await serve(c.lab, c.c1, "tcp", 8080);
      const connections = await connect(c.lab, c.client, ADDR.host, PORT);
      await warm(connections);
      await sleep(200); // what the client sends while nobody is there, be it a delayed acknowledgement, the host's kernel answers by a reset
      await killed.proc.stop("SIGKILL");
      const without = (text: string): string => text.replace(/^qdisc clsact .*\n/gm, ""); // it stays, and does nothing, until the next start
      expect(without(snapshot(c, c.host))).toBe(without(before));
      expect((await curl(c.lab, c.lan2, `${ADDR.host2}:${PORT}`)).code).toBe(REFUSED);
      const instance = await startInstance(c.lab, c.host, [...MAPPINGS, "--offload", next]);
      await warm(connections, "again");
      await warm(await connect(c.lab, c.client, ADDR.host, PORT));
      expect(await offloadedFlows(instance)).toHaveLength(next === "never" ? 0 : 2);
      expect((await instance.stats()).drops).toEqual({});
    });

  onTsproxy("of one published port leaves the other's connections alone", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    const first = await launchProxy(c.lab, c.host, { hostPort: PORT, containerIp: ADDR.c1, containerPort: 8080 });
    await launchProxy(c.lab, c.host, { hostPort: 9000, containerIp: ADDR.c2, containerPort: 8080 });
    for (const container of [c.c1, c.c2]) await serve(c.lab, container, "tcp", 8080);
    const [gone, kept] = [await connect(c.lab, c.client, ADDR.host, PORT), await connect(c.lab, c.client, ADDR.host, 9000)];
    await eventually("flows are carried", async () => (await stats(c))?.offload?.loading !== true);
    for (const connections of [gone, kept]) await warm(connections);
    expect((await stats(c))?.steering?.offloaded).toBeGreaterThan(5);
    await first.stop("SIGTERM");
    await eventually("the port is withdrawn", async () => (await stats(c))?.mappings.length === 1);
    const before = (await stats(c))!.steering!.offloaded!;
    gone.proc.write("after\n");
    await gone.proc.until("a reset", () => gone.closed.length > 0);
    await kept.exchange("still here.");
    expect((await stats(c))!.steering!.offloaded!).toBeGreaterThan(before);
  });
});

describe("programs that come after the start", () => {
  onTsproxy("carry the connections that are there already, and those lose nothing", "kernel", async (c) => {
    const { instance, load } = await startHeld(c, "new");
    await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, PORT);
    await warm(connections);
    expect((await tsproxy(c.lab, c.host, ["stats"])).stdout).toMatch(/^Offload: {3}auto, loading$/m);
    expect((await carried(instance)).kernel).toBe(0);
    const loaded = load();
    for (let n = 0; n < 200; n++) await connections.exchange(`meanwhile${n}.`);
    await loaded;
    const { kernel: before, engine } = await carried(instance);
    await warm(connections, "after");
    const after = await carried(instance);
    expect(after.engine).toBe(engine);
    expect(after.kernel).toBeGreaterThan(before + 20);
    const { offload, drops, flows } = await instance.stats();
    expect(offload).toEqual({ mode: "auto", ipv4: true, ipv6: true, refused: 0 });
    expect([drops, flows.created]).toEqual([{}, 1]);
  });

  onTsproxy("and are refused leave the connections that are there to TypeScript", "kernel", async (c) => {
    const { instance, load } = await startHeld(c, "refusing");
    await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, PORT);
    await warm(connections);
    expect(await offloadedFlows(instance)).toHaveLength(1); // as far as one knows
    await load();
    await warm(connections, "after");
    await warm(await connect(c.lab, c.client, ADDR.host, PORT));
    expect(await offloadedFlows(instance)).toEqual([]);
    expect((await instance.stats()).drops).toEqual({});
  });
});

describe("where it may not be", () => {
  onTsproxy("starts with CAP_BPF and CAP_NET_ADMIN alone", "kernel", async (c) => {
    const wrap = ["setpriv", "--bounding-set=-all,+net_admin,+bpf,+dac_override", "--inh-caps=-all"];
    const instance = await start(c, [], { wrap });
    await transfer(c, await serveFile(c));
    expect((await carried(instance)).kernel).toBeGreaterThan(100);
  });

  onTsproxy(
    "says what to do where the kernel knows too little and must, and leaves nothing; is off by itself otherwise",
    "kernel",
    async (c) => {
      const before = snapshot(c, c.host);
      const refused = await tsproxy(c.lab, c.host, [...MAPPINGS, "--offload", "always"], kernel("5.10"));
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toMatch(
        /^tsproxy: --offload always does not work here: .*EINVAL.*: leave '--offload always' out, and TypeScript moves what the kernel cannot; it needs Linux 5\.11 or later\n$/,
      );
      expect(snapshot(c, c.host)).toBe(before);
      const instance = await startInstance(c.lab, c.host, MAPPINGS, kernel("5.10"));
      expect(instance.mappings).toMatchObject(Array(4).fill({ via: "dataplane" }));
      const offload = {
        mode: "auto",
        ipv4: false,
        ipv6: false,
        refused: 2, // and the way past bridges
        reason: expect.stringMatching(/^flows are not offloaded: .*EINVAL/),
      };
      expect(instance.proc.events().at(-2)).toMatchObject({ event: "ready", offload: { mode: "auto", loading: true } });
      expect(instance.proc.events().at(-1)).toEqual({ event: "offload", ...offload });
      expect((await instance.stats()).offload).toEqual(offload);
      expect(instance.proc.stderr).toMatch(/flows are not offloaded: .*EINVAL.*; TypeScript moves their packets\n/);
      await transfer(c, await serveFile(c));
      expect((await carried(instance)).kernel).toBe(0);
      expect((await tsproxy(c.lab, c.host, ["stats"])).stdout).toMatch(
        /^Offload: {3}auto, off \(2 refused: flows are not offloaded: .*EINVAL/m,
      );
      const { stdout } = await tsproxy(c.lab, c.host, ["doctor"], kernel("5.10"));
      expect(stdout).toMatch(/^missing +BPF offload +TypeScript moves every packet: /m);
      expect(stdout).toMatch(/^ok +BPF programs/m);
    },
  );

  onTsproxy("serves and tells with whatever error the kernel refuses", "kernel", async (c) => {
    await serve(c.lab, c.c1, "tcp", 8080);
    for (const name of ["E2BIG", "ENOSPC", "ENOMEM", "EPERM"] as const) {
      const env = { TSPROXY_TEST_ERRNO: String(os.constants.errno[name]) };
      const refused = await startInstance(c.lab, c.host, MAPPINGS, kernel("refusing", env));
      await warm(await connect(c.lab, c.client, ADDR.host, PORT));
      expect((await refused.stats()).offload).toMatchObject({ ipv4: false, refused: 1, reason: expect.stringContaining(name) });
      expect(refused.proc.stderr).toMatch(new RegExp(`flows are not offloaded: .*${name}`));
      await refused.stop();
    }
    const past = await startInstance(
      c.lab,
      c.host,
      MAPPINGS,
      kernel("no past bridge", { TSPROXY_TEST_ERRNO: String(os.constants.errno.EPERM) }),
    );
    await warm(await connect(c.lab, c.client, ADDR.host, PORT));
    expect((await past.stats()).offload).toEqual({ mode: "auto", ipv4: true, ipv6: true, refused: 5 }); // emit, and four that carry
    expect(past.proc.stderr.match(/packets do not go past bridges: .*/g)).toEqual([expect.stringContaining("EPERM")]);
  });

  onTsproxy("carries IPv4 alone where the verifier refuses the program for IPv6, and says so", "kernel", async (c) => {
    const proc = await untilReady(launch(c.lab, c.host, MAPPINGS, kernel("no offload6")));
    await proc.until("a warning", () => /: IPv6 flows are not offloaded: .*EINVAL.*; with CAP_PERFMON they may be;/.test(proc.stderr));
    await serve(c.lab, c.c1, "tcp", 8080);
    await warm(await connect(c.lab, c.client, ADDR.host, PORT));
    const { stdout } = await tsproxy(c.lab, c.host, ["stats"]);
    expect(stdout).toMatch(/^Offload: {3}auto, on for IPv4 \(1 refused: /m);
    expect(stdout).toMatch(/^Steering: .*offloaded \d/m);
  });
});
