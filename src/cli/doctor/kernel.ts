/**
 * What tsproxy needs of the kernel and of its privileges. Each thing is tried, and what is tried is undone: the TAP that is made, with what is
 * attached to it, is gone when its descriptor is closed.
 */
import { NO_VETH_HINT } from "../../control/network/veth-support.js";
import type { BridgeWays } from "../../control/over-bridge.js";
import type { SteeringProbe } from "../../steer/probe.js";
import { OFFLOAD_TCP, OFFLOAD_TCP_UDP, OFFLOAD_TUNNELS } from "../../sys/if-tun.js";
import { formatPrefix, type IpPrefix } from "../../wire/ip-address.js";
import { attempt, type Check, Untried } from "./check.js";

/** What is tried; every call may throw. */
export interface KernelSystem {
  /** Effective capabilities of this process, a bit each (linux/capability.h). */
  capabilities(): bigint;
  openTap(): DoctorTap;
  /** Loads the steering programs, attaches nothing. */
  probeSteering(): SteeringProbe;
  hostFamilies(): readonly (4 | 6)[];
  /** Whether net.ipv6.conf can be written; and whether the kernel forwards what it is handed by a device that asks for it, or by all. */
  ipv6Settings(): { writable: boolean; forwards: boolean };
  /** What IPsec policies of the host are about; null where the kernel has no IPsec. */
  protectedNetworks(): IpPrefix[] | null;
  /** As `native.sealSupport`. */
  sealSupport(): number;
  enterNetns(): void;
  /** Undefined: it cannot be tried. */
  hasVeth(): boolean | undefined;
  openEchoSocket(): void;
  /** Undefined: this kernel lets no packets past its bridges. */
  bridgeWays(): BridgeWays | undefined;
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
const POLICIES_SHOWN = 5,
  IN_WAY_SHOWN = 5;

export async function checkKernel(checks: Check[], system: KernelSystem): Promise<void> {
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
  checkIpsec(checks, system);
  checkEncryption(checks, system.sealSupport());
  await attempt(
    checks,
    {
      name: "IPv6",
      essential: false,
      good: "ports can be published on it, and networks can have it",
      bad: "ports are published on IPv4 alone, and networks cannot have it",
      fix: "sysctl -w net.ipv6.conf.all.disable_ipv6=0, or boot without ipv6.disable=1",
    },
    () => {
      if (!system.hostFamilies().includes(6)) throw new Error("no device has an address of it");
    },
  );
  if (system.hostFamilies().includes(6)) await checkIpv6(checks, system);
  checkPastBridges(checks, system);
  await attempt(
    checks,
    { name: "network namespaces", essential: false, good: "--endpoint can put them into a network", bad: "--endpoint cannot be used" },
    () => system.enterNetns(),
  );
  await attempt(
    checks,
    {
      name: "veth pairs",
      essential: false,
      good: "the kernel can carry what endpoints of own networks send and get",
      bad: "endpoints of own networks hang on TAPs, and TypeScript moves every packet of theirs",
      fix: NO_VETH_HINT,
    },
    () => {
      const has = system.hasVeth();
      if (has === undefined) throw new Untried("needs CAP_NET_ADMIN");
      if (!has) throw new Error("the kernel has none");
    },
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
}

function has(capabilities: bigint, capability: bigint): boolean {
  return ((capabilities >> capability) & 1n) === 1n;
}

function checkCapabilities(effective: bigint): void {
  if (!has(effective, CAP_NET_ADMIN)) throw new Error("no CAP_NET_ADMIN");
  if (!has(effective, CAP_BPF) && !has(effective, CAP_SYS_ADMIN)) throw new Error("neither CAP_BPF nor CAP_SYS_ADMIN");
}

async function checkIpv6(checks: Check[], system: KernelSystem): Promise<void> {
  await attempt(
    checks,
    {
      name: "IPv6 settings",
      essential: false,
      good: "packets of IPv6 are served",
      bad: "IPv6 ports use sockets, networks cannot have IPv6",
      fix: "run as root, with /proc/sys mounted writable",
    },
    () => {
      if (!system.ipv6Settings().writable) throw new Error("net.ipv6.conf cannot be written");
    },
  );
  await attempt(
    checks,
    {
      name: "IPv6 errors",
      essential: false,
      good: "packets that are too big or have no route are answered",
      bad: "IPv6 packets that are too big or have no route are lost without an answer",
      fix: "use Linux 6.17 or later, or make the host a router: sysctl -w net.ipv6.conf.all.forwarding=1",
    },
    () => {
      if (!system.ipv6Settings().forwards) throw new Error("the kernel forwards no IPv6 for single devices");
    },
  );
}

/** Whether packets go to containers past the host's bridges ("Past the bridge" in docs/architecture.md), and if not, why. */
function pastBridges(system: KernelSystem): Pick<Check, "status" | "meaning" | "fix"> {
  const effective = system.capabilities();
  if (![CAP_NET_ADMIN, CAP_SYS_ADMIN].every((capability) => has(effective, capability)))
    return { status: "unknown", meaning: "needs CAP_NET_ADMIN and CAP_SYS_ADMIN" };
  const over = "packets go to containers over the host's bridges";
  const ways = system.bridgeWays();
  if (ways === undefined)
    return { status: "missing", meaning: `${over}: this kernel would not count them at the container`, fix: "use Linux 6.7 or later" };
  const { containers, inWay } = ways;
  if (inWay.length === 0) return { status: "ok", meaning: `packets go to containers past the host's bridges, to ${containers} now` };
  const shown = inWay.slice(0, IN_WAY_SHOWN);
  const reasons = shown.map(({ device, why }) => `${device} ${why}`.trim()).join("; ");
  const areAll = inWay.some(({ device }) => device === "");
  return {
    status: "missing",
    meaning: `${areAll ? "" : "some "}${over}: ${reasons}${inWay.length > IN_WAY_SHOWN ? "; …" : ""}`,
    fix: `if nobody needs it: ${[...new Set(shown.map(({ fix }) => fix))].join("; ")}`,
  };
}

function checkPastBridges(checks: Check[], system: KernelSystem): void {
  let found: Pick<Check, "status" | "meaning" | "fix">;
  try {
    found = pastBridges(system);
  } catch (error) {
    found = { status: "unknown", meaning: `bridges cannot be looked at: ${error instanceof Error ? error.message : String(error)}` };
  }
  checks.push({ name: "past bridges", essential: false, ...found });
}

function checkIpsec(checks: Check[], system: KernelSystem): void {
  const found = (status: Check["status"], meaning: string): void => {
    checks.push({ name: "IPsec", status, essential: false, meaning });
  };
  try {
    const networks = system.protectedNetworks() ?? [];
    const names = networks.slice(0, POLICIES_SHOWN).map(formatPrefix).join(", ");
    if (networks.length === 0) found("ok", "no policies");
    else found("ok", `policies about ${names}${networks.length > POLICIES_SHOWN ? ", …" : ""}: what goes there passes the FORWARD chain`);
  } catch (error) {
    found("unknown", `policies cannot be listed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Not of the kernel: of Node.js, and of the processor. */
function checkEncryption(checks: Check[], support: number): void {
  const status = support === 0 ? "missing" : "ok";
  checks.push({
    name: "encryption",
    status,
    essential: false,
    meaning:
      support === 0
        ? "no network can be encrypted: this Node.js does not export OpenSSL's functions"
        : `networks can be encrypted, with ${(support & 2) !== 0 ? "AES-256-GCM" : "ChaCha20-Poly1305, as the processor has no instructions for AES"}`,
    ...(status === "missing" && { fix: "use Node.js as nodejs.org or the distribution builds it" }),
  });
}

async function checkTap(checks: Check[], system: KernelSystem): Promise<void> {
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
    offload(
      "tunnel offload",
      OFFLOAD_TUNNELS,
      "overlay networks: tsproxy makes the segments itself, bulk TCP between nodes is several times slower",
      "use Linux 6.17 or later",
    );
    await checkSteering(checks, system, tap);
  } finally {
    tap?.close();
  }
}

async function checkSteering(checks: Check[], system: KernelSystem, tap: DoctorTap | null): Promise<void> {
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
  const offload = {
    name: "BPF offload",
    essential: false,
    good: "the kernel carries what is decided",
    bad: "TypeScript moves every packet",
  };
  if (found === null) checks.push({ name: offload.name, status: "unknown", essential: false, meaning: "needs BPF programs" });
  else
    await attempt(checks, { ...offload, fix: "use Linux 5.11 or later" }, () => {
      const { offloadError } = found;
      if (offloadError !== undefined) throw offloadError;
    });
  if (found?.offload6Error !== undefined) {
    const ipv6 = { name: "BPF offload of IPv6", essential: false, good: "", bad: "TypeScript moves every packet of IPv6" };
    await attempt(checks, { ...ipv6, fix: "grant CAP_PERFMON too" }, () => {
      throw found.offload6Error;
    });
  }

  const tcx = found?.tcx ?? false;
  if (found === null) checks.push({ name: "TCX", status: "unknown", essential: false, meaning: "needs BPF programs" });
  else if (tcx) checks.push({ name: "TCX", status: "ok", essential: false, meaning: "steering ends with the process, however it ends" });
  else
    checks.push({
      name: "TCX",
      status: "missing",
      essential: false,
      meaning: "clsact filters are used, which a SIGKILL leaves, without effect, until the next start",
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
