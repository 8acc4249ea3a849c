/** Packets go to containers of a kernel bridge past it, and over it as soon as somebody there could tell. */
import path from "node:path";
import { expect } from "vitest";
import type { Check } from "../../src/cli/doctor/check.js";
import { type Case, onTsproxy } from "../support/cases.js";
import { type Connections, connect, ping } from "../support/clients.js";
import { ROOT } from "../support/paths.js";
import { eventually, type Proc } from "../support/proc.js";
import { program, serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6 } from "../support/topology.js";
import { startInstance, tsproxy } from "../support/tsproxy.js";

const PORT = 8999,
  PORT2 = 8998,
  PORT6 = 8997;
const LINES = 10;
/** A look a second is enough on a machine that is not busy. */
const PATIENCE_MS = 20_000;

/** Packets that a port of the bridge has sent to its container. */
function sentBy(c: Case, port: string): number {
  const [link] = JSON.parse(c.lab.runSync(c.host, ["ip", "-j", "-s", "link", "show", port])) as { stats64: { tx: { packets: number } } }[];
  return link!.stats64.tx.packets;
}

/** Waits until lines go to the container over its bridge, all of them, or past it. */
function untilGoing(way: "over" | "past", c: Case, connections: Connections, port = "veth1"): Promise<unknown> {
  const attempt = async (): Promise<boolean> => {
    const before = sentBy(c, port);
    for (let n = 0; n < LINES; n++) await connections.exchange(`${way}${before}-${n}.`);
    const sent = sentBy(c, port) - before;
    return way === "over" ? sent >= LINES : sent < LINES / 2;
  };
  return eventually(`packets for ${port} go ${way} the bridge`, attempt, PATIENCE_MS);
}

/** Starts a program that gets in the way, until `stop`. */
function start(c: Case, ns: string, ...argv: string[]): Promise<Proc> {
  const proc = c.lab.start(ns, argv, { input: "pipe" });
  return proc.until("ready", () => proc.stdout.startsWith("ready\n"));
}

onTsproxy("delivers past the bridge, and over it while somebody there could tell", "kernel", async (c) => {
  addIpv6(c);
  const publish = [`${PORT}:${ADDR.c1}:8080`, `${PORT2}:${ADDR.c2}:8080`, `[::]:${PORT6}:[${ADDR6.c1}]:8080`];
  const instance = await startInstance(
    c.lab,
    c.host,
    publish.flatMap((spec) => ["-p", spec]),
  );
  await Promise.all([c.c1, c.c2].map((ns) => serve(c.lab, ns, "tcp", 8080, { LISTEN: "::" })));
  const [one, two] = await Promise.all([PORT, PORT2].map((port) => connect(c.lab, c.client, ADDR.host, port)));
  await Promise.all([untilGoing("past", c, one!), untilGoing("past", c, two!, "veth2")]);
  await untilGoing("past", c, await connect(c.lab, c.client, ADDR6.host, PORT6));
  expect((await instance.stats()).steering!["past-bridge"]).toBeGreaterThan(LINES);
  expect(c.lab.runSync(c.c1, ["ip", "neigh", "show", "dev", "eth0"])).not.toMatch(/FAILED/);

  const doctor = async (): Promise<string> => {
    const { stdout } = await tsproxy(c.lab, c.host, ["doctor", "--json"]);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return checks.find(({ name }) => name === "past bridges")!.meaning;
  };
  expect(await doctor()).toBe("packets go to containers past the host's bridges, to 2 now");

  const over = (): Promise<unknown> => Promise.all([untilGoing("over", c, one!), untilGoing("over", c, two!, "veth2")]);
  const past = (): Promise<unknown> => Promise.all([untilGoing("past", c, one!), untilGoing("past", c, two!, "veth2")]);
  const run = (command: string): unknown => c.lab.runSync(c.host, command.split(" "));
  run("tc qdisc add dev veth1 root pfifo");
  await Promise.all([untilGoing("over", c, one!), untilGoing("past", c, two!, "veth2")]);
  const xdp = await start(c, c.c2, process.execPath, program("xdp-pass"), "eth0");
  await over();
  expect(await doctor()).toMatch(/: veth1 has a queueing discipline or filters; veth2 has an end in its container that .*XDP program$/);
  run("tc qdisc del dev veth1 root");
  await xdp.stop();
  await past();

  run("nft add table bridge some");
  await over();
  expect(await doctor()).toMatch(/: there are rules about frames \(nftables/);
  run("nft delete table bridge some");
  await past();
  const capture = await start(c, c.host, "python3", path.join(ROOT, "test/support/programs/frames.py"), "docker0");
  await over();
  expect(await doctor()).toMatch(/^some packets .*: docker0 is captured on$/);
  await capture.stop();
  await past();

  // Nobody looks after it any more.
  instance.proc.signal("SIGSTOP");
  await untilGoing("over", c, one!);
  instance.proc.signal("SIGCONT");
  await untilGoing("past", c, one!);
});

onTsproxy("finds a container that has come again, and keeps the bridge where it is told to", "kernel", async (c) => {
  await startInstance(c.lab, c.host, ["-p", `${PORT}:${ADDR.c1}:8080`]);
  await startInstance(c.lab, c.host, ["--past-bridge", "never", "-p", `${PORT2}:${ADDR.c2}:8080`]);
  await Promise.all([c.c1, c.c2].map((ns) => serve(c.lab, ns, "tcp", 8080)));
  await untilGoing("past", c, await connect(c.lab, c.client, ADDR.host, PORT));
  await untilGoing("over", c, await connect(c.lab, c.client, ADDR.host, PORT2), "veth2");
  c.lab.ip(c.host, "link del veth1");
  c.lab.link(c.host, "veth1", c.c1, "eth0");
  c.lab.ip(c.host, "link set veth1 master docker0");
  c.lab.ip(c.c1, `addr add ${ADDR.c1}/16 dev eth0\nroute add default via ${ADDR.gateway}`);
  expect(await ping(c.lab, c.c1, ADDR.gateway)).toMatchObject({ received: 3 });
  await untilGoing("past", c, await connect(c.lab, c.client, ADDR.host, PORT));
});
