/** Names in sandboxes: answers a second, and how long they take at a rate that all can keep up, as dnsperf has it. */
import fs from "node:fs";
import path from "node:path";
import { Dockerd, dockerObstacle } from "../../test/support/dockerd.js";
import { Lab } from "../../test/support/lab.js";
import { COMMAND } from "../../test/support/paths.js";
import { eventually } from "../../test/support/proc.js";
import { SandboxHost } from "../../test/support/sandbox-host.js";
import { versionOf } from "../machine.js";
import { format } from "../stats.js";

const AARDVARK = "/usr/lib/podman/aardvark-dns";
const SERVER = "127.0.0.11";
/** What is asked of a resolver with p99 under a millisecond. */
export const RATE = 20_000;
/** Questions under way at once. */
const OUTSTANDING = 50;

export interface NameCosts {
  version: string;
  /** One a round. */
  answersPerSec: number[];
  /** Answers a second at a rate of RATE. */
  atRate: number[];
  /** ms, at that rate. */
  p50: number[];
  p99: number[];
}

interface Resolver {
  version: string;
  /** Runs a program where names are answered. */
  run(argv: string[], timeoutMs: number): Promise<string>;
  /** Address of the resolver there, and a name that it knows. */
  server: string;
  name: string;
  close(): Promise<void>;
}

export interface ResolverKind {
  name: string;
  obstacle(): string | undefined;
  open(): Promise<Resolver>;
}

export const RESOLVERS: readonly ResolverKind[] = [
  { name: "tsproxy", obstacle: () => undefined, open: openTsproxy },
  { name: "Docker", obstacle: dockerObstacle, open: openDocker },
  { name: "aardvark-dns", obstacle: () => (fs.existsSync(AARDVARK) ? undefined : "aardvark-dns is not installed"), open: openAardvark },
];

async function openTsproxy(): Promise<Resolver> {
  const host = await SandboxHost.start();
  await host.ok("network", "create", "shop");
  for (const name of ["web", "client"]) await host.ok("run", "-d", "--name", name, "--network", "shop", "--", "sleep", "100000");
  return {
    version: versionOf([COMMAND, "--version"]),
    run: async (argv) => (await host.inside("client", ...argv)).stdout,
    server: SERVER,
    name: "web",
    close: () => host.close(),
  };
}

async function openDocker(): Promise<Resolver> {
  const lab = new Lab();
  const host = lab.addNamespace("docker");
  const dockerd = await Dockerd.start(lab, host);
  await dockerd.must("network", "create", "shop");
  for (const name of ["web", "client"]) await dockerd.run(["--name", name, "--network", "shop"], "sleep", "100000");
  const pid = await dockerd.inspect("client", "{{.State.Pid}}");
  return {
    version: `dockerd ${versionOf(["dockerd", "--version"], /\d+\.\d+\.\d+[^\s,]*/)}`,
    run: async (argv, timeoutMs) => (await lab.run(host, ["nsenter", `--net=/proc/${pid}/ns/net`, ...argv], { timeoutMs })).stdout,
    server: SERVER,
    name: "web",
    close: async () => {
      await dockerd.remove();
      await lab.close();
    },
  };
}

/** By itself, on an address of its namespace: as a container on the bridge asks it, but without the bridge. */
async function openAardvark(): Promise<Resolver> {
  const lab = new Lab();
  const ns = lab.addNamespace("aardvark");
  const [server, web] = ["10.89.0.1", "10.89.0.2"];
  lab.ip(ns, `address add ${server}/24 dev lo`);
  const dir = path.join(lab.dir, "aardvark");
  fs.mkdirSync(dir);
  fs.writeFileSync(path.join(dir, "shop"), `${server}\n${"a".repeat(64)} ${web}  web\n`);
  lab.start(ns, [AARDVARK, "--config", dir, "-p", "53", "run"]);
  await eventually("aardvark-dns", async () => (await lab.run(ns, ["ss", "-lun", "sport", "=", ":53"])).stdout.includes(":53"));
  return {
    version: versionOf([AARDVARK, "--version"]),
    run: async (argv, timeoutMs) => (await lab.run(ns, argv, { timeoutMs })).stdout,
    server,
    name: "web.dns.podman",
    close: async () => {
      process.kill(Number(fs.readFileSync(path.join(dir, "aardvark.pid"), "utf8"))); // it has left its parent
      await lab.close();
    },
  };
}

/** Every round has every resolver, and begins with another. */
export async function measureNames(kinds: readonly ResolverKind[], rounds: number, seconds: number): Promise<Record<string, NameCosts>> {
  const costs: Record<string, NameCosts> = {};
  for (let round = 0; round < rounds; round++)
    for (let k = 0; k < kinds.length; k++) {
      const kind = kinds[(k + round) % kinds.length]!;
      const resolver = await kind.open();
      try {
        costs[kind.name] ??= { version: resolver.version, answersPerSec: [], atRate: [], p50: [], p99: [] };
        const of = costs[kind.name]!;
        of.answersPerSec.push(answersOf(await dnsperf(resolver, seconds, [])));
        const told = await dnsperf(resolver, seconds, ["-Q", String(RATE), "-v"]);
        of.atRate.push(answersOf(told));
        const [p50, p99] = percentiles(told);
        of.p50.push(p50);
        of.p99.push(p99);
        console.log(`round ${round + 1}/${rounds} ${kind.name}: ${format(of.answersPerSec.at(-1)!)} answers/s; p99 ${format(p99)} ms`);
      } finally {
        await resolver.close();
      }
    }
  return costs;
}

export function dnsperfCommand(server: string, seconds: number, more: string[] = []): string[] {
  return ["dnsperf", "-s", server, "-l", String(seconds), "-c", "1", "-q", String(OUTSTANDING), ...more];
}

async function dnsperf(resolver: Resolver, seconds: number, more: string[]): Promise<string> {
  const file = path.join(fs.mkdtempSync("/tmp/tsproxy-names-"), "questions");
  fs.writeFileSync(file, `${resolver.name} A\n`);
  try {
    return await resolver.run([...dnsperfCommand(resolver.server, seconds, more), "-d", file], (seconds + 10) * 1000);
  } finally {
    fs.rmSync(path.dirname(file), { recursive: true });
  }
}

function answersOf(told: string): number {
  return Number(/Queries per second: +([\d.]+)/.exec(told)?.[1] ?? Number.NaN);
}

/** Of its lines `> NOERROR web A 0.000123`; in ms. */
export function percentiles(told: string): [p50: number, p99: number] {
  const times = [...told.matchAll(/^> NOERROR .* ([\d.]+)$/gm)].map(([, sec]) => 1000 * Number(sec)).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return [at(0.5), at(0.99)];
}
