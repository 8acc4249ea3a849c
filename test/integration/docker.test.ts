/**
 * Published ports under a real dockerd whose userland proxy is tsproxy's launcher, with dockerd's iptables rules and without. The same cases
 * run with Docker's own proxy, so that what they ask for is what Docker users have.
 */
import fs from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { curl, ncUdp, REFUSED, TIMED_OUT } from "../support/clients.js";
import { Dockerd, dockerObstacle } from "../support/dockerd.js";
import { Lab } from "../support/lab.js";
import { startDaemon } from "../support/launcher.js";
import { LAUNCHER } from "../support/paths.js";
import { eventually } from "../support/proc.js";
import { program } from "../support/servers.js";
import { ADDR, buildWorld, type World } from "../support/topology.js";
import { tsproxy } from "../support/tsproxy.js";

const obstacle = dockerObstacle() ?? (fs.existsSync(LAUNCHER) ? undefined : "native/build/tsproxy-docker-proxy is missing: npm run build");
const GATEWAY = "172.17.0.1";
/** Answers GET /cgi-bin/who with the client's address. */
const HTTPD = ["httpd", "-f", "-h", "/www", "-p", "80"];

interface Host extends World {
  dockerd: Dockerd;
}

async function startHost(config: Record<string, unknown>): Promise<Host> {
  const world = buildWorld(new Lab(), "own");
  world.lab.ip(world.host, "addr add 2001:db8::1/64 dev eth0 nodad");
  world.lab.ip(world.client, "addr add 2001:db8::10/64 dev eth0 nodad");
  return { ...world, dockerd: await Dockerd.start(world.lab, world.host, { config }) };
}

async function stopHost(host: Host | undefined): Promise<void> {
  if (host === undefined) return;
  await host.dockerd.remove(); // kills the daemon that a launcher has started
  await host.lab.close();
}

/** Who the server in the container says that it was asked by; "" when it could not be reached. */
async function who(host: Host, ns: string, target: string): Promise<string> {
  const { code, body } = await curl(host.lab, ns, `${target}/cgi-bin/who`);
  return code === 0 ? address(body) : "";
}

async function whoFrom(host: Host, container: string, target: string, args: string[] = []): Promise<string> {
  const { stdout } = await host.dockerd.docker(["exec", container, "wget", ...args, "-qO-", `http://${target}/cgi-bin/who`]);
  return address(stdout);
}

/** busybox writes [::ffff:192.0.2.1] */
function address(text: string): string {
  return text.trim().replace(/^\[::ffff:(.*)\]$/, "$1");
}

for (const { proxy, iptables } of [
  { proxy: "tsproxy", iptables: true },
  { proxy: "tsproxy", iptables: false },
  { proxy: "docker-proxy", iptables: true },
] as const) {
  const title = `${proxy} as the userland proxy, "iptables": ${iptables}${obstacle === undefined ? "" : ` [skipped: ${obstacle}]`}`;
  describe.skipIf(obstacle !== undefined)(title, () => {
    let host: Host;
    beforeAll(async () => {
      host = await startHost({ iptables, ...(proxy === "tsproxy" ? { "userland-proxy-path": LAUNCHER } : {}) });
    }, 60_000);
    afterAll(() => stopHost(host), 60_000);
    afterEach(async () => {
      const ids = (await host.dockerd.must("ps", "-aq")).split("\n").filter((id) => id !== "");
      if (ids.length > 0) await host.dockerd.must("rm", "-f", ...ids);
      await eventually("every proxy ends", () => proxies().length === 0);
    });
    const proxies = (): string[] => host.dockerd.processes(/docker-proxy -proto/).map(({ command }) => command);

    it("publishes on every address, on one, and on loopback; servers see who asks", async () => {
      const ports = ["-p", "8080:80", "-p", `${ADDR.host2}:8081:80`, "-p", "127.0.0.1:8082:80"];
      await host.dockerd.run([...ports, "--name", "web"], ...HTTPD);
      expect(await who(host, host.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
      expect(await who(host, host.lan2, `${ADDR.host2}:8080`)).toBe(ADDR.lan2);
      expect(await who(host, host.lan2, `${ADDR.host2}:8081`)).toBe(ADDR.lan2);
      expect(await who(host, host.host, "127.0.0.1:8082")).toBe(GATEWAY);
      expect((await curl(host.lab, host.client, `${ADDR.host}:8081`)).code).toBe(REFUSED);
      expect((await curl(host.lab, host.client, `${ADDR.host}:8082`)).code).toBe(REFUSED);
      expect(proxies().map((command) => command.slice(command.indexOf(" -proto")))).toContain(
        ` -proto tcp -host-ip ${ADDR.host2} -host-port 8081 -container-ip ${await host.dockerd.address("web")} -container-port 80`,
      );
    });

    it("serves the host itself, by each of its addresses, and IPv6 clients of an IPv4 container", async () => {
      await host.dockerd.run(["-p", "8080:80"], ...HTTPD);
      for (const at of ["127.0.0.1", ADDR.host, ADDR.host2, GATEWAY]) expect(await who(host, host.host, `${at}:8080`)).not.toBe("");
      for (const at of ["[::1]", "[2001:db8::1]"]) expect(await who(host, host.host, `${at}:8080`)).toBe(GATEWAY);
      expect(await who(host, host.client, "[2001:db8::1]:8080")).toBe(GATEWAY);
    });

    it("serves containers by the host's address: itself, a neighbour, one of another network", async () => {
      await host.dockerd.run(["-p", "8080:80", "--name", "web"], ...HTTPD);
      await host.dockerd.run(["--name", "neighbour"], "sleep", "1000");
      await host.dockerd.must("network", "create", "--subnet", "172.30.0.0/16", "other");
      try {
        await host.dockerd.run(["--name", "stranger", "--network", "other"], "sleep", "1000");
        for (const from of ["web", "neighbour", "stranger"]) {
          expect(await whoFrom(host, from, `${ADDR.host}:8080`), from).not.toBe("");
          expect(await whoFrom(host, from, `${GATEWAY}:8080`), from).not.toBe("");
        }
      } finally {
        await host.dockerd.must("rm", "-f", "stranger");
        await host.dockerd.must("network", "rm", "other");
      }
    });

    it("publishes ranges, free ports of a range, and ephemeral ports", async () => {
      const servers = "for port in 8100 8101 8102; do httpd -h /www -p $port; done; httpd -f -h /www -p 80";
      await host.dockerd.run(["-p", "8100-8102:8100-8102", "-p", "8200-8209:80", "-p", "80", "--name", "web"], "sh", "-c", servers);
      for (const port of [8100, 8101, 8102]) expect(await who(host, host.client, `${ADDR.host}:${port}`)).toBe(ADDR.client);
      const bound = (await host.dockerd.must("port", "web", "80/tcp")).split("\n").filter((line) => line.startsWith("0.0.0.0:"));
      expect(bound).toHaveLength(2);
      for (const line of bound) expect(await who(host, host.client, line.replace("0.0.0.0", ADDR.host))).toBe(ADDR.client);
    });

    it("publishes UDP; the server sees who asks", async () => {
      await host.dockerd.run(["-p", "5300:53/udp", "--name", "dns"], "sleep", "1000");
      const inside = `--net=/proc/${await host.dockerd.inspect("dns", "{{.State.Pid}}")}/ns/net`; // busybox has no UDP server
      const server = host.lab.start(host.host, ["nsenter", inside, process.execPath, program("udp-server"), "53"]);
      await server.until("listening", () => server.stdout.includes("listening"));
      expect(await ncUdp(host.lab, host.client, ADDR.host, 5300, "hello")).toMatch(new RegExp(`^${ADDR.client}:\\d+ hello$`));
      expect(await ncUdp(host.lab, host.host, "127.0.0.1", 5300, "hello")).toMatch(new RegExp(`^${GATEWAY}:\\d+ hello$`));
      expect(await ncUdp(host.lab, host.client, "2001:db8::1", 5300, "hello")).toMatch(new RegExp(`^${GATEWAY}:\\d+ hello$`));
      await server.stop();
    });

    it("refuses a port that a container has, or a program, with docker's message", async () => {
      await host.dockerd.run(["-p", "8080:80"], ...HTTPD);
      const second = await host.dockerd.docker(["run", "-d", "-p", "8080:80", "tsproxy-test", ...HTTPD]);
      expect(second.code).toBe(125);
      expect(second.stderr).toContain("Bind for 0.0.0.0:8080 failed: port is already allocated");
      const holder = host.lab.start(host.host, ["nc", "-l", "-k", "0.0.0.0", "8090"]);
      await eventually("nc listens", () => host.lab.runSync(host.host, ["ss", "-Hltn", "sport = :8090"]) !== "");
      const third = await host.dockerd.docker(["run", "-d", "-p", "8090:80", "tsproxy-test", ...HTTPD]);
      await holder.stop();
      expect(third.code).toBe(125);
      expect(third.stderr).toMatch(
        /driver failed programming external connectivity on endpoint \S+ \(\w+\): Error starting userland proxy: listen tcp4 0\.0\.0\.0:8090: bind: address already in use/,
      );
      expect(await who(host, host.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
    });

    it("serves on after the container is restarted, stopped and started, or killed by itself", async () => {
      await host.dockerd.run(["-p", "8080:80", "--restart", "always", "--name", "web"], ...HTTPD);
      for (const action of [["restart", "-t", "0"], ["stop", "-t", "0"], ["start"]]) {
        await host.dockerd.must(...action, "web");
        const stopped = action[0] === "stop";
        if (stopped) expect((await curl(host.lab, host.client, `${ADDR.host}:8080`)).code).toBe(REFUSED);
        else
          await eventually(
            `it answers after ${action[0]}`,
            async () => (await who(host, host.client, `${ADDR.host}:8080`)) === ADDR.client,
          );
      }
      process.kill(Number(await host.dockerd.inspect("web", "{{.State.Pid}}")), "SIGKILL");
      await eventually("docker restarts it", async () => Number(await host.dockerd.inspect("web", "{{.RestartCount}}")) === 1);
      await eventually("it answers", async () => (await who(host, host.client, `${ADDR.host}:8080`)) === ADDR.client);
      expect(proxies()).toHaveLength(2);
    });

    it("serves again after dockerd is restarted, and after it is killed", async () => {
      await host.dockerd.run(["-p", "8080:80", "--restart", "always", "--name", "web"], ...HTTPD);
      for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        await host.dockerd.stop(signal);
        await eventually("every proxy ends", () => proxies().length === 0);
        await host.dockerd.launch();
        await eventually("it answers", async () => (await who(host, host.client, `${ADDR.host}:8080`)) === ADDR.client, 10_000);
        expect(proxies()).toHaveLength(2);
      }
    }, 60_000);

    it("keeps containers that live through dockerd's restart published (live-restore)", async () => {
      const config = { iptables, "live-restore": true, ...(proxy === "tsproxy" ? { "userland-proxy-path": LAUNCHER } : {}) };
      await host.dockerd.stop();
      host.dockerd.writeConfig(config);
      await host.dockerd.launch();
      await host.dockerd.run(["-p", "8080:80", "--name", "web"], ...HTTPD);
      const pid = await host.dockerd.inspect("web", "{{.State.Pid}}");
      for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        await host.dockerd.stop(signal);
        await host.dockerd.launch();
        expect(await host.dockerd.inspect("web", "{{.State.Pid}}")).toBe(pid);
        await eventually("it answers", async () => (await who(host, host.client, `${ADDR.host}:8080`)) === ADDR.client);
        expect(proxies()).toHaveLength(2);
      }
    }, 60_000);

    /** INPUT lets in what the host asked for and what it says to itself; more rules follow. */
    const filtered = async (more: string[], body: () => Promise<void>): Promise<void> => {
      const rules = ["-P INPUT DROP", "-A INPUT -i lo -j ACCEPT", "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", ...more];
      const undo = rules.map((rule) => rule.replace("-P INPUT DROP", "-P INPUT ACCEPT").replace(/^-[AI]/, "-D"));
      const apply = (list: string[]): void => {
        for (const rule of list) host.lab.runSync(host.host, ["iptables", ...rule.split(" ")]);
      };
      apply(rules);
      try {
        await body();
      } finally {
        apply(undo);
      }
    };
    const reached = (ns: string, at: string): Promise<number> =>
      curl(host.lab, ns, `${at}:8080/cgi-bin/who`, ["--connect-timeout", "1"]).then(({ code }) => code);

    if (iptables)
      it("who comes from the LAN passes DOCKER-USER and not INPUT", async () => {
        await host.dockerd.run(["-p", "8080:80"], ...HTTPD);
        // As docs/docker.md has it, for every interface.
        await filtered(["-I DOCKER-USER -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL ! -s 192.0.2.0/28 -j DROP"], async () => {
          expect(await who(host, host.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
          expect(await reached(host.lan2, ADDR.host2)).toBe(TIMED_OUT);
          expect(await who(host, host.host, "127.0.0.1:8080")).toBe(GATEWAY);
        });
      });
    else
      it("who comes from the LAN, or from a container, passes INPUT", async () => {
        await host.dockerd.run(["-p", "8080:80"], ...HTTPD);
        await host.dockerd.run(["--name", "neighbour"], "sleep", "1000");
        await filtered(["-A INPUT -p tcp --dport 8080 -s 192.0.2.0/28 -j ACCEPT"], async () => {
          expect(await who(host, host.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
          expect(await reached(host.lan2, ADDR.host2)).toBe(TIMED_OUT);
          expect(await whoFrom(host, "neighbour", `${ADDR.host}:8080`, ["-T", "1"])).toBe("");
          expect(await who(host, host.host, "127.0.0.1:8080")).toBe(GATEWAY);
        });
      });

    if (proxy === "tsproxy")
      it("a daemon with --firewall bypass takes packets before all of these rules", async () => {
        const daemon = await startDaemon(host.lab, host.host, ["--firewall", "bypass"]);
        await host.dockerd.run(["-p", "8080:80"], ...HTTPD);
        const everything = iptables ? ["-I DOCKER-USER -j DROP"] : [];
        await filtered(everything, async () => {
          expect(await who(host, host.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
          expect(await who(host, host.lan2, `${ADDR.host2}:8080`)).toBe(ADDR.lan2);
        });
        await daemon.stop();
      });

    if (proxy === "tsproxy")
      it("has one daemon for all launchers, which knows every port", async () => {
        await host.dockerd.run(["-p", "8100-8119:8100-8119", "-p", "53:53/udp"], "sleep", "1000");
        expect(proxies()).toHaveLength(42);
        const { stdout } = await tsproxy(host.lab, host.host, ["stats", "--json"]);
        const { mappings } = JSON.parse(stdout) as { mappings: { via: string }[] };
        expect(mappings.map(({ via }) => via)).toEqual(Array(42).fill("dataplane")); // 0.0.0.0, and [::] to an IPv4 container
      });
  });
}
