/** Podman's containers on networks of the daemon, by CNI: Podman itself (Debian's 4.3, with its CNI backend), chained with plugins of others. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { curl } from "../support/clients.js";
import { ROOT } from "../support/paths.js";
import { eventually, type Result } from "../support/proc.js";
import { HOST, SandboxHost } from "../support/sandbox-host.js";

const PLUGINS = "/usr/lib/cni";

/** Why this cannot run here. */
function obstacle(): string | undefined {
  const has = (file: string): boolean => (process.env.PATH ?? "").split(":").some((dir) => fs.existsSync(path.join(dir, file)));
  for (const program of ["podman", "conmon", "runc", "busybox"]) if (!has(program)) return `${program} is not installed`;
  return fs.existsSync(path.join(PLUGINS, "firewall")) ? undefined : "containernetworking-plugins is not installed";
}

const missing = obstacle();
let h: SandboxHost;

function podman(...args: string[]): Promise<Result> {
  const { dir } = h.lab;
  const where = ["--root", `${dir}/root`, "--runroot", `${dir}/runroot`, "--tmpdir", `${dir}/tmp`, "--storage-driver", "vfs"];
  const env = { CONTAINERS_CONF: `${dir}/containers.conf` };
  return h.lab.run(h.host, [...h.wrap, "podman", ...where, ...args], { env, timeoutMs: 15_000 });
}

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await podman(...args);
  if (code !== 0) throw new Error(`podman ${args.join(" ")} exits with ${code}: ${stderr}`);
  return stdout.trimEnd();
}

/** What Podman needs to run here: an image of busybox, a configuration, and what the machine's own configuration would say. */
function prepare(): void {
  const { dir } = h.lab;
  const write = (name: string, content: string): void => {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), content);
  };
  fs.mkdirSync(path.join(dir, "image/bin"), { recursive: true });
  for (const name of ["etc", "proc", "sys", "tmp"]) fs.mkdirSync(path.join(dir, "image", name));
  execFileSync("cp", [execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim(), path.join(dir, "image/bin/busybox")]);
  for (const name of ["sh", "ip", "httpd", "wget", "cat"]) fs.symlinkSync("busybox", path.join(dir, "image/bin", name));
  execFileSync("tar", ["-C", path.join(dir, "image"), "-cf", path.join(dir, "image.tar"), "."]);
  fs.mkdirSync(path.join(dir, "plugins"));
  fs.copyFileSync(path.join(ROOT, "native/build/tsproxy-cni"), path.join(dir, "plugins/tsproxy-cni"));
  const capabilities = { portMappings: true, ips: true, mac: true, aliases: true };
  const list = (name: string, ...chained: string[]): string =>
    JSON.stringify({ cniVersion: "1.0.0", name, plugins: [{ type: "tsproxy-cni", capabilities }, ...chained.map((type) => ({ type }))] });
  write("net.d/10-front.conflist", list("front", "firewall", "tuning"));
  write("net.d/20-back.conflist", list("back"));
  write(
    "containers.conf",
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

beforeAll(async () => {
  if (missing !== undefined) return;
  h = await SandboxHost.start([], { ownRun: true, folders: ["/etc/containers", "/var/lib/cni"] });
  prepare();
  const policy = `echo '{"default":[{"type":"insecureAcceptAnything"}]}' > /etc/containers/policy.json`;
  h.lab.runSync(h.host, [...h.wrap, "sh", "-c", policy]);
});
afterAll(async () => {
  if (missing !== undefined) return;
  await podman("rm", "-fa", "-t", "0");
  await h.close();
  // Podman's own, on hosts with cgroups of version 1.
  const parents = fs.readdirSync("/sys/fs/cgroup").map((kind) => `/sys/fs/cgroup/${kind}/libpod_parent`);
  const left = parents.flatMap((parent) => [`${parent}/conmon`, parent]);
  for (const folder of left.filter((each) => fs.existsSync(each))) await eventually(folder, () => isRemoved(folder));
});

it(`runs, publishes, finds by name, connects and removes${missing === undefined ? "" : ` (skipped: ${missing})`}`, async (ctx) => {
  if (missing !== undefined) ctx.skip(missing);
  await ok("import", path.join(h.lab.dir, "image.tar"), "tiny");
  await ok("run", "-d", "--name", "web", "--network", "front", "-p", "8999:80", "tiny", "httpd", "-f", "-p", "80", "-h", "/etc");
  expect(await ok("port", "web")).toBe("80/tcp -> 0.0.0.0:8999");
  await eventually("the server", async () => (await curl(h.lab, h.client, `${HOST}:8999/resolv.conf`)).code === 0);
  expect(await ok("run", "--rm", "--network", "front", "tiny", "wget", "-q", "-O-", "http://web/resolv.conf")).toMatch(
    /^nameserver 127\.0\.0\.11$/m,
  );
  await ok("network", "connect", "back", "web");
  expect(await ok("exec", "web", "ip", "addr", "show", "eth1")).toContain("inet 172.19.0.2/16");
  expect(
    (await ok("run", "--rm", "--network", "front,back", "tiny", "ip", "-o", "-4", "addr")).match(/172\.(18|19)\.0\.\d+\/16/g),
  ).toHaveLength(2);
  // Podman takes a container that has ended out of its network a moment later.
  await eventually("one container", async () => (await h.sandboxes()).length === 1);
  const [web] = await h.sandboxes();
  expect([web!.name, web!.endpoints.map((e) => e.networkName)]).toEqual(["web", ["front", "back"]]);
  await ok("network", "disconnect", "back", "web");
  await ok("stop", "-t", "0", "web");
  await eventually("none", async () => (await h.sandboxes()).length === 0);
  await ok("rm", "web");
  expect((await curl(h.lab, h.host, "127.0.0.1:8999")).code).toBe(7); // refused: nobody has the port any more
});
