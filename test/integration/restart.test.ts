/** A process ends, and the next one goes on with its connections: killed under load, stopped in order, upgraded; nobody answers for it meanwhile. */
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import type { StatsView } from "../../src/api/types.js";
import { type Case, onTsproxy } from "../support/cases.js";
import { connect, udpClient } from "../support/clients.js";
import { type KernelLook, kernel } from "../support/kernel.js";
import { launchProxy, mappings, startDaemon } from "../support/launcher.js";
import * as p from "../support/packets.js";
import { eventually, type Proc, sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { asDockerd, opens, speaking, stream } from "../support/streams.js";
import { ADDR, NETWORK, snapshot } from "../support/topology.js";
import { launch, startInstance, tsproxy, untilReady } from "../support/tsproxy.js";
import { Wire } from "../support/wire.js";

/** How programs are attached while the daemon is killed, and what shows that. */
const ATTACHED: [how: string, connections: number, kernel: { look?: KernelLook; hold?: boolean }, shows: RegExp][] = [
  ["by links", 1000, {}, /^$/],
  ["by filters, where the kernel has no links", 200, { look: "6.5" }, /tsproxy_stub/],
  ["by filters, before it has made links", 200, { look: "new", hold: true }, /tsproxy_stub/],
];

for (const [how, count, { look = "new", hold = false }, shows] of ATTACHED)
  onTsproxy(`a daemon killed under ${count} connections, attached ${how}, loses none, nor is anybody refused`, "kernel", async (c) => {
    asDockerd(c);
    const qdiscs = (): string => c.lab.runSync(c.host, ["tc", "qdisc", "show"]);
    const before = qdiscs();
    const held = path.join(c.lab.dir, "hold");
    if (hold) fs.writeFileSync(held, "");
    const start = (env = {}): Promise<Proc> => untilReady(launch(c.lab, c.host, ["daemon"], kernel(look, env)));
    const daemon = await start(hold ? { TSPROXY_TEST_HOLD: held } : {});
    await launchProxy(c.lab, c.host, { hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 });
    const report = await stream(c, c.client, `${ADDR.host}:8999`, { ns: c.c1, port: 8080 }, count);
    await report();
    const filters = (): string => c.lab.runSync(c.host, ["tc", "filter", "show", "dev", "docker0", "ingress", "chain", "0"]);
    if (!hold && look === "new") await eventually("links", () => filters() === "");
    expect(filters()).toMatch(shows);
    await daemon.stop("SIGKILL");
    const during = opens(c, c.client, 8999);
    await sleep(300);
    const next = await start();
    await eventually("the port is published", async () => (await mappings(c)).length === 1);
    await sleep(2000);
    const { gapMs, ...rest } = await report();
    expect(rest).toEqual({ open: count, ended: [], wrong: 0, silent: 0 });
    expect(await during).toBe(true);
    expect(gapMs).toBeLessThan(5000);
    console.log(`longest silence of ${count} connections while the daemon was killed and started again: ${gapMs} ms`);
    expect(filters().match(/handle /g) ?? []).toHaveLength(look === "new" ? 0 : 1); // none of the former one
    expect((await next.stop()).code).toBe(0);
    expect(qdiscs()).toBe(before);
  });

for (const [how, , { look = "new", hold = false }] of ATTACHED)
  onTsproxy(
    `a killed daemon's connections go on though the main command comes and goes before it is back, attached ${how}`,
    "kernel",
    async (c) => {
      asDockerd(c);
      const state = (): string =>
        c.lab.runSync(c.host, ["sh", "-c", "tc qdisc show; for d in lo eth0 docker0; do tc filter show dev $d ingress; done"]);
      const before = state();
      const held = path.join(c.lab.dir, "hold");
      if (hold) fs.writeFileSync(held, "");
      const start = (env = {}): Promise<Proc> => untilReady(launch(c.lab, c.host, ["daemon"], kernel(look, env)));
      const daemon = await start(hold ? { TSPROXY_TEST_HOLD: held } : {});
      const port = { hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 };
      await launchProxy(c.lab, c.host, port, { TSPROXY_DAEMON: "false" }); // else it starts a daemon of its own after a while
      const report = await stream(c, c.client, `${ADDR.host}:8999`, { ns: c.c1, port: 8080 }, 50);
      await report();
      await serve(c.lab, c.c2, "tcp", 8080);
      await daemon.stop("SIGKILL");
      const instance = (): ReturnType<typeof startInstance> => startInstance(c.lab, c.host, ["-p", `9000:${ADDR.c2}:8080`], kernel(look));
      await (await instance()).stop();
      const main = await instance();
      const client = await connect(c.lab, c.client, ADDR.host, 9000, 1);
      await client.exchange("while the daemon is away", 1);
      const next = await start();
      const published = async (): Promise<boolean> => {
        const { code, stdout } = await tsproxy(c.lab, c.host, ["stats", "--json", "--pid", String(next.pid)]);
        return code === 0 && (JSON.parse(stdout) as StatsView).mappings.length === 1;
      };
      await eventually("the port is published", published);
      await speaking(report, 50);
      await client.exchange("beside the daemon", 1);
      await main.stop();
      await speaking(report, 50);
      expect((await next.stop()).code).toBe(0);
      expect(state()).toBe(before);
    },
  );

/** What dockerd says to the network driver. */
async function driver(c: Case, call: string, message: object): Promise<Record<string, unknown>> {
  const argv = ["curl", "-sS", "--unix-socket", path.join(c.lab.dir, "plugin.sock"), "-d", JSON.stringify(message)];
  const { stdout } = await c.lab.run(c.host, [...argv, `http://localhost/NetworkDriver.${call}`]);
  const answer = JSON.parse(stdout) as Record<string, unknown>;
  if (answer.Err !== undefined) throw new Error(`${call}: ${answer.Err}`);
  return answer;
}

onTsproxy("a daemon that is killed again and again leaves no filters on what is kept, where the kernel has no links", "own", async (c) => {
  const start = (): Promise<Proc> =>
    untilReady(launch(c.lab, c.host, ["daemon", "--plugin-socket", path.join(c.lab.dir, "plugin.sock")], kernel("6.5")));
  const before = snapshot(c, c.host);
  let daemon = await start();
  const ids = { NetworkID: "n".repeat(64) };
  await driver(c, "CreateNetwork", { ...ids, Options: {}, IPv4Data: [{ Pool: "172.17.0.0/16", Gateway: "172.17.0.1/16" }], IPv6Data: [] });
  const [{ ifname }] = JSON.parse(c.lab.runSync(c.host, ["ip", "-j", "addr", "show", "to", ADDR.gateway])) as [{ ifname: string }];
  const filters = (): string[] =>
    ["ingress", "egress"].flatMap((way) =>
      [...c.lab.runSync(c.host, ["tc", "filter", "show", "dev", ifname, way, "chain", "0"]).matchAll(/ (tsproxy-\S+)/g)].map(
        ([, name]) => name!,
      ),
    );
  const names = (): string[] => [`tsproxy-${daemon.pid}-qdisc`, `tsproxy-guard-${daemon.pid}-qdisc`, `tsproxy-guard-${daemon.pid}-qdisc`];
  expect(filters().toSorted()).toEqual(names());
  for (let kills = 0; kills < 3; kills++) {
    await daemon.stop("SIGKILL");
    daemon = await start();
    expect(filters().toSorted()).toEqual(names());
  }
  await driver(c, "DeleteNetwork", ids);
  expect((await daemon.stop()).code).toBe(0);
  await eventually("all is as it was", () => snapshot(c, c.host) === before);
});

for (const attach of ["tap", "veth"] as const)
  onTsproxy(`endpoints on a ${attach} keep their connections and their ports outside while the daemon is killed`, "own", async (c) => {
    const start = () => startDaemon(c.lab, c.host, ["--plugin-socket", path.join(c.lab.dir, "plugin.sock")]);
    const before = snapshot(c, c.host);
    const daemon = await start();
    const ids = { NetworkID: "n".repeat(64), EndpointID: "e".repeat(64) };
    const generic = { "com.docker.network.generic": { "tsproxy.attach": attach } };
    await driver(c, "CreateNetwork", {
      ...ids,
      Options: generic,
      IPv4Data: [{ Pool: "172.17.0.0/16", Gateway: "172.17.0.1/16" }],
      IPv6Data: [],
    });
    await driver(c, "CreateEndpoint", { ...ids, Options: {}, Interface: { Address: "172.17.0.4/16" } });
    const joined = await driver(c, "Join", { ...ids, SandboxKey: `/run/netns/${c.c1}`, Options: {} });
    const { SrcName } = joined.InterfaceName as { SrcName: string };
    expect(c.lab.runSync(c.host, ["ip", "-d", "link", "show", SrcName])).toMatch(attach === "veth" ? / veth / : / tun /);
    c.lab.ip(c.host, `link set ${SrcName} netns ${c.c1} name eth0`);
    c.lab.ip(c.c1, `addr add ${ADDR.c1}/16 dev eth0\nlink set eth0 up\nroute add default via ${ADDR.gateway}`);
    const portmap = [{ Proto: 6, IP: "", Port: 8080, HostIP: "", HostPort: 8999 }];
    await driver(c, "ProgramExternalConnectivity", { ...ids, Options: { "com.docker.network.portmap": portmap } });

    const inbound = await stream(c, c.client, `${ADDR.host}:8999`, { ns: c.c1, port: 8080 }, 50);
    const outbound = await stream(c, c.c1, `${ADDR.client}:7000`, { ns: c.client, port: 7000 }, 50);
    await serve(c.lab, c.client, "udp", 7001);
    // From one port all the time: from where the far side sees it.
    const datagrams = await udpClient(c.lab, c.c1, ADDR.client, 7001);
    const asSeen = async (text: string): Promise<string> => {
      datagrams.write(`${text}\n`);
      await datagrams.until("an answer", () => datagrams.stdout.includes(` ${text}"`));
      return String(datagrams.events().at(-1)!.text).split(" ")[0]!;
    };
    const outside = await asSeen("before");
    for (const report of [inbound, outbound]) await report();

    await daemon.stop("SIGKILL");
    expect(c.lab.runSync(c.host, ["ip", "-o", "addr", "show", "to", ADDR.gateway])).toContain(ADDR.gateway);
    const during = opens(c, c.client, 8999);
    if (attach === "tap") await sleep(300);
    else for (const report of [inbound, outbound]) await speaking(report, 50); // carried by the kernel, with nobody there
    const next = await start();
    for (const report of [inbound, outbound]) await speaking(report, 50);
    expect(await during).toBe(true);
    expect(await asSeen("after")).toBe(outside);
    await driver(c, "Leave", ids);
    await driver(c, "DeleteEndpoint", ids);
    await driver(c, "DeleteNetwork", ids);
    expect((await next.stop()).code).toBe(0);
    await eventually("all is as it was", () => snapshot(c, c.host) === before);
  });

onTsproxy("the main command leaves nothing but a file, with which the next one goes on; cleanup removes it", "kernel", async (c) => {
  const before = snapshot(c, c.host);
  const files = (): string[] => fs.readdirSync(c.lab.runDir).filter((name) => name.endsWith(".flows"));
  await serve(c.lab, c.c1, "tcp", 8080);
  let running = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:8080"]);
  const ofClient = await connect(c.lab, c.client, ADDR.host, 8999, 3);
  const ofHost = await connect(c.lab, c.host, "127.0.0.1", 8999, 3);
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    for (const each of [ofClient, ofHost]) await each.exchange(`before ${signal}`, 3);
    await running.proc.stop(signal);
    // After a SIGKILL the host's devices have a clsact that does nothing, until the next start.
    const now = (): string => (signal === "SIGKILL" ? snapshot(c, c.host).replace(/^qdisc clsact .*\n/gm, "") : snapshot(c, c.host));
    await eventually("the host is as it was", () => now() === before);
    expect(files(), signal).toHaveLength(1);
    running = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:8080"]);
    await eventually("the former file is gone", () => files().length === 1);
  }
  for (const each of [ofClient, ofHost]) await each.exchange("at last", 3);
  await running.proc.stop("SIGKILL");
  expect((await tsproxy(c.lab, c.host, ["cleanup"])).stdout).toContain("removed 1 file of flows");
  expect(files()).toEqual([]);
  // What is of another namespace that lives is left to it, what is of one that has ended is removed.
  const [ofNone, ofOther] = [["unshare", "--net"], []].map((wrap) => launch(c.lab, c.c1, ["--network", "10.99.0.0/24"], { wrap }));
  for (const proc of [ofNone!, ofOther!]) await untilReady(proc);
  const has = (proc: Proc): boolean => files().some((name) => name.startsWith(`${proc.pid}-`));
  expect([ofNone!, ofOther!].map(has)).toEqual([true, true]);
  for (const proc of [ofNone!, ofOther!]) await proc.stop("SIGKILL");
  // Nobody knows the client's connections now: who speaks is told.
  await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:8080"]);
  ofHost.proc.write("still there?\n");
  await eventually("their end is told", () => ofHost.closed.length === 3);
  expect(ofHost.closed).toEqual(["ECONNRESET", "ECONNRESET", "ECONNRESET"]);
  await eventually("the file of the namespace that has ended is gone", () => !has(ofNone!));
  expect(has(ofOther!)).toBe(true);
});

for (const attach of ["veth", "tap"])
  onTsproxy(`what an endpoint on ${attach} has opened is never another one's that has its address after a restart`, "own", async (c) => {
    const { lab, host, client, c1, c2 } = c;
    const start = (ns: string) =>
      startInstance(lab, host, [
        "--network",
        NETWORK,
        "--endpoint",
        `${ns}=${ADDR.c1}`,
        "--attach",
        attach,
        "-p",
        `5353:${ADDR.c1}:5353/udp`,
      ]);
    // Who has spoken to it once is sent datagrams from then on, without an end.
    const talks = 's.on("message", (_, { port, address }) => setInterval(() => s.send("on and on", port, address), 5))';
    const script = `const s = require("dgram").createSocket("udp4"); ${talks}.bind(7000, () => console.log("bound"))`;
    const far = lab.start(client, [process.execPath, "-e", script]);
    await far.until("bound", ({ stdout }) => stdout.includes("bound"));
    const arrives = async (what: string): Promise<void> => {
      const before = near.events().length;
      await near.until(what, () => near.events().length > before + 10);
    };

    const first = await start(c1);
    const near = await udpClient(lab, c1, ADDR.client, 7000);
    near.write("hello\n");
    await arrives("datagrams");
    await first.proc.stop("SIGKILL");
    const second = await start(c1);
    const wire = await Wire.tap(lab, c1);
    const isFar = (frame: Uint8Array): boolean => p.u16(frame, p.VNET + 12) === 0x0800 && p.parse(frame).sport === 7000;
    expect((await wire.received(isFar)).length).toBeGreaterThan(10); // the control: its own
    await second.proc.stop("SIGKILL");
    const third = await start(c2);
    const beside = await Wire.tap(lab, c2);
    expect(await beside.received(isFar)).toEqual([]);
    expect((await third.flowViews()).filter(({ proto }) => proto === "udp")).toEqual([]);
  });
