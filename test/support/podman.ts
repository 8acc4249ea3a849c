/**
 * A real Podman with its CNI backend (Debian's 4.3) in a namespace of a laboratory, with its own folders and an image made from busybox alone.
 * `wrap` must enter a mount namespace in which PODMAN_FOLDERS are empty.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Lab } from "./lab.js";
import { ROOT } from "./paths.js";
import { eventually, type Result } from "./proc.js";

export const IMAGE = "tiny";
export const PODMAN_FOLDERS = ["/etc/containers", "/var/lib/cni"];
const PLUGINS = "/usr/lib/cni";
const POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}';

/** Why it cannot run here. */
export function podmanObstacle(): string | undefined {
  const has = (file: string): boolean => (process.env.PATH ?? "").split(":").some((dir) => fs.existsSync(path.join(dir, file)));
  for (const program of ["podman", "conmon", "runc", "busybox"]) if (!has(program)) return `${program} is not installed`;
  return fs.existsSync(path.join(PLUGINS, "firewall")) ? undefined : "containernetworking-plugins is not installed";
}

export class Podman {
  constructor(
    private readonly lab: Lab,
    private readonly ns: string,
    private readonly wrap: readonly string[],
  ) {}

  run(args: readonly string[], timeoutMs = 15_000): Promise<Result> {
    const { dir } = this.lab;
    const where = ["--root", `${dir}/root`, "--runroot", `${dir}/runroot`, "--tmpdir", `${dir}/tmp`, "--storage-driver", "vfs"];
    const env = { CONTAINERS_CONF: `${dir}/containers.conf` };
    return this.lab.run(this.ns, [...this.wrap, "podman", ...where, ...args], { env, timeoutMs });
  }

  /** The same, which must do: its output without the last newline. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`podman ${args.join(" ")} exits with ${code}: ${stderr}`);
    return stdout.trimEnd();
  }

  /** Writes its configuration, what the machine's own would say, and CNI networks: plugins by name. Ours is among the plugins that it finds. */
  prepare(networks: Record<string, readonly object[]>): void {
    const { dir } = this.lab;
    fs.mkdirSync(path.join(dir, "plugins"));
    fs.copyFileSync(path.join(ROOT, "native/build/tsproxy-cni"), path.join(dir, "plugins/tsproxy-cni"));
    fs.mkdirSync(path.join(dir, "net.d"));
    for (const [i, [name, plugins]] of Object.entries(networks).entries())
      fs.writeFileSync(path.join(dir, `net.d/${i}-${name}.conflist`), JSON.stringify({ cniVersion: "1.0.0", name, plugins }));
    fs.writeFileSync(
      path.join(dir, "containers.conf"),
      `[containers]
log_driver="k8s-file"
default_ulimits=["nofile=1024:4096","nproc=4096:4096"]
[network]
network_backend="cni"
cni_plugin_dirs=["${dir}/plugins","${PLUGINS}"]
network_config_dir="${dir}/net.d"
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="runc"
enable_port_reservation=false
`,
    );
    this.lab.runSync(this.ns, [...this.wrap, "sh", "-c", `echo '${POLICY}' > /etc/containers/policy.json`]);
  }

  async importImage(): Promise<void> {
    const root = path.join(this.lab.dir, "image");
    fs.mkdirSync(path.join(root, "bin"), { recursive: true });
    for (const name of ["etc", "proc", "sys", "tmp"]) fs.mkdirSync(path.join(root, name));
    execFileSync("cp", [execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim(), path.join(root, "bin/busybox")]);
    for (const name of ["sh", "ip", "httpd", "wget", "cat", "true", "sleep"]) fs.symlinkSync("busybox", path.join(root, "bin", name));
    execFileSync("tar", ["-C", root, "-cf", `${root}.tar`, "."]);
    await this.ok("import", `${root}.tar`, IMAGE);
  }

  async removeContainers(): Promise<void> {
    await this.run(["rm", "-fa", "-t", "0"], 120_000); // a hundred take a minute
  }
}

/** What it leaves on hosts with cgroups of version 1. After the laboratory has closed. */
export async function removePodmansGroups(): Promise<void> {
  const parents = fs.readdirSync("/sys/fs/cgroup").map((kind) => `/sys/fs/cgroup/${kind}/libpod_parent`);
  const left = parents.flatMap((parent) => [`${parent}/conmon`, parent]);
  for (const folder of left.filter((each) => fs.existsSync(each))) await eventually(folder, () => isRemoved(folder));
}

/** A cgroup cannot be removed until its last process is gone. */
function isRemoved(cgroup: string): boolean {
  try {
    fs.rmdirSync(cgroup);
    return true;
  } catch {
    return false;
  }
}
