/** How cases are written: each runs in a laboratory of its own, by default once per back end; what cannot run says why. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "vitest";
import { BACKENDS, type BackendName, type Running, type StartOptions, startBackend } from "./backends.js";
import { Lab } from "./lab.js";
import { MAIN } from "./paths.js";
import { buildWorld, type Containers, type World } from "./topology.js";

export interface Case extends World {
  ctx: TestContext;
  backend: BackendName;
  /** Starts the back end of this run. */
  begin(options: StartOptions): Promise<Running>;
}

export type Body = (c: Case) => Promise<void>;

const NEEDED = ["ip", "nsenter", "nft", "sysctl", "tc", "curl", "nc", "iperf3", "ping", "traceroute", "dig", "setpriv"];

/** Why no case can run on this machine; undefined when they can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root: network namespaces";
  const missing = NEEDED.filter((name) => !(process.env.PATH ?? "").split(":").some((dir) => fs.existsSync(`${dir}/${name}`)));
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`;
  try {
    execFileSync("unshare", ["--net", "true"], { stdio: "pipe" });
  } catch {
    return "this machine does not allow network namespaces (unshare --net failed)";
  }
  return undefined;
}

const reason = obstacle();

/** Why tsproxy with its dataplane cannot run here. */
function tsproxyObstacle(): string | undefined {
  if (!fs.existsSync(MAIN)) return "dist/cli/main.js is missing: npm run build";
  return fs.existsSync("/dev/net/tun") ? undefined : "/dev/net/tun is missing";
}

/** Why this back end is not tried in this run. */
function leftOut(backend: BackendName): string | undefined {
  return BACKENDS.includes(backend) ? undefined : "left out by TSPROXY_TEST_BACKENDS";
}

async function runCase(ctx: TestContext, backend: BackendName, containers: Containers, body: Body): Promise<void> {
  const why = leftOut(backend) ?? reason ?? (backend === "nftables" ? undefined : tsproxyObstacle());
  if (why !== undefined) ctx.skip(why);
  const lab = new Lab();
  ctx.onTestFinished(() => lab.close());
  const world = buildWorld(lab, containers);
  await body({ ...world, ctx, backend, begin: (options) => startBackend(backend, world, options) });
}

/**
 * The case with tsproxy and then with nftables: the same must arrive. Where the kernel can carry flows, once more with tsproxy's loop alone; what is in
 * its own networks the loop moves anyway. `--offload always` is no run of its own: its programs are those of `auto`, which every run here has.
 */
export function onBoth(name: string, containers: Containers, body: Body): void {
  for (const backend of containers === "kernel" ? (["tsproxy", "loop", "nftables"] as const) : (["tsproxy", "nftables"] as const))
    it(`${name} [${backend}]`, (ctx) => runCase(ctx, backend, containers, body));
}

/** A case about tsproxy itself. */
export function onTsproxy(name: string, containers: Containers, body: Body): void {
  it(name, (ctx) => runCase(ctx, "tsproxy", containers, body));
}

/** A case about tsproxy itself in a world that it makes. */
export function onLab(name: string, body: (lab: Lab) => Promise<void>): void {
  it(name, async (ctx) => {
    const why = leftOut("tsproxy") ?? reason ?? tsproxyObstacle();
    if (why !== undefined) ctx.skip(why);
    const lab = new Lab();
    ctx.onTestFinished(() => lab.close());
    await body(lab);
  });
}

/** A control: shows with the kernel that the case can see what it looks for. */
export function onNftables(name: string, containers: Containers, body: Body): void {
  it(name, (ctx) => runCase(ctx, "nftables", containers, body));
}

/** The same cases for containers on a kernel bridge and for containers in tsproxy's own network. */
export function forEachKind(define: (containers: Containers) => void): void {
  describe("containers on a kernel bridge", () => define("kernel"));
  describe("containers in its own network", () => define("own"));
}

/** The clone may be in a folder that only root can enter. */
export function skipUnlessReadableByNobody({ ctx }: Case): void {
  let dir = process.cwd();
  for (; dir !== "/"; dir = path.dirname(dir)) {
    if ((fs.statSync(dir).mode & 0o001) === 0) ctx.skip(`other users may not enter ${dir}`);
  }
}
