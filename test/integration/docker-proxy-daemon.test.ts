/** The daemon behind docker-proxy launchers: started once, restarted, crashed; its sockets and who may use them; what a launcher costs. */
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { describe, expect } from "vitest";
import { onTsproxy } from "../support/cases.js";
import { connect, curl, REFUSED } from "../support/clients.js";
import { launcherArgs, launchProxy, mappings, startDaemon, startLauncher, startOnDemand, stats, stopDaemon } from "../support/launcher.js";
import { LAUNCHER, MAIN } from "../support/paths.js";
import { eventually, type Proc } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";
import { launch, tsproxy } from "../support/tsproxy.js";

function isRunning(pid: number): boolean {
  return fs.existsSync(`/proc/${pid}`) && !fs.readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
}

const TO_C1 = { hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 } as const;

describe("the daemon behind it", () => {
  const daemonEnv = (): Record<string, string> => ({ TSPROXY_DAEMON: `${process.execPath} ${MAIN} daemon` });

  onTsproxy("is started once when fifty launchers start together", "kernel", async (c) => {
    const marker = path.join(c.lab.dir, "started");
    const env = { TSPROXY_DAEMON: `sh -c 'echo $$ >> ${marker}; exec ${process.execPath} ${MAIN} daemon'` };
    const all = Array.from({ length: 50 }, (_, i) => launchProxy(c.lab, c.host, { ...TO_C1, hostPort: 9000 + i }, env));
    await Promise.all(all);
    expect(fs.readFileSync(marker, "utf8").trim().split("\n")).toHaveLength(1);
    expect(await mappings(c)).toHaveLength(50);
    await stopDaemon(c);
  });

  onTsproxy("that cannot start is told to dockerd, with where to look", "kernel", async (c) => {
    const proc = startLauncher(c.lab, c.host, launcherArgs(TO_C1), { env: { TSPROXY_DAEMON: "sh -c 'echo broken; exit 3'" } });
    expect((await proc.finish()).code).toBe(1);
    expect(proc.extra).toBe(`1\n'tsproxy daemon' ends as soon as it is started: see ${c.lab.runDir}/daemon.log`);
    expect(fs.readFileSync(`${c.lab.runDir}/daemon.log`, "utf8")).toBe("broken\n");
  });

  onTsproxy("gets its ports again after a restart; connections end, new ones work", "kernel", async (c) => {
    await serve(c.lab, c.c1, "http", 8080);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const daemon = await startDaemon(c.lab, c.host);
      if (signal === "SIGTERM") {
        await launchProxy(c.lab, c.host, TO_C1);
        await launchProxy(c.lab, c.host, { ...TO_C1, hostIp: "::" });
      }
      await eventually("both ports are published", async () => (await stats(c))?.mappings.length === 2);
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toContain(ADDR.client);
      await daemon.stop(signal);
    }
    await startDaemon(c.lab, c.host);
    await eventually("both ports are published", async () => (await stats(c))?.mappings.length === 2);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toContain(ADDR.client);
  });

  onTsproxy("is replaced by a launcher when it crashed", "kernel", async (c) => {
    await launchProxy(c.lab, c.host, TO_C1, daemonEnv());
    await launchProxy(c.lab, c.host, { ...TO_C1, hostPort: 9000 }, daemonEnv());
    const first = (await stats(c))!.pid;
    await stopDaemon(c, "SIGKILL");
    await eventually("another daemon has both ports", async () => (await stats(c))?.mappings.length === 2, 10_000);
    expect((await stats(c))!.pid).not.toBe(first);
    await stopDaemon(c);
  });

  onTsproxy(
    "is started by systemd, with its unit's options, when a launcher connects to the socket that systemd holds",
    "kernel",
    async (c) => {
      const sockets = ["docker-proxy.sock", "plugins/tsproxy.sock"].map((name) => path.join(c.lab.runDir, name));
      const unit = await startOnDemand(c.lab, c.host, sockets, ["--conntrack-max", "4321"]);
      await launchProxy(c.lab, c.host, TO_C1, { TSPROXY_DAEMON: "sh -c 'echo not by me; exit 3'" });
      expect((await stats(c))!).toMatchObject({ pid: unit.pid, flows: { capacity: 4321 } });
      await serve(c.lab, c.c1, "http", 8080);
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toContain(ADDR.client);
      await unit.stop();
      for (const socket of sockets) expect(fs.existsSync(socket)).toBe(true); // they are systemd's
      const next = await startOnDemand(c.lab, c.host, sockets);
      await eventually("the launcher's port is published again", async () => (await stats(c))?.mappings.length === 1);
      expect((await stats(c))!.pid).toBe(next.pid);
    },
  );

  onTsproxy("that a launcher started gives way to the one that is meant to run", "kernel", async (c) => {
    await serve(c.lab, c.c1, "http", 8080);
    await launchProxy(c.lab, c.host, TO_C1, daemonEnv());
    const launched = (await stats(c))!.pid;
    const meant = await startDaemon(c.lab, c.host);
    await eventually("it has the port", async () => (await stats(c))?.mappings.length === 1);
    expect([(await stats(c))!.pid, isRunning(launched)]).toEqual([meant.pid, false]);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toContain(ADDR.client);
    await meant.stop();
  });

  onTsproxy("that a launcher started leaves the sockets to systemd, which has taken their paths over", "kernel", async (c) => {
    const sockets = ["docker-proxy.sock", "plugins/tsproxy.sock"].map((name) => path.join(c.lab.runDir, name));
    await launchProxy(c.lab, c.host, TO_C1, daemonEnv());
    const launched = (await stats(c))!.pid;
    const unit = await startOnDemand(c.lab, c.host, sockets);
    await launchProxy(c.lab, c.host, { ...TO_C1, hostPort: 9000 }); // the first to connect
    await eventually("it has both ports", async () => (await stats(c))?.mappings.length === 2);
    expect([(await stats(c))!.pid, isRunning(launched)]).toEqual([unit.pid, false]);
    for (const socket of sockets) expect(fs.existsSync(socket)).toBe(true);
    await launchProxy(c.lab, c.host, { ...TO_C1, hostPort: 9001 });
    expect(await mappings(c)).toHaveLength(3);
  });

  onTsproxy("refuses one that systemd starts beside it, and says how to stop it", "kernel", async (c) => {
    const sockets = ["docker-proxy.sock", "plugins/tsproxy.sock"].map((name) => path.join(c.lab.runDir, name));
    const first = await startDaemon(c.lab, c.host);
    await launchProxy(c.lab, c.host, TO_C1);
    const unit = await startOnDemand(c.lab, c.host, sockets);
    const late = startLauncher(c.lab, c.host, launcherArgs({ ...TO_C1, hostPort: 9000 }));
    expect((await unit.finish()).stderr).toMatch(
      new RegExp(`another daemon serves .*docker-proxy.sock \\(pid ${first.pid}\\).*'kill ${first.pid}'`),
    );
    expect(await mappings(c)).toHaveLength(1);
    await late.stop("SIGKILL");
  });

  onTsproxy("withdraws the port of a launcher that was killed, and gives it to the next at once", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    await serve(c.lab, c.c1, "http", 8080);
    let proc = await launchProxy(c.lab, c.host, TO_C1);
    for (let i = 0; i < 5; i++) {
      await proc.stop("SIGKILL");
      proc = await launchProxy(c.lab, c.host, TO_C1);
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
    }
    await proc.stop("SIGKILL");
    await eventually("the port is withdrawn", async () => (await stats(c))?.mappings.length === 0);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
  });

  onTsproxy("ends the connections of a port with its launcher, and not those of another port of the same target", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    await serve(c.lab, c.c1, "tcp", 8080);
    const proc = await launchProxy(c.lab, c.host, TO_C1);
    await launchProxy(c.lab, c.host, { ...TO_C1, hostPort: 9000 });
    const [gone, kept] = [await connect(c.lab, c.client, ADDR.host, 8999), await connect(c.lab, c.client, ADDR.host, 9000)];
    for (const client of [gone, kept]) await client.exchange("before");
    expect((await stats(c))!.flows.active).toBe(2);
    await proc.stop("SIGINT");
    await eventually("the flow ends", async () => (await stats(c))!.flows.active === 1);
    await kept.exchange("after");
    gone.proc.write("after\n");
    await gone.proc.until("a reset", () => gone.closed.length > 0);
  });

  onTsproxy("refuses a second daemon", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    const { code, stderr } = await tsproxy(c.lab, c.host, ["daemon"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/another daemon serves .*docker-proxy\.sock/);
  });

  onTsproxy("leaves the host as it was", "kernel", async (c) => {
    const before = snapshot(c, c.host);
    const daemon = await startDaemon(c.lab, c.host);
    const proc = await launchProxy(c.lab, c.host, TO_C1);
    await proc.stop("SIGINT");
    expect((await daemon.stop()).code).toBe(0);
    expect(snapshot(c, c.host)).toBe(before);
    expect(fs.readdirSync(c.lab.runDir).filter((name) => /docker-proxy|daemon|\.sock$/.test(name))).toEqual([]);
  });
});

describe("its sockets", () => {
  /** Sends bytes without a descriptor, and answers what came back until the end. */
  function say(file: string, bytes: string): Promise<string> {
    return new Promise((resolve) => {
      let answer = "";
      const socket = net.connect(file, () => socket.write(bytes));
      socket.setEncoding("utf8").on("data", (text) => {
        answer += text;
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(answer));
    });
  }

  onTsproxy("refuses garbage, and requests without a fitting socket", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    const file = path.join(c.lab.runDir, "docker-proxy.sock");
    for (const bytes of [
      "GET / HTTP/1.1\r\n\r\n",
      "publish tcp 1.2.3.4 80",
      "publish dccp 1.2.3.4 80\n",
      `publish tcp ${"x".repeat(100_000)}\n`,
      "\0\n",
    ])
      expect(await say(file, bytes)).toMatch(/^error docker-proxy launcher: not a request: .*\n$/);
    expect(await say(file, "publish tcp 1.2.3.4 80\n")).toMatch(/^error .*no bound tcp socket came with the request/);
    expect(await say(file, "publish tcp 1.2.3 80\n")).toMatch(/^error .*invalid container address '1\.2\.3'/);
    expect(await say(file, "publish tcp 1.2.3.4 0\n")).toMatch(/^error .*invalid container port 0/);
    const silent = net.connect(file); // says nothing, and holds nobody up
    await launchProxy(c.lab, c.host, TO_C1);
    silent.destroy();
    expect(await mappings(c)).toHaveLength(1);
  });

  onTsproxy("refuses sockets that are not bound, or of the other protocol, and several at once", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    const file = path.join(c.lab.runDir, "docker-proxy.sock");
    const program = `
import array, socket, sys
def ask(*socks):
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
    s.sendmsg([b"publish tcp 172.17.0.4 8080\\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [x.fileno() for x in socks]))])
    print(s.recv(500).decode().strip())
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("", 8999))
tcp = socket.socket(); tcp.bind(("", 8999))
ask(socket.socket()); ask(udp); ask(tcp, tcp); ask(tcp)
`;
    const { stdout } = await c.lab.run(c.host, ["python3", "-c", program, file]);
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toMatch(/no bound tcp socket/);
    expect(lines[1]).toMatch(/no bound tcp socket/);
    expect(lines[2]).toMatch(/more than one descriptor/);
    expect(lines[3]).toBe("ok");
    await eventually("it is withdrawn", async () => (await stats(c))?.mappings.length === 0);
  });

  onTsproxy("is root's, or a group's by --group, as are the API's and the plugin's", "kernel", async (c) => {
    const run = c.lab.runDir;
    const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const program = `
for (const path of process.argv.slice(1)) {
  const socket = require("net").connect(path, () => socket.end(() => console.log(path, "ok")));
  socket.on("error", (error) => console.log(path, error.code));
}
`;
    /** What connecting to each of the three sockets comes to, for a user. */
    const knock = async ({ pid }: Proc, as: string[]): Promise<(string | undefined)[]> => {
      const sockets = ["docker-proxy.sock", `${pid}.sock`, "plugins/tsproxy.sock"].map((name) => path.join(run, name));
      const { stdout } = await c.lab.run(c.host, [...as, process.execPath, "-e", program, ...sockets]);
      const said = new Map(stdout.split("\n").map((line) => line.split(" ") as [string, string]));
      return sockets.map((socket) => said.get(socket));
    };
    const daemon = await startDaemon(c.lab, c.host);
    expect(await knock(daemon, [])).toEqual(["ok", "ok", "ok"]);
    expect(await knock(daemon, asNobody)).toEqual(["EACCES", "EACCES", "EACCES"]);
    const refused = startLauncher(c.lab, c.host, launcherArgs(TO_C1), { wrap: asNobody });
    expect((await refused.finish()).code).toBe(1);
    expect(refused.extra).toMatch(/^1\nno tsproxy daemon at .*: permission denied$/);
    await daemon.stop();
    const shared = await startDaemon(c.lab, c.host, ["--group", "nogroup"]);
    expect(await knock(shared, asNobody)).toEqual(["ok", "ok", "ok"]);
    expect(await knock(shared, ["setpriv", "--reuid=65534", "--regid=2", "--clear-groups"])).toEqual(["EACCES", "EACCES", "EACCES"]);
    expect((await tsproxy(c.lab, c.host, ["stats", "--json"], { wrap: asNobody })).code).toBe(0);
    const served = startLauncher(c.lab, c.host, launcherArgs(TO_C1), { wrap: asNobody });
    await served.until("readiness", () => served.extra === "0\n");
    const { code, stderr } = await launch(c.lab, c.host, ["daemon", "--group", "no-such"], {
      env: { TSPROXY_RUN_DIR: path.join(c.lab.dir, "other") },
    }).finish();
    expect([code, stderr]).toEqual([1, expect.stringContaining("there is no group 'no-such'")]);
  });
});

onTsproxy("costs little: resident memory and time to readiness of a launcher", "kernel", async (c) => {
  await startDaemon(c.lab, c.host);
  const program = `
import json, os, statistics, sys, time
times = []
for i in range(50):
    r, w = os.pipe()
    argv = sys.argv[1:] + ["-host-port", str(10000 + i)]
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, w, 3)] if w != 3 else [])
    os.close(w)
    assert os.read(r, 2) == b"0\\n"
    times.append((time.perf_counter() - start) * 1000)
    os.close(r)
time.sleep(0.2) # ready first, small then
rss = [int(l.split()[1]) for l in open(f"/proc/{pid}/status") if l.startswith("VmRSS")][0]
pss = [int(l.split()[1]) for l in open(f"/proc/{pid}/smaps_rollup") if l.startswith("Pss:")][0]
print(json.dumps({"medianMs": statistics.median(times), "rssKb": rss, "pssKb": pss}))
os.killpg(0, 15)
`;
  const args = ["-container-ip", ADDR.c1, "-container-port", "8080"];
  const { stdout } = await c.lab.run(c.host, ["setsid", "python3", "-u", "-c", program, LAUNCHER, ...args]);
  const { medianMs, rssKb, pssKb } = JSON.parse(stdout) as Record<"medianMs" | "rssKb" | "pssKb", number>;
  console.log(`launcher: ready in ${medianMs.toFixed(1)} ms (median of 50), ${rssKb} KB resident, ${pssKb} KB of it its own share`);
  expect(rssKb).toBeLessThan(300);
  expect(medianMs).toBeLessThan(50);
});
