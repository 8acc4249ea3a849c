/**
 * A real dockerd in a namespace of a laboratory: its own folders, socket, containerd and cgroups, and one image made from busybox alone.
 * `remove` must come before the laboratory's `close`: containers live in namespaces of their own, which the laboratory does not know.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Lab } from "./lab.js";
import { eventually, type Proc, type Result, sleep } from "./proc.js";

export const IMAGE = "tsproxy-test";

export interface DockerdOptions {
  /** Contents of daemon.json. */
  config?: Record<string, unknown>;
  /** Environment of dockerd, and so of its proxies. */
  env?: Record<string, string>;
  /** Put before `dockerd`, inside the namespace: `["unshare", "--mount"]`. */
  wrap?: string[];
}

const SBIN = ["/usr/sbin", "/sbin"];
const CGROUPS = "/sys/fs/cgroup";
const NEEDED = ["dockerd", "docker", "containerd", "runc", "iptables", "tar"];
/** What the image is made of; statically linked. */
const BUSYBOX = ["/usr/bin/busybox", "/bin/busybox"].find((file) => fs.existsSync(file));

const open = new Set<Dockerd>();

// Before the laboratory's own, which cannot remove a folder that something is mounted in.
process.prependListener("exit", () => {
  for (const dockerd of open) dockerd.removeAll();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.prependOnceListener(signal, () => {
    for (const dockerd of open) dockerd.removeAll();
  });

/** Why no dockerd can run on this machine; undefined when one should. */
export function dockerObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root: dockerd";
  const dirs = [...(process.env.PATH ?? "").split(":"), ...SBIN];
  const missing = NEEDED.filter((name) => !dirs.some((dir) => fs.existsSync(path.join(dir, name))));
  if (missing.length > 0) return `not installed: ${missing.join(", ")} (apt-get install docker.io)`;
  if (BUSYBOX === undefined || !isStatic(BUSYBOX)) return "no static busybox for the image (apt-get install busybox-static)";
  if (!fs.readFileSync("/proc/filesystems", "utf8").includes("overlay")) return "this kernel has no overlay file system";
  if (cgroupRoots().length === 0) return `no control groups are mounted at ${CGROUPS}`;
  return undefined;
}

export class Dockerd {
  /** Its folders and files. */
  readonly dir: string;
  proc!: Proc;
  private readonly cgroup: string;
  private readonly env: Record<string, string>;

  private constructor(
    readonly lab: Lab,
    readonly ns: string,
    private readonly options: DockerdOptions,
  ) {
    this.dir = fs.mkdtempSync(path.join(lab.dir, "docker-"));
    this.cgroup = path.basename(lab.dir) + path.basename(this.dir);
    this.env = {
      DOCKER_HOST: `unix://${this.dir}/sock`,
      DOCKER_CONFIG: path.join(this.dir, "client"),
      PATH: [process.env.PATH ?? "", ...SBIN].join(":"),
      ...options.env,
    };
  }

  /** Starts dockerd, and makes the image IMAGE: busybox with all its applets, shell and `httpd` among them. */
  static async start(lab: Lab, ns: string, options: DockerdOptions = {}): Promise<Dockerd> {
    const dockerd = new Dockerd(lab, ns, options);
    open.add(dockerd);
    try {
      dockerd.writeConfig(options.config ?? {});
      await dockerd.launch();
      await dockerd.importImage();
      return dockerd;
    } catch (error) {
      await dockerd.remove();
      throw error;
    }
  }

  /** Runs the docker client to its end, in the host namespace of this dockerd. */
  docker(args: string[], timeoutMs = 60_000): Promise<Result> {
    return this.lab.run(this.ns, ["docker", ...args], { env: this.env, timeoutMs });
  }

  /** The same for what must work: its output, trimmed. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.docker(args);
    if (code !== 0) throw new Error(`docker ${args.join(" ")} exits with ${code}: ${stderr}`);
    return stdout.trim();
  }

  /** Runs a container of IMAGE in the background; it stops at once when told to. Answers its id. */
  run(args: string[], ...command: string[]): Promise<string> {
    return this.must("run", "-d", "--stop-timeout", "0", ...args, IMAGE, ...command);
  }

  /** One field of `docker inspect`, as a Go template. */
  inspect(name: string, template: string): Promise<string> {
    return this.must("inspect", "-f", template, name);
  }

  /** Address of a container on the default bridge. */
  address(name: string): Promise<string> {
    return this.inspect(name, "{{.NetworkSettings.IPAddress}}");
  }

  writeConfig(config: Record<string, unknown>): void {
    fs.writeFileSync(path.join(this.dir, "daemon.json"), JSON.stringify(config));
  }

  /** Starts dockerd again after `stop` or `kill`, with the daemon.json that is there. */
  async launch(): Promise<void> {
    const { dir } = this;
    const folders = ["--data-root", `${dir}/data`, "--exec-root", `${dir}/exec`, "--pidfile", `${dir}/pid`];
    const argv = ["dockerd", "--config-file", `${dir}/daemon.json`, ...folders, "--cgroup-parent", `/${this.cgroup}`];
    this.proc = this.lab.start(this.ns, [...(this.options.wrap ?? []), ...argv, "-H", `unix://${dir}/sock`], { env: this.env });
    await this.proc.until("API", () => this.proc.stderr.includes("API listen on"), 30_000);
  }

  /** Ends dockerd; its containers go too unless it is set to live-restore. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Result> {
    const result = await this.proc.stop(signal, 20_000);
    if (signal === "SIGKILL") {
      // Its containerd dies with it. Where nobody reaps that, dockerd would take it for alive and wait for it.
      await eventually("containerd ends", () => this.processes(/^containerd /).length === 0);
      for (const file of ["pid", "exec/containerd/containerd.pid"]) fs.rmSync(path.join(this.dir, file), { force: true });
    }
    return result;
  }

  /** Processes that dockerd started in its own namespace and whose command line matches. */
  processes(pattern: RegExp): { pid: number; command: string }[] {
    return processes((pid, command) => pattern.test(command) && this.isOurs(pid));
  }

  /** Ends everything and leaves neither process, mount nor control group; throws when that fails. */
  async remove(): Promise<void> {
    if (this.proc?.running) {
      const ids = (await this.docker(["ps", "-aq"])).stdout.split("\n").filter((id) => id !== "");
      if (ids.length > 0) await this.docker(["rm", "-f", ...ids]);
      await this.stop();
    }
    this.removeAll();
    await eventually("its processes end", () => this.strays().length === 0);
    await sleep(20); // an ended process leaves its control group a moment later
    this.removeAll();
    const mounts = this.mounts();
    if (mounts.length > 0) throw new Error(`left mounted by dockerd: ${mounts.join(", ")}`);
    await this.lab.endKeepers(); // a daemon that a launcher started was killed, too
  }

  /** The synchronous part of it, also for when this process ends. */
  removeAll(): void {
    open.delete(this);
    for (const { pid } of this.strays()) kill(pid);
    for (const mount of this.mounts()) execFileSync("umount", ["--lazy", mount], { stdio: "ignore" });
    for (const root of cgroupRoots()) removeTree(path.join(root, this.cgroup));
  }

  private async importImage(): Promise<void> {
    const root = path.join(this.dir, "image");
    fs.mkdirSync(path.join(root, "bin"), { recursive: true });
    fs.mkdirSync(path.join(root, "www/cgi-bin"), { recursive: true });
    for (const folder of ["tmp", "etc", "proc", "sys", "dev"]) fs.mkdirSync(path.join(root, folder));
    fs.copyFileSync(BUSYBOX!, path.join(root, "bin/busybox"));
    fs.chmodSync(path.join(root, "bin/busybox"), 0o755);
    for (const applet of execFileSync(BUSYBOX!, ["--list"], { encoding: "utf8" }).trim().split("\n"))
      if (applet !== "busybox") fs.symlinkSync("busybox", path.join(root, "bin", applet));
    // `httpd -f -h /www` answers who asks
    fs.writeFileSync(path.join(root, "www/cgi-bin/who"), '#!/bin/sh\nprintf "\\r\\n%s" "$REMOTE_ADDR"\n', { mode: 0o755 });
    const archive = path.join(this.dir, "image.tar");
    execFileSync("tar", ["-C", root, "-cf", archive, "."]);
    await this.must("import", archive, IMAGE);
  }

  private isOurs(pid: number): boolean {
    return read(`/proc/${pid}/environ`).includes(`DOCKER_HOST=${this.env.DOCKER_HOST}\0`);
  }

  /** dockerd's own (known by the folder in their arguments or by their environment), and what runs in the containers. */
  private strays(): { pid: number; command: string }[] {
    return processes(
      (pid, command) =>
        pid !== process.pid && (command.includes(`${this.dir}/`) || this.isOurs(pid) || read(`/proc/${pid}/cgroup`).includes(this.cgroup)),
    );
  }

  /** Mount points under its folder, the innermost first. */
  private mounts(): string[] {
    const points = read("/proc/self/mounts")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "");
    return points.filter((point) => point.startsWith(`${this.dir}/`)).reverse();
  }
}

function processes(match: (pid: number, command: string) => boolean): { pid: number; command: string }[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim() }))
    .filter(({ pid, command }) => command !== "" && match(pid, command));
}

/** Roots of the control group hierarchies: one, or with version 1 one a controller. */
function cgroupRoots(): string[] {
  const points = read("/proc/self/mounts")
    .split("\n")
    .map((line) => line.split(" "));
  return points.filter(([, point = "", type = ""]) => type.startsWith("cgroup") && point.startsWith(CGROUPS)).map(([, point]) => point!);
}

/** Removes a control group and those below it; they have no files to remove. */
function removeTree(dir: string): void {
  if (!fs.existsSync(dir)) return;
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) removeTree(path.join(dir, entry.name));
  try {
    fs.rmdirSync(dir);
  } catch {
    // a process has not left it yet; the second round finds it empty
  }
}

/** Whether no dynamic linker is named near the start of the program. */
function isStatic(file: string): boolean {
  const head = Buffer.alloc(4096);
  const fd = fs.openSync(file, "r");
  fs.readSync(fd, head);
  fs.closeSync(fd);
  return !head.includes("/ld-");
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return ""; // it ended meanwhile
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended meanwhile
  }
}
