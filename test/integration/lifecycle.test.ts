/** Start, readiness, held ports, stop, and what is left after each kind of end. */
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { type Case, forEachKind, onTsproxy } from "../support/cases.js";
import { connect, curl, ncUdp, REFUSED } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";
import { launch, networkArgs, startInstance, tsproxy } from "../support/tsproxy.js";

const PUBLISH = ["-p", "8999:172.17.0.4:8080"];
const SERVED = /^192\.0\.2\.10:/;

onTsproxy("prints one line per mapping and then ready", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const proc = launch(c.lab, c.host, [...PUBLISH, "-p", "127.0.0.1:8000-8009:172.17.0.4:9000-9009/udp"]);
  await proc.until("ready", () => /^ready$/m.test(proc.stdout));
  expect(proc.stdout.trimEnd().split("\n")).toEqual([
    "0.0.0.0:8999 -> 172.17.0.4:8080/tcp",
    "[::]:8999 -> 172.17.0.4:8080/tcp",
    "127.0.0.1:8000-8009 -> 172.17.0.4:9000-9009/udp",
    "ready",
  ]);
  const { code, stdout } = await proc.stop("SIGINT");
  expect(code).toBe(0);
  expect(stdout).not.toContain("\u001b"); // the live line is for terminals
});

onTsproxy("prints the same as JSON lines with --json", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const running = await startInstance(c.lab, c.host, PUBLISH);
  expect(running.proc.events()).toEqual([
    ...["0.0.0.0", "::"].map((hostIp) => ({
      event: "mapping",
      hostIp,
      hostPort: 8999,
      hostPortEnd: 8999,
      targetIp: "172.17.0.4",
      targetPort: 8080,
      targetPortEnd: 8080,
      proto: "tcp",
      via: "dataplane",
    })),
    {
      event: "ready",
      role: "standalone",
      pid: running.pid,
      version: expect.stringMatching(/^\d/),
      uptimeSec: 0,
      apiSocket: path.join(c.lab.runDir, `${running.pid}.sock`),
      offload: { mode: "auto", ipv4: true, ipv6: true, refused: 0, loading: true },
    },
    { event: "offload", mode: "auto", ipv4: true, ipv6: true, refused: 0 },
  ]);
});

onTsproxy("writes a line to --ready-fd once it serves", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const proc = launch(c.lab, c.host, [...PUBLISH, "--ready-fd", "3"], { extraFd: true });
  await proc.until("a line on descriptor 3", () => proc.extra.endsWith("\n"));
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(SERVED);
});

onTsproxy("keeps what V8 compiled for the next start, which serves as the first one did", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const kept = (): string[] => fs.readdirSync(c.lab.runDir).filter((name) => name.endsWith(".code"));
  const once = async (): Promise<number> => {
    const running = await startInstance(c.lab, c.host, PUBLISH);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(SERVED);
    await running.stop(); // at the latest then it is kept
    expect(kept()).toEqual([expect.stringMatching(/^main-job-[0-9a-f]{8}\.code$/)]);
    const { ino, mode } = fs.statSync(path.join(c.lab.runDir, kept()[0]!));
    expect(mode & 0o777).toBe(0o600);
    return ino;
  };
  const made = await once();
  expect(await once()).toBe(made); // nothing of it was refused
});

onTsproxy("holds a port in 45 MiB of resident memory, and goes on to serve it", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const { pid } = await startInstance(c.lab, c.host, PUBLISH);
  const residentKiB = (): number => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  await eventually("at most 45 MiB", () => residentKiB() <= 45 * 1024);
  for (let i = 0; i < 3; i++) expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(SERVED);
});

onTsproxy("picks a free port for an empty host port, and prints it", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const running = await startInstance(c.lab, c.host, ["-p", ":172.17.0.4:8080"]);
  const port = running.mappings[0]?.hostPort ?? 0;
  expect(port).toBeGreaterThan(1023);
  expect((await curl(c.lab, c.client, `${ADDR.host}:${port}`)).peer).toMatch(SERVED);
});

onTsproxy("picks a free port of a host range for one target port", "kernel", async (c) => {
  c.lab.start(c.host, ["nc", "-lk", "8000"]);
  await serve(c.lab, c.c1, "http", 8080);
  await eventually("nc listening", () => c.lab.runSync(c.host, ["ss", "-Hltn", "sport = :8000"]) !== "");
  const running = await startInstance(c.lab, c.host, ["-p", "8000-8003:172.17.0.4:8080"]);
  expect(running.mappings).toMatchObject(
    ["0.0.0.0", "::"].map((hostIp) => ({ hostIp, hostPort: 8001, hostPortEnd: 8001, targetPort: 8080 })),
  );
  expect((await curl(c.lab, c.client, `${ADDR.host}:8001`)).peer).toMatch(SERVED);
});

onTsproxy("warns when nothing answers at the target yet, and serves once it does", "kernel", async (c) => {
  const running = await startInstance(c.lab, c.host, PUBLISH);
  expect(running.proc.stderr).toMatch(/172\.17\.0\.4:8080/);
  await serve(c.lab, c.c1, "http", 8080);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(SERVED);
});

onTsproxy("does not warn when the target answers, and probes it without a trace in its counters", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const running = await startInstance(c.lab, c.host, PUBLISH);
  expect(running.proc.stderr).toBe("");
  expect(await running.created()).toBe(0);
});

onTsproxy("holds its ports, so that another program gets EADDRINUSE", "kernel", async (c) => {
  await startInstance(c.lab, c.host, [...PUBLISH, "-p", "127.0.0.1:9000:172.17.0.4:9000", "-p", "53:172.17.0.4:53/udp"]);
  const listen = async (...args: string[]): Promise<string> => {
    const { stderr } = await c.lab.run(c.host, ["nc", "-l", "-w", "1", ...args], { timeoutMs: 300 });
    return stderr;
  };
  expect(await listen("0.0.0.0", "8999")).toMatch(/Address already in use/);
  expect(await listen("192.0.2.1", "8999")).toMatch(/Address already in use/);
  expect(await listen("127.0.0.1", "9000")).toMatch(/Address already in use/);
  expect(await listen("-u", "0.0.0.0", "53")).toMatch(/Address already in use/);
  expect(await listen("192.0.2.1", "9000")).toBe(""); // published at 127.0.0.1 alone
});

onTsproxy("refuses a port that another program holds, names it, and leaves nothing", "kernel", async (c) => {
  const nc = c.lab.start(c.host, ["nc", "-lk", "8999"]);
  await eventually("nc listening", () => c.lab.runSync(c.host, ["ss", "-Hltn", "sport = :8999"]) !== "");
  const before = snapshot(c, c.host);
  const { code, stdout, stderr } = await tsproxy(c.lab, c.host, [...PUBLISH, "-p", "9000:172.17.0.4:9000"]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/8999.*nc \(pid \d+\)/);
  expect(stderr).toContain(String(nc.pid));
  expect(snapshot(c, c.host)).toBe(before);
  await nc.stop();
  await startInstance(c.lab, c.host, PUBLISH);
});

onTsproxy("starts again at once on the port it has just served", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  for (let round = 0; round < 3; round++) {
    const running = await startInstance(c.lab, c.host, PUBLISH);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(SERVED);
    expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(0);
    await running.stop();
  }
});

onTsproxy(
  "holds nothing once it has ended: who speaks on an open connection then is reset; the next start serves anew",
  "kernel",
  async (c) => {
    await serve(c.lab, c.c1, "tcp", 8080);
    const first = await startInstance(c.lab, c.host, PUBLISH);
    const connections = await connect(c.lab, c.client, ADDR.host, 8999);
    await connections.exchange("before");
    expect(await first.flows()).toHaveLength(1);
    await first.stop();
    connections.proc.write("after\n");
    await connections.proc.until("a reset", () => connections.closed.length > 0, 5_000);
    expect(connections.closed).toEqual(["ECONNRESET"]);
    expect(connections.text()).toBe("before\n");
    await startInstance(c.lab, c.host, PUBLISH);
    const again = await connect(c.lab, c.client, ADDR.host, 8999);
    await again.exchange("again");
    expect(again.text()).toBe("again\n");
  },
);

onTsproxy("closes the port when it stops: refused at once, not lost", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const running = await startInstance(c.lab, c.host, PUBLISH);
  await running.stop();
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
  expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(REFUSED);
});

onTsproxy("runs two instances side by side; one ends, the other serves on", "kernel", async (c) => {
  const before = snapshot(c, c.host);
  await serve(c.lab, c.c1, "http", 8080);
  await serve(c.lab, c.c2, "http", 8080);
  const one = await startInstance(c.lab, c.host, PUBLISH);
  const two = await startInstance(c.lab, c.host, ["-p", "9000:172.17.0.5:8080"]);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(SERVED);
  expect((await curl(c.lab, c.client, `${ADDR.host}:9000`)).peer).toMatch(SERVED);
  expect([await one.created(), await two.created()]).toEqual([1, 1]);
  await one.stop();
  expect((await curl(c.lab, c.client, `${ADDR.host}:9000`)).peer).toMatch(SERVED);
  expect((await curl(c.lab, c.host, "127.0.0.1:9000")).code).toBe(0); // the sysctls of lo are still wanted
  expect((await curl(c.lab, c.c2, `${ADDR.host}:9000`)).code).toBe(0);
  await two.stop();
  expect(snapshot(c, c.host)).toBe(before);
});

onTsproxy("refuses a port that another instance publishes", "kernel", async (c) => {
  const one = await startInstance(c.lab, c.host, PUBLISH);
  const { code, stderr } = await tsproxy(c.lab, c.host, ["-p", "8999:172.17.0.5:8080"]);
  expect(code).toBe(1);
  expect(stderr).toContain("8999");
  expect(stderr).toContain(`pid ${one.pid}`);
});

onTsproxy("asks which instance is meant when two run and --pid is not given", "kernel", async (c) => {
  await startInstance(c.lab, c.host, PUBLISH);
  expect((await tsproxy(c.lab, c.host, ["stats"])).code).toBe(0);
  const two = await startInstance(c.lab, c.host, ["-p", "9000:172.17.0.5:8080"]);
  const { code, stderr } = await tsproxy(c.lab, c.host, ["stats"]);
  expect(code).not.toBe(0);
  expect(stderr).toContain(String(two.pid));
  expect(stderr).toContain("--pid");
});

forEachKind((kind) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    onTsproxy(`exits 0 on ${signal} and leaves the host as it was`, kind, async (c) => {
      await expectUnchanged(c, async () => {
        const running = await startInstance(c.lab, c.host, [...PUBLISH, ...networkArgs(c)]);
        await useIt(c);
        await running.stop(signal);
      });
    });
  }

  onTsproxy("starts and serves after a SIGKILL, and then leaves the host as it was", kind, async (c) => {
    await expectUnchanged(c, async () => {
      const killed = await startInstance(c.lab, c.host, [...PUBLISH, ...networkArgs(c)]);
      await useIt(c);
      await killed.proc.stop("SIGKILL");
      const running = await startInstance(c.lab, c.host, [...PUBLISH, ...networkArgs(c)]);
      await useIt(c);
      await running.stop();
    });
  });

  onTsproxy("`tsproxy cleanup` removes what a SIGKILL left, and spares a running instance", kind, async (c) => {
    const other = await startInstance(c.lab, c.host, ["-p", "9000:192.0.2.10:8080"]);
    await expectUnchanged(c, async () => {
      const killed = await startInstance(c.lab, c.host, [...PUBLISH, ...networkArgs(c)]);
      await useIt(c);
      await killed.proc.stop("SIGKILL");
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`, ["--connect-timeout", "1"])).code).not.toBe(0);
      expect((await tsproxy(c.lab, c.host, ["cleanup"])).code).toBe(0);
    });
    expect((await other.stats()).mappings).toMatchObject([{ hostPort: 9000 }, { hostPort: 9000 }]);
    expect((await tsproxy(c.lab, c.host, ["stats", "--pid", String(other.pid)])).code).toBe(0);
  });
});

/** TCP from the LAN and from the host, UDP to a port that is not published. */
async function useIt(c: Case): Promise<void> {
  const server = await serve(c.lab, c.c1, "http", 8080);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(SERVED);
  expect((await curl(c.lab, c.host, "127.0.0.1:8999")).code).toBe(0);
  await ncUdp(c.lab, c.client, ADDR.host, 9, "x");
  await server.proc.stop();
}

async function expectUnchanged(c: Case, action: () => Promise<void>): Promise<void> {
  const all = (): string[] => [c.host, c.c1, c.c2].map((ns) => snapshot(c, ns));
  const before = all();
  await action();
  expect(all()).toEqual(before);
}
