/** The tc programs on real devices, with the smallest engine that they can serve (`programs/steering-engine.mjs`). */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { Assembler } from "../../src/steer/assembler.js";
import { sweepStale } from "../../src/steer/filter-sweep.js";
import { loadProgram } from "../../src/sys/bpf.js";
import { RouteSocket } from "../../src/sys/rtnetlink.js";
import { curl, IN_VAIN, ping, REFUSED, TIMED_OUT, udpClient } from "../support/clients.js";
import { Lab } from "../support/lab.js";
import { eventually, type Proc } from "../support/proc.js";
import { program, serve } from "../support/servers.js";
import { ADDR, buildWorld, type World } from "../support/topology.js";
import { startInstance } from "../support/tsproxy.js";

const PROBE = fileURLToPath(new URL("../../dist/steer/probe.js", import.meta.url));
const PORT = 8999;
const WEB = { proto: 6, hostIp: "0.0.0.0", port: PORT, targetIp: ADDR.c1, targetPort: 8080 };

class Engine {
  constructor(readonly proc: Proc) {}

  events(event: string): Record<string, unknown>[] {
    return this.proc.events().filter((line) => line.event === event);
  }

  async call(method: string, ...args: unknown[]): Promise<unknown> {
    const before = this.events("answer").length;
    this.proc.write(`${JSON.stringify([method, ...args])}\n`);
    await this.proc.until(`answer to ${method}`, () => this.events("answer").length > before);
    return this.events("answer")[before]?.answer;
  }

  async stats(): Promise<Record<string, number>> {
    return (await this.call("stats")) as Record<string, number>;
  }

  /** Packets that the program took off the host's devices, as the kernel counts them. */
  async takenCount(): Promise<number> {
    const stats = await this.stats();
    return (stats["taken-port"] ?? 0) + (stats["taken-reply"] ?? 0);
  }

  /** Source addresses of the packets that the engine got. */
  get taken(): string[] {
    return this.events("taken").map(({ src }) => String(src));
  }

  /** Ends it as it should end. */
  async close(): Promise<void> {
    this.proc.endInput();
    expect(await this.proc.finish(5_000)).toMatchObject({ code: 0, stderr: "" });
  }
}

type Config = { clsact?: boolean; linksLater?: boolean; address?: boolean; published?: object[] };

async function startEngine({ lab, host }: World, config: Config = {}): Promise<Engine> {
  const argv = [process.execPath, program("steering-engine"), JSON.stringify({ gateway: ADDR.gateway, published: [WEB], ...config })];
  const proc = lab.start(host, argv, { input: "pipe" });
  return new Engine(await proc.until("ready", () => proc.events().some(({ event }) => event === "ready")));
}

function world(ctx: TestContext): World {
  if (process.getuid?.() !== 0) ctx.skip("needs root: network namespaces and BPF");
  const lab = new Lab();
  ctx.onTestFinished(() => lab.close());
  return buildWorld(lab, "kernel");
}

/** Key of the flows map, in hex. */
function flowKey(src: string, dst: string, sport: number, dport: number): string {
  const key = Buffer.alloc(16);
  key.set(src.split(".").map(Number), 0);
  key.set(dst.split(".").map(Number), 4);
  key.writeUInt16BE(sport, 8);
  key.writeUInt16BE(dport, 10);
  key.writeUInt32LE(17, 12);
  return key.toString("hex");
}

function received({ lab, host }: World, device: string): number {
  const [link] = JSON.parse(lab.runSync(host, ["ip", "-s", "-j", "link", "show", device])) as { stats64: { rx: { packets: number } } }[];
  return link?.stats64.rx.packets ?? 0;
}

const macOf = ({ lab }: World, ns: string, device: string): string =>
  (JSON.parse(lab.runSync(ns, ["ip", "-j", "link", "show", device])) as { address: string }[])[0]?.address ?? "";

const netns = (name: string): string => `/var/run/netns/${name}`;

/** In the host's namespace. */
function routeSocket(ctx: TestContext, { host }: World): RouteSocket {
  const fd = fs.openSync(netns(host), "r");
  const socket = new RouteSocket(fd);
  fs.closeSync(fd);
  ctx.onTestFinished(() => socket.close());
  return socket;
}

describe.each(["tcx", "clsact"] as const)("steering by %s", (mode) => {
  const clsact = mode === "clsact";

  it("brings a LAN client to a published port under its own address, and the replies back", async (ctx) => {
    const w = world(ctx);
    const server = await serve(w.lab, w.c1, "http", 8080);
    const engine = await startEngine(w, { clsact });
    expect(engine.events("ready")[0]?.modes).toEqual({ lo: mode, eth0: mode, eth1: mode, docker0: mode, veth1: mode, veth2: mode });
    expect((await curl(w.lab, w.client, `${ADDR.host}:${PORT}`)).code).toBe(0);
    expect(server.hosts).toEqual([ADDR.client]);
    expect(new Set(engine.taken)).toEqual(new Set([ADDR.client, ADDR.c1])); // both directions came through
    const stats = await eventually("as many packets sent as taken", async () => {
      const now = await engine.stats();
      return now.sent === (now["taken-port"] ?? 0) + (now["taken-reply"] ?? 0) && now.sent === engine.taken.length && now;
    });
    expect(stats).toMatchObject({ "handed-to-stack": 0, malformed: 0, "flow-not-recorded": 0 });
    await engine.close();
    expect((await curl(w.lab, w.client, `${ADDR.host}:${PORT}`)).code).toBe(REFUSED);
    expect(w.lab.runSync(w.host, ["tc", "qdisc", "show"])).not.toContain("clsact");
  });

  it.for(["127.0.0.1", "127.0.0.53", ADDR.host, ADDR.gateway])("serves the host's own programs at %s", async (address, ctx) => {
    const w = world(ctx);
    const server = await serve(w.lab, w.c1, "http", 8080);
    const engine = await startEngine(w, { clsact });
    expect((await curl(w.lab, w.host, `${address}:${PORT}`)).code).toBe(0);
    expect(server.hosts).toEqual([ADDR.gateway]);
    expect((await engine.stats()).delivered).toBeGreaterThan(2); // the server's packets, to the host itself
  });

  it("takes nothing that the host forwards to another machine's same port", async (ctx) => {
    const w = world(ctx);
    for (const device of ["eth0", "eth1"]) w.lab.sysctl(w.host, `net.ipv4.conf.${device}.forwarding`, 1);
    const other = await serve(w.lab, w.lan2, "http", PORT);
    const engine = await startEngine(w, { clsact });
    expect((await curl(w.lab, w.client, `${ADDR.lan2}:${PORT}`)).code).toBe(0);
    expect(other.hosts).toEqual([ADDR.client]);
    expect(await engine.takenCount()).toBe(0);
  });

  it("takes nothing of the host's own connections, to a container or to another machine", async (ctx) => {
    const w = world(ctx);
    const container = await serve(w.lab, w.c1, "http", 8080);
    const other = await serve(w.lab, w.lan2, "http", PORT);
    const engine = await startEngine(w, { clsact });
    expect((await curl(w.lab, w.host, `${ADDR.c1}:8080`)).code).toBe(0);
    expect((await curl(w.lab, w.host, `${ADDR.lan2}:${PORT}`)).code).toBe(0);
    expect([...container.hosts, ...other.hosts]).toEqual([ADDR.gateway, ADDR.host2]);
    expect(await engine.takenCount()).toBe(0);
  });

  it("takes a port that is bound to one address of the host at that address alone", async (ctx) => {
    const w = world(ctx);
    await serve(w.lab, w.c1, "http", 8080);
    await startEngine(w, { clsact, published: [{ ...WEB, hostIp: ADDR.host2 }] });
    expect((await curl(w.lab, w.lan2, `${ADDR.host2}:${PORT}`)).code).toBe(0);
    expect((await curl(w.lab, w.host, `${ADDR.host2}:${PORT}`)).code).toBe(0);
    for (const address of [ADDR.host, ADDR.gateway]) expect((await curl(w.lab, w.lan2, `${address}:${PORT}`)).code).toBe(REFUSED);
    expect((await curl(w.lab, w.host, `127.0.0.1:${PORT}`)).code).toBe(REFUSED);
  });

  it("keeps a port that is bound to 127.0.0.1 from a LAN neighbour who sends to 127.0.0.1", async (ctx) => {
    const w = world(ctx);
    await serve(w.lab, w.c1, "http", 8080);
    const engine = await startEngine(w, { clsact, published: [{ ...WEB, hostIp: "127.0.0.1" }] });
    expect((await curl(w.lab, w.host, `127.0.0.1:${PORT}`)).code).toBe(0);
    expect((await curl(w.lab, w.client, `${ADDR.host}:${PORT}`)).code).toBe(REFUSED);
    w.lab.ip(w.client, `addr del 127.0.0.1/8 dev lo\nroute add 127.0.0.0/8 via ${ADDR.host} src ${ADDR.client}`);
    const taken = await engine.takenCount();
    const before = received(w, "eth0");
    expect((await curl(w.lab, w.client, `127.0.0.1:${PORT}`, IN_VAIN.curl)).code).toBe(TIMED_OUT);
    expect(received(w, "eth0")).toBeGreaterThan(before); // it did arrive
    expect(await engine.takenCount()).toBe(taken);
  });

  it("leaves packets alone that come from outside under the host's own address", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w, { clsact });
    const neighbour = `neigh add ${ADDR.host2} lladdr ${macOf(w, w.host, "eth0")} dev eth0`;
    w.lab.ip(w.client, `addr add ${ADDR.host}/32 dev lo\nroute add ${ADDR.host2}/32 dev eth0 src ${ADDR.host}\n${neighbour}`);
    const before = received(w, "eth0");
    expect((await curl(w.lab, w.client, `${ADDR.host2}:${PORT}`, IN_VAIN.curl)).code).toBe(TIMED_OUT);
    expect(received(w, "eth0")).toBeGreaterThan(before);
    expect(await engine.takenCount()).toBe(0);
  });
});

describe("steering", () => {
  it.for([0, 1, 2])("serves 127.0.0.1 where rp_filter is %i for all devices", async (rpFilter, ctx) => {
    const w = world(ctx);
    await serve(w.lab, w.c1, "http", 8080);
    await startEngine(w);
    w.lab.sysctl(w.host, "net.ipv4.conf.all.rp_filter", rpFilter);
    expect((await curl(w.lab, w.host, `127.0.0.1:${PORT}`)).code).toBe(0);
    expect((await curl(w.lab, w.client, `${ADDR.host}:${PORT}`)).code).toBe(0);
  });

  it("serves UDP", async (ctx) => {
    const w = world(ctx);
    const server = await serve(w.lab, w.c1, "udp", 5300);
    await startEngine(w, { published: [{ ...WEB, proto: 17, targetPort: 5300 }] });
    for (const [from, at] of [
      [w.client, ADDR.host],
      [w.host, "127.0.0.1"],
    ] as const) {
      const socket = await udpClient(w.lab, from, at, PORT);
      socket.write("hello\n");
      await socket.until("answer", () => socket.events().some(({ event }) => event === "data"));
    }
    expect(server.hosts).toEqual([ADDR.client, ADDR.gateway]);
  });

  it("leaves nothing attached when it is killed", async (ctx) => {
    const w = world(ctx);
    await serve(w.lab, w.c1, "http", 8080);
    const engine = await startEngine(w);
    expect((await curl(w.lab, w.client, `${ADDR.host}:${PORT}`)).body).toContain(`${ADDR.c1}:8080`);
    engine.proc.signal("SIGKILL");
    await engine.proc.finish();
    await serve(w.lab, w.host, "http", PORT);
    for (const [from, at] of [
      [w.client, ADDR.host],
      [w.host, "127.0.0.1"],
    ] as const) {
      expect((await curl(w.lab, from, `${at}:${PORT}`)).body).toContain(`"local":"${at}:${PORT}"`);
    }
  });

  it("sweeps the filters of a killed process, and not those of a living one", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w, { clsact: true });
    const socket = routeSocket(ctx, w);
    const indices = (): number[] => socket.links().map(({ index }) => index);
    const filters = (): number => indices().reduce((sum, index) => sum + socket.bpfFilters(index).length, 0);
    expect(sweepStale(socket, indices())).toBe(0);
    expect(filters()).toBe(7); // lo, eth0, eth1, docker0, two veths, the uplink
    engine.proc.signal("SIGKILL");
    await engine.proc.finish();
    expect(filters()).toBe(6); // the uplink went with the process
    await serve(w.lab, w.host, "http", PORT); // what the engine took, they let pass
    await eventually("the kernel has emptied what the filters go on with", async () => {
      const there = await curl(w.lab, w.client, `${ADDR.host}:${PORT}`, IN_VAIN.curl);
      return there.code === 0;
    });
    expect(sweepStale(socket, indices())).toBe(11); // these, and those on the way out, of all but lo
    expect(filters()).toBe(0);
    expect(w.lab.runSync(w.host, ["tc", "qdisc", "show"])).not.toContain("clsact");
  });

  it("steers by filters until links are made, by links at once beside others' filters, and loses nothing meanwhile", async (ctx) => {
    const w = world(ctx);
    const tc = (text: string): string => w.lab.runSync(w.host, ["tc", ...text.split(" ")]);
    const socket = routeSocket(ctx, w);
    const { index } = socket.link("veth1")!;
    socket.addClsact(index);
    socket.addBpfFilter(index, "ingress", loadProgram("other", new Assembler().mov("r0", -1).exit().assemble()), "another", 7);
    await serve(w.lab, w.c1, "udp", 8080);
    const engine = await startEngine(w, { linksLater: true, published: [{ ...WEB, proto: 17 }] });
    expect(engine.events("ready")[0]?.modes).toMatchObject({ lo: "clsact", eth0: "clsact", docker0: "clsact", veth1: "tcx" });
    const client = await udpClient(w.lab, w.client, ADDR.host, PORT);
    const sent: string[] = [];
    const send = (): void => {
      sent.push(`number ${sent.length}`);
      client.write(`${sent.at(-1)}\n`);
    };
    const sending = setInterval(send, 1);
    await client.until("answers by filters", () => client.events().filter(({ event }) => event === "data").length > 20);
    expect(tc("filter show dev eth0 ingress")).toContain("tsproxy_stub");
    const flood = w.lab.run(w.host, ["ping", "-f", "-q", "-w", "1", ADDR.client]); // of no interest to the engine
    await engine.call("makeLinks");
    expect((await flood).stdout).toContain(" 0% packet loss");
    expect(tc("filter show dev eth0 ingress chain 0")).toBe("");
    expect(tc("qdisc show dev eth0")).toContain("clsact"); // while one goes, the kernel drops what the device is to send
    expect(tc("filter show dev veth1 ingress")).toContain("another");
    const by = sent.length;
    await client.until("answers by links", () => client.events().filter(({ event }) => event === "data").length > by + 20);
    clearInterval(sending);
    await client.until("all answers", () => client.events().filter(({ event }) => event === "data").length >= sent.length);
    expect(engine.taken).toHaveLength(2 * sent.length); // each once, in both directions
    await engine.close();
    expect(tc("qdisc show dev eth0")).not.toContain("clsact");
    expect(tc("filter show dev veth1 ingress")).toContain("another");
  });

  it("lets everything pass when it is killed before it has made links, until that is swept", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w, { linksLater: true });
    expect((await curl(w.lab, w.client, `${ADDR.host}:${PORT}`)).code).toBe(REFUSED); // by the target
    engine.proc.signal("SIGKILL");
    await engine.proc.finish();
    await serve(w.lab, w.host, "http", PORT);
    await eventually("the host's own server", async () => (await curl(w.lab, w.client, `${ADDR.host}:${PORT}`, IN_VAIN.curl)).code === 0);
    expect(w.lab.runSync(w.host, ["tc", "filter", "show", "dev", "eth0", "ingress"])).toContain("tsproxy_stub");
    const next = await startInstance(w.lab, w.host, ["-p", `9000:${ADDR.c1}:8080`]);
    const filters = (): string => w.lab.runSync(w.host, ["tc", "filter", "show", "dev", "eth0", "ingress", "chain", "0"]);
    await eventually("links in their place", () => !filters().includes("tsproxy_stub"));
    await next.stop();
    expect(w.lab.runSync(w.host, ["tc", "qdisc", "show"])).not.toContain("clsact");
  });

  it("has its qdiscs swept when it is killed after it has made links", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w, { linksLater: true });
    await engine.call("makeLinks");
    const socket = routeSocket(ctx, w);
    const indices = socket.links().map(({ index }) => index);
    expect(sweepStale(socket, indices)).toBe(0);
    engine.proc.signal("SIGKILL");
    await engine.proc.finish();
    expect(w.lab.runSync(w.host, ["tc", "qdisc", "show"])).toContain("clsact");
    expect(sweepStale(socket, indices)).toBeGreaterThan(0);
    expect(w.lab.runSync(w.host, ["tc", "qdisc", "show"])).not.toContain("clsact");
  });

  it("takes echo replies to the engine's requests, not those to the host's own", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w);
    await engine.call("ping", ADDR.host, ADDR.client, 77);
    await engine.proc.until("echo reply", () => engine.events("echo-reply").length === 1);
    expect(engine.events("echo-reply")).toMatchObject([{ id: 77 }]);
    expect((await ping(w.lab, w.host, ADDR.client)).received).toBe(3);
    expect((await ping(w.lab, w.client, ADDR.host)).received).toBe(3);
    expect(engine.taken).toEqual([ADDR.client]);
  });

  it("takes ICMP errors about packets of the engine: a recorded flow's, a published port's; gives back a packet too big for the way out", async (ctx) => {
    const w = world(ctx);
    w.lab.sysctl(w.client, "net.ipv4.icmp_ratelimit", 0);
    const engine = await startEngine(w, { published: [{ ...WEB, proto: 17 }] });
    const errors = () => engine.events("icmp-error");
    await engine.call("udp", ADDR.host, 61999, ADDR.client, 9, 10, true);
    await engine.proc.until("port unreachable", () => errors().length === 1);
    await engine.call("udp", ADDR.host, 40000, ADDR.client, 9, 10, false); // neither recorded nor published
    await engine.call("udp", ADDR.host, PORT, ADDR.client, 9, 10, false);
    await engine.proc.until("port unreachable", () => errors().length === 2);
    w.lab.ip(w.host, "link set eth0 mtu 600");
    await engine.call("udp", ADDR.host, PORT, ADDR.client, 9, 1000, false);
    await engine.proc.until("the packet again", () => engine.events("returned").length === 1);
    expect(engine.events("returned")).toMatchObject([{ code: 8, mtu: 600 }]);
    const unreachable = { type: 3, code: 3, src: ADDR.host };
    expect(errors()).toMatchObject([
      { ...unreachable, sport: 61999 },
      { ...unreachable, sport: PORT },
    ]);
    expect(await engine.stats()).toMatchObject({ sent: 3, returned: 1, "taken-reply": 1, "taken-port": 1 });
  });

  it("steers a device without a link-layer header, both ways", async (ctx) => {
    const w = world(ctx);
    const server = await serve(w.lab, w.c1, "http", 8080);
    const wire = w.lab.start(w.host, [process.execPath, program("tun-wire"), netns(w.host), netns(w.client), "tun0"], { input: "pipe" });
    await wire.until("ready", () => wire.events().length === 1);
    w.lab.ip(w.host, "addr add 203.0.113.1/24 dev tun0\nlink set tun0 up");
    w.lab.ip(w.client, "addr add 203.0.113.2/24 dev tun0\nlink set tun0 up");
    const engine = await startEngine(w);
    expect(engine.events("ready")[0]?.modes).toMatchObject({ tun0: "tcx" });
    expect((await curl(w.lab, w.client, `203.0.113.1:${PORT}`)).code).toBe(0);
    expect(server.hosts).toEqual(["203.0.113.2"]);
  });

  it("publishes and withdraws ranges while it runs", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w, { published: [] });
    const syn = async (port: number) => (await curl(w.lab, w.client, `${ADDR.host}:${port}`, ["--connect-timeout", "0.3"])).code;
    await engine.call("publish", 6, 20000, 29999);
    for (const port of [20000, 24321, 29999]) expect(await syn(port)).toBe(TIMED_OUT); // the engine knows no target
    for (const port of [19999, 30000]) expect(await syn(port)).toBe(REFUSED);
    await engine.call("withdraw", 6, 20000, 29998);
    for (const port of [20000, 29998]) expect(await syn(port)).toBe(REFUSED);
    expect(await syn(29999)).toBe(TIMED_OUT);
  });

  it("follows the host's addresses", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w, { published: [] });
    await engine.call("publish", 6, PORT, PORT);
    const syn = async () => (await curl(w.lab, w.client, `${ADDR.host}:${PORT}`, ["--connect-timeout", "0.3"])).code;
    await engine.call("locals", [ADDR.host2, ADDR.gateway]);
    expect(await syn()).toBe(REFUSED);
    await engine.call("locals", [ADDR.host, ADDR.host2]);
    expect(await syn()).toBe(TIMED_OUT);
  });

  it("forgets flows in batches, whichever of them it knows", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w);
    for (const port of [1, 2, 3, 4]) await engine.call("udp", ADDR.host, 61000 + port, ADDR.client, 9, 10, true);
    const key = (port: number) => flowKey(ADDR.host, ADDR.client, 61000 + port, 9);
    const all = [9, 1, 8, 8, 2, 3, 7].map(key);
    expect(await engine.call("forget", all)).toBe(3);
    expect(await engine.call("forget", all)).toBe(0);
    expect(await engine.call("forget", [key(4)])).toBe(1);
  });

  it("detaches from a device, and lets one that is gone go", async (ctx) => {
    const w = world(ctx);
    const engine = await startEngine(w, { published: [] });
    await engine.call("publish", 6, PORT, PORT);
    const syn = async () => (await curl(w.lab, w.client, `${ADDR.host}:${PORT}`, ["--connect-timeout", "0.3"])).code;
    expect(await engine.call("device", "attach", "eth0")).toBe("tcx"); // again: nothing changes
    expect(await syn()).toBe(TIMED_OUT);
    await engine.call("device", "detach", "eth0");
    expect(await syn()).toBe(REFUSED);
    const attached = (await engine.call("attached")) as number[];
    w.lab.ip(w.host, "link del eth1");
    for (const ifindex of attached) await engine.call("detach", ifindex);
    expect(await engine.call("attached")).toEqual([]);
    await engine.close();
  });

  it("says what is missing where BPF is not allowed", async (ctx) => {
    const w = world(ctx);
    const script = `import("${PROBE}").then(({ probeSteering }) => console.log(JSON.stringify(probeSteering())))`;
    const allowed = await w.lab.run(w.host, [process.execPath, "-e", script]);
    expect(JSON.parse(allowed.stdout)).toEqual({ bpf: true, tcx: true });
    const refused = await w.lab.run(w.host, ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--", process.execPath, "-e", script]);
    expect(JSON.parse(refused.stdout)).toMatchObject({ bpf: false, tcx: false, error: { code: "TSP_ERR_BPF", kind: "permission" } });
    expect(JSON.parse(refused.stdout).error.hint).toContain("CAP_BPF");
  });
});
