/** The docker-proxy launcher as dockerd starts it: status pipe on descriptor 3, and from dockerd 28 on the port's socket on descriptor 4. */
import fs from "node:fs";
import type { MappingView, StatsView } from "../../src/api/types.js";
import type { Lab } from "./lab.js";
import { LAUNCHER, MAIN } from "./paths.js";
import { eventually, type Proc, type StartOptions } from "./proc.js";
import { launch, tsproxy, untilReady } from "./tsproxy.js";

/** Binds as dockerd does (`daemon/libnetwork/portallocator`), then becomes the program: ADDRESS PORT tcp|udp both|only PROGRAM ARG… */
const LISTEN = `
import os, socket, sys
address, port, proto, v6only, *argv = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) if proto == "tcp" else None
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only == "only") if family == socket.AF_INET6 else None
s.bind((address, int(port)))
s.listen() if proto == "tcp" else None
os.dup2(s.fileno(), 4)
os.set_inheritable(4, True)
os.execv(argv[0], argv)
`;

export interface LauncherSpec {
  proto?: "tcp" | "udp" | "sctp";
  hostIp?: string;
  hostPort: number;
  containerIp: string;
  containerPort: number;
  /** The socket is passed (-use-listen-fd), `dual`: one for both families. Else the launcher binds. */
  passed?: boolean | "dual";
}

/** Arguments in the form that dockerd uses. */
export function launcherArgs({ proto = "tcp", hostIp = "0.0.0.0", hostPort, containerIp, containerPort, passed }: LauncherSpec): string[] {
  const host = ["-proto", proto, "-host-ip", hostIp, "-host-port", String(hostPort)];
  const target = ["-container-ip", containerIp, "-container-port", String(containerPort)];
  return [...host, ...target, ...(passed ? ["-use-listen-fd"] : [])];
}

/** Starts it with any arguments, and does not wait. */
export function startLauncher(lab: Lab, ns: string, args: string[], options: StartOptions & { wrap?: string[] } = {}): Proc {
  return lab.start(ns, [...(options.wrap ?? []), LAUNCHER, ...args], { ...options, extraFd: true });
}

/** Starts it and waits until it says that it is ready. */
export async function launchProxy(lab: Lab, ns: string, spec: LauncherSpec, env: Record<string, string> = {}): Promise<Proc> {
  const { proto = "tcp", hostIp = "0.0.0.0", hostPort, passed } = spec;
  const listen = ["python3", "-c", LISTEN, hostIp, String(hostPort), proto, passed === "dual" ? "both" : "only"];
  const proc = startLauncher(lab, ns, launcherArgs(spec), { env, wrap: passed ? listen : [] });
  return proc.until("readiness", () => proc.extra === "0\n", 15_000);
}

/** Starts `tsproxy daemon` and waits for it. */
export function startDaemon(lab: Lab, ns: string, args: string[] = []): Promise<Proc> {
  return untilReady(launch(lab, ns, ["daemon", ...args]));
}

/** Listens on the sockets, and becomes the daemon for the first who connects to one, as systemd would. */
export async function startOnDemand(lab: Lab, ns: string, sockets: string[], args: string[] = []): Promise<Proc> {
  const program = new URL("programs/socket-activate.py", import.meta.url).pathname;
  const proc = lab.start(ns, ["python3", program, sockets.join(","), process.execPath, MAIN, "daemon", ...args]);
  return proc.until("listening", () => proc.stdout.includes("listening"));
}

/** The daemon's answer to `tsproxy stats`; undefined when none runs. */
export async function stats(c: { lab: Lab; host: string }): Promise<StatsView | undefined> {
  const { code, stdout } = await tsproxy(c.lab, c.host, ["stats", "--json"]);
  return code === 0 ? (JSON.parse(stdout) as StatsView) : undefined;
}

/** Fails when no daemon answers, which under load is not the same as no mapping. */
export async function mappings(c: { lab: Lab; host: string }): Promise<MappingView[]> {
  const answer = await stats(c);
  if (answer === undefined) throw new Error("no daemon answers");
  return answer.mappings;
}

/** Ends a daemon that a launcher started. */
export async function stopDaemon(c: { lab: Lab; host: string }, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  const pid = (await stats(c))?.pid;
  if (pid === undefined) throw new Error("no daemon runs");
  process.kill(pid, signal);
  await eventually("the daemon ends", () => !fs.existsSync(`/proc/${pid}`) || isZombie(pid));
}

function isZombie(pid: number): boolean {
  return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") ?? false;
}
