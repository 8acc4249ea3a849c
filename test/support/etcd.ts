/** A real etcd of one member or several, on loopback or in a namespace; and a way to it that can hang. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { eventually, Proc } from "./proc.js";

/** Why no etcd can run on this machine; undefined when one should. */
export function etcdObstacle(): string | undefined {
  try {
    execFileSync("etcd", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "not installed: etcd (apt-get install etcd-server)";
  }
}

interface Member {
  name: string;
  port: number;
  peerPort: number;
  proc: Proc | undefined;
}

export interface EtcdSettings {
  members?: number;
  /** Where it listens; default: loopback. */
  host?: string;
  /** Starts a program; default: here. */
  run?: (argv: string[]) => Proc;
  args?: string[];
}

export class Etcd {
  private readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-etcd-"));
  private readonly members: Member[] = [];
  private readonly host: string;
  private readonly scheme: string;

  private constructor(private readonly settings: EtcdSettings) {
    this.host = settings.host ?? "127.0.0.1";
    this.scheme = settings.args?.some((word) => word.startsWith("--cert-file")) ? "https" : "http";
  }

  static async start(settings: EtcdSettings = {}): Promise<Etcd> {
    const etcd = new Etcd(settings);
    const ports = await freePorts((settings.members ?? 1) * 2);
    for (let i = 0; i < ports.length; i += 2)
      etcd.members.push({ name: `m${i / 2}`, port: ports[i]!, peerPort: ports[i + 1]!, proc: undefined });
    try {
      for (let i = 0; i < etcd.members.length; i++) etcd.startMember(i);
      await etcd.ready();
    } catch (error) {
      await etcd.close();
      throw error;
    }
    return etcd;
  }

  /** As `--store` has it. */
  get hosts(): string {
    return this.members.map(({ port }) => `${this.host}:${port}`).join(",");
  }

  port(member = 0): number {
    return this.members[member]!.port;
  }

  startMember(i: number): void {
    const { name, port, peerPort } = this.members[i]!;
    const client = `${this.scheme}://${this.host}:${port}`;
    const peer = `http://${this.host}:${peerPort}`;
    const argv = [
      ...["etcd", "--name", name, "--data-dir", path.join(this.dir, name), "--log-level", "error", "--logger", "zap"],
      ...[
        "--listen-client-urls",
        client,
        "--advertise-client-urls",
        client,
        "--listen-peer-urls",
        peer,
        "--initial-advertise-peer-urls",
        peer,
      ],
      ...["--initial-cluster", this.members.map((m) => `${m.name}=http://${this.host}:${m.peerPort}`).join(",")],
      // Short, so that a lease may be too: at least 1.5 times the election time-out.
      ...["--heartbeat-interval", "50", "--election-timeout", "500"],
      ...(this.settings.args ?? []),
    ];
    this.members[i]!.proc = (this.settings.run ?? ((words) => new Proc(words)))(argv);
  }

  /** SIGKILL: it dies; SIGSTOP: it hangs, until SIGCONT. */
  async signalMember(i: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    const { proc } = this.members[i]!;
    proc?.signal(signal);
    if (signal === "SIGKILL") await proc?.finish();
  }

  /** It answers. */
  async ready(): Promise<void> {
    for (const { proc, port } of this.members)
      await eventually(
        "etcd",
        async (): Promise<boolean> => {
          if (proc?.running === false) throw new Error(`etcd ended: ${proc.stderr}`);
          if (this.scheme === "https" || this.settings.run !== undefined) return canConnect(proc!, this.host, port);
          return this.call("/v3/kv/range", { key: "YQ==" }).then(
            () => true,
            () => false,
          );
        },
        10_000,
      );
  }

  /** A call of its gateway, from here. */
  async call(url: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const headers = token === undefined ? {} : { authorization: token };
    const response = await fetch(`http://${this.host}:${this.port()}${url}`, { method: "POST", body: JSON.stringify(body), headers });
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  /** Puts a key, as somebody else would. */
  async put(key: string, value: string): Promise<void> {
    await this.call("/v3/kv/put", { key: base64(key), value: base64(value) });
  }

  async remove(key: string): Promise<void> {
    await this.call("/v3/kv/deleterange", { key: base64(key) });
  }

  /** Forgets what was before now. */
  async compact(): Promise<void> {
    const { header } = await this.call("/v3/kv/range", { key: "YQ==" });
    await this.call("/v3/kv/compaction", { revision: (header as { revision: string }).revision, physical: true });
  }

  async close(): Promise<void> {
    for (const { proc } of this.members) proc?.signal("SIGCONT");
    await Promise.all(this.members.map(({ proc }) => proc?.stop("SIGKILL")));
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Forwards TCP connections, and stops doing so without ending them. */
export class HangingProxy {
  private readonly pairs = new Set<[net.Socket, net.Socket]>();
  private hanging = false;

  private constructor(private readonly server: net.Server) {}

  static async start(port: number, host = "127.0.0.1"): Promise<HangingProxy> {
    const server = net.createServer({ allowHalfOpen: false });
    const proxy = new HangingProxy(server);
    server.on("connection", (client) => {
      const upstream = net.connect(port, host);
      const pair: [net.Socket, net.Socket] = [client, upstream];
      proxy.pairs.add(pair);
      for (const [from, to] of [pair, [upstream, client] as const]) {
        from.on("data", (bytes) => {
          if (!proxy.hanging) to.write(bytes);
        });
        from.on("error", () => {});
        from.on("close", () => {
          to.destroy();
          proxy.pairs.delete(pair);
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  /** What is sent from now on arrives nowhere; connections stay. */
  hang(hanging = true): void {
    this.hanging = hanging;
  }

  close(): void {
    this.server.close();
    for (const sockets of this.pairs) for (const socket of sockets) socket.destroy();
  }
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** In the namespace of a process. */
function canConnect(proc: Proc, host: string, port: number): boolean {
  try {
    execFileSync("nsenter", [`--net=/proc/${proc.pid}/ns/net`, "nc", "-z", host, String(port)], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = net.createServer();
      return new Promise<net.Server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
