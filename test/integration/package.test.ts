/** The package: `npm pack`, `npm i -g` with each Node that it is for, its commands, a published port, and what uninstalling leaves. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl } from "../support/clients.js";
import { launcherArgs } from "../support/launcher.js";
import { type Arch, fetchNodes, type Installed, install, pack, typeErrors, uninstall } from "../support/package.js";
import { ROOT } from "../support/paths.js";
import type { Proc, Result } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";

const VERSIONS = [20, 22, 24, 26] as const;
const ARCH = process.arch as Arch;
const PLATFORMS = ["linux-x64-glibc", "linux-x64-musl", "linux-arm64-glibc", "linux-arm64-musl"];
const VERSION = (JSON.parse(fs.readFileSync("package.json", "utf8")) as { version: string }).version;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-package-"));
let tarball = "";
let nodes = new Map<number, string>();
let unreachable = "";

beforeAll(async () => {
  const fetching = fetchNodes(dir, VERSIONS, ARCH).then(
    (found) => {
      nodes = found;
    },
    (error: Error) => {
      unreachable = `the registry cannot be reached: ${error.message}`;
    },
  );
  tarball = await pack(dir);
  await fetching;
}, 240_000);
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

/** Needed symbols of a shared object, each with its version if it has one: `open@GLIBC_2.17`. Without weak ones, which it can do without. */
function needed(file: string): string[] {
  return dynamicSymbols(file)
    .filter(({ section, bind }) => section === "UND" && bind !== "WEAK")
    .map(({ name }) => name);
}

function dynamicSymbols(file: string): { bind: string; section: string; name: string }[] {
  const rows = execFileSync("readelf", ["--dyn-syms", "-W", file], { encoding: "utf8" }).split("\n");
  return rows.flatMap((row) => {
    const [, , , , bind, , section, name] = row.trim().split(/\s+/);
    return bind !== undefined && section !== undefined && name !== undefined && name !== "Name" ? [{ bind, section, name }] : [];
  });
}

const isNodes = (symbol: string): boolean => /^(napi|uv)_/.test(symbol);

describe("the tarball", () => {
  const files = (): string[] => execFileSync("tar", ["tzf", tarball], { encoding: "utf8" }).trimEnd().split("\n");

  it("holds an addon for each platform and the programs beside it for each architecture", () => {
    expect(files()).toEqual(expect.arrayContaining(PLATFORMS.map((platform) => `package/native/prebuilt/${platform}/tsproxy.node`)));
    for (const arch of ["x64", "arm64"])
      for (const name of ["docker-proxy", "sandbox", "cni"])
        expect(files()).toContain(`package/native/prebuilt/linux-${arch}/tsproxy-${name}`);
  });

  it("holds no test, no source map and nothing that npm would run or compile", () => {
    expect(files().filter((file) => /\.map$|binding\.gyp$|\/(src|test|bench)\//.test(file))).toEqual([]);
    const { scripts } = JSON.parse(fs.readFileSync(path.join(dir, "tree/package.json"), "utf8")) as { scripts: object };
    expect(Object.keys(scripts).filter((name) => /install|^prepare$/.test(name))).toEqual([]);
  });

  it.each(["x64", "arm64"])("asks no glibc of %s for more than Node 20 does, which is 2.28", (arch) => {
    const symbols = needed(path.join(dir, `tree/native/prebuilt/linux-${arch}-glibc/tsproxy.node`));
    const versions = symbols.flatMap((symbol) => /@GLIBC_2\.(\d+)/.exec(symbol)?.[1] ?? []).map(Number);
    expect(versions.length).toBeGreaterThan(20);
    expect(Math.max(...versions)).toBeLessThanOrEqual(28);
  });

  it.each([
    ["x64", "amd64", "x86_64"],
    ["arm64", "arm64", "aarch64"],
  ])("asks musl of %s for nothing but what it has", (arch, debian, machine) => {
    const musl = new Set(
      dynamicSymbols(`${ROOT}native/build/sysroot/${debian}/lib/${machine}-linux-musl/libc.so`)
        .filter(({ section }) => section !== "UND")
        .map(({ name }) => name),
    );
    const symbols = needed(path.join(dir, `tree/native/prebuilt/linux-${arch}-musl/tsproxy.node`));
    expect(symbols.length).toBeGreaterThan(20);
    expect(symbols.filter((symbol) => !isNodes(symbol) && !musl.has(symbol))).toEqual([]);
  });
});

const nodeOf = (c: Case, version: number): string => nodes.get(version) ?? (c.ctx.skip(unreachable) as never);

const installed = (c: Case, version: number): Promise<Installed> => install(dir, tarball, nodeOf(c, version));

let lasting: Promise<Installed> | undefined;

/** One for Node 24 that all have in common who change nothing in it: to install it takes longer than what they do with it. */
function common(c: Case): Promise<Installed> {
  const node = nodeOf(c, 24);
  lasting ??= install(dir, tarball, node);
  return lasting;
}

function start(c: Case, { tsproxy, env }: Installed, args: string[]): Proc {
  return c.lab.start(c.host, [tsproxy, ...args], { env: { ...env, TSPROXY_RUN_DIR: path.join(c.lab.dir, "run") } });
}

const run = (c: Case, at: Installed, args: string[]): Promise<Result> => start(c, at, args).finish(20_000);

/** What `tsproxy doctor` finds, as `name: status`. */
async function findings(c: Case, at: Installed): Promise<Record<string, string>> {
  const { stdout } = await run(c, at, ["doctor", "--json"]);
  const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string }[] };
  return Object.fromEntries(checks.map(({ name, status }) => [name, status]));
}

/** Publishes the HTTP server in `c1` and fetches from it as the client on the LAN; the address that the server saw. */
async function publishAndFetch(c: Case, at: Installed, args: string[] = []): Promise<string> {
  await serve(c.lab, c.c1, "http", 8080);
  const proc = start(c, at, ["-p", `8999:${ADDR.c1}:8080`, ...args]);
  await proc.until("ready", () => /^ready$/m.test(proc.stdout), 20_000);
  const { peer } = await curl(c.lab, c.client, `${ADDR.host}:8999`);
  expect((await proc.stop("SIGTERM")).code).toBe(0);
  return peer;
}

describe("npm i -g", () => {
  for (const version of VERSIONS)
    onTsproxy(
      `gives Node ${version}, without a compiler, a tsproxy that publishes ports, and npm rm -g takes all of it away`,
      "kernel",
      async (c) => {
        const at = await installed(c, version);
        expect((await run(c, at, ["--version"])).stdout).toContain(VERSION);
        // who starts it with a Node.js of his choice
        expect((await c.lab.run(c.host, [nodes.get(version)!, at.tsproxy, "--version"], { env: at.env })).stdout).toContain(VERSION);
        expect(await findings(c, at)).toMatchObject({
          "native addon": "ok",
          "/dev/net/tun": "ok",
          "BPF programs": "ok",
          "ICMP echo": "ok",
          encryption: "ok",
        });
        expect(await publishAndFetch(c, at)).toMatch(/^192\.0\.2\.10:/);
        expect(await uninstall(at, nodes.get(version)!)).toEqual([]);
      },
    );
});

const CONSUMER = `
import { type Counters, Dataplane, type DataplaneOptions, type Flow, type Network, onWarning, type PublishedPort, type Target, TsproxyError } from "tsproxy";

const options: DataplaneOptions = { workers: 1, offload: false, allowFrom: ["192.0.2.0/24"], masqueradePorts: { first: 20000, last: 20999 } };
onWarning((message: string) => {});
try {
  const dataplane = await Dataplane.start(options);
  const network: Network = await dataplane.addNetwork({ subnet: "172.30.0.0/24", mtu: 1400, internal: false });
  await network.addEndpoint({ netns: "web", address: network.gateway });
  const port: PublishedPort = await dataplane.publish("8999:172.30.0.4,172.30.0.5:8080", { affinity: "client:10m", healthCheck: "off" });
  const targets: readonly Target[] = port.targets;
  await port.drain(targets[0]!.ip, 10);
  await port.resume("172.30.0.4:8080");
  const counters: Counters = await dataplane.counters();
  const flows: Flow[] = await dataplane.flows();
  const sum: number = port.hostPort + counters.ports[0]!.rxBytes + counters.drops["ttl-exceeded"]! + flows[0]!.packets[0];
  await port.close();
  await network.close();
  await dataplane.close();
} catch (error) {
  if (error instanceof TsproxyError && error.code === "TSP_ERR_BPF" && error.kind === "permission") throw new Error(error.hint);
}
`;

describe("the library", () => {
  onTsproxy("has types that a program compiles against, without types of Node or of anything else", "kernel", async (c) => {
    const at = await common(c);
    expect(await typeErrors(at, dir, { "consumer.ts": CONSUMER }, [])).toBe("");
    expect(
      await typeErrors(at, dir, { "wrong.ts": 'import { Dataplane } from "tsproxy";\nawait Dataplane.start({ workers: "1" });\n' }, []),
    ).toMatch(/^wrong\.ts\(2,25\): error TS2322/m);
    const examples = fs.readdirSync(path.join(at.folder, "examples"));
    expect(examples.sort()).toEqual(["counters.mjs", "network.mjs", "publish.mjs"]);
    const sources = examples.map((name) => [name, fs.readFileSync(path.join(at.folder, "examples", name), "utf8")]);
    expect(await typeErrors(at, dir, Object.fromEntries(sources), ["node"])).toBe("");
  });

  onTsproxy("publishes from where npm put it", "kernel", async (c) => {
    const at = await common(c);
    await serve(c.lab, c.c1, "http", 8080);
    const env = { ...at.env, TSPROXY_RUN_DIR: path.join(c.lab.dir, "run") };
    const proc = c.lab.start(c.host, ["node", path.join(at.folder, "examples/publish.mjs"), `8999:${ADDR.c1}:8080`], { env });
    await proc.until("ready", () => /^ready$/m.test(proc.stdout));
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(/^192\.0\.2\.10:/);
    expect((await proc.stop()).code).toBe(0);
  });
});

describe("the launcher in the package", () => {
  onTsproxy("says what failed in docker-proxy's words, though its libc has others", "kernel", async (c) => {
    const at = await common(c);
    const launcher = path.join(at.folder, `native/prebuilt/linux-${ARCH}/tsproxy-docker-proxy`);
    await serve(c.lab, c.host, "http", 8999);
    const failure = async (hostIp: string): Promise<string> => {
      const args = launcherArgs({ hostIp, hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 });
      const proc = c.lab.start(c.host, [launcher, ...args], { extraFd: true });
      expect((await proc.finish()).code).toBe(1);
      return proc.extra;
    };
    expect(await failure("127.0.0.1")).toBe("1\nlisten tcp4 127.0.0.1:8999: bind: address already in use");
    expect(await failure("192.0.2.99")).toBe("1\nlisten tcp4 192.0.2.99:8999: bind: cannot assign requested address");
  });
});

describe("a platform that nothing is compiled for", () => {
  onTsproxy("is told the one command, which then needs a C compiler and nothing else", "kernel", async (c) => {
    const at = await installed(c, VERSIONS[0]);
    fs.rmSync(path.join(at.folder, "native/prebuilt"), { recursive: true });
    const { code, stderr } = await run(c, at, ["-p", `8999:${ADDR.c1}:8080`]);
    expect([code, stderr.trim().split("\n").length]).toEqual([1, 1]);
    expect(stderr).toMatch(/there is no compiled addon for linux-\w+-glibc: compile it: sh \S+ /);
    const command = /compile it: (sh \S+)/.exec(stderr)?.[1] ?? "";
    expect((await c.lab.run(c.host, command.split(" "))).code).toBe(0);
    expect(await publishAndFetch(c, at)).toMatch(/^192\.0\.2\.10:/);
    await uninstall(at, nodes.get(VERSIONS[0])!);
    expect(fs.existsSync(at.folder)).toBe(false);
  });
});

/** Debian's cross libraries; qemu-user looks there for the loader and the libc of an arm64 program. */
const ARM64_ROOT = "/usr/aarch64-linux-gnu";
const QEMU = "qemu-aarch64-static";

/**
 * As far as emulation goes: qemu-user passes on system calls, TUN ioctls and sockets, but knows neither bpf(2), io_uring nor all of
 * NETLINK_ROUTE, so the relay is tried, not the dataplane.
 */
describe("arm64, emulated", () => {
  let node = "";

  /** The package as an arm64 Node runs it. */
  async function emulated(c: Case): Promise<Installed> {
    if (ARCH !== "x64") c.ctx.skip("this is no x64 machine: arm64 needs no emulation");
    for (const file of [QEMU, `${ARM64_ROOT}/lib/libstdc++.so.6`])
      if (!fs.existsSync(file) && !fs.existsSync(`/usr/bin/${file}`)) c.ctx.skip(`not installed: ${file}`);
    const at = await common(c);
    if (node === "") node = (await fetchNodes(dir, [24], "arm64")).get(24)!;
    const program = path.join(at.prefix, "tsproxy-arm64");
    fs.writeFileSync(program, `#!/bin/sh\nexec ${QEMU} -L ${ARM64_ROOT} ${node} ${at.folder}dist/cli/main.js "$@"\n`, { mode: 0o755 });
    return { ...at, tsproxy: program };
  }

  onTsproxy("loads its addon, which makes TAP devices with offloads, enters namespaces and pings", "kernel", async (c) => {
    expect(await findings(c, await emulated(c))).toMatchObject({
      "native addon": "ok",
      "/dev/net/tun": "ok",
      "TSO offload": "ok",
      "USO offload": "ok",
      "network namespaces": "ok",
      "ICMP echo": "ok",
      encryption: "ok",
    });
  });

  onTsproxy("relays a published port", "kernel", async (c) => {
    expect(await publishAndFetch(c, await emulated(c), ["--relay"])).toMatch(/^172\.17\.0\.1:/);
  });

  onTsproxy("has a launcher that takes docker-proxy's place for a daemon", "kernel", async (c) => {
    const at = await common(c);
    await emulated(c);
    await serve(c.lab, c.c1, "http", 8080);
    const daemon = start(c, at, ["daemon"]);
    await daemon.until("ready", () => daemon.stdout.includes("ready"));
    const args = launcherArgs({ hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 });
    const launcher = path.join(at.folder, "native/prebuilt/linux-arm64/tsproxy-docker-proxy");
    const env = { TSPROXY_RUN_DIR: path.join(c.lab.dir, "run") };
    const proc = c.lab.start(c.host, [QEMU, launcher, ...args], { env, extraFd: true });
    await proc.until("readiness", () => proc.extra === "0\n");
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).peer).toMatch(/^192\.0\.2\.10:/);
  });
});
