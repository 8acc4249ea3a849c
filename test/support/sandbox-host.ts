/** A host with a daemon and a client on its LAN, and `tsproxy` called there as users call it: what the cases of sandboxes need. */
import fs from "node:fs";
import path from "node:path";
import { ask } from "../../src/api/client.js";
import type { SandboxView } from "../../src/api/sandbox-types.js";
import { Lab } from "./lab.js";
import type { Proc, Result, StartOptions } from "./proc.js";
import { launch, tsproxy, untilReady } from "./tsproxy.js";

export const CLIENT = "192.0.2.10";
export const HOST = "192.0.2.1";

export class SandboxHost {
  readonly lab = new Lab({ runFolder: "run dir" }); // a folder that somebody names may have blanks
  readonly host = this.lab.addNamespace("host");
  readonly client = this.lab.addNamespace("client");
  daemon!: Proc;

  /** Put before programs: enters folders of their own. */
  wrap: string[] = [];

  /** `env`: of the first daemon. `ownRun`: with a /run/netns of its own, so that namespaces may have any names, and empty folders in place of `folders`. */
  static async start(
    args: string[] = [],
    { ownRun = false, folders = [] as string[], env = {} as Record<string, string> } = {},
  ): Promise<SandboxHost> {
    const host = new SandboxHost();
    if (ownRun) {
      const mounts = ["/run/netns", ...folders].map((folder) => `mkdir -p ${folder} && mount -t tmpfs none ${folder}`);
      // Shared, as `ip netns` has it: who makes a namespace elsewhere mounts it for all.
      const script = `${mounts.join(" && ")} && mount --make-shared /run/netns && echo mounted && exec sleep 100000`;
      const holder = host.lab.start(host.host, ["unshare", "--mount", "sh", "-c", script]);
      await holder.until("folders", () => holder.stdout === "mounted\n");
      host.wrap = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`];
    }
    host.lab.link(host.host, "lan0", host.client, "lan0");
    host.lab.ip(host.host, `address add ${HOST}/24 dev lan0`);
    host.lab.ip(host.client, `address add ${CLIENT}/24 dev lan0`);
    await host.startDaemon(args, env);
    return host;
  }

  async startDaemon(args: string[] = [], env: Record<string, string> = {}): Promise<void> {
    this.daemon = await untilReady(launch(this.lab, this.host, ["daemon", ...args], { wrap: this.wrap, env }));
  }

  /** Runs `tsproxy ARGS` to its end. */
  call(...args: string[]): Promise<Result> {
    return tsproxy(this.lab, this.host, args, { wrap: this.wrap });
  }

  /** The same, which must do: its output without the last newline. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.call(...args);
    if (code !== 0) throw new Error(`tsproxy ${args.join(" ")} exits with ${code}: ${stderr}`);
    return stdout.trimEnd();
  }

  /** As the API has it, without a start of Node. */
  sandboxes(): Promise<SandboxView[]> {
    return ask(this.apiSocket, "sandboxes");
  }

  /** Runs a program in a sandbox as `tsproxy exec` does, without a start of Node. */
  async inside(name: string, ...command: string[]): Promise<Result> {
    return (await this.startInside(name, command)).finish();
  }

  /** The same of one that goes on. */
  async startInside(name: string, command: string[], options: StartOptions = {}): Promise<Proc> {
    const found = (await this.sandboxes()).find((sandbox) => sandbox.name === name);
    if (found === undefined) throw new Error(`there is no sandbox '${name}'`);
    return this.lab.start(this.host, ["nsenter", `--target=${found.pid}`, "--mount", "--net", "--uts", "--", ...command], options);
  }

  get apiSocket(): string {
    return path.join(this.lab.runDir, `${this.daemon.pid}.sock`);
  }

  /** Starts `tsproxy ARGS`, which goes on. */
  start(...args: string[]): Proc {
    return launch(this.lab, this.host, args, { wrap: this.wrap });
  }

  /** Ends everything. Throws when a namespace, a process, a device or a folder of a sandbox is left. */
  async close(): Promise<void> {
    const folder = path.join(this.lab.runDir, "sandboxes");
    const ids = (await this.sandboxes()).map(({ id }) => id);
    if (ids.length > 0) await this.ok("rm", "-f", ...ids);
    const devices = this.lab.runSync(this.host, ["ip", "-o", "link"]).match(/\btsp[ev]?[0-9a-f]{11}\b/g) ?? [];
    const folders = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    const held = this.daemon.running ? heldNamespaces(this.daemon.pid) : [];
    await this.lab.close();
    const processes = processesWith(this.lab.runDir);
    if (held.length + processes.length + devices.length + folders.length > 0)
      throw new Error(`left over: ${[...held, ...processes, ...devices, ...folders].join(", ")}`);
  }
}

/** Network namespaces that a process keeps alive by descriptors. */
function heldNamespaces(pid: number): string[] {
  return fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    const target = fs.readlinkSync(`/proc/${pid}/fd/${fd}`);
    return target.startsWith("net:") ? [`namespace ${target} held by the daemon`] : [];
  });
}

/** Processes that were started with this run folder: of a sandbox, whatever namespace they are in. */
function processesWith(runDir: string): string[] {
  return fs.readdirSync("/proc").flatMap((entry) => {
    try {
      const found = /^\d+$/.test(entry) && fs.readFileSync(`/proc/${entry}/environ`, "utf8").includes(`TSPROXY_RUN_DIR=${runDir}`);
      return found ? [`process ${entry} ${fs.readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ")}`] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
