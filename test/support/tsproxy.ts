/** tsproxy as the program that users run: `node dist/cli/main.js` in the host namespace, watched through its JSON lines. */
import type { FdbView, FlowView, MappingView, OffloadView, StatsView } from "../../src/api/types.js";
import type { Flow, Running, StartOptions } from "./backends.js";
import type { Lab } from "./lab.js";
import { COMMAND, MAIN } from "./paths.js";
import type { Proc, StartOptions as ProcOptions, Result } from "./proc.js";
import { ADDR, ADDR6, NETWORK, NETWORK6, type World } from "./topology.js";

/** What endpoints hang on in all tests of own networks, if it is not the default. */
const ATTACH = process.env.TSPROXY_TEST_ATTACH === undefined ? [] : ["--attach", process.env.TSPROXY_TEST_ATTACH];
const WITHOUT_NODE = new Set(["run", "exec"]);

/** Starts the program with any arguments. `wrap` is put before it: `setpriv …`. */
export function launch(lab: Lab, ns: string, args: string[], options: ProcOptions & { wrap?: string[] } = {}): Proc {
  const command = WITHOUT_NODE.has(args[0] ?? "") ? [COMMAND] : [process.execPath, MAIN];
  return lab.start(ns, [...(options.wrap ?? []), ...command, ...args], options);
}

/** Waits until the main command or the daemon says, in words, that it serves. */
export function untilReady(proc: Proc, timeoutMs?: number): Promise<Proc> {
  return proc.until("ready", () => /^ready\b/m.test(proc.stdout), timeoutMs);
}

/** Runs it to its end: for what must fail, and for `stats`, `flows`, `fdb`, `cleanup`, `doctor`. */
export function tsproxy(lab: Lab, ns: string, args: string[], options: ProcOptions & { wrap?: string[] } = {}): Promise<Result> {
  return launch(lab, ns, args, options).finish(8_000);
}

/** `--network` and `--endpoint` of a world whose containers have no network yet. */
export function networkArgs(world: World, isDual = false): string[] {
  if (world.containers === "kernel") return [];
  const endpoints = (["c1", "c2"] as const).flatMap((role) => [
    "--endpoint",
    `${world[role]}=${ADDR[role]}${isDual ? `,${ADDR6[role]}` : ""}`,
  ]);
  return ["--network", isDual ? `${NETWORK},${NETWORK6}` : NETWORK, ...endpoints, ...ATTACH];
}

export class TsproxyProcess implements Running {
  constructor(
    private readonly lab: Lab,
    private readonly ns: string,
    readonly proc: Proc,
  ) {}

  get pid(): number {
    return this.proc.pid;
  }

  /** Mappings announced before `ready`. */
  get mappings(): MappingView[] {
    return this.proc.events().filter(({ event }) => event === "mapping") as unknown as MappingView[];
  }

  /** Answer of `tsproxy COMMAND --json --pid PID`. */
  private async ask<T>(command: string): Promise<T> {
    const { code, stdout, stderr } = await tsproxy(this.lab, this.ns, [command, "--json", "--pid", String(this.pid)]);
    if (code !== 0) throw new Error(`tsproxy ${command} exits with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  stats(): Promise<StatsView> {
    return this.ask("stats");
  }

  fdb(): Promise<FdbView[]> {
    return this.ask("fdb");
  }

  flowViews(): Promise<FlowView[]> {
    return this.ask("flows");
  }

  async created(): Promise<number> {
    return (await this.stats()).flows.created;
  }

  async flows(): Promise<Flow[]> {
    return (await this.flowViews()).map(({ proto, original, reply }) => ({ proto, original, reply }));
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const { code, stderr } = await this.proc.stop(signal);
    if (code !== 0) throw new Error(`tsproxy exits with ${code} after ${signal}: ${stderr}`);
  }
}

/** Starts tsproxy with `--json` and waits for `ready`, and until it is known whether the kernel carries flows. */
export async function startInstance(
  lab: Lab,
  ns: string,
  args: string[],
  options: ProcOptions & { wrap?: string[] } = {},
): Promise<TsproxyProcess> {
  const proc = launch(lab, ns, [...args, "--json"], options);
  await proc.until("ready", () => isReady(proc));
  return new TsproxyProcess(lab, ns, proc);
}

function isReady(proc: Proc): boolean {
  const events = proc.events();
  const ready = events.find(({ event }) => event === "ready");
  if (ready === undefined) return false;
  return (ready.offload as OffloadView | undefined)?.loading !== true || events.some(({ event }) => event === "offload");
}

export function startTsproxy(world: World, { publish = [], allowFrom }: StartOptions, more: string[] = []): Promise<TsproxyProcess> {
  const allow = allowFrom === undefined ? [] : ["--allow-from", allowFrom];
  return startInstance(world.lab, world.host, [...publish.flatMap((spec) => ["-p", spec]), ...networkArgs(world), ...allow, ...more]);
}
