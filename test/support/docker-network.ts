/**
 * A host with a real dockerd and a tsproxy daemon that serves it a network driver, and what cases do with both. dockerd looks for plugins in one
 * folder of the whole machine, so the driver has a name of its own, as its socket; or both programs have a /run and a /var/lib of their own,
 * and all is called as users call it ("installed").
 */
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import type { EndpointView, NetworkView } from "../../src/api/types.js";
import { Dockerd, IMAGE } from "./dockerd.js";
import { Lab } from "./lab.js";
import { startOnDemand } from "./launcher.js";
import type { Proc, Result } from "./proc.js";
import { program, Server, type ServerKind } from "./servers.js";
import { buildWorld, type World } from "./topology.js";
import { launch, tsproxy, untilReady } from "./tsproxy.js";

const PLUGINS = "/run/docker/plugins";
let hosts = 0;

export class DockerHost {
  readonly world: World;
  readonly lab: Lab;
  driver: string;
  /** "": where the daemon has it by itself. */
  socket: string;
  docker!: Dockerd;
  daemon!: Proc;
  /** Put before programs: enters the folders of their own. */
  private wrap: string[] = [];

  private constructor() {
    this.lab = new Lab();
    this.world = buildWorld(this.lab, "own");
    this.driver = `tsp-${process.pid}-${hosts++}`;
    this.socket = path.join(PLUGINS, `${this.driver}.sock`);
  }

  static start(config: Record<string, unknown> = {}): Promise<DockerHost> {
    return DockerHost.startWith(config, (host) => host.startDaemon());
  }

  /** Everything under its real name and in its real place; `startDaemon` runs before dockerd. */
  static startInstalled(startDaemon: (host: DockerHost) => Promise<void>): Promise<DockerHost> {
    return DockerHost.startWith({}, async (host) => {
      const script = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib && echo mounted && exec sleep 100000";
      const holder = host.lab.start(host.world.host, ["unshare", "--mount", "sh", "-c", script]);
      await holder.until("folders", () => holder.stdout === "mounted\n");
      host.wrap = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "env", "-u", "TSPROXY_RUN_DIR"];
      host.driver = "tsproxy";
      host.socket = "";
      await startDaemon(host);
    });
  }

  private static async startWith(config: Record<string, unknown>, startDaemon: (host: DockerHost) => Promise<void>): Promise<DockerHost> {
    const host = new DockerHost();
    try {
      await startDaemon(host);
      host.docker = await Dockerd.start(host.lab, host.world.host, { config, wrap: host.wrap });
      return host;
    } catch (error) {
      await host.remove();
      throw error;
    }
  }

  async startDaemon(args: string[] = []): Promise<void> {
    const socket = this.socket === "" ? [] : ["--plugin-socket", this.socket];
    this.daemon = launch(this.lab, this.world.host, ["daemon", ...socket, ...args], { wrap: this.wrap });
    await untilReady(this.daemon);
  }

  /** As systemd would with these units: listens on the socket, and starts the service for the first caller. */
  async startUnits(units: Record<"socket" | "service", string>): Promise<void> {
    const listen = [...units.socket.matchAll(/^ListenStream=(.*)$/gm)].flatMap(([, file = ""]) => ["--listen", file]);
    const command = /^ExecStart=(.*)$/m.exec(units.service)?.[1]?.split(" ") ?? [];
    this.daemon = this.lab.start(this.world.host, [...this.wrap, "systemd-socket-activate", ...listen, ...command]);
    await this.daemon.until("listening", () => this.daemon.stderr.includes("Listening on"));
  }

  /** Runs a program where the daemon's files are. */
  inside(...argv: string[]): Promise<Result> {
    return this.lab.run(this.world.host, [...this.wrap, ...argv]);
  }

  /** Waits for the first caller of the plugin socket and then starts the daemon, as systemd would. */
  async startOnDemand(): Promise<void> {
    this.daemon = await startOnDemand(this.lab, this.world.host, [this.socket]);
  }

  /** While `action` goes on, and no daemon runs, somebody else has its socket and refuses whatever dockerd asks. */
  async refuse<T>(action: () => Promise<T>): Promise<T> {
    fs.rmSync(this.socket, { force: true });
    const server = http.createServer((_, response) => {
      response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ Err: "nobody is here" }));
    });
    await new Promise<void>((resolve) => server.listen(this.socket, resolve));
    try {
      return await action();
    } finally {
      server.closeAllConnections();
      server.close(); // and its file is gone
    }
  }

  driverOf(kind: "bridge" | "tsproxy"): string {
    return kind === "bridge" ? "bridge" : this.driver;
  }

  /** A container that answers at port 80 whom it sees (`/cgi-bin/who`). */
  web(name: string, ...args: string[]): Promise<string> {
    return this.docker.run(["--name", name, ...args], "httpd", "-f", "-h", "/www");
  }

  /** Runs a command in a running container: its output; "" when it fails. */
  async exec(container: string, ...command: string[]): Promise<string> {
    const { code, stdout } = await this.docker.docker(["exec", container, ...command]);
    return code === 0 ? stdout.trim() : "";
  }

  /** Whom the web container at `target` sees when `container` asks; "" when it cannot. */
  async who(container: string, target: string): Promise<string> {
    return seen(await this.fetch(container, `${target}/cgi-bin/who`));
  }

  /** Put before a program of the laboratory that is to run in a container's network. */
  private async enter(container: string): Promise<string[]> {
    return ["nsenter", `--net=/proc/${await this.docker.inspect(container, "{{.State.Pid}}")}/ns/net`];
  }

  /** A server of the laboratory inside a container's network. */
  async serveInside(container: string, kind: ServerKind, port: number): Promise<Server> {
    const argv = [...(await this.enter(container)), process.execPath, program(`${kind}-server`), String(port)];
    const proc = this.lab.start(this.world.host, argv);
    return new Server(await proc.until("listening", () => proc.events().some(({ event }) => event === "listening")));
  }

  /** What a datagram from a container's network is answered; "" when it is not. (busybox's nc has no UDP.) */
  async udp(container: string, host: string, port: number, text: string): Promise<string> {
    const argv = [...(await this.enter(container)), "nc", "-u", "-w", "2", "-W", "1", host, String(port)];
    return (await this.lab.run(this.world.host, argv, { input: text })).stdout;
  }

  /** What a container gets from a web server; "" when it cannot. (The -T of busybox's wget crashes.) */
  fetch(container: string, url: string): Promise<string> {
    return this.exec(container, "timeout", "2", "wget", "-qO-", `http://${url}`);
  }

  /** As `who`, from a namespace of the laboratory. */
  async whoFrom(ns: string, target: string): Promise<string> {
    const { stdout } = await this.lab.run(ns, ["curl", "-s", "--noproxy", "*", "-m", "3", `http://${target}/cgi-bin/who`]);
    return seen(stdout);
  }

  async pings(container: string, target: string): Promise<boolean> {
    return (await this.exec(container, "ping", "-c1", "-W1", target)) !== "";
  }

  /** Address of a container in a network. */
  address(container: string, network: string): Promise<string> {
    return this.docker.inspect(container, `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);
  }

  /** `tsproxy COMMAND`, asking this dockerd for names. */
  async tsproxy(...args: string[]): Promise<string> {
    const env = { DOCKER_HOST: `unix://${this.docker.dir}/sock` };
    const { code, stdout, stderr } = await tsproxy(this.lab, this.world.host, args, { env, wrap: this.wrap });
    if (code !== 0) throw new Error(`tsproxy ${args.join(" ")} exits with ${code}: ${stderr}`);
    return stdout;
  }

  async ps(): Promise<{ networks: NetworkView[]; endpoints: (EndpointView & { container: string })[] }> {
    return JSON.parse(await this.tsproxy("ps", "--json"));
  }

  /** Removes all containers and networks that cases made. */
  async clear(): Promise<void> {
    const ids = (await this.docker.must("ps", "-aq")).split("\n").filter((id) => id !== "");
    if (ids.length > 0) await this.docker.must("rm", "-f", ...ids);
    await this.docker.must("network", "prune", "-f");
  }

  /** Devices in the host's namespace that endpoints and networks have. */
  devices(): string[] {
    const names = this.lab.runSync(this.world.host, ["ip", "-br", "link"]).matchAll(/^(tsp[ev]?[0-9a-f]{11}|tsn[0-9a-f]{12})\b/gm);
    return [...names].map(([name]) => name);
  }

  async remove(): Promise<void> {
    // Without its plugin dockerd would try again for a quarter of a minute, several times a container.
    if (!this.daemon?.running && this.docker?.proc.running) await this.docker.stop("SIGKILL");
    await this.docker?.remove();
    await this.daemon?.stop();
    if (this.socket !== "") fs.rmSync(this.socket, { force: true });
    await this.lab.close();
  }
}

export { IMAGE };

/** busybox writes an IPv4 client as `[::ffff:192.0.2.10]`. */
function seen(text: string): string {
  return text.trim().replace(/^\[::ffff:(.*)\]$/, "$1");
}
