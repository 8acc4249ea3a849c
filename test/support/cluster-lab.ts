/**
 * Nodes of a cluster as namespaces on one LAN, each with a daemon, and the store's namespace, whose bridge the LAN is:
 *
 *      a .1    b .2    c .3
 *      └───────┴───┬───┘
 *             store .9 (etcd)        192.0.2.0/24
 */
import path from "node:path";
import { ask } from "../../src/api/client.js";
import type { SandboxView } from "../../src/api/sandbox-types.js";
import { Etcd } from "./etcd.js";
import { Lab } from "./lab.js";
import type { Proc, Result } from "./proc.js";
import { program } from "./servers.js";
import { launch, untilReady } from "./tsproxy.js";

const STORE = "192.0.2.9";

export class ClusterNode {
  daemon!: Proc;

  constructor(
    private readonly lab: Lab,
    readonly ns: string,
    readonly name: string,
    readonly address: string,
    private readonly store: string,
  ) {}

  get runDir(): string {
    return path.join(this.lab.dir, `run-${this.name}`);
  }

  /** `args`: more than the store and the name. */
  async startDaemon(...args: string[]): Promise<void> {
    this.daemon = await untilReady(this.launchDaemon(...args));
  }

  /** In namespaces that `wrap` enters. */
  async startDaemonIn(wrap: string[], ...args: string[]): Promise<void> {
    this.daemon = await untilReady(launch(this.lab, this.ns, this.daemonArgs(args), { env: this.env, wrap }));
  }

  private daemonArgs(args: string[]): string[] {
    const socket = args.includes("--plugin-socket") ? [] : this.socket;
    return ["daemon", "--store", this.store, "--node", this.name, "--node-ttl", "2", ...socket, ...args];
  }

  launchDaemon(...args: string[]): Proc {
    return launch(this.lab, this.ns, this.daemonArgs(args), { env: { ...this.env, ...this.clock } });
  }

  /** The nodes' clocks are twelve hours apart: nothing may depend on them. */
  private get clock(): Record<string, string> {
    const hours = { a: "-5", b: "7" }[this.name] ?? "0";
    return { NODE_OPTIONS: `--import=${program("other-clock")}`, TEST_CLOCK_HOURS: hours };
  }

  /** Runs `tsproxy ARGS` to its end. */
  call(...args: string[]): Promise<Result> {
    return this.start(...args).finish(12_000);
  }

  /** The same, which must do: its output without the last newline. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.call(...args);
    if (code !== 0) throw new Error(`tsproxy ${args.join(" ")} on ${this.name} exits with ${code}: ${stderr}`);
    return stdout.trimEnd();
  }

  start(...args: string[]): Proc {
    return launch(this.lab, this.ns, args, { env: this.env });
  }

  get api(): string {
    return path.join(this.runDir, `${this.daemon.pid}.sock`);
  }

  async networks(): Promise<string[]> {
    return (await ask(this.api, "networks")).filter(({ driver }) => driver === "overlay").map(({ name }) => name);
  }

  sandboxes(): Promise<SandboxView[]> {
    return ask(this.api, "sandboxes");
  }

  get env(): Record<string, string> {
    return { TSPROXY_RUN_DIR: this.runDir };
  }

  private get socket(): string[] {
    return ["--plugin-socket", path.join(this.runDir, "plugin.sock")];
  }
}

export class ClusterLab {
  readonly nodes: Record<"a" | "b" | "c", ClusterNode>;

  private constructor(
    readonly store: string,
    readonly etcd: Etcd,
    ns: Record<"a" | "b" | "c", string>,
    readonly lab: Lab,
  ) {
    const node = (name: "a" | "b" | "c", n: number): ClusterNode =>
      new ClusterNode(lab, ns[name], name, `192.0.2.${n}`, `etcd://${etcd.hosts}`);
    this.nodes = { a: node("a", 1), b: node("b", 2), c: node("c", 3) };
  }

  /** `args`: more for etcd. */
  static async start(args: string[] = []): Promise<ClusterLab> {
    const lab = new Lab();
    const store = lab.addNamespace("store");
    lab.ip(store, `link add br0 type bridge\nlink set br0 up\naddr add ${STORE}/24 dev br0`);
    const ns = { a: lab.addNamespace("a"), b: lab.addNamespace("b"), c: lab.addNamespace("c") };
    for (const [n, role] of (["a", "b", "c"] as const).entries()) {
      lab.link(store, `to-${role}`, ns[role], "eth0");
      lab.ip(store, `link set to-${role} master br0`);
      lab.ip(ns[role], `addr add 192.0.2.${n + 1}/24 dev eth0\nroute add default via ${STORE}`);
    }
    const etcd = await Etcd.start({ host: STORE, run: (argv) => lab.start(store, argv), args });
    return new ClusterLab(store, etcd, ns, lab);
  }

  async close(): Promise<void> {
    for (const node of Object.values(this.nodes)) {
      if (node.daemon?.running !== true) continue;
      const ids = (await node.sandboxes()).map(({ id }) => id);
      if (ids.length > 0) await node.ok("rm", "-f", ...ids);
    }
    await this.etcd.close();
    await this.lab.close();
  }
}
