/**
 * The docker-proxy launcher with the daemon behind it. First what moby's own tests ask of docker-proxy (`cmd/docker-proxy/*_test.go`), then
 * the contract with dockerd: descriptor 3, exit codes, signals; then what happens when the daemon or a launcher ends.
 */
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { MappingView, StatsView } from "../../src/control/api-types.js";
import { onTsproxy } from "../support/cases.js";
import { connect, curl, ncHalfClose, ncUdp, REFUSED, udpClient } from "../support/clients.js";
import type { Lab } from "../support/lab.js";
import { LAUNCHER, type LauncherSpec, launcherArgs, launchProxy, startDaemon, startLauncher } from "../support/launcher.js";
import { eventually, Proc, sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";
import { launch, MAIN, tsproxy } from "../support/tsproxy.js";

const PAYLOAD = "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo";
const TO_C1 = { hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 } as const;

async function stats(c: { lab: Lab; host: string }): Promise<StatsView | undefined> {
  const { code, stdout } = await tsproxy(c.lab, c.host, ["stats", "--json"]);
  return code === 0 ? (JSON.parse(stdout) as StatsView) : undefined;
}

async function mappings(c: { lab: Lab; host: string }): Promise<MappingView[]> {
  return (await stats(c))?.mappings ?? [];
}

/** Ends a daemon that a launcher started. */
async function stopDaemon(c: { lab: Lab; host: string }, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  const pid = (await stats(c))?.pid;
  if (pid === undefined) throw new Error("no daemon runs");
  process.kill(pid, signal);
  await eventually("the daemon ends", () => !fs.existsSync(`/proc/${pid}`) || isZombie(pid));
}

function isZombie(pid: number): boolean {
  return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") ?? false;
}

describe("forwards as docker-proxy does", () => {
  for (const [family, address] of [
    ["IPv4", "127.0.0.1"],
    ["IPv6", "::1"],
  ] as const) {
    for (const passed of [true, false]) {
      const how = passed ? "on a passed socket" : "on a socket that it binds";
      const spec = (proto: "tcp" | "udp"): LauncherSpec => ({
        proto,
        hostIp: address,
        hostPort: 25587,
        containerIp: address,
        containerPort: 9000,
        passed,
      });

      onTsproxy(`TCP over ${family} ${how}, half-closed by the client first`, "kernel", async (c) => {
        await startDaemon(c.lab, c.host);
        await serve(c.lab, c.host, "tcp", 9000, { LISTEN: address });
        await launchProxy(c.lab, c.host, spec("tcp"));
        const answer = await ncHalfClose(c.lab, c.host, address, 25587, `${PAYLOAD}\n`);
        expect(answer).toMatch(new RegExp(`^${PAYLOAD}\nend .*\n$`)); // the last words came after the client's end
        expect(await mappings(c)).toMatchObject([{ hostIp: address, hostPort: 25587, targetPort: 9000, proto: "tcp", via: "relay" }]);
      });

      onTsproxy(`UDP over ${family} ${how}`, "kernel", async (c) => {
        await startDaemon(c.lab, c.host);
        await serve(c.lab, c.host, "udp", 9000, { LISTEN: address });
        await launchProxy(c.lab, c.host, spec("udp"));
        expect(await ncUdp(c.lab, c.host, address, 25587, PAYLOAD)).toContain(PAYLOAD);
      });
    }
  }

  onTsproxy("an IPv4 client of a dual-stack socket to an IPv6 target", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    await serve(c.lab, c.host, "tcp", 9000, { LISTEN: "::1" });
    await launchProxy(c.lab, c.host, { hostIp: "::", hostPort: 8999, containerIp: "::1", containerPort: 9000, passed: "dual" });
    expect(await ncHalfClose(c.lab, c.host, "127.0.0.1", 8999, "hello\n")).toMatch(/^hello\nend /);
  });

  onTsproxy("datagrams to a target that starts later", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    await launchProxy(c.lab, c.host, { proto: "udp", hostPort: 8999, containerIp: "127.0.0.1", containerPort: 9000 });
    const client = await udpClient(c.lab, c.host, "127.0.0.1", 8999);
    for (const text of ["one", "two"]) {
      client.write(`${text}\n`);
      await sleep(100);
    }
    await serve(c.lab, c.host, "udp", 9000);
    client.write("three\n");
    await client.until("the echo", () => client.stdout.includes("three"));
    expect(client.events().filter(({ event }) => event === "error")).toEqual([]);
  });

  onTsproxy("one-way datagrams from one source port", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    const server = await serve(c.lab, c.c1, "udp", 8080);
    await launchProxy(c.lab, c.host, { proto: "udp", ...TO_C1 });
    const client = await udpClient(c.lab, c.client, ADDR.host, 8999);
    for (let i = 0; i < 15; i++) {
      client.write(`${i}\n`);
      await sleep(20);
    }
    await eventually("15 datagrams", () => server.peers.length === 15);
    expect(new Set(server.peers).size).toBe(1);
    expect(server.hosts[0]).toBe(ADDR.client);
  });

  onTsproxy("IPv6 clients to an IPv4 container", "kernel", async (c) => {
    c.lab.ip(c.host, "addr add 2001:db8::1/64 dev eth0 nodad");
    c.lab.ip(c.client, "addr add 2001:db8::10/64 dev eth0 nodad");
    await startDaemon(c.lab, c.host);
    const server = await serve(c.lab, c.c1, "http", 8080);
    await launchProxy(c.lab, c.host, TO_C1);
    await launchProxy(c.lab, c.host, { ...TO_C1, hostIp: "::" }); // dockerd's second one, same port
    expect((await curl(c.lab, c.client, "[2001:db8::1]:8999")).code).toBe(0);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
    expect(server.hosts).toEqual([ADDR.gateway, ADDR.client]);
    expect((await mappings(c)).map(({ hostIp, via }) => [hostIp, via])).toEqual([
      ["0.0.0.0", "dataplane"],
      ["::", "relay"],
    ]);
  });

  it("SCTP: says that it does not, which dockerd reports", async () => {
    const proc = new Proc([LAUNCHER, "-proto", "sctp"], { extraFd: true });
    expect((await proc.finish()).code).toBe(1);
    expect(proc.extra).toBe("1\nunsupported protocol sctp");
  });
});

describe("keeps docker-proxy's contract", () => {
  async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string; status: string }> {
    const proc = new Proc([LAUNCHER, ...args], { extraFd: true, env: { TSPROXY_RUN_DIR: "/nonexistent/run" } });
    return { ...(await proc.finish()), status: proc.extra };
  }

  it("takes flags as Go does: usage and 2 for wrong ones, 0 for -h, the version", async () => {
    expect(await run("-foo")).toMatchObject({ code: 2, stderr: expect.stringMatching(/^flag provided but not defined: -foo\nUsage of /) });
    expect(await run("-host-port", "x")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^invalid value "x" for flag -host-port: parse error\nUsage of /),
    });
    expect(await run("--host-ip=1.2.3")).toMatchObject({ code: 2, stderr: expect.stringContaining('"1.2.3" for flag -host-ip') });
    expect(await run("-proto")).toMatchObject({ code: 2, stderr: expect.stringMatching(/^flag needs an argument: -proto\n/) });
    expect(await run("-use-listen-fd=maybe")).toMatchObject({ code: 2, stderr: expect.stringMatching(/^invalid boolean value "maybe"/) });
    expect(await run("---proto")).toMatchObject({ code: 2, stderr: expect.stringMatching(/^bad flag syntax: ---proto\n/) });
    expect(await run("-h")).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Usage of .*\n {2}-container-ip/) });
    for (const flag of ["-v", "--version"])
      expect(await run(flag)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^docker-proxy \(commit \S+\) version \S+\n$/) });
  });

  it("says why it failed on descriptor 3: bind, protocol, daemon", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as net.AddressInfo;
    try {
      const inUse = await run("-host-ip", "127.0.0.1", "-host-port", String(port));
      expect(inUse).toMatchObject({ code: 1, status: `1\nlisten tcp4 127.0.0.1:${port}: bind: address already in use` });
    } finally {
      server.close();
    }
    expect((await run("-host-ip", "192.0.2.99", "-host-port", "80")).status).toBe(
      "1\nlisten tcp4 192.0.2.99:80: bind: cannot assign requested address",
    );
    expect((await run("-proto", "xyz")).status).toBe("1\nunsupported protocol xyz");
    expect((await run("-proto", "udp", "-host-ip", "127.0.0.1", "-host-port", "0")).status).toBe(
      "1\ncannot open /nonexistent/run/docker-proxy.lock: no such file or directory",
    );
  });

  onTsproxy("refuses a descriptor 4 that is no socket for the protocol", "kernel", async (c) => {
    const listen = [
      "python3",
      "-c",
      "import os,socket,sys; s=socket.socket(socket.AF_UNIX); os.dup2(s.fileno(),4); os.set_inheritable(4,True); os.execv(sys.argv[1],sys.argv[1:])",
    ];
    const proc = startLauncher(c.lab, c.host, launcherArgs({ ...TO_C1, passed: true }), { wrap: listen });
    expect((await proc.finish()).code).toBe(1);
    expect(proc.extra).toBe("1\nunexpected socket type for listener fd: unix");
  });

  onTsproxy("ends with 0 at SIGINT and SIGTERM, shows its arguments until then, and frees the port", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const proc = await launchProxy(c.lab, c.host, TO_C1);
      const argv = fs.readFileSync(`/proc/${proc.pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      expect(argv).toEqual([LAUNCHER, ...launcherArgs(TO_C1)]);
      expect((await proc.stop(signal)).code).toBe(0);
      await eventually("the port is withdrawn", async () => (await mappings(c)).length === 0);
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
    }
  });

  onTsproxy("keeps the status pipe and the socket from whom it starts", "kernel", async (c) => {
    const proc = await launchProxy(c.lab, c.host, { ...TO_C1, passed: true }, { TSPROXY_DAEMON: `${process.execPath} ${MAIN} daemon` });
    const pid = (await stats(c))!.pid;
    expect(fs.readdirSync(`/proc/${proc.pid}/fd`)).not.toContain("3"); // the reader saw the end
    const links = fs.readdirSync(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`));
    expect(links).not.toContain(fs.readlinkSync(`/proc/${proc.pid}/fd/4`));
    expect(fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3]).toBe(String(pid)); // a session of its own
    await proc.stop("SIGKILL");
    expect((await stats(c))?.pid).toBe(pid);
    await stopDaemon(c);
  });
});

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
    expect(proc.extra).toBe(`1\n'tsproxy daemon' ends as soon as it is started: see ${c.lab.dir}/run/daemon.log`);
    expect(fs.readFileSync(`${c.lab.dir}/run/daemon.log`, "utf8")).toBe("broken\n");
  });

  onTsproxy("gets its ports again after a restart; connections end, new ones work", "kernel", async (c) => {
    await serve(c.lab, c.c1, "http", 8080);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const daemon = await startDaemon(c.lab, c.host);
      if (signal === "SIGTERM") {
        await launchProxy(c.lab, c.host, TO_C1);
        await launchProxy(c.lab, c.host, { ...TO_C1, hostIp: "::" });
      }
      await eventually("both ports are published", async () => (await mappings(c)).length === 2);
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toContain(ADDR.client);
      await daemon.stop(signal);
    }
    await startDaemon(c.lab, c.host);
    await eventually("both ports are published", async () => (await mappings(c)).length === 2);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toContain(ADDR.client);
  });

  onTsproxy("is replaced by a launcher when it crashed", "kernel", async (c) => {
    await launchProxy(c.lab, c.host, TO_C1, daemonEnv());
    await launchProxy(c.lab, c.host, { ...TO_C1, hostPort: 9000 }, daemonEnv());
    const first = (await stats(c))!.pid;
    await stopDaemon(c, "SIGKILL");
    await eventually("another daemon has both ports", async () => (await mappings(c)).length === 2, 10_000);
    expect((await stats(c))!.pid).not.toBe(first);
    await stopDaemon(c);
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
    await eventually("the port is withdrawn", async () => (await mappings(c)).length === 0);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
  });

  onTsproxy("ends the connections of a port with its launcher", "kernel", async (c) => {
    await startDaemon(c.lab, c.host);
    await serve(c.lab, c.c1, "tcp", 8080);
    const proc = await launchProxy(c.lab, c.host, TO_C1);
    const client = await connect(c.lab, c.client, ADDR.host, 8999);
    await client.exchange("before");
    expect((await stats(c))!.flows.active).toBe(1);
    await proc.stop("SIGINT");
    await eventually("the flow ends", async () => (await stats(c))!.flows.active === 0);
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
    expect(fs.readdirSync(path.join(c.lab.dir, "run")).filter((name) => /docker-proxy|daemon|\.sock$/.test(name))).toEqual([]);
  });
});

describe("its socket", () => {
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
    const file = path.join(c.lab.dir, "run/docker-proxy.sock");
    for (const bytes of [
      "GET / HTTP/1.1\r\n\r\n",
      "publish tcp 1.2.3.4 80",
      "publish sctp 1.2.3.4 80\n",
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
    const file = path.join(c.lab.dir, "run/docker-proxy.sock");
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
    await eventually("it is withdrawn", async () => (await mappings(c)).length === 0);
  });

  onTsproxy("is root's, or a group's by --group", "kernel", async (c) => {
    const file = path.join(c.lab.dir, "run/docker-proxy.sock");
    const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const daemon = await startDaemon(c.lab, c.host);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const refused = startLauncher(c.lab, c.host, launcherArgs(TO_C1), { wrap: asNobody });
    expect((await refused.finish()).code).toBe(1);
    expect(refused.extra).toMatch(/^1\nno tsproxy daemon at .*: permission denied$/);
    await daemon.stop();
    await startDaemon(c.lab, c.host, ["--group", "nogroup"]);
    expect(fs.statSync(file)).toMatchObject({ gid: 65534, mode: expect.toSatisfy((mode: number) => (mode & 0o777) === 0o660) });
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
  const env = { TSPROXY_RUN_DIR: path.join(c.lab.dir, "run") };
  const { stdout } = await c.lab.run(c.host, ["setsid", "python3", "-u", "-c", program, LAUNCHER, ...args], { env });
  const { medianMs, rssKb, pssKb } = JSON.parse(stdout) as Record<"medianMs" | "rssKb" | "pssKb", number>;
  console.log(`launcher: ready in ${medianMs.toFixed(1)} ms (median of 50), ${rssKb} KB resident, ${pssKb} KB of it its own share`);
  expect(rssKb).toBeLessThan(300);
  expect(medianMs).toBeLessThan(50);
});

function readLink(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return ""; // closed meanwhile
  }
}
