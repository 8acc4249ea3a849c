import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { doctor } from "../../../src/cli/commands/doctor.js";
import type { Check } from "../../../src/cli/doctor/check.js";
import type { KernelSystem } from "../../../src/cli/doctor/kernel.js";
import { loadKernel } from "../../../src/cli/doctor/system.js";
import type { BridgeWays } from "../../../src/control/over-bridge.js";
import { TsproxyError } from "../../../src/errors.js";
import { hostFamilies } from "../../../src/sys/host-families.js";
import { parsePrefix } from "../../../src/wire/ip-address.js";

const denied = (): never => {
  throw new TsproxyError("TSP_ERR_SYSCALL", "permission", "open(/dev/net/tun) failed (EPERM)", "run as root");
};

interface Fake {
  system: KernelSystem;
  tap: { closed: number; bits: number[] };
}

/** A host that has everything, but for `changes`. */
function host(changes: Partial<KernelSystem> & { noUso?: boolean; noClsact?: boolean } = {}): Fake {
  const tap = { closed: 0, bits: [] as number[] };
  const system: KernelSystem = {
    capabilities: () => (1n << 12n) | (1n << 21n) | (1n << 39n),
    openTap: () => ({
      offload: (bits) => {
        tap.bits.push(bits);
        return changes.noUso && bits > 0x1f ? -22 : 0;
      },
      addClsact: () => {
        if (changes.noClsact) throw new TsproxyError("TSP_ERR_SYSCALL", "unavailable", "add clsact failed (ENOENT)");
      },
      close: () => {
        tap.closed++;
      },
    }),
    probeSteering: () => ({ bpf: true, tcx: true }),
    protectedNetworks: () => [],
    sealSupport: () => 3,
    hostFamilies: () => [4, 6],
    ipv6Settings: () => ({ writable: true, forwards: true }),
    enterNetns: () => {},
    hasVeth: () => true,
    openEchoSocket: () => {},
    bridgeWays: () => ({ containers: 0, inWay: [] }),
    ...changes,
  };
  return { system, tap };
}

async function examine({
  system,
}: Fake): Promise<{ ok: boolean; checks: Check[]; of: (name: string) => Check | undefined; error: unknown }> {
  let text = "";
  const error = await doctor(
    { json: true },
    async () => system,
    undefined,
    (part) => (text += part),
  ).catch((thrown: unknown) => thrown);
  const { ok, checks } = JSON.parse(text) as { ok: boolean; checks: Check[] };
  return { ok, checks, of: (name) => checks.find((check) => check.name === name), error };
}

describe("doctor", () => {
  it("says what is lost on a host without IPv6, and how to have it", async () => {
    const { ok, of } = await examine(host({ hostFamilies: () => [4] }));
    expect(ok).toBe(true);
    expect(of("IPv6")).toMatchObject({ status: "missing", essential: false, fix: expect.stringContaining("disable_ipv6=0") });
    expect(of("IPv6")?.meaning).toContain("published on IPv4 alone");
    expect([of("IPv6 settings"), of("IPv6 errors")]).toEqual([undefined, undefined]);
  });

  it("says what is lost where the settings of IPv6 cannot be written, and where the kernel forwards none for a single device", async () => {
    const { ok, of } = await examine(host({ ipv6Settings: () => ({ writable: false, forwards: false }) }));
    expect(ok).toBe(true);
    expect(of("IPv6 settings")).toMatchObject({ status: "missing", essential: false, fix: "run as root, with /proc/sys mounted writable" });
    expect(of("IPv6 errors")).toMatchObject({
      status: "missing",
      essential: false,
      fix: expect.stringMatching(/6\.17.*all\.forwarding=1/),
    });
  });

  it("says what a kernel without veth pairs costs, and what to do", async () => {
    const { ok, of } = await examine(host({ hasVeth: () => false }));
    expect(ok).toBe(true);
    expect(of("veth pairs")).toMatchObject({
      status: "missing",
      essential: false,
      meaning: expect.stringMatching(/hang on TAPs, and TypeScript moves every packet of theirs.*the kernel has none/),
      fix: expect.stringContaining("modprobe veth"),
    });
  });

  it("does not say that there are veth pairs where it may not try", async () => {
    const { ok, of } = await examine(host({ hasVeth: () => undefined }));
    expect([ok, of("veth pairs")]).toEqual([
      true,
      { name: "veth pairs", status: "unknown", essential: false, meaning: "needs CAP_NET_ADMIN" },
    ]);
  });

  it("says whether networks can be encrypted, and with what", async () => {
    const found = async (support: number) => (await examine(host({ sealSupport: () => support }))).of("encryption");
    expect(await found(3)).toMatchObject({ status: "ok", meaning: "networks can be encrypted, with AES-256-GCM" });
    expect((await found(1))?.meaning).toContain("ChaCha20-Poly1305");
    expect(await found(0)).toMatchObject({ status: "missing", essential: false, fix: expect.stringContaining("nodejs.org") });
  });

  it("finds nothing missing on a host that has everything, and closes its TAP", async () => {
    const fake = host();
    const { ok, checks, error } = await examine(fake);
    expect([ok, error]).toEqual([true, undefined]);
    expect(checks.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      "native addon: ok",
      "privileges: ok",
      "/dev/net/tun: ok",
      "TSO offload: ok",
      "USO offload: ok",
      "tunnel offload: ok",
      "BPF programs: ok",
      "BPF offload: ok",
      "TCX: ok",
      "clsact: ok",
      "IPsec: ok",
      "encryption: ok",
      "IPv6: ok",
      "IPv6 settings: ok",
      "IPv6 errors: ok",
      "past bridges: ok",
      "network namespaces: ok",
      "veth pairs: ok",
      "ICMP echo: ok",
    ]);
    expect(fake.tap).toEqual({ closed: 1, bits: [0x0f, 0x6f, 0x1ef] });
  });

  it("passes a host that lacks only what is not essential", async () => {
    const { ok, of, error } = await examine(
      host({ noUso: true, enterNetns: denied, openEchoSocket: denied, probeSteering: () => ({ bpf: true, tcx: false }) }),
    );
    expect([ok, error]).toEqual([true, undefined]);
    expect(of("USO offload")).toMatchObject({ status: "missing", fix: "use Linux 6.2 or later" });
    expect(of("tunnel offload")).toMatchObject({ status: "missing", essential: false, fix: "use Linux 6.17 or later" });
    expect(of("TCX")).toMatchObject({ status: "missing", essential: false, fix: "use Linux 6.6 or later" });
    expect(of("clsact")).toMatchObject({ status: "ok", essential: true });
    expect(of("network namespaces")).toMatchObject({ status: "missing", fix: "run as root" });
    expect(of("ICMP echo")).toMatchObject({ status: "missing", fix: "run as root, or grant CAP_NET_RAW" });
  });

  it("fails without a TAP, and calls unknown what needs one", async () => {
    const { ok, of, error } = await examine(host({ openTap: denied }));
    expect(ok).toBe(false);
    expect(error).toMatchObject({
      code: "TSP_ERR_DOCTOR",
      kind: "unavailable",
      message: "this host lacks what tsproxy needs: /dev/net/tun",
    });
    expect(of("/dev/net/tun")).toMatchObject({ status: "missing", meaning: expect.stringContaining("EPERM"), fix: "run as root" });
    for (const name of ["TSO offload", "USO offload", "tunnel offload", "clsact"])
      expect(of(name)).toMatchObject({ status: "unknown", meaning: "needs /dev/net/tun" });
  });

  it.each([
    [0n, "CAP_NET_ADMIN"],
    [1n << 12n, "neither CAP_BPF nor CAP_SYS_ADMIN"],
    [1n << 39n, "CAP_NET_ADMIN"],
  ])("fails with capabilities %s: %s", async (capabilities, reason) => {
    const { ok, of } = await examine(host({ capabilities: () => capabilities }));
    expect(ok).toBe(false);
    expect(of("privileges")).toMatchObject({ status: "missing", meaning: expect.stringContaining(reason) });
  });

  it("takes CAP_SYS_ADMIN for CAP_BPF", async () => {
    expect((await examine(host({ capabilities: () => (1n << 12n) | (1n << 21n) }))).ok).toBe(true);
  });

  it("fails when programs cannot be loaded, with the kernel's reason, and still closes the TAP", async () => {
    const error = new TsproxyError("TSP_ERR_SYSCALL", "permission", "bpf(BPF_MAP_CREATE) failed (EPERM)", "grant CAP_BPF");
    const fake = host({ probeSteering: () => ({ bpf: false, tcx: false, error }) });
    const { ok, of } = await examine(fake);
    expect(ok).toBe(false);
    expect(of("BPF programs")).toMatchObject({ status: "missing", meaning: expect.stringContaining("EPERM"), fix: "grant CAP_BPF" });
    for (const name of ["TCX", "BPF offload"]) expect(of(name)).toMatchObject({ status: "unknown" });
    expect(fake.tap.closed).toBe(1);
  });

  it("passes a host whose kernel knows too little for offload, of IPv6 or at all, and says so", async () => {
    const offloadError = new TsproxyError("TSP_ERR_OFFLOAD", "unavailable", "the kernel refuses it (EINVAL)", "leave --offload out");
    const refused = await examine(host({ probeSteering: () => ({ bpf: true, tcx: true, offload6Error: offloadError }) }));
    expect(refused.ok).toBe(true);
    expect(refused.of("BPF offload")).toMatchObject({ status: "ok" });
    expect(refused.of("BPF offload of IPv6")).toMatchObject({ status: "missing", essential: false, fix: "grant CAP_PERFMON too" });
    const { ok, of } = await examine(host({ probeSteering: () => ({ bpf: true, tcx: true, offloadError }) }));
    expect(ok).toBe(true);
    expect(of("BPF offload")).toMatchObject({
      status: "missing",
      essential: false,
      meaning: expect.stringMatching(/^TypeScript moves every packet: .*EINVAL/),
    });
  });

  it("says which networks the host's IPsec policies are about, the first five", async () => {
    const network = (n: number) => parsePrefix(n === 2 ? "2001:db8:2::/48" : `10.${n}.0.0/16`)!;
    const meaning = async (count: number): Promise<string> => {
      const networks = Array.from({ length: count }, (_, n) => network(n + 1));
      return (await examine(host({ protectedNetworks: () => networks }))).of("IPsec")!.meaning;
    };
    expect(await meaning(2)).toBe("policies about 10.1.0.0/16, 2001:db8:2::/48: what goes there passes the FORWARD chain");
    expect(await meaning(6)).toMatch(/10\.5\.0\.0\/16, …: /);
    expect((await examine(host({ protectedNetworks: () => null }))).of("IPsec")).toMatchObject({ status: "ok", meaning: "no policies" });
    expect((await examine(host({ protectedNetworks: denied }))).of("IPsec")).toMatchObject({ status: "unknown" });
  });

  it("says whether packets go to containers past the host's bridges, and what keeps them on these", async () => {
    const past = async (ways: BridgeWays | undefined): Promise<Check | undefined> =>
      (await examine(host({ bridgeWays: () => ways }))).of("past bridges");
    expect(await past({ containers: 3, inWay: [] })).toEqual({
      name: "past bridges",
      status: "ok",
      essential: false,
      meaning: "packets go to containers past the host's bridges, to 3 now",
    });
    expect(await past(undefined)).toMatchObject({ status: "missing", fix: "use Linux 6.7 or later" });
    const queue = (n: number) => ({ device: `veth${n}`, why: "has a queue", fix: `tc qdisc del dev veth${n}` });
    const capture = { device: "docker0", why: "is captured on", fix: "end the capture" };
    expect(await past({ containers: 9, inWay: [capture, { ...capture, device: "br1" }, queue(1)] })).toMatchObject({
      status: "missing",
      meaning: "some packets go to containers over the host's bridges: docker0 is captured on; br1 is captured on; veth1 has a queue",
      fix: "if nobody needs it: end the capture; tc qdisc del dev veth1",
    });
    expect((await past({ containers: 9, inWay: [1, 2, 3, 4, 5, 6].map(queue) }))?.meaning).toMatch(/veth5 has a queue; …$/);
    expect((await past({ containers: 0, inWay: [{ device: "", why: "there are rules", fix: "delete them" }] }))?.meaning).toBe(
      "packets go to containers over the host's bridges: there are rules",
    );
    const unprivileged = await examine(host({ capabilities: () => 1n << 12n, bridgeWays: () => expect.unreachable() }));
    expect(unprivileged.of("past bridges")).toMatchObject({ status: "unknown", meaning: "needs CAP_NET_ADMIN and CAP_SYS_ADMIN" });
    const failed = await examine(host({ bridgeWays: denied }));
    expect(failed.of("past bridges")).toMatchObject({ status: "unknown", meaning: expect.stringContaining("EPERM") });
  });

  it("needs clsact only where TCX is missing", async () => {
    expect((await examine(host({ noClsact: true }))).ok).toBe(true);
    const { error } = await examine(host({ noClsact: true, probeSteering: () => ({ bpf: true, tcx: false }) }));
    expect(error).toMatchObject({ message: "this host lacks what tsproxy needs: clsact" });
  });

  it("tells that the addon is not built", async () => {
    let text = "";
    const unbuilt = async (): Promise<KernelSystem> => {
      throw new TsproxyError("TSP_ERR_ADDON", "unavailable", "the native addon is not built", "run 'npm run build:native'");
    };
    await expect(doctor({ json: false }, unbuilt, undefined, (part) => (text += part))).rejects.toMatchObject({ code: "TSP_ERR_DOCTOR" });
    expect(text).toBe(
      "missing  native addon  nothing works: the native addon is not built\n                       to do: run 'npm run build:native'\n",
    );
  });
});

const root = process.geteuid?.() === 0;
it.skipIf(!root)("examines this host and leaves no device behind (needs root)", async () => {
  const before = readdirSync("/sys/class/net").sort();
  const { checks, of } = await examine({ system: await loadKernel(), tap: { closed: 0, bits: [] } });
  expect(checks).toHaveLength(hostFamilies().includes(6) ? 19 : 17);
  expect(of("native addon")).toMatchObject({ status: "ok" });
  for (const { name, status, fix } of checks) if (status === "missing") expect(`${name}: ${fix}`).toMatch(/: \S/);
  expect(readdirSync("/sys/class/net").filter((name) => name.startsWith("tspdoctor"))).toEqual([]);
  expect(before.some((name) => name.startsWith("tspdoctor"))).toBe(false);
});
