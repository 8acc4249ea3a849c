/** The steering's maps of flows, full: it is said and counted, and what is of no flow makes room. */
import { expect, vi } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl, IN_VAIN } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { program, serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6 } from "../support/topology.js";
import { networkArgs, startInstance, type TsproxyProcess } from "../support/tsproxy.js";

vi.setConfig({ testTimeout: 60_000 });

/** Twice what is looked at. */
const PATIENCE_MS = 25_000;

function fill({ lab, host }: Case, { pid }: TsproxyProcess, map: string): number {
  return Number(lab.runSync(host, [process.execPath, program("fill-map"), String(pid), map, "tspup0"]));
}

for (const [containers, args] of [
  ["kernel", []],
  ["kernel", ["--offload", "never"]],
  ["own", []],
] as const)
  onTsproxy(`new connections get through again, ${containers} ${args.join(" ")}`, containers, async (c) => {
    addIpv6(c);
    const publish = [`0.0.0.0:8999:${ADDR.c1}:8080`, `[::]:8999:[${ADDR6.c1}]:8080`].flatMap((spec) => ["-p", spec]);
    const running = await startInstance(c.lab, c.host, [...networkArgs(c, true), ...publish, "--conntrack-max", "1000", ...args]);
    await serve(c.lab, c.c1, "http", 8080, { LISTEN: "::" });
    const reaches = async (at: string, more: string[] = []): Promise<boolean> => (await curl(c.lab, c.client, at, more)).code === 0;
    const ways = [`${ADDR.host}:8999`, `[${ADDR6.host}]:8999`];
    for (const at of ways) expect(await reaches(at)).toBe(true);
    for (const map of ["tsproxy_flows", "tsproxy_flows6"]) expect(fill(c, running, map)).toBeGreaterThan(16_000);
    for (const at of ways) await reaches(at, IN_VAIN.curl); // whatever comes of it
    await eventually("it is counted", async () => (await running.stats()).steering["flow-not-recorded"]! > 0);
    for (const at of ways) await eventually(`${at} is reached`, () => reaches(at, IN_VAIN.curl), PATIENCE_MS);
    const warnings = (): number =>
      running.proc.stderr.match(/the kernel had no room, or no memory, for \d+ entries of flows/g)?.length ?? 0;
    await eventually("a warning", () => warnings() > 0, PATIENCE_MS); // endpoints' answers need no entry
    expect(warnings()).toBe(1);
  });
