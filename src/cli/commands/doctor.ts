/**
 * `tsproxy doctor`: tries each thing that tsproxy needs and says what its absence means and what to do. What is tried is
 * undone: the TAP that it makes, with what is attached to it, is gone when its descriptor is closed.
 */
import { closeSync, openSync, readFileSync } from "node:fs";
import { TsproxyError } from "../../errors.js";
import type { SteeringProbe } from "../../steer/steering.js";
import { OFFLOAD_TCP, OFFLOAD_TCP_UDP, TAP_FLAGS } from "../../sys/if-tun.js";
import type { PrintOptions } from "../options.js";
import { attempt, type Check } from "./check.js";
import { checkDocker, type DockerSystem, dockerSystem } from "./doctor-docker.js";

export type { Check };

/** What doctor tries; every call may throw. */
export interface DoctorSystem {
  /** Effective capabilities of this process, a bit each (linux/capability.h). */
  capabilities(): bigint;
  openTap(): DoctorTap;
  /** Loads the steering programs, attaches nothing. */
  probeSteering(): SteeringProbe;
  enterNetns(): void;
  openEchoSocket(): void;
  /** Undefined: not looked at. */
  docker?: DockerSystem;
}

export interface DoctorTap {
  /** 0, or -errno when the kernel does not know one of the bits. */
  offload(bits: number): number;
  addClsact(): void;
  close(): void;
}

const CAP_NET_ADMIN = 12n,
  CAP_SYS_ADMIN = 21n,
  CAP_BPF = 39n; // linux/capability.h
const AF_INET = 2,
  SOCK_DGRAM = 2;

const stdout = (text: string): unknown => process.stdout.write(text);

/** Prints the findings. Throws TSP_ERR_DOCTOR (unavailable) when something essential is missing. */
export async function doctor(
  options: PrintOptions,
  load: () => Promise<DoctorSystem> = loadSystem,
  write: (text: string) => unknown = stdout,
): Promise<void> {
  const checks = await diagnose(load);
  const lacking = checks.filter(({ status, essential }) => essential && status === "missing").map(({ name }) => name);
  write(options.json ? `${JSON.stringify({ ok: lacking.length === 0, checks }, null, 2)}\n` : format(checks));
  if (lacking.length > 0)
    throw new TsproxyError("TSP_ERR_DOCTOR", "unavailable", `this host lacks what tsproxy needs: ${lacking.join(", ")}`);
}

async function diagnose(load: () => Promise<DoctorSystem>): Promise<Check[]> {
  const checks: Check[] = [];
  const system = await attempt(
    checks,
    { name: "native addon", essential: true, good: "makes the system calls", bad: "nothing works" },
    load,
  );
  if (system === null) return checks;
  await attempt(
    checks,
    {
      name: "privileges",
      essential: true,
      good: "may make devices and load programs",
      bad: "no packets can be steered, published ports use sockets",
      fix: "run as root, or grant CAP_NET_ADMIN and CAP_BPF",
    },
    () => checkCapabilities(system.capabilities()),
  );
  await checkTap(checks, system);
  await attempt(
    checks,
    { name: "network namespaces", essential: false, good: "--endpoint can put them into a network", bad: "--endpoint cannot be used" },
    () => system.enterNetns(),
  );
  await attempt(
    checks,
    {
      name: "ICMP echo",
      essential: false,
      good: "targets can be pinged before they are published",
      bad: "silent UDP targets are not noticed",
      fix: "run as root, or grant CAP_NET_RAW",
    },
    () => system.openEchoSocket(),
  );
  if (system.docker !== undefined) await checkDocker(checks, system.docker);
  return checks;
}

function checkCapabilities(effective: bigint): void {
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n;
  if (!has(CAP_NET_ADMIN)) throw new Error("no CAP_NET_ADMIN");
  if (!has(CAP_BPF) && !has(CAP_SYS_ADMIN)) throw new Error("neither CAP_BPF nor CAP_SYS_ADMIN");
}

async function checkTap(checks: Check[], system: DoctorSystem): Promise<void> {
  const tap = await attempt(
    checks,
    { name: "/dev/net/tun", essential: true, good: "the dataplane can be attached", bad: "no port can be published but with --relay" },
    () => system.openTap(),
  );
  try {
    const offload = (name: string, bits: number, bad: string, fix: string): void => {
      const status = tap === null ? "unknown" : tap.offload(bits) === 0 ? "ok" : "missing";
      checks.push({
        name,
        status,
        essential: false,
        meaning: status === "ok" ? "large packets pass whole" : status === "unknown" ? "needs /dev/net/tun" : bad,
        ...(status === "missing" && { fix }),
      });
    };
    offload("TSO offload", OFFLOAD_TCP, "bulk TCP is several times slower", "update the kernel");
    offload("USO offload", OFFLOAD_TCP_UDP, "bulk UDP (QUIC) is slower", "use Linux 6.2 or later");
    await checkSteering(checks, system, tap);
  } finally {
    tap?.close();
  }
}

async function checkSteering(checks: Check[], system: DoctorSystem, tap: DoctorTap | null): Promise<void> {
  const found = await attempt(
    checks,
    {
      name: "BPF programs",
      essential: true,
      good: "packets can be steered, the client's address is kept",
      bad: "published ports use sockets, targets do not see the client's address",
    },
    () => {
      const steering = system.probeSteering();
      if (!steering.bpf) throw steering.error ?? new Error("refused");
      return steering;
    },
  );
  const offload = { name: "BPF offload", essential: false, good: "--offload can be used", bad: "--offload cannot be used" };
  if (found === null) checks.push({ name: offload.name, status: "unknown", essential: false, meaning: "needs BPF programs" });
  else
    await attempt(checks, { ...offload, fix: "use Linux 5.11 or later" }, () => {
      if (found.offloadError !== undefined) throw found.offloadError;
    });

  const tcx = found?.tcx ?? false;
  if (found === null) checks.push({ name: "TCX", status: "unknown", essential: false, meaning: "needs BPF programs" });
  else if (tcx) checks.push({ name: "TCX", status: "ok", essential: false, meaning: "steering ends with the process, however it ends" });
  else
    checks.push({
      name: "TCX",
      status: "missing",
      essential: false,
      meaning: "clsact filters are used, which a SIGKILL leaves until the next start",
      fix: "use Linux 6.6 or later",
    });

  const clsact = {
    name: "clsact",
    essential: !tcx,
    good: tcx ? "not needed beside TCX" : "steering programs can be attached",
    bad: tcx ? "not needed beside TCX" : "no packets can be steered",
  };
  if (tap === null) checks.push({ name: clsact.name, status: "unknown", essential: false, meaning: "needs /dev/net/tun" });
  else
    await attempt(checks, { ...clsact, fix: "modprobe sch_ingress (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_ACT)" }, () => tap.addClsact());
}

function format(checks: Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const indent = " ".repeat("missing  ".length + width);
  return checks
    .map(
      ({ name, status, meaning, fix }) =>
        `${status.padEnd(9)}${name.padEnd(width)}${meaning}\n${fix === undefined ? "" : `${indent}to do: ${fix}\n`}`,
    )
    .join("");
}

/** The real one. Loaded late, since loading fails when the addon is not built. */
export async function loadSystem(): Promise<DoctorSystem> {
  const [{ native }, { RouteSocket }, { probeSteering }, { openEchoSocket }] = await Promise.all([
    import("../../sys/native.js"),
    import("../../sys/rtnetlink.js"),
    import("../../steer/steering.js"),
    import("../../standalone/ping.js"),
  ]);
  return {
    probeSteering,
    capabilities: () => BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`),
    openTap: () => {
      const [fd, name] = native.openTap("tspdoctor%d", TAP_FLAGS, -1);
      return {
        offload: (bits) => native.tapOffload(fd, bits),
        addClsact: () => {
          const routes = new RouteSocket();
          try {
            routes.addClsact(routes.link(name)?.index ?? 0);
          } finally {
            routes.close();
          }
        },
        close: () => closeSync(fd),
      };
    },
    enterNetns: () => {
      const fd = openSync("/proc/self/ns/net", "r");
      try {
        closeSync(native.socket(AF_INET, SOCK_DGRAM, 0, fd));
      } finally {
        closeSync(fd);
      }
    },
    openEchoSocket: () => openEchoSocket(() => {}).close(),
    docker: dockerSystem,
  };
}
