/**
 * One peer's run: the network of test/support/topology.ts, the servers, and the commands that a peer is set up with, recorded.
 *
 * publish: client 192.0.2.10 to a published port of the host 192.0.2.1, server in c1 (172.17.0.4).
 * publish6: the same in IPv6. nat64: an IPv6 client of the host, the server in c1 with IPv4 alone.
 * bridge: c1 to c2 (172.17.0.5). masquerade: c1 to a server in `client`, which sees the host's address.
 * overlay: c1 to c2 on another node, in the network of test/support/overlay-lab.ts. macvlan: client to c1, which is on its LAN, 192.0.2.4.
 */
import type { Dockerd } from "../test/support/dockerd.js";
import { Lab } from "../test/support/lab.js";
import { IPS } from "../test/support/overlay-lab.js";
import { ROOT } from "../test/support/paths.js";
import { eventually, type Proc, type StartOptions } from "../test/support/proc.js";
import { ADDR, ADDR6, addIpv6, buildWorld, type World } from "../test/support/topology.js";
import { native } from "./paths.js";

export type Scenario = "publish" | "publish6" | "nat64" | "bridge" | "masquerade" | "overlay" | "macvlan";
export type Role = "client" | "host" | "c1" | "c2";
export type Service = "http" | "iperf" | "echo" | "udp";

/** `hostPort` is published for the server's `port`. */
const SERVICES: Record<Service, { proto: "tcp" | "udp"; hostPort: number; port: number }> = {
  http: { proto: "tcp", hostPort: 8999, port: 8080 },
  iperf: { proto: "tcp", hostPort: 8201, port: 5201 },
  echo: { proto: "tcp", hostPort: 8311, port: 11111 },
  udp: { proto: "udp", hostPort: 8312, port: 9000 },
};
export const PUBLISHED = Object.values(SERVICES);

/** How c1 and c2 are attached: to the kernel bridge docker0, by bare veth to the host, or not at all: then the peer does it. */
export type Containers = "bridge" | "veth" | "none";

interface Ends {
  from: Role;
  to: Role;
  /** What the client asks. */
  address: string;
  /** Where the server is, if a port is published for it. */
  target?: string;
  /** Family of the server. */
  family: 4 | 6;
}

/** Namespaces. */
export type Places = Record<"client" | "between" | "server", string[]>;

/** Of c1 on the client's LAN. */
export const LAN_ADDRESS = "192.0.2.4";

const ENDS: Record<Scenario, Ends> = {
  publish: { from: "client", to: "c1", address: ADDR.host, target: ADDR.c1, family: 4 },
  publish6: { from: "client", to: "c1", address: ADDR6.host, target: ADDR6.c1, family: 6 },
  nat64: { from: "client", to: "c1", address: ADDR6.host, target: ADDR.c1, family: 4 },
  bridge: { from: "c1", to: "c2", address: ADDR.c2, family: 4 },
  masquerade: { from: "c1", to: "client", address: ADDR.client, family: 4 },
  overlay: { from: "c1", to: "c2", address: IPS.b[0], family: 4 },
  macvlan: { from: "client", to: "c1", address: LAN_ADDRESS, family: 4 },
};

/** An IPv6 address in brackets, as before a port. */
export function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

export class Session {
  /** How the peer was set up, as in a shell of its namespace. */
  readonly commands: string[] = [];
  /** Of what generated the traffic. */
  readonly traffic: string[] = [];
  udpServer: Proc | undefined;
  private echoServer: Proc | undefined;
  private readonly ends: (() => Promise<void>)[] = [];
  /** The container itself is addressed: nothing is published. */
  direct = false;

  /** `dockerd`: made c1, and ends with the session. */
  constructor(
    readonly lab: Lab,
    readonly world: World,
    readonly scenario: Scenario,
    readonly dockerd?: Dockerd,
  ) {}

  static async open(scenario: Scenario, containers: Containers): Promise<Session> {
    const lab = new Lab();
    const session = new Session(lab, buildWorld(lab, containers === "bridge" ? "kernel" : "own"), scenario);
    try {
      if (containers === "veth") session.addVeths();
      if (session.isIpv6) addIpv6(session.world);
      session.tune();
      await session.serve();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  get from(): string {
    return this.world[ENDS[this.scenario].from];
  }

  /** Where connections begin and end, and what lies between: of a relay, which ends connections and begins others, both sides are there. */
  get places(): Places {
    const { from, to } = ENDS[this.scenario];
    const between = (["host", "client"] as const).filter((role) => role !== from && role !== to);
    return { client: [this.world[from]], between: between.map((role) => this.world[role]), server: [this.world[to]] };
  }

  /** The client's end is of IPv6. */
  get isIpv6(): boolean {
    return ENDS[this.scenario].address.includes(":");
  }

  get address(): string {
    return this.direct ? ADDR.c1 : ENDS[this.scenario].address;
  }

  /** Address of the server that ports are published for; undefined: none are. */
  get target(): string | undefined {
    return ENDS[this.scenario].target;
  }

  port(service: Service): number {
    const { hostPort, port } = SERVICES[service];
    return this.target !== undefined && !this.direct ? hostPort : port;
  }

  /** Runs a set-up command of the peer. */
  run(role: Role, argv: string[], input = ""): string {
    this.record(role, argv, input);
    return this.lab.runSync(this.world[role], argv, input);
  }

  /** Starts a program of the peer. */
  start(role: Role, argv: string[], options: StartOptions = {}): Proc {
    this.record(role, argv);
    return this.lab.start(this.world[role], argv, options);
  }

  ip(role: Role, ...commands: string[]): void {
    for (const command of commands) this.run(role, ["ip", ...command.split(" ")]);
  }

  /** Runs a traffic generator at the client's end; throws when it fails. */
  async generate(argv: string[], seconds: number): Promise<string> {
    this.traffic.push(argv.join(" ").replaceAll(ROOT, ""));
    const { code, stdout, stderr } = await this.lab.run(this.from, argv, { timeoutMs: seconds * 1000 + 15_000 });
    if (code !== 0) throw new Error(`'${argv.join(" ")}' exits with ${code}: ${`${stdout}${stderr}`.trim().slice(-300)}`);
    return stdout + stderr;
  }

  /** Starts what keeps a core busy at the client's end while something is measured; to be stopped. */
  keepAwake(argv: string[]): Proc {
    this.traffic.push(`${argv.join(" ")} &`);
    return this.lab.start(this.from, argv);
  }

  /** Keeps the echo server's end of later connections on one core: it has a thread for each. */
  placeEcho(core: number): void {
    const argv = ["taskset", "-pc", String(core), String(this.echoServer!.pid)];
    this.traffic.push(argv.slice(0, 3).join(" ").concat(" SERVER"));
    this.lab.runSync(this.from, argv);
  }

  /** Waits for a program to listen on a TCP port. */
  async listening(role: Role, port: number): Promise<void> {
    const listens = (): boolean => this.lab.runSync(this.world[role], ["ss", "-Hltn", `sport = :${port}`]) !== "";
    await eventually(`something listens on port ${port} of ${role}`, listens);
  }

  /** What is to be done before the namespaces go, the last one first. */
  atEnd(end: () => Promise<void>): void {
    this.ends.unshift(end);
  }

  async close(): Promise<void> {
    for (const end of this.ends) await end();
    await this.dockerd?.remove();
    await this.lab.close();
  }

  record(role: Role, argv: string[], input = ""): void {
    const name = (text: string): string =>
      text
        .replaceAll(this.lab.dir, "$DIR")
        .replaceAll(ROOT, "")
        .replace(/tsp-\d+-\d+-/g, "");
    this.commands.push(name(`${role}# ${argv.join(" ")}${input === "" ? "" : ` <<<'${input}'`}`));
  }

  /** The containers' veths end in the host, on no bridge: for a switch of the peer's own. */
  private addVeths(): void {
    const { lab, world } = this;
    for (const [ns, address, port] of [
      [world.c1, ADDR.c1, "veth1"],
      [world.c2, ADDR.c2, "veth2"],
    ] as const) {
      lab.link(world.host, port, ns, "eth0");
      lab.ip(ns, `addr add ${address}/16 dev eth0\nroute add default via ${ADDR.gateway}`);
    }
  }

  /** The kernel at its best: no firewall on bridged frames. */
  tune(): void {
    const noFirewall = "net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0";
    this.lab.runSync(this.world.host, ["sh", "-c", `sysctl -qw ${noFirewall} 2>/dev/null || true`]);
  }

  /** Starts every service's server at its end. */
  async serve(): Promise<void> {
    const { to: role, family } = ENDS[this.scenario];
    const ns = this.world[role];
    this.lab.start(ns, [native("http-server"), String(SERVICES.http.port), String(family)]);
    this.lab.start(ns, ["iperf3", "-s", "-p", String(SERVICES.iperf.port)]);
    this.echoServer = this.lab.start(ns, [native("ping-pong"), "serve", String(SERVICES.echo.port), String(family)]);
    this.udpServer = this.lab.start(ns, [native("udp"), "recv", String(SERVICES.udp.port), String(family)], { input: "pipe" });
    for (const { proto, port } of PUBLISHED) if (proto === "tcp") await this.listening(role, port);
    await this.udpServer.until("listening", (proc) => proc.stdout.includes("listening"));
  }
}
