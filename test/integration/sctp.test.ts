/** A real SCTP stack, in user space (usrsctp of Debian): an echo server in a container, clients everywhere. */
import fs from "node:fs";
import { expect } from "vitest";
import { type Case, forEachKind, onTsproxy } from "../support/cases.js";
import { launcherArgs, launchProxy, mappings, startDaemon, startLauncher, stopDaemon } from "../support/launcher.js";
import { MAIN } from "../support/paths.js";
import { eventually, type Proc } from "../support/proc.js";
import { ADDR, ADDR6, addIpv6 } from "../support/topology.js";
import { networkArgs, startInstance } from "../support/tsproxy.js";

const PROGRAMS = "/usr/lib/usrsctp";
/** Where `echo_server` listens. */
const ECHO = 7;
const PORT = 5000;

async function echoServer(c: Case, ns: string): Promise<Proc> {
  const server = c.lab.start(ns, [`${PROGRAMS}/echo_server`]);
  await eventually("a raw socket of the server", () => c.lab.runSync(ns, ["cat", "/proc/net/raw"]).includes(":0084 "));
  return server;
}

/** Whether what a client sends comes back, within the time in which a lost INIT is sent again (RFC 9260 §16: 3 s), and again; its input ends, so it shuts the association down. */
async function echoed(c: Case, ns: string, address: string, port: number, ms = 9000): Promise<boolean> {
  const data = "x".repeat(2000); // more than a packet holds
  const client = c.lab.start(ns, [`${PROGRAMS}/client`, address, `${port}`], { input: "pipe" });
  client.write(`${data}\n`);
  const came = await eventually("the echo", () => client.stdout.includes(data), ms).catch(() => false);
  client.endInput();
  await (came ? client.finish() : client.stop("SIGKILL"));
  return came;
}

forEachKind((kind) => {
  onTsproxy("an SCTP server is reached by everybody, at another port, behind the host's firewall, and sees who asks", kind, async (c) => {
    if (!fs.existsSync(`${PROGRAMS}/echo_server`)) c.ctx.skip("not installed: libusrsctp-examples");
    const both = kind === "kernel"; // families
    if (both) addIpv6(c);
    const mappings = [`0.0.0.0:${PORT}:${ADDR.c1}:${ECHO}/sctp`, ...(both ? [`[::]:${PORT}:[${ADDR6.c1}]:${ECHO}/sctp`] : [])];
    const instance = await startInstance(c.lab, c.host, [...mappings.flatMap((mapping) => ["-p", mapping]), ...networkArgs(c)]);
    await echoServer(c, c.c1);
    const clients = [
      [c.client, ADDR.host],
      [c.c2, ADDR.host],
      [c.host, "127.0.0.1"],
      [c.host, ADDR.host],
    ] as const;
    const clients6 = both
      ? ([
          [c.client, ADDR6.host],
          [c.host, "::1"],
        ] as const)
      : [];
    // One after another: a client is an SCTP of its own, and would abort what is another's of its namespace; and the server takes one at a time (listen(2)'s
    // backlog is 1), and refuses who comes in the same moment.
    const came: boolean[] = [];
    for (const [ns, address] of [...clients, ...clients6]) came.push(await echoed(c, ns, address, PORT));
    expect(came).toEqual(Array(4 + clients6.length).fill(true));
    const all = await instance.flowViews();
    const flows = all.filter(({ reply }) => !reply.src.startsWith("["));
    expect(all.filter((flow) => !flows.includes(flow)).map(({ state, reply }) => [state, reply.src])).toEqual(
      clients6.map(() => ["ended", `[${ADDR6.c1}]:${ECHO}`]),
    );
    expect(flows.map(({ proto, state, reply }) => [proto, state, reply.src])).toEqual(
      Array(4).fill(["sctp", "ended", `${ADDR.c1}:${ECHO}`]),
    );
    expect(flows.map(({ reply }) => reply.dst.replace(/:.*/, "")).toSorted()).toEqual([
      ...Array(3).fill(ADDR.gateway), // who could not be answered otherwise
      ADDR.client,
    ]);
    expect(await instance.created()).toBe(came.length);
    const { "flood-alone": alone = 0, ...drops } = (await instance.stats()).drops; // what an endpoint says to all stations, of which there is no other
    expect(drops).toEqual({});
    expect(alone).toBeLessThanOrEqual(2);

    if (kind === "kernel") {
      const second = await c.lab.run(c.host, [process.execPath, MAIN, "-p", `${PORT}:${ADDR.c1}:9/sctp`]);
      expect([second.code, second.stderr]).toEqual([1, expect.stringContaining(`host port 0.0.0.0:${PORT}/sctp is taken`)]);
      c.lab.runSync(c.host, ["iptables", "-A", "INPUT", "-p", "sctp", "-j", "DROP"]);
      expect(await echoed(c, c.client, ADDR.host, PORT, 500)).toBe(false);
      expect(await instance.created()).toBe(came.length);
    } else {
      await echoServer(c, c.client);
      expect(await echoed(c, c.c1, ADDR.client, ECHO)).toBe(true);
      expect((await instance.flowViews()).at(-1)).toMatchObject({ proto: "sctp", reply: { dst: expect.stringMatching(/^192\.0\.2\.1:/) } });
    }
    await instance.stop();
  });
});

onTsproxy("a docker-proxy launcher publishes SCTP, for both families", "kernel", async (c) => {
  if (!fs.existsSync(`${PROGRAMS}/echo_server`)) c.ctx.skip("not installed: libusrsctp-examples");
  await startDaemon(c.lab, c.host);
  const spec = { proto: "sctp", hostPort: PORT, containerIp: ADDR.c1, containerPort: ECHO } as const;
  await Promise.all([echoServer(c, c.c1), launchProxy(c.lab, c.host, spec), launchProxy(c.lab, c.host, { ...spec, hostIp: "::" })]);
  expect(await echoed(c, c.client, ADDR.host, PORT)).toBe(true);
  expect((await mappings(c)).map(({ hostIp, hostPort, proto, via }) => `${hostIp} ${hostPort}/${proto} ${via}`).toSorted()).toEqual(
    ["0.0.0.0", "::"].map((ip) => `${ip} ${PORT}/sctp dataplane`),
  );
  const second = startLauncher(c.lab, c.host, launcherArgs(spec));
  expect([(await second.finish()).code, second.extra]).toEqual([1, `1\nlisten sctp4 0.0.0.0:${PORT}: bind: address already in use`]);
  await stopDaemon(c);
});
