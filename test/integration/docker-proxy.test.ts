/**
 * The docker-proxy launcher with the daemon behind it: what moby's own tests ask of docker-proxy (`cmd/docker-proxy/*_test.go`), and the
 * contract with dockerd: flags, descriptor 3, exit codes, signals.
 */
import fs from "node:fs";
import net from "node:net";
import { describe, expect, it } from "vitest";
import { onTsproxy } from "../support/cases.js";
import { curl, ncHalfClose, ncUdp, REFUSED, udpClient } from "../support/clients.js";
import {
  type LauncherSpec,
  launcherArgs,
  launchProxy,
  mappings,
  startDaemon,
  startLauncher,
  stats,
  stopDaemon,
} from "../support/launcher.js";
import { LAUNCHER, MAIN } from "../support/paths.js";
import { eventually, Proc, sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";

const PAYLOAD = "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo";
const TO_C1 = { hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 } as const;

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
      ["::", "dataplane"],
    ]);
  });

  for (const [how, hostIp, passed] of [
    ["IPv4 to the host itself", "0.0.0.0", true],
    ["IPv6", "::", true],
    ["IPv6, on a socket that it binds", "::", false],
    ["both families on one socket", "::", "dual"],
  ] as const)
    onTsproxy(`answers UDP from the very address that the client sent to: ${how}`, "kernel", async (c) => {
      c.lab.ip(c.host, "addr add 192.0.2.77/24 dev eth0\naddr add 2001:db8::1/64 dev eth0 nodad\naddr add 2001:db8::2/64 dev eth0 nodad");
      c.lab.ip(c.client, "addr add 2001:db8::10/64 dev eth0 nodad");
      const linkLocal = /inet6 (fe80\S+)\/64/.exec(c.lab.runSync(c.host, ["ip", "addr", "show", "eth0"]))?.[1];
      for (const ns of [c.host, c.client]) // a link-local address is first looked for elsewhere (RFC 4862 §5.4)
        await eventually(
          "addresses are in use",
          () => c.lab.runSync(ns, ["ip", "-6", "addr", "show", "dev", "eth0", "tentative"]) === "",
          10_000,
        );
      await startDaemon(c.lab, c.host);
      await serve(c.lab, c.host, "udp", 9000);
      await launchProxy(c.lab, c.host, { proto: "udp", hostIp, hostPort: 8999, containerIp: "127.0.0.1", containerPort: 9000, passed });
      const v4 = hostIp === "0.0.0.0" || passed === "dual" ? ["192.0.2.77", ADDR.host, ADDR.host2] : [];
      const v6 = hostIp === "::" ? ["2001:db8::1", "2001:db8::2", `${linkLocal}%eth0`] : [];
      for (const address of [...v4, ...v6]) {
        const client = await udpClient(c.lab, c.client, address, 8999);
        client.write("hello\n");
        await client.until(`an answer from ${address}`, () => client.stdout.includes("hello"), 2_000);
      }
    });

  it("DCCP: says that it does not, which dockerd reports", async () => {
    const proc = new Proc([LAUNCHER, "-proto", "dccp"], { extraFd: true });
    expect((await proc.finish()).code).toBe(1);
    expect(proc.extra).toBe("1\nunsupported protocol dccp");
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
      await eventually("the port is withdrawn", async () => (await stats(c))?.mappings.length === 0);
      // The first SYN may still find the port steered and be lost on its way; under load the next one is seconds later.
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`, ["--connect-timeout", "10"])).code).toBe(REFUSED);
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

function readLink(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return ""; // closed meanwhile
  }
}
